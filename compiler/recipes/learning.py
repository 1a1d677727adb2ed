"""What is minimised, and by which rule: losses, optimizers, schedules, and what they hold for which weights.

Where Keras and PyTorch disagree on a default, ours is Keras's; the exceptions say so.
"""

from __future__ import annotations

from .base import Entry, Part, arg, entry, option, part
from .types import Initializer, Length, Name, Names, Numbers, WeightMap

# --- losses -----------------------------------------------------------------------------------------------------------


class Loss(Entry):
    """A term of what is minimised; several are added with their weights."""

    repeated = True

    on: Names | None = option("the outputs it looks at, the first where nothing is said", default=None)
    weight: float = option("factor of this term", default=1.0)
    target: Name | None = option("what it is compared with, the label where nothing is said", default=None)
    reduce: str = option("over the values of an example", default="mean", choices=("mean", "sum"))
    per: Name | None = option("a term for each of these", default=None)
    of: Name | None = option("only over these", default=None, later=True)
    sample: int | None = option("draw this many terms of an example", default=None, min=1, later=True)
    positive: float | None = option("share of positives among them", default=None, min=0, max=1, later=True)
    weight_map: WeightMap | None = option("factor for each place", default=None)


@entry("loss", "cross_entropy")
class CrossEntropy(Loss):
    """Minus the logarithm of the probability of the right class."""

    smoothing: float = option("share of the target spread over all classes", default=0.0, min=0, max=1)


@entry("loss", "binary_cross_entropy")
class BinaryCrossEntropy(Loss):
    """Cross entropy of yes or no, for each output."""


@entry("loss", "mse")
class MeanSquaredError(Loss):
    """Mean of the squared differences."""


@entry("loss", "mae")
class MeanAbsoluteError(Loss):
    """Mean of the absolute differences."""


@entry("loss", "smooth_l1")
class SmoothL1(Loss):
    """Squared near 0, absolute beyond `beta` (Girshick, 2015)."""

    beta: float = option("where it changes", default=1.0, min=0)


@entry("loss", "dice")
class Dice(Loss):
    """1 less the overlap (Milletari et al., 2016)."""


@entry("loss", "triplet")
class Triplet(Loss):
    """The anchor nearer to its like than to others, by a margin (Schroff et al., 2015)."""

    margin: float = option("the margin", default=0.2, min=0)
    mine: str = option("which triplets count", default="all", choices=("all", "hard", "semi_hard"))


@entry("loss", "contrastive")
class Contrastive(Loss):
    """Like things near, others beyond a margin (Hadsell et al., 2006)."""

    margin: float = option("the margin", default=1.0, min=0)


@entry("loss", "kl_normal")
class KLNormal(Loss):
    """Divergence of a normal distribution, given by mean and logarithm of variance, from the standard one."""


@entry("loss", "yolo")
class Yolo(Loss):
    """The loss of YOLOv3 (Redmon and Farhadi, 2018)."""

    later = True

    ignore: float = option("overlap from which a box is no negative", default=0.5, min=0, max=1)


@part("weight_map", "border")
class Border(Part):
    """Heavier near the borders between touching things (Ronneberger et al., 2015)."""

    w0: float = option("weight there", default=10.0, min=0)
    sigma: float = option("how far it reaches, in pixels", default=5.0, min=0)


# --- optimizers -------------------------------------------------------------------------------------------------------


class Optimizer(Entry):
    """How a gradient becomes a step."""

    repeated = True
    apart = "of"

    lr: float = option("learning rate", default=1e-3, min=0)
    weight_decay: float = option("weight decay", default=0.0, min=0)
    of: Name | None = option("the model whose weights it moves, where there are several", default=None, later=True)


@entry("optimizer", "sgd")
class SGD(Optimizer):
    """Gradient descent with momentum; weight decay is the L2 penalty of the papers, in the gradient."""

    lr: float = option("learning rate", default=0.01, min=0)
    momentum: float = option("share of the last step that is kept", default=0.0, min=0, max=1)
    nesterov: bool = option("look ahead (Nesterov, 1983)", default=False)


@entry("optimizer", "adam")
class Adam(Optimizer):
    """Kingma and Ba (2014). Keras's eps is 1e-7, PyTorch's 1e-8."""

    beta1: float = option("share kept of the mean", default=0.9, min=0, below=1)
    beta2: float = option("share kept of the squares", default=0.999, min=0, below=1)
    eps: float = option("keeps the denominator from 0", default=1e-7, min=0)


@entry("optimizer", "adamw")
class AdamW(Adam):
    """Adam with weight decay beside the gradient (Loshchilov and Hutter, 2017)."""

    weight_decay: float = option("decoupled weight decay; Keras 0.004, PyTorch 0.01", default=0.004, min=0)


@entry("optimizer", "rmsprop")
class RMSProp(Optimizer):
    """Divided by the running root of the squares (Hinton, 2012). Keras's `rho` is PyTorch's `alpha` (0.99)."""

    rho: float = option("share kept of the squares", default=0.9, min=0, below=1)
    momentum: float = option("share of the last step that is kept", default=0.0, min=0, max=1)
    eps: float = option("keeps the denominator from 0", default=1e-7, min=0)
    centered: bool = option("subtract the square of the mean", default=False)


@entry("optimizer", "adagrad")
class Adagrad(Optimizer):
    """Divided by the root of all squares so far (Duchi et al., 2011)."""

    start: float = option("what the sum of squares begins with; Keras 0.1, PyTorch 0", default=0.1, min=0)
    eps: float = option("keeps the denominator from 0", default=1e-7, min=0)


