"""The types of arguments that only recipes have, and how written values become them."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..convert import CONVERTERS, OutOfRange, Unfit, bound_record, numbers
from ..ops.base import Initializer
from ..ops.geometry import Sizes
from ..ops.record import Arg
from ..values import Amount, Symbol
from .base import PARTS, Part

Name = str
"""A name of the model or a string: `main`, `"*.bias"`."""
Names = tuple[str, ...]
Angles = tuple[float, ...]
"""Degrees: one number for both directions, or (lowest, highest)."""
Numbers = tuple[float, ...]
Range = tuple[float, ...]
"""One number, or (lowest, highest)."""
Source = Part
Sampler = Part
Quantizer = Part
WeightMap = Part
Metrics = tuple[Part, ...]
Logs = tuple[Part, ...]


class Length(NamedTuple):
    """How long or how often: `500 steps`; without a unit it counts in that of the recipe (epochs, or steps)."""

    number: float
    unit: str = ""

    def __str__(self) -> str:
        return f"{self.number:g} {self.unit}".rstrip()


class Shift(NamedTuple):
    """How far: a share of the side, or pixels (`unit` `px`)."""

    number: float
    unit: str = ""


Shifts = tuple[Shift, ...]
"""One for both directions, or (width, height)."""


UNITS = {
    "epoch": "epochs", "epochs": "epochs", "step": "steps", "steps": "steps", "batch": "steps", "batches": "steps",
    "image": "images", "images": "images", "minute": "minutes", "minutes": "minutes", "hour": "hours", "hours": "hours",
}  # fmt: skip


def plain(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def several(value: Any) -> Any:
    """The items of a list or tuple, or the value alone; amounts and words are tuples only to Python."""
    return value if type(value) in (tuple, list) else (value,)


def length(field: Arg, value: Any) -> Length:
    if plain(value):
        return Length(value)
    if not isinstance(value, Amount) or value.unit not in UNITS:
        raise Unfit("a number of epochs, or with a unit such as `500 steps`")
    return Length(value.number, UNITS[value.unit])


def angles(field: Arg, value: Any) -> Angles:
    items = several(value)
    found = tuple(item.number if isinstance(item, Amount) and item.unit == "deg" else item for item in items)
    if len(found) not in (1, 2) or not all(map(plain, found)):
        raise Unfit("an angle such as `10 deg`, or a range of two")
    return ascending(tuple(float(n) for n in found))


def from_to(field: Arg, value: Any) -> Range:
    found = numbers(field, value)
    if len(found) > 2:
        raise Unfit("a number, or a lowest and a highest such as (0.8, 1.2)")
    return ascending(found)


def ascending(found: Range) -> Range:
    """A range that has something in it."""
    if found[0] > found[-1]:
        raise OutOfRange(f"runs from {found[0]:g} down to {found[-1]:g}")
    return found


def shifts(field: Arg, value: Any) -> tuple[Shift, ...]:
    items = several(value)
    pixels = [Shift(v.number, "px") if isinstance(v, Amount) and v.unit == "px" else v for v in items]
    made: tuple[Any, ...] = tuple(Shift(float(v)) if not isinstance(v, Shift) and plain(v) else v for v in pixels)
    if len(made) not in (1, 2) or not all(isinstance(v, Shift) for v in made):
        raise Unfit("a share of the side such as 0.1, pixels such as `2 px`, or one for width and one for height")
    return made


def name(field: Arg, value: Any) -> Name:
    if isinstance(value, Symbol) and not value.args and not value.named:
        return value.word
    if not isinstance(value, str):
        raise Unfit("a name, or a path as a string")
    return value


def names(field: Arg, value: Any) -> Names:
    items = several(value)
    if not items:
        raise Unfit("one name or several")
    return tuple(name(field, item) for item in items)


def part_of(kind: str, example: str) -> Any:
    """The converter for words of one kind."""

    def made(field: Arg, value: Any) -> Part:
        found = bound_record(value, PARTS[kind])
        if not isinstance(found, Part):
            raise Unfit(f"one of {', '.join(f'`{word}`' for word in PARTS[kind])}, such as `{example}`")
        return found

    return made


def parts_of(kind: str, example: str) -> Any:
    one = part_of(kind, example)

    def made(field: Arg, value: Any) -> tuple[Part, ...]:
        items = several(value)
        return tuple(one(field, item) for item in items)

    return made


CONVERTERS.update(
    {
        "Length": length,
        "Angles": angles,
        "Range": from_to,
        "Shifts": shifts,
        "Name": name,
        "Names": names,
        "Source": part_of("source", 'folder("data")'),
        "Metrics": parts_of("metric", "top(5)"),
        "Logs": parts_of("log", 'csv("log.csv")'),
        "Sampler": part_of("sampler", "triplets(classes=45, per_class=40)"),
        "Quantizer": part_of("quantizer", "mu_law(256)"),
        "WeightMap": part_of("weight_map", "border(w0=10, sigma=5)"),
    }
)

__all__ = [
    "Angles", "Initializer", "Length", "Logs", "Metrics", "Name", "Names", "Numbers", "Quantizer", "Range", "Sampler",
    "Shift", "Shifts", "Sizes", "Source", "WeightMap",
]  # fmt: skip
