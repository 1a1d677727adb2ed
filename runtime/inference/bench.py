"""How fast a network answers: one batch after the other, each timed, by torch as it is, compiled, and ONNX Runtime."""

from __future__ import annotations

import logging
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import torch

from ...compiler.diagnostics import UserError
from ...compiler.graph import Checked
from ..devices.available import allow_tf32, choose_algorithms
from ..devices.layout import laid_out
from ..lowering.lower import lower
from ..lowering.network import Network
from ..lowering.verify import examples

BACKENDS = ("eager", "compiled", "onnxruntime")
WARM = 3
"""Runs before the first that is timed."""
LEAST = 5
"""Runs that are timed at least."""

NUMBERS = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
"""What a network computes with."""

Once = Callable[[], object]
"""Computes one batch and returns when it is done."""


class Wish(NamedTuple):
    """What is measured, and for how long: `seconds` for each line."""

    batches: tuple[int, ...] = (1, 8)
    backends: tuple[str, ...] = BACKENDS
    device: torch.device = torch.device("cpu")
    precision: str = "fp32"
    seconds: float = 2.0


class Timing(NamedTuple):
    """One line: times in seconds for a batch; nine of ten runs took at least `low`, one of ten more than `high`."""

    backend: str
    batch: int
    runs: int
    median: float
    low: float
    high: float
    ready: float
    """Seconds from the network to the first answer: compiling and exporting are in it."""

    @property
    def per_second(self) -> float:
        """Examples."""
        return self.batch / self.median


class Missing(NamedTuple):
    """A line that could not be measured, and why."""

    backend: str
    batch: int
    why: str


def bench(checked: Checked, wish: Wish) -> Iterator[Timing | Missing]:
    """Line by line, batch by batch."""
    net = placed(checked, wish)
    with TemporaryDirectory() as folder:
        for size in wish.batches:
            for backend in wish.backends:
                yield line(net, checked, backend, size, wish, Path(folder))


def placed(checked: Checked, wish: Wish) -> Network:
    """The network as it is at its fastest on the device: its weights in the numbers it computes with, laid out for its
    maps, by the algorithms that a trial finds."""
    kind = wish.device.type
    choose_algorithms(kind, deterministic=False)
    allow_tf32(kind, wish.precision != "fp32")
    return laid_out(lower(checked, seed=0)).to(wish.device, NUMBERS[wish.precision]).eval()


def line(net: Network, checked: Checked, backend: str, size: int, wish: Wish, folder: Path) -> Timing | Missing:
    """One measurement. What a backend cannot do is part of the result."""
    began = time.perf_counter()
    try:
        once = MADE[backend](net, checked, size, wish, folder)
        once()
        ready = time.perf_counter() - began
        times = timed(once, wish.seconds)
    except UserError as error:
        return Missing(backend, size, str(error))
    except Exception as error:  # a compiler or a kernel that is not there is told by many kinds of exceptions
        return Missing(backend, size, f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}")
    return Timing(backend, size, len(times), *spread(times), ready)


def timed(once: Once, seconds: float) -> list[float]:
    """Seconds of each run, in the order run."""
    for _ in range(WARM):
        once()
    times: list[float] = []
    end = time.perf_counter() + seconds
    while len(times) < LEAST or time.perf_counter() < end:
        began = time.perf_counter()
        once()
        times.append(time.perf_counter() - began)
    return times


def spread(times: Sequence[float]) -> tuple[float, float, float]:
    """Median, and the times between which eight of ten runs lie."""
    tenths = statistics.quantiles(times, n=10, method="inclusive")
    return statistics.median(times), tenths[0], tenths[-1]


# --- one batch, by each backend ---------------------------------------------------------------------------------------


def batch(checked: Checked, size: int) -> dict[str, torch.Tensor]:
    """Examples for each input, channels first."""
    return {name: torch.from_numpy(x) for name, x in examples(checked, size, 0).items()}


def eager(net: Network, checked: Checked, size: int, wish: Wish, folder: Path) -> Once:
    """torch, operator by operator."""
    return by_torch(net, net, batch(checked, size), wish)


def compiled(net: Network, checked: Checked, size: int, wish: Wish, folder: Path) -> Once:
    """torch.compile, for this very batch."""
    logging.getLogger("torch.utils.cpp_extension").setLevel(logging.ERROR)  # it tells that there is no CUDA
    return by_torch(net, torch.compile(net, dynamic=False), batch(checked, size), wish)


def by_torch(net: Network, call: Any, given: dict[str, torch.Tensor], wish: Wish) -> Once:
    """In inference mode, maps in channels-last order."""
    inputs = [taken(given[name], wish) for name in net.input_names]

    def once() -> None:
        with torch.inference_mode():
            call(*inputs)
        if wish.device.type != "cpu":
            torch.accelerator.synchronize(wish.device)

    return once


def taken(x: torch.Tensor, wish: Wish) -> torch.Tensor:
    """An input as the network takes it; ids stay whole."""
    x = x.to(wish.device, NUMBERS[wish.precision] if x.is_floating_point() else x.dtype)
    return x.to(memory_format=torch.channels_last) if x.ndim == 4 else x


def onnxruntime(net: Network, checked: Checked, size: int, wish: Wish, folder: Path) -> Once:
    """The exported network, by ONNX Runtime on the CPU."""
    if wish.device.type != "cpu" or wish.precision != "fp32":
        raise UserError("ONNX Runtime is measured on the CPU and in fp32 only")
    try:
        import onnxruntime as runtime
    except ImportError:
        raise UserError("ONNX Runtime is not installed: `pip install cnnc[onnxruntime]`") from None
    path = folder / "model.onnx"
    if not path.exists():
        from ..lowering.export import export_onnx

        export_onnx(checked, path, {name: tensor.cpu().numpy() for name, tensor in net.state_dict().items()})
    options = runtime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    model = runtime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return partial(model.run, None, examples(checked, size, 0))


MADE: dict[str, Callable[[Network, Checked, int, Wish, Path], Once]] = {
    "eager": eager, "compiled": compiled, "onnxruntime": onnxruntime,
}  # fmt: skip
