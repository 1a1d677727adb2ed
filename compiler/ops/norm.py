"""Normalisation: of the batch, of channels, of groups of them, of neighbours."""

from __future__ import annotations

from ..shape import Shape
from .base import EVERYTHING, Facts, Op, OpError, Weight, operator
from .geometry import channels, placed
from .initializers import Ones, Zeros
from .record import arg, option


def affine(width: int, scale: bool, center: bool) -> dict[str, Weight]:
    """The trained factor (`scale`) and summand (`center`) of each channel behind a normalisation."""
    weights = {"weight": Weight((width,), init=Ones()), "bias": Weight((width,), init=Zeros())}
    return {name: weights[name] for name, wanted in (("weight", scale), ("bias", center)) if wanted}


@operator("batchnorm")
class BatchNorm(Op):
    """Bring each channel to mean 0 and variance 1 over the batch and all places, then scale and shift it
    (Ioffe and Szegedy, 2015).

    Outside training it uses running statistics, which count as parameters that are not trained: 4 per channel in all.
    `momentum` is the share of the old statistics that is kept at each step. The running variance takes the unbiased
    estimate of the batch, as in PyTorch; Keras takes the biased one. `cnnc train` averages over the last fifth of the
    steps until that reaches back further than the momentum does. Keras: BatchNormalization. PyTorch: BatchNorm2d.
    """

    family = "normalization"
    short = "bn"
    examples = ("32x32x16: batchnorm", "32x32x16: batchnorm eps=1e-5, momentum=0.9, scale=false")
    torch_differs = (
        "PyTorch's eps is 1e-5, and its momentum is the share of the new statistics: 0.1, here `momentum=0.9`."
    )

    eps: float = option("added to the variance", default=1e-3, min=0)
    momentum: float = option("share of the running statistics kept at each step", default=0.99, min=0, max=1)
    scale: bool = option("multiply each channel by a trained number", default=True)
    center: bool = option("add a trained number to each channel", default=True)

    def facts(self, inputs: tuple[Shape, ...]) -> Facts:
        width = channels(inputs[0])
        statistics = {
            "running_mean": Weight((width,), trainable=False, init=Zeros()),
            "running_var": Weight((width,), trainable=False, init=Ones()),
        }
        return Facts(inputs, {**affine(width, self.scale, self.center), **statistics})

    def keras(self, inputs: tuple[Shape, ...]) -> str:
        return "BatchNormalization"


@operator("layernorm")
class LayerNorm(Op):
    """Bring the channels of each place to mean 0 and variance 1, then scale and shift each channel (Ba et al., 2016).

    Every place of a map is normalised by itself, as in ConvNeXt; of a vector, all its values. Keras:
    LayerNormalization. PyTorch: LayerNorm over the last axis.
    """

    family = "normalization"
    short = "ln"
    examples = ("14x14x96: layernorm eps=1e-6",)
    torch_differs = "PyTorch's eps is 1e-5."

    eps: float = option("added to the variance", default=1e-3, min=0)
    scale: bool = option("multiply each channel by a trained number", default=True)
    center: bool = option("add a trained number to each channel", default=True)

    def facts(self, inputs: tuple[Shape, ...]) -> Facts:
        return Facts(inputs, affine(channels(inputs[0]), self.scale, self.center))

    def keras(self, inputs: tuple[Shape, ...]) -> str:
        return "LayerNormalization"


@operator("rmsnorm")
class RMSNorm(Op):
    """Divide the channels of each place by their root mean square, then scale each channel (Zhang and Sennrich, 2019).

    Keras: RMSNormalization. PyTorch: RMSNorm over the last axis.
    """

    family = "normalization"
    examples = ("14x14x96: rmsnorm",)
    torch_differs = "PyTorch's eps is the smallest step of the number type, 1.2e-7 for 32 bits."

    eps: float = option("added to the mean square", default=1e-6, min=0)

    def facts(self, inputs: tuple[Shape, ...]) -> Facts:
        return Facts(inputs, affine(channels(inputs[0]), scale=True, center=False))

    def keras(self, inputs: tuple[Shape, ...]) -> str:
        return "RMSNormalization"


@operator("groupnorm")
class GroupNorm(Op):
    """Bring each group of channels of one example to mean 0 and variance 1 over all places (Wu and He, 2018).

    Keras: GroupNormalization. PyTorch: GroupNorm.
    """

    family = "normalization"
    short = "gn"
    examples = ("32x32x64: groupnorm", "32x32x16: groupnorm 4")
    torch_differs = "PyTorch's eps is 1e-5, and the number of groups must be given."

    groups: int = arg("groups of channels", default=32, min=1)
    eps: float = option("added to the variance", default=1e-3, min=0)
    scale: bool = option("multiply each channel by a trained number", default=True)
    center: bool = option("add a trained number to each channel", default=True)

    def facts(self, inputs: tuple[Shape, ...]) -> Facts:
        (x,) = inputs
        width = channels(x)
        if width % self.groups:
            raise OpError(
                f"{width} channels do not split into {self.groups} groups",
                "groups",
                help=f"a divisor of {width}, such as `groupnorm {divisor_below(width, self.groups)}`",
            )
        return Facts(inputs, affine(width, self.scale, self.center), window=EVERYTHING if x.rank else None)

    def keras(self, inputs: tuple[Shape, ...]) -> str:
        return "GroupNormalization"


