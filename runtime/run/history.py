"""All that a run folder says of its run, read without torch: for `cnnc runs`, the page and Python."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from ...compiler.diagnostics import UserError
from ...compiler.recipes.course import Keep
from ...compiler.recipes.record import Recipe, from_json
from ..training.position import Row
from .run_folder import RunFolder
from .state import State, read_state

J = TypeVar("J", dict[str, Any], list[Any])

SCORES = ("iou", "f1", "accuracy", "mae", "rmse", "loss")
"""What a run is told by where it does not say what its best weights are best by: the first of these it measured."""

FALLING = ("loss", "mae", "rmse")
"""Of these less is better."""


class Score(NamedTuple):
    """A figure of the held-out examples."""

    name: str
    value: float

    def __str__(self) -> str:
        return f"{100 * self.value:.2f} %" if self.name in ("accuracy", "iou", "f1") else f"{self.value:.4g}"


class History(NamedTuple):
    """A run as its folder tells it. `rows` are its epochs, `metrics` is empty before the end."""

    folder: RunFolder
    config: dict[str, Any]
    rows: tuple[Row, ...]
    metrics: dict[str, Any]
    state: State | None
    environments: tuple[dict[str, Any], ...]

    @property
    def name(self) -> str:
        return self.folder.path.name or str(self.folder.path.resolve())

    @property
    def model(self) -> str:
        found: str = self.config["model"]
        return found

    @property
    def data(self) -> str:
        found: str = self.config["data"]["name"]
        return found

    @property
    def recipe(self) -> Recipe:
        return from_json(self.config["recipe"])

    @property
    def status(self) -> str:
        """One of `state.KNOWN`."""
        if self.state is not None:
            return self.state.now
        return "finished" if self.metrics else "interrupted"

    @property
    def epochs(self) -> int:
        return int(self.rows[-1]["epoch"]) if self.rows else 0

    @property
    def seconds(self) -> float | None:
        return self.state.seconds if self.state is not None else None

    @property
    def best_epoch(self) -> int | None:
        """The epoch whose weights were kept, where the run says so; else that of the best score."""
        if "epoch" in self.metrics:
            return int(self.metrics["epoch"])
        best = self.best_row
        return int(best["epoch"]) if best is not None else None

    @property
    def measured(self) -> str | None:
        """The name of its score: what its best weights are best by."""
        keep = self.recipe.one(Keep)
        said = keep.by.removeprefix("val_") if keep is not None and keep.by is not None else None
        wanted = (said, *SCORES) if said is not None else SCORES
        return next((name for name in wanted if any(f"val_{name}" in row for row in self.rows)), None)

    @property
    def best_row(self) -> Row | None:
        name = self.measured
        if name is None:
            return None
        there = [row for row in self.rows if f"val_{name}" in row]
        sign = -1 if name in FALLING else 1
        return max(there, key=lambda row: sign * row[f"val_{name}"])

    @property
    def score(self) -> Score | None:
        """How good it is: of the weights kept where it is finished, else of the best epoch so far."""
        name, best = self.measured, self.best_row
        if name is None or best is None:
            return None
        value = self.metrics[name] if name in self.metrics else best[f"val_{name}"]
        return Score(name, float(value))


def history(folder: RunFolder) -> History:
    """Read a run. UserError where the folder is none, or one of its files is not what a run writes."""
    config = folder.read_config()
    found = History(folder, config, rows_of(folder.rows), json_of(folder.metrics, dict), read_state(folder.path),
                    tuple(json_of(folder.environment, list)))  # fmt: skip
    try:
        _ = found.data, found.recipe
    except (LookupError, TypeError, ValueError, AttributeError):
        raise UserError(f"{folder.config}: not what a run writes there: its data or its recipe") from None
    return found


def rows_of(path: Path) -> tuple[Row, ...]:
    """The rows of `metrics.csv`, numbers as numbers; what was not measured in an epoch is left out."""
    try:
        with path.open(newline="", encoding="utf-8") as lines:
            read = list(csv.DictReader(lines, restkey=""))
    except FileNotFoundError:
        return ()
    except (ValueError, csv.Error):
        raise UserError(f"{path}: no table that can be read") from None
    rows = tuple({key: number(text) for key, text in row.items() if text} for row in read)
    for line, row in enumerate(rows, 2):
        odd = [key for key, value in row.items() if not isinstance(value, (int, float)) and key != "phase"]
        if odd or "epoch" not in row:
            raise UserError(f"{path}:{line}: no row of an epoch{f': `{odd[0]}` is no number' if odd else ''}")
    return rows


def number(text: Any) -> Any:
    """`12` and `0.5` as numbers, else the text."""
    for kind in (int, float):
        try:
            return kind(text)
        except (ValueError, TypeError):
            continue
    return text


def json_of(path: Path, kind: type[J]) -> J:
    """What a file says, empty where there is none. UserError where it is of another kind."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return kind()
    except ValueError:
        raise UserError(f"{path}: no JSON") from None
    if not isinstance(found, kind):
        raise UserError(f"{path}: not what a run writes there")
    return found


class Unreadable(NamedTuple):
    """A folder of a run that cannot be read, and why."""

    folder: RunFolder
    why: str


def histories(root: Path) -> Iterator[History | Unreadable]:
    """The runs in a folder of runs, the earliest first."""
    folders = [path for path in root.iterdir() if (path / "config.json").is_file()] if root.is_dir() else []
    for path in sorted(folders, key=lambda path: (path / "config.json").stat().st_mtime):
        try:
            yield history(RunFolder(path))
        except (UserError, OSError) as error:
            yield Unreadable(RunFolder(path), str(error))
