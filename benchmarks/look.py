"""Seconds of the first and of the second look at a folder of small JPEGs, through the whole of `open_data`.

The files were just written, so the system has them in memory: from a disk the first look takes longer, the second does
not. The `--files` are pictures of `--side`; the index goes into the same temporary folder.
"""

from __future__ import annotations

import argparse
import io
import os
import tempfile
import time
from pathlib import Path

import numpy as np

CLASSES = 20


def made(folder: Path, count: int, side: int) -> None:
    """Pictures of noise over a slope, a few of them again and again."""
    from PIL import Image

    slope = np.linspace(0, 160, side)[None, :, None]
    contents = []
    for seed in range(32):
        noise = np.random.default_rng(seed).integers(0, 96, (side, side, 3))
        packed = io.BytesIO()
        Image.fromarray((slope + noise).astype(np.uint8)).save(packed, "jpeg", quality=90)
        contents.append(packed.getvalue())
    for number in range(CLASSES):
        (folder / f"class{number:02}").mkdir(parents=True)
    for number in range(count):
        (folder / f"class{number % CLASSES:02}" / f"{number:06}.jpg").write_bytes(contents[number % 32])


def look(folder: Path) -> tuple[float, int]:
    """Seconds, and the examples found."""
    from cnnc.runtime.data import open_data
    from cnnc.runtime.data.opening import named

    began = time.perf_counter()
    found = open_data(named(str(folder), None), 0)
    return time.perf_counter() - began, len(found.train) + len(found.held)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--side", type=int, default=64)
    args = parser.parse_args(arguments if arguments is not None else [])
    with tempfile.TemporaryDirectory() as name:
        folder, index = Path(name, "pictures"), Path(name, "looks")
        os.environ["CNNC_LOOKS"] = str(index)
        made(folder, args.files, args.side)
        time.sleep(2.5)  # files must be at rest to be remembered
        print(f"{args.files:,} JPEGs of {args.side}x{args.side}")
        first, count = look(folder)
        print(f"first look   {first:6.2f} s   {count:,} can be used")
        again = [look(folder)[0] for _ in range(3)]
        print(f"second look  {sorted(again)[1]:6.2f} s   {first / sorted(again)[1]:.1f} times as fast (median of 3)")
        changed = sorted(folder.rglob("*.jpg"))[:: max(args.files // 100, 1)]
        for path in changed:
            path.write_bytes(b"")
        third, count = look(folder)
        print(f"third look   {third:6.2f} s   {len(changed)} files became empty: {count:,} can be used")
        size = sum(path.stat().st_size for path in index.iterdir()) if index.is_dir() else 0
        print(f"the index has {size / 1e6:.2f} MB")


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
