"""Small numbers that exporters compute from constants instead of writing them down."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod

import numpy as np
from onnx import helper

from .source import Array, Graph, View

LARGEST = 64
"""Numbers that an array may have: sizes, axes, scalars. Weights stay what they are, under their names."""

FACTORS = 3
"""Factors of a resize that are joined one by one."""

COMPUTE: dict[str, Callable[..., Array]] = {
    "Add": np.add,
    "Sub": np.subtract,
    "Mul": np.multiply,
    "Div": lambda a, b: a // b if a.dtype.kind in "iu" else a / b,
    "Sqrt": np.sqrt,
    "Neg": np.negative,
    "Squeeze": lambda a, *_: a.reshape(a.shape[1:]) if a.shape[:1] == (1,) else a,
    "Concat": lambda *parts: np.concatenate([np.atleast_1d(p) for p in parts]),
    "Gather": lambda a, index: a[index],
    "Floor": np.floor,
    "Ceil": np.ceil,
    "Max": np.maximum,
    "Min": np.minimum,
    "Reshape": lambda a, shape: a.reshape(tuple(shape)),
    "Clip": lambda a, low, high=None: np.clip(a, low, high),
    "Slice": lambda a, start, end, *rest: a[
        int(start.item()) : int(end.item()) : int(rest[1].item()) if rest[1:] else 1
    ],
}


def folded(graph: Graph, view: View) -> bool:
    """Compute a node of known small numbers; its output is then known too."""
    if not all(graph.is_stored(name) for name in view.inputs if name) or len(view.outputs) != 1:
        return False
    given = [graph.fixed(name) for name in view.inputs if name]
    arrays = [array for array in given if array is not None]
    if len(arrays) != len(given) or not arrays or any(not is_small(array, view.kind) for array in arrays):
        return False
    made = computed(view, arrays)
    if made is not None:
        graph.constants[view.outputs[0]] = made
    return made is not None


def to_real(view: View) -> bool:
    """Whether a node makes numbers with a point."""
    return view.kind == "Cast" and np.dtype(helper.tensor_dtype_to_np_dtype(view.attributes["to"])).kind == "f"


def is_small(array: Array, kind: str) -> bool:
    """Sizes, single numbers, and the factors of a resize, which are joined."""
    return array.size <= (FACTORS if kind == "Concat" else 1) or (array.dtype.kind in "iu" and array.size <= LARGEST)


def computed(view: View, arrays: Sequence[Array]) -> Array | None:
    """The result, None where the node is none of those that sizes are computed with."""
    if view.kind == "Unsqueeze":
        axes = view.attributes.get("axes") or arrays[1].reshape(-1).tolist()
        return np.expand_dims(arrays[0], tuple(int(a) for a in axes))
    if view.kind == "Cast":
        return arrays[0].astype(helper.tensor_dtype_to_np_dtype(view.attributes["to"]))
    if view.kind == "ConstantOfShape":
        value = np.asarray(view.attributes.get("value", np.float32(0))).reshape(-1)[0]
        shape = tuple(arrays[0].reshape(-1).tolist())
        return np.full(shape, value) if prod(shape) <= LARGEST else None
    if view.kind == "Transpose":
        return np.transpose(arrays[0], view.attributes.get("perm"))
    if "" in view.inputs[: len(arrays)]:
        return None  # an input before the last is left out
    along_first = view.attributes.get("axis", 0) == 0 or arrays[0].ndim < 2
    if view.kind not in COMPUTE or not along_first:
        return None
    try:
        return np.asarray(COMPUTE[view.kind](*arrays))
    except (ValueError, IndexError, TypeError):
        return None
