"""One row per behaviour of an operator, and the three judges it is held against: Keras, torch, ONNX Runtime."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
from cnnc.compiler.graph import Checked, Node
from cnnc.compiler.ops.initializers import Given
from cnnc.compiler.ops.structure import Input
from cnnc.compiler.pipeline import compile_text

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class Row:
    """One use of an operator and what must come of it.

    `text` is `SHAPES: CHAIN`, such as `32x32x3: conv 8, 3x3, pad=same` or `8x8x4, 8x8x4: (a, b) -> add`: the inputs are
    called a, b, c, ...; with one input the chain may begin with its first layer, with more it is written in full.

    `keras` takes the keras module and gives the layer (or a function of the inputs, which get batch first and channels
    last; several as a list) that must agree in output shapes, parameters, class name and values.
    `torch` gives a torch module or function (channels first) that must agree in values, and in its state dict where it
    has one.
    `expected` gives output values by hand or by formula, as a function of the inputs (batch first, channels last).
    """

    id: str
    text: str
    keras: Callable[[Any], Any] | None = None
    torch: Callable[[], Any] | None = None
    expected: Callable[..., Any] | None = None
    macs: int | None = None
    """Where torch's FLOP counter sees other things than convolutions and dense layers; else half of its count."""
    type: str | None = None
    """The name in the summary, where it is not the class of the Keras layer (None: no check without a layer)."""
    weights: Callable[[dict[str, Array]], dict[str, Array]] | None = None
    """Keras's variables by name (`kernel`, `gamma`, ...; channels last) -> ours, where the layout rule does not do."""
    inputs: Callable[[np.random.Generator], list[Array]] | None = None
    """Makes the input values, batch first and channels last, where normal noise does not serve (token ids, places)."""
    batch: int = 2
    tolerance: float = 1e-5
    """Largest difference allowed, relative to the largest expected value."""
    onnx: bool = True
    """Whether the layer can be exported."""
    params: int | None = None
    """The number of parameters, where Keras has no layer to ask."""
    shape: str | None = None
    """The output shape, written as in the text, where Keras has no layer to ask."""
    opset: int = field(default=18)


def rng(row: Row) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32(row.id.encode()))


@cache
def compiled(row: Row) -> Checked:
    return compile_text(source(row.text), row.id).checked


def source(text: str) -> str:
    """The row as a file. A second line of the text, and further ones, are statements of their own."""
    shapes, _, body = text.partition(":")
    lines = [f"{name} = input {shape.strip()}" for name, shape in zip("abcdefgh", shapes.split(","), strict=False)]
    first, *rest = map(str.strip, body.strip().split("\n"))
    if not re.match(r"[a-h]( |$)|\(", first):
        first = f"a -> {first}"
    return "model Row:\n" + "".join(f"    {line}\n" for line in [*lines, first, *rest])


def nodes(row: Row) -> list[Node]:
    """The layers of the row, inputs left out."""
    return [n for n in compiled(row).nodes if not isinstance(n.op, Input)]


@cache
def inputs(row: Row) -> tuple[Array, ...]:
    """Batch first, channels last; an open size is taken as 7."""
    if row.inputs is not None:
        return tuple(row.inputs(rng(row)))
    shapes = [n.facts.output for n in compiled(row).inputs]
    draw = rng(row)
    return tuple(draw.normal(size=(row.batch, *(7 if n is None else n for n in s))).astype(np.float32) for s in shapes)


@cache
def weights(row: Row) -> dict[str, Array]:
    """Every weight by its path; from the Keras layer where there is one, so that both hold the same numbers."""
    if row.keras is not None and (layer := keras_layer(row)) is not None:
        return from_keras(row, layer)
    draw = rng(row)
    return {
        path: given(w.init, w.shape) if isinstance(w.init, Given) else random(draw, path, w.shape)
        for path, w in compiled(row).weights.items()
    }


def given(init: Given, shape: tuple[int, ...]) -> Array:
    """The numbers of a fixed kernel."""
    return np.broadcast_to(np.array(init.values, np.float32), shape).copy()


def random(draw: np.random.Generator, name: str, shape: tuple[int, ...]) -> Array:
    """Numbers that no layer maps to something dull: variances and scales stay away from zero."""
    if any(word in name for word in ("var", "count")):
        return draw.uniform(0.5, 1.5, shape).astype(np.float32)
    return (draw.normal(size=shape) * 0.5).astype(np.float32)


# --- Keras ------------------------------------------------------------------------------------------------------------


@cache
def keras_thing(row: Row) -> Any:
    import keras

    assert row.keras is not None
    return row.keras(keras)


@cache
def keras_layer(row: Row) -> Any:
    """The Keras layer, built and filled with random weights; None where the row gave a function."""
    import keras

    thing = keras_thing(row)
    if not isinstance(thing, keras.layers.Layer):
        return None
    shapes = [(None, *n.facts.output) for n in compiled(row).inputs]
    if not thing.built:
        thing.build(shapes[0] if len(shapes) == 1 else shapes)
    draw = rng(row)
    for variable in thing.variables:
        if "seed" not in variable.path:
            variable.assign(random(draw, variable.name, tuple(variable.shape)))
    return thing


