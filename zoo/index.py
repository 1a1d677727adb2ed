"""zoo/index.json, the figures of every model, made anew: `python -m cnnc.zoo.index`."""

from __future__ import annotations

import json
from pathlib import Path

from ..catalogue import Entry, catalogue, computed

INDEX = Path(__file__).with_name("index.json")


def main() -> None:
    INDEX.write_text(written(catalogue()), encoding="utf-8")


def written(entries: list[Entry]) -> str:
    """One line for each model."""
    lines = (f'"{entry.name}": {json.dumps(facts(entry), separators=(",", ":"))}' for entry in entries)
    return "{\n" + ",\n".join(lines) + "\n}\n"


def facts(entry: Entry) -> dict[str, object]:
    return {"digest": entry.digest, "figures": computed(entry.name)._asdict()}


if __name__ == "__main__":
    main()
