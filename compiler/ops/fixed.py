"""Kernels whose numbers stand in the file: edge detectors, blurs, wavelets."""

from __future__ import annotations

from typing import Any

from .base import OpError, Weight
from .geometry import Sizes
from .initializers import Given

Array = tuple[Any, ...]
"""Nested tuples of numbers, all rows of one length."""


def measure(array: Array) -> tuple[int, ...]:
    """The lengths of a nested tuple along its axes."""
    lengths = []
    inner: Any = array
    while isinstance(inner, tuple):
        lengths.append(len(inner))
        inner = inner[0]
    return tuple(lengths)


def fixed(kernel: Array, shape: tuple[int, ...], size: Sizes) -> Weight:
    """A weight of `shape` (outputs, inputs, *size) that holds the given numbers and is not trained.

    `kernel` is one window for every pair of output and input channel, or one window per output channel, or all of them.
    """
    given = measure(kernel)
    wanted = (tuple(size), (shape[0], *size), shape)
    if given not in wanted:
        window = "x".join(map(str, size))
        raise OpError(
            f"the fixed kernel is {'x'.join(map(str, given))}, the window {window}",
            "kernel",
            help=f"numbers for one window of {window}, or a list of {shape[0]}, one window for each output channel",
        )
    if len(given) == len(size):
        kernel = ((kernel,),)
    elif len(given) == len(size) + 1:
        kernel = tuple((window,) for window in kernel)
    return Weight(shape, trainable=False, init=Given(values=kernel))
