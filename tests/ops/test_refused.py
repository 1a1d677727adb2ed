"""What the layers over maps refuse: the code, and the argument that is marked."""

from __future__ import annotations

import pytest
from cnnc.compiler.diagnostics import CompileError
from cnnc.compiler.pipeline import compile_text

REFUSED = [
    ("32x32x3", "conv 8, 3, groups=2", "bad-argument", "groups=2"),
    ("32x32x4", "conv 7, 3, groups=2", "bad-argument", "groups=2"),
    ("2x2x3", "conv 8, 5", "window-too-large", "5"),
    ("8x8x3", "conv 8, 3, dilation=4", "window-too-large", "3"),
    ("8x8x3", "conv 8, 3, pad=causal", "bad-argument", "pad=causal"),
    ("8x8x3", "conv 8, 3x3x3", "shape-mismatch", "3x3x3"),
    ("8x3", "conv 8, 3x3", "shape-mismatch", "3x3"),
    ("8x8x3", "conv 8, 3, stride=(1, 2, 1)", "shape-mismatch", "stride=(1, 2, 1)"),
    ("8x8x3", "conv 8, 3, pad=(1, 2, 3)", "shape-mismatch", "pad=(1, 2, 3)"),
    ("8x8x3", "conv 1, 3, kernel=[[1, 2], [3, 4]]", "shape-mismatch", "kernel=[[1, 2], [3, 4]]"),
    ("8x8x3", "conv 1, 1, kernel=[[1]], weight_norm=true", "bad-argument", "weight_norm=true"),
    ("10", "conv 8, 3", "rank", "conv 8, 3"),
    ("?x?x?", "conv 8, 3", "open-size", "conv 8, 3"),
    ("8x8x3", "conv_transpose 8, 3, stride=2, pad=same, output_pad=1", "bad-argument", "output_pad=1"),
    ("8x8x3", "conv_transpose 8, 3, stride=2, pad=1, output_pad=2", "bad-argument", "output_pad=2"),
    ("8x8x3", "conv_transpose 8, 3, pad=causal", "bad-argument", "pad=causal"),
    ("1x1x3", "conv_transpose 8, 3, pad=2", "window-too-large", "pad=2"),
    ("8x8x3", "maxpool 2, pad=2", "bad-argument", "pad=2"),
    ("8x8x3", "maxpool 9", "window-too-large", "9"),
    ("8x8x3", "avgpool 2, pad=causal", "bad-argument", "pad=causal"),
    ("8x8x3", "adaptive_avgpool 2x2x2", "shape-mismatch", "2x2x2"),
    ("10", "global_avgpool", "rank", "global_avgpool"),
    ("8x8x3", "upsample", "bad-argument", "upsample"),
    ("8x8x3", "upsample 2, to=3x3", "bad-argument", "upsample 2, to=3x3"),
    ("8x8x3", "upsample input", "bad-argument", "upsample input"),
    ("8x8x3", "upsample 2, input", "bad-argument", "upsample 2, input"),
    ("8x8x3", "upsample 2, mode=trilinear", "bad-argument", "mode=trilinear"),
    ("8x3", "upsample 2, mode=bicubic", "bad-argument", "mode=bicubic"),
    ("8x8x3", "upsample 2, align_corners=true", "bad-argument", "align_corners=true"),
    ("8x8x3", "upsample 2, mode=bicubic, a=-0.6", "bad-argument", "a=-0.6"),
    ("8x8x3", "crop 4", "bad-argument", "4"),
    ("8x8x3", "crop 2, input", "bad-argument", "crop 2, input"),
    ("8x8x3", "reflection_pad 8", "bad-argument", "8"),
    ("8x8x3", "zeropad -1", "bad-argument", "-1"),
    ("8x8x3", "pixel_shuffle 2", "shape-mismatch", "2"),
    ("9x8x3", "pixel_unshuffle 2", "shape-mismatch", "2"),
]


@pytest.mark.parametrize(("shape", "line", "code", "marked"), REFUSED, ids=[line for _, line, *_ in REFUSED])
def test_refused_with_its_code_at_its_argument(shape: str, line: str, code: str, marked: str) -> None:
    with pytest.raises(CompileError) as refused:
        compile_text(f"model M:\n    input {shape}\n    {line}\n")
    (found,) = refused.value.diagnostics
    assert (found.code, found.span.text) == (code, marked)
    assert found.message[0] == found.message[0].lower()
    assert not found.message.endswith(".")
