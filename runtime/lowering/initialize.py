"""Draw the first numbers of a network: Keras's initialisers, by Keras's formulas, with numpy alone.

Every weight has a stream of random numbers of its own, from the seed and its path: it begins alike whatever else the
network holds, on whatever device, in torch and in an exported file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from functools import singledispatch
from math import gcd, prod
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.random import Generator

from ...compiler.ops import initializers as begin
from ...compiler.ops.base import Initializer, Weight

if TYPE_CHECKING:
    from torch import nn

Array = np.ndarray[Any, Any]


def initialize(module: nn.Module, weights: Mapping[str, Weight], seed: int) -> None:
    """Fill every weight of `module`, whose `state_dict` has the paths of `weights`."""
    import torch

    state = module.state_dict()
    with torch.no_grad():
        for path, array in Beginning(weights, seed).items():
            state[path].copy_(torch.from_numpy(array))


class Beginning(Mapping[str, Array]):
    """The first numbers of each weight by its path, drawn when they are asked for."""

    def __init__(self, weights: Mapping[str, Weight], seed: int = 0) -> None:
        self.weights = weights
        self.seed = seed

    def __getitem__(self, path: str) -> Array:
        weight = self.weights[path]
        if isinstance(weight.init, begin.NormOf):
            other = self[f"{path.rpartition('.')[0]}.{weight.init.weight}"]
            norms: Array = np.linalg.norm(other.reshape(len(other), -1), axis=1)
            return norms.reshape(weight.shape).astype(np.float32)
        return draw(begin.beginning(weight), weight, stream(self.seed, path))

    def __iter__(self) -> Iterator[str]:
        return iter(self.weights)

    def __len__(self) -> int:
        return len(self.weights)


def stream(seed: int, path: str) -> Generator:
    """The random numbers of one weight."""
    digest = hashlib.blake2b(f"{seed}/{path}".encode(), digest_size=8).digest()
    return Generator(np.random.SFC64(int.from_bytes(digest, "little")))


@singledispatch
def draw(init: Initializer, weight: Weight, source: Generator) -> Array:
    """The first numbers of one weight, as float32."""
    raise NotImplementedError(f"no numbers for `{init.word or type(init).__name__}`")


@draw.register
def zeros(init: begin.Zeros, weight: Weight, source: Generator) -> Array:
    return np.zeros(weight.shape, np.float32)


@draw.register
def ones(init: begin.Ones, weight: Weight, source: Generator) -> Array:
    return np.ones(weight.shape, np.float32)


@draw.register
def constant(init: begin.Constant, weight: Weight, source: Generator) -> Array:
    return np.full(weight.shape, init.value, np.float32)


@draw.register
def given(init: begin.Given, weight: Weight, source: Generator) -> Array:
    numbers = np.array(init.values, np.float32)
    return np.array(np.broadcast_to(numbers, weight.shape))


@draw.register
def signs(init: begin.Signs, weight: Weight, source: Generator) -> Array:
    bits: Array = source.integers(0, 2, weight.shape).astype(np.float32)
    return bits * 2 - 1


@draw.register
def normal(init: begin.Normal, weight: Weight, source: Generator) -> Array:
    return gaussian(weight.shape, init.mean, init.std, source)


@draw.register
def truncated_normal(init: begin.TruncatedNormal, weight: Weight, source: Generator) -> Array:
    return truncated(weight.shape, init.mean, init.std, source)


@draw.register
def uniform(init: begin.Uniform, weight: Weight, source: Generator) -> Array:
    return even(weight.shape, init.low, init.high, source)


@draw.register
def scaled(init: begin.Scaled, weight: Weight, source: Generator) -> Array:
    return draw(init.scaling, weight, source)


@draw.register
def variance_scaling(init: begin.VarianceScaling, weight: Weight, source: Generator) -> Array:
    return draw(begin.in_numbers(init, weight), weight, source)


def even(shape: tuple[int, ...], low: float, high: float, source: Generator) -> Array:
    """Evenly from low to high."""
    found = source.random(shape, np.float32)
    found *= np.float32(high - low)
    found += np.float32(low)
    return found


def gaussian(shape: tuple[int, ...], mean: float, std: float, source: Generator) -> Array:
    found = source.standard_normal(shape, np.float32)
    found *= np.float32(std)
    found += np.float32(mean)
    return found


def truncated(shape: tuple[int, ...], mean: float, std: float, source: Generator) -> Array:
    """The normal distribution cut at two standard deviations: what lies beyond is drawn again."""
    found = source.standard_normal(shape, np.float32)
    flat = found.reshape(-1)
    beyond = np.flatnonzero(np.abs(flat) > 2)
    while beyond.size:
        flat[beyond] = source.standard_normal(beyond.size, np.float32)
        beyond = beyond[np.abs(flat[beyond]) > 2]
    found *= np.float32(std)
    found += np.float32(mean)
    return found


@draw.register
def identity(init: begin.Identity, weight: Weight, source: Generator) -> Array:
    """Channels of a layer with C * n inputs or outputs are dealt out in C equal shares."""
    out, into, *window = weight.shape
    shares = gcd(out, into)
    same = np.arange(out)[:, None] * shares // out == np.arange(into) * shares // into
    made = np.zeros(weight.shape, np.float32)
    middle: tuple[Any, ...] = (..., *(size // 2 for size in window))
    made[middle] = same * (shares / out)
    return made


@draw.register
def bilinear(init: begin.Bilinear, weight: Weight, source: Generator) -> Array:
    """A pyramid over each channel's own window: 1 at its middle, falling to 0 just outside."""
    channels, others, *window = weight.shape
    made = np.zeros(weight.shape, np.float32)
    pyramid = np.ones(())
    for size in window:
        pyramid = pyramid[..., None] * slopes(size)
    for channel in range(channels):
        made[channel, channel % others] = pyramid
    return made


def slopes(size: int) -> Array:
    """Up to the middle and down again, as straight lines."""
    factor = (size + 1) // 2
    middle = factor - 1 if size % 2 else factor - 0.5
    made: Array = 1 - np.abs(np.arange(size) - middle) / factor
    return made


@draw.register
def orthogonal(init: begin.Orthogonal, weight: Weight, source: Generator) -> Array:
    rows, columns = weight.shape[0], prod(weight.shape[1:])
    q, r = np.linalg.qr(source.standard_normal((max(rows, columns), min(rows, columns)), np.float32))
    q = q * np.sign(r.diagonal())
    flat = q if rows >= columns else q.T
    return np.ascontiguousarray(flat.reshape(weight.shape) * np.float32(init.gain))
