"""Weights in several files, and an index of them, as Hugging Face's libraries write large models."""

from __future__ import annotations

import json
from pathlib import Path

from .held import Held, WeightsError
from .stored import Stored


def read_shards(path: Path) -> Stored:
    """The arrays of all files that an index names, which lie beside it; WeightsError where one is missing."""
    from .read import read

    names = weight_map(path)
    parts: dict[str, Stored] = {}
    for name in sorted(set(names.values())):
        if Path(name).name != name or name.endswith(path.suffix):
            raise WeightsError(f"`{path}` names `{name}`, which is no file of weights beside it")
        if not (path.parent / name).is_file():
            raise WeightsError(f"`{path}` names `{name}`, which is not beside it")
        part = read(path.parent / name)
        if not isinstance(part, Stored):
            raise WeightsError(f"`{path}` names `{name}`, whose weights have no names")
        parts[name] = part
    held: dict[str, Held] = {}
    for key, name in names.items():
        if key in parts[name].held:
            held[key] = parts[name].held[key]
    layouts = {part.flatten for part in parts.values()}
    return Stored(str(path), held, layouts.pop() if len(layouts) == 1 else None)


def weight_map(path: Path) -> dict[str, str]:
    """For each weight the name of its file."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))["weight_map"]
        return {str(key): str(name) for key, name in found.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise WeightsError(f"`{path}` is no index of files of weights") from error
