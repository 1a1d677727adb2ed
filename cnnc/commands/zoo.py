"""The bundled models: list them with their figures, search them, show the file of one.

`cnnc zoo` lists all, `cnnc zoo residual 2015` those that have both words in their name, paper or description, `cnnc zoo
show resnet34` prints a file, which any command takes as `zoo:resnet34`. The figures are computed by compiling; no
framework is loaded.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ..cli import DONE, UsageError

if TYPE_CHECKING:
    from ..compiler.graph import Checked

FILES = "own"

HEADER = re.compile(
    r'"""(?P<title>[^()"]+)\s\((?P<authors>[^()]+),\s(?P<year>\d{4})\)[.,]?(?P<prose>.*?)"""', re.DOTALL
)
"""How a file of the zoo begins: `Title (Authors, Year).`, a blank line, and what it is."""

COLUMNS = ("model", "parameters", "MACs", "input", "year", "paper")


class Entry(NamedTuple):
    """A file of the zoo as its header tells it. `name` is what stands behind `zoo:`."""

    name: str
    path: Path
    title: str
    authors: str
    year: int
    prose: str

    @property
    def text(self) -> str:
        """Where words are looked for."""
        return " ".join((self.name, self.title, self.authors, str(self.year), self.prose)).lower()


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("words", nargs="*", metavar="WORD", help="`list [WORD...]`, `show NAME`, or words to look for")
    parser.add_argument("--json", action="store_true", help="a list for other programs")


def run(args: Namespace) -> int:
    first, *rest = args.words or ["list"]
    if first == "show":
        return show(rest)
    words = rest if first == "list" else args.words
    entries = [entry for entry in catalogue() if all(word.lower() in entry.text for word in words)]
    if not entries:
        raise UsageError(f"nothing in the zoo has {' and '.join(f'`{word}`' for word in words)}; `cnnc zoo` lists all")
    if args.json:
        print(json.dumps([as_dict(entry) for entry in entries], indent=1))
    else:
        tell(entries)
    return DONE


def catalogue() -> list[Entry]:
    """Every model of the zoo, those of keras.applications last; what they share is no model."""
    from ..compiler.locate import ZOO

    paths = [path for path in ZOO.rglob("*.cnn") if "blocks" not in path.parts]
    names = {path: path.relative_to(ZOO).with_suffix("").as_posix() for path in paths}
    return [entry(names[path], path) for path in sorted(paths, key=lambda path: in_order(names[path]))]


def in_order(name: str) -> list[Any]:
    """Folders behind files, and numbers by their size: resnet18 before resnet101."""
    return [name.count("/"), *(int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name))]


def entry(name: str, path: Path) -> Entry:
    found = HEADER.match(path.read_text(encoding="utf-8"))
    if found is None:
        return Entry(name, path, "", "", 0, "")
    title, authors, year, prose = (" ".join(found[group].split()) for group in ("title", "authors", "year", "prose"))
    return Entry(name, path, title, authors, int(year), prose)


# --- figures ----------------------------------------------------------------------------------------------------------


def compiled(name: str) -> Checked:
    from ..compiler.pipeline import compile_path

    return compile_path(f"zoo:{name}").checked


def as_dict(entry: Entry) -> dict[str, Any]:
    """One entry with the figures of its model; shapes have the batch first, as in `cnnc summary --json`."""
    checked = compiled(entry.name)
    return {
        "name": entry.name,
        "model": checked.name,
        "title": entry.title,
        "authors": entry.authors,
        "year": entry.year,
        "total_params": checked.params,
        "trainable_params": checked.trainable,
        "macs": checked.macs,
        "inputs": [[None, *node.facts.output] for node in checked.inputs],
        "outputs": [[None, *output.port.shape] for output in checked.outputs],
    }


def cells(entry: Entry) -> tuple[str, ...]:
    """One line of the table, by COLUMNS."""
    from ..compiler.figures import grouped, short

    checked = compiled(entry.name)
    shapes = ", ".join(dict.fromkeys(str(node.facts.output) for node in checked.inputs))
    paper = f"{entry.title} ({entry.authors})"
    return (entry.name, grouped(checked.params), short(checked.macs), shapes, str(entry.year), paper)


def tell(entries: list[Entry]) -> None:
    """The table, line by line as the figures come."""
    names = max(len(COLUMNS[0]), *(len(entry.name) for entry in entries))
    room = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    for row in lines([COLUMNS], names, room):
        print(row)
    for entry in entries:
        for row in lines([cells(entry)], names, room):
            print(row, flush=True)


def lines(rows: Iterable[tuple[str, ...]], names: int, room: int | None) -> Iterator[str]:
    """Rows in columns of fixed width; `room` cuts the last one, the paper."""
    for name, params, macs, shape, year, paper in rows:
        line = f"{name:{names}}  {params:>11}  {macs:>6}  {shape:12}  {year}  {paper}"
        yield line if room is None or len(line) <= room else line[: room - 1] + "…"


# --- one model --------------------------------------------------------------------------------------------------------


def show(names: list[str]) -> int:
    """The file of one model, its figures above as comments, so that the output is a .cnn file again."""
    from ..compiler.locate import in_zoo

    if len(names) != 1:
        raise UsageError("show which? Give one name, such as `cnnc zoo show resnet34`")
    name = names[0].removeprefix("zoo:")
    path = in_zoo(name)
    for line in figures(compiled(name)):
        print(f"# {line}")
    print(path.read_text(encoding="utf-8"), end="")
    return DONE


def figures(checked: Checked) -> Iterator[str]:
    from ..compiler.figures import grouped, short

    shapes = " and ".join(str(node.facts.output) for node in checked.inputs)
    yield f"{checked.name}: {shapes} -> {', '.join(str(output.port.shape) for output in checked.outputs)}"
    yield f"{grouped(checked.params)} parameters, {grouped(checked.trainable)} of them trained"
    yield f"{grouped(checked.macs)} multiply-accumulates ({short(checked.macs)})"
