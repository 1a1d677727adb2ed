"""The steps of `augment:` and `evaluate:`, in the order in which they are written.

A bare angle is in degrees, a bare shift is a share of the side; colours run from 0, black, to 1, white. `0.2` for a
factor means from 0.8 to 1.2. The random ones are drawn anew for each example of each epoch.
"""

from __future__ import annotations

from typing import Any

from ..convert import Unfit, converts
from ..ops.record import Arg
from .base import Entry, Part, arg, entry, option, part
from .types import Angles, Numbers, Range, Shifts, Sizes


class Step(Part):
    """One step of a chain of changes to a picture."""


# --- size -------------------------------------------------------------------------------------------------------------


@part("step", "resize")
class Resize(Step):
    """Bring to a size: one number is the shorter side, the shape kept; two are height and width.

    `longest` alone is the longer side: `resize longest=224 -> center_crop 224` shows all of a picture, zeros around it.
    Like all steps that set a size it acts on every slice of a volume and every frame of a clip alike.
    """

    size: Sizes | None = arg("shorter side, or height x width", default=None, min=1)
    longest: int | None = option("longest side allowed after that; alone the longer side", default=None, min=1)

    @property
    def one_size(self) -> bool:
        """Whether pictures of all shapes become equal in size."""
        return self.size is not None and len(self.size) == 2


@part("step", "center_crop")
class CenterCrop(Step):
    """Cut out the middle."""

    size: Sizes = arg("one side, or height x width", min=1)


@part("step", "crop")
class Crop(Step):
    """Cut out a random place (Krizhevsky et al., 2012)."""

    size: Sizes = arg("one side, or height x width", min=1)
    pad: int = option("zeros put around before", default=0, min=0)


@part("step", "resized_crop")
class ResizedCrop(Step):
    """Cut out a random piece of random shape, brought to a size (Szegedy et al., 2014)."""

    size: Sizes = arg("one side, or height x width", min=1)
    area: Range = option("share of the picture, from and to", default=(0.08, 1.0), min=0)
    ratio: Range = option("width by height, from and to", default=(3 / 4, 4 / 3), min=0)


SIZING: tuple[type[Step], ...] = (Resize, CenterCrop, Crop, ResizedCrop)
"""What brings pictures of any size to one size."""


# --- place ------------------------------------------------------------------------------------------------------------


@part("step", "affine")
class Affine(Step):
    """Turn, move, shear and zoom, as one map with one interpolation (Keras: ImageDataGenerator)."""

    rotation: Angles = option("up to this angle, or from and to", default=(0.0,))
    shift: Shifts = option("up to this share of the side or these pixels; (width, height) where two", default=())
    shear: Angles = option("up to this angle, or from and to", default=(0.0,))
    zoom: Range = option("up to this much larger or smaller, or the factors from and to", default=(0.0,), min=0)
    fill: str = option("what comes in from outside", default="nearest", choices=("nearest", "zeros", "reflect"))
    order: str = option("how values between pixels are made", default="linear", choices=("linear", "nearest"))


@part("step", "hflip")
class HFlip(Step):
    """Mirror left and right."""

    share: float = arg("of the examples", default=0.5, min=0, max=1)


@part("step", "vflip")
class VFlip(Step):
    """Mirror top and bottom."""

    share: float = arg("of the examples", default=0.5, min=0, max=1)


@part("step", "elastic")
class Elastic(Step):
    """A smooth random deformation (Simard et al., 2003; Ronneberger et al., 2015)."""

    strength: float = arg("standard deviation of the displacements in pixels", min=0)
    grid: Sizes = arg("grid on which they are drawn", default=(3, 3), min=2)


# --- values -----------------------------------------------------------------------------------------------------------


@part("step", "brightness")
class Brightness(Step):
    """Multiply all values by a random factor."""

    factor: Range = arg("up to this much, or the factors from and to", min=0)


@part("step", "contrast")
class Contrast(Step):
    """Stretch the values around their mean by a random factor."""

    factor: Range = arg("up to this much, or the factors from and to", min=0)


@part("step", "saturation")
class Saturation(Step):
    """Stretch the colours around gray by a random factor."""

    factor: Range = arg("up to this much, or the factors from and to", min=0)


