"""Activations: functions of each value, or of the channels of each place.

The row in the summary is Keras's: `Activation` where Keras knows the function by its name alone, and the layer class
(`ReLU`, `LeakyReLU`, `PReLU`, ...) where an argument needs one. `layer=true` asks for the class in any case, as
keras.applications does in its MobileNets: `defaults:` / `relu layer=true` says it once for a file.

One list of thirty declarations, none of which knows another, in the order of the reference: long, and cut nowhere,
since the backends' tables name them as one family.
"""

from __future__ import annotations

from ..shape import Shape
from .base import Facts, Op, OpError, Weight, operator
from .geometry import channels
from .initializers import Constant
from .record import arg, option


class Function(Op):
    """A function that keeps the shape and has no weights; it may stand behind `act=`."""

    family = "activation"
    kind = "activation"

    def facts(self, inputs: tuple[Shape, ...]) -> Facts:
        return Facts(inputs)

    def keras(self, inputs: tuple[Shape, ...]) -> str:
        return "Activation"


@operator("relu")
class ReLU(Function):
    """max(x, 0), optionally capped, leaky below, or with another threshold (Nair and Hinton, 2010).

    Keras: Activation("relu"), or ReLU where an argument is given or `layer=true`. PyTorch: ReLU. `act=relu` is the same
    inside a layer.
    """

    examples = ("8x8x4: relu", "8x8x4: relu max=1, slope=0.1")

    max: float | None = option("upper bound of the result", default=None, min=0)
    slope: float = option("slope below the threshold (Keras: negative_slope)", default=0.0, min=0)
    threshold: float = option("what is below it counts as negative", default=0.0, min=0)
    layer: bool = option("name the row `ReLU`, the class, where it would be `Activation`", default=False)

    def keras(self, inputs: tuple[Shape, ...]) -> str:
        return "Activation" if self == ReLU() else "ReLU"


@operator("relu6")
class ReLU6(Function):
    """min(max(x, 0), 6), for arithmetic of few bits (MobileNet).

    Keras: ReLU(max_value=6). PyTorch: ReLU6.
    """

    examples = ("8x8x4: relu6",)

    def keras(self, inputs: tuple[Shape, ...]) -> str:
        return "ReLU"


@operator("leaky_relu")
class LeakyReLU(Function):
    """x where positive, slope * x elsewhere (Maas et al., 2013).

    The slope must be given, since the frameworks disagree. Keras: LeakyReLU. PyTorch: LeakyReLU.
    """

    examples = ("8x8x4: leaky_relu 0.1", "8x8x4: conv 8, 3x3, act=leaky_relu(0.2)")
    torch_differs = "The slope is 0.01 in PyTorch and 0.3 in Keras where nothing is said; here it must be said."

    slope: float = arg("slope below zero (Keras's default is 0.3, PyTorch's 0.01)", min=0)

    def keras(self, inputs: tuple[Shape, ...]) -> str:
        return "LeakyReLU"


@operator("prelu")
class PReLU(Op):
    """x where positive, slope * x elsewhere, with trained slopes (He et al., 2015).

    One slope per channel, as in the paper and in V-Net. It has weights, so it is a row of its own and cannot stand
    behind `act=`. Keras: PReLU (shared_axes over the places). PyTorch: PReLU.
    """

    family = "activation"
    examples = ("8x8x4: prelu", "8x8x4: prelu per=value")
    torch_differs = "PyTorch's PReLU() has one slope in all (`per=layer`) and begins with 0.25 (`slope=0.25`)."

    slope: float = arg("slope to begin with", default=0.0)
    per: str = option(
        "what has a slope of its own: each `channel`, each `value` (Keras's default) or the whole `layer` (PyTorch's)",
        default="channel",
        choices=("channel", "value", "layer"),
    )

    def facts(self, inputs: tuple[Shape, ...]) -> Facts:
        return Facts(inputs, {"weight": Weight(self.weight_shape(inputs[0]), init=Constant(value=self.slope))})

    def weight_shape(self, x: Shape) -> tuple[int, ...]:
        """Channels first, as the maps lie in memory."""
        if self.per == "layer":
            return (1,)
        if self.per == "channel":
            return (channels(x),)
        known = tuple(n for n in (x.channels, *x.spatial) if n is not None)
        if len(known) <= x.rank:
            raise OpError(
                f"`per=value` needs one slope for each value, and {x} has an open size", "per", code="open-size"
            )
        return known

    def keras(self, inputs: tuple[Shape, ...]) -> str:
        return "PReLU"


