"""Where models are found: files, what they import, the bundled zoo."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from .diagnostics import UserError
from .fault import Fault, did_you_mean
from .syntax import Import

ZOO = Path(__file__).resolve().parent.parent / "zoo"
if not ZOO.is_dir() or not (ZOO / "blocks").is_dir():
    ZOO = Path(__file__).resolve().parent.parent.parent / "zoo"


class Origin(NamedTuple):
    """Where a file that imports comes from: the name it is shown under, its folder, and what imports may not leave."""

    shown: str
    folder: Path
    root: Path


def locate(name: str) -> tuple[Path, Path]:
    """The path of `zoo:NAME` or of a file, and the folder its imports may not leave.

    For a bundled model that is the zoo. For another file it is the working directory where the file lies under it, and
    the file's own folder otherwise. UserError where the zoo has no such model.
    """
    if name.startswith("zoo:"):
        return in_zoo(name[4:]), ZOO
    path = Path(os.path.abspath(name))
    real = path.resolve()
    if real.is_relative_to(ZOO):
        return path, ZOO
    here = Path.cwd().resolve()
    return path, here if real.is_relative_to(here) else real.parent


def bundled(name: str) -> Path:
    """The file of a bundled model; `.cnn` may be left out."""
    return ZOO / (name if name.endswith(".cnn") else f"{name}.cnn")


def in_zoo(name: str) -> Path:
    """The file of a bundled model that is there; UserError otherwise."""
    path = bundled(name)
    if path.is_file() and path.resolve().is_relative_to(ZOO):
        return path
    known = [found.relative_to(ZOO).with_suffix("").as_posix() for found in ZOO.rglob("*.cnn")]
    raise UserError(f"the zoo has no `{name}`: {did_you_mean(name, known) or '`cnnc zoo` lists all'}")


def target(item: Import, origin: Origin) -> tuple[Path, str]:
    """Where an import points, and the name that file is shown under: below the root, a .cnn file, nothing else."""
    text = item.path.value
    if text.startswith("zoo:"):
        path, shown, root = bundled(text[4:]), text, ZOO
    else:
        require_relative(item)
        path = Path(os.path.normpath(origin.folder / text))
        shown = beside(origin.shown, text)
        root = ZOO if origin.folder.is_relative_to(ZOO) else origin.root
    if not path.resolve().is_relative_to(root):
        note = "imports stay below the working directory, or below the folder of a file outside it"
        message = f'"{text}" leaves the folder that imports may come from'
        raise Fault("import", message, item.path.span, notes=(note,))
    if not path.is_file():
        raise Fault("import", f"there is no file {shown}", item.path.span, help=near(path))
    return path, shown


def require_relative(item: Import) -> None:
    """Fault unless the import names a .cnn file by a relative path."""
    text = item.path.value
    if not text.endswith(".cnn"):
        raise Fault("import", f'only .cnn files are imported, found "{text}"', item.path.span)
    if "://" in text:
        raise Fault("import", f'an import names a file, found "{text}"', item.path.span)
    if os.path.isabs(text) or "\\" in text or "\0" in text:
        raise Fault("import", "an import is relative to its file and written with `/`", item.path.span)


def beside(name: str, text: str) -> str:
    """The name under which a file is shown that another one, shown as `name`, imports by a relative path."""
    scheme = "zoo:" if name.startswith("zoo:") else ""
    return scheme + os.path.normpath(os.path.join(os.path.dirname(name.removeprefix(scheme)), text))


def near(path: Path) -> str:
    """The file of a like name in the same folder, as a question."""
    folder = path.parent
    names = sorted(p.name for p in folder.glob("*.cnn"))[:1000] if folder.is_dir() else []
    return did_you_mean(path.name, names)
