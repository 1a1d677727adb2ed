"""How weights begin, by Keras's names and formulas; the runtime draws the numbers."""

from __future__ import annotations

from .base import Initializer, initializer, option, arg


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


@initializer("variance_scaling")
class VarianceScaling(Initializer):
    """Variance scale / n, where n is the fan in, the fan out or their mean (Keras: VarianceScaling)."""

    scale: float = arg("factor of the variance", default=1.0, min=0)
    mode: str = option("what n is", default="fan_in", choices=("fan_in", "fan_out", "fan_avg"))
    distribution: str = option(
        "the distribution", default="truncated_normal", choices=("truncated_normal", "normal", "uniform")
    )


def _named(word: str, doc: str, scale: float, mode: str, distribution: str) -> None:
    """An initialiser that is variance scaling with everything fixed."""

    class Named(Initializer):
        pass

    Named.__name__ = Named.__qualname__ = word.title().replace("_", "")
    Named.__doc__ = doc
    Named.as_scaling = VarianceScaling(scale=scale, mode=mode, distribution=distribution)  # type: ignore[attr-defined]
    initializer(word)(Named)


_named("glorot_uniform", "Glorot and Bengio (2010), uniform: variance 2 / (fan in + fan out).", 1.0, "fan_avg", "uniform")
_named("glorot_normal", "Glorot and Bengio (2010), truncated normal.", 1.0, "fan_avg", "truncated_normal")
_named("he_uniform", "He et al. (2015), uniform: variance 2 / fan in.", 2.0, "fan_in", "uniform")
_named("he_normal", "He et al. (2015), truncated normal.", 2.0, "fan_in", "truncated_normal")
_named("lecun_uniform", "LeCun et al. (1998), uniform: variance 1 / fan in.", 1.0, "fan_in", "uniform")
_named("lecun_normal", "LeCun et al. (1998), truncated normal.", 1.0, "fan_in", "truncated_normal")


@initializer("orthogonal")
class Orthogonal(Initializer):
    """Saxe et al. (2013): rows or columns orthonormal, times the gain."""

    gain: float = arg("factor", default=1.0)
