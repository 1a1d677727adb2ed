"""What the engine sees to where networks run on GPUs, held against what stands for one here."""

from __future__ import annotations

import copy
import os
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from cnnc.runtime.devices import available, engine
from cnnc.runtime.devices.agreement import STRIDE, Agreement
from cnnc.runtime.devices.available import DeviceError, found_device, require_places
from cnnc.runtime.devices.engine import Engine
from cnnc.runtime.devices.layout import arrange, laid_out
from cnnc.runtime.devices.ranks import Ranks
from cnnc.runtime.devices.together import Together
from cnnc.runtime.run.run_folder import RunFolder
from cnnc.runtime.training.settle import Settling
from cnnc.runtime.training.train import Trainer
from torch import Tensor, nn

from . import generated, models
from .trial import Silent, job_of, trained

TWO = Ranks(devices=2)


# --- gradients, numbers, layouts --------------------------------------------------------------------------------------


def scaling(scale: float) -> Engine:
    """An engine for fp16, which Fabric has on GPUs only."""
    from lightning_fabric.plugins.precision import MixedPrecision

    found = Engine("cpu", "fp32")
    scaler = torch.amp.GradScaler("cpu", init_scale=scale)
    found.fabric.strategy.precision = MixedPrecision("16-mixed", "cpu", scaler)
    found.precision = "fp16"
    return found


@pytest.mark.parametrize("how", [(0.5, None), (None, 0.01), (0.5, 0.01)])
@pytest.mark.parametrize("kind", [torch.optim.AdamW, torch.optim.SGD])
def test_scaled_gradients_are_clipped_as_others(kind: Any, how: tuple[float | None, float | None]) -> None:
    """Fused optimizers undo the scale in their step; Fabric does not clip for them."""
    torch.manual_seed(0)
    plain = nn.Linear(4, 3)
    scaled, x = copy.deepcopy(plain), torch.randn(8, 4) * 100
    optimizers = [kind(net.parameters(), lr=0.1, fused=True) for net in (plain, scaled)]
    norm, value = how

    plain(x).square().mean().backward()
    if norm is not None:
        nn.utils.clip_grad_norm_(plain.parameters(), norm)
    if value is not None:
        nn.utils.clip_grad_value_(plain.parameters(), value)
    optimizers[0].step()

    fp16 = scaling(2.0**10)
    module, optimizer = fp16.setup(scaled, optimizers[1])
    fp16.backward(module(x).square().mean())
    fp16.clip(module, optimizer, norm, value)
    optimizer.step()
    for ours, theirs in zip(scaled.parameters(), plain.parameters()):
        torch.testing.assert_close(ours, theirs)


class Seen(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))
        self.kinds: list[torch.dtype] = []

    def forward(self, x: Tensor) -> Tensor:
        self.kinds.append(x.dtype)
        return x * self.weight


def test_inputs_come_to_the_network_unrounded() -> None:
    """Measured values, as 2023.4, are brought into their range by its first layer."""
    net = Seen()
    found = Engine("cpu", "bf16")
    module: Any = found.fabric.setup_module(net)
    module(torch.full((2, 3), 2023.4))
    assert net.kinds == [torch.float32]


@pytest.mark.parametrize("kind", [torch.optim.AdamW, torch.optim.SGD])
def test_what_an_optimizer_remembers_lies_as_its_weights_do(kind: Any) -> None:
    """A run whose weights were split leaves it in rows; fused steps go through both side by side."""
    torch.manual_seed(0)
    more = {"momentum": 0.9} if kind is torch.optim.SGD else {}
    nets = [laid_out(nn.Conv2d(3, 4, 3)) for _ in range(2)]
    nets[1].load_state_dict(nets[0].state_dict())
    optimizers = [kind(net.parameters(), lr=0.1, fused=True, **more) for net in nets]
    x = torch.randn(2, 3, 8, 8)

    def step(number: int) -> None:
        nets[number](x).square().mean().backward()
        optimizers[number].step()
        optimizers[number].zero_grad()

    step(0)
    state = optimizers[0].state_dict()
    in_rows = {
        key: {name: v.contiguous() if isinstance(v, Tensor) else v for name, v in values.items()}
        for key, values in copy.deepcopy(state["state"]).items()
    }
    nets[1].load_state_dict(nets[0].state_dict())
    optimizers[1].load_state_dict({**state, "state": in_rows})
    arrange(optimizers[1])
    for number in range(2):
        step(number)
    assert torch.equal(nets[0].weight, nets[1].weight)


