"""Keyed randomness: every draw follows from the seed and from what it is for, never from what was drawn before.

The order of an epoch comes from (seed, epoch), the changes of an example from (seed, epoch, step of the chain,
example), dropout from (seed, step of the training). So nothing needs to be saved to go on exactly, and neither the
number of workers nor the composition of a batch matters.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

ORDER, AUGMENT, STEP, MIX, SPLIT, PARTNER, GROUP = range(1, 8)
"""What a draw is for; the first part of its key."""

WORD = 2**64
GOLDEN, FIRST, SECOND = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
_GOLDEN, _FIRST, _SECOND = np.uint64(GOLDEN), np.uint64(FIRST), np.uint64(SECOND)


def scrambled(state: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The finaliser of SplitMix64 (Steele et al., 2014): every bit of the result hangs on every bit of the input."""
    state = (state ^ (state >> np.uint64(30))) * _FIRST
    state = (state ^ (state >> np.uint64(27))) * _SECOND
    found: NDArray[np.uint64] = state ^ (state >> np.uint64(31))
    return found


def hashed(*key: int) -> int:
    """64 bits from a key of whole numbers: `scrambled` part by part, by Python, which is faster at one number."""
    state = 0
    for part in key:
        state = (state + GOLDEN + part) % WORD
        state = (state ^ (state >> 30)) * FIRST % WORD
        state = (state ^ (state >> 27)) * SECOND % WORD
        state ^= state >> 31
    return state


def uniform(key: tuple[int, ...], examples: NDArray[Any], count: int) -> NDArray[np.float64]:
    """Numbers in [0, 1), (examples, count): row i hangs on the key and on `examples[i]` only."""
    rows = scrambled(np.uint64(hashed(*key)) + _GOLDEN * (examples.astype(np.uint64) + np.uint64(1)))
    columns = _GOLDEN * np.arange(1, count + 1, dtype=np.uint64)
    numbers: NDArray[np.float64] = (scrambled(rows[:, None] + columns) >> np.uint64(11)) * np.float64(2.0**-53)
    return numbers


def normal(key: tuple[int, ...], examples: NDArray[Any], count: int) -> NDArray[np.float64]:
    """Standard normal numbers, (examples, count), by Box and Muller (1958)."""
    pairs = uniform(key, examples, 2 * count)
    radius = np.sqrt(-2 * np.log1p(-pairs[:, :count]))
    numbers: NDArray[np.float64] = radius * np.cos(2 * np.pi * pairs[:, count:])
    return numbers


def generator(*key: int) -> np.random.Generator:
    """A generator of its own for one key."""
    return np.random.Generator(np.random.PCG64(hashed(*key)))


def order(seed: int, epoch: int, count: int) -> NDArray[np.int64]:
    """The order of the examples in one pass."""
    first = np.uint64(hashed(seed, ORDER, epoch))
    return np.argsort(scrambled(first + _GOLDEN * np.arange(count, dtype=np.uint64)), kind="stable")


def torch_seed(start: int, step: int) -> int:
    """A seed for torch's own generators at a step of a run, whose key is hashed in `start`."""
    return (start + GOLDEN * step) % (WORD >> 1)
