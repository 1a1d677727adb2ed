"""Convolutions and pools with random arguments: torch and ONNX Runtime must compute the same from one text."""

from __future__ import annotations

import random

import pytest
from cnnc.compiler.diagnostics import CompileError
from cnnc.compiler.pipeline import compile_text

from . import harness
from .harness import Row


def written(dice: random.Random, rank: int, low: int, high: int) -> str:
    """One number for all dimensions, or one for each."""
    if dice.random() < 0.5 or rank == 1:
        return str(dice.randint(low, high))
    return "(" + ", ".join(str(dice.randint(low, high)) for _ in range(rank)) + ")"


def pad(dice: random.Random, rank: int, most: int) -> str:
    kind = dice.choice(["valid", "same", "number", "pairs", "pairs"])
    if kind == "number":
        return written(dice, rank, 0, most)
    if kind == "pairs":
        return "(" + ", ".join(f"({dice.randint(0, most)}, {dice.randint(0, most)})" for _ in range(rank)) + ",)"
    return kind


def text(seed: int) -> str:
    dice = random.Random(seed)
    rank = dice.choice((1, 2, 2, 3))
    space = "x".join("?" if dice.random() < 0.15 else str(dice.randint(4, 9)) for _ in range(rank))
    word = dice.choice(["conv", "depthwise_conv", "conv_transpose", "maxpool", "avgpool", "avgpool"])
    size, most = written(dice, rank, 2, 4), 1 if "pool" in word else 2
    stride, border = written(dice, rank, 1, 3), pad(dice, rank, most)
    if "?" in space and border == "same":
        stride = "1"  # ONNX Runtime's SAME_UPPER is right only where the window is not below the stride
    out = "4, " if word in ("conv", "conv_transpose") else ""
    line = f"{space}x4: {word} {out}{size}, stride={stride}, pad={border}"
    if "pool" in word and "?" not in space and dice.random() < 0.5:
        line += ", ceil=true"
    if word == "avgpool" and dice.random() < 0.5:
        line += ", count_pad=false"
    if "conv" in word and dice.random() < 0.3:
        line += ", dilation=2"
    if out and dice.random() < 0.3:
        line += ", groups=2"
    return line


def compiles(line: str) -> bool:
    try:
        compile_text(harness.source(line))
    except CompileError:
        return False
    return True


OPEN = ["?x8x4: maxpool 2, stride=3, pad=same", "?x8x4: adaptive_avgpool 3", "?x8x4: avgpool 3, stride=2, ceil=true",
        "?x8x4: adaptive_maxpool 3", "?x?x4x16: pixel_shuffle 2", "?x?x7x2: pixel_unshuffle 7"]  # fmt: skip
LINES = [*(line for line in dict.fromkeys(map(text, range(130))) if compiles(line)), *OPEN]


def test_most_random_lines_compile() -> None:
    assert len(LINES) > 100


@pytest.mark.parametrize("line", LINES)
def test_torch_and_onnx_runtime_agree(line: str) -> None:
    row = Row(line, line)
    values = harness.torch_values(row)
    assert all(a is None or a == b for a, b in zip(harness.compiled(row).outputs[0].port.shape, values[0].shape[1:]))
    harness.assert_close(harness.onnx_values(row), values, 1e-5)
