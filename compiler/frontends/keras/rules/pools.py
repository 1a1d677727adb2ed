"""Pools, of windows and of everything."""

from __future__ import annotations

from dataclasses import replace

from ....decompile.network import Ref, make
from ....ops.pad import ZeroPad
from ...borders import widened, worded
from ...unread import Unread
from ..arguments import last, padding, sizes
from ..call import Call, ranked, reads

LOWEST = -3.4028234663852886e38
"""The lowest number in single precision: a border of it makes no difference to a maximum."""


@reads(*ranked("MaxPooling#D", "MaxPool#D", "AveragePooling#D", "AvgPool#D"))
def pool(call: Call) -> list[Ref]:
    config = call.config
    last(config)
    given = {"size": sizes(config["pool_size"]), "stride": sizes(config["strides"] or config["pool_size"])}
    if call.kind.startswith(("Average", "Avg")):
        return call.one(worded(make("avgpool", **given, pad=padding(config)), call.shape))
    op, taken = make("maxpool", **given, pad=padding(config)), call.inputs
    before = call.build.layers[taken[0].layer]
    if isinstance(before.op, ZeroPad) and before.op.value <= LOWEST:
        shape = call.build.shape(before.inputs[0])
        whole = widened(op, before.op.border, shape)
        op, taken = (worded(whole, shape), before.inputs) if whole is not None else (op, taken)
    return replace(call, inputs=taken).one(op)


@reads(*ranked("GlobalAveragePooling#D", "GlobalAvgPool#D"))
def global_avgpool(call: Call) -> list[Ref]:
    last(call.config)
    return call.one(make("global_avgpool", keep=call.config.get("keepdims", False)))


@reads(*ranked("GlobalMaxPooling#D", "GlobalMaxPool#D"))
def global_maxpool(call: Call) -> list[Ref]:
    last(call.config)
    return call.one(make("global_maxpool", keep=call.config.get("keepdims", False)))


@reads("Mean", "Max")
def reduced(call: Call) -> list[Ref]:
    """Over all places: a global pool."""
    axis, rank = call.config.get("axis"), call.shape.rank
    axes = {a % (rank + 2) for a in ([axis] if isinstance(axis, int) else axis or [])}
    if not rank or axes != set(range(1, rank + 1)):
        raise Unread(f"it takes the {call.kind.lower()} over {axis}: only all places together have a counterpart")
    word = "global_avgpool" if call.kind == "Mean" else "global_maxpool"
    return call.then(make(word, keep=bool(call.config.get("keepdims", False))))


@reads(*ranked("AdaptiveAveragePooling#D", "AdaptiveMaxPooling#D"))
def adaptive(call: Call) -> list[Ref]:
    word = "adaptive_avgpool" if "Average" in call.kind else "adaptive_maxpool"
    return call.then(make(word, out=sizes(call.config["output_size"])))