def divisor_below(number: int, limit: int) -> int:
    """The largest divisor of `number` that is not above `limit`."""
    return next(n for n in range(min(limit, number), 0, -1) if number % n == 0)


@operator("instancenorm")
class InstanceNorm(Op):
    """Bring each channel of one example to mean 0 and variance 1 over its places (Ulyanov et al., 2016).

    Keras: GroupNormalization(groups=-1). PyTorch: InstanceNorm2d.
    """

    family = "normalization"
    short = "instancenorm"
    examples = ("32x32x64: instancenorm",)
    torch_differs = "PyTorch's eps is 1e-5, and it neither scales nor shifts (`scale=false, center=false`)."

    eps: float = option("added to the variance", default=1e-3, min=0)
    scale: bool = option("multiply each channel by a trained number", default=True)
    center: bool = option("add a trained number to each channel", default=True)

    def facts(self, inputs: tuple[Shape, ...]) -> Facts:
        x = placed(inputs[0], "; `layernorm` works on vectors")
        return Facts(inputs, affine(channels(x), self.scale, self.center), window=EVERYTHING)

    def keras(self, inputs: tuple[Shape, ...]) -> str:
        return "InstanceNormalization"


@operator("lrn")
class LRN(Op):
    """Divide each value by (k + alpha * sum of squares over `size` neighbouring channels) ** beta.

    Local response normalisation (Krizhevsky et al., 2012). The disputed numbers must be given. The paper and TensorFlow
    take the sum of the squares, Caffe and PyTorch their average: `average=true`. AlexNet has
    `lrn 5, alpha=1e-4, beta=0.75, k=2`. PyTorch: LocalResponseNorm.
    """

    family = "normalization"
    examples = ("27x27x96: lrn 5, alpha=1e-4, beta=0.75, k=2", "27x27x96: lrn 5, alpha=1e-4, k=1, average=true")
    torch_differs = "PyTorch divides alpha by the size (`average=true`), with k=1 where nothing is said."

    size: int = arg("neighbouring channels, the value's own included", min=1)
    alpha: float = option("factor of the sum of squares", min=0)
    beta: float = option("exponent", default=0.75)
    k: float = option("summand: 2 in the paper, 1 in Caffe, PyTorch and TensorFlow", min=0)
    average: bool = option("divide the sum of squares by the size", default=False)

    def facts(self, inputs: tuple[Shape, ...]) -> Facts:
        channels(placed(inputs[0]))
        if self.size % 2 == 0:
            raise OpError(
                f"`lrn` looks at as many channels on both sides, so its size is odd, found {self.size}",
                "size",
                code="bad-argument",
                help=f"`lrn {self.size + 1}`",
            )
        return Facts(inputs)

    @property
    def mean_alpha(self) -> float:
        """The factor of the average of squares, which is what PyTorch and ONNX call alpha."""
        return self.alpha if self.average else self.alpha * self.size

    def keras(self, inputs: tuple[Shape, ...]) -> str:
        return "LocalResponseNormalization"


@operator("l2_normalize")
class L2Normalize(Op):
    """Divide the channels of each place by their Euclidean length: an embedding on the unit sphere (FaceNet).

    Keras: UnitNormalization. PyTorch: functional.normalize(dim=1).
    """

    family = "normalization"
    examples = ("128: l2_normalize",)

    eps: float = option("the least length that is divided by", default=1e-12, min=0)

    def facts(self, inputs: tuple[Shape, ...]) -> Facts:
        return Facts(inputs)

    def keras(self, inputs: tuple[Shape, ...]) -> str:
        return "UnitNormalization"


@operator("response_norm")
class ResponseNorm(Op):
    """Global response normalisation: each channel times its share of the map's energy, scaled, shifted, and added to
    the value (ConvNeXt V2, Woo et al., 2023).

    With G the Euclidean length of each channel over all places: x + weight * x * G / (mean of G + eps) + bias. Keras
    and PyTorch have none.
    """

    family = "normalization"
    examples = ("14x14x96: response_norm",)

    eps: float = option("added to the mean length", default=1e-6, min=0)

    def facts(self, inputs: tuple[Shape, ...]) -> Facts:
        width = channels(placed(inputs[0]))
        weights = {name: Weight((width,), init=Zeros()) for name in ("weight", "bias")}
        return Facts(inputs, weights, window=EVERYTHING)

    def keras(self, inputs: tuple[Shape, ...]) -> str:
        return "GlobalResponseNormalization"
