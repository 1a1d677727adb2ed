"""How weights begin, by Keras's names and formulas; the runtime draws the numbers.

Where a weight has no initialiser it begins as in Keras: `glorot_uniform` where it has fans, zeros where it has none.
"""

from __future__ import annotations

from math import sqrt
from typing import Any, ClassVar

from .base import Initializer, OpError, Weight, initializer
from .record import arg, option

Array = tuple[Any, ...]


@initializer("zeros")
class Zeros(Initializer):
    """All 0."""


@initializer("ones")
class Ones(Initializer):
    """All 1."""


@initializer("constant")
class Constant(Initializer):
    """All the same number."""

    value: float = arg("the number")


@initializer("normal")
class Normal(Initializer):
    """Normal distribution (Keras: RandomNormal)."""

    std: float = arg("standard deviation", default=0.05, min=0)
    mean: float = option("mean", default=0.0)


@initializer("truncated_normal")
class TruncatedNormal(Initializer):
    """Normal distribution cut at two standard deviations (Keras: TruncatedNormal)."""

    std: float = arg("standard deviation before the cut", default=0.05, min=0)
    mean: float = option("mean", default=0.0)


@initializer("uniform")
class Uniform(Initializer):
    """Uniform distribution (Keras: RandomUniform)."""

    low: float = arg("lower end", default=-0.05)
    high: float = arg("upper end", default=0.05)

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)
        if self.low > self.high:
            raise OpError(f"the range from {self.low:g} to {self.high:g} is empty", "high", code="bad-argument")


@initializer("variance_scaling")
class VarianceScaling(Initializer):
    """Variance scale / n, where n is the fan in, the fan out or their mean (Keras: VarianceScaling)."""

    scale: float = arg("factor of the variance", default=1.0, min=0)
    mode: str = option("what n is", default="fan_in", choices=("fan_in", "fan_out", "fan_avg"))
    distribution: str = option(
        "the distribution", default="truncated_normal", choices=("truncated_normal", "normal", "uniform")
    )


TRUNCATED = 0.87962566103423978
"""The standard deviation of the normal distribution cut at two standard deviations."""


def in_numbers(init: VarianceScaling, weight: Weight) -> Uniform | Normal | TruncatedNormal:
    """The same for one weight, whose fans are known; those of one that says none are the number of its values."""
    into, out = weight.fans or (weight.size,) * 2
    variance = init.scale / max(1.0, {"fan_in": into, "fan_out": out, "fan_avg": (into + out) / 2}[init.mode])
    if init.distribution == "uniform":
        limit = sqrt(3 * variance)
        return Uniform(low=-limit, high=limit)
    if init.distribution == "normal":
        return Normal(std=sqrt(variance))
    return TruncatedNormal(std=sqrt(variance) / TRUNCATED)


class Scaled(Initializer):
    """Variance scaling with everything fixed."""

    scaling: ClassVar[VarianceScaling]


@initializer("glorot_uniform")
class GlorotUniform(Scaled):
    """Uniform, variance 2 / (fan in + fan out) (Glorot and Bengio, 2010). Kernels begin so where nothing is said."""

    scaling = VarianceScaling(mode="fan_avg", distribution="uniform")


@initializer("glorot_normal")
class GlorotNormal(Scaled):
    """Truncated normal, variance 2 / (fan in + fan out) (Glorot and Bengio, 2010)."""

    scaling = VarianceScaling(mode="fan_avg")


@initializer("he_uniform")
class HeUniform(Scaled):
    """Uniform, variance 2 / fan in (He et al., 2015)."""

    scaling = VarianceScaling(scale=2.0, distribution="uniform")


@initializer("he_normal")
class HeNormal(Scaled):
    """Truncated normal, variance 2 / fan in (He et al., 2015)."""

    scaling = VarianceScaling(scale=2.0)


@initializer("lecun_uniform")
class LecunUniform(Scaled):
    """Uniform, variance 1 / fan in (LeCun et al., 1998)."""

    scaling = VarianceScaling(distribution="uniform")


@initializer("lecun_normal")
class LecunNormal(Scaled):
    """Truncated normal, variance 1 / fan in (LeCun et al., 1998)."""

    scaling = VarianceScaling()


@initializer("orthogonal")
class Orthogonal(Initializer):
    """Saxe et al. (2013): rows or columns orthonormal, times the gain."""

    gain: float = arg("factor", default=1.0)


@initializer("identity")
class Identity(Initializer):
    """Every channel begins as it came in, the middle of the window 1 (Yu and Koltun, 2016). PyTorch: dirac_.

    Where there are n times as many channels as came in, each is an n-th of the one it comes from; where there are
    fewer, each is the sum of its share.
    """


@initializer("bilinear")
class Bilinear(Initializer):
    """Bilinear interpolation of each channel by itself, for transposed convolutions (Long et al., 2015)."""


@initializer("signs")
class Signs(Initializer):
    """-1 or 1, with equal chances."""


def beginning(weight: Weight) -> Initializer:
    """How a weight begins: as in Keras where nothing is said."""
    if weight.init is not None:
        return weight.init
    return GlorotUniform() if weight.fans else Zeros()


class Given(Initializer):
    """The numbers themselves, nested as the weight's axes; an axis of 1 stands for all. Cannot be typed."""

    values: Array = arg("nested tuples of numbers, broadcast to the weight's shape")


class NormOf(Initializer):
    """The norm of another weight of the layer for each first index: weight normalisation. Cannot be typed."""

    weight: str = arg("the name of that weight")
