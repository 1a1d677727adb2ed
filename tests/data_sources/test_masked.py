"""Pictures beside masks: which belong together, what the values of masks mean, and what does not fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cnnc.runtime.data import DataError, Dataset, open_data
from cnnc.runtime.data.classes import by_name
from cnnc.runtime.data.examined import examined
from cnnc.runtime.data.opening import named
from numpy.typing import NDArray
from PIL import Image

from cnnc.cli import main

from .made import fill, opened, saved


def masks(folder: Path, *pictures: NDArray[np.uint8], end: str = "") -> None:
    for number, pixels in enumerate(pictures):
        saved(folder / f"{number:03}{end}.png", Image.fromarray(pixels))


def of(value: int, other: int = 0, shape: tuple[int, int] = (4, 6)) -> NDArray[np.uint8]:
    """A mask of one value with another at its first place."""
    made = np.full(shape, value, np.uint8)
    made[0, 0] = other
    return made


def first(data: Dataset) -> NDArray[np.uint8]:
    assert data.train.masks is not None
    number = int(np.flatnonzero(data.train.numbers == 0)[0])
    return data.train.masks.load(int(data.train.numbers[number]))


@pytest.mark.parametrize(
    ("values", "classes", "found"),
    [
        ((0, 255), ("background", "foreground"), (0, 1)),
        ((0, 1), ("0", "1"), (0, 1)),
        ((2, 1), ("0", "1", "2"), (2, 1)),
        ((1, 255), ("0", "1"), (1, 255)),
        ((170, 85), ("0", "1", "2"), (2, 1)),
    ],
)
def test_values_become_classes(
    values: tuple[int, int], classes: tuple[str, ...], found: tuple[int, int], tmp_path: Path
) -> None:
    fill(tmp_path / "train" / "images", 3)
    fill(tmp_path / "val" / "images", 1)
    both = of(*values), of(values[0], 0), of(*values)
    masks(tmp_path / "train" / "masks", *both)
    masks(tmp_path / "val" / "masks", of(*values))
    data = opened(tmp_path)
    assert data.target == "masks"
    assert data.classes == classes
    assert (first(data)[1, 1], first(data)[0, 0]) == found
    assert (len(data.train), len(data.held)) == (3, 1)


def test_blurred_edges_of_black_and_white_are_cut_in_the_middle(tmp_path: Path) -> None:
    fill(tmp_path / "images", 2, (100, 100))
    soft = np.zeros((100, 100), np.uint8)
    soft[50:] = 255
    soft[49] = np.arange(100) + 100
    masks(tmp_path / "masks", soft, soft, end="_mask")
    data = opened(tmp_path)
    assert data.train.masks is not None
    found = data.train.masks.load(0)
    assert found.sum() == 50 * 100 + (np.arange(100) + 100 >= 128).sum()
    assert "gray values" in data.remarks[0]


def disc(values: tuple[int, int] = (0, 255), side: int = 64) -> Image.Image:
    """A disc of the second value on the first."""
    rows, columns = np.ogrid[:side, :side]
    inside = (rows - side / 2) ** 2 + (columns - side / 2) ** 2 < (side / 4) ** 2
    return Image.fromarray(np.where(inside, values[1], values[0]).astype(np.uint8))


LOSSY = [
    (".jpg", {"quality": 90}, "JPEG"),
    (".webp", {"quality": 50}, "WebP"),
    (".tif", {"compression": "jpeg"}, "JPEG"),
]


@pytest.mark.parametrize(("suffix", "how", "kind"), [one for one in LOSSY if one[2] == "JPEG"])
def test_black_and_white_in_a_lossy_format_is_told_apart_and_said(
    suffix: str, how: dict[str, Any], kind: str, tmp_path: Path
) -> None:
    fill(tmp_path / "images", 4, (64, 64))
    for number in range(4):
        saved(tmp_path / "masks" / f"{number:03}{suffix}", disc(), **how)
    data = opened(tmp_path)
    assert data.classes == ("background", "foreground")
    assert f"{kind} blurs class numbers: save masks as PNG" in data.remarks[0]
    assert np.abs(first(data).astype(int) - np.asarray(disc()) // 255).mean() < 0.02


@pytest.mark.parametrize(("suffix", "how", "kind"), LOSSY)
@pytest.mark.parametrize("values", [(0, 1), (3, 8), (0, 85), (1, 128)])
def test_class_numbers_in_a_lossy_format_are_refused(
    values: tuple[int, int], suffix: str, how: dict[str, Any], kind: str, tmp_path: Path
) -> None:
    fill(tmp_path / "images", 4, (64, 64))
    for number in range(4):
        saved(tmp_path / "masks" / f"{number:03}.png", disc(values))
    (tmp_path / "classes.txt").write_text("".join(f"c{number}\n" for number in range(9)))
    saved(tmp_path / "masks" / f"002{suffix}", disc(values), **how)
    (tmp_path / "masks" / "002.png").unlink()
    with pytest.raises(DataError, match=rf"masks/002{suffix}: {kind} blurs class numbers: save masks as PNG"):
        opened(tmp_path)


def test_webp_that_keeps_values_is_as_png(tmp_path: Path) -> None:
    fill(tmp_path / "images", 4, (64, 64))
    for number in range(4):
        saved(tmp_path / "masks" / f"{number:03}.webp", disc((0, 2)), lossless=True)
    data = opened(tmp_path)
    assert (data.classes, data.remarks) == (("0", "1", "2"), ())
    assert np.array_equal(first(data), np.asarray(disc((0, 2))))


def test_many_classes_are_counted_where_not_all_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(tmp_path / "images", 4, (9, 3))
    masks(tmp_path / "masks", *[np.arange(27, dtype=np.uint8).reshape(3, 9)] * 4)
    assert main(["data", str(tmp_path)]) == 0
    assert "18, 19 and 7 more" in capsys.readouterr().out


def test_palettes_count_by_index_and_names_come_from_the_folder(tmp_path: Path) -> None:
    fill(tmp_path / "images", 2)
    for number in range(2):
        palette = Image.fromarray(of(2, 1), "P")
        palette.putpalette([0, 0, 0, 250, 0, 0, 0, 250, 0])
        saved(tmp_path / "labels" / f"{number:03}.png", palette)
    (tmp_path / "classes.txt").write_text("sky\nroad\ncar\n")
    data = opened(tmp_path)
    assert data.classes == ("sky", "road", "car")
    assert (first(data)[1, 1], first(data)[0, 0]) == (2, 1)


def test_what_does_not_fit_is_named(tmp_path: Path) -> None:
    fill(tmp_path / "images", 3)
    masks(tmp_path / "masks", of(1), of(1))
    with pytest.raises(DataError, match=r"no mask for 1 of 3: images/002\.png"):
        opened(tmp_path)
    masks(tmp_path / "masks", of(1), of(1), of(1, shape=(5, 6)))
    with pytest.raises(DataError, match=r"002\.png: the mask is of 5x6, its example of 4x6"):
        opened(tmp_path)
    saved(tmp_path / "masks" / "002.png", Image.new("RGB", (6, 4), (1, 2, 3)))
    with pytest.raises(DataError, match=r"002\.png.*colours"):
        opened(tmp_path)
    many = np.arange(72, dtype=np.uint8).reshape(3, 4, 6)
    masks(tmp_path / "masks", *(20 + 2 * many))
    with pytest.raises(DataError, match="too many for classes"):
        opened(tmp_path)
    (tmp_path / "masks" / "002.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"002\.png: the file is empty"):
        opened(tmp_path)


def test_masks_to_measure_on_have_the_classes_of_the_model_where_these_are_named(tmp_path: Path) -> None:
    """Of numbers alone nobody knows whether they are counted as those that were learned from."""
    fill(tmp_path / "images", 3)
    masks(tmp_path / "masks", of(1), of(1), of(1))
    classes = ("sky", "road", "car")
    with pytest.raises(DataError, match=r"0, 1 are not among the .* knows, sky, road, car; a `classes.txt` beside the"):
        by_name(to_measure(tmp_path), classes)
    with pytest.raises(DataError, match=r"0, 1 are not all of the classes that the model knows, 0, 1, 2; a `classes"):
        by_name(to_measure(tmp_path), ("0", "1", "2"))
    (tmp_path / "classes.txt").write_text("\n".join(classes))
    data = by_name(to_measure(tmp_path), classes)
    assert (data.classes, len(data.train), len(data.held)) == (classes, 0, 3)


def to_measure(path: Path) -> Dataset:
    return open_data(examined(named(str(path), None)), 0)


def test_masks_without_pictures_are_told(tmp_path: Path) -> None:
    fill(tmp_path / "images", 2)
    masks(tmp_path / "masks", of(1), of(1), of(1))
    assert "1 masks" in opened(tmp_path).remarks[0]
