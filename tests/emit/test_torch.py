"""Emitted PyTorch against the network that the runtime builds: keys, shapes, and values with the weights of one."""

from __future__ import annotations

import gc
from pathlib import Path

import cnnc.zoo
import numpy as np
import pytest
import torch
from cnnc.compiler.backends.emit import source
from cnnc.compiler.diagnostics import CompileError
from cnnc.compiler.graph import Checked
from cnnc.compiler.ops.base import OPERATORS
from cnnc.compiler.pipeline import Options, compile_path, compile_text
from cnnc.compiler.shape import Shape
from hypothesis import HealthCheck, given, settings

from tests.chance import networks
from tests.ops import harness
from tests.ops.test_rows import ROWS
from tests.room import require_room

from .programs import programs
from .written import hold_torch, module_of, torch_model

QUICK = ["lenet5", "lenet5_original", "resnet18", "mobilenet_v3_small", "tcn", "keras/mobilenetv2"]
ZOO = Path(cnnc.zoo.__file__).parent
NAMES = sorted(
    str(path.relative_to(ZOO).with_suffix("")) for pattern in ("*.cnn", "keras/*.cnn") for path in ZOO.glob(pattern)
)


def small(name: str) -> Checked:
    """The model on the smallest of some pictures that it takes, where it takes others than its own."""
    checked = compile_path(f"zoo:{name}").checked
    shape = checked.inputs[0].facts.output
    if len(checked.inputs) > 1 or shape.rank < 2 or any(n is None or n < 16 for n in shape.spatial):
        return checked
    for side in (32, 64, 96, 128):
        sizes = (side,) * 2 if shape.rank == 2 else (16, side, side)
        try:
            return compile_path(f"zoo:{name}", Options(inputs={"": Shape((*sizes, shape.channels))})).checked
        except CompileError:
            continue
    return checked


@pytest.mark.parametrize("name", QUICK)
def test_small_models_of_the_zoo(name: str) -> None:
    hold_torch(small(name))


@pytest.mark.proof
@pytest.mark.parametrize("name", [name for name in NAMES if name not in QUICK])
def test_the_zoo(name: str) -> None:
    require_room(compile_path(f"zoo:{name}").checked.params)
    hold_torch(small(name))
    gc.collect()


@pytest.mark.parametrize("row", [pytest.param(row, id=row.id) for row in ROWS])
def test_every_behaviour_of_every_operator(row: harness.Row) -> None:
    checked = harness.compiled(row)
    arrays = [torch.from_numpy(np.moveaxis(x, -1, 1).copy() if x.ndim > 2 else x.copy()) for x in harness.inputs(row)]
    inputs = [x.long() if node in checked.looked_up else x for x, node in zip(arrays, checked.inputs)]
    hold_torch(checked, inputs)


def test_every_operator_has_a_rule() -> None:
    from cnnc.compiler.backends.emit.keras.row import row
    from cnnc.compiler.backends.emit.torch.layer import lower

    for table in (lower, row):
        missing = {op.word for op in OPERATORS.values() if table.dispatch(op) is table.dispatch(object)}
        assert missing == {"input"}


@settings(max_examples=15, deadline=None, derandomize=True)
@given(networks())
def test_random_networks(text: str) -> None:
    hold_torch(compile_text(text).checked)


def hold_program(text: str) -> None:
    try:
        checked = compile_text(text).checked
    except CompileError:
        return
    hold_torch(checked)


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(programs())
def test_random_programs(text: str) -> None:
    """One class for a block that is called in many ways: with parameters, optional layers and names that shift."""
    hold_program(text)


@pytest.mark.proof
@settings(max_examples=2000, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(programs())
def test_many_random_programs(text: str) -> None:
    hold_program(text)


def test_a_parameter_that_stays_one_means_what_it_means_in_the_file() -> None:
    for name in ("lenet5", "resnet18"):
        (*_, model) = (t for t in module_of(source(small(name), "torch")).values() if isinstance(t, type))
        theirs = compile_path(f"zoo:{name}", Options(params={"classes": 7})).checked.weights
        made = {key: value.shape for key, value in model(classes=7).state_dict().items() if "batches" not in key}
        assert made == {key: weight.shape for key, weight in theirs.items()}


@pytest.mark.parametrize(
    "body",
    [
        "dense n -> dense 4",
        "dense n -> reshape 2x?",
        "let m = n\n    dense n",
        "dense n as a\n    dense 2\n    concat a",
    ],
)
def test_a_parameter_that_other_layers_depend_on_becomes_a_number(body: str) -> None:
    text = source(compile_text(f"model A(n=6):\n    input 8\n    {body}\n").checked, "torch")
    assert "def __init__(self) -> None:" in text


def test_names_that_mean_something_to_torch_are_keys_all_the_same() -> None:
    text = "model A:\n    input 8x8x3\n    conv 4, 3x3 as train\n    conv 4, 1x1 as \"half.keys\" -> relu\n" \
        "    conv 4, 1x1 as \"half.0\"\n    conv 2, 1x1 as \"1x1\"\n    conv 2, 1x1 as \"class\"\n"  # fmt: skip
    hold_torch(compile_text(text).checked)


def test_parameters_may_have_any_name() -> None:
    names = ["i", "x", "self", "torch", "nn", "layers", "name", "int", "lambda", "in_channels", "forward", "train"]
    for name in names:
        text = (
            f"block part({name}, skip):\n    conv {name}, 3x3, pad=1 -> relu\n    if {name} > 4: conv {name}, 1x1\n"
            "    concat skip\n\nmodel A:\n    input 8x8x3\n    conv 4, 1x1 as a\n"
            "    part 4, a\n    part 6, a\n    part 8, a\n    part 10, a\n    part 12, a\n"
        )
        hold_torch(compile_text(text).checked)


def test_shared_parts_are_one_attribute() -> None:
    text = (
        "block tower(width):\n    conv width, 3x3 -> relu -> conv width, 3x3\n\n"
        "model A:\n    a = input 12x12x3\n    b = input 12x12x3\n    share look = tower 4\n"
        "    share last = conv 2, 1x1 -> relu -> conv 2, 1x1\n"
        "    p = a -> look -> last\n    q = b -> look -> last\n    output p, q\n"
    )
    checked = compile_text(text).checked
    hold_torch(checked)
    assert sum(p.numel() for p in torch_model(checked).parameters()) == checked.params


def test_a_layer_shared_by_maps_of_two_sizes_finds_its_border_when_it_runs() -> None:
    text = (
        "model A:\n    input 13x13x3\n    share look = conv 4, 3x3, stride=2, pad=same\n"
        "    p = input -> look -> global_avgpool\n    q = input -> crop ((0, 1), (0, 1)) -> look -> global_avgpool\n"
        "    (p, q) -> add\n"
    )
    hold_torch(compile_text(text).checked)


def test_training_differs_from_evaluation_as_the_file_says() -> None:
    text = "model A:\n    input 8x8x3\n    residual drop=0.5:\n        conv 3, 1x1\n    dropout 0.5\n"
    made = torch_model(compile_text(text).checked).train()
    x = torch.randn(64, 3, 8, 8)
    kept = made(x)
    assert (kept == 0).float().mean() == pytest.approx(0.5, abs=0.05)
    assert made.eval()(x).ne(0).all()
