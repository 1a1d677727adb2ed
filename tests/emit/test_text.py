"""The text of emitted source: what stands in it, that it is clean, laid out, and always the same."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from cnnc.compiler.backends.emit import source
from cnnc.compiler.backends.emit.torch.names import ATTRIBUTES, DICTIONARY, LISTED
from cnnc.compiler.pipeline import compile_path, compile_text
from torch import nn

from cnnc.cli import main

from .test_torch import NAMES

FILE = '''
block basic(width, stride=1):
    """Two windows and the way around them."""
    residual:
        conv width, 3x3, stride=stride, pad=1, bias=false as conv1 -> batchnorm as bn1 -> relu
        conv width, 3x3, pad=1, bias=false as conv2 -> batchnorm as bn2
        shortcut as downsample:
            if stride != 1 or input.channels != width:
                conv width, 1x1, stride=stride, bias=false as "0" -> batchnorm as "1"
    relu

model Tiny(classes=10):
    input 32x32x3
    conv 16, 3x3, pad=1 as stem
    for stage in range(2):
        for i in range(4):
            basic 16 * 2**stage, 2 if i == 0 and stage > 0 else 1 as "layer{stage + 1}.{i}"
    global_avgpool
    dense classes as fc -> softmax
'''

TORCH = '''
"""A residual network.

Written by `cnnc emit torch`."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Basic(nn.Module):
    """Two windows and the way around them."""

    def __init__(self, in_channels: int, width: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, width, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width, eps=0.001, momentum=0.01)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width, eps=0.001, momentum=0.01)
        self.downsample = nn.Identity()
        if stride != 1 or in_channels != width:
            self.downsample = nn.Sequential(
                nn.Conv2d(in_channels, width, 1, stride=stride, bias=False),
                nn.BatchNorm2d(width, eps=0.001, momentum=0.01),
            )

    def forward(self, x: Tensor) -> Tensor:
        out = F.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        return F.relu(self.downsample(x) + out)


class Tiny(nn.Module):
    """(N, 3, 32, 32) -> (N, 10)"""

    def __init__(self, classes: int = 10) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 16, 3, padding=1)
        self.layer1 = nn.Sequential(*(Basic(16, 16) for _ in range(4)))
        self.layer2 = nn.Sequential(Basic(16, 32, stride=2), *(Basic(32, 32) for _ in range(3)))
        self.fc = nn.Linear(32, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        x = self.layer1(x)
        x = self.layer2(x)
        x = x.mean((2, 3))
        return torch.softmax(self.fc(x), dim=1)


if __name__ == "__main__":
    model = Tiny()
    parameters = sum(p.numel() for p in model.parameters())
    print(f"{parameters:,} trained parameters")
'''

SOME = ["resnet18", "googlenet", "keras/nasnetmobile", "unet"]


def test_pytorch_as_one_would_write_it() -> None:
    assert source(compile_text(FILE).checked, "torch", "A residual network.") == TORCH.lstrip()


def test_nothing_of_ours_is_needed(tmp_path: Path) -> None:
    path = tmp_path / "tiny.py"
    path.write_text(source(compile_text(FILE).checked, "torch"), "utf-8")
    code = f"import sys, runpy; sys.modules['cnnc'] = None; runpy.run_path({str(path)!r}, run_name='__main__')"
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    assert made.stdout == "89,674 trained parameters\n"  # by hand: 448 + 18,688 + 14,528 + 55,680 + 330


@pytest.mark.parametrize("target", ["torch", "keras"])
@pytest.mark.parametrize("names", [SOME, pytest.param(NAMES, marks=pytest.mark.proof)])
def test_ruff_finds_nothing_and_changes_nothing(names: list[str], target: str, tmp_path: Path) -> None:
    for name in names:
        compiled = compile_path(f"zoo:{name}")
        text = source(compiled.checked, target, compiled.file.doc)
        assert text == source(compile_path(f"zoo:{name}").checked, target, compiled.file.doc)
        (tmp_path / f"{name.replace('/', '_')}.py").write_text(text, "utf-8")
    ruff = [sys.executable, "-m", "ruff"]
    options = ["--isolated", "--no-cache", "--line-length", "100", str(tmp_path)]
    lint = subprocess.run([*ruff, "check", "--select", "F,E9,I", *options], capture_output=True, text=True, check=False)
    layout = subprocess.run([*ruff, "format", "--check", *options], capture_output=True, text=True, check=False)
    assert (lint.returncode, layout.returncode) == (0, 0), lint.stdout + layout.stdout


def test_lines_stay_within_a_hundred_columns() -> None:
    for target in ("torch", "keras"):
        compiled = compile_path("zoo:keras/inceptionresnetv2")
        text = source(compiled.checked, target, compiled.file.doc)
        assert max(map(len, text.splitlines())) <= 100


def test_the_attributes_of_modules_are_known() -> None:
    names = {name for name in dir(nn.Module) if not name.startswith("_")} | {"training"}
    assert names <= ATTRIBUTES
    assert {name for name in dir(nn.ModuleDict) if not name.startswith("_")} - names == DICTIONARY
    assert {name for name in dir(nn.Sequential) if not name.startswith("_")} - names == LISTED


def test_hostile_documentation_stays_documentation() -> None:
    for doc in ('ends with a quote"', "back\\slash \\", 'three """ quotes', "'''"):
        program = source(compile_text(FILE).checked, "torch", doc)
        compile(program, "<text>", "exec")


# --- the command ------------------------------------------------------------------------------------------------------


def test_the_command_writes_to_a_file_or_to_standard_output(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "lenet.py"
    assert main(["emit", "torch", "zoo:lenet5"]) == 0
    shown = capsys.readouterr().out
    assert main(["emit", "torch", "zoo:lenet5", "-o", str(path)]) == 0
    assert path.read_text("utf-8") == shown
    assert capsys.readouterr().out == f"{path}: {len(shown.splitlines())} lines\n"


def test_parameters_of_the_model_are_written_in(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["emit", "keras", "zoo:lenet5", "-p", "classes=7"]) == 0
    assert "def lenet5(classes=7):\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (["jax", "zoo:lenet5"], 2, "`emit` writes torch or keras, found `jax`: `cnnc emit torch zoo:lenet5`"),
        (["torch", "zoo:lenet6"], 1, "lenet5"),
        (["torch", "zoo:lenet5", "-o", "/nowhere/at/all.py"], 1, "no such folder"),
    ],
)
def test_what_is_wrong_is_told(words: list[str], status: int, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["emit", *words]) == status
    shown = capsys.readouterr()
    assert told in shown.err
    assert "Traceback" not in shown.err
