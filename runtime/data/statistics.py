"""Mean and deviation of the examples to learn from, per channel."""

from __future__ import annotations

from math import floor, log10

import numpy as np
from numpy.typing import NDArray

from .dataset import DataError, Split

LOOKED_AT = 512
"""Examples from which they are taken, evenly over the split."""
DIGITS = 3
"""Of a deviation, and at least behind the point."""
LEAST = 1e-7
"""Of the mean: a deviation that is no more is what float32 makes of one value, and the channel is constant."""

Numbers = tuple[float, ...]


def statistics(split: Split, channels: int) -> tuple[Numbers, Numbers]:
    """Mean and standard deviation, brightness from 0 to 1, in as many digits as the deviation asks for; 1 for that of
    a constant channel; empty for marks and ids.

    DataError for values that are no numbers.
    """
    chosen = split.numbers[:: max(len(split) // LOOKED_AT, 1)]
    about, sums, squares, count = np.zeros(0), np.zeros(channels), np.zeros(channels), 0
    for number in chosen:
        example = split.examples.load(int(number))
        if not (example.dtype == np.uint8 or np.issubdtype(example.dtype, np.floating)):
            return (), ()
        if not np.isfinite(example).all():
            raise DataError(f"`{split.examples.name(int(number))}` holds values that are no numbers")
        values = example.astype(np.float64) / (255 if example.dtype == np.uint8 else 1)
        flat = values.reshape(-1, values.shape[-1])
        about = about if about.size else flat[0]  # squares of what lies far from 0 would hide what differs
        flat = flat - about
        sums += flat.sum(0)
        squares += (flat**2).sum(0)
        count += len(flat)
    mean = sums / count
    std = np.sqrt(np.maximum(squares / count - mean**2, 0))
    mean = mean + about
    std[std <= LEAST * np.abs(mean)] = 1
    return rounded(mean, std)


def rounded(mean: NDArray[np.float64], std: NDArray[np.float64]) -> tuple[Numbers, Numbers]:
    """Both as they are told: a mean no finer than its deviation."""
    places = [max(DIGITS, DIGITS - 1 - floor(log10(deviation))) for deviation in std]
    return (
        tuple(round(float(n), at) for n, at in zip(mean, places)),
        tuple(round(float(n), at) for n, at in zip(std, places)),
    )


def gray(mean: Numbers, std: Numbers) -> tuple[Numbers, Numbers]:
    """Those of all colours together."""
    return rounded(np.array([np.mean(mean)]), np.array([np.mean(std)]))
