"""What the generated network costs against the same network written by hand for torch.

Both hold the same weights and run in turn, A B B A, in one process; told is the median of the ratios of neighbours,
above 1 where ours is faster. With `--training` a whole step of training by our defaults (channels last, bf16 where the
processor has it) against the ordinary eager loop of the network written by hand.

    python -m benchmarks.lowered [--training] [--threads 1] [--device cuda] [NAME...]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from statistics import median
from typing import NamedTuple

import torch
import torchvision
from cnnc.compiler.graph import Checked
from cnnc.compiler.pipeline import Options, compile_path
from cnnc.compiler.shape import Shape
from cnnc.runtime.lowering.lower import lower
from torch import Tensor, nn
from torch.nn import functional


class LeNet(nn.Module):
    """LeNet-5 as one writes it by hand, under the names of zoo/lenet5.cnn."""

    def __init__(self) -> None:
        super().__init__()
        self.c1 = nn.Conv2d(1, 6, 5)
        self.c3 = nn.Conv2d(6, 16, 5)
        self.c5 = nn.Conv2d(16, 120, 5)
        self.f6 = nn.Linear(120, 84)
        self.output = nn.Linear(84, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.avg_pool2d(torch.tanh(self.c1(x)), 2)
        x = functional.avg_pool2d(torch.tanh(self.c3(x)), 2)
        x = torch.flatten(torch.tanh(self.c5(x)), 1)
        return self.output(torch.tanh(self.f6(x)))  # type: ignore[no-any-return]


class Subject(NamedTuple):
    """A network of the zoo, the same by hand, and the batch it is measured on."""

    file: str
    by_hand: Callable[[], nn.Module]
    shape: tuple[int, int, int, int]


SUBJECTS = {
    "lenet5": Subject("zoo:lenet5", LeNet, (128, 1, 32, 32)),
    "resnet18": Subject("zoo:resnet18", torchvision.models.resnet18, (32, 3, 64, 64)),
    "resnet50": Subject("zoo:resnet50", torchvision.models.resnet50, (8, 3, 128, 128)),
}

FORMATS = {"contiguous": torch.contiguous_format, "channels last": torch.channels_last}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", default=list(SUBJECTS), metavar="NAME", help=", ".join(SUBJECTS))
    parser.add_argument("--training", action="store_true", help="our defaults against the ordinary loop")
    parser.add_argument("--device", default="cpu")
    parser.add_argument(
        "--threads", type=int, help="1 is measured in processor time, which a busy machine disturbs less"
    )
    parser.add_argument("--seconds", type=float, default=12.0, help="for each measurement")
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    for name in args.names:
        (training if args.training else plain)(name, SUBJECTS[name], args.device, args.seconds)


def plain(name: str, subject: Subject, device: str, seconds: float) -> None:
    """The same work in both networks."""
    ours, theirs = pair(subject, device)
    for kind, order in FORMATS.items():
        x = torch.randn(subject.shape, device=device).to(memory_format=order)
        nets = [net.to(memory_format=order) for net in (ours, theirs)]  # type: ignore[call-overload]
        for numbers, context in (("fp32", nullcontext()), ("bf16", torch.autocast(device, torch.bfloat16))):
            for work in (forward, step):
                for net in nets:
                    net.train(work is step)
                first, second = (partial(work, net, x, context) for net in nets)
                tell(f"{name}, {work.__name__}, {numbers}, {kind}", *compared(first, second, device, seconds))


def training(name: str, subject: Subject, device: str, seconds: float) -> None:
    """Ours as `cnnc train` runs it, theirs as everybody begins."""
    ours, theirs = pair(subject, device)
    bf16 = torch.autocast(device, torch.bfloat16) if has_bf16(device) else nullcontext()
    x = torch.randn(subject.shape, device=device)
    last = x.to(memory_format=torch.channels_last)
    ours = ours.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    tuned, ordinary = trainer(ours, last, bf16), trainer(theirs, x, nullcontext())
    tell(f"{name}, training, our defaults against the ordinary loop", *compared(tuned, ordinary, device, seconds))


def pair(subject: Subject, device: str) -> tuple[nn.Module, nn.Module]:
    """Our network and the one written by hand, with the same weights."""
    theirs = subject.by_hand()
    ours = lower(compiled(subject), seed=0, head="folded")
    state = ours.state_dict()
    missing, unknown = theirs.load_state_dict(state, strict=False)
    if unknown or any(not name.endswith("num_batches_tracked") for name in missing):
        raise SystemExit(f"{subject.file} has other weights than the network written by hand: {missing}, {unknown}")
    return ours.to(device), theirs.to(device)


def compiled(subject: Subject) -> Checked:
    _, channels, height, width = subject.shape
    return compile_path(subject.file, Options(inputs={"": Shape((height, width, channels))})).checked


def has_bf16(device: str) -> bool:
    """Whether the device multiplies bf16 by itself, and not by way of fp32."""
    return device != "cpu" or torch.ops.mkldnn._is_mkldnn_bf16_supported()  # type: ignore[no-any-return]


def forward(net: nn.Module, x: Tensor, context: AbstractContextManager[object]) -> None:
    """Inference."""
    with torch.no_grad(), context:
        net(x)


def step(net: nn.Module, x: Tensor, context: AbstractContextManager[object]) -> None:
    """Forward and backward, in training mode."""
    net.zero_grad()
    with context:
        loss = net(x).float().square().mean()
    loss.backward()


def trainer(net: nn.Module, x: Tensor, context: AbstractContextManager[object]) -> Callable[[], None]:
    """A step of training: forward, loss, backward, SGD with momentum."""
    optimizer = torch.optim.SGD(net.parameters(), lr=1e-3, momentum=0.9)
    labels = torch.randint(0, 10, (len(x),), device=x.device)
    net.train()

    def once() -> None:
        optimizer.zero_grad()
        with context:
            loss = functional.cross_entropy(net(x).float(), labels)
        loss.backward()
        optimizer.step()

    return once


def compared(
    ours: Callable[[], None], theirs: Callable[[], None], device: str, seconds: float
) -> tuple[float, float, list[float]]:
    """Median seconds of ours and of theirs, and the ratio of each pair of neighbours."""
    for work in (ours, theirs, ours, theirs):
        work()
    times: dict[str, list[float]] = {"ours": [], "theirs": []}
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(times["ours"]) < 5:
        order = [("ours", ours), ("theirs", theirs)]
        for name, work in order if len(times["ours"]) % 2 else order[::-1]:
            times[name].append(clocked(work, device))
    ratios = [b / a for a, b in zip(times["ours"], times["theirs"], strict=True)]
    return median(times["ours"]), median(times["theirs"]), ratios


def clocked(work: Callable[[], None], device: str) -> float:
    clock = time.process_time if device == "cpu" and torch.get_num_threads() == 1 else time.perf_counter
    start = clock()
    work()
    if device == "cuda":
        torch.cuda.synchronize()
    return clock() - start


def tell(what: str, ours: float, theirs: float, ratios: list[float]) -> None:
    print(
        f"{what:58} {1e3 * ours:9.2f} ms, by hand {1e3 * theirs:9.2f} ms: {median(ratios):.3f} ({len(ratios)} pairs)",
        flush=True,
    )


if __name__ == "__main__":
    main()
