"""Pictures a second: our feed beside torchvision's ImageFolder with a DataLoader, from the same JPEG files.

Both cut a random piece, bring it to 224x224, mirror and normalise; the pictures are photograph-like, 500x375. The two
run in turn; told are medians of the rounds, and how many times faster ours is.

    python -m benchmarks.feed [--pictures 512] [--batch 64] [--workers 0,2]
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

import numpy as np
import torch
from cnnc.compiler.override import read
from cnnc.compiler.recipes.data import Data, Folder
from cnnc.compiler.recipes.steps import Augment
from cnnc.runtime.batches.feed import Feed
from cnnc.runtime.batches.stock import Wanted
from cnnc.runtime.data import open_data
from PIL import Image, ImageFilter
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
STEPS = "train:\n    augment: resized_crop 224 -> hflip -> normalize imagenet"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--pictures", type=int, default=512)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", default=f"0,{os.cpu_count()}", help="processes of the DataLoader, in turn")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        draw(Path(folder), args.pictures)
        passes = dict(contenders(Path(folder), args.batch, [int(n) for n in args.workers.split(",")]))
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
    """Photograph-like noise of many scales, in two classes."""
    rng = np.random.default_rng(0)
    for number in range(count):
        path = folder / "ab"[number % 2] / f"{number:05}.jpg"
        path.parent.mkdir(exist_ok=True)
        coarse = Image.fromarray(rng.integers(0, 256, (24, 32, 3), np.uint8)).resize(
            (500, 375), Image.Resampling.BICUBIC
        )
        fine = Image.fromarray(rng.integers(0, 256, (375, 500, 3), np.uint8)).filter(ImageFilter.GaussianBlur(1.5))
        Image.blend(coarse, fine, 0.35).save(path, quality=90)


def contenders(folder: Path, batch: int, workers: list[int]) -> Iterator[tuple[str, Callable[[], int]]]:
    """A pass over all pictures, by what makes it; it tells how many there were."""
    data = open_data(Data(source=Folder(path=str(folder)), split=1.0), 0)
    said = read(STEPS).one(Augment)
    assert said is not None
    feed = Feed(data.train, said.steps, Wanted((224, 224, 3)), 0)
    epoch = iter(range(10**6))
    yield "cnnc", lambda: our_pass(feed, next(epoch), batch)
    chain = transforms.Compose([
        transforms.RandomResizedCrop(224), transforms.RandomHorizontalFlip(), transforms.ToTensor(),
        transforms.Normalize(MEAN, STD),
    ])  # fmt: skip
    for count in workers:
        loader = DataLoader(datasets.ImageFolder(folder, chain), batch, shuffle=True, num_workers=count,
                            persistent_workers=count > 0)  # fmt: skip
        yield f"torchvision, {count} workers", lambda loader=loader: sum(len(x) for x, _ in loader)  # type: ignore[misc]


def our_pass(feed: Feed, epoch: int, batch: int) -> int:
    order = np.random.default_rng(epoch).permutation(len(feed))
    parts = np.array_split(order, max(len(feed) // batch, 1))
    return sum(len(made.x) for made in feed.batches((epoch, part) for part in parts))


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