@operator("elu")
class ELU(Function):
    """x where positive, alpha * (exp(x) - 1) elsewhere (Clevert et al., 2015).

    Keras: Activation("elu"), or ELU with another alpha. PyTorch: ELU.
    """

    examples = ("8x8x4: elu",)

    alpha: float = arg("minus the limit far below zero", default=1.0, min=0)
    layer: bool = option("name the row `ELU`, the class, where it would be `Activation`", default=False)

    def keras(self, inputs: tuple[Shape, ...]) -> str:
        return "Activation" if self == ELU() else "ELU"


@operator("selu")
class SELU(Function):
    """1.0507 * elu with alpha 1.6733: keeps mean 0 and variance 1 (Klambauer et al., 2017).

    Keras: Activation("selu"). PyTorch: SELU.
    """

    examples = ("8x8x4: selu",)


@operator("celu")
class CELU(Function):
    """x where positive, alpha * (exp(x / alpha) - 1) elsewhere: smooth for every alpha (Barron, 2017).

    Keras: Activation("celu"). PyTorch: CELU.
    """

    examples = ("8x8x4: celu 0.5",)

    alpha: float = arg("minus the limit far below zero, above 0", default=1.0)

    def facts(self, inputs: tuple[Shape, ...]) -> Facts:
        if self.alpha <= 0:
            raise OpError(
                f"`celu` divides by alpha, which must be above 0, found {self.alpha:g}", "alpha", code="bad-argument"
            )
        return Facts(inputs)


@operator("gelu")
class GELU(Function):
    """x times the normal distribution function of x (Hendrycks and Gimpel, 2016).

    Keras: Activation("gelu"). PyTorch: GELU.
    """

    examples = ("8x8x4: gelu", "8x8x4: gelu approximate=true")

    approximate: bool = option("by tanh instead of erf, as in BERT and GPT-2", default=False)


@operator("swish", "silu")
class Swish(Function):
    """x * sigmoid(x), also called SiLU (Ramachandran et al., 2017).

    Keras: Activation("silu"). PyTorch: SiLU.
    """

    examples = ("8x8x4: swish",)


@operator("mish")
class Mish(Function):
    """x * tanh(softplus(x)) (Misra, 2019).

    Keras: Activation("mish"). PyTorch: Mish.
    """

    examples = ("8x8x4: mish",)


@operator("softplus")
class Softplus(Function):
    """log(1 + exp(x)), a smooth relu.

    Keras: Activation("softplus"). PyTorch: Softplus.
    """

    examples = ("8x8x4: softplus",)


@operator("softsign")
class Softsign(Function):
    """x / (1 + abs(x)).

    Keras: Activation("softsign"). PyTorch: Softsign.
    """

    examples = ("8x8x4: softsign",)


@operator("sigmoid")
class Sigmoid(Function):
    """1 / (1 + exp(-x)): each value a probability of its own.

    Where it ends a model it is kept for inference and folded into the loss while training. Keras:
    Activation("sigmoid"). PyTorch: Sigmoid.
    """

    examples = ("10: sigmoid", "10: dense 1, act=sigmoid")


@operator("scaled_sigmoid")
class ScaledSigmoid(Function):
    """amplitude * sigmoid(slope * x): a steeper or flatter sigmoid, or one with another range.

    Keras and PyTorch have none.
    """

    examples = ("8x8x1: scaled_sigmoid 0.5",)

    slope: float = arg("factor of x")
    amplitude: float = arg("upper end of the range", default=1.0)


@operator("log_sigmoid")
class LogSigmoid(Function):
    """log(sigmoid(x)).

    Keras: Activation("log_sigmoid"). PyTorch: LogSigmoid.
    """

    examples = ("10: log_sigmoid",)


@operator("hard_sigmoid")
class HardSigmoid(Function):
    """relu6(x + 3) / 6: a sigmoid of three straight lines (MobileNetV3).

    Keras 3: Activation("hard_sigmoid"). PyTorch: Hardsigmoid. Keras 2 had 0.2 * x + 0.5 under this name.
    """

    examples = ("8x8x4: hard_sigmoid",)


@operator("hard_swish", "hard_silu")
class HardSwish(Function):
    """x * hard_sigmoid(x) (MobileNetV3).

    Keras: Activation("hard_silu"). PyTorch: Hardswish.
    """

    examples = ("8x8x4: hard_swish",)


@operator("tanh")
class Tanh(Function):
    """Hyperbolic tangent.

    Keras: Activation("tanh"). PyTorch: Tanh.
    """

    examples = ("8x8x4: tanh", "8x8x4: conv 6, 5x5, act=tanh")


@operator("scaled_tanh")
class ScaledTanh(Function):
    """1.7159 * tanh(2/3 * x), which maps 1 to 1 and -1 to -1 (LeCun et al., 1998).

    Keras and PyTorch have none.
    """

    examples = ("28x28x6: scaled_tanh",)

    amplitude: float = arg("upper end of the range", default=1.7159)
    slope: float = arg("factor of x", default=2 / 3)


