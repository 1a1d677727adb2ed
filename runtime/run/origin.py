"""Where the data of a run are: as seen from the folder in which it began, or where they have been moved to."""

from __future__ import annotations

import json
import os
from pathlib import Path
from shlex import quote
from typing import Any, NamedTuple

from ...compiler.diagnostics import UserError
from ...compiler.recipes.base import Part
from ...compiler.recipes.course import Seed
from ...compiler.recipes.data import Data, Digits, Faces
from ...compiler.recipes.record import Recipe, Said
from ..data import Dataset, open_data
from ..data.examined import examined
from ..data.imprint import imprint
from ..data.meant import says
from ..data.opening import named
from ..jobs.job import recipe_of
from .run_folder import RunFolder


class Moved(NamedTuple):
    """Where the data of a run are now: `--data` and `--data-dir` of the one who goes on with it."""

    data: str | None = None
    root: str | None = None

    def __bool__(self) -> bool:
        return self.data is not None or self.root is not None

    @property
    def told(self) -> str:
        said = {"--data": self.data, "--data-dir": self.root}
        return ", ".join(f"`{option} {quote(value)}`" for option, value in said.items() if value is not None)


STAYED = Moved()


def recipe_in(folder: RunFolder, moved: Moved = STAYED) -> Recipe:
    """The recipe of a run, which names its data so that they are found from here."""
    recipe = recipe_of(folder.read_config())
    said = tuple(one._replace(entry=placed(one, folder, moved)) for one in recipe.said)
    return recipe._replace(said=said)


def placed(said: Said, folder: RunFolder, moved: Moved) -> Any:
    """The entry; one of data with paths that hold."""
    if not isinstance(said.entry, Data):
        return said.entry
    began = Path(began_in(folder))
    data = said.entry.changed(source=seen_from(began, said.entry.source))
    if data.root is not None:
        data = data.changed(root=path_from(began, data.root))
    if moved.data is not None:
        data = at_last(data, moved.data)
    return data if moved.root is None else data.changed(root=moved.root)


def at_last(data: Data, text: str) -> Data:
    """The entry with its source in another place; what the recipe says of it besides is kept."""
    found = named(text, data)
    source = seen_from(Path.cwd(), found.source)
    if not says(text) and type(source) is type(data.source) and "path" in source.__dict__:
        source = data.source.changed(path=source.__dict__["path"])
    return found.changed(source=source)


def began_in(folder: RunFolder) -> str:
    """The working folder of the first start; today's where nothing says it."""
    try:
        found: str = json.loads(folder.environment.read_text())[0]["folder"]
    except (OSError, ValueError, LookupError, TypeError):
        return os.getcwd()
    return found


def seen_from(began: Path, source: Part) -> Part:
    """The source with its paths as they are from a folder."""
    places = ("name",) if isinstance(source, Faces) and source.name != "lfw" else ("path", "folder")
    own = {name: path_from(began, value) for name, value in source.__dict__.items() if name in places and value}
    return source.changed(**own)


def path_from(began: Path, text: str) -> str:
    """A path from a folder, where there is something; else as it is written, as for data among the published."""
    there = began / Path(text).expanduser()
    anchor = there.parent if any(sign in text for sign in "{*?[") else there
    return str(there) if anchor.exists() else text


# --- the same data? ---------------------------------------------------------------------------------------------------


def opened(recipe: Recipe, text: str | None = None) -> Dataset:
    """The data of the recipe, or those of `--data` to measure on."""
    said, seed = recipe.one(Data), recipe.one(Seed)
    entry = to_measure_on(text, said) if text is not None else said
    assert entry is not None
    return open_data(entry, seed.number if seed is not None else 0)


def to_measure_on(text: str, said: Data | None) -> Data:
    """What `--data` names; of the digits it is what a run holds out."""
    found = named(text, said)
    return found if isinstance(found.source, Digits) else examined(found)


def require_same(data: Dataset, config: dict[str, Any], what: str, way: str) -> None:
    """UserError where the data are not those that the run began with; `way` is the way out."""
    changed = difference(data, config["data"])
    if changed:
        raise UserError(f"{what}: {changed}: {way}")


def difference(data: Dataset, then: dict[str, Any]) -> str:
    """In what they differ; nothing where they do not. Older runs have counts and classes only."""
    if list(data.classes) != then["classes"]:
        return f"the classes were {listed(then['classes'])}, are {listed(data.classes)}"
    for name, now, word in (("train", data.train, "to learn from"), ("held", data.held, "held out")):
        if len(now) != then[name]:
            return f"there were {then[name]:,} {word}, there are {len(now):,}"
    if then.get("imprint", "") not in ("", imprint(data)):
        return "as many examples, but their names, sizes or labels are others"
    return ""


def listed(classes: Any, most: int = 8) -> str:
    return ", ".join(classes[:most]) + ", ..." * (len(classes) > most)
