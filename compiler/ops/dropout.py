"""What disturbs values while training and passes them unchanged otherwise."""

from __future__ import annotations

from ..shape import Shape
from .base import Facts, Op, OpError, operator
from .geometry import placed
from .record import arg


class Disturbance(Op):
    """Keeps the shape, has no weights, and is the identity outside training."""

    family = "dropout"

    def facts(self, inputs: tuple[Shape, ...]) -> Facts:
        return Facts(inputs)


def check_share(word: str, p: float) -> None:
    """OpError where nothing would be left."""
    if p >= 1:
        raise OpError(
            f"`{word} {p:g}` leaves nothing; the number is the share that is dropped", "p", code="bad-argument"
        )


class Drop(Disturbance):
    """Leaves out a share p and divides what stays by 1 - p, so that the mean is kept."""

    p: float = arg("share that is dropped in training", min=0, max=1)

    def facts(self, inputs: tuple[Shape, ...]) -> Facts:
        check_share(self.word, self.p)
        return Facts(inputs)


@operator("dropout")
class Dropout(Drop):
    """Set single values to zero at random in training, a share p of them (Srivastava et al., 2014).

    What stays is divided by 1 - p. Keras: Dropout. PyTorch: Dropout.
    """

    examples = ("128: dropout 0.5",)
    torch_differs = "PyTorch drops half where nothing is said; here, as in Keras, the share must be given."

    def keras(self, inputs: tuple[Shape, ...]) -> str:
        return "Dropout"


@operator("spatial_dropout")
class SpatialDropout(Drop):
    """Set whole channels to zero at random in training, a share p of them (Tompson et al., 2015).

    Keras: SpatialDropout1D, SpatialDropout2D, SpatialDropout3D. PyTorch: Dropout1d, Dropout2d, Dropout3d.
    """

    examples = ("100x25: spatial_dropout 0.2",)

    def facts(self, inputs: tuple[Shape, ...]) -> Facts:
        placed(inputs[0], "; `dropout` works on vectors")
        return super().facts(inputs)

    def keras(self, inputs: tuple[Shape, ...]) -> str:
        return f"SpatialDropout{inputs[0].rank}D"


@operator("drop_path")
class DropPath(Drop):
    """Set all values of an example to zero at random in training: stochastic depth (Huang et al., 2016).

    It belongs at the end of a residual body, before a sum that stays: `residual drop=p:` puts it there. Keras: Dropout
    with noise_shape=(None, 1, 1, 1). torchvision: StochasticDepth(mode="row").
    """

    examples = ("14x14x96: drop_path 0.1",)

    def keras(self, inputs: tuple[Shape, ...]) -> str:
        return "Dropout"


@operator("alpha_dropout")
class AlphaDropout(Drop):
    """Set single values to the far negative end of selu in training, and keep mean and variance
    (Klambauer et al., 2017).

    Keras: AlphaDropout. PyTorch: AlphaDropout.
    """

    examples = ("128: alpha_dropout 0.1",)

    def keras(self, inputs: tuple[Shape, ...]) -> str:
        return "AlphaDropout"


@operator("gaussian_dropout")
class GaussianDropout(Drop):
    """Multiply by normal noise of mean 1 and variance p / (1 - p) in training (Srivastava et al., 2014).

    Keras: GaussianDropout. PyTorch has none.
    """

    examples = ("128: gaussian_dropout 0.3",)

    def keras(self, inputs: tuple[Shape, ...]) -> str:
        return "GaussianDropout"


@operator("gaussian_noise")
class GaussianNoise(Disturbance):
    """Add normal noise of mean 0 in training.

    Keras: GaussianNoise. PyTorch has none.
    """

    examples = ("28x28x1: gaussian_noise 0.1",)

    std: float = arg("standard deviation of the noise", min=0)

    def keras(self, inputs: tuple[Shape, ...]) -> str:
        return "GaussianNoise"
