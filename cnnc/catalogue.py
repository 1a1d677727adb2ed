"""What is known of the bundled models: their headers, their figures, what their weights reach.

The figures stand in zoo/index.json, made from the compiler by `python -m cnnc.zoo.index`, so that a list of all models
compiles none of them. A file that was written or changed since then is compiled.
"""

from __future__ import annotations

import json
import re
from functools import cache, cached_property
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from .compiler.graph import Checked

HEADER = re.compile(
    r'"""(?P<title>[^()"]+)\s\((?P<authors>[^()]+),\s(?P<year>\d{4})\)[.,]?(?P<prose>.*?)'
    r'(?:\bTask: (?P<task>[^".]+)\.\s*)?"""',
    re.DOTALL,
)
"""How a file of the zoo begins: `Title (Authors, Year).`, a blank line, what it is, and perhaps `Task: ...`."""

KINDS = ("image", "video", "volume", "audio", "text", "series")
"""What goes in."""

TASKS = ("classification", "segmentation", "detection", "regression", "embedding", "generation")
"""What comes out: a class, the class of each place, boxes, a number, a vector to compare by, something made."""

USUAL = "image classification"
"""The task of a file whose header tells none."""


class Figures(NamedTuple):
    """What follows from compiling a model as it is declared. Shapes have the batch first, None for what is open."""

    model: str
    total_params: int
    trainable_params: int
    macs: int | None
    inputs: list[list[int | None]]
    outputs: list[list[int | None]]


class Score(NamedTuple):
    """What published weights reach on a data set, in percent, and the side of the pictures at which they do."""

    weights: str
    data: str
    measured: dict[str, float]
    side: int | None
    source: str


class Entry:
    """A file of the zoo. `name` is what stands behind `zoo:`; empty and 0 where the header does not tell."""

    def __init__(self, name: str, path: Path) -> None:
        self.name = name
        self.path = path
        self.text = path.read_text(encoding="utf-8")
        found = HEADER.match(self.text)
        told = {key: " ".join((value or "").split()) for key, value in found.groupdict().items()} if found else {}
        self.title = told.get("title", "")
        self.authors = told.get("authors", "")
        self.year = int(told.get("year", 0))
        self.prose = told.get("prose", "")
        self.task = told.get("task") or USUAL

    @property
    def words(self) -> str:
        """Where words are looked for."""
        return " ".join((self.name, self.title, self.authors, str(self.year), self.prose, self.task)).lower()

    @property
    def digest(self) -> str:
        """What tells one text from another."""
        return blake2b(self.text.encode(), digest_size=8).hexdigest()

    @cached_property
    def figures(self) -> Figures:
        """From the index where that was made of this text, else from the compiler."""
        indexed = index().get(self.name, {})
        return Figures(**indexed["figures"]) if indexed.get("digest") == self.digest else computed(self.name)

    @cached_property
    def scores(self) -> list[Score]:
        """Of all published weights, the recommended ones first."""
        return [Score(**score) for score in scores().get(self.name, [])]

    @property
    def top1(self) -> float | None:
        """In percent, of the recommended weights; None where nobody publishes any."""
        return self.scores[0].measured.get("top1") if self.scores else None

    @property
    def top5(self) -> float | None:
        return self.scores[0].measured.get("top5") if self.scores else None


def catalogue() -> list[Entry]:
    """Every model of the zoo, those of keras.applications last; what they share is no model."""
    from .compiler.locate import ZOO

    paths = [path for path in ZOO.rglob("*.cnn") if "blocks" not in path.parts]
    names = {path: path.relative_to(ZOO).with_suffix("").as_posix() for path in paths}
    return [Entry(names[path], path) for path in sorted(paths, key=lambda path: in_order(names[path]))]


def in_order(name: str) -> list[Any]:
    """Folders behind files, and numbers by their size: resnet18 before resnet101."""
    return [name.count("/"), *(int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name))]


def computed(name: str) -> Figures:
    """The figures of a bundled model from the compiler."""
    from .compiler.pipeline import compile_path

    return figures_of(compile_path(f"zoo:{name}").checked)


def figures_of(checked: Checked) -> Figures:
    inputs = [[None, *node.facts.output] for node in checked.inputs]
    outputs = [[None, *output.port.shape] for output in checked.outputs]
    return Figures(checked.name, checked.params, checked.trainable, checked.macs, inputs, outputs)


@cache
def index() -> dict[str, Any]:
    return stored("index.json")


@cache
def scores() -> dict[str, Any]:
    return stored("accuracy.json")


def stored(name: str) -> dict[str, Any]:
    """A data file of the zoo; empty where it is missing."""
    from .compiler.locate import ZOO

    path = ZOO / name
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return found
