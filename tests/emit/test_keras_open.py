"""Emitted Keras models whose inputs have open sizes: one model for maps of any size."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from cnnc.compiler.backends.emit import source
from cnnc.compiler.diagnostics import CompileError
from cnnc.compiler.pipeline import compile_text

from .written import fill, keras_model, lowered, turned, worst

CHAINS = {
    "places": ["m, place = input -> maxpool_places 2", "m -> conv 4, 1x1 -> unpool place, to=input"],
    "places with a border": ["m, place = input -> maxpool_places 3, stride=2, pad=1", "m -> unpool place, to=input"],
    "shuffles": ["channel_shuffle 2 -> pixel_shuffle 2 -> pixel_unshuffle 2"],
    "a crop to a value": ["small = input -> conv 4, 3x3", "crop small -> add small"],
    "borders": ["edge_pad ((1, 2), (0, 3)) -> reflection_pad ((2, 1), (1, 0))"],
    "averages that count their border": ["avgpool 3, stride=2, pad=1 -> avgpool 2, stride=1, pad=1, count_pad=false"],
    "as many windows as there are": ["adaptive_avgpool 3 -> adaptive_maxpool 2"],
    "larger": ["conv_transpose 4, 3x3, stride=2, pad=1, output_pad=1 -> conv_transpose 4, 2x2, groups=2"],
}


def text(rows: list[str]) -> str:
    return "".join(f"{row}\n" for row in ["model Net:", "    input ?x?x4", *(f"    {row}" for row in rows)])


@pytest.mark.parametrize("rows", [pytest.param(rows, id=name) for name, rows in CHAINS.items()])
def test_values_at_several_sizes(rows: list[str]) -> None:
    checked = compile_text(text(rows)).checked
    net, model = lowered(checked), keras_model(checked)
    assert model.output.shape[0] is None
    fill(model, checked, dict(net.state_dict()))
    for sizes in ((8, 10), (12, 8)):
        x = torch.randn(2, 4, *sizes)
        with torch.no_grad():
            expected = torch.from_numpy(turned(net(x)).copy())
        assert worst(torch.from_numpy(np.array(model.predict_on_batch(turned(x)))), expected) < 1e-5


RUN = """
import sys, keras, numpy as np
space = {"__name__": "emitted"}
exec(open(sys.argv[1]).read(), space)
model = space["net"]()
for height, width in ((8, 10), (12, 8)):
    found = model.predict_on_batch(np.ones((2, height, width, 4), "float32"))
    assert np.isfinite(np.asarray(found)).all() and len(found) == 2
"""


@pytest.mark.proof
@pytest.mark.parametrize("rows", [pytest.param(rows, id=name) for name, rows in CHAINS.items()])
def test_on_pytorch_too(rows: list[str], tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(source(compile_text(text(rows)).checked, "keras"))
    env = {**os.environ, "KERAS_BACKEND": "torch"}
    subprocess.run([sys.executable, "-c", RUN, str(tmp_path / "net.py")], env=env, check=True)


def test_what_an_open_size_does_not_tell_is_refused_with_its_place() -> None:
    """The last window of `ceil` lacks another number of places in every map."""
    checked = compile_text("model A:\n    input ?x?x4\n    maxpool 3, stride=2, ceil=true\n", "a.cnn").checked
    with pytest.raises(CompileError) as refused:
        keras_model(checked)
    (found,) = refused.value.diagnostics
    assert (found.code, found.span.place) == ("open-size", "a.cnn:3:5")
    assert "`maxpool` needs a map of known size, found ?x?x4" in found.message


@pytest.mark.parametrize("rank", [1, 3])
def test_borders_of_other_ranks(rank: int) -> None:
    shape, pairs = "x".join(["?"] * rank), ", ".join(["(1, 2)"] * rank)
    pairs = f"({pairs})" if rank > 1 else "((1, 2))"
    chain = f"edge_pad {pairs} -> reflection_pad {pairs}" if rank > 1 else "edge_pad 2 -> reflection_pad 2"
    checked = compile_text(f"model Net:\n    input {shape}x2\n    {chain}\n").checked
    x = torch.randn(1, 2, *[5] * rank)
    with torch.no_grad():
        expected = torch.from_numpy(turned(lowered(checked)(x)).copy())
    assert worst(torch.from_numpy(np.array(keras_model(checked).predict_on_batch(turned(x)))), expected) < 1e-6
