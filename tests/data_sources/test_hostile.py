"""What people have lying about: told by name with a way out, never passed over, never a traceback."""

from __future__ import annotations

import os
import pickle
import tarfile
from pathlib import Path

import numpy as np
import pytest
from cnnc.runtime.data import DataError
from numpy.typing import NDArray
from PIL import Image

from .made import drawn, fill, idx, opened, saved

X = drawn(40, 12, 12, 3)
FOUR = np.arange(40) % 4


def two(folder: Path, count: int = 4) -> Path:
    for name in ("cat", "dog"):
        fill(folder / name, count)
    return folder


# --- folders ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".bmp", ".gif", ".tif", ".webp"])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_pictures_that_end_too_early_are_found_at_the_first_look(tmp_path: Path, suffix: str, mode: str) -> None:
    data = two(tmp_path / "data")
    path = saved(data / "cat" / f"cut{suffix}", Image.fromarray(drawn(80, 90, 3)).convert(mode))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    found = opened(data)
    assert [said.partition(":")[0] for said in found.skipped] == [os.path.join("cat", f"cut{suffix}")]


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    data = two(tmp_path / "data")
    os.mkfifo(data / "cat" / "pipe.png")
    (data / "cat" / "gone.png").symlink_to(tmp_path / "nowhere")
    (data / "cat" / "loop").symlink_to(data)
    (data / "dog" / "folder.png").mkdir()
    found = opened(data)
    assert found.skipped == (
        f"{os.path.join('cat', 'gone.png')}: there is no such file",
        f"{os.path.join('cat', 'pipe.png')}: this is no file",
    )
    assert len(found.train) + len(found.held) == 8


def test_files_that_may_not_be_read_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = two(tmp_path / "data")
    shut = data / "dog" / "000.png"
    its = Path.read_bytes

    def read(self: Path) -> bytes:
        if self == shut:
            raise PermissionError(13, "Permission denied")
        return its(self)

    monkeypatch.setattr(Path, "read_bytes", read)
    assert "its permissions forbid it" in opened(data).skipped[0]


def test_names_of_any_kind_are_read(tmp_path: Path) -> None:
    data = two(tmp_path / "with space" / "ümläut")
    for name in ("new\nline.png", "ä b.PNG", "-rf.png", "100%.png"):
        saved(data / "cat" / name, Image.fromarray(drawn(4, 6, 3)))
    assert len(opened(data).skipped) == 0
    assert (opened(data).train.labels == 0).sum() == 6


def test_a_class_whose_pictures_are_all_broken_is_told_with_the_reason(tmp_path: Path) -> None:
    data = two(tmp_path / "data")
    (data / "bird").mkdir()
    with pytest.raises(DataError, match="no picture in bird: put some there, or take the folder away"):
        opened(data)
    (data / "bird" / "a.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"in bird; the first: bird.a\.png: the file is empty"):
        opened(data)


def test_pictures_without_folders_are_told_where_to_go(tmp_path: Path) -> None:
    fill(tmp_path / "data", 3)
    with pytest.raises(DataError, match="but 3 pictures: put them into a folder for each class"):
        opened(tmp_path / "data")


def test_a_part_that_is_not_used_is_told(tmp_path: Path) -> None:
    for part in ("train", "val", "test"):
        two(tmp_path / "data" / part)
    assert opened(tmp_path / "data").remarks == (f"not used now: test in {tmp_path / 'data'}; held out is val",)


def test_a_class_may_be_called_train(tmp_path: Path) -> None:
    for name in ("plane", "train"):
        fill(tmp_path / "data" / name, 4)
        (tmp_path / "volumes" / name).mkdir(parents=True)
        for number in range(4):
            np.save(tmp_path / "volumes" / name / f"{number}.npy", drawn(4, 5, 6))
    for where in ("data", "volumes"):
        found = opened(tmp_path / where)
        assert (found.classes, len(found.train), len(found.held)) == (("plane", "train"), 6, 2)
        assert found.remarks == ("train is a class among others here, not the part to learn from",)


def test_pictures_of_a_part_that_lie_in_no_class_are_no_class(tmp_path: Path) -> None:
    for part in ("train", "test"):
        fill(tmp_path / "data" / part, 4)
    with pytest.raises(DataError, match=r"train: one folder for each class .* but 4 pictures: put them into a folder"):
        opened(tmp_path / "data")
    two(tmp_path / "parts" / "train")
    fill(tmp_path / "parts" / "extra", 4)
    assert opened(tmp_path / "parts").classes == ("cat", "dog")


def test_a_share_that_divides_nothing_is_told(tmp_path: Path) -> None:
    said = "`split=0.5` divides data in one piece: these have their own held out, it is not used"
    for part, count in (("train", 6), ("val", 2)):
        two(tmp_path / "data" / part, count)
    found = opened(tmp_path / "data", split=0.5)
    assert (len(found.train), len(found.held), found.remarks) == (12, 4, (said,))
    assert opened(tmp_path / "data").remarks == ()
    assert opened(two(tmp_path / "whole"), split=0.5).remarks == ()
    arrays = npz(tmp_path, x_train=X, y_train=FOUR, x_test=X[:8], y_test=FOUR[:8])
    assert opened(arrays, split=0.5).remarks == (said,)


def test_frames_of_clips_are_told_from_pictures(tmp_path: Path) -> None:
    for name in ("run", "jump"):
        for clip in ("a", "b", "c"):
            fill(tmp_path / "data" / name / clip, 4)
    (said,) = opened(tmp_path / "data").remarks
    assert f'say `clips("{tmp_path / "data"}")`' in said
    assert opened(two(tmp_path / "flat")).remarks == ()


def test_volumes_that_hold_no_numbers_are_left_out(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for number in range(3):
            np.save(tmp_path / name / f"{number}.npy", np.zeros((4, 5, 6), np.float32))
    np.save(tmp_path / "a" / "bad.npy", np.full((4, 5, 6), np.nan, np.float32))
    assert opened(tmp_path).skipped == (f"{os.path.join('a', 'bad.npy')}: it holds values that are no numbers",)


# --- tables -----------------------------------------------------------------------------------------------------------


ROWS = [(f"img/{number}.png", "cat" if number % 2 else "dog") for number in range(8)]


def table(folder: Path, text: str, code: str = "utf-8") -> Path:
    for number in range(8):
        saved(folder / "img" / f"{number}.png", Image.fromarray(drawn(4, 6, 3)))
    (folder / "set.csv").write_text(text, encoding=code)
    return folder / "set.csv"


def lines(between: str = ",", change: str = "{}", names: str = "file,label\n") -> str:
    return names + "".join(f"{change.format(file)}{between}{label}\n" for file, label in ROWS)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (lines(), "utf-8-sig"), (lines(), "utf-16"), (lines(";", names="file;label\n"), "utf-8"),
        (lines(", "), "utf-8"), (lines().replace("\n", "\r\n"), "utf-8"), (lines().replace("\n", "\r"), "utf-8"),
        (lines(names=""), "utf-8"), (lines().replace("/", "\\"), "utf-8"), (lines(change='"{}"'), "utf-8"),
    ],
)  # fmt: skip
def test_tables_of_many_programs_are_read(tmp_path: Path, text: str, code: str) -> None:
    found = opened(table(tmp_path, text, code))
    assert (found.classes, found.shape, len(found.train) + len(found.held)) == (("cat", "dog"), (4, 6, 3), 8)


