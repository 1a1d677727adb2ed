"""What a recipe says that is checked and not carried out yet: told before anything is loaded, never passed over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ...compiler.diagnostics import Diagnostic
from ...compiler.ops.record import Record
from ...compiler.recipes import course, learning
from ...compiler.recipes.base import Part
from ...compiler.recipes.data import Data, Triplets, Twos
from ...compiler.recipes.record import Recipe
from ...compiler.recipes.steps import Steps
from ..data.opening import TAKEN, opens
from ..weights.read import named

BY_SOURCE = ("quantize", "shift", "alphabet", "length")
"""Arguments of `data` that some sources make use of."""


def refusals(recipe: Recipe) -> Iterator[Diagnostic]:
    """A diagnostic for everything that a run would have to pass over."""
    for said in recipe.everything():
        for what in unrun(said.entry):
            if said.span is not None:
                hint = f"leave it out with `--set {said.entry.entry}=none`"
                if isinstance(said.entry, Data):
                    hint = "give a folder of class folders with `--data`, or learn `--data digits`"
                message = f"`{what}` is checked, but not run yet"
                yield Diagnostic("error", "not-run-yet", message, said.span, help=hint)


def unrun(entry: Record) -> Iterator[str]:
    """What of one entry is not carried out."""
    if entry.later:
        yield entry.word
        return
    yield from (f"{name}=" for name, field in entry.fields.items() if field.later and getattr(entry, name) is not None)
    if isinstance(entry, Data):
        left = set(BY_SOURCE) - set(TAKEN.get(type(entry.source), ()))
        yield from (f"{name}=" for name in BY_SOURCE if name in left and getattr(entry, name) is not None)
    if isinstance(entry, learning.Loss):
        yield from unrun_of_loss(entry)
    if isinstance(entry, Data) and entry.sample is not None and not isinstance(entry.sample, (Triplets, Twos)):
        yield f"sample={entry.sample.word}"
    if isinstance(entry, learning.Weights) and not (named(entry.source) or Path(entry.source).suffix):
        yield f"weights from={entry.source}"
    for part in parts(entry):
        yield from unrun_part(part)


PLACES = ("step", "place", "pixel", "voxel")
"""What a term is `per` where outputs are maps: losses are means over places anyway."""


def unrun_of_loss(loss: learning.Loss) -> Iterator[str]:
    if loss.target not in (None, "label", "input"):
        yield f"target={loss.target}"
    if loss.per not in (None, *PLACES):
        yield f"per={loss.per}"
    whole = (learning.Dice, learning.Triplet, learning.Contrastive, learning.KLNormal)
    if loss.weight_map is not None and isinstance(loss, whole):
        yield "weight_map="
    if loss.reduce == "sum" and isinstance(loss, whole) and not isinstance(loss, learning.KLNormal):
        yield "reduce=sum"


def unrun_part(part: Record) -> Iterator[str]:
    if part.later:
        yield part.word
    elif isinstance(part, Part) and part.kind == "source" and not opens(part):
        yield f"data {part.word}"


def parts(entry: Record) -> tuple[Record, ...]:
    """The words inside an entry."""
    if isinstance(entry, Steps):
        return entry.steps
    if isinstance(entry, Data):
        return (entry.source,)
    if isinstance(entry, course.Measures):
        return entry.measures
    return entry.logs if isinstance(entry, course.Logging) else ()
