"""What layers whose weights lie in layers of their own, and places of maxima, are together in an archive of ours."""

from __future__ import annotations

from typing import Any

from ..arguments import pairs
from ..together import Parts, Whole, together
from .wholes import constant

ROWS = {"first": "Argmax", "zero": "ZerosLike", "rows": "Add"}

NORMED = {
    **ROWS, "weight_v": "Embedding", "weight_g": "Embedding", "squares": "Square", "total": "Sum", "length": "Sqrt",
    "factor": "Divide", "scaled": "Multiply", "laid": "Reshape", "kernel": "Transpose",
}  # fmt: skip


@together({**NORMED, "": "Conv"}, {"pad": "ZeroPadding"})
@together({**NORMED, "conv": "Conv", "bias": "Embedding", "vector": "Reshape", "": "Add"}, {"pad": "ZeroPadding"})
def weight_normed(parts: Parts) -> Whole | None:
    conv, (out, _, *size) = parts.get("conv", parts[""])["config"], parts["laid"]["config"]["newshape"]
    config = {
        "filters": out, "kernel_size": size, "strides": conv["strides"], "dilation_rate": conv["dilation_rate"],
        "padding": border(parts), "groups": 1, "use_bias": "bias" in parts, "activation": None, "fixed": None,
        "weight_norm": True,
    }  # fmt: skip
    return Whole(f"Conv{len(size)}D", config)


def border(parts: Parts) -> Any:
    """The border that the layers begin with, in pairs."""
    if "pad" not in parts:
        return 0
    config = parts["pad"]["config"]
    return pairs(config["padding"]) if "padding" in config else pairs(config["pad_width"])[1:-1]


@together({"": "EinsumDense", "turned": "Permute", "taps1": "Take"},
          {"pad": "ZeroPadding", "taps2": "Take", "taps3": "Take"})  # fmt: skip
def local_conv(parts: Parts) -> Whole | None:
    config = parts[""]["config"]
    taps = [constant(parts[part]) for part in ("taps1", "taps2", "taps3") if part in parts]
    given = {
        "filters": config["output_shape"][0], "kernel_size": [len(windows[0]) for windows in taps],
        "strides": [windows[1][0] - windows[0][0] if len(windows) > 1 else 1 for windows in taps],
        "dilation": [windows[0][1] - windows[0][0] if len(windows[0]) > 1 else 1 for windows in taps],
        "border": border(parts) or [[0, 0]] * len(taps), "use_bias": bool(config.get("bias_axes")), "activation": None,
    }  # fmt: skip
    return Whole(f"LocallyConnected{len(taps)}D", given, gives=("turned",))


@together({**ROWS, "weight": "Embedding", "each": "ExpandDims", "differences": "Subtract", "squares": "Square",
           "": "Sum"})  # fmt: skip
def rbf(parts: Parts) -> Whole | None:
    held = parts["weight"]["config"]
    return Whole("RBF", {"units": held["input_dim"], "codes": None, "trainable": held.get("trainable", True)})


@together({"squares": "Square", "total": "Sum", "length": "Sqrt", "mean": "Mean", "base": "Rescaling",
           "share": "Divide", "shared": "Multiply", "": "EinsumDense", "sum": "Add"})  # fmt: skip
def response_norm(parts: Parts) -> Whole | None:
    return Whole("GlobalResponseNormalization", {"epsilon": parts["base"]["config"]["offset"]}, gives=("sum",))


WINDOWS = {"windows1": "Take", "windows2": "Take", "windows3": "Take"}


@together({"apart": "Reshape", "turned": "Permute", "windows": "Reshape", "": "Max", "tap": "Argmax", "step": "Take",
           "places": "Add"}, {"pad": "Pad", "place1": "Add", "place2": "Add", **WINDOWS})  # fmt: skip
def maxpool_places(parts: Parts) -> Whole | None:
    size = parts["apart"]["config"]["target_shape"][1:-1:2]
    config = {"size": size, "strides": [step(parts, axis, k) for axis, k in enumerate(size, 1)],
              "padding": border(parts), "ceil": False}  # fmt: skip
    return Whole(f"MaxPoolingWithArgmax{len(size)}D", config, gives=("", "places"))


def step(parts: Parts, axis: int, size: int) -> int:
    """From one window to the next; beyond the map where there is but one."""
    take = parts.get(f"windows{axis}")
    if take is None:
        return size
    laid, taken = constant(take), take["inbound_nodes"][0]["args"][0]["config"]["shape"][axis]
    return int(laid[size] - laid[0] if len(laid) > size else max(size, taken - size + 1))


SPREAD = {f"{word}{axis}": kind for word, kind in (
    ("maps", "Repeat"), ("places", "Repeat"), ("maps_cut", "Take"), ("places_cut", "Take"), ("within", "Subtract"),
) for axis in (1, 2, 3)}  # fmt: skip


@together({"maps1": "Repeat", "places1": "Repeat", "own": "Equal", "": "Where"}, SPREAD)
@together({"maps1": "Repeat", "places1": "Repeat", "own": "Equal", "kept": "Where", "": "ZeroPadding"}, SPREAD)
def unpool(parts: Parts) -> Whole | None:
    kept = parts.get("kept", parts[""])
    sizes = kept["inbound_nodes"][0]["args"][1]["config"]["shape"][1:-1]
    if "kept" in parts:
        sizes = [n + after for n, (_, after) in zip(sizes, pairs(parts[""]["config"]["padding"]))]
    return Whole(f"MaxUnpooling{len(sizes)}D", {"size": sizes}, begins=("maps1", "places1"))


@together({"edges1": "Take", "": "Take"}, {"edges2": "Take"})
@together({"edges2": "Take", "": "Take"})
def edge_pad(parts: Parts) -> Whole | None:
    shapes = [take["inbound_nodes"][0]["args"][0]["config"]["shape"] for take in parts.values()]
    border = [(0, 0)] * (len(shapes[0]) - 2)
    for take, shape in zip(parts.values(), shapes):
        axis = take["config"]["axis"]
        found = edges(constant(take), shape[axis])
        if found is None:
            return None
        border[axis - 1] = found
    return Whole(f"EdgePadding{len(border)}D", {"padding": border})


def edges(places: list[int], n: int) -> tuple[int, int] | None:
    """How often the first and the last of `n` places come again; None for other places."""
    before = places.index(n - 1) - (n - 1) if n - 1 in places else 0
    after = len(places) - n - before
    whole = [0] * before + [*range(n)] + [n - 1] * after
    return (before, after) if places == whole else None
