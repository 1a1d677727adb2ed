"""The reference tables and the files of the zoo, for the tests."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

from cnnc.compiler.locate import ZOO

DATA = Path(__file__).parent / "data"
FILES = sorted(str(path.relative_to(ZOO).with_suffix("")) for path in ZOO.rglob("*.cnn"))
MODELS = [name for name in FILES if "blocks/" not in name]


def torchvision_table() -> dict[str, Any]:
    """What `make_tables.py` found, by torchvision's names."""
    found: dict[str, Any] = json.loads(gzip.decompress((DATA / "torchvision.json.gz").read_bytes()))
    return found
