"""Pictures stay bytes on their way as long as steps take these, and end as they should."""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from cnnc.compiler.override import read
from cnnc.compiler.recipes.steps import Augment, Step
from cnnc.runtime.batches.batch import Batch
from cnnc.runtime.batches.feed import Feed, Reading
from cnnc.runtime.batches.stock import Wanted
from cnnc.runtime.data import DataError, Held, Split
from cnnc.runtime.data.dataset import Array
from cnnc.runtime.devices import available
from cnnc.runtime.devices.ranks import Positions
from PIL import Image
from torchvision.transforms.v2 import functional

from .made import drawn, fill, opened


def chain(text: str) -> tuple[Step, ...]:
    said = read(f"train:\n    augment: {text}").one(Augment)
    assert said is not None
    return said.steps


def test_pictures_are_resized_as_torchvision_resizes_bytes(tmp_path: Path) -> None:
    for name in ("cat", "dog"):
        fill(tmp_path / name, 3, (40, 30))
    data = opened(tmp_path, split=0.5)
    feed = Feed(data.train, chain("resize 12x16 -> center_crop 12x12 -> normalize imagenet"), Wanted((12, 12, 3)), 0)
    batch = feed.batch(0, np.arange(len(data.train)))
    pictures = [torch.from_numpy(data.train.examples.load(int(n)).copy()).permute(2, 0, 1) for n in data.train.numbers]
    small = [functional.resize(picture, [12, 16])[:, :, 2:14] for picture in pictures]
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    wanted = torch.stack([functional.normalize(functional.to_dtype(x, torch.float32, True), mean, std) for x in small])
    assert (batch.x - wanted).abs().max() < 1.01 / 255 / 0.224  # the last bit of rounding is each one's own
    assert (batch.x - wanted).abs().mean() < 3e-3


def test_a_picture_is_shown_whole_with_zeros_around_it_and_its_mask_too(tmp_path: Path) -> None:
    """LongestMaxSize and PadIfNeeded of albumentations: 12x8 becomes 6x4 in the middle of 6x6."""
    fill(tmp_path / "images", 4, (8, 12))
    (tmp_path / "masks").mkdir()
    for number in range(4):
        Image.fromarray(np.full((12, 8), number % 2, np.uint8)).save(tmp_path / "masks" / f"{number:03}.png")
    data = opened(tmp_path, split=0.5)
    batch = Feed(data.train, chain("resize longest=6 -> center_crop 6"), Wanted((6, 6, 3)), 0).batch(0, np.arange(2))
    for x, mask, number in zip(batch.x, batch.y, data.train.numbers):
        picture = torch.from_numpy(data.train.examples.load(int(number)).copy()).permute(2, 0, 1)
        small = functional.resize(picture, [6, 4]) / 255
        assert (x[..., 1:5] - small).abs().max() < 1.01 / 255
        assert (x[..., [0, 5]] == 0).all()
        assert (mask[:, [0, 5]] == -1).all()
        assert (mask[:, 1:5] == number % 2).all()


def test_steps_that_leave_pictures_of_several_sizes_are_told(tmp_path: Path) -> None:
    for name, size in (("cat", (40, 30)), ("dog", (20, 30))):
        fill(tmp_path / name, 3, size)
    data = opened(tmp_path, split=0.5)
    with pytest.raises(DataError, match="give pictures of 9x12x3, the model takes 12x12x3: end them with `center_crop"):
        Feed(data.train, chain("resize longest=12"), Wanted((12, 12, 3)), 0).batch(0, np.arange(2))


