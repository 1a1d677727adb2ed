"""What `--data TEXT` means: the name of a source, a source as recipes write it, a file by its ending, a folder by
what lies in it. The one place where kinds of data are told apart."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches
from itertools import islice
from pathlib import Path
from shlex import quote

from ...compiler.override import read
from ...compiler.recipes import data as rule
from ...compiler.recipes.base import PARTS, Part
from .audible import WAVES
from .dataset import DataError
from .listing import PACKED, files, first_of, folders
from .masked import EXAMPLES, MASKS
from .picture import SUFFIXES
from .table import head
from .tree import HELD, TRAIN, to_learn
from .volume import VOLUMES

ENDINGS: dict[str, type[Part]] = {
    ".npz": rule.Npz, ".csv": rule.Csv, ".tsv": rule.Series, ".ts": rule.Series, ".tar": rule.Shards,
}  # fmt: skip
"""Of files, and the source that takes them."""
LOOKED_AT = 50
"""Files of a folder that tell its kind."""


def entry(text: str) -> rule.Data:
    """The entry that a text means: a source, perhaps with what a recipe says behind it, `folder("a"), split=0.9`."""
    return written(text) if says(text) else rule.Data(source=meant(text))


def says(text: str) -> bool:
    """Whether it is written as in a recipe."""
    word = re.split(r"[(,]", text, maxsplit=1)[0].strip()
    return word in PARTS["source"] and not Path(text).exists()


def meant(text: str) -> Part:
    """The source that a text means. DataError where there is none, or several could be meant."""
    if not text.strip():
        raise DataError("data with an empty name: give a word such as `digits`, a file or a folder (`.` is this one)")
    if says(text):
        return written(text).source
    path = Path(text).expanduser()
    if path.is_dir():
        return of_folder(text, path)
    kind = ENDINGS.get(path.suffix.lower())
    if kind is not None and (path.exists() or kind is rule.Shards):
        return of_lines(text, path) if kind is rule.Series else kind(path=text)
    raise DataError(unknown(text, path))


def written(text: str) -> rule.Data:
    """An entry as a recipe has it: `npz("a.npz", gray=true), split=0.9`."""
    said = read(f"train: data {text}", "--data").one(rule.Data)
    assert said is not None
    return said


def of_lines(text: str, path: Path) -> Part:
    """Series, or a table, where the first line names its columns."""
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as file:
            named = head(file.readline())
    except OSError:
        named = False  # whoever reads it tells why it cannot be read
    return (rule.Csv if named else rule.Series)(path=text)


def unknown(text: str, path: Path) -> str:
    """What can be done about a text that means nothing."""
    if path.is_file():
        hint = f'; time series are read by `series("{text}")`' if path.suffix.lower() == ".txt" else ""
        return f"{text}: files ending in {', '.join(ENDINGS)} are data; of others give the folder{hint}"
    near = get_close_matches(text.lower().replace("-", "_"), PARTS["source"], n=1)
    hint = f"did you mean `{near[0]}`?" if near else "give a folder, a file or a name such as `digits`, `mnist`"
    return f"{text}: there is no such file or folder, and no data set of this name: {hint}"


def of_folder(text: str, path: Path) -> Part:
    """By what lies in it: tables, shards, masks beside pictures, else class folders of what most files are."""
    shards = [*path.glob("*.tar"), *(one for end in PACKED for one in path.glob(f"*{end}"))]
    tables = [p for p in path.iterdir() if p.suffix.lower() in (".csv", ".tsv", ".ts") and p.stem.lower() != "classes"]
    masks = masks_in(path)
    if shards:
        return rule.Shards(path=text)
    if tables and not folders(path):
        return of_table(path, tables)
    kind = commonest(path)
    if masks is not None:
        return (rule.Volumes if kind is rule.Volumes else rule.Folder)(path=text, masks=masks)
    return kind(path=text)


def of_table(path: Path, tables: list[Path]) -> Part:
    """The table to learn from: the only one, or the one whose name says `train`."""
    learned = [table for table in tables if "train" in table.stem.lower()] or tables
    if len(learned) > 1:
        names = ", ".join(sorted(table.name for table in learned))
        raise DataError(f"{path}: which of the tables {names}? Name one, as in `--data {quote(str(learned[0]))}`")
    return meant(str(learned[0]))


def masks_in(path: Path) -> str | None:
    """The name of the folder of masks, where there is one beside one of pictures."""
    for part in (path, first_of(path, TRAIN)):
        if part is not None and first_of(part, EXAMPLES) is not None:
            found = first_of(part, MASKS)
            return found.name if found is not None else None
    return None


def commonest(path: Path) -> type[Part]:
    """The kind of the first files found: pictures, volumes or recordings."""
    counts = {rule.Folder: 0, rule.Volumes: 0, rule.Audio: 0}
    for file in islice(some(path), LOOKED_AT):
        kind = rule.Folder if file.name.lower().endswith(SUFFIXES) else rule.Volumes
        counts[rule.Audio if file.name.lower().endswith(WAVES) else kind] += 1
    best = max(counts, key=counts.__getitem__)
    return best if counts[best] else rule.Folder


def some(path: Path) -> Iterator[Path]:
    """Files that can be examples, folder by folder."""
    every = (*SUFFIXES, *VOLUMES, *WAVES)
    part = to_learn(path, every) or first_of(path, HELD) or path
    for below in folders(part):
        yield from files(below, every)
