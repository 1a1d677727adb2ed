"""Tar files as WebDataset writes them: members of one name and several endings are one example.

The headers of each file are gone through once, so that any example can be read at its place: the order is shuffled
and taken up again exactly, as that of any other data, and nothing needs to be unpacked or copied.
"""

from __future__ import annotations

import io
import json
import os
import tarfile
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...compiler.recipes.data import Data, Shards
from . import picture
from .braces import expanded
from .classes import in_order, numbered, require_classes
from .dataset import Array, DataError, Dataset
from .listing import PACKED
from .looked import Stamp, stamp
from .lot import About, Lot, dataset
from .opening import source
from .place import located
from .sound import sound, together
from .tree import HELD, TRAIN

LABELS = ("cls", "json")
KEYS = ("label", "class", "cls", "category", "target")
"""Names of the class in `.json`."""


class Contents(NamedTuple):
    """The examples of one tar file: where the picture of each lies, how long it is, its name and its class."""

    path: Path
    places: NDArray[np.int64]
    names: list[str]
    classes: list[str]


class Sharded:
    """Pictures in tar files, read at their place."""

    def __init__(self, shards: list[Contents], numbers: NDArray[np.int64] | None = None) -> None:
        self.shards = shards
        self.firsts = [0, *np.cumsum([len(one.names) for one in shards]).tolist()]
        self.numbers = np.arange(self.firsts[-1]) if numbers is None else numbers

    def __len__(self) -> int:
        return len(self.numbers)

    def at(self, number: int) -> tuple[Contents, int]:
        """The tar file of an example, and its number there."""
        whole = int(self.numbers[number])
        shard = bisect_right(self.firsts, whole) - 1
        return self.shards[shard], whole - self.firsts[shard]

    def content(self, number: int) -> io.BytesIO:
        found, row = self.at(number)
        start, length = found.places[row].tolist()
        with found.path.open("rb") as file:
            file.seek(start)
            return io.BytesIO(file.read(length))

    def load(self, number: int) -> Array:
        return picture.decoded(self.content(number), self.name(number))

    def measured(self, number: int) -> tuple[int, ...]:
        return picture.measured(self.content(number), self.name(number))

    def name(self, number: int) -> str:
        found, row = self.at(number)
        return f"{found.path.name}/{found.names[row]}"

    def key(self, number: int) -> str:
        found, row = self.at(number)
        return f"{os.path.abspath(found.path)}:{int(found.places[row][0])}"

    def stamp(self, number: int) -> Stamp | None:
        return self.stamps[bisect_right(self.firsts, int(self.numbers[number])) - 1]

    @property
    def kind(self) -> str:
        return type(self).__name__

    @cached_property
    def stamps(self) -> list[Stamp | None]:
        """Those of the tar files."""
        return [stamp(one.path) for one in self.shards]

    def class_of(self, number: int) -> str:
        found, row = self.at(number)
        return found.classes[row]


@source.register
def shards(part: Shards, data: Data, seed: int) -> Dataset:
    learn, hold = files(part.path, data)
    found = [Sharded([contents(path) for path in paths]) for paths in (learn, hold) if paths]
    looked = [sound(one, data, part.path) for one in found]
    found = [Sharded(one.shards, seen.good) for one, seen in zip(found, looked)]
    names = [[one.class_of(number) for number in range(len(one))] for one in found]
    classes = in_order(names[0])
    lots = [Lot(one, numbered(cells, classes, part.path)) for one, cells in zip(found, names)]
    require_classes(classes, lots[0].labels, part.path, data)
    whole = together(looked)
    about = About(Path(part.path).name, classes, whole.shape, whole.channels, "classes", whole.skipped, whole.told)
    return dataset(about, data, seed, *lots)


def require_unpacked(paths: Iterable[Path]) -> None:
    """DataError where tar files are compressed: no example can be read by itself."""
    packed = next((path for path in paths if path.name.lower().endswith(PACKED)), None)
    if packed is not None:
        raise DataError(f"{packed}: compressed tar files are not read, since each example is read by itself: unpack "
                        "them, the pictures in them are compressed already")  # fmt: skip


