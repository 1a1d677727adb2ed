"""Mean and deviation of the examples to learn from, per channel."""

from __future__ import annotations

import numpy as np

from .dataset import DataError, Split

LOOKED_AT = 512
"""Examples from which they are taken, evenly over the split."""

Numbers = tuple[float, ...]


def statistics(split: Split, channels: int) -> tuple[Numbers, Numbers]:
    """Mean and standard deviation, brightness from 0 to 1, rounded to three digits; empty for marks and ids.

    DataError for values that are no numbers.
    """
    chosen = split.numbers[:: max(len(split) // LOOKED_AT, 1)]
    sums, squares, count = np.zeros(channels), np.zeros(channels), 0
    for number in chosen:
        example = split.examples.load(int(number))
        if not (example.dtype == np.uint8 or np.issubdtype(example.dtype, np.floating)):
            return (), ()
        if not np.isfinite(example).all():
            raise DataError(f"`{split.examples.name(int(number))}` holds values that are no numbers")
        values = example.astype(np.float64) / (255 if example.dtype == np.uint8 else 1)
        flat = values.reshape(-1, values.shape[-1])
        sums += flat.sum(0)
        squares += (flat**2).sum(0)
        count += len(flat)
    mean = sums / count
    std = np.sqrt(np.maximum(squares / count - mean**2, 1e-6))
    return tuple(float(n) for n in mean.round(3)), tuple(float(n) for n in std.round(3))