@entry("optimizer", "adadelta")
class Adadelta(Optimizer):
    """Steps in the units of the weights (Zeiler, 2012). Keras's eps is 1e-7, PyTorch's 1e-6 with a rate of 1."""

    rho: float = option("share kept of the squares; PyTorch 0.9", default=0.95, min=0, below=1)
    eps: float = option("keeps the denominator from 0", default=1e-7, min=0)


@entry("optimizer", "lamb")
class Lamb(Adam):
    """Adam whose step in each layer is as long as the rate times its weights (You et al., 2019): for large batches."""

    eps: float = option("keeps the denominator from 0", default=1e-6, min=0)


# --- schedules --------------------------------------------------------------------------------------------------------


class Schedule(Entry):
    """How the learning rate goes; a length without a unit counts epochs (steps, where the recipe counts steps)."""

    warmup: Length = option("rise to the full rate over this length", default=Length(0), min=0)
    warmup_from: float = option("share of the rate at which the rise begins", default=0.0, min=0, max=1)


@entry("schedule", "constant")
class Constant(Schedule):
    """Always the same."""


@entry("schedule", "cosine")
class Cosine(Schedule):
    """Half a wave of the cosine, down to `min` (Loshchilov and Hutter, 2016)."""

    min: float = option("the last learning rate", default=0.0, min=0)


@entry("schedule", "linear")
class Linear(Schedule):
    """A straight line down to `min`."""

    min: float = option("the last learning rate", default=0.0, min=0)


@entry("schedule", "polynomial")
class Polynomial(Schedule):
    """A power of the share that is left, down to `min` (Liu et al., 2015)."""

    power: float = option("the power", default=0.9, min=0)
    min: float = option("the last learning rate", default=0.0, min=0)


@entry("schedule", "step")
class StepSchedule(Schedule):
    """Times a factor at regular intervals."""

    every: Length = option("the interval", above=0)
    factor: float = option("the factor", default=0.1, min=0)
    times: int | None = option("at most this often", default=None, min=0)


@entry("schedule", "multistep")
class MultiStep(Schedule):
    """Times a factor at given moments."""

    at: Numbers = option("the moments, in epochs or steps as the recipe counts", min=0)
    factor: float = option("the factor", default=0.1, min=0)


@entry("schedule", "exponential")
class Exponential(Schedule):
    """Times a factor again and again, smoothly."""

    factor: float = option("the factor", min=0)
    every: Length = option("the length over which it applies once", default=Length(1), above=0)


@entry("schedule", "plateau")
class Plateau(Schedule):
    """Times a factor when the held-out loss has not fallen for a while."""

    factor: float = option("the factor", default=0.1, min=0, max=1)
    patience: Length = option("how long without a better loss", default=Length(10), min=0)
    min: float = option("the lowest learning rate", default=0.0, min=0)


@entry("schedule", "one_cycle")
class OneCycle(Schedule):
    """Up and down once (Smith and Topin, 2018), both by half a cosine."""

    rise: float = option("share of the run in which it rises", default=0.3, min=0, max=1)
    start: float = option("share of the rate at which it begins", default=0.04, min=0, max=1)
    min: float = option("the last learning rate", default=0.0, min=0)


# --- weights ----------------------------------------------------------------------------------------------------------


@entry("params")
class Params(Entry):
    """What holds for some weights only; later ones win. A pattern is a path or its beginning, `*` is anything.

    `vectors` are biases, gains and offsets; `backbone`, where no part of the model is called so, is all but the heads.
    """

    repeated = True
    many = "patterns"

    patterns: Names = arg("paths of layers or weights")
    freeze: bool | None = option("leave them as they are, statistics too", default=None)
    lr: float | None = option("their learning rate", default=None, min=0)
    weight_decay: float | None = option("their weight decay", default=None, min=0)


@entry("weights")
class Weights(Entry):
    """What weights begin with: those of a file (safetensors, PyTorch, Keras), or published ones by their name:
    `"torchvision:resnet50"`, `"keras:resnet50"`, or `imagenet` for those of this model, or of the model of the zoo that
    is a part of it: the ones that torchvision recommends for ImageNet, those of Keras for models in zoo/keras.

    Without `partial` all must be there, in the shapes of the model.
    """

    whole = True
    repeated = True
    renamed = {"from": "source"}  # noqa: RUF012

    part: Name | None = arg("the part of the model", default=None)
    source: Name = option("a file of weights, or the name of published ones")
    partial: bool = option("leave out what the file has not, and a head for other classes", default=False)
    adapt: bool = option("bring the first convolution to another number of channels", default=False)


@entry("init")
class Init(Entry):
    """How weights begin, in place of what the model says."""

    whole = True
    repeated = True

    how: Initializer = arg("an initialiser")
    mode: str | None = option("what the variance is by", default=None, choices=("fan_in", "fan_out", "fan_avg"))
    of: Names | None = option("paths of the weights; convolutions and dense layers where nothing is said", default=None)


@entry("play", "gan")
class Gan(Entry):
    """Two models against each other (Goodfellow et al., 2014)."""

    later = True
    whole = True

    generator: Name = option("the model that makes")
    discriminator: Name = option("the model that judges")
    noise: str = option("what the generator is fed", default="normal", choices=("normal", "uniform"))