def test_paths_may_be_absolute(tmp_path: Path) -> None:
    text = lines(change=f"{tmp_path}/{{}}")
    assert len(opened(table(tmp_path, text)).train) == 6


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (lines() + "img/1.png\n", "10: 1 columns, 2 in the first row"),
        (lines() + "img/1.png,\n", "10: `label` is empty"),
        (lines(change="x{}"), "none of 8 files is there, .*say with `folder=`"),
        (lines().replace(".png", ""), "2: `file` is a column of files by its name, and `img/0` has no ending"),
        ("file,label\n" + "".join(f"{f},{7 * n}\n" for n, (f, _) in enumerate(ROWS)), "say `values=label`"),
        ("file,label\n" + "".join(f"{f},{'nan' if n == 3 else n / 2}\n" for n, (f, _) in enumerate(ROWS)),
         "5: `label` is a number in other rows, here `nan`"),
        ("file,label\nimg/1.png,\"a\n", "nothing|columns|no table|rows|classes"),
        ("", "found nothing"), ("file,label\n", "found only names"), ("file,label\n\0,\0\n", "this is no text"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_table_is_told_with_its_row(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(DataError, match=said):
        opened(table(tmp_path, text))


def test_tables_in_other_codes_are_told_with_the_line(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"set\.csv:4: no UTF-8 text: save the table as CSV in UTF-8"):
        opened(table(tmp_path, lines().replace("2.png,dog", "2.png,dög"), "latin-1"))


def test_text_may_hold_what_other_systems_take_for_the_end_of_a_line(tmp_path: Path) -> None:
    (tmp_path / "news.csv").write_text("text,label\n" + "one\u2028two\x85three,a\nfour\x0bfive,b\n" * 3, "utf-8")
    assert len(opened(tmp_path / "news.csv", length=20).train) == 4


def test_a_file_of_two_classes_is_told(tmp_path: Path) -> None:
    found = opened(table(tmp_path, lines() + "img/0.png,cat\n"))
    (said,) = found.remarks
    assert "1 files stand in several rows" in said
    assert "1 with different classes, 0.png as cat, dog" in said


# --- arrays -----------------------------------------------------------------------------------------------------------


def npz(folder: Path, **arrays: NDArray[np.generic]) -> Path:
    np.savez(folder / "set.npz", **arrays)  # type: ignore[arg-type]  # numpy's stub takes `allow_pickle` for any
    return folder / "set.npz"


def test_labels_may_begin_at_1(tmp_path: Path) -> None:
    found = opened(npz(tmp_path, x=X, y=FOUR + 1))
    assert (found.classes, set(found.train.labels)) == (("1", "2", "3", "4"), {0, 1, 2, 3})
    assert found.remarks == ("classes are numbered from 1 to 4 in the file",)


def test_labels_with_a_gap_are_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no example in 3, 4: .*without a gap, found 0, 1, 2, 5"):
        opened(npz(tmp_path, x=X, y=np.where(FOUR == 3, 5, FOUR)))


def test_whole_numbers_of_another_type_are_values_and_told(tmp_path: Path) -> None:
    found = opened(npz(tmp_path, x=X, y=FOUR.astype(np.float64)))
    assert found.target == "values"
    assert "save whole numbers where these are classes" in found.remarks[0]
    assert opened(npz(tmp_path, x=X, y=FOUR + 0.5)).remarks == ()


def test_pictures_in_wide_numbers_are_brightness(tmp_path: Path) -> None:
    found = opened(npz(tmp_path, x=X.astype(np.int64), y=FOUR))
    assert found.remarks == ("int64 is taken as brightness from 0 to 255",)
    assert np.array_equal(found.train.examples.load(3), X[3])
    deep = opened(npz(tmp_path, x=X.astype(np.uint16) * 256, y=FOUR))
    assert deep.remarks == ("uint16 is taken as measured values",)
    assert deep.train.examples.load(3).dtype == np.float32


def test_pictures_without_channels_are_told(tmp_path: Path) -> None:
    path = npz(tmp_path, x=X[..., 0].astype(np.float32), y=FOUR)
    assert "say `gray=true` where they are pictures" in opened(path).remarks[0]
    assert opened(f'npz("{path}", gray=true)').shape == (12, 12, 1)


def spoiled(array: NDArray[np.generic], place: int, value: float) -> NDArray[np.float64]:
    made = array.astype(np.float64)
    made[place] = value
    return made


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"x": spoiled(X, 39, np.nan), "y": FOUR}, "`set/39` holds values that are no numbers"),
        ({"x": spoiled(X, 7, -np.inf), "y": FOUR}, "`set/7` holds values that are no numbers"),
        ({"x": X, "y": spoiled(FOUR, 5, np.nan)}, "`set/5` has a label that is no number"),
        ({"x": X, "y": np.array(list("abcd") * 10, object)}, r"`y` holds objects.*np\.array\(y\.tolist"),
        ({"x": X[:0], "y": FOUR[:0]}, "there is no example"),
        ({"x_train": X[FOUR < 3], "y_train": FOUR[FOUR < 3], "x_test": X, "y_test": FOUR}, "to learn from is no .* 3"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_arrays_is_told(tmp_path: Path, arrays: dict[str, NDArray[np.generic]], said: str) -> None:
    with pytest.raises(DataError, match=said):
        opened(npz(tmp_path, **arrays))


@pytest.mark.parametrize("content", [b"", b"junk", b"PK\x03\x04"])
def test_what_is_no_npz_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "set.npz").write_bytes(content)
    with pytest.raises(DataError, match="no arrays that can be read"):
        opened(tmp_path / "set.npz")


