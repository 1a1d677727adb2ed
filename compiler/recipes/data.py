"""Where examples come from: the entry `data`, its sources and what it does with them."""

from __future__ import annotations

from .base import Entry, Part, arg, entry, option, part
from .types import Name, Numbers, Quantizer, Sampler, Sizes, Source


@part("source", "digits")
class Digits(Part):
    """1,797 handwritten digits of 8x8 gray values that come with scikit-learn (Alpaydin and Kaynak, 1998)."""


@part("source", "folder")
class Folder(Part):
    """Pictures in a folder, one folder for each class."""

    path: str = arg("the folder")
    masks: str | None = option("folder of the masks beside the pictures, for segmentation", default=None)


class Published(Part):
    """A data set by its name, in its usual place."""

    version: str | None = arg("which edition or part", default=None)
    more: str | None = arg("a second part, put behind the first", default=None)


def _published(word: str, doc: str) -> None:
    class Named(Published):
        pass

    Named.__name__ = Named.__qualname__ = word.title().replace("_", "")
    Named.__doc__ = doc
    part("source", word)(Named)


_published("imagenet", "ILSVRC 2012: 1.28 million pictures of 1,000 classes.")
_published("mnist", "60,000 handwritten digits of 28x28 gray values.")
_published("fashion_mnist", "60,000 pieces of clothing of 28x28 gray values.")
_published("cifar10", "50,000 pictures of 32x32 in 10 classes.")
_published("cifar100", "50,000 pictures of 32x32 in 100 classes.")
_published("coco", "Common Objects in Context: boxes and masks.")
_published("voc", "Pascal Visual Object Classes.")
_published("faces", "Faces with identities: `lfw`, `celeba`.")
_published("omniglot", "Characters of 50 alphabets.")
_published("ucr", "Time series of the UCR archive.")
_published("ag_news", "News by topic, as text.")
_published("volumes", "Medical volumes.")


@part("source", "audio")
class Audio(Part):
    """Recordings."""

    name: str = arg("the collection")
    rate: int = option("samples a second", default=16000, min=1)


@part("sampler", "triplets")
class Triplets(Part):
    """Anchor, another of its class, one of another class."""

    classes: int = option("classes in a batch", default=8, min=2)
    per_class: int = option("examples of each", default=4, min=2)


@part("sampler", "pairs")
class Twos(Part):
    """Two examples, of one class or not."""

    same: float = option("share of pairs of one class", default=0.5, min=0, max=1)


@part("quantizer", "mu_law")
class MuLaw(Part):
    """Logarithmic levels, as in telephony (ITU-T G.711)."""

    levels: int = arg("number of levels", default=256, min=2)


@entry("data")
class Data(Entry):
    """What to learn from, and how it is divided."""

    source: Source = arg("a data set such as `digits`, or `folder(...)`")
    train: Name | None = option("the sub-folder to learn from", default=None)
    test: Name | None = option("the sub-folder to measure on", default=None)
    split: float | None = option("share to learn from, where the data come in one piece", default=None, min=0, max=1)
    seed: int | None = option("seed of that division", default=None, min=0)
    labels: str | None = option("what a label is", default="classes", choices=("classes", "binary"))
    size: Sizes | None = option("size to bring pictures to", default=None, min=1)
    longest: int | None = option("longest side allowed after that", default=None, min=1)
    range: Numbers | None = option("values of black and white", default=None)
    sample: Sampler | None = option("how examples are put together", default=None)
    quantize: Quantizer | None = option("levels of recordings", default=None)
    shift: int | None = option("steps by which the target runs ahead", default=None)
    alphabet: str | None = option("characters that are known", default=None)
    length: int | None = option("characters or samples of one example", default=None, min=1)