@part("step", "exposure")
class Exposure(Step):
    """Multiply the value of HSV by a random factor up to this, or divide by it (Darknet)."""

    factor: float = arg("largest factor", min=1)


@part("step", "hue")
class Hue(Step):
    """Turn the colours around the circle of hues."""

    turn: float = arg("up to this part of a full turn", min=0, max=0.5)


@part("step", "color_jitter")
class ColorJitter(Step):
    """Brightness, contrast and saturation, each by its own random factor."""

    factor: Range = arg("up to this much, or the factors from and to", min=0)


@part("step", "lighting")
class Lighting(Step):
    """Add the principal colours of ImageNet in random amounts (Krizhevsky et al., 2012)."""

    std: float = arg("standard deviation of the amounts", min=0)


@part("step", "channel_shift")
class ChannelShift(Step):
    """Add a random number to each channel (Keras: of 255)."""

    shift: float = arg("up to this, of 255", min=0)


@part("step", "noise")
class Noise(Step):
    """Add normal noise to each value."""

    std: float = arg("standard deviation, of the range from black to white", min=0)


@part("step", "histogram_match")
class HistogramMatch(Step):
    """Give the values the distribution of another example."""


@part("step", "trivial_augment")
class TrivialAugment(Step):
    """One random change of random strength (Müller and Hutter, 2021)."""


@part("step", "erase")
class Erase(Step):
    """Blank out a random rectangle (Zhong et al., 2017)."""

    share: float = arg("of the examples", default=0.5, min=0, max=1)
    area: Range = option("share of the picture, from and to", default=(0.02, 0.33), min=0)


@part("step", "normalize")
class Normalize(Step):
    """Subtract a mean and divide by a deviation, per channel; values run from 0 to 1 before."""

    mean: str | Numbers = arg("one number, one per channel, or `imagenet`", choices=("imagenet",))
    std: Numbers | None = arg("one number or one per channel", default=None, above=0)

    @property
    def statistics(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Mean and deviation, one number or one per channel; those of ImageNet by their name."""
        if isinstance(self.mean, str):
            return (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
        return self.mean, self.std or (1.0,)


@part("step", "standardize")
class Standardize(Step):
    """Mean 0 and deviation 1, over each sample or the whole training set.

    With `zca=true` the principal components of the examples to learn from are measured, as they come here through
    `evaluate:`, and kept in the run: values become uncorrelated, each of deviation 1, and change as little as they can
    (Keras: `zca_whitening`, which is `per=data`; `per=sample` is global contrast normalisation before it). An example
    has at most 4,096 values, as 64x64x1 and 36x36x3 have. What differs in no example to learn from becomes 0.
    """

    center: bool = option("subtract the mean", default=True)
    scale: bool = option("divide by the deviation", default=True)
    per: str = option("over what", default="sample", choices=("sample", "data"))
    zca: bool = option("also take correlations out", default=False)
    epsilon: float = option("added to the singular values that `zca` divides by", default=1e-6, min=0)


# --- for detection ----------------------------------------------------------------------------------------------------


@part("step", "jitter")
class Jitter(Step):
    """Move the borders of the picture and its boxes by a random share (Redmon and Farhadi, 2018)."""

    later = True

    share: float = arg("up to this share of the side", min=0, max=1)


@part("step", "mosaic")
class Mosaic(Step):
    """Four pictures as one (Bochkovskiy et al., 2020)."""

    later = True


Chain = tuple[Step, ...]


@converts("Chain", "steps one after the other, such as `hflip -> crop 24`")
def chain(field: Arg, value: Any) -> Chain:
    """They are read as statements, never as the value of an argument."""
    raise Unfit


class Steps(Entry):
    """Steps in order."""

    steps: Chain = option("the steps, in order", default=())


@entry("augment")
class Augment(Steps):
    """What happens to an example on its way into training."""


@entry("evaluate")
class Evaluate(Steps):
    """What happens to an example wherever it is measured or classified."""

    whole = True


SHORT = {"rotation": "affine", "shift": "affine", "shear": "affine", "zoom": "affine", "pca_color": "lighting"}
"""Names of the short form `augment rotation=20, hflip=0.5` that are no steps of their own."""
