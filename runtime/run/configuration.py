"""`config.json`: what a run is. Loads no numpy."""

from __future__ import annotations

import json
from pathlib import Path
from shlex import quote
from typing import Any

from ...compiler.diagnostics import UserError

NEEDED = ("model", "params", "inputs")


def read_config(folder: Path) -> dict[str, Any]:
    """What the run is; UserError where the folder is none, or its file cannot be read."""
    path = folder / "config.json"
    try:
        found = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        there = "no run: there is no config.json in it"
        raise UserError(f"{folder}: {there if folder.is_dir() else 'there is no such folder of a run'}") from None
    except NotADirectoryError:
        hint = f": `cnnc train {quote(str(folder))}` begins one" if folder.suffix == ".cnn" else ""
        raise UserError(f"{folder}: a run is a folder, this is a file{hint}") from None
    except ValueError:
        raise UserError(f"{path}: no JSON") from None
    if not isinstance(found, dict):
        raise UserError(f"{path}: not what a run writes there")
    if found.get("format") != 1:
        raise UserError(f"{path}: written by another version of cnnc ({found.get('cnnc')})")
    lacking = [name for name in NEEDED if name not in found]
    if lacking:
        raise UserError(f"{path}: not what a run writes there: it lacks `{lacking[0]}`")
    return found
