"""A value of the compile time -> its parts: `value.name`, `value[key]`, `value[low:high]`."""

from __future__ import annotations

from typing import Any

from . import syntax as s
from .arithmetic import whole
from .fault import Fault, did_you_mean
from .graph import Port
from .values import POISON, Family, Instance, Poisoned, describe, show

SIZES = {"height": (2, -3), "width": (2, -2), "depth": (3, -4), "length": (1, -2)}
"""Where a size stands in a shape, and the number of spatial dimensions from which it exists."""


def member(value: Any, expr: s.Member) -> Any:
    """`value.name`: an inner value of a block, a size of a map, an entry of a map of names."""
    if value is POISON:
        raise Poisoned
    if isinstance(value, Instance):
        if expr.name in value.names:
            binding = value.names[expr.name]
            binding.read = True
            return binding.value
        value = outcome(value, expr)
    if isinstance(value, Port):
        return size_of(value, expr)
    if isinstance(value, dict) and expr.name in value:
        return value[expr.name]
    raise Fault("type", f"{describe(value)} has no `{expr.name}`", expr.span)


def outcome(value: Instance, expr: s.Member) -> Port:
    """The result of a block, where it has no inner value of a name but a size may be meant."""
    if value.value is POISON:
        raise Poisoned
    if not isinstance(value.value, Port) or expr.name not in (*SIZES, "channels", "shape"):
        hint = did_you_mean(expr.name, [*value.names, *SIZES, "channels", "shape"])
        raise Fault("unknown-name", f"it has no inner value `{expr.name}`", expr.span, help=hint)
    return value.value


def size_of(value: Port, expr: s.Member) -> Any:
    """`value.channels`, `.height`, `.width`, `.depth`, `.length`, `.shape`"""
    shape = value.shape
    if expr.name == "shape":
        return tuple(shape)
    if expr.name == "channels":
        size = shape.channels
    elif expr.name in SIZES:
        rank, position = SIZES[expr.name]
        if shape.rank < rank or (expr.name == "length" and shape.rank != 1):
            raise Fault("type", f"{describe(value)} has no {expr.name}", expr.span)
        size = shape[position]
    else:
        known = [*SIZES, "channels", "shape"]
        raise Fault(
            "unknown-name", f"a value has no `{expr.name}`", expr.span,
            help=did_you_mean(expr.name, known) or f"it has {', '.join(known)}",
        )  # fmt: skip
    if size is None:
        raise Fault("open-size", f"its {expr.name} is not known while compiling: the shape is {shape}", expr.span)
    return size


def element(value: Any, index: Any, expr: s.Index) -> Any:
    """`value[index]` of a list, a map or a family of values."""
    if isinstance(value, Instance):
        value = value.value
    if value is POISON or index is POISON:
        raise Poisoned
    index = whole(index)
    if isinstance(value, (dict, Family)):
        return keyed(value, index, expr)
    if not isinstance(value, (list, tuple, str)) or isinstance(value, Port):
        raise Fault("type", f"{describe(value)} has no elements", expr.span)
    if isinstance(index, bool) or not isinstance(index, int):
        raise Fault("type", f"an index is a whole number, found {describe(index)}", expr.index.span)
    if not -len(value) <= index < len(value):
        raise Fault("index", f"index {index} is outside: there are {len(value)} elements", expr.index.span)
    return value[index]


def keyed(value: Any, key: Any, expr: s.Index) -> Any:
    items = value if isinstance(value, dict) else value.items
    try:
        return items[key]
    except (KeyError, TypeError):
        if isinstance(value, Family) and value.poisoned:
            raise Poisoned from None
        there = ", ".join(show(k) for k in list(items)[:8])
        family = isinstance(value, Family)
        if family:
            there = ", ".join(f"`{value.name}[{k}]`" for k in list(items)[:8])
        what = f"`{value.name}[{show(key)}]` is not bound" if family else f"there is no key {show(key)}"
        raise Fault("index", what, expr.index.span, help=f"there are {there}" if there else "") from None


def sliced(value: Any, low: Any, high: Any, expr: s.Slice) -> Any:
    """`value[low:high]`"""
    if any(v is POISON for v in (value, low, high)):
        raise Poisoned
    if isinstance(value, Family):
        value = list(value)
    if not isinstance(value, (list, tuple, str)):
        raise Fault("type", f"{describe(value)} has no elements", expr.span)
    low, high = whole(low), whole(high)
    if not all(n is None or (isinstance(n, int) and not isinstance(n, bool)) for n in (low, high)):
        raise Fault("type", "the ends of a slice are whole numbers", expr.span)
    return value[low:high]
