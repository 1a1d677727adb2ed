"""Whether ONNX Runtime and torch compute the same from one graph and its weights."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from ...compiler.backends.onnx import Preprocessing
from ...compiler.diagnostics import UserError
from ...compiler.graph import Checked, Node

Array = np.ndarray[Any, Any]

OPEN = 64
"""What an open size is taken to be."""


def verify(
    checked: Checked,
    path: str | os.PathLike[str],
    weights: Mapping[str, Array],
    *,
    preprocessing: Preprocessing | None = None,
    batch: int = 2,
    seed: int = 0,
) -> float:
    """The largest difference between ONNX Runtime's outputs of the file and torch's, relative to the largest output.

    Both get the same random inputs, torch in fp32; `preprocessing` is that of the file. Around 1e-6 is rounding of
    fp32 and 1e-3 that of fp16; more means that something is wrong.
    """
    fed = examples(checked, batch, seed)
    given = fed if preprocessing is None else {name: pictures(x.shape, seed) for name, x in fed.items()}
    theirs = run_onnx(path, given)
    if preprocessing is not None:
        fed = {name: prepared(x, preprocessing) for name, x in given.items()}
    ours = run_torch(checked, weights, fed)[: len(theirs)]
    return max(difference(a, b) for a, b in zip(theirs, ours, strict=True))


def pictures(shape: tuple[int, ...], seed: int) -> Array:
    """Random pictures (N, H, W, C) of whole numbers for maps (N, C, H, W)."""
    count, channels, height, width = shape
    return np.random.default_rng(seed).integers(0, 256, (count, height, width, channels), np.uint8)


def prepared(x: Array, told: Preprocessing) -> Array:
    """Pictures as the network takes them."""
    made = (x.astype(np.float64) * told.scale - told.mean) / told.std
    made = made.transpose(0, 3, 1, 2)
    if told.matrix is not None:
        made = (made.reshape(len(made), -1) @ told.matrix).reshape(made.shape)
    return np.ascontiguousarray(made, np.float32)


def difference(found: Array, expected: Array) -> float:
    """The largest difference, relative to the largest expected value."""
    if found.shape != expected.shape:
        return float("inf")
    largest = float(np.abs(expected).max(initial=0.0))
    return float(np.abs(found.astype(np.float64) - expected).max(initial=0.0)) / max(largest, 1e-30)


def examples(checked: Checked, batch: int, seed: int) -> dict[str, Array]:
    """Random inputs by name, batch and channels first: normal noise, or tokens."""
    draw = np.random.default_rng(seed)
    return {node.path: example(checked, node, batch, draw) for node in checked.inputs}


def example(checked: Checked, node: Node, batch: int, draw: np.random.Generator) -> Array:
    shape = node.facts.output
    sizes = [OPEN if n is None else n for n in (shape[-1], *shape[:-1])]
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
    try:
        import onnxruntime
    except ImportError as error:
        raise UserError("`--verify` needs ONNX Runtime: pip install onnxruntime") from error
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(os.fspath(path), options, providers=["CPUExecutionProvider"])
    except onnxruntime.capi.onnxruntime_pybind11_state.NotImplemented as error:
        raise UserError(f"`{path}` is written, but ONNX Runtime cannot run it on this processor: {error}") from error
    found: list[Array] = session.run(None, {i.name: fed[i.name] for i in session.get_inputs()})
    return found


def run_torch(checked: Checked, weights: Mapping[str, Array], fed: Mapping[str, Array]) -> list[Array]:
    """The outputs of the lowered network in evaluation mode."""
    import torch

    from .lower import lower

    net = lower(checked, seed=None).eval()
    net.load_state_dict({path: torch.from_numpy(np.array(weights[path])) for path in checked.weights})
    with torch.no_grad():
        made = net(*(torch.from_numpy(fed[node.path]) for node in checked.inputs))
    return [m.numpy() for m in (made if isinstance(made, tuple) else (made,))]
