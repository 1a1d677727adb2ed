"""Runs that learned something else than one class of several: eval, predict and the page show what they learned."""

from __future__ import annotations

import base64
import io
import json
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from cnnc.runtime.inference.paint import colours
from cnnc.runtime.inference.trained import meant, meant_whole
from cnnc.runtime.serve.app import Service, application
from fastapi.testclient import TestClient
from PIL import Image
from torchmetrics.functional.classification import multiclass_jaccard_index

import cnnc
from cnnc.cli import main
from tests.training.generated import shapes

MODEL = """
model Seg(classes=3):
    input 32x32x1
    conv 8, 3x3, pad=same -> batchnorm -> relu
    conv classes, 5x5, pad=same -> softmax

train:
    data folder("shapes", masks="masks")
    augment: hflip
    optimizer adamw, lr=0.03
    precision fp32
    epochs 3
    batch 8
"""

AUTO = """
model Auto:
    input 8x8x1
    conv 4, 3x3, pad=same -> relu
    conv 1, 3x3, pad=same -> sigmoid

train:
    loss mse, target=input
    epochs 1
"""


@pytest.fixture(scope="module")
def seg(tmp_path_factory: pytest.TempPathFactory) -> Iterator[cnnc.Run]:
    """A small network that finds discs, in a folder of its own with the pictures beside it."""
    folder = tmp_path_factory.mktemp("seg")
    data = shapes(48, 32, 3)
    for part, split in (("train", data.train), ("val", data.held)):
        for kind, examples, scale in (("images", split.examples, 255), ("masks", split.masks, 1)):
            place = folder / "shapes" / part / kind
            place.mkdir(parents=True)
            for n in split.numbers:
                Image.fromarray((examples.load(int(n))[..., 0] * scale).astype(np.uint8)).save(place / f"{n}.png")
    (folder / "seg.cnn").write_text(MODEL)
    before, threads = os.getcwd(), torch.get_num_threads()
    os.chdir(folder)
    try:
        yield cnnc.train("seg.cnn", quiet=True, out=folder / "run")
    finally:
        os.chdir(before)
        torch.set_num_threads(threads)


def held(run: cnnc.Run) -> list[Path]:
    return sorted((run.folder.parent / "shapes" / "val" / "images").iterdir())


