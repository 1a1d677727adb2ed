"""Maps of another size: borders, enlargement."""

from __future__ import annotations

from typing import Any

from ....compiler.decompile import make
from ....compiler.frontends.arranged import Map, first
from ....compiler.frontends.unread import Unread
from ..calls import function, given, sizes
from ..reader import Reader, reads

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


@reads("upsample_nearest2d", "upsample_bilinear2d", "upsample_bicubic2d", "upsample_nearest1d", "upsample_nearest3d")
def upsample(to: Reader, node: Any) -> Map:
    x = to.first(node.args[0])
    kind = function(node)
    rank, shape = to.shape(x).rank, to.shape(x)
    asked, factors = node.args[1], node.args[-1]
    options: dict[str, Any] = {"mode": "bilinear" if "linear" in kind else "bicubic" if "cubic" in kind else "nearest"}
    if options["mode"] != "nearest" and node.args[2]:
        options["align_corners"] = True
    if options["mode"] == "bicubic":
        options["a"] = -0.75
    if asked is None and all(f == int(f) for f in factors):
        return to.layer(make("upsample", factor=tuple(int(f) for f in factors), **options), [x])
    out = tuple(asked) if asked is not None else tuple(int((n or 0) * f) for n, f in zip(shape.spatial, factors))
    if options["mode"] == "nearest" and any(m % (n or 1) for n, m in zip(shape.spatial, out)):
        options["mode"] = "nearest_floor"
    return to.layer(make("upsample", to=sizes(out, rank), **options), [x])


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
    return to.layer(make("upsample", to=tuple(after[2:])), [x])
