"""The first look into files is remembered: what changed since is noticed, and nothing else is looked into."""

from __future__ import annotations

import os
import shutil
import tarfile
from pathlib import Path

import numpy as np
import pytest
from cnnc.runtime.data import Dataset, looked, picture
from PIL import Image

from cnnc.cli import main

from .made import drawn, fill, opened, saved


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where looks are remembered, however short they are and however new the files."""
    monkeypatch.setenv("CNNC_LOOKS", str(tmp_path / "looks"))
    monkeypatch.setattr(looked, "WORTH", 0.0)
    monkeypatch.setattr(looked, "FRESH", -3600.0)
    return tmp_path / "looks"


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the pictures that are looked into."""
    names: list[str] = []
    its = picture.measured

    def measured(file: picture.File, name: object = None) -> tuple[int, int, int]:
        names.append(str(name))
        return its(file, name)

    monkeypatch.setattr(picture, "measured", measured)
    return names


def two(folder: Path) -> Path:
    for name in ("cat", "dog"):
        fill(folder / name, 4)
    return folder


def count(found: Dataset) -> int:
    return len(found.train) + len(found.held)


def test_the_second_look_goes_into_nothing(tmp_path: Path, index: Path, seen: list[str]) -> None:
    data = two(tmp_path / "data")
    first = opened(data)
    assert len(seen) == 8
    second = opened(data)
    assert len(seen) == 8
    assert second._replace(train=first.train, held=first.held, remarks=()) == first._replace(remarks=())
    assert any("8 files are as they were at the last look" in remark for remark in second.remarks)
    assert first.remarks == ()


def test_new_changed_and_missing_files_are_noticed(tmp_path: Path, index: Path, seen: list[str]) -> None:
    data = two(tmp_path / "data")
    opened(data)
    seen.clear()
    saved(data / "cat" / "new.png", Image.fromarray(drawn(4, 6, 3)))
    (data / "dog" / "001.png").unlink()
    (data / "dog" / "002.png").write_bytes(b"")
    found = opened(data)
    assert sorted(seen) == [os.path.join("cat", "new.png"), os.path.join("dog", "002.png")]
    assert found.skipped == (f"{os.path.join('dog', '002.png')}: the file is empty",)
    assert count(found) == 7


def test_another_picture_of_the_same_size_and_time_is_noticed(tmp_path: Path, index: Path, seen: list[str]) -> None:
    """As `cp --preserve` and archives leave it: the time of the last change of any kind is compared too."""
    data = two(tmp_path / "data")
    path = data / "cat" / "000.png"
    opened(data)
    seen.clear()
    was = path.stat()
    content = bytearray(path.read_bytes())
    content[20] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))
    assert path.stat().st_size == was.st_size
    opened(data)
    assert seen == [os.path.join("cat", "000.png")]


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut off", b"x" * 5000])
def test_a_broken_index_is_none(tmp_path: Path, index: Path, seen: list[str], content: bytes) -> None:
    data = two(tmp_path / "data")
    opened(data)
    (file,) = index.iterdir()
    whole = file.read_bytes()
    file.write_bytes(content)
    assert count(opened(data)) == 8
    assert len(seen) == 16
    file.write_bytes(whole[: len(whole) // 2])
    assert count(opened(data)) == 8
    assert [path.name for path in index.iterdir()] == [file.name], "nothing half written is left"


def test_an_index_whose_bits_turned_is_none(tmp_path: Path, index: Path, seen: list[str]) -> None:
    data = two(tmp_path / "data")
    opened(data)
    (file,) = index.iterdir()
    whole = file.read_bytes()
    for place in range(0, len(whole), 7):
        turned = bytearray(whole)
        turned[place] ^= 0x55
        file.write_bytes(turned)
        assert count(opened(data)) == 8


def test_one_can_say_no(tmp_path: Path, index: Path, seen: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    data = two(tmp_path / "data")
    opened(data)
    opened(data, look="anew")
    assert len(seen) == 16
    main(["data", str(data), "--look-anew"])
    assert len(seen) == 24
    monkeypatch.setenv("CNNC_LOOKS", "no")
    shutil.rmtree(index)
    opened(data)
    assert len(seen) == 32
    assert not index.exists()


def test_what_is_quick_or_new_is_not_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CNNC_LOOKS", str(tmp_path / "looks"))
    data = two(tmp_path / "data")
    opened(data)
    assert not list((tmp_path / "looks").iterdir())
    monkeypatch.setattr(looked, "WORTH", 0.0)
    opened(data)
    assert not list((tmp_path / "looks").iterdir()), "files that changed just now may change again at the same time"


def test_it_lies_in_the_cache_of_the_user(tmp_path: Path, index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CNNC_LOOKS")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    data = two(tmp_path / "data")
    before = sorted(data.rglob("*"))
    opened(data)
    assert len(list((tmp_path / "cache" / "cnnc" / "looks").glob("*.npz"))) == 1
    assert sorted(data.rglob("*")) == before


def test_a_cache_that_cannot_be_written_is_no_error(
    tmp_path: Path, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("CNNC_LOOKS", str(tmp_path / "file"))
    assert count(opened(two(tmp_path / "data"))) == 8


def test_folders_of_frames_change_with_a_frame(tmp_path: Path, index: Path) -> None:
    for name in ("run", "jump"):
        for clip in ("a", "b"):
            fill(tmp_path / "data" / name / clip, 3)
    assert "at the last look" not in str(opened(f'clips("{tmp_path / "data"}", frames=2, size=8)').remarks)
    assert "4 files are as" in str(opened(f'clips("{tmp_path / "data"}", frames=2, size=8)').remarks)
    (tmp_path / "data" / "run" / "a" / "001.png").write_bytes(b"")
    again = opened(f'clips("{tmp_path / "data"}", frames=3, size=8)')
    assert len(again.skipped) == 1, "other frames are another look"


def test_shards_are_remembered_by_their_tar_files(tmp_path: Path, index: Path, seen: list[str]) -> None:
    two(tmp_path / "data")
    (tmp_path / "tars").mkdir()
    with tarfile.open(tmp_path / "tars" / "0.tar", "w") as tar:
        for number, path in enumerate(sorted((tmp_path / "data").rglob("*.png"))):
            tar.add(path, f"{number:03}.png")
            label = tmp_path / "label"
            label.write_text(path.parent.name)
            tar.add(label, f"{number:03}.cls")
    opened(tmp_path / "tars")
    assert len(seen) == 8
    assert count(opened(tmp_path / "tars")) == 8
    assert len(seen) == 8
    os.utime(tmp_path / "tars" / "0.tar", (1, 1))
    opened(tmp_path / "tars")
    assert len(seen) == 16


def test_names_of_any_bytes_are_remembered(tmp_path: Path) -> None:
    known = {"a\nb": looked.Known((1, 2, 3), (4, 5, 3)), "\udcff ü": looked.Known((2**40, -1, 2**62), (7, 1))}
    looked.remember(tmp_path / "x.npz", known)
    assert looked.recalled(tmp_path / "x.npz") == known
    assert np.load(tmp_path / "x.npz", allow_pickle=False)["which"].dtype == np.int32
