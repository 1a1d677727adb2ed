"""Who is asked about a network drawn by chance: each gives the outputs for the same weights and the same inputs.

Weights and inputs are ours by path, batch and channels first; a judge computes without the generated `forward`, or it
computes a network that went some other way: through the formatter, through ONNX and back, through emitted source.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
import onnx
import onnxruntime
import torch
from cnnc.compiler.backends.emit import source
from cnnc.compiler.backends.onnx import Form, build
from cnnc.compiler.decompile import decompile, weights
from cnnc.compiler.fold import fold
from cnnc.compiler.format import format
from cnnc.compiler.frontends.onnx import read
from cnnc.compiler.graph import Checked
from cnnc.compiler.ops.initializers import Given
from cnnc.compiler.parse import parse
from cnnc.compiler.pipeline import compile_text
from cnnc.compiler.source import Source
from cnnc.runtime.lowering.folded import folded
from cnnc.runtime.lowering.lower import lower

Array = np.ndarray[Any, Any]


class Case(NamedTuple):
    """A network with numbers for its weights and inputs."""

    text: str
    checked: Checked
    weights: Mapping[str, Array]
    inputs: tuple[Array, ...]


def case(text: str, seed: int = 0) -> Case:
    """The network with numbers drawn by its text, and others by another seed."""
    checked = compile_text(text).checked
    dice = np.random.default_rng([zlib.crc32(text.encode()), seed])
    weights = {
        path: given(w.init, w.shape) if isinstance(w.init, Given) else drawn(dice, path, w.shape)
        for path, w in checked.weights.items()
    }
    inputs = tuple(entered(dice, node.facts.output, whole=node in checked.looked_up) for node in checked.inputs)
    return Case(text, checked, weights, inputs)


def given(init: Given, shape: tuple[int, ...]) -> Array:
    return np.broadcast_to(np.array(init.values, np.float32), shape).copy()


def drawn(dice: np.random.Generator, path: str, shape: tuple[int, ...]) -> Array:
    """Numbers that keep the size of values: variances away from zero, kernels by what they sum over."""
    if "var" in path.rpartition(".")[2]:
        return np.asarray(dice.uniform(0.5, 1.5, shape), np.float32)
    fan = max(1, int(np.prod(shape[1:])))
    return np.asarray(dice.normal(size=shape) / np.sqrt(fan), np.float32)


def entered(dice: np.random.Generator, shape: Any, *, whole: bool) -> Array:
    sizes = (2, *shape[shape.rank :], *shape.spatial)
    return dice.integers(0, 9, sizes) if whole else dice.normal(size=sizes).astype(np.float32)


def several(values: Any) -> list[Array]:
    found = [values] if isinstance(values, torch.Tensor) else values
    return [value.detach().numpy() for value in found]


def tensors(arrays: Mapping[str, Array]) -> dict[str, torch.Tensor]:
    return {path: torch.from_numpy(array.copy()) for path, array in arrays.items()}


def ran(net: Any, case: Case) -> list[Array]:
    with torch.no_grad():
        return several(net.eval()(*(torch.from_numpy(x.copy()) for x in case.inputs)))


# --- ours -------------------------------------------------------------------------------------------------------------


def ours(case: Case, **options: Any) -> list[Array]:
    """The lowered network."""
    net = lower(case.checked, seed=None, **options)
    net.load_state_dict(tensors(case.weights))
    return ran(net, case)


def hooked(case: Case) -> list[Array]:
    """Every merge a module, nothing written over."""
    return ours(case, hooks=True)


def formatted(case: Case) -> list[Array]:
    """The same text as `cnnc fmt` lays it out, twice."""
    once = format(parse(Source("<once>", case.text)))
    assert format(parse(Source("<twice>", once))) == once
    again = compile_text(once).checked
    assert again.weights == case.checked.weights
    return ours(case._replace(checked=again))


def without_batchnorm(case: Case) -> list[Array]:
    """Batch normalisation folded into the layers before it."""
    smaller, weights = folded(case.checked, dict(case.weights))
    assert len(smaller.nodes) == len(case.checked.nodes) - len(fold(case.checked).norms)
    arrays = {path: weights[path] for path in smaller.weights}
    return ours(case._replace(checked=smaller, weights=arrays))


def emitted(case: Case) -> list[Array]:
    """The emitted PyTorch source."""
    space: dict[str, Any] = {"__name__": "emitted"}
    exec(compile(source(case.checked, "torch"), "<emitted>", "exec"), space)
    net = space[case.checked.name]()
    net.load_state_dict(tensors(case.weights))
    return ran(net, case)


# --- others -----------------------------------------------------------------------------------------------------------


def runtime(case: Case, form: Form = Form()) -> list[Array]:  # noqa: B008
    """ONNX Runtime on the exported model."""
    model = build(case.checked, case.weights, form)
    onnx.checker.check_model(model, full_check=True)
    return session(model.SerializeToString(), case)


def session(model: bytes, case: Case) -> list[Array]:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    found = onnxruntime.InferenceSession(model, options, ["CPUExecutionProvider"])
    names = [entry.name for entry in found.get_inputs()]
    made: list[Array] = found.run(None, dict(zip(names, case.inputs, strict=True)))
    return made


def imported(case: Case) -> list[Array]:
    """The exported model read back as a network, written as text, compiled and lowered."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "net.onnx"
        onnx.save(build(case.checked, case.weights), path)
        network = read(path)
        found = decompile(network)
        arrays = weights(network, found)
    assert format(parse(Source("<imported>", found.text))) == found.text
    given = {path: np.ascontiguousarray(arrays[path], np.float32) for path in found.checked.weights}
    return ours(case._replace(text=found.text, checked=found.checked, weights=given))


JUDGES: dict[str, Callable[[Case], list[Array]]] = {
    "hooked": hooked,
    "formatted": formatted,
    "without_batchnorm": without_batchnorm,
    "emitted": emitted,
    "runtime": runtime,
    "imported": imported,
}


def shapes(case: Case, values: list[Array]) -> None:
    """The shapes that were told are those that came out."""
    for output, value in zip(case.checked.outputs, values, strict=True):
        shape = output.port.shape
        assert value.shape[1:] == (*shape[shape.rank :], *shape.spatial), f"{output.name}: {shape}, ran {value.shape}"


def agree(found: list[Array], expected: list[Array], tolerance: float = 1e-4) -> None:
    """Equal shapes; values equal up to a share of the largest, or of 0.1 where only rounding is left of them all."""
    assert [value.shape for value in found] == [value.shape for value in expected]
    for a, b in zip(found, expected, strict=True):
        largest = max(0.1, float(np.abs(b[np.isfinite(b)]).max(initial=0.0)))
        np.testing.assert_allclose(a, b, rtol=0, atol=tolerance * largest)
