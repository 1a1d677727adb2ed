"""Small data sets of every kind, drawn from a seed."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from cnnc.runtime.data import Dataset, Held, Split
from cnnc.runtime.data.dataset import Target, divided
from numpy.typing import NDArray

Array = NDArray[Any]


def dataset(
    examples: Array, labels: Array, classes: tuple[str, ...] = (), target: Target = "classes",
    *, masks: Array | None = None, share: float = 0.8,
) -> Dataset:  # fmt: skip
    """Arrays, (n, spatial..., channels), as a data set; 80 % to learn from."""
    held, hidden = Held(examples, "made"), Held(masks, "masks") if masks is not None else None
    parts = [Split(held, numbers, labels[numbers], hidden) for numbers in divided(labels, share, 0)]
    return Dataset("made", classes, parts[0], parts[1], examples.shape[1:], examples.shape[-1], target=target)


def shapes(count: int = 200, size: int = 32, classes: int = 2, seed: int = 0) -> Dataset:
    """Discs, and squares where there are three classes, in noise; masks say where they are."""
    draw = np.random.default_rng(seed)
    rows, columns = np.mgrid[:size, :size]
    pictures = draw.normal(0.4, 0.1, (count, size, size, 1))
    masks = np.zeros((count, size, size, 1), np.uint8)
    for picture, mask in zip(pictures, masks):
        for kind in range(1, classes):
            radius = draw.uniform(size / 8, size / 4)
            y, x = draw.uniform(radius, size - radius, 2)
            away = np.hypot(rows - y, columns - x) if kind == 1 else np.maximum(abs(rows - y), abs(columns - x))
            picture[away < radius] += 0.3 if kind == 1 else -0.3
            mask[away < radius] = kind
    names = ("background", "disc", "square")[:classes]
    examples = pictures.clip(0, 1).astype(np.float32)
    return dataset(examples, np.zeros(count, np.int64), names, "masks", masks=masks)


def series(count: int = 300, length: int = 64, seed: int = 0) -> Dataset:
    """Waves: sine, square and saw, of any phase and of three to five periods, in noise."""
    draw = np.random.default_rng(seed)
    labels = np.arange(count) % 3
    turns = draw.uniform(3, 5, (count, 1)) * np.linspace(0, 1, length) + draw.uniform(0, 1, (count, 1))
    waves = np.stack([np.sin(2 * np.pi * turns), np.sign(np.sin(2 * np.pi * turns)), 2 * (turns % 1) - 1])
    found = waves[labels, np.arange(count)] + draw.normal(0, 0.3, (count, length))
    return dataset(found[..., None].astype(np.float32), labels, ("sine", "square", "saw"))


def volumes(count: int = 160, size: int = 12, seed: int = 0) -> Dataset:
    """Balls and cubes of like extent in noise."""
    draw = np.random.default_rng(seed)
    labels = np.arange(count) % 2
    grid = np.mgrid[:size, :size, :size]
    found = draw.normal(0, 0.3, (count, size, size, size, 1))
    for one, label in zip(found, labels):
        radius = draw.uniform(3, 4)
        away = grid - draw.uniform(4, size - 5, 3).reshape(3, 1, 1, 1)
        inside = (away**2).sum(0) < radius**2 if label == 0 else abs(away).max(0) < radius * 0.806
        one[inside] += 1
    return dataset(found.astype(np.float32), labels, ("ball", "cube"))


def values(count: int = 400, size: int = 16, seed: int = 0) -> Dataset:
    """A bright spot; what is known are its place, row and column, from -1 to 1."""
    draw = np.random.default_rng(seed)
    places = draw.uniform(-0.8, 0.8, (count, 2)).astype(np.float32)
    axis = np.linspace(-1, 1, size)
    away = (axis[None, :, None] - places[:, 0, None, None]) ** 2 + (axis[None, None, :] - places[:, 1, None, None]) ** 2
    found = np.exp(-away / 0.05) + draw.normal(0, 0.05, away.shape)
    return dataset(found[..., None].astype(np.float32), places, ("row", "column"), "values")


def tags(count: int = 400, size: int = 16, seed: int = 0) -> Dataset:
    """Any of three stripes: along the top, along the left, in the middle."""
    draw = np.random.default_rng(seed)
    there = draw.integers(0, 2, (count, 3))
    found = draw.normal(0.3, 0.1, (count, size, size, 1))
    found[:, :3] += 0.4 * there[:, 0, None, None, None]
    found[:, :, :3] += 0.4 * there[:, 1, None, None, None]
    found[:, 6:10, 6:10] += 0.4 * there[:, 2, None, None, None]
    return dataset(found.clip(0, 1).astype(np.float32), there.astype(np.float32), ("top", "left", "middle"), "tags")


def photos(count: int = 200, size: int = 64, seed: int = 0) -> Dataset:
    """Two classes in colour that no single pixel tells apart: textures of short and of long waves, of any hue, any
    direction and any light, on soft backgrounds. uint8, as photographs come."""
    draw = np.random.default_rng(seed)
    rows, columns = np.mgrid[:size, :size] / size
    labels = np.arange(count) % 2
    made = np.empty((count, size, size, 3), np.uint8)
    for one, label in zip(made, labels):
        angle, phase = draw.uniform(0, np.pi), draw.uniform(0, 2 * np.pi)
        waves = size / (draw.uniform(9, 16) if label == 0 else draw.uniform(4.6, 7))
        stripes = np.sin(2 * np.pi * waves * (rows * np.cos(angle) + columns * np.sin(angle)) + phase)
        y, x, light = draw.uniform(0.3, 0.7), draw.uniform(0.3, 0.7), draw.uniform(0.3, 0.7)
        body = np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / 0.08)
        colour = draw.uniform(0.3, 1, 3)
        picture = light + 0.35 * (body * stripes)[..., None] * colour + draw.normal(0, 0.06, (size, size, 3))
        one[:] = (picture.clip(0, 1) * 255).round()
    return dataset(made, labels, ("coarse", "fine"))


@cache
def digits() -> Dataset:
    """Scikit-learn's, as the runtime opens them."""
    from cnnc.compiler.recipes.data import Data, Digits
    from cnnc.runtime.data import open_data

    return open_data(Data(source=Digits()), 0)


def scattered(classes: range, count: int, seed: int) -> Dataset:
    """Digits of these classes, 16x16, anywhere in a noisy picture of 32x32: a few of them do not tell that the place
    means nothing."""
    draw = np.random.default_rng(seed)
    known = digits().train
    chosen = [[known.examples.load(int(n))[..., 0] for n in known.numbers[known.labels == c]] for c in classes]
    labels = np.arange(count) % len(classes)
    made = np.empty((count, 32, 32, 1), np.uint8)
    for one, label in zip(made, labels):
        picture = draw.normal(0, 0.12, (32, 32))
        y, x = draw.integers(0, 16, 2)
        digit = chosen[label][draw.integers(len(chosen[label]))]
        picture[y : y + 16, x : x + 16] += np.kron(digit, np.ones((2, 2)))
        one[..., 0] = (picture.clip(0, 1) * 255).round()
    return dataset(made, labels, tuple(map(str, classes)))
