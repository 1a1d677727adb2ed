"""What a run runs in: versions, machine, the state of the repository around it. Loads none of the packages it names."""

from __future__ import annotations

import os
import platform
import shlex
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = ("cnnc", "torch", "torchvision", "numpy", "lightning", "pillow", "safetensors", "onnx")


def environment(command: Sequence[str]) -> dict[str, Any]:
    """For `environment.json`, in JSON's types; what cannot be found out is None."""
    return {
        "began": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": shlex.join([Path(command[0]).name, *command[1:]]) if command else None,
        "folder": os.getcwd(),
        "python": platform.python_version(),
        "system": platform.platform(),
        "processor": processor(),
        "cores": os.cpu_count(),
        "packages": {name: installed(name) for name in PACKAGES},
        "git": repository(Path.cwd()),
    }


def installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def processor() -> str | None:
    """The name of the CPU as the system gives it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine() or None
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.machine() or None


def repository(folder: Path) -> dict[str, Any] | None:
    """The commit that a folder stands at, and whether files differ from it; None outside a repository."""
    commit = asked(folder, "rev-parse", "HEAD")
    if not commit:
        return None
    changed = asked(folder, "status", "--porcelain", "--untracked-files=no")
    return {"commit": commit, "changed": None if changed is None else bool(changed)}


def asked(folder: Path, *words: str) -> str | None:
    """What git prints; None where it has nothing to say or is not there."""
    null = subprocess.DEVNULL
    try:
        done = subprocess.run(["git", *words], cwd=folder, stdin=null, capture_output=True, text=True, timeout=5)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
