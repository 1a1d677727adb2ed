"""What the layers of an archive of ours are together."""

from __future__ import annotations

from typing import Any

from ..arguments import COMMON, pairs
from ..together import Config, Parts, Whole, rank, stem, together
from .activation import PLAIN, WORDS

WINDOWED = "Conv|DepthwiseConv|SeparableConv"
ACTED = f"{WINDOWED}|ConvTranspose|Dense|LocallyConnected"
FUNCTIONS = {**PLAIN, **WORDS, "Glu": "glu"}


def constant(layer: Config, position: int = 1) -> Any:
    """An argument of a layer's first call that is a number, or numbers."""
    value = layer["inbound_nodes"][0]["args"][position]
    return value["config"]["value"] if isinstance(value, dict) else value


def with_activation(whole: Config, value: Any) -> Whole | None:
    if whole["config"].get("activation") not in (None, "linear"):
        return None
    config = {**whole["config"], "activation": value}
    return Whole(str(whole["class_name"]), config, bool(whole.get("registered_name")), gives=("act",))


@together({"": ACTED, "act": "ReLU|LeakyReLU|ELU|Activation|" + "|".join(FUNCTIONS)})
def activated(parts: Parts) -> Whole | None:
    """An activation that is no word."""
    kind, given = parts["act"]["class_name"], parts["act"]["config"]
    config = {key: given[key] for key in given.keys() - COMMON}
    if kind == "Activation":
        return with_activation(parts[""], config["activation"])
    if kind not in FUNCTIONS:
        return with_activation(parts[""], {"class_name": kind, "config": config})
    called = {"word": FUNCTIONS[kind], "numbers": config}
    return with_activation(parts[""], {"class_name": "Function", "config": called} if config else FUNCTIONS[kind])


def stretched(slope: Config, bend: Config, last: Config) -> dict[str, Any] | None:
    if slope["config"].get("offset") or last["config"].get("offset"):
        return None
    numbers = {"amplitude": last["config"]["scale"], "slope": slope["config"]["scale"]}
    return {"word": bend["config"]["activation"], **numbers}


@together({"": ACTED, "slope": "Rescaling", "bend": "Activation", "act": "Rescaling"})
def acted_stretched(parts: Parts) -> Whole | None:
    numbers = stretched(parts["slope"], parts["bend"], parts["act"])
    return with_activation(parts[""], {"class_name": "Stretched", "config": numbers}) if numbers else None


@together({"slope": "Rescaling", "act": "Activation", "": "Rescaling"})
def scaled_function(parts: Parts) -> Whole | None:
    numbers = stretched(parts["slope"], parts["act"], parts[""])
    return (
        Whole("Activation", {"activation": {"class_name": "Stretched", "config": numbers}}, own=False)
        if numbers
        else None
    )


@together({"pad": "ZeroPadding", "": f"{WINDOWED}|AveragePooling|L2Pooling"})
def bordered(parts: Parts) -> Whole | None:
    whole = parts[""]
    if whole["config"].get("padding", "valid") not in ("valid", 0):
        return None
    config = {**whole["config"], "padding": pairs(parts["pad"]["config"]["padding"])}
    return Whole(str(whole["class_name"]), config, bool(whole.get("registered_name")))


@together({"": "ConvTranspose", "crop": "Cropping"})
def cut(parts: Parts) -> Whole | None:
    whole = parts[""]
    if whole["config"].get("padding", "valid") != "valid":
        return None
    crops = pairs(parts["crop"]["config"]["cropping"])
    return Whole(str(whole["class_name"]), {**whole["config"], "padding": crops}, own=False, gives=("crop",))


@together({"squares": "Square", "mean": "AveragePooling", "sum": "Rescaling", "": "Sqrt"})
def l2pool(parts: Parts) -> Whole | None:
    mean = parts["mean"]["config"]
    config = {"size": mean["pool_size"], "strides": mean["strides"], "padding": 0, "ceil": False}
    return Whole(f"L2Pooling{rank(parts['mean'])}", config)


SHARES = {"shares1": "Multiply", "shares2": "Multiply", "shares3": "Multiply"}