def test_masks_go_along_and_what_does_not_count_stays_so(tmp_path: Path) -> None:
    fill(tmp_path / "images", 4, (8, 8))
    (tmp_path / "masks").mkdir()
    mask = drawn(8, 8) % 3
    mask[0] = 255
    for number in range(4):
        Image.fromarray(mask).save(tmp_path / "masks" / f"{number:03}.png")
    data = opened(tmp_path, split=0.5)
    for steps in ("hflip 1 -> resize 16x16", "hflip 1"):
        size = 16 if "resize" in steps else 8
        found = Feed(data.train, chain(steps), Wanted((size, size, 3)), 0).batch(0, np.arange(2))
        wanted = torch.from_numpy(mask[:, ::-1].astype(np.int64).repeat(size // 8, 0).repeat(size // 8, 1))
        assert torch.equal(found.y[0], torch.where(wanted == 255, -1, wanted))


@pytest.mark.parametrize("at_once", [1, 3 * 12 * 12 * 3 * 4, 2**22])
def test_batches_gathered_together_are_those_gathered_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    """Also where examples come again, positions follow each other, or a batch is empty."""
    for name in ("cat", "dog"):
        fill(tmp_path / name, 5, (12, 12))
    data = opened(tmp_path, split=0.2)
    feed = Feed(data.train, chain("normalize imagenet"), Wanted((12, 12, 3)), 0)
    assert feed.ready
    monkeypatch.setattr("cnnc.runtime.batches.feed.AT_ONCE", at_once)
    plan = [(0, np.array(some, np.int64)) for some in ([3, 1], [5, 4, 0], [2, 3, 4], [9, 2], [0, 1, 2, 3, 4, 5], [])]
    for found, (epoch, positions) in zip(feed.batches(plan), plan, strict=True):
        alone = feed.batch(epoch, positions)
        pictures = [data.train.examples.load(int(n)) for n in data.train.numbers[positions % len(data.train)]]
        assert torch.equal(found.x, alone.x)
        assert torch.equal(found.y, alone.y)
        assert (found.positions == positions).all()
        assert found.x.shape == (len(positions), 3, 12, 12)
        mean, std = (torch.tensor(x).view(3, 1, 1) for x in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
        for x, picture in zip(found.x, pictures):
            torch.testing.assert_close(x * std + mean, torch.from_numpy(picture / 255).permute(2, 0, 1).float())


class OneByOne:
    """The same examples, as if they lay in files: their sizes may differ, as far as anybody knows."""

    def __init__(self, held: Held) -> None:
        self.held = held

    def __len__(self) -> int:
        return len(self.held)

    def load(self, number: int) -> Array:
        return self.held.load(number)

    def name(self, number: int) -> str:
        return self.held.name(number)


CROPS = "crop 12, pad=2 -> hflip -> erase -> normalize 0.5"
DRAWN = np.random.default_rng(0).integers(0, 256, (9, 14, 14, 3), np.uint8)


@pytest.mark.parametrize(
    ("steps", "examples", "masks"),
    [
        (CROPS, DRAWN, None),
        ("resize 20 -> crop 12 -> color_jitter 0.3", DRAWN, None),
        ("resized_crop 12 -> trivial_augment", DRAWN, None),
        ("affine rotation=20 -> center_crop 12 -> noise 0.1", DRAWN, None),
        (CROPS, (DRAWN / 255).astype(np.float32), None),
        ("elastic 2 -> crop 12 -> hflip", DRAWN, (DRAWN[..., :1] % 3)),
        ("crop 12x10 -> hflip", DRAWN[:, None].repeat(4, 1), None),
    ],
    ids=["crop", "resize", "resized_crop", "affine", "floats", "masks", "volumes"],
)
@pytest.mark.parametrize("ahead", [False, True])
def test_whole_batches_are_what_examples_are_one_by_one(
    steps: str, examples: Array, masks: Array | None, ahead: bool
) -> None:
    """Where all are of one size steps that set a size take whole batches, and where the network runs elsewhere they
    run there: nothing of it shows in what the network gets."""
    held, known = Held(examples, "x"), Held(masks, "y") if masks is not None else None
    numbers, labels = np.arange(len(examples)), np.zeros(len(examples), np.int64)
    wanted = Wanted((4, 12, 10, 3) if examples.ndim == 5 else (12, 12, 3))
    whole = Feed(Split(held, numbers, labels, known), chain(steps), wanted, 5, reading=Reading(ahead=ahead))
    apart = Split(OneByOne(held), numbers, labels, OneByOne(known) if known is not None else None)
    alone = Feed(apart, chain(steps), wanted, 5)
    assert not whole.alone
    assert alone.alone
    for epoch in (0, 1):
        first, second = (feed.batch(epoch, numbers[::-2].copy()).finished() for feed in (whole, alone))
        assert torch.allclose(first.x, second.x, atol=1e-6)
        assert torch.equal(first.y, second.y)


@pytest.mark.parametrize("room", [1, 3, 100])
def test_batches_that_are_made_ahead_have_their_room(monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    """Four pictures of 12x12x3 bytes with their labels, of 8 bytes each."""
    size = 4 * (12 * 12 * 3 + 8)
    monkeypatch.setattr("cnnc.runtime.batches.feed.AHEAD", 10)
    held, numbers = OneByOne(Held(DRAWN, "x")), np.arange(len(DRAWN))
    split = Split(held, numbers, np.zeros(len(DRAWN), np.int64))
    reading = Reading(ahead=True, room=room * size)
    feed = Feed(split, chain("resized_crop 12"), Wanted((12, 12, 3)), 5, reading=reading)
    made, real = [], Feed.batch

    def seen(self: Feed, epoch: int, positions: Positions) -> Batch:
        made.append(len(positions))
        return real(self, epoch, positions)

    monkeypatch.setattr(Feed, "batch", seen)
    found = feed.batches([(0, np.arange(4))] * 30)
    assert sum(x.nbytes for x in (*next(found).inputs, next(found).y)) == size
    time.sleep(0.3)
    assert made.count(4) <= min(room, 10) + 2
    assert len(list(found)) == 28


def test_processes_that_read_have_their_room() -> None:
    held, numbers = OneByOne(Held(DRAWN, "x")), np.arange(len(DRAWN))
    split = Split(held, numbers, np.zeros(len(DRAWN), np.int64))
    for room, processes in ((1, 1), (2, 2), (100, 2)):
        reading = Reading(ahead=True, processes=2, room=room * 4 * (12 * 12 * 3 + 8))
        feed = Feed(split, chain("resized_crop 12"), Wanted((12, 12, 3)), 5, reading=reading)
        found = feed.batches([(0, np.arange(4))] * 5)
        assert len([next(found), *found]) == 5
        assert len(multiprocessing.active_children()) == processes
        del feed, found
        assert not multiprocessing.active_children()


class Together(OneByOne):
    """Examples that are only given where so many ask at the same time."""

    def __init__(self, held: Held, count: int) -> None:
        super().__init__(held)
        self.barrier = threading.Barrier(count, timeout=5)

    def load(self, number: int) -> Array:
        self.barrier.wait()
        return super().load(number)


def test_what_is_kept_is_loaded_by_all_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(9)), raising=False)
    held, numbers = Together(Held(DRAWN, "x"), 9), np.arange(9)
    kept = Feed(Split(held, numbers, np.zeros(9, np.int64)), (), Wanted((14, 14, 3)), 0)
    assert torch.equal(kept.batch(0, numbers).x, torch.from_numpy(DRAWN).movedim(-1, 1) / 255)


@pytest.mark.skipif(not Path("/proc/meminfo").exists(), reason="memory is told in /proc")
def test_memory_is_that_of_the_container(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As Linux tells it in kibibytes, less what its kernel keeps for itself, unless a container may use less."""
    monkeypatch.setattr(available, "CONTAINER", tmp_path / "max")
    lines = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    whole = 1024 * int(lines["MemTotal"].split()[0])
    assert available.memory() == whole
    for said, expected in ((f"{2**20}\n", 2**20), ("max\n", whole), (f"{2**60}", whole)):
        (tmp_path / "max").write_text(said)
        assert available.memory() == expected


@pytest.mark.parametrize("wanted", [Wanted((14, 14, 3)), Wanted((14, 14, 3), to_255=True)], ids=["to 1", "to 255"])
def test_what_is_kept_ready_is_not_made_ready_again(wanted: Wanted) -> None:
    """Also where batches need more than to be gathered: here the examples themselves, which are to be given back."""
    held, numbers = Held(DRAWN, "x"), np.arange(len(DRAWN))
    labels = np.zeros(len(DRAWN), np.int64)
    kept = Feed(Split(held, numbers, labels), chain("normalize 0.5, 0.25"), wanted, 0, clean=True)
    assert kept.settled
    assert not kept.ready
    found = kept.batch(0, numbers)
    expected = (torch.from_numpy(DRAWN).movedim(-1, 1) / 255 - 0.5) / 0.25 * (255 if wanted.to_255 else 1)
    assert torch.allclose(found.x, expected, atol=1e-3)
    assert found.clean is not None
    assert torch.equal(found.clean, found.x)


def test_another_example_of_another_size_cannot_lend_its_histogram(tmp_path: Path) -> None:
    for name in ("cat", "dog"):
        fill(tmp_path / name, 3, (40, 30))
    data = opened(tmp_path, split=0.5)
    with pytest.raises(DataError, match="put it behind the step that sets the size"):
        Feed(data.train, chain("histogram_match -> center_crop 12"), Wanted((12, 12, 3)), 0)
