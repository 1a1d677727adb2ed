"""Maps of another size: borders, enlargement."""

from __future__ import annotations

from typing import Any

import torch

from ....compiler.decompile import make
from ....compiler.frontends.arranged import Map, first
from ....compiler.frontends.unread import Unread
from ...lowering.rules.resize import cubic
from ..calls import called, function, given
from ..reader import Reader, ends, reads

PADS = {"constant": "zeropad", "reflect": "reflection_pad", "replicate": "edge_pad"}


@reads("pad", "constant_pad_nd", "zero_pad2d")
def pad(to: Reader, node: Any) -> Map:
    """Pairs from the last axis on."""
    numbers = list(node.args[1])
    if not any(numbers):
        return to.map(node.args[0])
    x = to.first(node.args[0])
    rank = to.shape(x).rank
    named = str(node.target).startswith("aten.pad")
    mode = given(node, 2, "mode", "constant") if named else "constant"
    value = given(node, 3 if named else 2, "value")
    if len(numbers) > 2 * rank or mode not in PADS:
        raise Unread(f"it pads by {numbers} with `{mode}`")
    pairs = [(numbers[i], numbers[i + 1]) for i in range(0, len(numbers), 2)]
    full = tuple([(0, 0)] * (rank - len(pairs)) + list(reversed(pairs)))
    if min(min(p) for p in full) < 0:
        return to.layer(make("crop", border=tuple((-a, -b) for a, b in full)), [x])
    extra = {"value": float(value)} if mode == "constant" and value else {}
    return to.layer(make(PADS[mode], border=full, **extra), [x])


KINDS = {"nearest": (1, 2, 3), "linear": (1,), "bilinear": (2,), "trilinear": (3,), "bicubic": (2,)}


@reads(*(f"upsample_{kind}{rank}d" for kind, ranks in KINDS.items() for rank in ranks))
def upsample(to: Reader, node: Any) -> Map:
    kind = function(node).split("_")[1][:-2]
    options: dict[str, Any] = {"mode": kind}
    if kind != "nearest" and node.args[2]:
        options["align_corners"] = True
    if kind == "bicubic":
        options["a"] = -0.75
    before, after = (n.meta["val"].shape[2:] for n in (node.args[0], node))
    if kind == "nearest" and any(m % n for n, m in zip(before, after)):
        options["mode"] = "nearest_floor"
    return resized(to, node, options)


@reads("_upsample_nearest_exact1d", "_upsample_nearest_exact2d", "_upsample_nearest_exact3d")
def upsample_exact(to: Reader, node: Any) -> Map:
    return resized(to, node, {"mode": "nearest"})


def resized(to: Reader, node: Any, options: dict[str, Any]) -> Map:
    x = to.first(node.args[0])
    asked, factors = node.args[1], node.args[-1]
    if asked is None and all(f == int(f) and f >= 1 for f in factors):
        return to.layer(make("upsample", factor=tuple(int(f) for f in factors), **options), [x])
    return to.sized(make("upsample", **options), [x], node)


@ends("matmul")
def cubic_in_steps(to: Reader, node: Any) -> Map | None:
    """Rows and columns of weights on both sides of a map: Keras's bicubic interpolation."""
    inner, columns = node.args[:2]
    if not called(inner, "matmul") or not to.is_weight(columns) or not to.is_weight(inner.args[0]):
        return None
    source, rows = inner.args[1], to.array(inner.args[0])
    sides = (rows, to.array(columns).mT)
    if any(side.ndim != 2 or not torch.allclose(side, cubic(side.shape[1], side.shape[0], side)) for side in sides):
        return None
    shapes = list(zip(to.known_shapes(source), to.known_shapes(node)))
    factors = {tuple(m / n for n, m in zip(before[2:], after[2:])) for before, after in shapes}
    (factor, *others) = factors
    op, x = make("upsample", mode="bicubic"), to.first(source)
    if not others and len(shapes) > 1 and all(f == int(f) for f in factor):
        return to.layer(op.changed(factor=tuple(map(int, factor))), [x])
    return to.sized(op, [x], node)


@reads("pixel_shuffle", "pixel_unshuffle")
def pixel_shuffle(to: Reader, node: Any) -> Map:
    word = function(node)
    return to.layer(make(word, factor=node.args[1]), [to.first(node.args[0])])


@reads("expand", "expand_as")
def expanded(to: Reader, node: Any) -> Map:
    """Sizes of 1 repeated: by the product that takes it, or by a layer of its own."""
    x = to.map(node.args[0])
    before, after = (list(n.meta["val"].shape) for n in (node.args[0], node))
    rank = len(x.axes) - 1
    if before == after or all("mul" in str(user.target) for user in node.users):
        return x
    if before[:2] != after[:2] or set(before[2:]) != {1} or x.axes != first(rank):
        raise Unread(f"it repeats {before} as {after}")
    return to.sized(make("upsample"), [x], node)
