"""Borders, crops and other sizes."""

from __future__ import annotations

from ....decompile.network import Ref, make
from ...unread import Unread
from ..arguments import last, pairs, sizes
from ..call import Call, ranked, reads


@reads(*ranked("ZeroPadding#D"))
def zeropad(call: Call) -> list[Ref]:
    last(call.config)
    return call.one(make("zeropad", border=pairs(call.config["padding"])))


@reads("Pad")
def pad(call: Call) -> list[Ref]:
    """`ops.pad` of places."""
    words = {"constant": "zeropad", "reflect": "reflection_pad", "edge": "edge_pad"}
    mode, border = call.config.get("mode", "constant"), pairs(call.config["pad_width"])
    if mode not in words or len(border) != len(call.shape) + 1 or any(border[0]) or any(border[-1]):
        raise Unread(f"it pads by {call.config['pad_width']} with `{mode}`: only places have a counterpart")
    value = call.numbers.get("constant_values", 0)
    return call.then(make(words[mode], border=border[1:-1], **({"value": float(value)} if value else {})))


@reads(*ranked("Cropping#D"))
def crop(call: Call) -> list[Ref]:
    last(call.config)
    return call.one(make("crop", border=pairs(call.config["cropping"])))


@reads("CenterCrop")
def center_crop(call: Call) -> list[Ref]:
    """The middle of the picture; the odd place goes behind."""
    wanted = (call.config["height"], call.config["width"])
    border = []
    for size, n in zip(call.shape.spatial, wanted):
        if size is None or size < n:
            raise Unread(f"it cuts {wanted[0]}x{wanted[1]} out of {call.shape}: the picture must be known and larger")
        border.append(((size - n) // 2, size - n - (size - n) // 2))
    return call.then(make("crop", border=tuple(border)))


@reads(*ranked("UpSampling#D"))
def upsample(call: Call) -> list[Ref]:
    last(call.config)
    mode = call.config.get("interpolation", "nearest")
    if mode not in ("nearest", "bilinear", "bicubic"):
        raise Unread(f"it interpolates by `{mode}`")
    return call.one(make("upsample", factor=sizes(call.config["size"]), mode=mode))


@reads("Resizing")
def resizing(call: Call) -> list[Ref]:
    config = call.config
    for name in ("crop_to_aspect_ratio", "pad_to_aspect_ratio", "antialias"):
        if config.get(name):
            raise Unread(f"its {name} is set")
    if config.get("interpolation", "bilinear") != "bilinear":
        raise Unread(f"it interpolates by `{config['interpolation']}`")
    return call.then(make("upsample", to=(config["height"], config["width"]), mode="bilinear"))