# --- shards -----------------------------------------------------------------------------------------------------------


def test_tar_files_that_end_too_early_are_told(tmp_path: Path) -> None:
    two(tmp_path / "data")
    path = tmp_path / "0.tar"
    with tarfile.open(path, "w") as tar:
        for number, picture in enumerate(sorted((tmp_path / "data").rglob("*.png"))):
            tar.add(picture, f"{number}.png")
            (tmp_path / "label").write_text(picture.parent.name)
            tar.add(tmp_path / "label", f"{number}.cls")
    whole = path.read_bytes()
    assert len(opened(path).train) == 6
    for size in range(0, len(whole) - 20 * 512, 512):
        path.write_bytes(whole[:size])
        with pytest.raises(DataError, match=r"too early|empty|can be read|nothing in it"):
            opened(path)


# --- published sets ---------------------------------------------------------------------------------------------------


def test_labels_that_are_none_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CNNC_DATA", str(tmp_path))
    for part in ("train", "t10k"):
        idx(tmp_path / "mnist" / f"{part}-images-idx3-ubyte", drawn(20, 28, 28))
        idx(tmp_path / "mnist" / f"{part}-labels-idx1-ubyte", np.array([*range(10), *range(9), 77], np.uint8))
    with pytest.raises(DataError, match="mnist: example 19 has the label 77, of 10 classes"):
        opened("mnist")


def test_tables_without_what_they_need_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CNNC_DATA", str(tmp_path))
    folder = tmp_path / "cifar10"
    folder.mkdir()
    for name in (*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"):
        (folder / name).write_bytes(pickle.dumps({"data": drawn(2, 3072), "labels": [0, 1]}))
    (folder / "batches.meta").write_bytes(pickle.dumps({"names": []}))
    with pytest.raises(DataError, match=r"batches\.meta: .*there is no `label_names` among names"):
        opened("cifar10")
    (folder / "batches.meta").write_bytes(pickle.dumps({"label_names": ["a", "b"]}))
    assert len(opened("cifar10").train) == 10
    (folder / "test_batch").write_bytes(pickle.dumps({"data": drawn(2, 3000), "labels": [0, 1]}))
    with pytest.raises(DataError, match="test_batch: 2 labels, and rows of pictures"):
        opened("cifar10")
