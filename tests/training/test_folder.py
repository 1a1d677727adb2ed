"""Pictures in folders: every kind of file, every kind of layout, and what is said of those that cannot be used."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from cnnc.compiler.recipes.data import Data, Folder
from cnnc.runtime.data import DataError, Dataset, open_data
from cnnc.runtime.data.picture import decoded, measured
from PIL import Image

RED = (255, 0, 0)


def saved(path: Path, image: Image.Image, **how: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, **how)
    return path


def opened(path: Path, **said: object) -> Dataset:
    return open_data(Data(source=Folder(path=str(path)), **said), seed=0)


def fill(folder: Path, count: int, colour: tuple[int, int, int] = RED) -> None:
    for number in range(count):
        saved(folder / f"{number:03}.png", Image.new("RGB", (6, 4), colour))


# --- one file ---------------------------------------------------------------------------------------------------------


def test_exif_turns_the_picture_upright(tmp_path: Path) -> None:
    image = Image.new("RGB", (4, 2), "black")
    image.putpixel((0, 0), RED)
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees clockwise to show: the first pixel comes to stand at the upper right
    found = decoded(saved(tmp_path / "a.png", image, exif=exif))
    assert found.shape == (4, 2, 3)
    assert tuple(found[0, 1]) == RED


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (Image.new("L", (2, 2), 77), (77,)),
        (Image.new("1", (2, 2), 1), (255,)),
        (Image.new("RGB", (2, 2), RED).quantize(4), RED),
        (Image.new("RGBA", (2, 2), (255, 0, 0, 0)), (255, 255, 255)),
        (Image.new("RGBA", (2, 2), (255, 0, 0, 255)), RED),
        (Image.new("LA", (2, 2), (40, 255)), (40,)),
        (Image.fromarray(np.full((2, 2), 0x8080, np.uint16)), (0x80,)),
    ],
    ids=["gray", "bits", "palette", "clear", "solid", "gray alpha", "16 bits"],
)
def test_every_mode_becomes_gray_or_rgb(image: Image.Image, expected: tuple[int, ...], tmp_path: Path) -> None:
    found = decoded(saved(tmp_path / "a.png", image))
    assert found.dtype == np.uint8
    assert found.shape == (2, 2, len(expected))
    assert tuple(found[0, 0]) == expected


def tiff(path: Path, values: list[float], kind: type[np.generic] = np.float32) -> Path:
    return saved(path, Image.fromarray(np.array([values], kind)))


def test_floats_have_one_scale_whatever_is_in_a_picture(tmp_path: Path) -> None:
    assert decoded(tiff(tmp_path / "a.tif", [0, 0.2, 0.4])).ravel().tolist() == [0, 51, 102]
    assert decoded(tiff(tmp_path / "b.tif", [0.2, 0.4, 1])).ravel().tolist() == [51, 102, 255]
    assert decoded(tiff(tmp_path / "c.tif", [-1e-7, 1 + 1e-6])).ravel().tolist() == [0, 255]  # rounded elsewhere
    assert decoded(tiff(tmp_path / "d.tif", [257, 65535], np.int32)).ravel().tolist() == [1, 255]


@pytest.mark.parametrize(
    ("values", "kind", "told"),
    [
        ([0, 40], np.float32, "floats holds brightness from 0 to 1, this one 0 to 40: .* into an .npz"),
        ([0, 180], np.float32, "this one 0 to 180"), ([-0.5, 1], np.float32, "this one -0.5 to 1"),
        ([0, np.nan], np.float32, "this one values that are no numbers"),
        ([0, np.inf], np.float32, "this one values that are no numbers"),
        ([-1, 5], np.int32, "whole numbers holds brightness from 0 to 65535, this one -1 to 5"),
        ([0, 70000], np.int32, "this one 0 to 70000"),
    ],
)  # fmt: skip
def test_numbers_that_are_no_brightness_are_told(
    values: list[float], kind: type[np.generic], told: str, tmp_path: Path
) -> None:
    path = tiff(tmp_path / "a.tif", values, kind)
    for look in (decoded, measured):
        with pytest.raises(DataError, match=rf"a\.tif: a picture of .*{told}"):
            look(path)


def test_cmyk_becomes_rgb(tmp_path: Path) -> None:
    found = decoded(saved(tmp_path / "a.jpg", Image.new("CMYK", (8, 8), (0, 255, 255, 0))))
    assert found.shape == (8, 8, 3)
    assert np.abs(found[4, 4].astype(int) - RED).max() < 12


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n" + b"\0" * 40])
def test_what_is_no_picture_is_named(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "bad.png"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"bad\.png"):
        decoded(path)


def test_a_picture_that_ends_too_early_is_named(tmp_path: Path) -> None:
    path = saved(tmp_path / "cut.png", Image.effect_noise((64, 64), 50))
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(DataError, match=r"cut\.png"):
        decoded(path)


# --- layouts ----------------------------------------------------------------------------------------------------------


def test_one_piece_is_divided_by_class(tmp_path: Path) -> None:
    fill(tmp_path / "cat", 10)
    fill(tmp_path / "dog", 20)
    data = opened(tmp_path)
    assert data.classes == ("cat", "dog")
    assert np.bincount(data.train.labels).tolist() == [8, 16]
    assert np.bincount(data.held.labels).tolist() == [2, 4]
    assert not set(data.train.numbers) & set(data.held.numbers)


def test_the_share_and_the_seed_are_the_recipes(tmp_path: Path) -> None:
    fill(tmp_path / "cat", 20)
    fill(tmp_path / "dog", 20)
    first, second = opened(tmp_path, split=0.5, seed=1), opened(tmp_path, split=0.5, seed=2)
    assert len(first.train) == len(first.held) == 20
    assert list(first.train.numbers) != list(second.train.numbers)
    assert list(first.train.numbers) == list(opened(tmp_path, split=0.5, seed=1).train.numbers)


@pytest.mark.parametrize("held", ["val", "validation", "test"])
def test_folders_for_training_and_measuring(held: str, tmp_path: Path) -> None:
    for part, count in (("train", 5), (held, 2)):
        fill(tmp_path / part / "cat", count)
        fill(tmp_path / part / "dog", count)
    data = opened(tmp_path)
    assert (len(data.train), len(data.held)) == (10, 4)


def test_names_of_the_recipe_come_first(tmp_path: Path) -> None:
    for part, count in (("mine", 5), ("theirs", 2)):
        fill(tmp_path / part / "cat", count)
        fill(tmp_path / part / "dog", count)
    data = opened(tmp_path, train="mine", test="theirs")
    assert (len(data.train), len(data.held)) == (10, 4)


def test_files_that_are_no_pictures_are_left_out_and_named(tmp_path: Path) -> None:
    fill(tmp_path / "cat", 5)
    fill(tmp_path / "dog", 5)
    (tmp_path / "cat" / "broken.jpg").write_bytes(b"no")
    (tmp_path / "cat" / "notes.txt").write_text("no picture by its name")
    data = opened(tmp_path)
    assert data.skipped == ("cat/broken.jpg: no picture that can be read",)
    assert any("1 .txt" in said for said in data.remarks)
    assert len(data.train) + len(data.held) == 10


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file or folder"):
        opened(tmp_path / "nowhere")
    with pytest.raises(DataError, match="one folder for each class"):
        opened(tmp_path)
    fill(tmp_path / "cat", 3)
    with pytest.raises(DataError, match="two classes at least"):
        opened(tmp_path)
    (tmp_path / "dog").mkdir()
    with pytest.raises(DataError, match="no picture in dog"):
        opened(tmp_path)


def test_a_class_to_measure_that_is_not_learned_is_an_error(tmp_path: Path) -> None:
    for name in ("cat", "dog"):
        fill(tmp_path / "train" / name, 2)
        fill(tmp_path / "val" / name, 2)
    fill(tmp_path / "val" / "cow", 2)
    with pytest.raises(DataError, match="cow"):
        opened(tmp_path)
