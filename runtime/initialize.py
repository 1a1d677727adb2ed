"""Draw the first numbers of a network: Keras's initialisers, by Keras's formulas.

Every weight has a stream of random numbers of its own, from the seed and its path: it begins alike whatever else the
network holds, on whatever device.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import singledispatch
from math import gcd, prod, sqrt

import torch
from torch import Generator, Tensor, nn

from ..compiler.ops import initializers as begin
from ..compiler.ops.base import Initializer, Weight

TRUNCATED = 0.87962566103423978
"""The standard deviation of the normal distribution cut at two standard deviations."""


@torch.no_grad()
def initialize(module: nn.Module, weights: Mapping[str, Weight], seed: int) -> None:
    """Fill every weight of `module`, whose `state_dict` has the paths of `weights`."""
    state = module.state_dict()
    for path, weight in weights.items():
        init = beginning(weight)
        if not isinstance(init, begin.NormOf):
            state[path].copy_(draw(init, weight, stream(seed, path)))
    for path, weight in weights.items():
        if isinstance(weight.init, begin.NormOf):
            other = state[f"{path.rpartition('.')[0]}.{weight.init.weight}"]
            state[path].copy_(other.flatten(1).norm(dim=1).reshape(weight.shape))


def beginning(weight: Weight) -> Initializer:
    """The initialiser: Keras's default where none is given."""
    if weight.init is not None:
        return weight.init
    return begin.GlorotUniform() if weight.fans else begin.Zeros()


def stream(seed: int, path: str) -> Generator:
    """The random numbers of one weight."""
    digest = hashlib.blake2b(f"{seed}/{path}".encode(), digest_size=8).digest()
    return Generator().manual_seed(int.from_bytes(digest, "little") >> 1)


@singledispatch
def draw(init: Initializer, weight: Weight, source: Generator) -> Tensor:
    """The first numbers of one weight."""
    raise NotImplementedError(f"no numbers for `{init.word or type(init).__name__}`")


@draw.register
def zeros(init: begin.Zeros, weight: Weight, source: Generator) -> Tensor:
    return torch.zeros(weight.shape)


@draw.register
def ones(init: begin.Ones, weight: Weight, source: Generator) -> Tensor:
    return torch.ones(weight.shape)


@draw.register
def constant(init: begin.Constant, weight: Weight, source: Generator) -> Tensor:
    return torch.full(weight.shape, init.value)


@draw.register
def given(init: begin.Given, weight: Weight, source: Generator) -> Tensor:
    return torch.tensor(init.values, dtype=torch.float32).expand(weight.shape)


@draw.register
def signs(init: begin.Signs, weight: Weight, source: Generator) -> Tensor:
    return torch.randint(0, 2, weight.shape, generator=source) * 2.0 - 1.0


@draw.register
def normal(init: begin.Normal, weight: Weight, source: Generator) -> Tensor:
    return torch.empty(weight.shape).normal_(init.mean, init.std, generator=source)


@draw.register
def truncated_normal(init: begin.TruncatedNormal, weight: Weight, source: Generator) -> Tensor:
    return truncated(weight.shape, init.mean, init.std, source)


@draw.register
def uniform(init: begin.Uniform, weight: Weight, source: Generator) -> Tensor:
    return torch.empty(weight.shape).uniform_(init.low, init.high, generator=source)


@draw.register
def scaled(init: begin.Scaled, weight: Weight, source: Generator) -> Tensor:
    return draw(init.scaling, weight, source)


@draw.register
def variance_scaling(init: begin.VarianceScaling, weight: Weight, source: Generator) -> Tensor:
    variance = init.scale / max(1.0, fan(init.mode, weight))
    if init.distribution == "uniform":
        limit = sqrt(3 * variance)
        return torch.empty(weight.shape).uniform_(-limit, limit, generator=source)
    if init.distribution == "normal":
        return torch.empty(weight.shape).normal_(0, sqrt(variance), generator=source)
    return truncated(weight.shape, 0.0, sqrt(variance) / TRUNCATED, source)


def fan(mode: str, weight: Weight) -> float:
    """The number of values that flow in, out, or their mean; of a weight without fans the number of its values."""
    into, out = weight.fans or (prod(weight.shape),) * 2
    return {"fan_in": into, "fan_out": out, "fan_avg": (into + out) / 2}[mode]


def truncated(shape: tuple[int, ...], mean: float, std: float, source: Generator) -> Tensor:
    """The normal distribution cut at two standard deviations, by its inverse."""
    edge = torch.erf(torch.tensor(sqrt(2.0))).item()
    return torch.empty(shape).uniform_(-edge, edge, generator=source).erfinv_().mul_(std * sqrt(2.0)).add_(mean)


@draw.register
def identity(init: begin.Identity, weight: Weight, source: Generator) -> Tensor:
    """Channels of a layer with C * n inputs or outputs are dealt out in C equal shares."""
    out, into, *window = weight.shape
    shares = gcd(out, into)
    same = torch.arange(out)[:, None] * shares // out == torch.arange(into) * shares // into
    made = torch.zeros(weight.shape)
    made[(..., *(size // 2 for size in window))] = same * (shares / out)
    return made


@draw.register
def bilinear(init: begin.Bilinear, weight: Weight, source: Generator) -> Tensor:
    """A pyramid over each channel's own window: 1 at its middle, falling to 0 just outside."""
    channels, others, *window = weight.shape
    made = torch.zeros(weight.shape)
    pyramid = torch.ones(())
    for size in window:
        pyramid = pyramid[..., None] * slopes(size)
    for channel in range(channels):
        made[channel, channel % others] = pyramid
    return made


def slopes(size: int) -> Tensor:
    """Up to the middle and down again, as straight lines."""
    factor = (size + 1) // 2
    middle = factor - 1 if size % 2 else factor - 0.5
    return 1 - (torch.arange(size) - middle).abs() / factor


@draw.register
def orthogonal(init: begin.Orthogonal, weight: Weight, source: Generator) -> Tensor:
    rows, columns = weight.shape[0], prod(weight.shape[1:])
    q, r = torch.linalg.qr(torch.randn(max(rows, columns), min(rows, columns), generator=source))
    q = q * r.diagonal().sign()
    flat: Tensor = q if rows >= columns else q.T
    return flat.reshape(weight.shape) * init.gain