@together({"": "AveragePooling|MaxPooling", "windows1": "Take"}, {"windows2": "Take", "windows3": "Take", **SHARES})
@together({"": "AveragePooling|MaxPooling", "windows2": "Take"}, {"windows3": "Take", **SHARES})
@together({"": "AveragePooling|MaxPooling", "windows3": "Take"}, SHARES)
def adaptive(parts: Parts) -> Whole | None:
    """As many windows as there are."""
    pool = parts[""]["config"]
    counts = []
    for axis, size in enumerate(pool["pool_size"], 1):
        places = constant(parts[f"windows{axis}"]) if f"windows{axis}" in parts else None
        n = taken_from(parts, axis)
        out = (len(places) if places else n) // size
        windows = [list(range(i * n // out, -(-(i + 1) * n // out))) for i in range(out)]
        laid = [place for window in windows for place in window + window[-1:] * (size - len(window))]
        if laid != (places or list(range(n))):
            return None
        counts.append(out)
    kind = "Average" if stem(parts[""]).startswith("Average") else "Max"
    return Whole(f"Adaptive{kind}Pooling{rank(parts[''])}", {"output_size": counts})


def taken_from(parts: Parts, axis: int) -> int:
    """The size of the map along an axis."""
    first = min(part for part in parts if part.startswith("windows"))
    tensor = parts[first]["inbound_nodes"][0]["args"][0]
    return int(tensor["config"]["shape"][axis])


LRN = {"squares": "Square", "pad": "Pad", "deep": "ExpandDims", "mean": "AveragePooling", "flat": "Squeeze",
       "base": "Rescaling", "factor": "Power", "": "Multiply"}  # fmt: skip


@together(LRN)
def lrn(parts: Parts) -> Whole | None:
    size, base = parts["mean"]["config"]["pool_size"][-1], parts["base"]["config"]
    rounded = float(f"{base['scale'] / size:.12g}")
    alpha = rounded if rounded * size == base["scale"] else base["scale"] / size
    numbers = {"size": size, "alpha": alpha, "beta": -constant(parts["factor"]), "k": base["offset"]}
    return Whole("LocalResponseNormalization", numbers)


@together({"zeros": "Rescaling", "noise": "GaussianNoise", "half": "Rescaling", "deviation": "Exp",
           "around": "Multiply", "": "Add"})  # fmt: skip
def sampling(parts: Parts) -> Whole | None:
    numbers = (parts["zeros"]["config"]["scale"], parts["noise"]["config"]["stddev"], parts["half"]["config"]["scale"])
    return Whole("Sampling", {}) if numbers == (0, 1, 0.5) else None


@together({"drop": "Dropout", "": "Add"})
def dropped(parts: Parts) -> Whole | None:
    noise = parts["drop"]["config"].get("noise_shape")
    alone = noise is not None and set(noise[1:]) <= {1}
    return Whole("Add", {"drop": parts["drop"]["config"]["rate"]}) if alone else None


@together({"scaled": "Rescaling", "": "Add"})
def scaled_add(parts: Parts) -> Whole | None:
    config = parts["scaled"]["config"]
    return None if config["offset"] else Whole("CustomScaleLayer", {"scale": config["scale"]})


@together({"apart": "Reshape", "turned": "Permute", "": "Reshape"})
def rearranged(parts: Parts) -> Whole | None:
    split, order = parts["apart"]["config"]["target_shape"], list(parts["turned"]["config"]["dims"])
    old = parts["apart"]["inbound_nodes"][0]["args"][0]["config"]["shape"][1:]
    new = parts[""]["config"]["target_shape"]
    rank = len(old) - 1
    if len(split) == rank + 2 and order == [*range(1, rank + 1), rank + 2, rank + 1] and old == new:
        return Whole("ChannelShuffle", {"groups": split[rank]})
    if not rank or len(split) != 2 * rank + 1:
        return None
    shuffled = [*(axis for i in range(rank) for axis in (1 + i, 2 + rank + i)), 1 + rank]
    if order == shuffled and new[-1] == split[rank] and old[:-1] == split[:rank]:
        return Whole(f"PixelShuffle{rank}D", {"factor": split[-1]})
    if order == [*range(1, 2 * rank, 2), 2 * rank + 1, *range(2, 2 * rank + 1, 2)] and old[-1] == split[-1]:
        return Whole(f"PixelUnshuffle{rank}D", {"factor": split[1]})
    return None
