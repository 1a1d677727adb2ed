"""Volumes, clips and recordings."""

from __future__ import annotations

import wave
import zlib
from pathlib import Path

import nibabel
import numpy as np
import pytest
from cnnc.compiler.recipes.data import MuLaw
from cnnc.runtime.data import DataError
from cnnc.runtime.data.audible import levels
from numpy.typing import NDArray
from PIL import Image

from .made import drawn, opened, saved

CUBE = drawn(3, 4, 5)  # slices, rows, columns


def written(path: Path, array: NDArray[np.uint8] = CUBE) -> None:
    """The array in the format that the ending says; NIfTI and MetaImage have columns first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".npy":
        np.save(path, array)
    elif path.suffix == ".npz":
        np.savez(path, volume=array)
    elif path.suffix in (".mhd", ".mha"):
        sizes = " ".join(map(str, array.shape[::-1]))
        packed = path.suffix == ".mha"
        head = f"ObjectType = Image\nNDims = 3\nDimSize = {sizes}\nElementType = MET_UCHAR\nCompressedData = {packed}\n"
        where = "LOCAL" if packed else f"{path.stem}.raw"
        content = zlib.compress(array.tobytes()) if packed else array.tobytes()
        path.write_bytes((head + f"ElementDataFile = {where}\n").encode() + (content if packed else b""))
        if not packed:
            (path.parent / where).write_bytes(content)
    else:
        nibabel.save(nibabel.Nifti1Image(array.transpose(2, 1, 0), np.eye(4)), path)


@pytest.mark.parametrize("ending", [".npy", ".npz", ".nii", ".nii.gz", ".mhd", ".mha"])
def test_every_format_gives_slices_rows_columns(ending: str, tmp_path: Path) -> None:
    for name in ("ill", "well"):
        for number in range(3):
            written(tmp_path / name / f"{number}{ending}")
    data = opened(tmp_path)
    assert (data.shape, data.classes) == ((3, 4, 5, 1), ("ill", "well"))
    assert np.array_equal(data.train.examples.load(0)[..., 0], CUBE)


def test_volumes_beside_masks(tmp_path: Path) -> None:
    for number in range(4):
        written(tmp_path / "images" / f"case{number}.nii.gz")
        written(tmp_path / "labels" / f"case{number}_seg.nii.gz", (CUBE > 128).astype(np.uint8))
    data = opened(tmp_path)
    assert (data.target, data.classes, data.shape) == ("masks", ("0", "1"), (3, 4, 5, 1))
    assert data.train.masks is not None
    assert np.array_equal(data.train.masks.load(0), CUBE > 128)


def test_sizes_that_differ_are_brought_to_the_commonest_and_that_is_told(tmp_path: Path) -> None:
    for name in ("ill", "well"):
        for number in range(3):
            written(tmp_path / name / f"{number}.npy", drawn(6 - (number == 2), 4, 5))
    data = opened(tmp_path)
    assert data.shape == (6, 4, 5, 1)
    assert data.remarks == ("sizes differ, from 5x4x5x1 to 6x4x5x1: brought to 6x4x5",)


def test_what_is_no_volume_is_named(tmp_path: Path) -> None:
    for name in ("ill", "well"):
        written(tmp_path / name / "0.npy")
        written(tmp_path / name / "1.npy")
    (tmp_path / "ill" / "2.npy").write_bytes(b"")
    written(tmp_path / "well" / "2.npy", drawn(4, 4))
    np.save(tmp_path / "well" / "3.npy", np.array([{}], object), allow_pickle=True)
    skipped = opened(tmp_path).skipped
    assert [said.split(":")[0] for said in skipped] == ["ill/2.npy", "well/2.npy", "well/3.npy"]
    assert "the file is empty" in skipped[0]
    assert "three axes" in skipped[1]


# --- clips ------------------------------------------------------------------------------------------------------------


def test_frames_are_taken_evenly(tmp_path: Path) -> None:
    for name in ("run", "walk"):
        for clip in ("a", "b"):
            for number in range(9):
                saved(tmp_path / name / clip / f"{number:04}.png", Image.new("RGB", (6, 4), (number, 0, 0)))
        np.save(tmp_path / name / "c.npy", np.stack([np.full((4, 6, 1), n, np.uint8) for n in range(3)]))
    data = opened(f'clips("{tmp_path}", frames=5, size=4x6)')
    assert (data.shape, len(data.train) + len(data.held)) == ((5, 4, 6, 3), 6)
    assert data.train.examples.load(0)[:, 0, 0, 0].tolist() == [0, 2, 4, 6, 8]
    assert data.train.examples.load(2)[:, 0, 0, 2].tolist() == [0, 0, 1, 2, 2]  # halves go to the even frame


@pytest.mark.parametrize(
    "names",
    [
        ("1", "2", "9", "10", "11"), ("frame1", "frame2", "frame9", "frame10", "frame11"),
        ("a1_01", "a1_2", "a1_10", "a2_1", "a10_1"), ("1/9", "1/10", "2/1", "10/1", "10/2"),
        ("frame", "frame1", "frame2", "frame10", "other"),
    ],
)  # fmt: skip
def test_frames_stand_in_the_order_of_their_numbers(names: tuple[str, ...], tmp_path: Path) -> None:
    for name in ("run", "walk"):
        for clip in ("a", "b"):
            for at, frame in enumerate(names):
                saved(tmp_path / name / clip / f"{frame}.png", Image.new("RGB", (6, 4), (at, 0, 0)))
    data = opened(f'clips("{tmp_path}", frames=5, size=4x6)')
    clips = [data.train.examples.load(number)[:, 0, 0, 0].tolist() for number in range(2)]
    assert clips == [[0, 1, 2, 3, 4]] * 2


# --- recordings -------------------------------------------------------------------------------------------------------


def recorded(path: Path, samples: NDArray[np.int16], rate: int = 8000) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate, len(samples), "NONE", ""))
        file.writeframes(samples.astype("<i2").tobytes())


def test_recordings_of_classes_are_cut_or_filled(tmp_path: Path) -> None:
    for name in ("no", "yes"):
        recorded(tmp_path / name / "a.wav", np.array([0, 16384, -32768, 8192], np.int16))
        recorded(tmp_path / name / "b.wav", np.full(100, 8192, np.int16))
    data = opened(f'audio("{tmp_path}", rate=8000)', length=6)
    assert (data.shape, data.classes) == ((6, 1), ("no", "yes"))
    assert data.train.examples.load(0)[:, 0].tolist() == [0, 0.5, -1, 0.25, 0, 0]
    assert data.train.examples.load(1)[:, 0].tolist() == [0.25] * 6


def test_other_rates_are_brought_to_the_one(tmp_path: Path) -> None:
    tone = np.sin(2 * np.pi * 100 * np.arange(16000) / 16000)
    for name in ("no", "yes"):
        for number in "ab":
            recorded(tmp_path / name / f"{number}.wav", (tone * 16384).astype(np.int16), 16000)
    found = opened(f'audio("{tmp_path}", rate=8000)', length=8000).train.examples.load(0)[:, 0]
    expected = 0.5 * np.sin(2 * np.pi * 100 * np.arange(8000) / 8000)
    assert np.abs(found - expected)[100:-100].max() < 0.01


def test_the_next_level_is_foretold(tmp_path: Path) -> None:
    samples = (np.sin(np.arange(50)) * 20000).astype(np.int16)
    for number in range(5):
        recorded(tmp_path / f"{number}.wav", samples)
    data = opened(f'audio("{tmp_path}", rate=8000)', quantize=MuLaw(levels=256), shift=1, length=20)
    assert (data.target, data.shape, len(data.classes)) == ("masks", (20, 256), 256)
    assert len(data.train) + len(data.held) == 5 * 3
    scale = samples / 32768
    bent = np.sign(scale) * np.log(1 + 255 * abs(scale)) / np.log(256)  # van den Oord et al. (2016)
    wanted = np.round((bent + 1) / 2 * 255).astype(int)
    assert data.train.masks is not None
    assert data.train.examples.load(0).argmax(1).tolist() == wanted[:20].tolist()
    assert data.train.masks.load(0).tolist() == wanted[1:21].tolist()
    assert data.train.masks.load(2).tolist() == [*wanted[41:], *[-1] * 11]


def test_levels_reach_from_end_to_end() -> None:
    assert levels(np.array([-1, 0, 1], np.float32), 256).tolist() == [0, 128, 255]


def test_what_is_no_recording_is_named(tmp_path: Path) -> None:
    recorded(tmp_path / "no" / "a.wav", np.zeros(9, np.int16))
    recorded(tmp_path / "yes" / "a.wav", np.zeros(9, np.int16))
    (tmp_path / "yes" / "b.wav").write_bytes(b"RIFF")
    with pytest.raises(DataError, match=r"yes/b\.wav: no recording"):
        opened(f'audio("{tmp_path}")', bad="fail")