@cache
def keras_values(row: Row) -> list[Array]:
    """What Keras computes; batch first, channels last."""
    import keras

    thing = keras_thing(row)
    if keras_layer(row) is not None:
        given = list(inputs(row))
        made = (
            thing(given[0] if len(given) == 1 else given, training=False)
            if takes_training(thing)
            else thing(given[0] if len(given) == 1 else given)
        )
    else:
        made = thing(*inputs(row))
    return [keras.ops.convert_to_numpy(m) for m in (made if isinstance(made, (list, tuple)) else [made])]


def takes_training(layer: Any) -> bool:
    return bool(getattr(layer, "_call_has_training_arg", False))


def variables(layer: Any) -> Iterator[tuple[Any, str, Array]]:
    """(layer, variable name, array), of a layer or of all layers of a Sequential."""
    for part in getattr(layer, "layers", [layer]):
        for variable in part.weights:
            yield part, variable.name, np.asarray(variable)


def laid_out(layer: Any, name: str, array: Array) -> Array:
    """A Keras kernel in PyTorch's layout."""
    kind, rank = type(layer).__name__, array.ndim - 2
    spatial = tuple(range(rank))
    if kind == "Dense" and name == "kernel":
        return array.T
    if name == "depthwise_kernel" or (kind.startswith("DepthwiseConv") and name == "kernel"):
        flat = array.reshape(*array.shape[:rank], -1)  # (k..., in, multiplier) -> (k..., in * multiplier)
        return np.moveaxis(flat, -1, 0)[:, None]
    if name in ("kernel", "pointwise_kernel") and "Conv" in kind:
        return array.transpose(
            rank + 1, rank, *spatial
        )  # transposed kernels are (k..., out, in): in, out, k... here too
    return array


def from_keras(row: Row, layer: Any) -> dict[str, Array]:
    """Keras's weights under our paths: in order, laid out as PyTorch does."""
    ours = compiled(row).weights
    if row.weights is not None:
        found = row.weights({name: array for _, name, array in variables(layer)})
        prefix = nodes(row)[0].path
        return {f"{prefix}.{name}": np.ascontiguousarray(array, np.float32) for name, array in found.items()}
    theirs = [laid_out(part, name, array) for part, name, array in variables(layer)]
    assert len(theirs) == len(ours), f"Keras has {[n for _, n, _ in variables(layer)]}, we have {list(ours)}"
    for array, (path, weight) in zip(theirs, ours.items()):
        assert array.size == weight.size, f"{path}: Keras has {array.shape}, we have {weight.shape}"
    return {
        path: np.ascontiguousarray(array.reshape(weight.shape), np.float32)
        for array, (path, weight) in zip(theirs, ours.items())
    }


# --- ours -------------------------------------------------------------------------------------------------------------


def channels_first(array: Array) -> Array:
    return np.ascontiguousarray(np.moveaxis(array, -1, 1)) if array.ndim > 2 else array


def channels_last(array: Array) -> Array:
    return np.moveaxis(array, 1, -1) if array.ndim > 2 else array


@cache
def torch_module(row: Row) -> Any:
    """The lowered network with the row's weights, in evaluation mode."""
    import torch
    from cnnc.runtime.lowering.lower import lower

    net = lower(compiled(row), seed=None)
    net.load_state_dict({k: torch.from_numpy(v.copy()) for k, v in weights(row).items()}, strict=True)
    return net.eval()


def torch_run(module: Any, row: Row) -> list[Array]:
    """Output values, channels last."""
    import torch

    with torch.no_grad():
        made = module(*(torch.from_numpy(channels_first(x)) for x in inputs(row)))
    return [channels_last(m.numpy()) for m in (made if isinstance(made, (list, tuple)) else [made])]


def torch_values(row: Row) -> list[Array]:
    return torch_run(torch_module(row), row)


@cache
def onnx_values(row: Row) -> list[Array]:
    """What ONNX Runtime computes from our export; channels last."""
    import onnx
    import onnxruntime
    from cnnc.compiler.backends.onnx import Form, build

    model = build(compiled(row), weights(row), Form(opset=row.opset))
    onnx.checker.check_model(model, full_check=True)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"])
    names = [i.name for i in session.get_inputs()]
    assert names == [n.path for n in compiled(row).inputs]
    return [channels_last(m) for m in session.run(None, dict(zip(names, map(channels_first, inputs(row)))))]


# --- the verdict ------------------------------------------------------------------------------------------------------


def assert_close(found: list[Array], expected: list[Array], tolerance: float) -> None:
    """Every array equal in shape, and in values up to `tolerance` of the largest expected one."""
    assert [f.shape for f in found] == [e.shape for e in expected]
    for f, e in zip(found, expected):
        f, e = np.asarray(f, np.float64), np.asarray(e, np.float64)
        largest = max(1e-3, float(np.abs(e[np.isfinite(e)]).max(initial=0.0)))
        np.testing.assert_allclose(f, e, rtol=0, atol=tolerance * largest)


def macs_counted(row: Row) -> int:
    """Half of what torch's FLOP counter sees of convolutions and products of matrices, for one example."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter, torch.no_grad():
        torch_module(row)(*(torch.from_numpy(channels_first(x[:1])) for x in inputs(row)))
    return int(counter.get_total_flops()) // 2
