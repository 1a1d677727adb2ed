"""What `cnnc emit torch` writes comes back: every behaviour of every operator, and the zoo, as the program it was."""

from __future__ import annotations

import gc
from typing import Any

import numpy as np
import pytest
import torch
from cnnc.compiler.decompile import Decompiled, decompile, weights
from cnnc.compiler.graph import Checked
from cnnc.compiler.pipeline import Options, compile_path, compile_text
from cnnc.compiler.shape import Shape
from cnnc.runtime.importing.program import read_module
from cnnc.runtime.lowering.lower import lower
from torch import Tensor, nn

from tests.emit.written import lowered, torch_model, worst
from tests.ops import harness
from tests.ops.test_rows import ROWS
from tests.room import require_room

from .test_structure import MODELS

SIDE = 64
"""What stands for an open size."""
CUT = {"vnet": {"": Shape((32, 32, 32, 1))}}
"""Inputs that are too large in 64 bits: torch copies every window of a volume."""


def emitted(checked: Checked) -> nn.Module:
    """The module of the emitted source, with weights that are not trivial."""
    module = torch_model(checked).eval()
    module.load_state_dict(dict(lowered(checked).state_dict()))
    return module


def back(checked: Checked, module: nn.Module, inputs: list[Tensor], shapes: list[Shape]) -> Decompiled:
    """The file that the emitted source becomes, once it has its values, in 64 bits."""
    network = read_module(module, [("", shape) for shape in shapes], "emitted", checked.name)
    found = decompile(network)
    arrays = weights(network, found)
    net = lower(found.checked, seed=None).eval()
    net.load_state_dict({key: torch.from_numpy(np.array(arrays[key])) for key in found.checked.weights})
    given = [x.double() if x.is_floating_point() else x for x in inputs]
    with torch.no_grad():
        assert worst(net.double()(*given), module.double()(*given)) < 1e-6
    return found


def row_back(row: harness.Row, *, open_sizes: bool) -> tuple[Checked, Decompiled]:
    checked = harness.compiled(row)
    arrays = [torch.from_numpy(np.moveaxis(x, -1, 1).copy() if x.ndim > 2 else x.copy()) for x in harness.inputs(row)]
    inputs = [x.long() if node in checked.looked_up else x for x, node in zip(arrays, checked.inputs)]
    known = [Shape((*x.shape[2:], x.shape[1])) for x in inputs]
    shapes = [node.facts.output for node in checked.inputs] if open_sizes else known
    return checked, back(checked, emitted(checked), inputs, shapes)


EXACT = ("unpool", "maxpool_places", "rbf", "upsample", "crop", "conv_transpose", "separable_conv", "l2pool", "avgpool",
         "maxpool", "conv", "depthwise_conv", "zeropad", "local_conv", "normalize", "response_norm", "one_hot",
         "alpha_dropout", "scaled_tanh", "rescale", "dot", "sample_normal", "relu", "prelu", "channel_shuffle",
         "drop_path", "spatial_dropout", "gaussian_dropout", "gaussian_noise", "dropout")  # fmt: skip
"""Operators that come back under their own word, whatever their arguments."""

SPELLED = {"adaptive-avgpool-2d-1", "adaptive-maxpool-2d-1", "transpose-pairs", "relu-slope"}
"""Behaviours that come back in other words all the same."""


def main_word(row: harness.Row) -> str:
    found = {node.op.word for node in harness.nodes(row)}
    return next((word for word in EXACT if word in found), "")


def hold_row(row: harness.Row, *, open_sizes: bool = False) -> None:
    checked, found = row_back(row, open_sizes=open_sizes)
    word = main_word(row)
    if word and row.id not in SPELLED:
        ours, theirs = ([node.op.word for node in c.nodes].count(word) for c in (found.checked, checked))
        assert ours == theirs, found.text
        assert found.checked.weights.keys() == checked.weights.keys()


QUICK = [row for row in ROWS if main_word(row) in ("unpool", "maxpool_places", "rbf", "upsample", "crop", "dot",
                                                   "sample_normal", "prelu", "channel_shuffle")]  # fmt: skip
OPEN = [row for row in ROWS if any(None in node.facts.output for node in harness.compiled(row).inputs)]


@pytest.mark.parametrize("row", [pytest.param(row, id=row.id) for row in QUICK])
def test_a_layer_comes_back(row: harness.Row) -> None:
    hold_row(row)


@pytest.mark.proof
@pytest.mark.parametrize("row", [pytest.param(row, id=row.id) for row in ROWS if row not in QUICK])
def test_every_behaviour_comes_back(row: harness.Row) -> None:
    hold_row(row)


@pytest.mark.parametrize("row", [pytest.param(row, id=row.id) for row in OPEN])
def test_open_sizes_stay_open(row: harness.Row) -> None:
    hold_row(row, open_sizes=True)


@pytest.mark.parametrize("size", ["32x32", "?x?"])
@pytest.mark.parametrize("line", ["upsample to=conv1, mode=bilinear", "upsample to=40, mode=bilinear", "upsample 2"])
def test_the_size_of_a_value_is_told_from_a_number(size: str, line: str) -> None:
    convs = ("conv 4, 3x3, pad=1 as conv1", "conv 4, 3x3, stride=2, pad=1 as conv2")
    text = "".join(f"    {part}\n" for part in (f"input {size}x3", *convs, line))
    checked = compile_text(f"model Net:\n{text}").checked
    shapes = [node.facts.output for node in checked.inputs]
    found = back(checked, emitted(checked), [torch.randn(1, 3, 32, 32)], shapes)
    assert found.text.splitlines()[-1].strip() == line


def hold_zoo(name: str) -> None:
    """The values and parameters of a model, and a file that comes back as it is."""
    checked = compile_path(f"zoo:{name}", Options(inputs=CUT.get(name, {}))).checked
    shapes = [Shape(tuple(SIDE if n is None else n for n in node.facts.output)) for node in checked.inputs]
    torch.manual_seed(1)
    inputs = [picture(checked, node, shape) for node, shape in zip(checked.inputs, shapes)]
    found = back(checked, emitted(checked), inputs, shapes)
    assert found.level == "loops"
    assert found.checked.params == checked.params
    again = decompile(read_module(emitted(found.checked), [("", s) for s in shapes], "emitted", checked.name))
    assert again.checked.params == found.checked.params
    assert again.text == found.text


def picture(checked: Checked, node: Any, shape: Shape) -> Tensor:
    sizes = (1, shape.channels or 1, *(n or 1 for n in shape.spatial))
    return torch.randint(0, 3, sizes) if node in checked.looked_up else torch.randn(sizes)


SMALL = ["wavenet", "lenet5_original"]


@pytest.mark.parametrize("name", SMALL)
def test_a_program_comes_back(name: str) -> None:
    hold_zoo(name)


def test_causal_convolutions_and_a_sum_of_many() -> None:
    checked = compile_path("zoo:wavenet").checked
    shapes = [Shape((SIDE, 256))]
    found = back(checked, emitted(checked), [torch.randn(1, 256, SIDE)], shapes)
    ours, theirs = (sorted(n.op.word for n in c.nodes if n.op.word not in ("tanh", "sigmoid"))
                    for c in (found.checked, checked))  # fmt: skip
    assert ours == theirs
    assert "pad=causal" in found.text


@pytest.mark.proof
@pytest.mark.parametrize("name", [name for name in MODELS if name not in SMALL])
def test_the_zoo_comes_back(name: str) -> None:
    require_room(compile_path(f"zoo:{name}").checked.params)
    hold_zoo(name)
    gc.collect()
