"""Images a second of whole trainings on the device there is: ours beside torchvision's reference loop, epoch by epoch.

`memory`: ResNet-50 on pictures that lie in memory; the reference loop gets one batch that is on the device already,
again and again. `jpeg`: ResNet-50 on files, which up to 16 processes read (on a CPU ours has threads). `resnet9`:
ResNet-9 (Page, 2018) on arrays in the form of CIFAR-10, without a peer. Told are medians over epochs, the most memory
that was taken (the weights of both are there), and what share the arithmetic of the network (three times the forward
pass) is of what a large product of matrices reaches.

    python -m benchmarks.training [--device cuda] [--case memory|jpeg|resnet9] [--size 224] [--batch 256] [--pictures N]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np
import torch
import torchvision
from cnnc.runtime.devices.engine import Engine
from cnnc.runtime.devices.reading import reading
from cnnc.runtime.jobs.job import Job
from cnnc.runtime.run.display import Display
from cnnc.runtime.run.launch import watching
from cnnc.runtime.run.run_folder import RunFolder
from cnnc.runtime.training.train import Trainer
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

from .feed import FILLED, MEAN, STD, draw
from .steps import job_of

RESNET9 = """
defaults:
    conv bias=false

model ResNet9(classes=10):
    input 32x32x3
    unit 64 -> unit 128 -> maxpool 2
    residual: unit 128 -> unit 128
    unit 256 -> maxpool 2 -> unit 512 -> maxpool 2
    residual: unit 512 -> unit 512
    maxpool 4 -> flatten -> dense classes -> softmax