def test_eval_measures_places(seg: cnnc.Run, capsys: pytest.CaptureFixture[str]) -> None:
    """Against torchmetrics, from the masks that predict gives."""
    assert main(["eval", str(seg.folder), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    masks = np.stack([mask.numbers for mask in seg.masks(held(seg))])
    known = np.stack([np.asarray(Image.open(str(path).replace("images", "masks"))) for path in held(seg)])
    taken, there = torch.from_numpy(masks.astype(np.int64)), torch.from_numpy(known.astype(np.int64))
    expected = multiclass_jaccard_index(taken, there, 3)
    assert found["iou"] == pytest.approx(float(expected), abs=1e-4)
    assert found["accuracy"] == pytest.approx(float((masks == known).mean()), abs=1e-4)
    assert seg.eval()["iou"] == found["iou"]


def test_masks_are_written_as_class_numbers_in_the_size_of_the_picture(
    seg: cnnc.Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    large = tmp_path / "large.png"
    Image.open(held(seg)[0]).resize((80, 50)).save(large)
    assert main(["predict", str(seg.folder), str(large), "-o", str(tmp_path / "out"), "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)
    with Image.open(told["file"]) as made:
        assert (made.size, made.mode) == ((80, 50), "P")
        numbers = np.asarray(made)
    assert numbers.max() < 3
    for one in told["top"]:
        assert one["share"] == pytest.approx((numbers == int(one["class"])).mean())


def test_onnx_gives_the_same_masks(seg: cnnc.Run, tmp_path: Path) -> None:
    from cnnc.runtime.inference.answers import masks
    from cnnc.runtime.inference.given import given
    from cnnc.runtime.inference.trained import from_onnx

    seg.export(tmp_path / "seg.onnx")
    found = masks(from_onnx(str(tmp_path / "seg.onnx")), given(held(seg), 3))
    for mask, expected in zip(found, seg.masks(held(seg)), strict=True):
        assert (mask.numbers != expected.numbers).mean() < 0.001


def test_what_is_measured_from_the_run_alone_says_so(
    seg: cnnc.Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seg.export(tmp_path / "seg.onnx")
    assert main(["eval", str(tmp_path / "seg.onnx")]) == 1
    told = "it learned segmentation, which is measured from its run folder alone: `cnnc eval RUN`"
    assert told in capsys.readouterr().err


def test_top_is_of_classes(seg: cnnc.Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", str(seg.folder), "--top", "2"]) == 2
    assert (
        "--top is for models that tell one class of several, this one learned segmentation" in capsys.readouterr().err
    )


def test_the_page_shows_masks_and_classes(seg: cnnc.Run) -> None:
    text = seg.report.read_text("utf-8")
    assert "Example, known, found" in text
    assert "IoU" in text
    assert (seg.folder / "predictions.png").is_file()


def test_masks_are_served(seg: cnnc.Run) -> None:
    """As predict gives them: class numbers, and shares that add up."""
    client = TestClient(application(Service("Seg", seg._trained)), base_url="http://127.0.0.1")
    path = held(seg)[0]
    (found,) = client.post("/predict", content=path.read_bytes()).json()["predictions"]
    (expected,) = seg.masks([path])
    with Image.open(io.BytesIO(base64.b64decode(found["mask"]))) as made:
        assert np.array_equal(np.asarray(made), expected.numbers)
        palette = np.reshape(made.getpalette(), (-1, 3))
    shares = {one["class"]: one["share"] for one in found["top"]}
    assert shares == {name: pytest.approx((expected.numbers == int(name)).mean()) for name in shares}
    assert sum(shares.values()) == pytest.approx(1)
    for one in found["top"]:
        assert one["colour"] == "#" + bytes(palette[int(one["class"])].tolist()).hex()


def test_a_palette_of_256_colours_like_that_of_voc() -> None:
    """Black, dark red, dark green, ...: the first of the VOC development kit; all differ."""
    found = np.reshape(colours(), (256, 3))
    assert found[:4].tolist() == [[0, 0, 0], [128, 0, 0], [0, 128, 0], [128, 128, 0]]
    assert found[15].tolist() == [192, 128, 128]  # person
    assert len(np.unique(found, axis=0)) == 256


def test_examples_given_back(tmp_path: Path, capsys: pytest.CaptureFixture[str], digits: list[Path]) -> None:
    run = cnnc.train(cnnc.loads(AUTO), "digits", quiet=True, out=tmp_path / "run")
    assert "Example, given back" in run.report.read_text("utf-8")
    assert run.eval()["mae"] == pytest.approx(run.metrics["mae"], rel=1e-5)
    assert main(["predict", str(run.folder), str(digits[0])]) == 1
    assert "the model learned reconstruction" in capsys.readouterr().err
    assert main(["serve", str(run.folder)]) == 1
    assert "only classification, tagging, segmentation, regression of pictures are served" in capsys.readouterr().err


def test_outputs_mean_the_same_with_and_without_their_activation() -> None:
    """What torch computes: logits through softmax, or sigmoid; probabilities stay."""
    logits = torch.randn(5, 3, 4, generator=torch.Generator().manual_seed(0))
    for task, head, activation in (
        ("classification", "softmax", lambda x: x.softmax(1)), ("segmentation", "softmax", lambda x: x.softmax(1)),
        ("tagging", "sigmoid", torch.sigmoid), ("regression", None, lambda x: x),
    ):  # fmt: skip
        expected = activation(logits)
        torch.testing.assert_close(meant(task, logits, head), expected)
        torch.testing.assert_close(meant_whole(task, expected, head), expected)
        torch.testing.assert_close(meant_whole(task, logits, None), expected)
    yes = torch.sigmoid(logits[:, :1])
    two = torch.cat([1 - yes, yes], 1)
    torch.testing.assert_close(meant("segmentation", logits[:, :1], "sigmoid"), two)
    torch.testing.assert_close(meant_whole("segmentation", yes, "sigmoid"), two)
