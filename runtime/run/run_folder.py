"""The folder of a run: what ran, how it went, and the weights. Every file is written whole or not at all."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from shlex import quote
from typing import Any

from ...compiler import syntax as s
from ...compiler.diagnostics import Diagnostics, UserError
from ...compiler.load import File, Loader
from ...compiler.locate import locate, target
from ...compiler.words import WORDS
from ..weights import replace, save
from ..weights.read import BEST
from .configuration import read_config
from .holding import LOCK, Hold, Taken, hold

ROOT = Path("runs")
RUN = "cnnc.run"
"""Under what name files that leave the folder hold `config.json`."""


class RunFolder:
    """What stands in it: `model.cnn` (with `imports/`), `config.json`, `environment.json`, `state.json`, `metrics.csv`,
    `metrics.json`, `best.safetensors`, `last.safetensors`, to go on from `last.ckpt`;
    `whitening.safetensors` where the recipe whitens; pictures and `report.html`."""

    written = True
    """Whether this process writes into it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.model = path / "model.cnn"
        self.config = path / "config.json"
        self.best = path / BEST
        self.last = path / "last.safetensors"
        self.checkpoint = path / "last.ckpt"
        self.whitening = path / "whitening.safetensors"
        self.metrics = path / "metrics.json"
        self.rows = path / "metrics.csv"
        self.state = path / "state.json"
        self.environment = path / "environment.json"
        self.report = path / "report.html"
        self.held: Hold | None = None

    def __str__(self) -> str:
        return str(self.path)

    def hold(self, *, new: bool = False) -> None:
        """Train in it, alone. Taken where another process does."""
        try:
            self.held = hold(self.path, new=new)
        except Taken as taken:
            raise Taken(f"{self.path}: {taken}") from None

    def release(self) -> None:
        """Leave it to others."""
        if self.held is not None:
            self.held.release()
        self.held = None

    def write_json(self, file: Path, found: Any) -> None:
        replace(file, (json.dumps(found, indent=1) + "\n").encode())

    def read_config(self) -> dict[str, Any]:
        """What the run is; UserError where the folder is none."""
        return read_config(self.path)

    def add_environment(self, found: dict[str, Any]) -> None:
        """`environment.json`, one entry for each time the run was started."""
        try:
            before = json.loads(self.environment.read_text())
        except (OSError, ValueError):
            before = []
        self.write_json(self.environment, [*(before if isinstance(before, list) else []), found])

    def write_rows(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """`metrics.csv`, one row an epoch."""
        rows = list(rows)
        columns = list(dict.fromkeys(name for row in rows for name in row))
        text = io.StringIO()
        table = csv.DictWriter(text, columns, lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
        replace(self.rows, text.getvalue().encode())

    def write_weights(self, file: Path, weights: Mapping[str, Any]) -> None:
        """Weights that know, wherever they go, what the network was shown and what its classes are called."""
        save(file, weights, {RUN: json.dumps(self.read_config())} if self.config.exists() else None)


class Unwritten(RunFolder):
    """The folder as all processes of a run but the first have it: they write nothing."""

    written = False

    def __init__(self, path: Path = ROOT) -> None:
        super().__init__(path)

    def hold(self, *, new: bool = False) -> None: ...

    def write_json(self, file: Path, found: Any) -> None: ...

    def add_environment(self, found: dict[str, Any]) -> None: ...

    def write_rows(self, rows: Iterable[Mapping[str, Any]]) -> None: ...

    def write_weights(self, file: Path, weights: Mapping[str, Any]) -> None: ...


def new_run(model: str, wanted: str | None) -> RunFolder:
    """A new folder, held: the one asked for, else the next `runs/<model>-<n>`."""
    if wanted is not None:
        return wanted_run(Path(wanted))
    ROOT.mkdir(exist_ok=True)
    stem = re.sub(r"\W+", "-", model.lower()).strip("-")
    number = 1 + max((number_of(p, stem) for p in ROOT.iterdir()), default=0)
    while True:
        try:
            (ROOT / f"{stem}-{number}").mkdir()
        except FileExistsError:  # another run took the number meanwhile
            number += 1
            continue
        folder = RunFolder(ROOT / f"{stem}-{number}")
        folder.hold(new=True)
        return folder


def wanted_run(path: Path) -> RunFolder:
    """A new folder of this name, held. UserError where there is something in it, or another run is about to begin."""
    require_empty(path)
    path.mkdir(parents=True, exist_ok=True)
    folder = RunFolder(path)
    try:
        folder.hold(new=True)
        require_empty(path)
    except Taken as taken:
        raise UserError(f"{taken}, or choose another `--out`") from None
    except BaseException:
        folder.release()
        raise
    return folder


def require_empty(path: Path) -> None:
    """UserError where there is something else than an empty folder, or the lock of a run that never began."""
    if path.exists() and (not path.is_dir() or any(below.name != LOCK for below in path.iterdir())):
        more = f", or go on with `--resume {quote(str(path))}`" if path.is_dir() and is_run(str(path)) else ""
        raise UserError(f"{path} is there already: choose another `--out`{more}")


def number_of(path: Path, stem: str) -> int:
    """n of `runs/<stem>-<n>`, 0 for other names."""
    found = re.fullmatch(re.escape(stem) + r"-(\d+)", path.name)
    return int(found[1]) if found else 0


def latest_runs(model: str | None) -> list[Path]:
    """The runs, of this model where one is named; the one that began last is the first."""
    stem = re.sub(r"\W+", "-", model.lower()).strip("-") if model else None
    there = [p for p in ROOT.iterdir() if (p / "config.json").is_file()] if ROOT.is_dir() else []
    runs = [p for p in there if stem is None or number_of(p, stem)]
    if not runs:
        raise UserError(f"there is no run{f' of {model}' if model else ''} in {ROOT}/ to go on with")
    return sorted(runs, key=lambda p: (p / "config.json").stat().st_mtime, reverse=True)


def is_run(name: str) -> bool:
    return (Path(name) / "config.json").is_file()


def task_word(name: str) -> str:
    """What a run learned: `classification`, `segmentation`, ..."""
    found: str = RunFolder(Path(name)).read_config().get("task", "classification")
    return found


# --- the text that ran ------------------------------------------------------------------------------------------------


def keep_sources(folder: RunFolder, file: File, name: str) -> None:
    """Copy the file and all it imports, so that the run stands alone: imports then lie in `imports/`."""
    loader = Loader(Diagnostics(), WORDS, locate(name)[1] if file.path is not None else Path.cwd().resolve())
    whole = loader.load(file.path, name) if file.path is not None else loader.define(None, file.module)
    names: dict[Path, str] = {}
    written: set[str] = set()
    waiting: list[tuple[File, str]] = [(whole, "model.cnn")]
    while waiting:
        current, place = waiting.pop()
        if place in written:
            continue
        written.add(place)
        text = current.module.source.text
        for item in reversed([i for i in current.module.items if isinstance(i, s.Import)]):
            path = target(item, loader.origin(current))[0].resolve()
            if path not in names:
                names[path] = unused(path.name, names.values())
            waiting.append((loader.files[path], f"imports/{names[path]}"))
            own = names[path] if place.startswith("imports/") else f"imports/{names[path]}"
            text = f'{text[: item.path.span.start]}"{own}"{text[item.path.span.end :]}'
        copy = folder.path / place
        copy.parent.mkdir(exist_ok=True)
        replace(copy, text.encode())


def unused(name: str, taken: Iterable[str]) -> str:
    """The name of a copy: numbered where another file has it."""
    stem, number, taken = Path(name).stem, 1, set(taken)
    found = f"{stem}.cnn"
    while found in taken:
        number += 1
        found = f"{stem}-{number}.cnn"
    return found


def discard(folder: RunFolder) -> None:
    """Remove a run that never began."""
    shutil.rmtree(folder.path, ignore_errors=True)
