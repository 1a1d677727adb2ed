"""Factors and summands: constant, trained, measured; and the two ends of an auto-encoder's code."""

from __future__ import annotations

from ..shape import Shape
from .base import BARE, Facts, Op, OpError, Takes, Weight, operator
from .geometry import channels
from .initializers import Constant, Given, Ones, Signs, Zeros
from .record import arg, option

Numbers = tuple[float, ...]
"""One number for all channels, or one for each."""

Array = tuple[tuple[float, ...], ...]
"""Rows of numbers."""


def check_count(name: str, numbers: Numbers, x: Shape) -> None:
    """OpError where a list has neither one entry nor one for each channel."""
    if len(numbers) > 1 and len(numbers) != x.channels:
        raise OpError(f"`{name}` has {len(numbers)} numbers, the input has {x.channels} channels", name)


class Keeps(Op):
    """A layer that keeps the shape and has no weights."""

    family = "scale"

    def facts(self, inputs: tuple[Shape, ...]) -> Facts:
        return Facts(inputs)


@operator("scale")
class Scale(Keeps):
    """Multiply by a number: `scale 0.17` at the end of a residual body.

    Keras: x * 0.17, an operation named Multiply. PyTorch: x * 0.17.
    """

    examples = ("17x17x1088: scale 0.1",)

    factor: float = arg("the factor")

    def keras(self, inputs: tuple[Shape, ...]) -> str:
        return "Multiply"


@operator("offset")
class Offset(Keeps):
    """Add a number to every value.

    Keras: x + 3, an operation named Add. PyTorch: x + 3.
    """

    examples = ("1x1x16: offset 3",)

    summand: float = arg("the number that is added")

    def keras(self, inputs: tuple[Shape, ...]) -> str:
        return "Add"


@operator("rescale")
class Rescale(Keeps):
    """x * scale + offset, from the numbers of an image file to those a network wants: `rescale 1 / 127.5, offset=-1`.

    Keras: Rescaling. PyTorch has none.
    """

    examples = ("224x224x3: rescale 1 / 255", "224x224x3: rescale 1 / 127.5, offset=-1")

    scale: Numbers = arg("factor, one for all channels or one for each")
    offset: Numbers = option("summand, one for all channels or one for each", default=(0.0,))

    def facts(self, inputs: tuple[Shape, ...]) -> Facts:
        check_count("scale", self.scale, inputs[0])
        check_count("offset", self.offset, inputs[0])
        return Facts(inputs)

    def keras(self, inputs: tuple[Shape, ...]) -> str:
        return "Rescaling"


@operator("normalize")
class Normalize(Op):
    """(x - mean) / std of each channel, with numbers that are given or measured on the training data.

    Without numbers it has statistics that are measured before training and then kept: mean and variance of each channel
    and the number of values seen, 2c + 1 weights as Keras counts them. Keras: Normalization, which is given the
    variance, not its root. torchvision: transforms.Normalize.
    """

    family = "scale"
    examples = ("224x224x3: normalize mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225]", "224x224x3: normalize")

    mean: Numbers | None = option("mean, one for all channels or one for each", default=None)
    std: Numbers | None = option("standard deviation, one for all channels or one for each", default=None)

    def facts(self, inputs: tuple[Shape, ...]) -> Facts:
        (x,) = inputs
        if self.mean is None and self.std is None:
            return Facts(inputs, self.statistics(channels(x)))
        for name, numbers in (("mean", self.mean), ("std", self.std)):
            if numbers is None:
                raise OpError(
                    f"`mean` and `std` are given together or not at all; `{name}` is missing", code="bad-argument"
                )
            check_count(name, numbers, x)
        if self.std is not None and min(self.std) <= 0:
            raise OpError(
                f"it is divided by `std`, which must be above 0, found {min(self.std):g}", "std", code="bad-argument"
            )
        return Facts(inputs)

    def statistics(self, width: int) -> dict[str, Weight]:
        return {
            "mean": Weight((width,), trainable=False, init=Zeros()),
            "variance": Weight((width,), trainable=False, init=Ones()),
            "count": Weight((), trainable=False, init=Zeros()),
        }

    def keras(self, inputs: tuple[Shape, ...]) -> str:
        return "Normalization"


