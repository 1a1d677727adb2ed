"""Where data lie: as they are named, or in the folder of published sets, into which torchvision can bring them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from ...compiler.recipes.data import Data
from .dataset import DataError

VARIABLE = "CNNC_DATA"
"""The folder of published sets, where the recipe does not say."""
USUAL = Path("~/.cache/cnnc/data")


def root(data: Data) -> Path:
    """The folder of published sets."""
    return Path(data.root or os.environ.get(VARIABLE) or USUAL).expanduser()


def located(text: str, data: Data) -> Path:
    """A file or folder, as it is named or in the folder of published sets. DataError where there is neither."""
    named, among = Path(text).expanduser(), root(data) / text
    for path in (named, among):
        if path.exists():
            return path
    aside = "" if named.is_absolute() else f", nor in {root(data)}"
    raise DataError(f"{text}: there is no such file or folder{aside}")


def published(data: Data, folders: tuple[str, ...], files: tuple[str, ...], fetch: Callable[[Path], object]) -> Path:
    """The folder, one of some below the root, that holds these files; they are downloaded where it is none of them.

    A file may also be there compressed, with `.gz` behind its name. DataError says where to put what.
    """
    home = root(data)
    found = having(home, folders, files)
    if found is not None:
        return found
    try:
        home.mkdir(parents=True, exist_ok=True)
        fetch(home)
    except (OSError, RuntimeError, ImportError, ValueError) as error:  # what torchvision and its network raise
        raise DataError(absent(home / folders[0], files, brief(error))) from None
    found = having(home, folders, files)
    if found is None:
        raise DataError(absent(home / folders[0], files, "the download is not whole"))
    return found


def having(home: Path, folders: tuple[str, ...], files: tuple[str, ...]) -> Path | None:
    """The first of the folders that holds all of the files."""
    return next((home / f for f in folders if all(there(home / f / name) for name in files)), None)


def there(path: Path) -> bool:
    return path.exists() or path.with_name(path.name + ".gz").exists()


def absent(folder: Path, files: tuple[str, ...], why: str = "no network") -> str:
    """What to put where."""
    return (f"put {', '.join(files)} into {folder}, or say with --data-dir or {VARIABLE} where else they are: they are "
            f"not there, and could not be downloaded ({why})")  # fmt: skip


def brief(error: Exception) -> str:
    """The first line of what went wrong."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:120]


def unfetched(home: Path) -> None:
    """For what nobody may download without having agreed to terms, or what no library downloads."""
    raise RuntimeError("this set is not downloaded: its terms or its size ask for a person")


def fetching(name: str, *calls: dict[str, object]) -> Callable[[Path], object]:
    """What has torchvision's data set of this name brought below the root, once for each set of arguments."""

    def fetch(home: Path) -> object:
        import torchvision

        cls = getattr(torchvision.datasets, name)
        return [cls(root=str(home), download=True, **said) for said in calls or ({},)]

    return fetch
