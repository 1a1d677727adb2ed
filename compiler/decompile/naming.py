"""What blocks, models and values are called: after the source's classes where it tells, else after what they do."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from ..ops.base import OPERATORS
from .columns import fresh
from .items import Body, Item, Use, walk
from .network import Network

RESERVED = {"as", "for", "in", "if", "elif", "else", "and", "or", "not", "let", "share", "input", "output", "repeat"}
RESERVED |= {"import", "from", "model", "block", "defaults", "train", "x", "residual", "shortcut", "branch", "group"}
RESERVED |= {"sequential", "expect", "allow", "true", "false", "none", "same", "valid", "causal"}

CONVOLUTIONS = {"conv", "depthwise_conv", "separable_conv", "conv_transpose"}


def block_name(window: Any, items: Sequence[Item], network: Network) -> str:
    """A name for a new block, not made unique yet: that of its class where no block within it has it."""
    name = _class_name(window, network)
    within = {item.head for item in walk(items) if isinstance(item, Use)}
    return name if name and name not in within else _by_content(items)


def _class_name(window: Any, network: Network) -> str:
    """The class of the module that the window is, in the source."""
    weighted = [n for n in window.layers if network.layers[n].facts.weights]
    common = network.common_path(weighted)
    module = ".".join(common[:-1] if len(weighted) == 1 else common)
    name = network.classes.get(module, "") if weighted else ""
    return "" if name in ("Sequential", "ModuleList", "ModuleDict", "") else snake(name)


def _by_content(items: Sequence[Item]) -> str:
    """A common name for what the items do."""
    every = list(walk(items))
    heads = [item.head for item in every if isinstance(item, (Use, Body))]
    convolutions = [h for h in heads if h in CONVOLUTIONS]
    if isinstance(items[-1], Use) and items[-1].head == "multiply" and any("pool" in h for h in heads):
        return "squeeze_excite"
    if "residual" in heads and "depthwise_conv" in heads:
        return "inverted_residual"
    if "residual" in heads:
        sizes = [dict(i.args).get("size") for i in every if isinstance(i, Use) and i.head == "conv"]
        return "bottleneck" if sizes[:1] == [(1, 1)] and len(convolutions) >= 3 else "residual_block"
    if any(isinstance(i, Body) for i in items) or heads[-1] == "concat":
        last = items[-1]
        grows = isinstance(last, Use) and last.head == "concat" and len(last.inputs) <= 2
        return "dense_layer" if grows else "inception"
    if "depthwise_conv" in convolutions:
        return "inverted" if convolutions[0] == "conv" else "separable"
    if len(convolutions) == 1 and heads[0] in CONVOLUTIONS:
        return "unit"
    return "stack" if len(convolutions) > 1 else "part"


def unique(name: str, taken: Iterable[str]) -> str:
    """The name as an identifier that is no word of the language and not taken."""
    name = re.sub(r"\W+", "_", name).strip("_") or "part"
    name = f"n{name}" if name[0].isdigit() else name
    return fresh(name, {*taken, *RESERVED, *OPERATORS})


def snake(name: str) -> str:
    """`BasicBlock` as `basic_block`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower().strip("_")


def model_name(text: str) -> str:
    """A model's name from a file's or a graph's: `my-net` as `MyNet`."""
    words = re.findall(r"[A-Za-z0-9]+", text)
    name = "".join(w[0].upper() + w[1:] for w in words) or "Net"
    return f"Net{name}" if name[0].isdigit() else name
