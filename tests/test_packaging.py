"""A sub-package missing from the list imports in an editable installation and is silently absent from the wheel."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = {
    "cnnc": "cnnc",
    "compiler": "cnnc.compiler",
    "runtime": "cnnc.runtime",
    "grammar": "cnnc.grammar",
    "zoo": "cnnc.zoo",
}


def packages() -> set[str]:
    """Every folder of Python or of models, by the name it is imported under: setuptools warns of any it is not told."""
    found = set()
    for folder, name in FOLDERS.items():
        for path in (path for kind in ("*.py", "*.cnn") for path in (ROOT / folder).rglob(kind)):
            inside = path.parent.relative_to(ROOT / folder).parts
            found.add(".".join([name, *inside]))
    return found


def data() -> set[str]:
    """Every file beside the Python that a command reads."""
    kinds = ("*.lark", "*.json", "*.cnn", "*.css", "*.js", "*.md", "*.txt", "py.typed")
    return {
        f"{FOLDERS[folder].replace('.', '/')}/{path.relative_to(ROOT / folder)}"
        for folder in FOLDERS
        for kind in kinds
        for path in (ROOT / folder).rglob(kind)
    }


def test_all_packages_are_listed() -> None:
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    listed = re.search(r"^packages = \[(.*?)\]", text, re.MULTILINE | re.DOTALL)
    assert listed is not None
    assert set(re.findall(r'"([\w.]+)"', listed[1])) == packages()


@pytest.mark.proof
def test_the_wheel_alone_is_enough(tmp_path: Path) -> None:
    wheels, site = tmp_path / "wheels", tmp_path / "site"
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", str(ROOT), "--no-deps", "-w", str(wheels)], check=True, timeout=300)
    (wheel,) = wheels.glob("*.whl")
    assert data() <= set(zipfile.ZipFile(wheel).namelist())
    subprocess.run([*pip, "install", str(wheel), "--no-deps", "--target", str(site)], check=True, timeout=300)
    code = "import cnnc; print(cnnc.__file__); from cnnc.cli import main; main(['summary', 'zoo:resnet34'])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(site)}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.stdout.startswith(str(site)), done.stderr
    assert "21,814,696" in done.stdout
