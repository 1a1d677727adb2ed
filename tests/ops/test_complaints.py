"""What the operators on values refuse, what they warn of, and in which words."""

from __future__ import annotations

import pytest
from cnnc.compiler.diagnostics import Diagnostic
from cnnc.compiler.pipeline import check_text


def said(shape: str, *lines: str) -> list[Diagnostic]:
    body = "".join(f"    {line}\n" for line in (f"input {shape}", *lines))
    return check_text(f"model M:\n{body}")


REFUSED = [
    ("8x8x4", "leaky_relu", "missing-argument", "needs `slope`"),
    ("8x8x4", "leaky_relu -0.1", "bad-argument", "at least 0, found -0.1"),
    ("8x8x4", "celu 0", "bad-argument", "must be above 0, found 0"),
    ("8x8x4", "clip 1, 0", "bad-argument", "from 1 to 0 is empty"),
    ("8x8x3", "glu", "shape-mismatch", "8x8x3 has 3"),
    ("?x8x4", "prelu per=value", "open-size", "?x8x4 has an open size"),
    ("8x8x4", "conv 8, 3, act=prelu", "type", "found `prelu`"),
    ("8x8x4", "conv 8, 3, act=glu", "type", "found `glu`"),
    ("8x8x30", "groupnorm", "shape-mismatch", "30 channels do not split into 32 groups"),
    ("10", "instancenorm", "rank", "found a vector of 10"),
    ("10", "lrn 5, alpha=1, k=1", "rank", "found a vector of 10"),
    ("8x8x4", "lrn 5", "missing-argument", "needs `alpha`"),
    ("8x8x4", "lrn 5, alpha=1", "missing-argument", "needs `k`"),
    ("8x8x4", "lrn 4, alpha=1, k=1", "bad-argument", "odd, found 4"),
    ("8x8x4", "batchnorm momentum=2", "bad-argument", "at most 1, found 2"),
    ("?x8x4", "local_conv 8, 3", "open-size", "the size of ?x8x4 must be known"),
    ("8x8x4", "local_conv 8, 9", "window-too-large", "a window of 9 does not fit into 8x8x4"),
    ("8x8x4", "local_conv 8, 3, groups=2", "unknown-argument", "no argument `groups`"),
    ("8x8x4", "dense 10", "dense-on-map", "found the map 8x8x4"),
    ("8x8x4", "rbf 3", "dense-on-map", "found the map 8x8x4"),
    ("12", "rbf 2, codes=[[1, 2], [1, 2]]", "shape-mismatch", "2 lists of 12 numbers, found 2 of 2"),
    ("?x8x4", "flatten", "open-size", "?x8x4 must be known"),
    ("8x8x4", "reshape 5x5x5", "shape-mismatch", "8x8x4 has 256 values, 5x5x5 125"),
    ("8x8x4", "reshape ?x5", "shape-mismatch", "256 values, ?x5 a multiple of 5"),
    ("8x8x4", "reshape ?x?x4", "bad-argument", "only one size"),
    ("?x8x4", "reshape 4x8", "open-size", "?x8x4 must be known to become 4x8"),
    ("8x8x4", "permute (1, 2)", "bad-argument", "1, 2, 3; found (1, 2)"),
    ("8x8x4", "permute (0, 1, 2)", "bad-argument", "1, 2, 3; found (0, 1, 2)"),
    ("8x8x4", "take_channels [1, 4]", "bad-argument", "channels 0 to 3, found 4"),
    ("8x8x5", "split 2", "shape-mismatch", "5 channels do not split into 2 parts"),
    ("8x8x5", "channel_shuffle 2", "shape-mismatch", "5 channels do not split into 2 groups"),
    ("8x8x4", "dropout", "missing-argument", "needs `p`"),
    ("8x8x4", "dropout 1", "bad-argument", "leaves nothing"),
    ("8x8x4", "dropout 50", "bad-argument", "at most 1, found 50"),
    ("8", "spatial_dropout 0.2", "rank", "found a vector of 8"),
    ("8x8x4", "subtract", "too-few-values", "takes 2 values, 1 came in"),
    ("8x8x4", "concat axis=length", "rank", "no length: its axes are height, width, channels"),
    ("8x8x4", "rescale [1, 2, 3]", "shape-mismatch", "3 numbers, the input has 4 channels"),
    ("8x8x4", "normalize mean=0.5", "bad-argument", "`std` is missing"),
    ("8x8x4", "normalize mean=0.5, std=0", "bad-argument", "above 0, found 0"),
    ("8x8x4", "normalize mean=[1, 2], std=1", "shape-mismatch", "2 numbers, the input has 4 channels"),
    ("8x8x4", "embedding 5, 6", "rank", "found the map 8x8x4"),
    ("8x8x4", "one_hot 5", "rank", "found the map 8x8x4"),
]


@pytest.mark.parametrize(("shape", "line", "code", "words"), REFUSED, ids=[f"{s}: {line}" for s, line, *_ in REFUSED])
def test_refused(shape: str, line: str, code: str, words: str) -> None:
    (complaint,) = said(shape, line)
    assert (complaint.severity, complaint.code) == ("error", code)
    assert words in complaint.message


MERGES = [
    ("conv 8, 1", "add a", "the branches of `add` disagree: 8x8x4 and 8x8x8", "`conv 4, 1x1`"),
    ("conv 4, 3", "add a", "the branches of `add` disagree: 8x8x4 and 6x6x4", "the same map"),
    ("flatten", "maximum a", "the branches of `maximum` disagree: 8x8x4 and 256", ""),
    ("conv 4, 3", "concat a", "the branches of `concat` disagree: 8x8x4 and 6x6x4", "but the channels"),
    ("global_avgpool", "concat a", "the branches of `concat` disagree: 8x8x4 and 4", ""),
    ("conv 8, 1", "concat a, axis=height", "the branches of `concat` disagree: 8x8x4 and 8x8x8", ""),
    ("conv 8, 1", "sample_normal a", "mean and log-variance must have one shape, found 8x8x4 and 8x8x8", ""),
]


@pytest.mark.parametrize(("branch", "merge", "message", "help"), MERGES)
def test_branches_that_disagree(branch: str, merge: str, message: str, help: str) -> None:
    (complaint,) = said("8x8x4", f"a = input -> {branch}", merge)
    assert (complaint.code, complaint.message) == ("shape-mismatch", message)
    assert help in complaint.help


@pytest.mark.parametrize("branch", ["conv 1, 1", "global_avgpool", "global_avgpool keep=true"])
def test_a_sum_that_repeats_is_warned_of(branch: str) -> None:
    (complaint,) = said("8x8x4", f"a = input -> {branch}", "add a")
    assert (complaint.severity, complaint.code) == ("warning", "broadcast")


@pytest.mark.parametrize("branch", ["conv 1, 1", "global_avgpool", "global_avgpool keep=true"])
def test_a_product_may_repeat(branch: str) -> None:
    assert not said("8x8x4", f"a = input -> {branch}", "multiply a")


def test_a_dense_layer_over_a_huge_map_is_warned_of() -> None:
    (complaint,) = said("64x64x512", "flatten", "dense 100")
    assert (complaint.severity, complaint.code) == ("warning", "huge-dense")
    assert "2,097,152 values has 209,715,200 weights" in complaint.message
