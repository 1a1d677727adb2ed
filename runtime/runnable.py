"""What a recipe says that is checked and not carried out yet: told before anything is loaded, never passed over."""

from __future__ import annotations

from collections.abc import Iterator

from ..compiler.diagnostics import Diagnostic
from ..compiler.ops.base import Record
from ..compiler.recipes import course, learning
from ..compiler.recipes.data import Data, Digits, Folder
from ..compiler.recipes.record import Recipe
from ..compiler.recipes.steps import (
    Elastic,
    Exposure,
    HistogramMatch,
    Hue,
    Jitter,
    Mosaic,
    Standardize,
    Steps,
    TrivialAugment,
)

LATER: tuple[type[Record], ...] = (
    learning.Gan, learning.Dice, learning.Triplet, learning.Contrastive, learning.KLNormal, learning.Yolo,
    course.InputSizes, course.RepeatSamples, course.Cam, course.GradCam, course.TensorBoard,
    Elastic, Exposure, HistogramMatch, Hue, Jitter, Mosaic, TrivialAugment,
)  # fmt: skip
"""Entries, and words inside entries, without a rule in the runtime."""

MEASURED = ("accuracy", "top", "confusion")
"""Metrics that are computed."""

UNUSED: dict[type[Record], tuple[str, ...]] = {
    Data: ("longest", "range", "sample", "quantize", "shift", "alphabet", "length"),
    learning.Loss: ("target", "per", "of", "sample", "positive", "weight_map"),
    learning.Optimizer: ("of",),
    course.Measures: ("at",),
}
"""Arguments without a rule in the runtime."""


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
    if isinstance(entry, LATER):
        yield entry.word
        return
    for kind, names in UNUSED.items():
        if isinstance(entry, kind):
            yield from (f"{name}=" for name in names if getattr(entry, name) not in (None, "mean"))
    if isinstance(entry, learning.Loss) and entry.reduce != "mean":
        yield "reduce=sum"
    if isinstance(entry, learning.Weights) and not entry.source.endswith((".safetensors", ".pt", ".pth")):
        yield f"weights from={entry.source}"
    for part in parts(entry):
        yield from unrun_part(part)


def unrun_part(part: Record) -> Iterator[str]:
    if isinstance(part, LATER):
        yield part.word
    elif isinstance(part, Standardize) and (part.zca or (part.per == "data" and (part.center or part.scale))):
        yield "standardize zca=true" if part.zca else "standardize per=data"
    elif isinstance(part, Folder) and part.masks is not None:
        yield "folder masks="
    elif getattr(part, "kind", "") == "metric" and part.word not in MEASURED:
        yield part.word
    elif getattr(part, "kind", "") == "source" and not isinstance(part, (Digits, Folder)):
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
