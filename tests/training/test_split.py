"""Weights split over two processes: what is learned is what one process learns."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from cnnc.compiler.diagnostics import UserError
from cnnc.compiler.pipeline import compile_text
from cnnc.runtime.devices import portions
from cnnc.runtime.devices.available import DeviceError
from cnnc.runtime.devices.engine import Engine
from cnnc.runtime.devices.ranks import Ranks
from cnnc.runtime.lowering.lower import lower
from cnnc.runtime.run.run_folder import RunFolder
from cnnc.runtime.training.train import Trainer
from safetensors.numpy import load_file

from cnnc.cli import main

from .trial import Silent, job_of, trained
from .two_ranks import CASES, DEEP, TWICE

ROOT = Path(__file__).parents[2]


def shared(out: Path, *names: str) -> None:
    """Runs of two processes, from their checkpoints where there are some."""
    made = subprocess.run(
        [sys.executable, "-m", "tests.training.two_ranks", str(out), *names],
        cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1"}, capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr


def require_same(name: str, one: Path, two: Path) -> None:
    for file in ("best.safetensors", "last.safetensors"):
        first, second = load_file(one / file), load_file(two / file)
        assert first.keys() == second.keys()
        for key, value in first.items():
            np.testing.assert_allclose(second[key], value, rtol=1e-3, atol=1e-4, err_msg=f"{name}: {key}")
    losses = [json.loads((run / "metrics.json").read_text())["loss"] for run in (one, two)]
    assert losses[1] == pytest.approx(losses[0], rel=1e-4), name


@pytest.mark.proof
def test_every_kind_of_run_learns_what_one_process_does(tmp_path: Path) -> None:
    shared(tmp_path, *CASES)
    for name, case in CASES.items():
        whole = trained(tmp_path / "one" / name, case.text, case.data(), *case.sets)
        require_same(name, tmp_path / "one" / name, tmp_path / name)
        sizes = [json.loads((tmp_path / name / f"sizes{rank}.json").read_text()) for rank in (0, 1)]
        for path, weight in whole.trainer.net.named_parameters():
            rows = [size[path] * len(weight) // weight.numel() for size in sizes]
            assert rows == [len(weight) - len(weight) // 2, len(weight) // 2], f"{name}: {path}"


@pytest.mark.proof
def test_a_run_of_one_process_goes_on_with_two_that_split_it(tmp_path: Path) -> None:
    names = ("adamw", "phases")
    for name in names:
        case = CASES[name]
        trained(tmp_path / "one" / name, case.text, case.data(), *case.sets)
        (tmp_path / name).mkdir()
        stopping = iter([False] * 5 + [True]).__next__
        job = job_of(case.text, case.data(), *case.sets)
        first = Trainer(job, RunFolder(tmp_path / name), Engine("cpu", "fp32"), Silent(), stopping)
        torch.set_num_threads(1)
        first.prepare()
        assert first.run().figures is None
    shared(tmp_path, *names)
    for name in names:
        require_same(name, tmp_path / "one" / name, tmp_path / name)


def paths(text: str) -> list[list[str]]:
    checked = compile_text(text, "<test>").checked
    return [[path for path, _ in unit] for unit in portions.units(portions.layers(lower(checked), checked))]


def test_units_are_blocks_and_what_runs_twice_stays_with_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    assert paths(TWICE) == [["conv1"], ["conv2"], ["dense1"]]
    monkeypatch.setattr(portions, "PARTS", 2)
    units = paths(DEEP)
    assert units[0] == ["stem", "norm", "unit1.conv1", "unit1.bn1", "unit1.conv2", "unit1.bn2"]
    assert [path for unit in units for path in unit] == [
        "stem", "norm", "unit1.conv1", "unit1.bn1", "unit1.conv2", "unit1.bn2", "unit2.conv1", "unit2.bn1",
        "unit2.conv2", "unit2.bn2", "unit2.conv3", "conv1", "ln1", "separable_conv1", "bn1", "head",
    ]  # fmt: skip


def test_what_cannot_be_split_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    for more in ([], ["--find-lr"], ["--devices", "1"]):
        assert main(["train", "tiny.cnn", "--strategy", "fsdp", *more]) == 2
        assert "`--strategy fsdp` splits the weights over several devices, but here is one" in capsys.readouterr().err
    net = lower(compile_text(DEEP.replace("as stem", "as reshard"), "<test>").checked)
    with pytest.raises(UserError, match="`--strategy fsdp` wants another name for `reshard`"):
        portions.require_names([("", net)])
    engine = object.__new__(Engine)
    engine.ranks = Ranks(0, 2, 1, split=True)
    with pytest.raises(DeviceError, match="`precision fp16` is not there with `--strategy fsdp`"):
        engine.use("fp16")
