"""Whether ONNX Runtime and torch compute the same from one graph and its weights."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ...compiler.backends.onnx import Affine, Mixed, Preprocessing
from ...compiler.diagnostics import UserError
from ...compiler.graph import Checked, Node
from ...compiler.shape import Shape

Array = np.ndarray[Any, Any]

Run = Callable[[Mapping[str, Array]], list[Array]]
"""From inputs by name to the outputs in order."""

BATCH, SEED = 2, 0
"""Of the inputs that are compared."""

OPEN = 64
"""What an open size is taken to be."""

OTHERS = ((96, 160, 32), (75, 53, 41))
"""What the open sizes of a map are taken to be besides, by dimension: a network may fit even ones only."""

LARGE = (256, 256, 256)
"""The same where all of these are too small for the network."""


class Trial(NamedTuple):
    """The inputs of one comparison, by name, and their shapes as written."""

    shapes: str
    given: dict[str, Array]


def compared(
    checked: Checked,
    path: str | os.PathLike[str],
    weights: Mapping[str, Array],
    *,
    preprocessing: Preprocessing | None = None,
) -> dict[str, float]:
    """The largest difference between ONNX Runtime's outputs of the file and torch's, relative to the largest output, by
    the shapes of the inputs: several where sizes are open and the network takes them.

    Both get the same random inputs, torch in fp32; `preprocessing` is that of the file. Around 1e-6 is rounding of
    fp32 and 1e-3 that of fp16; more means that something is wrong.
    """
    theirs, ours = onnx_session(path), torch_session(checked, weights)
    found: dict[str, float] = {}
    refused: Exception | None = None
    for shapes, fed in trials(checked, found):
        given = fed if preprocessing is None else {name: pictures(x.shape) for name, x in fed.items()}
        if preprocessing is not None:
            fed = {name: prepared(x, preprocessing) for name, x in given.items()}
        try:
            expected = ours(fed)
        except (RuntimeError, ValueError) as error:  # the size does not suit the network
            refused = error
            continue
        made = theirs(given)
        found[shapes] = max(difference(a, b) for a, b in zip(made, expected[: len(made)], strict=True))
    if not found:
        raise UserError(f"`--verify` found no input size at which the network runs: {refused}") from refused
    return found


def trials(checked: Checked, found: Mapping[str, float]) -> Iterator[Trial]:
    """Inputs to compare at: at one size where all are fixed; large ones only where nothing is `found` till then."""
    yield trial(checked, (OPEN,) * 3)
    if any(None in node.facts.output for node in checked.inputs):
        for sizes in OTHERS:
            yield trial(checked, sizes)
        if not found:
            yield trial(checked, LARGE)


def trial(checked: Checked, sizes: Sequence[int]) -> Trial:
    made = examples(checked, BATCH, SEED, sizes)
    return Trial(", ".join(str(Shape((*x.shape[2:], x.shape[1]))) for x in made.values()), made)


def pictures(shape: tuple[int, ...]) -> Array:
    """Random pictures (N, H, W, C) of whole numbers for maps (N, C, H, W)."""
    count, channels, height, width = shape
    return np.random.default_rng(SEED).integers(0, 256, (count, height, width, channels), np.uint8)


def prepared(x: Array, told: Preprocessing) -> Array:
    """Pictures as the network takes them."""
    made = (x.astype(np.float64) * told.scale).transpose(0, 3, 1, 2)
    for step in told.steps:
        if isinstance(step, Affine):
            mean, std = (np.reshape(numbers, (-1, 1, 1)) for numbers in step)
            made = (made - mean) / std
        elif isinstance(step, Mixed):
            made = (made.reshape(len(made), -1) @ step.matrix).reshape(made.shape)
        else:
            over: dict[str, Any] = {"axis": (1, 2, 3), "keepdims": True}
            kept = made - made.mean(**over) if step.center else made
            made = kept / (made.std(ddof=1, **over) + 1e-6) if step.scale else kept
    return np.ascontiguousarray(made, np.float32)


def difference(found: Array, expected: Array) -> float:
    """The largest difference, relative to the largest expected value."""
    if found.shape != expected.shape:
        return float("inf")
    largest = float(np.abs(expected).max(initial=0.0))
    return float(np.abs(found.astype(np.float64) - expected).max(initial=0.0)) / max(largest, 1e-30)


def examples(checked: Checked, batch: int, seed: int, open_sizes: Sequence[int] = (OPEN,) * 3) -> dict[str, Array]:
    """Random inputs by name, batch and channels first: normal noise, or tokens."""
    draw = np.random.default_rng(seed)
    return {node.path: example(checked, node, batch, draw, open_sizes) for node in checked.inputs}


def example(checked: Checked, node: Node, batch: int, draw: np.random.Generator, open_sizes: Sequence[int]) -> Array:
    shape = node.facts.output
    spatial = [open_sizes[axis] if n is None else n for axis, n in enumerate(shape.spatial)]
    sizes = [open_sizes[0] if shape.channels is None else shape.channels, *spatial]
    if node in checked.looked_up:
        return draw.integers(0, vocabulary(checked, node), (batch, *sizes))
    return draw.standard_normal((batch, *sizes), np.float32)


def vocabulary(checked: Checked, node: Node) -> int:
    """How many tokens the layers that look an input up know: the fewest."""
    users = [user.op for user in checked.nodes for port in user.inputs if port.node is node]
    known = [getattr(op, name) for op in users for name in ("vocabulary", "depth") if hasattr(op, name)]
    return min(known, default=2)


def run_onnx(path: str | os.PathLike[str], fed: Mapping[str, Array]) -> list[Array]:
    """The outputs of ONNX Runtime on the CPU."""
    return onnx_session(path)(fed)


def onnx_session(path: str | os.PathLike[str]) -> Run:
    """A file in ONNX Runtime on the CPU. UserError where that cannot run it."""
    try:
        import onnxruntime
        from onnxruntime.capi import onnxruntime_pybind11_state as errors
    except ImportError as error:
        raise UserError("`--verify` needs ONNX Runtime: pip install onnxruntime") from error
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(os.fspath(path), options, providers=["CPUExecutionProvider"])
    except errors.NotImplemented as error:
        raise UserError(f"`{path}` is written, but ONNX Runtime cannot run it on this processor: {error}") from error
    names = [entry.name for entry in session.get_inputs()]

    def run(fed: Mapping[str, Array]) -> list[Array]:
        try:
            found: list[Array] = session.run(None, {name: fed[name] for name in names})
        except (errors.Fail, errors.InvalidArgument, errors.RuntimeException) as error:
            raise UserError(f"`{path}` is written, but ONNX Runtime stops in it: {error}") from error
        return found

    return run


def torch_session(checked: Checked, weights: Mapping[str, Array]) -> Run:
    """The lowered network in evaluation mode."""
    import torch

    from .lower import lower

    net = lower(checked, seed=None).eval()
    net.load_state_dict({path: torch.from_numpy(np.array(weights[path])) for path in checked.weights})

    def run(fed: Mapping[str, Array]) -> list[Array]:
        with torch.no_grad():
            made = net(*(torch.from_numpy(fed[node.path]) for node in checked.inputs))
        return [m.numpy() for m in (made if isinstance(made, tuple) else (made,))]

    return run
