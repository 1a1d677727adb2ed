"""Pictures a second: our feed beside torchvision's data sets with a DataLoader.

`jpeg`: both cut a random piece out of the same photograph-like files of 500x375, bring it to 224x224, mirror and
normalise. `cifar`: pictures of 32x32 in memory in the form of CIFAR-10, a random piece of them with 4 pixels around,
mirrored and normalised. The contenders run in turn; told are medians of the rounds, and how many times faster ours is.
With `--processes` ours is made by so many and handed over in bytes, as beside a GPU, which mirrors and normalises.

    python -m benchmarks.feed [--case jpeg|cifar] [--pictures N] [--batch 64] [--workers 0,2] [--processes 16]
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from cnnc.compiler.override import read
from cnnc.compiler.recipes.data import Data, Folder
from cnnc.compiler.recipes.steps import Augment
from cnnc.runtime.batches.feed import Feed, Reading
from cnnc.runtime.batches.stock import Wanted
from cnnc.runtime.data import Held, Split, open_data
from PIL import Image, ImageFilter
from torch.utils.data import DataLoader, Dataset
from torchvision import datasets, transforms

DRAWN = 512
"""Pictures that differ."""
FILLED = 4
"""How many batches each process makes at least, as the first one each is only what fills the line."""
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
STEPS = {
    "jpeg": "train:\n    augment: resized_crop 224 -> hflip -> normalize imagenet",
    "cifar": "train:\n    augment: crop 32, pad=4 -> hflip -> normalize imagenet",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--case", choices=STEPS, default="jpeg")
    parser.add_argument("--pictures", type=int, help="default: 512, or as many as fill the processes four times")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--processes", type=int, default=0, help="that read for ours; 0 (default): threads")
    parser.add_argument("--workers", default=f"0,{os.cpu_count()}", help="processes of the DataLoader, in turn")
    args = parser.parse_args()
    workers = [int(n) for n in args.workers.split(",")]
    pictures = args.pictures or max(512, FILLED * max(args.processes, *workers) * args.batch)
    reading = Reading(ahead=args.processes > 0, processes=args.processes)
    with tempfile.TemporaryDirectory() as folder:
        if args.case == "jpeg":
            draw(Path(folder), pictures)
            passes = dict(of_files(Path(folder), args.batch, workers, reading))
        else:
            passes = dict(of_arrays(pictures, args.batch, workers, reading))
        seconds: dict[str, list[float]] = {name: [] for name in passes}
        for turn in range(args.rounds + 1):
            for name, run in passes.items():
                began = time.perf_counter()
                count = run()
                if turn:
                    seconds[name].append((time.perf_counter() - began) / count)
    ours = median(next(iter(seconds.values())))
    for name, found in seconds.items():
        print(f"{name:32} {1 / median(found):8.0f} images/s   ours is {median(found) / ours:5.2f} x", flush=True)


def draw(folder: Path, count: int) -> None:
    """Photograph-like noise of many scales, in two classes; from some number on the same files under other names."""
    rng = np.random.default_rng(0)
    for number in range(count):
        path = named(folder, number)
        path.parent.mkdir(exist_ok=True)
        if number >= DRAWN:
            path.hardlink_to(named(folder, number % DRAWN))
            continue
        coarse = Image.fromarray(rng.integers(0, 256, (24, 32, 3), np.uint8)).resize(
            (500, 375), Image.Resampling.BICUBIC
        )
        fine = Image.fromarray(rng.integers(0, 256, (375, 500, 3), np.uint8)).filter(ImageFilter.GaussianBlur(1.5))
        Image.blend(coarse, fine, 0.35).save(path, quality=90)


def named(folder: Path, number: int) -> Path:
    return folder / "ab"[number % 2] / f"{number:05}.jpg"


Pass = Callable[[], int]
"""Over all pictures; it tells how many there were."""


def of_files(folder: Path, batch: int, workers: list[int], reading: Reading) -> Iterator[tuple[str, Pass]]:
    """A pass over all pictures, by what makes it."""
    split = open_data(Data(source=Folder(path=str(folder)), split=1.0), 0).train
    yield "cnnc", ours("jpeg", split, 224, batch, reading)
    piece = transforms.RandomResizedCrop(224)
    yield from theirs(datasets.ImageFolder(folder, chain(piece)), batch, workers)


def of_arrays(count: int, batch: int, workers: list[int], reading: Reading) -> Iterator[tuple[str, Pass]]:
    """The same for pictures in memory, which torchvision's data sets turn into those of PIL one by one."""
    pixels = np.random.default_rng(0).integers(0, 256, (count, 32, 32, 3), np.uint8)
    labels = np.arange(count) % 10
    yield "cnnc", ours("cifar", Split(Held(pixels, "made"), np.arange(count), labels), 32, batch, reading)
    there = datasets.CIFAR10.__new__(datasets.CIFAR10)  # as it is once its files are read
    there.data, there.targets, there.target_transform = pixels, labels.tolist(), None
    there.transform = chain(transforms.RandomCrop(32, padding=4))
    yield from theirs(there, batch, workers)


def chain(piece: object) -> transforms.Compose:
    return transforms.Compose([
        piece, transforms.RandomHorizontalFlip(), transforms.ToTensor(), transforms.Normalize(MEAN, STD),
    ])  # fmt: skip


def theirs(pictures: Dataset[Any], batch: int, workers: list[int]) -> Iterator[tuple[str, Pass]]:
    for count in workers:
        loader = DataLoader(pictures, batch, shuffle=True, num_workers=count, persistent_workers=count > 0)
        yield f"torchvision, {count} workers", lambda loader=loader: sum(len(x) for x, _ in loader)  # type: ignore[misc]


def ours(case: str, split: Split, size: int, batch: int, reading: Reading) -> Pass:
    said = read(STEPS[case]).one(Augment)
    assert said is not None
    feed = Feed(split, said.steps, Wanted((size, size, 3)), 0, reading=reading)
    epoch = iter(range(10**6))
    return lambda: our_pass(feed, next(epoch), batch)


def our_pass(feed: Feed, epoch: int, batch: int) -> int:
    order = np.random.default_rng(epoch).permutation(len(feed))
    parts = np.array_split(order, max(len(feed) // batch, 1))
    return sum(len(made.x) for made in feed.batches((epoch, part) for part in parts))


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
