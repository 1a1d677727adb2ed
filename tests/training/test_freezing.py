"""What is left as it is: by path, by `backbone`, from the command line and from Python."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from cnnc.compiler.patterns import matching
from cnnc.compiler.pipeline import compile_path, compile_text
from cnnc.runtime.lowering.lower import lower
from safetensors.torch import load_file

import cnnc
from cnnc.cli import main

from . import models

NAMED = """
model Net(classes=10):
    input 8x8x1
    group as backbone:
        conv 8, 3x3, pad=same -> relu
    conv 8, 3x3, pad=same
    global_avgpool
    dense classes -> softmax
"""


def test_the_backbone_is_all_but_what_gives_the_classes() -> None:
    """As torchvision names them: `fc`, and the `classifier` and `aux_classifier` of two heads."""
    for file, last in (
        ("zoo:resnet18", {"fc.weight", "fc.bias"}),
        ("zoo:mobilenet_v2", {"classifier.1.weight", "classifier.1.bias"}),
        ("zoo:googlenet", {f"{part}.{name}" for part in ("fc", "aux1.fc2", "aux2.fc2") for name in ("weight", "bias")}),
    ):
        checked = compile_path(file).checked
        assert set(checked.weights) - set(matching("backbone", checked)) == last


def test_a_part_that_is_called_backbone_is_meant_where_there_is_one() -> None:
    checked = compile_text(NAMED).checked
    assert matching("backbone", checked) == ["backbone.conv1.weight", "backbone.conv1.bias"]


def test_a_run_that_freezes_the_backbone_moves_the_head_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Statistics of frozen batch normalisation stand still too, as Keras has it."""
    (tmp_path / "net.cnn").write_text(models.CLASSIFIER)
    monkeypatch.chdir(tmp_path)
    words = ["train", "net.cnn", "--freeze", "backbone", "--epochs", "1", "--out", "run", "--no-report"]
    assert main(words) == 0
    before = lower(compile_text(models.CLASSIFIER).checked, seed=0, head="folded").state_dict()
    after = load_file(tmp_path / "run" / "last.safetensors")
    assert {name for name, held in before.items() if not torch.equal(held, after[name])} == {
        "dense1.weight", "dense1.bias",
    }  # fmt: skip
    assert "Net: classification, 170 of 1,466 weights to learn" in capsys.readouterr().out


def test_weights_still_decay_as_they_do_without_it(tmp_path: Path) -> None:
    """All but biases and normalisation: what is frozen says nothing of that."""
    run = cnnc.train(cnnc.loads(models.CLASSIFIER), "digits", epochs=1, freeze=["conv1"], out=tmp_path / "run",
                     report=False, quiet=True)  # fmt: skip
    said = [one for one in run.config["recipe"]["entries"] if one["is"] == "params"]
    assert [(one["patterns"], one["freeze"], one["weight_decay"]) for one in said] == [
        (["vectors"], None, 0.0), (["conv1"], True, None),
    ]  # fmt: skip


def test_a_path_that_is_not_there_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "zoo:lenet5", "--freeze", "c9"]) == 1
    assert "no weight of the model matches `c9`" in capsys.readouterr().err
    assert main(["train", "--resume", "--freeze", "c1"]) == 2
    assert "nothing of them can be changed" in capsys.readouterr().err


def test_phases_tell_how_much_they_learn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    phases = """
train:
    phase head:
        params backbone, freeze=true
        epochs 1
    phase all:
        epochs 1
"""
    (tmp_path / "net.cnn").write_text(models.CLASSIFIER + phases)
    assert main(["train", str(tmp_path / "net.cnn"), "--out", str(tmp_path / "run"), "--no-report"]) == 0
    assert "170, then 1,466 of 1,466 weights to learn" in capsys.readouterr().out
