"""A model and a recipe that train in a second, and how tests run the command line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

MODEL = """
model Tiny(classes=10):
    input 8x8x1
    conv 8, 3x3, pad=same as stem -> batchnorm as norm -> relu
    conv 16, 3x3, stride=2, pad=same -> batchnorm -> relu -> dropout 0.1
    global_avgpool
    dense classes as head -> softmax

train:
    data digits
    augment: affine rotation=5 deg, shift=0.05
    optimizer adamw, lr=0.01, weight_decay=0.01
    schedule cosine, warmup=5 steps
    average ema, decay=0.9
    clip norm=5
    batch 100
    epochs 3
"""


def written(folder: Path, text: str = MODEL) -> Path:
    path = folder / "tiny.cnn"
    path.write_text(text)
    return path


def command(*args: object) -> list[str]:
    """Of `cnnc`; runs are made without their pictures, which take longer than the run and have tests of their own."""
    quicker = ["--no-report"] if args[0] == "train" else []
    return [sys.executable, "-m", "cnnc", *map(str, args), *quicker]


def cnnc(*args: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    """A whole process; one thread, so that tests beside each other do not wait for each other."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(command(*args), cwd=cwd, env=environment, capture_output=True, text=True, timeout=300)