@operator("channel_affine")
class ChannelAffine(Op):
    """Multiply each channel by a trained number and add another: what LeNet-5 does behind its pooling.

    Keras and PyTorch have none.
    """

    family = "scale"
    examples = ("14x14x6: channel_affine",)

    def facts(self, inputs: tuple[Shape, ...]) -> Facts:
        width = channels(inputs[0])
        return Facts(inputs, {"weight": Weight((width,), init=Ones()), "bias": Weight((width,), init=Zeros())})

    def keras(self, inputs: tuple[Shape, ...]) -> str:
        return "ChannelAffine"


@operator("layer_scale")
class LayerScale(Op):
    """Multiply each channel by a trained number that begins small (Touvron et al., 2021; ConvNeXt).

    The numbers are one weight, whose key is the path of the layer itself, shaped to meet maps with the channels first:
    (C, 1, 1). Keras: LayerScale of keras.applications. torchvision: CNBlock.layer_scale.
    """

    family = "scale"
    examples = ("56x56x96: layer_scale", "56x56x96: layer_scale init=1e-6")

    init: float = arg("the number to begin with", default=1e-6)

    def facts(self, inputs: tuple[Shape, ...]) -> Facts:
        (x,) = inputs
        shape = (channels(x), *[1] * x.rank)
        return Facts(inputs, {BARE: Weight(shape, init=Constant(value=self.init))})

    def keras(self, inputs: tuple[Shape, ...]) -> str:
        return "LayerScale"


@operator("rbf")
class RBF(Op):
    """The squared distance of the input from a fixed code for each class: the output layer of LeNet-5 (1998).

    The class with the smallest distance wins. The codes are fixed numbers of -1 and 1, drawn at random where they are
    not given, as the paper allows. Keras and PyTorch have none.
    """

    family = "dense"
    examples = ("84: rbf 10",)

    out: int = arg("classes", min=1)
    codes: Array | None = option("one list of numbers for each class", default=None)
    trained: bool = option("let training move the codes", default=False)

    def facts(self, inputs: tuple[Shape, ...]) -> Facts:
        (x,) = inputs
        if x.rank:
            raise OpError(
                f"`rbf` works on a vector, found the map {x}", code="dense-on-map", help="`flatten` before it"
            )
        width = channels(x)
        if self.codes is not None and (len(self.codes), len(self.codes[0])) != (self.out, width):
            found = f"{len(self.codes)} of {len(self.codes[0])}"
            raise OpError(f"`codes` must be {self.out} lists of {width} numbers, found {found}", "codes")
        init = Signs() if self.codes is None else Given(values=self.codes)
        return Facts((Shape((self.out,)),), {"weight": Weight((self.out, width), self.trained, init)})

    def keras(self, inputs: tuple[Shape, ...]) -> str:
        return "RBF"


@operator("sample_normal")
class SampleNormal(Op):
    """A sample of the normal distribution with this mean and log-variance: mean + exp(logvar / 2) * noise
    (Kingma and Welling, 2013).

    `z = mean -> sample_normal logvar`. Outside training it is the mean. Keras's examples write it as a layer of
    their own named Sampling.
    """

    family = "scale"
    takes = Takes(2, 2)
    examples = ("2, 2: sample_normal",)

    def facts(self, inputs: tuple[Shape, ...]) -> Facts:
        mean, logvar = inputs
        if mean != logvar:
            raise OpError(f"mean and log-variance must have one shape, found {mean} and {logvar}")
        return Facts((mean,))

    def keras(self, inputs: tuple[Shape, ...]) -> str:
        return "Sampling"


@operator("stop_gradient")
class StopGradient(Keeps):
    """The value itself, through which no gradient flows back.

    Keras: ops.stop_gradient. PyTorch: detach.
    """

    examples = ("128: stop_gradient",)

    def keras(self, inputs: tuple[Shape, ...]) -> str:
        return "StopGradient"