block unit(width): conv width, 3x3, pad=1 -> batchnorm -> relu
"""
CHAINS = {
    "memory": "hflip -> normalize imagenet",
    "jpeg": "resized_crop {size} -> hflip -> normalize imagenet",
    "resnet9": "crop 32, pad=4 -> hflip -> normalize imagenet",
}
READERS = reading("cuda").processes


class Case(NamedTuple):
    """A network and the pictures it learns."""

    name: str
    file: str
    size: int
    batch: int
    pictures: int

    def written(self, folder: Path) -> str:
        """The pictures in a folder, as `--data` takes them."""
        if self.name == "jpeg":
            draw(folder, self.pictures)
            return str(folder)
        rng = np.random.default_rng(0)
        shape = (self.pictures, self.size, self.size, 3)
        held = max(self.pictures // 10, 10)
        np.savez(
            folder / "made.npz",
            x_train=rng.integers(0, 256, shape, np.uint8), y_train=np.arange(self.pictures) % 10,
            x_test=rng.integers(0, 256, (held, *shape[1:]), np.uint8), y_test=np.arange(held) % 10,
        )  # fmt: skip
        return str(folder / "made.npz")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--case", choices=CHAINS, help="only this one")
    large = torch.cuda.is_available()
    parser.add_argument("--size", type=int, default=224 if large else 64)
    parser.add_argument("--batch", type=int, default=256 if large else 32)
    parser.add_argument("--pictures", type=int, help="default: 20 batches, of files as many as readers need")
    parser.add_argument("--epochs", type=int, default=5, help="the first is not counted")
    parser.add_argument("--precision", default="mixed")
    parser.add_argument("--compile", nargs="?", const="default", help="as of `cnnc train`")
    args = parser.parse_args()
    reached = arithmetic(args.device)
    print(f"a product of matrices in bf16 reaches {reached / 1e12:.2f} TFLOP/s on {named(args.device)}", flush=True)
    for name in [args.case] if args.case else CHAINS:
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            count = FILLED * READERS if large and name == "jpeg" else 20 if large else 4
            case = Case(name, "zoo:resnet50", args.size, args.batch, args.pictures or count * args.batch)
            if name == "resnet9":
                (folder / "resnet9.cnn").write_text(RESNET9)
                case = Case(name, str(folder / "resnet9.cnn"), 32, *((512, 50_000) if large else (64, 256)))
            compare(case, folder, args, reached)


def compare(case: Case, folder: Path, args: argparse.Namespace, reached: float) -> None:
    """One epoch of each in turn."""
    pictures = folder / "pictures"
    pictures.mkdir()
    job = job_of(
        case.file, f"{case.size}x{case.size}x3", case.written(pictures), args.device,
        ("optimizer=sgd, lr=0.01, momentum=0.9", "schedule=constant", f"precision={args.precision}",
         f"augment={CHAINS[case.name].format(size=case.size)}", f"batch={case.batch}", f"epochs={args.epochs}"),
    )  # fmt: skip
    contenders = {"cnnc": ours(job, folder / "run", args)}
    if case.name != "resnet9":
        contenders["torchvision's loop"] = theirs(case, job, pictures, args.device)
    speeds: dict[str, list[float]] = {name: [] for name in contenders}
    memory = dict.fromkeys(contenders, 0)
    for epoch in range(args.epochs):
        for name, run in contenders.items():
            if args.device == "cuda":
                torch.cuda.reset_peak_memory_stats()
            speed = run()
            if args.device == "cuda":
                memory[name] = torch.cuda.max_memory_allocated()
            if epoch:
                speeds[name].append(speed)
    work = 6 * (job.checked.macs or 0)  # a multiplication and an addition, forward, and backward by both operands
    own = median(speeds["cnnc"])
    for name, found in speeds.items():
        speed = median(found)
        beside = f"   ours is {own / speed:5.2f} x" if name != "cnnc" else ""
        taken = f"   {memory[name] / 2**30:5.1f} GiB" if memory[name] else ""
        epochs = f"   {speed / len(job.data.train):.3f} epochs/s" if case.name == "resnet9" else ""
        print(f"{case.name:8} {name:18} {speed:9,.1f} images/s   {speed * work / reached:6.1%} of the arithmetic"
              f"{taken}{epochs}{beside}", flush=True)  # fmt: skip


def ours(job: Job, place: Path, args: argparse.Namespace) -> Callable[[], float]:
    """Epochs of `cnnc train`, with what it writes after each; the speed is that of its steps, as it tells it."""
    place.mkdir()
    folder = RunFolder(place)

    def epochs() -> Iterator[float]:
        with watching(job, folder, Display(quiet=True)) as watch:
            engine = Engine(args.device, args.precision, compile=args.compile)
            trainer = Trainer(job, folder, engine, watch)
            trainer.prepare()
            while True:
                trainer.epoch(trainer.stages[0])
                yield float(trainer.position.rows[-1]["images_per_second"])

    turns = epochs()
    return lambda: next(turns)


def theirs(case: Case, job: Job, pictures: Path, device: str) -> Callable[[], float]:
    """Epochs of the loop of torchvision's references/classification/train.py, with its network and its ways to read."""
    net = torchvision.models.resnet50(num_classes=len(job.data.classes)).to(device)
    optimizer = torch.optim.SGD(net.parameters(), 0.01, momentum=0.9)
    numbers = torch.autocast(device, torch.bfloat16)
    if case.name == "jpeg":
        chain = transforms.Compose([
            transforms.RandomResizedCrop(case.size), transforms.RandomHorizontalFlip(), transforms.PILToTensor(),
            transforms.ConvertImageDtype(torch.float), transforms.Normalize(MEAN, STD),
        ])  # fmt: skip
        loader: Iterable[tuple[Tensor, Tensor]] = DataLoader(
            datasets.ImageFolder(pictures, chain), case.batch, shuffle=True, num_workers=READERS,
            pin_memory=device == "cuda", persistent_workers=True,
        )  # fmt: skip
    else:
        x = torch.randn(case.batch, 3, case.size, case.size, device=device)
        loader = [(x, torch.randint(0, 10, (case.batch,), device=device))] * max(case.pictures // case.batch, 1)

    def epoch() -> float:
        began, seen = time.perf_counter(), 0
        for x, y in loader:
            seen += len(x)
            learn(net, optimizer, x.to(device, non_blocking=True), y.to(device, non_blocking=True), numbers)
        return seen / (time.perf_counter() - began)

    net.train()
    return epoch


def learn(net: nn.Module, optimizer: torch.optim.Optimizer, x: Tensor, y: Tensor, numbers: torch.autocast) -> float:
    """A step, with the figures that the reference reads after it."""
    with numbers:
        found = net(x)
        loss = functional.cross_entropy(found, y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    best = found.topk(min(5, found.shape[1])).indices == y[:, None]
    return loss.item() + best[:, 0].sum().item() + best.sum().item()


def arithmetic(device: str) -> float:
    """Floating-point operations a second of a large product of matrices in bf16."""
    size = 8192 if device == "cuda" else 2048
    a, b = (torch.randn(size, size, device=device, dtype=torch.bfloat16) for _ in range(2))
    times = []
    for _ in range(8):
        began = time.perf_counter()
        a @ b
        if device == "cuda":
            torch.cuda.synchronize()
        times.append(time.perf_counter() - began)
    return 2 * size**3 / min(times)


def named(device: str) -> str:
    return torch.cuda.get_device_name() if device == "cuda" else f"{torch.get_num_threads()} threads of the CPU"


if __name__ == "__main__":
    main()
