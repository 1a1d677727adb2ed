"""Where examples come from: the entry `data`, its sources and what it does with them."""

from __future__ import annotations

from .base import Entry, Part, arg, entry, option, part
from .types import Name, Names, Quantizer, Range, Sampler, Sizes, Source


@part("source", "digits")
class Digits(Part):
    """1,797 handwritten digits of 8x8 gray values that come with scikit-learn (Alpaydin and Kaynak, 1998)."""


@part("source", "folder")
class Folder(Part):
    """Pictures in a folder: one folder for each class, perhaps below `train` and `val`, or beside masks.

    What a picture holds is brightness: bytes of 0 to 255, whole numbers of 16 bits of 0 to 65535, floats (TIFF) of 0
    to 1, each brought to bytes by this scale alone. Others are refused: measured values are kept in an `.npz`. Masks
    hold numbers of classes, which JPEG and lossy WebP blur: PNG keeps them.
    """

    path: str = arg("the folder")
    masks: str | None = option("folder of the masks beside the pictures, for segmentation", default=None)


@part("source", "npz")
class Npz(Part):
    """Arrays in one NumPy file: `x_train`, `y_train`, `x_test`, `y_test` (Keras), or `x` and `y`; examples of any rank.

    Whole numbers are classes, several columns of 0 and 1 tags, maps of the size of the examples masks, other numbers
    values. Without `y` the examples are to be given back.
    """

    path: str = arg("the file")
    gray: bool = option("examples are pictures, volumes or series without an axis of channels", default=False)


@part("source", "csv")
class Csv(Part):
    """A table: of files and what is known of them, of texts, or of numbers. Columns are named, or seen by content.

    Beside `train.csv` a `val.csv` or `test.csv` is held out; a column `split` says the same.
    """

    path: str = arg("the table")
    file: str | None = option("column of the paths of pictures or arrays", default=None)
    text: Names | None = option("columns of text, one after the other", default=None)
    label: str | None = option("column of the class", default=None)
    values: Names | None = option("columns of measured values, to be learned instead of a class", default=None)
    folder: str | None = option("where paths begin (default: where the table lies)", default=None)


@part("source", "shards")
class Shards(Part):
    """Tar files as WebDataset writes them: `0001.jpg` beside `0001.cls`, or beside `0001.json` with a `label`."""

    path: str = arg("a folder, or a pattern such as `train-{000..127}.tar`")


@part("source", "series")
class Series(Part):
    """Time series in one table, as the UCR archive has them: a line each, the class first; also its `.ts` files."""

    path: str = arg("the file")


@part("source", "volumes")
class Volumes(Part):
    """Volumes in folders of classes, or beside masks: NumPy `.npy`, NIfTI, MetaImage."""

    path: str = arg("the folder")
    masks: str | None = option("folder of the masks beside the volumes, for segmentation", default=None)


@part("source", "clips")
class Clips(Part):
    """Moving pictures in folders of classes: each a folder of frames, or an array `.npy`.

    Frames follow each other as the numbers in their names do: `frame2` before `frame10`.
    """

    path: str = arg("the folder")
    frames: int = option("frames of a clip, evenly over what there is", default=16, min=1)
    size: Sizes = option("height and width to bring frames to", default=(112, 112), min=1)


@part("source", "audio")
class Audio(Part):
    """Recordings (`.wav`): in folders of classes, or with `quantize=` all of a folder, each sample to be foretold."""

    path: str = arg("the folder")
    rate: int = option("samples a second", default=16000, min=1)


# --- data sets that are published: looked for in `root=`, downloaded where torchvision can ----------------------------


@part("source", "mnist")
class Mnist(Part):
    """70,000 handwritten digits of 28x28 gray values (LeCun, Cortes and Burges, 1998)."""


@part("source", "fashion_mnist")
class FashionMnist(Part):
    """70,000 pieces of clothing of 28x28 gray values (Xiao, Rasul and Vollgraf, 2017)."""


@part("source", "cifar10")
class Cifar10(Part):
    """60,000 pictures of 32x32 in 10 classes (Krizhevsky, 2009)."""


@part("source", "cifar100")
class Cifar100(Part):
    """60,000 pictures of 32x32 in 100 classes (Krizhevsky, 2009)."""


@part("source", "svhn")
class Svhn(Part):
    """99,289 house numbers as single digits of 32x32 (Netzer et al., 2011)."""


@part("source", "imagenet")
class ImageNet(Part):
    """ILSVRC 2012: 1.28 million pictures of 1,000 classes, in folders `train` and `val` of class folders."""


@part("source", "tiny_imagenet")
class TinyImageNet(Part):
    """100,000 pictures of 64x64 in 200 classes of ImageNet (Stanford, 2015)."""


@part("source", "voc")
class Voc(Part):
    """Pascal Visual Object Classes: masks of 20 classes and background (Everingham et al., 2010)."""

    year: str = arg("which year", default="2012")


@part("source", "omniglot")
class Omniglot(Part):
    """1,623 characters of 50 alphabets, each drawn 20 times (Lake, Salakhutdinov and Tenenbaum, 2015)."""


@part("source", "faces")
class Faces(Part):
    """Faces with identities: `lfw`, or a folder with a folder for each person."""

    name: str = arg("which")


@part("source", "ucr")
class Ucr(Part):
    """One set of time series of the UCR archive (Dau et al., 2018)."""

    name: str = arg("which, such as `Adiac`")


@part("source", "ag_news")
class AgNews(Part):
    """127,600 news of 4 topics, as text (Zhang, Zhao and LeCun, 2015)."""


@part("source", "coco")
class Coco(Part):
    """Common Objects in Context: boxes and masks."""

    version: str | None = arg("which edition", default=None)


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

    whole = True

    source: Source = arg("a data set such as `digits`, or `folder(...)`")
    train: Name | None = option("the sub-folder to learn from", default=None)
    test: Name | None = option("the sub-folder, or the file, to measure on", default=None)
    split: float | None = option(
        "share to learn from, where the data come in one piece", default=None, above=0, below=1
    )
    seed: int | None = option("seed of that division", default=None, min=0)
    labels: str | None = option("what a label is", default="classes", choices=("classes", "binary"))
    root: str | None = option("where published data lie (default: `CNNC_DATA`, else ~/.cache/cnnc/data)", default=None)
    bad: str = option("what becomes of files that cannot be read", default="skip", choices=("skip", "fail"))
    look: str = option(
        "files that are as they were at the last look", default="remembered", choices=("remembered", "anew")
    )
    size: Sizes | None = option("size to bring pictures to", default=None, min=1)
    longest: int | None = option("longest side allowed after that; alone the longer side", default=None, min=1)
    range: Range | None = option("values of black and white", default=None)
    sample: Sampler | None = option("how examples are put together", default=None)
    quantize: Quantizer | None = option("levels of recordings", default=None)
    shift: int | None = option("steps by which the target runs ahead", default=None)
    alphabet: str | None = option("characters that are known", default=None)
    length: int | None = option("characters or samples of one example", default=None, min=1)