# --- torch.compile ----------------------------------------------------------------------------------------------------


def test_a_compiled_network_is_one_program_while_statistics_settle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """torch counts the programs: a momentum of each step's own was one more each time, until it gave up."""
    from torch._dynamo.testing import CompileCounter

    counter, real = CompileCounter(), torch.compile
    monkeypatch.setattr(torch, "compile", lambda module, dynamic, mode: real(module, dynamic=dynamic, backend=counter))
    sets = ("epochs=3", "batch=4", "optimizer=sgd, lr=0.05", "clip=none", "augment=none")
    plain = trained(tmp_path / "plain", models.CLASSIFIER, generated.digits(), *sets)
    job = job_of(models.CLASSIFIER, generated.digits(), *sets)
    (tmp_path / "run").mkdir()
    trainer = Trainer(job, RunFolder(tmp_path / "run"), Engine("cpu", "fp32", compile="default"), Silent())
    trainer.prepare()
    trainer.run()
    assert trainer.position.step > 20
    assert 1 <= counter.frame_count <= 2  # whole batches, and perhaps a smaller last one
    torch._dynamo.reset()
    for name, value in plain.trainer.net.state_dict().items():
        torch.testing.assert_close(trainer.net.state_dict()[name], value, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("momentum", [0.1, 0.01])
def test_statistics_settle_behind_the_layer_as_in_it(momentum: float) -> None:
    torch.manual_seed(0)
    nets = [nn.Sequential(nn.BatchNorm1d(3, momentum=momentum), nn.BatchNorm1d(3, momentum=0.5)) for _ in range(2)]
    inside, outside = Settling(nets[0]), Settling(nets[1], compiled=True)
    for step in range(120):
        x = torch.randn(16, 3) * 3 + 1
        inside.at(step)
        nets[0](x)
        outside.at(step)
        with outside.averaging():
            nets[1](x)
    for name, value in nets[0].state_dict().items():
        torch.testing.assert_close(nets[1].state_dict()[name], value)


# --- one GPU of several -----------------------------------------------------------------------------------------------


def test_the_gpu_asked_for_is_that_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seeds, events and streams go by the current one where none is named."""
    taken = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "set_device", taken.append)
    assert found_device("cuda:1") == torch.device("cuda:1")
    assert taken == [torch.device("cuda:1")]


def test_more_processes_than_gpus_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    require_places("cuda", 1)
    with pytest.raises(DeviceError, match=r"`--devices 2`: this process sees 1 GPU$"):
        require_places("cuda", 2)
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    with pytest.raises(DeviceError, match=r"1 GPU: ask for GPUs by the node, `--gpus-per-node`"):
        require_places("cuda", 2)


def test_cublas_is_told_before_anything_is_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run in a notebook that need not be deterministic may be followed by one that is."""
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG", raising=False)
    monkeypatch.setattr(torch, "use_deterministic_algorithms", lambda wanted: None)
    for name in ("deterministic", "benchmark"):
        monkeypatch.setattr(torch.backends.cudnn, name, getattr(torch.backends.cudnn, name))
    available.choose_algorithms("cuda", deterministic=False)
    assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"
    said = "Deterministic behavior was enabled with ... CUBLAS_WORKSPACE_CONFIG=:4096:8 or ..."
    with pytest.raises(DeviceError, match="in the environment before torch begins"), available.algorithms_needed():
        raise RuntimeError(said)


def test_sums_keep_their_order_where_a_run_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """DDP makes other buckets after its first step, unless it looks for weights that were not used."""
    found = Engine("cpu", "fp32")
    for total, kind, deterministic, wanted in (
        (3, "cpu", False, True), (3, "cuda", True, True), (3, "cuda", False, False), (2, "cuda", True, False),
    ):  # fmt: skip
        monkeypatch.setattr(found, "ranks", Ranks(devices=total))
        monkeypatch.setattr(found, "kind", kind)
        monkeypatch.setattr(found, "deterministic", deterministic)
        assert found.strategy()._ddp_kwargs["find_unused_parameters"] == wanted  # type: ignore[attr-defined]


def test_what_is_deterministic_elsewhere_goes_by_forms_that_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """The gradient of an adaptive pool is one that torch refuses on a GPU."""
    net, x = nn.AdaptiveAvgPool2d(3), torch.randn(1, 2, 7, 7, requires_grad=True)
    found = Engine("cpu", "fp32", deterministic=True)
    names = []
    for apart in (False, True):
        monkeypatch.setattr(Engine, "apart", apart)
        with found.numbers():
            names.append(type(net(x).grad_fn).__name__)
    assert names[0].startswith("AdaptiveAvgPool2D")
    assert not names[1].startswith("AdaptiveAvgPool2D")


# --- nobody waits, and nobody counts too early ------------------------------------------------------------------------


class Answered(Together):
    """Two processes, of which the other has no wish."""

    def __init__(self) -> None:
        super().__init__(TWO, torch.device("cpu"))
        self.reads = 0

    def sent(self, values: Any) -> Any:
        together, found = self, list(values)

        class Answer:
            def read(self) -> list[float]:
                together.reads += 1
                return found

        return Answer()


def test_what_is_asked_at_one_moment_is_answered_at_the_next() -> None:
    together = Answered()
    agreement = Agreement(together)
    assert agreement.reached(0, True, False) == (False, False)
    assert together.reads == 0
    assert agreement.reached(1, True, True) == (False, False)
    assert agreement.reached(STRIDE, False, True) == (True, False)
    assert agreement.reached(2 * STRIDE, False, False) == (False, True)
    assert agreement.reached(2 * STRIDE + 1, True, False, now=True) == (True, False)
    assert Agreement(Together(Ranks(), torch.device("cpu"))).reached(3, True, False) == (True, False)


def test_the_speed_of_an_epoch_counts_what_its_device_still_had_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pause = 0.3
    monkeypatch.setattr(engine.Engine, "wait", lambda self: time.sleep(pause))
    found = trained(tmp_path, models.CLASSIFIER, generated.digits(), "epochs=1")
    assert found.rows[0]["images_per_second"] <= len(found.trainer.job.data.train) / pause


def test_a_run_tells_the_gpu_and_its_libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two runs that should be equal to the bit, and are not, may differ in these."""
    assert available.versions(torch.device("cpu")) == {}
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "NVIDIA H200")
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (9, 0))
    monkeypatch.setattr(torch.distributed, "is_nccl_available", lambda: False)
    found = available.versions(torch.device("cuda:0"))
    assert (found["name"], found["cuda"], found["nccl"]) == ("NVIDIA H200", torch.version.cuda, None)


def test_kernels_over_pictures_and_volumes_lie_in_one_network() -> None:
    net = laid_out(nn.ModuleList([nn.Conv2d(2, 3, 3), nn.Conv3d(2, 3, 3)]))
    pictures, volumes = (part.weight for part in net)  # type: ignore[misc]
    assert pictures.is_contiguous(memory_format=torch.channels_last)
    assert volumes.is_contiguous()


def test_only_weights_that_are_whole_are_told_to_lie_channels_last(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Engine("cpu", "fp32")
    assert found.told.endswith("fp32, channels last")
    monkeypatch.setattr(found, "ranks", Ranks(devices=2, split=True))
    assert found.told.endswith("fp32")