@operator("hard_tanh")
class HardTanh(Function):
    """x between -1 and 1, cut beyond.

    Keras: Activation("hard_tanh"). PyTorch: Hardtanh.
    """

    examples = ("8x8x4: hard_tanh",)


@operator("tanh_shrink")
class TanhShrink(Function):
    """x - tanh(x).

    Keras: Activation("tanh_shrink"). PyTorch: Tanhshrink.
    """

    examples = ("8x8x4: tanh_shrink",)


@operator("soft_shrink")
class SoftShrink(Function):
    """x moved towards zero by the threshold, zero within it.

    Keras: Activation("soft_shrink"). PyTorch: Softshrink.
    """

    examples = ("8x8x4: soft_shrink",)

    threshold: float = arg("half the width of the zero", default=0.5, min=0)


@operator("hard_shrink")
class HardShrink(Function):
    """x outside the threshold, zero within it.

    Keras: Activation("hard_shrink"). PyTorch: Hardshrink.
    """

    examples = ("8x8x4: hard_shrink",)

    threshold: float = arg("half the width of the zero", default=0.5, min=0)


@operator("threshold")
class Threshold(Function):
    """x where it is above a number, another number elsewhere.

    Keras: activations.threshold. PyTorch: Threshold.
    """

    examples = ("8x8x4: threshold 0.5",)

    at: float = arg("what x must be above")
    otherwise: float = arg("the result elsewhere", default=0.0)


@operator("clip")
class Clip(Function):
    """x cut to a range.

    Keras: ops.clip. PyTorch: clamp.
    """

    examples = ("8x8x3: clip -1, 1",)

    low: float = arg("lower end")
    high: float = arg("upper end")

    def facts(self, inputs: tuple[Shape, ...]) -> Facts:
        if self.low > self.high:
            raise OpError(f"the range from {self.low:g} to {self.high:g} is empty", "high", code="bad-argument")
        return Facts(inputs)

    def keras(self, inputs: tuple[Shape, ...]) -> str:
        return "Clip"


@operator("abs")
class Abs(Function):
    """The absolute value.

    Keras: ops.absolute. PyTorch: abs.
    """

    examples = ("128: abs",)

    def keras(self, inputs: tuple[Shape, ...]) -> str:
        return "Absolute"


@operator("square")
class Square(Function):
    """x * x.

    Keras: ops.square. PyTorch: square.
    """

    examples = ("128: square",)

    def keras(self, inputs: tuple[Shape, ...]) -> str:
        return "Square"


@operator("exponential")
class Exponential(Function):
    """exp(x).

    Keras: Activation("exponential"). PyTorch: exp.
    """

    examples = ("128: exponential",)


@operator("linear")
class Linear(Function):
    """x itself: says that there is no activation, and undoes one that comes from `defaults:`.

    Keras: Activation("linear"). PyTorch: Identity. For a fully connected layer write `dense`.
    """

    examples = ("8x8x4: linear",)


@operator("softmax")
class Softmax(Function):
    """exp(x) over the sum of exp(x) of all channels: the channels of each place become shares of 1.

    Where it ends a model it is kept for inference and folded into the loss while training. Keras:
    Activation("softmax"). PyTorch: Softmax(dim=1).
    """

    examples = ("10: softmax", "64: dense 10, act=softmax")

    layer: bool = option("name the row `Softmax`, the class, where it would be `Activation`", default=False)

    def keras(self, inputs: tuple[Shape, ...]) -> str:
        return "Softmax" if self.layer else "Activation"


@operator("log_softmax")
class LogSoftmax(Function):
    """log(softmax(x)) over the channels.

    Keras: Activation("log_softmax"). PyTorch: LogSoftmax(dim=1).
    """

    examples = ("10: log_softmax",)


@operator("glu")
class GLU(Op):
    """The first half of the channels times the sigmoid of the second half (Dauphin et al., 2016).

    It halves the channels, so it is a row of its own. Keras: Activation("glu"). PyTorch: GLU(dim=1).
    """

    family = "activation"
    examples = ("100x64: glu",)

    def facts(self, inputs: tuple[Shape, ...]) -> Facts:
        (x,) = inputs
        width = channels(x)
        if width % 2:
            raise OpError(
                f"`glu` halves the channels, and {x} has {width}", help=f"{width - 1} or {width + 1} channels"
            )
        return Facts((Shape((*x.spatial, width // 2)),))

    def keras(self, inputs: tuple[Shape, ...]) -> str:
        return "Activation"
