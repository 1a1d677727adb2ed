"""Convolutions with a kernel for each place: windows unfolded, products place by place."""

from __future__ import annotations

from typing import Any

from ....compiler.decompile import make
from ....compiler.frontends.arranged import Map
from ....compiler.frontends.borders import bordered
from ....compiler.ops.geometry import VALID
from ..calls import called
from ..reader import Reader, ends


@ends("unflatten")
def local_conv(to: Reader, node: Any) -> Map | None:
    """bmm(rows of windows, kernels) with its places put last, and apart again."""
    turned = node.args[0]
    if not called(turned, "permute") or list(turned.args[1]) != [1, 2, 0] or not called(turned.args[0], "bmm"):
        return None
    rows, kernels = turned.args[0].args[:2]
    if not called(kernels, "mT") or not called(kernels.args[0], "reshape"):
        return None
    weight = kernels.args[0].args[0]
    windows = unfolded(rows)
    rank = len(node.args[2])
    if windows is None or not to.is_weight(weight) or to.array(weight).ndim != 2 * rank + 2 or len(windows[1]) != rank:
        return None
    (source, steps), (*places, out, _) = windows, to.array(weight).shape[: rank + 2]
    size = tuple(to.array(weight).shape[rank + 2 :])
    apart = tuple((span - 1) // (k - 1) if k > 1 else 1 for (span, _), k in zip(steps, size))
    if list(node.args[2]) != places or [(k - 1) * d + 1 for k, d in zip(size, apart)] != [span for span, _ in steps]:
        return None
    stride = tuple(step for _, step in steps)
    op = make("local_conv", out=out, size=size, stride=stride, dilation=apart, pad=VALID, bias=False)
    op, x = bordered(to, op, to.first(source))
    return to.layer(op, [x], {"weight": weight})


def unfolded(rows: Any) -> tuple[Any, list[tuple[int, int]]] | None:
    """The map behind rows of windows, and for each axis the places that a window spans and its step."""
    if not called(rows, "reshape") or not called(rows.args[0], "permute"):
        return None
    order, node, steps = list(rows.args[0].args[1]), rows.args[0].args[0], []
    while called(node, "alias", "slice", "unfold"):
        if called(node, "unfold"):
            axis, span, step = node.args[1:4]
            steps.append((axis, span, step))
        node = node.args[0]
    rank = len(steps)
    straight = sorted(steps) == list(reversed(steps)) and [axis for axis, *_ in sorted(steps)] == [*range(2, rank + 2)]
    if not straight or order != [*range(2, rank + 2), 0, 1, *range(rank + 2, 2 * rank + 2)]:
        return None
    return node, [(span, step) for _, span, step in sorted(steps)]


@ends("add")
def with_bias(to: Reader, node: Any) -> Map | None:
    """The same with a summand for each place and kernel."""
    made, bias = node.args[:2]
    if not called(made, "unflatten") or not to.is_weight(bias) or not isinstance(to.values.get(made.name), Map):
        return None
    layer = to.maker(to.map(made))
    if layer.op.word != "local_conv" or to.is_buffer(bias):
        return None
    arrays = {**layer.weights, "bias": to.array(bias).numpy()}
    return Map(to.build.add(layer.op.changed(bias=True), layer.inputs, layer.path, arrays), to.map(made).axes)