def files(text: str, data: Data) -> tuple[list[Path], list[Path]]:
    """The tar files to learn from, and those to measure on. DataError where one is missing."""
    if "://" in text or text.startswith("pipe:"):
        raise DataError(f"{text}: tar files are read from disks and what is mounted like one, not from the network")
    if any(sign in text for sign in "{*?["):
        learn = expanded(text)
    else:
        place = located(text, data)
        learn = sorted(place.rglob("*.tar")) if place.is_dir() else [place]
        require_unpacked(learn or place.rglob("*"))
    hold = expanded(str(Path(text).parent / data.test)) if data.test else said_by(learn, HELD)
    learn = [path for path in learn if path not in hold]
    trained = said_by(learn, TRAIN) if hold else []
    missing = next((path for path in (*learn, *hold) if not path.is_file()), None)
    if missing is not None or not learn:
        raise DataError(f"{missing or text}: there is no such tar file" + (" to learn from" if not missing else ""))
    return trained or learn, hold


def said_by(paths: list[Path], words: tuple[str, ...]) -> list[Path]:
    """The files that are named after a part of the data, or whose folder is where they lie in several."""
    several = len({path.parent for path in paths}) > 1
    return [path for path in paths if (path.parent.name if several else path.name).lower().startswith(words)]


# --- what a tar file holds --------------------------------------------------------------------------------------------


def contents(path: Path) -> Contents:
    """The table of contents. DataError where an example lacks its picture or its class."""
    if not path.stat().st_size:
        raise DataError(f"{path}: the file is empty")
    places, names, classes = [], [], []
    for name, members in grouped(path):
        image = next((member for end, member in members.items() if f".{end}" in picture.SUFFIXES), None)
        label = next((end for end in LABELS if end in members), None)
        if image is None or label is None:
            there = ", ".join(f".{end}" for end in members)
            raise DataError(f"{path}: {name} has {there}: a picture, and .cls or .json with its class, are expected")
        places.append((image.offset_data, image.size))
        names.append(f"{name}.{image.name.rpartition('.')[2]}")
        classes.append(class_in(path, members[label], label))
    if not names:
        raise DataError(f"{path}: there is nothing in it")
    return Contents(path, np.array(places, np.int64), names, classes)


def grouped(path: Path) -> Iterator[tuple[str, dict[str, tarfile.TarInfo]]]:
    """Members of one name in a row, by their endings; the name ends at the first dot of its last part."""
    before, members = "", dict[str, tarfile.TarInfo]()
    try:
        with tarfile.open(path, "r:") as tar:
            end_of_file = path.stat().st_size
            for member in tar:
                if member.offset_data + member.size > end_of_file:
                    raise DataError(f"{path}: it ends too early, in {member.name}")
                if not member.isfile():
                    continue
                folder, slash, last = member.name.rpartition("/")
                stem, _, end = last.partition(".")
                name = folder + slash + stem
                if name != before and members:
                    yield before, members
                    members = {}
                before = name
                members[end.lower()] = member
        if not ended(path):
            raise DataError(f"{path}: it ends too early: the mark of the end is missing")
    except (tarfile.TarError, OSError) as error:
        raise DataError(f"{path}: no tar file that can be read, compressed ones are not ({error})") from None
    if members:
        yield before, members


def ended(path: Path) -> bool:
    """Whether an empty block is the last, as all tar files have it."""
    with path.open("rb") as file:
        file.seek(-min(path.stat().st_size, tarfile.BLOCKSIZE), os.SEEK_END)
        return not any(file.read())


def class_in(path: Path, member: tarfile.TarInfo, kind: str) -> str:
    """The class that a small member says."""
    with path.open("rb") as file:
        file.seek(member.offset_data)
        text = file.read(member.size).decode("utf-8", "replace").strip()
    if kind == "cls":
        return text
    try:
        found = json.loads(text)
    except ValueError:
        raise DataError(f"{path}: {member.name} is no JSON") from None
    key = next((key for key in KEYS if isinstance(found, dict) and key in found), None)
    if key is None:
        raise DataError(f"{path}: {member.name} has no `label`")
    return str(found[key])
