"""The command `summary`: what it loads, what it refuses, what a recipe freezes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from cnnc.cli import main

from .test_summary import SHARED

LEAN = """
import sys
from cnnc.cli import main
assert main(["summary", sys.argv[1]]) == 0
print([name for name in ("networkx", "numpy", "onnx", "tqdm", "torch") if name in sys.modules])
"""


def test_the_command_loads_nothing_heavy(tmp_path: Path) -> None:
    (tmp_path / "net.cnn").write_text(SHARED)
    command = [sys.executable, "-c", LEAN, str(tmp_path / "net.cnn")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60, encoding="utf-8")
    assert done.stdout.endswith("Non-trainable params: 0 (0.00 B)\n[]\n")


def test_the_command_refuses_depths_below_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "net.cnn").write_text(SHARED)
    assert main(["summary", str(tmp_path / "net.cnn"), "--depth", "0"]) == 2
    assert "--depth is 1 or more" in capsys.readouterr().err


FROZEN = """
model Net:
    input 8
    dense 4 as base -> batchnorm as norm
    dense 2 as head

train:
    params base, norm, freeze=true
    phase later:
        params base, freeze=false
        epochs 1
"""


@pytest.mark.parametrize(("more", "trained"), [([], 36 + 8 + 10), (["--recipe"], 10), (["--phase", "later"], 36 + 10)])
def test_what_a_recipe_freezes_is_not_trained(
    more: list[str], trained: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "net.cnn"
    file.write_text(FROZEN)
    assert main(["summary", str(file), *more]) == 0
    text = capsys.readouterr().out
    assert f" Trainable params: {trained} (" in text
    assert f" Non-trainable params: {36 + 16 + 10 - trained} (" in text
    assert main(["summary", str(file), "--json", *more]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["trainable_params"] == sum(layer["trainable_params"] for layer in told["layers"]) == trained


def test_a_phase_that_is_not_there_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "net.cnn"
    file.write_text(FROZEN)
    assert main(["summary", str(file), "--phase", "latr"]) == 1
    assert capsys.readouterr().err == "cnnc: the recipe has no phase `latr`: `later`\n"
