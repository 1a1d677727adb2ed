"""Classes by their names: in which order they stand, and what is wrong with them, found before the first step."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ...compiler.recipes.data import Data
from .dataset import DataError, Dataset, Split
from .examined import Examined

Labels = NDArray[np.int64]
SHOWN = 5
"""Names that a message lists."""


def in_order(names: Iterable[str]) -> tuple[str, ...]:
    """Each name once: numbers by their size, else alphabetically."""
    found = set(names)
    return tuple(sorted(found, key=float if all(map(numeric, found)) else str))


def numeric(text: str) -> bool:
    return re.fullmatch(r"[-+]?\d+(\.\d*)?([eE][-+]?\d+)?", text) is not None


def numbered(names: Sequence[str], classes: tuple[str, ...], where: object) -> Labels:
    """The number of each example's class. DataError where one is not among the classes to learn."""
    numbers = {name: number for number, name in enumerate(classes)}
    strange = in_order(name for name in names if name not in numbers)
    if strange:
        raise DataError(f"{where}: {listed(strange)} {are(strange)} not among the classes to learn, {listed(classes)}")
    return np.array([numbers[name] for name in names], np.int64)


def listed(names: Sequence[str]) -> str:
    """`cat, dog`, the first few of many."""
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more:,} more" if more > 0 else "")


def are(names: Sequence[str]) -> str:
    return "is" if len(names) == 1 else "are"


def require_classes(classes: tuple[str, ...], labels: Labels, where: object, data: Data) -> None:
    """No two that differ in case only; to learn from two at least, none without examples. DataError otherwise."""
    require_distinct(classes, where)
    if isinstance(data, Examined):
        return
    counts = np.bincount(labels, minlength=len(classes))
    empty = [name for name, count in zip(classes, counts) if not count]
    if empty:
        raise DataError(f"{where}: to learn from is no example in {listed(empty)}")
    if len(classes) < 2:
        raise DataError(f"{where}: two classes at least are expected, found only {listed(classes) or 'none'}")


def require_distinct(classes: tuple[str, ...], where: object) -> None:
    """No two names that are one on many systems."""
    alike: dict[str, list[str]] = defaultdict(list)
    for name in classes:
        alike[name.casefold().strip()].append(name)
    for names in alike.values():
        if len(names) > 1:
            raise DataError(f"{where}: {' and '.join(f'`{name}`' for name in names)} differ in nothing but case")


def left_alone(classes: tuple[str, ...], train: Split, held: Split) -> tuple[str, ...]:
    """Remarks on classes that only one part has."""
    learned, measured = (np.bincount(part.labels, minlength=len(classes)) for part in (train, held))
    if len(learned) != len(measured) or not ((learned > 0) & (measured > 0)).any():
        return ()  # other classes are measured than learned, as where networks tell whether two are alike
    unmeasured = [name for name, a, b in zip(classes, learned, measured) if a and not b]
    unlearned = [name for name, a, b in zip(classes, learned, measured) if b and not a]
    return (
        *((f"held out is no example of {listed(unmeasured)}",) if unmeasured else ()),
        *((f"to learn from is no example of {listed(unlearned)}",) if unlearned else ()),
    )


# --- of a model that is measured --------------------------------------------------------------------------------------


def by_name(data: Dataset, classes: tuple[str, ...]) -> Dataset:
    """The data with the classes of a model, which may be more, in its order. DataError where it does not know one."""
    if data.classes == classes:
        return data
    known, way = f"the classes that the model knows, {listed(classes)}", ""
    if data.target == "masks":
        way = "; a `classes.txt` beside the masks names the classes that their numbers stand for"
    strange = [name for name in data.classes if name not in classes]
    if strange:
        raise DataError(f"{data.name}: {listed(strange)} {are(strange)} not among {known}{way}")
    if data.target != "classes":
        raise DataError(f"{data.name}: {listed(data.classes)} are not all of {known}{way}")
    numbers = np.array([classes.index(name) for name in data.classes], np.int64)
    train, held = (replace(part, labels=numbers[part.labels]) for part in (data.train, data.held))
    return data._replace(classes=classes, train=train, held=held)


def absent(split: Split, classes: tuple[str, ...]) -> tuple[str, ...]:
    """A remark on the classes that no example is of."""
    counts = np.bincount(split.labels, minlength=len(classes))
    names = [name for name, count in zip(classes, counts) if not count]
    return (f"no example of {listed(names)}",) if names else ()
