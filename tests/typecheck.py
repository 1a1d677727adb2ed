"""`mypy --strict` over the package as it is imported.

The folders are mapped to `cnnc.compiler`, `cnnc.runtime`, ...; an editable installation hides that from mypy, so they
are linked under `.links/cnnc` and checked there.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LINKS = ROOT / ".links" / "cnnc"


def link() -> None:
    """`.links/cnnc` looks like the installed package."""
    LINKS.mkdir(parents=True, exist_ok=True)
    for source in [*(ROOT / "cnnc").iterdir(), *(ROOT / name for name in ("compiler", "runtime", "grammar", "zoo"))]:
        target = LINKS / source.name
        if source.name != "__pycache__" and not target.exists():
            target.symlink_to(os.path.relpath(source, LINKS))


def main() -> int:
    link()
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file", str(ROOT / "pyproject.toml"), "-p", "cnnc"]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, "MYPYPATH": str(LINKS.parent)}).returncode


if __name__ == "__main__":
    sys.exit(main())
