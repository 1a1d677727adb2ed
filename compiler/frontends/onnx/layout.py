"""Whether an input has its channels last, as TensorFlow has them: told by what is done to it first."""

from __future__ import annotations

from .source import Graph, View

PASSED = {"Add", "Sub", "Mul", "Div", "Cast", "Identity", "Pad", "Relu", "Clip", "Neg", "Sqrt", "Dropout",
          "Unsqueeze"}  # fmt: skip
"""What is done to every place alike; the question goes on behind it."""

WINDOWS = {
    "Conv", "ConvTranspose", "MaxPool", "AveragePool", "LpPool", "GlobalAveragePool", "GlobalMaxPool",
    "BatchNormalization", "InstanceNormalization", "GroupNormalization", "LRN", "DepthToSpace", "SpaceToDepth", "PRelu",
}  # fmt: skip
"""What takes the channels to be first."""


def channels_last(graph: Graph, name: str, rank: int) -> bool:
    """Whether the first layer that cares finds the channels of an input last, or turned from there to the front."""
    waiting, seen = [(name, False, rank)] if rank else [], {name}
    while waiting:
        value, front, rank = waiting.pop(0)
        for view in graph.users.get(value, ()):
            found = told(graph, view, front, rank)
            if found is not None:
                return found
            to_front = view.attributes.get("perm") == [0, rank + 1, *range(1, rank + 1)]
            moved = view.kind == "Transpose" and to_front and not front
            if moved or view.kind in PASSED:
                new = [output for output in view.outputs if output not in seen]
                seen.update(new)
                waiting += [(output, front or moved, rank + (view.kind == "Unsqueeze")) for output in new]
    return False


def told(graph: Graph, view: View, front: bool, rank: int) -> bool | None:
    """What one layer says of the input, whose channels were brought to the front before where `front`; None for
    nothing."""
    if view.kind in WINDOWS:
        return front
    last = {-1, rank + 1}
    if view.kind == "LayerNormalization" and view.attributes.get("axis", -1) in last:
        return not front
    if view.kind == "MatMul" and graph.is_stored(view.inputs[1]):
        return not front
    if view.kind in ("ReduceMean", "ReduceMax"):
        axes, kept = {axis % (rank + 2) for axis in reduced(graph, view)}, view.attributes.get("keepdims", 1)
        return not front if axes == set(range(1, rank + 1)) or (kept and axes == {rank + 1}) else None
    return None


def reduced(graph: Graph, view: View) -> list[int]:
    """The axes of a reduction, where they are known."""
    if "axes" in view.attributes:
        return list(view.attributes["axes"])
    axes = graph.fixed(view.inputs[1]) if len(view.inputs) > 1 and graph.is_stored(view.inputs[1]) else None
    return [] if axes is None else [int(axis) for axis in axes.reshape(-1)]
