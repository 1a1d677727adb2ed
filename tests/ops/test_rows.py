"""Every row of every `rows_*.py` beside this file, against Keras, torch and ONNX Runtime."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

from . import harness
from .harness import Row

ROWS: list[Row] = [
    row
    for file in sorted(Path(__file__).parent.glob("rows_*.py"))
    for row in import_module(f".{file.stem}", __package__).ROWS
]


def rows(keep: object = lambda row: True) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("row", [pytest.param(r, id=r.id) for r in ROWS if keep(r)])  # type: ignore[operator]


def test_ids_are_unique() -> None:
    ids = [r.id for r in ROWS]
    assert len(ids) == len(set(ids)), sorted({i for i in ids if ids.count(i) > 1})


@rows(lambda row: row.keras)
def test_shapes_are_those_of_keras(row: Row) -> None:
    found = [(None, *port.shape) for _, port in harness.compiled(row).outputs]
    run = [(None, *(v.shape[1:])) for v in harness.keras_values(row)]
    assert [len(s) for s in found] == [len(s) for s in run]
    for ours, theirs in zip(found, run):
        assert all(a is None or a == b for a, b in zip(ours, theirs)), f"{ours}, Keras {theirs}"


@rows(lambda row: row.keras)
def test_parameters_are_those_of_keras(row: Row) -> None:
    layer = harness.keras_layer(row)
    if layer is None:
        pytest.skip("a function has no parameters")
    checked = harness.compiled(row)
    trainable = sum(int(v.size) for v in map(harness.np.asarray, layer.trainable_weights))
    assert (checked.params, checked.trainable) == (layer.count_params(), trainable)


@rows(lambda row: row.keras or row.type)
def test_type_is_the_keras_class(row: Row) -> None:
    layer = harness.keras_layer(row) if row.keras else None
    expected = row.type or (type(layer).__name__ if layer is not None else None)
    if expected not in (None, "Sequential"):
        assert harness.nodes(row)[-1].type == expected


@rows(lambda row: row.keras)
def test_torch_values_are_those_of_keras(row: Row) -> None:
    harness.assert_close(harness.torch_values(row), harness.keras_values(row), row.tolerance)


@rows(lambda row: row.expected)
def test_torch_values_are_those_expected(row: Row) -> None:
    assert row.expected is not None
    expected = row.expected(*harness.inputs(row))
    expected = list(expected) if isinstance(expected, (list, tuple)) else [expected]
    harness.assert_close(harness.torch_values(row), expected, row.tolerance)


@rows(lambda row: row.torch)
def test_values_are_those_of_torch(row: Row) -> None:
    import torch

    assert row.torch is not None
    reference = row.torch()
    if isinstance(reference, torch.nn.Module):
        prefix = len(harness.nodes(row)[0].path) + 1
        state = {path[prefix:] or "weight": torch.from_numpy(w.copy()) for path, w in harness.weights(row).items()}
        theirs = {k: v for k, v in reference.state_dict().items() if k != "num_batches_tracked"}
        assert {k: tuple(v.shape) for k, v in theirs.items()} == {k: tuple(v.shape) for k, v in state.items()}
        reference.load_state_dict(state, strict=False)
        reference.eval()
    harness.assert_close(harness.torch_values(row), harness.torch_run(reference, row), row.tolerance)


@rows()
def test_state_dict_is_the_weights(row: Row) -> None:
    module = harness.torch_module(row)
    weights = harness.compiled(row).weights
    assert {k: tuple(v.shape) for k, v in module.state_dict().items()} == {k: w.shape for k, w in weights.items()}
    assert {k for k, _ in module.named_parameters()} == {k for k, w in weights.items() if w.trainable}


@rows()
def test_shapes_are_those_that_run(row: Row) -> None:
    found = [v.shape[1:] for v in harness.torch_values(row)]
    for ours, theirs in zip((port.shape for _, port in harness.compiled(row).outputs), found):
        assert all(a is None or a == b for a, b in zip(ours, theirs)), f"{ours}, torch made {theirs}"
        assert len(ours) == len(theirs)


@rows(lambda row: row.onnx)
def test_onnx_runtime_gives_the_same(row: Row) -> None:
    harness.assert_close(harness.onnx_values(row), harness.torch_values(row), row.tolerance)


@rows()
def test_macs_are_half_the_flops(row: Row) -> None:
    found = harness.compiled(row).macs
    if found is not None:
        assert found == (harness.macs_counted(row) if row.macs is None else row.macs)


@rows(lambda row: row.params is not None)
def test_parameters_are_those_written(row: Row) -> None:
    assert harness.compiled(row).params == row.params


@rows(lambda row: row.shape is not None)
def test_shape_is_that_written(row: Row) -> None:
    assert [str(port.shape) for _, port in harness.compiled(row).outputs] == [
        s.strip() for s in (row.shape or "").split(",")
    ]
