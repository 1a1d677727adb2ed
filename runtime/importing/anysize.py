"""Networks for inputs of any size: read at several sizes, and put together of what is the same at all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ...compiler.decompile import Builder, Layer, Network
from ...compiler.diagnostics import UserError
from ...compiler.ops.base import Op
from ...compiler.ops.geometry import SAME
from ...compiler.ops.structure import Input
from ...compiler.shape import Shape

SIDES = (128, 129, 191, 256)
"""What is put in for an open size: even and odd ones. A network need not take them all, but two at least."""


def closed(shape: Shape, side: int) -> Shape:
    """The shape with a number for each open size."""
    return Shape((*(side if n is None else n for n in shape.spatial), shape[-1]))


def common(found: Sequence[Network], shapes: Sequence[Shape], source: str) -> Network:
    """The network of which these are readings. UserError for a layer that is another one at another size."""
    build, (one, *_) = Builder(), found
    if any([layer.inputs for layer in other.layers] != [layer.inputs for layer in one.layers] for other in found):
        raise UserError(f"{source}: it is another network at another input size: give one with --input")
    waiting = list(shapes)
    for layers in zip(*(network.layers for network in found)):
        layer = layers[0]
        if isinstance(layer.op, Input):
            build.input(waiting.pop(0), layer.path)
        else:
            build.add(shared(layers, found, source), layer.inputs, layer.path, layer.weights, layer.shares)
    return replace(one, layers=tuple(build.layers))


def shared(layers: Sequence[Layer], found: Sequence[Network], source: str) -> Op:
    """The operator that a layer is at every size."""
    ops = [layer.op for layer in layers]
    if len(set(map(repr, ops))) == 1:
        return ops[0]
    if len({op.word for op in ops}) == 1:
        differing = {name for op in ops[1:] for name in op.fields if op.__dict__[name] != ops[0].__dict__[name]}
        if differing <= {"pad", "ceil", "count_pad"} and all(same(*pair) for pair in zip(layers, found)):
            return within_same(ops[0])
        if differing == {"shape"}:
            return ops[0].changed(shape=tuple(n if len(of) == 1 else None for of in held(ops) for n in of[:1]))
    name = layers[0].path or ops[0].word
    raise UserError(f"{source}: `{name}` hangs on the size of the input: give one with --input")


def held(ops: Sequence[Any]) -> list[list[int]]:
    """The sizes of reshapes, place by place."""
    return [list(dict.fromkeys(sizes)) for sizes in zip(*(op.shape for op in ops))]


def within_same(op: Op) -> Op:
    """The window with TensorFlow's border."""
    usual = {name: op.fields[name].default for name in ("ceil", "count_pad") if name in op.fields}
    return op.changed(pad=SAME, **usual)


def same(layer: Layer, network: Network) -> bool:
    """Whether the border of a window is TensorFlow's `same` at the size it was read at."""
    op: Any = layer.op
    x = network.shape(layer.inputs[0])
    if not hasattr(op, "sliding") or getattr(op, "counts_border", False):
        return False
    here, there = op.sliding(x), within_same(op).sliding(x)  # type: ignore[attr-defined]
    starts = [edge[0] for edge in here.borders] == [edge[0] for edge in there.borders]
    return starts and here.counts == there.counts
