"""The types of arguments that only recipes have, and how written values become them."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..convert import OutOfRange, Unfit, bound_record, converts, numbers
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
        return f"{self.number:g} {self.unit.removesuffix('s') if self.number == 1 else self.unit}".rstrip()


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


def items_of(value: Any) -> Any:
    """The items of a list or tuple, or the value alone; amounts and words are tuples only to Python."""
    return value if type(value) in (tuple, list) else (value,)


@converts("Length", "a number of epochs, or with a unit such as `500 steps`")
def length(field: Arg, value: Any) -> Length:
    if plain(value):
        return Length(value)
    if not isinstance(value, Amount) or value.unit not in UNITS:
        raise Unfit
    return Length(value.number, UNITS[value.unit])


@converts("Angles", "an angle such as `10 deg`, or a range of two")
def angles(field: Arg, value: Any) -> Angles:
    items = items_of(value)
    found = tuple(item.number if isinstance(item, Amount) and item.unit == "deg" else item for item in items)
    if len(found) not in (1, 2) or not all(map(plain, found)):
        raise Unfit
    return ascending(tuple(float(n) for n in found))


@converts("Range", "a number, or a lowest and a highest such as (0.8, 1.2)")
def from_to(field: Arg, value: Any) -> Range:
    found = numbers(field, value)
    if len(found) > 2:
        raise Unfit
    return ascending(found)


def ascending(found: Range) -> Range:
    """A range that has something in it."""
    if found[0] > found[-1]:
        raise OutOfRange(f"runs from {found[0]:g} down to {found[-1]:g}")
    return found


@converts("Shifts", "a share of the side such as 0.1, pixels such as `2 px`, or one for width and one for height")
def shifts(field: Arg, value: Any) -> tuple[Shift, ...]:
    items = items_of(value)
    pixels = [Shift(v.number, "px") if isinstance(v, Amount) and v.unit == "px" else v for v in items]
    made: tuple[Any, ...] = tuple(Shift(float(v)) if not isinstance(v, Shift) and plain(v) else v for v in pixels)
    if len(made) not in (1, 2) or not all(isinstance(v, Shift) for v in made):
        raise Unfit
    return made


@converts("Name", "a name, or a path as a string")
def name(field: Arg, value: Any) -> Name:
    if isinstance(value, Symbol) and not value.args and not value.named:
        return value.word
    if not isinstance(value, str):
        raise Unfit
    return value


@converts("Names", "one name or several such as [width, height]")
def names(field: Arg, value: Any) -> Names:
    items = items_of(value)
    if not items:
        raise Unfit
    return tuple(name(field, item) for item in items)


def words(type: str, kind: str, what: str, example: str, several: bool = False) -> None:
    """A type of which one is a word of PARTS[kind] with its arguments."""
    among = "one or several of" if several else "one of"

    def one(value: Any) -> Part:
        found = bound_record(value, PARTS[kind])
        if not isinstance(found, Part):
            raise Unfit(f"{among} {', '.join(f'`{word}`' for word in PARTS[kind])}, such as `{example}`")
        return found

    @converts(type, f"{what} such as `{example}`")
    def made(field: Arg, value: Any) -> Any:
        return tuple(map(one, items_of(value))) if several else one(value)


words("Source", "source", "a source", 'folder("data")')
words("Metrics", "metric", "one metric or several,", "top(5)", several=True)
words("Logs", "log", "one log or several,", 'csv("log.csv")', several=True)
words("Sampler", "sampler", "a way to draw,", "triplets(classes=45, per_class=40)")
words("Quantizer", "quantizer", "a quantiser", "mu_law(256)")
words("WeightMap", "weight_map", "a map of weights", "border(w0=10, sigma=5)")

__all__ = [
    "Angles", "Initializer", "Length", "Logs", "Metrics", "Name", "Names", "Numbers", "Quantizer", "Range", "Sampler",
    "Shift", "Shifts", "Sizes", "Source", "WeightMap",
]  # fmt: skip
