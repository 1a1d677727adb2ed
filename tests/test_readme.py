"""The README is true: every command in it prints what stands below it (`UPDATE_README=1` writes it anew)."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from cnnc.compiler.pipeline import compile_text

from .shell import ROOT, commands, output, write_outputs

README = ROOT / "README.md"
PYTHON = re.compile(r"^```python\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.skipif("UPDATE_README" in os.environ, reason="it is being written")
@pytest.mark.parametrize("match", commands(README), ids=lambda m: m["command"])
def test_commands_print_what_is_shown(match: re.Match[str]) -> None:
    assert output(match["command"]) == match["output"]


def test_python_runs(tmp_path: Path) -> None:
    code = "\n".join(m["code"] for m in PYTHON.finditer(README.read_text("utf-8")))
    assert "cnnc.load" in code
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "resnet34.onnx").exists()


def test_the_model_compiles_to_its_published_size() -> None:
    text = re.search(r"^```\n(model .*?)^```", README.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert text is not None
    assert compile_text(text[1]).checked.trainable == 21_797_672  # torchvision.models.resnet34


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", README.read_text("utf-8")):
        assert (ROOT / target).exists(), target


@pytest.mark.skipif("UPDATE_README" not in os.environ, reason="only on demand")
def test_write_the_outputs() -> None:
    write_outputs(README)
