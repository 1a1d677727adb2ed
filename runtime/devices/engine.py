"""The one place that knows what runs the network: Lightning Fabric, behind the few calls that the loop needs."""

from __future__ import annotations

import logging
import math
import warnings
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from ...compiler.graph import Checked
from ..batches.batch import Batch
from ..batches.feed import Reading
from ..lowering.repeatable import repeated
from ..run.interrupt import plain
from . import portions
from .available import (
    DeviceError,
    allow_tf32,
    choose_algorithms,
    fixed,
    found_device,
    found_precision,
    has_bf16,
    require_places,
    take,
    threads,
)
from .faster import compiled
from .layout import arrange, laid_out
from .ranks import ALONE, Ranks
from .reading import reading
from .synced import synced
from .together import Together, accompany, attend, starting
from .unasked import without

with without("torchmetrics"):  # Fabric asks for its version, which takes as long as torch itself
    from lightning_fabric import Fabric
    from lightning_fabric.plugins.environments.lightning import LightningEnvironment
    from lightning_fabric.strategies.ddp import DDPStrategy
    from lightning_fabric.strategies.model_parallel import ModelParallelStrategy
    from lightning_fabric.strategies.parallel import ParallelStrategy

PRECISIONS = {"bf16": "bf16-mixed", "fp16": "16-mixed", "tf32": "32-true", "fp32": "32-true"}
"""Our words for numbers, and Fabric's."""
TOLD = {"bf16": "bf16 with fp32 weights", "fp16": "fp16 with fp32 weights", "tf32": "tf32", "fp32": "fp32"}


