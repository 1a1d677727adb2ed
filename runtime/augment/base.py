"""One rule for each step, and what several of them need."""

from __future__ import annotations

import math
from functools import singledispatch

from torch import Tensor

from ...compiler.recipes import steps as s
from ...compiler.recipes.types import Angles, Numbers
from ..batches.draws import Draws, between
from ..batches.tensors import beside


@singledispatch
def apply(step: s.Step, x: Tensor, draws: Draws) -> Tensor:
    """The batch after one step. Of what `moves` places, label maps, which are of whole numbers, go through as well."""
    raise NotImplementedError(step.word)


def runs(step: s.Step) -> bool:
    """Whether there is a rule for the step."""
    return apply.dispatch(type(step)) is not apply.dispatch(s.Step)


def sizing(step: s.Step) -> bool:
    """Whether the step brings pictures of any size to one size."""
    return isinstance(step, s.SIZING)


def in_bytes(step: s.Step) -> bool:
    """Whether the step takes pictures of bytes as well as brightness: it chooses places, or means over them, or sets
    the scale anyway."""
    return sizing(step) or isinstance(step, (s.HFlip, s.VFlip, s.Normalize))


def fixed(step: s.Step) -> bool:
    """Whether nothing of the step is left to chance or to the size: it may be done once for all epochs, or last."""
    return isinstance(step, (s.Normalize, s.Standardize))


def at_once(step: s.Step) -> bool:
    """Whether the step computes all examples of a batch together, from a few numbers drawn for each: then it is best
    done where the network runs."""
    return not isinstance(step, (s.ResizedCrop, s.Noise, s.HistogramMatch))


def moves(step: s.Step) -> bool:
    """Whether the step moves places, so that masks go along."""
    return sizing(step) or isinstance(step, (s.Affine, s.HFlip, s.VFlip, s.Elastic, s.TrivialAugment))


def column(numbers: Tensor, x: Tensor) -> Tensor:
    """One number per example, ready to meet a batch."""
    return beside(numbers, x).view(-1, *[1] * (x.ndim - 1))


def spread(given: Numbers, around: float) -> tuple[float, float]:
    """`0.2` around 1 as (0.8, 1.2); two numbers as they are."""
    return (max(around - given[0], 0.0), around + given[0]) if len(given) == 1 else (given[0], given[1])


def angle(given: Angles, share: Tensor) -> Tensor:
    """Radians, from degrees up to this or from and to."""
    low, high = (-given[0], given[0]) if len(given) == 1 else (given[0], given[1])
    return between(share, math.radians(low), math.radians(high))


def pair(size: tuple[int, ...]) -> tuple[int, int]:
    return (size[0], size[-1])
