"""Other sizes of a map, through ONNX and back: ONNX Runtime computes what torch does, and the file says the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from cnnc.compiler.backends.onnx import export
from cnnc.compiler.decompile import decompile
from cnnc.compiler.frontends import onnx as frontend
from cnnc.compiler.pipeline import compile_text
from cnnc.runtime.lowering.export import drawn
from cnnc.runtime.lowering.lower import lower
from cnnc.runtime.lowering.verify import examples, run_onnx

BETWEEN = "layernorm -> {} -> layernorm"
"""Both want their channels last: ONNX Runtime moves what turns them through the layer between."""

CHAINS = [
    ("16x16x3", "upsample to=40x40"),
    ("16x16x3", "upsample to=7x9"),
    ("17x3", "upsample to=40"),
    ("5x6x7x3", "upsample to=8x7x14"),
    ("14x14x3", "upsample to=16x32, mode=nearest_floor"),
    ("16x16x3", BETWEEN.format("upsample to=37x41, mode=bicubic")),
    ("16x16x3", BETWEEN.format("upsample to=37x41, mode=bicubic, a=-0.75")),
    ("14x14x3", BETWEEN.format("upsample to=37x41, mode=linear")),
    ("14x14x3", BETWEEN.format("upsample to=9x41, mode=nearest_floor")),
]


@pytest.mark.parametrize(("shape", "chain"), CHAINS)
def test_sizes_go_there_and_back(shape: str, chain: str, tmp_path: Path) -> None:
    checked = compile_text(f"model Net:\n    input {shape}\n    {chain}\n").checked
    path, fed = tmp_path / "net.onnx", examples(checked, 2, 0)
    export(checked, path, drawn(checked))
    with torch.no_grad():
        expected = lower(checked, seed=0).eval()(*(torch.from_numpy(x) for x in fed.values()))
    np.testing.assert_allclose(run_onnx(path, fed)[0], expected.numpy(), rtol=1e-3, atol=1e-4)
    found = decompile(frontend.read(path)).checked
    before, after = ([(node.op.word, node.facts.output, node.op) for node in c.nodes] for c in (checked, found))
    assert [row[:2] for row in after] == [row[:2] for row in before]
    modes = [[op.__dict__["mode"] for word, _, op in rows if word == "upsample"] for rows in (before, after)]
    assert [m.replace("bilinear", "linear") for m in modes[1]] == modes[0]


def test_an_input_that_gives_a_size_alone_is_told(tmp_path: Path) -> None:
    text = "model Net:\n    x = input 16x16x3\n    like = input 11x13x2\n    x -> upsample to=like\n"
    checked = compile_text(text).checked
    export(checked, tmp_path / "net.onnx", drawn(checked))
    network = frontend.read(tmp_path / "net.onnx")
    assert network.remarks == ("the input `like` is left out: no node reads it",)
    (left,) = decompile(network).checked.inputs
    assert str(left.facts.output) == "16x16x3"


OPEN = [
    "conv 4, 3x3, stride=2, pad=1 as c1\n    residual: conv 4, 3x3, stride=2, pad=1 -> upsample to=c1, mode=bilinear",
    "conv 4, 3x3, stride=2, pad=1\n    upsample to=input, mode=nearest_floor",
    "part1, part2 = input -> maxpool_places 2x2\n    (part1, part2) -> unpool to=input",
]


@pytest.mark.parametrize("body", OPEN)
def test_the_size_of_a_value_is_asked_for_again_where_it_is_open(body: str, tmp_path: Path) -> None:
    text = f"model Net:\n    input ?x?x3\n    {body}\n"
    checked = compile_text(text).checked
    export(checked, tmp_path / "net.onnx", drawn(checked))
    assert decompile(frontend.read(tmp_path / "net.onnx")).text == text
