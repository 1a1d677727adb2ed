"""Published sets, read from files made in their formats; torchvision's own reading is the measure where it has one."""

from __future__ import annotations

import gzip
import pickle
from pathlib import Path

import numpy as np
import pytest
import torchvision
from cnnc.compiler.recipes.data import Twos
from cnnc.runtime.data import DataError, place
from PIL import Image
from scipy.io import savemat

from .made import drawn, fill, idx, opened, saved


@pytest.fixture(autouse=True)
def _offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sets lie in a folder of the test, and nothing is downloaded."""

    def fetching(*_: object) -> object:
        def fetch(home: Path) -> None:
            raise OSError("no network here")

        return fetch

    monkeypatch.setenv("CNNC_DATA", str(tmp_path))
    for module in ("mnist", "cifar", "svhn", "voc", "identities"):
        monkeypatch.setattr(f"cnnc.runtime.data.{module}.fetching", fetching)


@pytest.mark.parametrize(("name", "theirs"), [("mnist", "MNIST"), ("fashion_mnist", "FashionMNIST")])
@pytest.mark.parametrize("packed", [False, True])
def test_idx_is_read_as_torchvision_reads_it(name: str, theirs: str, packed: bool, tmp_path: Path) -> None:
    folder = tmp_path / theirs / "raw"
    for which, count in (("train", 40), ("t10k", 20)):
        idx(folder / f"{which}-images-idx3-ubyte", drawn(count, 28, 28))
        idx(folder / f"{which}-labels-idx1-ubyte", (np.arange(count) % 10).astype(np.uint8))
    expected = getattr(torchvision.datasets, theirs)(str(tmp_path), train=True)
    for path in folder.iterdir() if packed else ():
        path.with_name(path.name + ".gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    data = opened(name)
    assert (len(data.train), len(data.held), data.shape) == (40, 20, (28, 28, 1))
    assert data.train.labels.tolist() == expected.targets.tolist()
    for number in (0, 39):
        assert np.array_equal(data.train.examples.load(number)[..., 0], expected.data[number].numpy())
    if theirs == "FashionMNIST":
        assert list(data.classes) == expected.classes


def cifar(path: Path, rows: int, **more: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        pickle.dump({b"data": drawn(rows, 3072, seed=rows), **more}, file, protocol=2)


def test_cifar10_rows_are_red_then_green_then_blue(tmp_path: Path) -> None:
    folder = tmp_path / "cifar-10-batches-py"
    for i in range(1, 6):
        cifar(folder / f"data_batch_{i}", 10 + i, labels=[n % 10 for n in range(10 + i)])
    cifar(folder / "test_batch", 10, labels=list(range(10)))
    (folder / "batches.meta").write_bytes(pickle.dumps({"label_names": list("abcdefghij")}, protocol=2))
    data = opened("cifar10")
    assert (len(data.train), len(data.held), data.shape) == (65, 10, (32, 32, 3))
    assert data.classes == tuple("abcdefghij")
    second = drawn(12, 3072, seed=12)[3]
    picture = data.train.examples.load(11 + 3)
    assert picture[5, 7].tolist() == [second[5 * 32 + 7 + 1024 * channel] for channel in range(3)]


def test_cifar100_has_fine_labels(tmp_path: Path) -> None:
    folder = tmp_path / "cifar-100-python"
    for name in ("train", "test"):
        cifar(folder / name, 100, fine_labels=list(range(100)), coarse_labels=[0] * 100)
    (folder / "meta").write_bytes(pickle.dumps({"fine_label_names": [f"c{i}" for i in range(100)]}))
    assert opened("cifar100").classes[99] == "c99"


def test_a_pickle_that_calls_something_is_not_unpacked(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> object:
            return (Path.touch, (tmp_path / "touched",))

    folder = tmp_path / "cifar-100-python"
    folder.mkdir()
    for name in ("train", "test", "meta"):
        (folder / name).write_bytes(pickle.dumps({"fine_label_names": Evil()}))
    with pytest.raises(DataError, match="has no place in such a file"):
        opened("cifar100")
    assert not (tmp_path / "touched").exists()


def test_svhn_is_read_as_torchvision_reads_it(tmp_path: Path) -> None:
    for part in ("train", "test"):
        labels = np.arange(1, 11, dtype=np.uint8)[:, None]
        savemat(tmp_path / f"{part}_32x32.mat", {"X": drawn(32, 32, 3, 10), "y": labels})
    data = opened("svhn")
    assert data.train.labels.tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 9, 0]
    assert np.array_equal(data.train.examples.load(4), drawn(32, 32, 3, 10)[..., 4])


def test_imagenet_is_two_folders_of_class_folders(tmp_path: Path) -> None:
    for part, count in (("train", 3), ("val", 1)):
        for name in ("n01440764", "n01443537"):
            fill(tmp_path / "imagenet" / part / name, count, suffix=".JPEG")
    data = opened("imagenet")
    assert (len(data.train), len(data.held), data.classes) == (6, 2, ("n01440764", "n01443537"))


def test_validation_pictures_in_one_folder_are_told(tmp_path: Path) -> None:
    fill(tmp_path / "imagenet" / "train" / "n1", 1)
    fill(tmp_path / "imagenet" / "val", 1)
    with pytest.raises(DataError, match="must be sorted by class"):
        opened("imagenet")


def test_tiny_imagenet_has_a_table_of_its_validation_pictures(tmp_path: Path) -> None:
    root = tmp_path / "tiny-imagenet-200"
    for name in ("n1", "n2"):
        fill(root / "train" / name / "images", 2, (64, 64), ".JPEG")
    fill(root / "val" / "images", 2, (64, 64), ".JPEG")
    (root / "val" / "val_annotations.txt").write_text("000.JPEG\tn2\t0\t0\t62\t62\n001.JPEG\tn1\t5\t3\t60\t60\n")
    data = opened("tiny_imagenet")
    assert data.held.labels.tolist() == [1, 0]
    assert data.shape == (64, 64, 3)


def test_voc_has_palettes_whose_last_colour_does_not_count(tmp_path: Path) -> None:
    root = tmp_path / "VOCdevkit" / "VOC2012"
    for name in ("2007_000032", "2007_000039"):
        saved(root / "JPEGImages" / f"{name}.jpg", Image.new("RGB", (5, 4)))
        mask = Image.new("P", (5, 4), 15)
        mask.putpalette([0, 0, 0] * 256)
        mask.putpixel((1, 2), 255)
        saved(root / "SegmentationClass" / f"{name}.png", mask)
    (root / "ImageSets" / "Segmentation").mkdir(parents=True)
    (root / "ImageSets" / "Segmentation" / "train.txt").write_text("2007_000032\n")
    (root / "ImageSets" / "Segmentation" / "val.txt").write_text("2007_000039\n")
    data = opened("voc")
    assert data.target == "masks"
    assert data.classes[15] == "person"
    assert data.train.masks is not None
    mask = data.train.masks.load(0)
    assert (mask.shape, mask[0, 0], mask[2, 1]) == ((4, 5), 15, 255)


def test_omniglot_measures_characters_that_were_not_learned(tmp_path: Path) -> None:
    for part, alphabet in (("images_background", "Greek"), ("images_evaluation", "Tengwar")):
        for character in ("character01", "character02"):
            fill(tmp_path / "omniglot-py" / part / alphabet / character, 4)
    apart = opened("omniglot", sample=Twos(same=0.5))
    assert set(apart.train.labels) == {0, 1}
    assert set(apart.held.labels) == {2, 3}
    together = opened("omniglot")
    assert set(together.held.labels) == {0, 1, 2, 3}
    assert together.classes[0] == "Greek/character01"


def test_what_is_absent_is_said_with_its_place(tmp_path: Path) -> None:
    for name, told in (
        ("mnist", "train-images-idx3-ubyte.*MNIST/raw"), ("cifar10", "data_batch_1.*cifar-10"), ("svhn", "train_32x32"),
        ("imagenet", "train, val.*imagenet"), ('ucr("Adiac")', "Adiac_TRAIN.tsv.*UCR"), ("ag_news", "train.csv"),
    ):  # fmt: skip
        with pytest.raises(DataError, match=f"put .*{told}"):
            opened(name)
    assert str(tmp_path) in place.absent(tmp_path, ("a",))


def test_the_recipe_can_say_where_sets_lie(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="elsewhere"):
        opened("svhn", root=str(tmp_path / "elsewhere"))


@pytest.mark.parametrize(
    ("content", "told"), [(b"", "not the IDX format"), (b"\0\0\x08\x03" + b"\0" * 12 + b"1", "may be cut off")]
)
def test_broken_idx_is_named(content: bytes, told: str, tmp_path: Path) -> None:
    for name in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"):
        idx(tmp_path / "mnist" / f"{name}-ubyte", drawn(3))
    (tmp_path / "mnist" / "train-images-idx3-ubyte").write_bytes(content)
    with pytest.raises(DataError, match=told):
        opened("mnist")
