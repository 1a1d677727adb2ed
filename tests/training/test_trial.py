"""The numbers a run computes in: chosen by a trial, kept when it goes on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from cnnc.runtime.devices.available import DeviceError, algorithms_needed, choose_algorithms, found_device, has_bf16
from cnnc.runtime.devices.engine import Engine
from cnnc.runtime.run.run_folder import RunFolder
from cnnc.runtime.training import trial
from cnnc.runtime.training.train import Trainer

from . import generated as made
from . import models
from .trial import Silent, job_of

needs_bf16 = pytest.mark.skipif(not has_bf16("cpu"), reason="the processor has no bf16")


def trainer(folder: Path, engine: Engine) -> Trainer:
    job = job_of(models.CLASSIFIER, made.digits(), "epochs=1")
    return Trainer(job, RunFolder(folder), engine, Silent())


@needs_bf16
@pytest.mark.parametrize(("bf16", "fp32", "chosen"), [(1.0, 2.0, "bf16"), (2.0, 1.0, "fp32"), (1.0, 1.01, "fp32")])
def test_the_faster_numbers_are_chosen_and_nothing_else_changes(
    bf16: float, fp32: float, chosen: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)  # where it is set nothing is tried
    engine = Engine("cpu", "mixed")
    found = trainer(tmp_path, engine)
    real = trial.step
    before = {name: value.clone() for name, value in found.net.state_dict().items()}

    def step(module: torch.nn.Module, inputs: tuple[torch.Tensor, ...], engine: Engine) -> float:
        real(module, inputs, engine)
        return {"bf16": bf16, "fp32": fp32}[engine.precision]

    monkeypatch.setattr(trial, "step", step)
    random = torch.get_rng_state()
    found.prepare()
    assert engine.precision == chosen
    assert torch.equal(random, torch.get_rng_state())
    assert all(torch.equal(value, before[name]) for name, value in found.net.state_dict().items())
    assert all(p.grad is None for p in found.net.parameters())
    assert found.net.training
    inputs = found.feed.batch(0, torch.arange(8).numpy()).inputs
    assert found.learner.module(*inputs).dtype == torch.float32  # outputs come back whole
    with engine.numbers():
        assert found.net(*inputs).dtype == (torch.bfloat16 if chosen == "bf16" else torch.float32)


def test_numbers_that_are_asked_for_are_not_tried() -> None:
    for precision in ("fp32", *(["bf16"] if has_bf16("cpu") else [])):
        assert not Engine("cpu", precision).open


@needs_bf16
def test_a_run_goes_on_in_its_numbers() -> None:
    first, second = Engine("cpu", "mixed"), Engine("cpu", "mixed")
    first.use("fp32")
    second.restore(first.state())
    assert second.precision == "fp32"


@pytest.mark.parametrize("precision", ["fp16", "tf32"])
def test_numbers_of_a_gpu_are_refused_on_a_cpu(precision: str) -> None:
    with pytest.raises(DeviceError, match=f"`precision {precision}` wants a GPU"):
        Engine("cpu", precision)


def test_one_of_several_gpus_can_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "set_device", lambda device: None)
    assert [str(found_device(name)) for name in ("auto", "cuda", "gpu", "cuda:1", "cpu")] == [
        "cuda", "cuda", "cuda", "cuda:1", "cpu",
    ]  # fmt: skip
    for strange in ("cuda:2", "cuda:x", "tpu"):
        with pytest.raises(DeviceError, match=f"no device `{strange}` here, only `cpu`, `cuda:0`, `cuda:1`"):
            found_device(strange)


def test_nothing_is_tried_where_the_seed_alone_decides() -> None:
    engine = Engine("cpu", "mixed", deterministic=True)
    assert not engine.open
    assert not engine.free
    assert Engine("cpu", "mixed").free


@pytest.fixture
def as_before() -> Iterator[None]:
    cudnn = torch.backends.cudnn
    before = torch.are_deterministic_algorithms_enabled(), cudnn.deterministic, cudnn.benchmark
    yield
    torch.use_deterministic_algorithms(before[0])
    cudnn.deterministic, cudnn.benchmark = before[1:]


def test_a_gpu_takes_the_fastest_algorithms_or_those_that_give_the_same(
    as_before: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What torch's notes on reproducibility ask for; a CPU is left alone."""
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG", raising=False)
    cudnn = torch.backends.cudnn
    choose_algorithms("cuda", True)
    assert (torch.are_deterministic_algorithms_enabled(), cudnn.deterministic, cudnn.benchmark) == (True, True, False)
    assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"
    choose_algorithms("cpu", False)
    assert torch.are_deterministic_algorithms_enabled()
    choose_algorithms("cuda", False)
    assert (torch.are_deterministic_algorithms_enabled(), cudnn.deterministic, cudnn.benchmark) == (False, False, True)


def test_a_layer_without_such_an_algorithm_is_told() -> None:
    """The message is torch's."""
    said = "adaptive_max_pool2d_backward_cuda does not have a deterministic implementation, but you set ..."
    with pytest.raises(DeviceError, match=r"`adaptive_.*_cuda` has no deterministic algorithm"), algorithms_needed():
        raise RuntimeError(said)
    with pytest.raises(RuntimeError, match="other"), algorithms_needed():
        raise RuntimeError("other")
