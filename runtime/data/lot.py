"""Examples with what is known of each, whole or divided into those to learn from and those held out."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...compiler.recipes.data import Data
from .classes import left_alone
from .dataset import Array, DataError, Dataset, Examples, Split, Target, divided
from .examined import Examined

SHARE = 0.8
"""Of the examples to learn from, where nothing else is said."""


class Lot(NamedTuple):
    """Examples, labels (n, ...) in their order, and masks where these are what is known."""

    examples: Examples
    labels: Array
    masks: Examples | None = None

    def at(self, numbers: Array) -> Split:
        return Split(self.examples, numbers, self.labels[numbers], self.masks)

    @property
    def whole(self) -> Split:
        return self.at(np.arange(len(self.labels)))


class About(NamedTuple):
    """What a data set is, beside its examples: the fields of `Dataset` of the same names."""

    name: str
    classes: tuple[str, ...]
    shape: tuple[int, ...] | None
    channels: int
    target: Target = "classes"
    skipped: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


def dataset(about: About, data: Data, seed: int, learn: Lot, hold: Lot | None = None) -> Dataset:
    """Both parts together; of one lot 80 % of each class are learned from, where the recipe does not say else, and
    nothing where it is only to measure on."""
    for lot in (learn, *([hold] if hold is not None else [])):
        require_known(about, lot.labels)
    examined = isinstance(data, Examined)
    if hold is not None:
        train, held = learn.whole, hold.whole
    elif examined:
        train, held = learn.at(np.arange(0)), learn.whole
    else:
        train, held = in_two(about, learn, SHARE if data.split is None else data.split, seed)
    remarks = about.remarks if examined else (*about.remarks, *of_parts(about, data, train, held, hold is None))
    return Dataset(
        about.name, about.classes, train, held, about.shape, about.channels, about.skipped, about.target, remarks
    )


def of_parts(about: About, data: Data, train: Split, held: Split, divided: bool) -> tuple[str, ...]:
    """Remarks on classes that only one part has, and on a share that divides nothing."""
    said = left_alone(about.classes, train, held) if about.target == "classes" else ()
    if divided or data.split is None:
        return said
    return (*said, f"`split={data.split:g}` divides data in one piece: these have their own held out, it is not used")


def require_known(about: About, labels: Array) -> None:
    """Numbers of classes that there are. DataError with the first example that has another."""
    strange = np.flatnonzero((labels < 0) | (labels >= len(about.classes))) if about.target == "classes" else labels[:0]
    if len(strange):
        first, count = strange[0], len(about.classes)
        raise DataError(
            f"{about.name}: example {first:,} has the label {labels[first]}, of {count:,} classes from 0 on"
        )


def in_two(about: About, lot: Lot, share: float, seed: int) -> tuple[Split, Split]:
    """Divided by class. DataError where nothing is left to hold out."""
    learn, hold = divided(lot.labels, share, seed)
    if not len(hold):
        there = f"{len(lot.labels):,} of {len(about.classes):,} classes" if about.classes else f"{len(lot.labels):,}"
        raise DataError(f"{about.name}: too few examples to hold some out, {there}: each class needs two")
    return lot.at(learn), lot.at(hold)
