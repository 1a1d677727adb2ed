"""What each step of `augment:` and `evaluate:` does to a batch, (N, C, spatial...), brightness from 0 to 1."""

from . import colour, frame, place, tone, trivial, whiten  # the steps, each of which registers itself
from .base import apply, at_once, fixed, in_bytes, moves, runs, sizing

__all__ = [
    "apply", "at_once", "colour", "fixed", "frame", "in_bytes", "moves", "place", "runs", "sizing", "tone", "trivial",
    "whiten",
]  # fmt: skip