class Engine:
    """One device and one precision; of several processes, each has its own.

    `work` is about the multiply-accumulates of one step, forward. `several`: the network has several outputs, not all
    of which need lead to the loss. `compile`: how torch.compile is to be used on it (faster.py). `deterministic`:
    nothing but the seed decides what is computed.
    """

    precision = ""

    def __init__(
        self, device: str = "auto", precision: str = "mixed", work: float = math.inf, ranks: Ranks = ALONE,
        *, several: bool = False, compile: str | None = None, deterministic: bool = False,
    ) -> None:  # fmt: skip
        found = found_device(device)
        if found.index is not None and not ranks.alone:
            raise DeviceError(f"several processes take devices by themselves: `--device {found.type}`")
        self.kind, self.number = found.type, found.index
        require_places(self.kind, ranks.devices)
        self.ranks, self.several, self.compile, self.deterministic = ranks, several, compile, deterministic
        logging.getLogger("lightning_fabric").setLevel(logging.ERROR)
        self.open = precision == "mixed" and self.kind == "cpu" and has_bf16("cpu") and self.free and not fixed()
        """Whether a trial should choose the numbers: bf16 does not pay for small maps on a CPU."""
        choose_algorithms(self.kind, deterministic)
        accompany()
        with starting():
            self.use(found_precision(precision, self.kind))
        if self.kind == "cpu":
            torch.set_num_threads(max(threads(work) // ranks.devices, 1))

    def use(self, precision: str) -> None:
        """Compute in these numbers from now on; where they are others, networks must be set up anew."""
        if precision == self.precision:
            return
        if precision == "fp16" and self.ranks.split:
            raise DeviceError("`precision fp16` is not there with `--strategy fsdp`; `bf16`, `tf32` and `fp32` are")
        self.precision = precision
        allow_tf32(self.kind, precision != "fp32")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            numbers: Any = PRECISIONS[precision]
            alone = self.ranks.alone
            self.fabric = self.single(numbers) if alone else self.shared(numbers)
            as_it_comes(self.fabric)
        take(self.fabric.device)
        self.together = Together(self.ranks, self.fabric.device)

    def single(self, numbers: Any) -> Fabric:
        """Fabric over one process, whatever SLURM says of others."""
        devices = 1 if self.number is None else [self.number]
        return Fabric(accelerator=self.kind, devices=devices, precision=numbers, plugins=[LightningEnvironment()])

    def shared(self, numbers: Any) -> Fabric:
        """Fabric over all processes, which are started unless torchrun, SLURM or the first of them did it."""
        fabric = Fabric(
            accelerator=self.kind, strategy=self.strategy(), devices=self.ranks.devices, num_nodes=self.ranks.nodes,
            precision=numbers,
        )  # fmt: skip
        children = getattr(fabric.strategy.launcher, "procs", None)
        if children is not None:
            attend(children)
        try:
            with plain():  # torch waits for the others, and no handler gets a word in
                fabric.launch()
        except ValueError as error:
            raise DeviceError(f"the processes do not fit together: {error}") from None
        return fabric

    def strategy(self) -> ParallelStrategy:
        """What the processes share: gradients (DDP), or weights, gradients and the optimizer (FSDP2)."""
        if self.ranks.split:
            return ModelParallelStrategy(as_it_is, data_parallel_size=self.ranks.total, tensor_parallel_size=1)
        # by itself DDP makes other buckets after its first step: sums of three or more had another order after a resume
        ordered = self.ranks.total > 2 and (self.kind == "cpu" or self.deterministic)
        unused = self.several or ordered
        return DDPStrategy(find_unused_parameters=unused, broadcast_buffers=False, gradient_as_bucket_view=True)

    @property
    def device(self) -> torch.device:
        return self.fabric.device

    @property
    def plain(self) -> bool:
        """Whether gradients and steps are torch's own: nothing is shared, and nothing scaled."""
        return self.ranks.alone and self.precision != "fp16"

    @property
    def free(self) -> bool:
        """Whether this process may try what is fastest, which hangs on how busy the machine is."""
        return self.ranks.alone and not self.deterministic

    @property
    def apart(self) -> bool:
        """Whether the network runs elsewhere than what prepares its batches."""
        return self.kind != "cpu"

    @property
    def told(self) -> str:
        """`CPU, 2 threads, bf16 with fp32 weights, channels last`"""
        place = "CPU, " + plural(torch.get_num_threads(), "thread") if self.kind == "cpu" else str(self.device)
        shared = " with a share of the weights" if self.ranks.split else ""
        many = "" if self.ranks.alone else f"{plural(self.ranks.total, 'process')}, each{shared} on "
        layout = ", channels last" * (not self.ranks.split)  # shares of weights lie in rows
        return f"{many}{place}, {TOLD[self.precision]}{layout}{', compiled' * (self.compile is not None)}"

    def reading(self, processes: int | None) -> Reading:
        """How batches are made for it."""
        return reading(self.kind, processes, self.ranks.devices)

    def placed(self, module: nn.Module, checked: Checked) -> nn.Module:
        """The network on the device, maps in channels-last order; or the share of it that this process keeps."""
        if self.ranks.split:
            strategy: Any = self.fabric.strategy
            portions.split(synced(module), checked, strategy.device_mesh["data_parallel"])
            return module
        return laid_out(module if self.ranks.alone else synced(module)).to(self.device)

    def setup(self, module: nn.Module, optimizer: Optimizer) -> tuple[Any, Any]:
        """The network and its optimizer, ready for the loop."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            runs = compiled(module, self.compile)
            if self.ranks.alone:  # Fabric's wrapper would only turn on what `numbers` does
                return runs, optimizer if self.plain else self.fabric.setup_optimizers(optimizer)
            if self.ranks.split:
                return self.fabric.setup_module(runs), self.fabric.setup_optimizers(optimizer)
            wrapped, wrapping = self.fabric.setup(runs, optimizer)
        return wrapped, wrapping

    def seed(self, number: int) -> None:
        """Begin torch's random numbers anew.

        `torch.manual_seed` also remembers a seed, with the stack, for every kind of device that is not in use: at each
        step that costs more than a small layer, and memory that nobody gives back.
        """
        torch.default_generator.manual_seed(number)
        if self.kind == "cuda":
            torch.cuda.manual_seed(number)
        elif self.kind == "mps":
            torch.mps.manual_seed(number)

    def wait(self) -> None:
        """Until the device has done all that it was asked for."""
        if self.kind != "cpu":
            torch.accelerator.synchronize(self.device)

    def at_hand(self, batch: Batch) -> Batch:
        """The batch where the network is."""
        return batch.on(self.device)

    def numbers(self) -> AbstractContextManager[Any]:
        """Inside, networks compute in the precision of the run; a deterministic one by what GPUs do alike each time."""
        return repeated(self.fabric.autocast()) if self.deterministic and self.apart else self.fabric.autocast()

    def backward(self, loss: Tensor) -> None:
        if self.plain:
            loss.backward()  # type: ignore[no-untyped-call]
        else:
            self.fabric.backward(loss)

    def clip(self, module: Any, optimizer: Any, norm: float | None, value: float | None) -> None:
        """Bound the gradient by its norm, or each value of it. Scaled gradients are first brought to their own size."""
        scaler = getattr(self.fabric.strategy.precision, "scaler", None)
        if scaler is not None:  # Fabric's way refuses optimizers that could do it in the same pass as their step
            scaler.unscale_(bare(optimizer))
        weights = [weight for group in optimizer.param_groups for weight in group["params"]]
        if norm is not None and self.ranks.split:
            self.fabric.clip_gradients(module, optimizer, max_norm=norm, error_if_nonfinite=False)
        elif norm is not None:
            nn.utils.clip_grad_norm_(weights, norm)
        if value is not None:
            nn.utils.clip_grad_value_(weights, value)

    def whole(self, state: Any) -> Any:
        """Weights, or what an optimizer remembers, as one process would have them. What is split is put together by all
        processes, for the first."""
        return portions.wholes(state, self.ranks.first) if self.ranks.split else state

    def load(self, module: nn.Module, optimizer: Any, model: dict[str, Tensor], remembered: Any) -> None:
        """Bring back weights and, where it is not None, what the optimizer remembers; each takes its share."""
        if not self.ranks.split:
            module.load_state_dict(model)
        for name, value in module.state_dict().items() if self.ranks.split else ():
            portions.fill(value, model[name])
        if remembered is not None:
            known = portions.known(optimizer, remembered)
            optimizer.load_state_dict(portions.shares(optimizer, known) if self.ranks.split else known)
            arrange(bare(optimizer))

    def state(self) -> dict[str, Any]:
        """What must be the same to go on: threads, which decide the order of sums, numbers, and the scale of fp16."""
        scale = self.fabric.strategy.precision.state_dict()
        return {"threads": torch.get_num_threads(), "numbers": self.precision, "precision": scale}

    def restore(self, state: dict[str, Any]) -> None:
        torch.set_num_threads(state["threads"])
        self.use(state["numbers"])
        self.fabric.strategy.precision.load_state_dict(state["precision"])

    def paused(self, module: Any) -> AbstractContextManager[Any]:
        """Inside, gradients are only added up. Where they are split they are exchanged all the same: whole ones, kept
        from part to part, would take the memory that was to be saved."""
        if self.ranks.alone or self.ranks.split:
            return nullcontext()
        return self.fabric.no_backward_sync(module)


def bare(optimizer: Any) -> Optimizer:
    """Without Fabric's wrapping."""
    found: Optimizer = getattr(optimizer, "optimizer", optimizer)
    return found


def as_it_comes(fabric: Fabric) -> None:
    """Networks get their inputs unrounded, as those of one process do: what rounds are their layers."""
    precision: Any = fabric.strategy.precision
    precision.convert_input = lambda data: data


def as_it_is(module: nn.Module, mesh: Any) -> nn.Module:
    """Fabric asks how to split a network; ours comes split."""
    return module


def plural(count: int, what: str) -> str:
    return f"{count} {what}{('es' if what.endswith('s') else 's') * (count != 1)}"
