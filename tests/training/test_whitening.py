"""`standardize zca=true` against Keras's ImageDataGenerator and a formula, and in all that a run is used for."""

from __future__ import annotations

import json
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from cnnc.compiler.diagnostics import UserError
from cnnc.runtime.batches.feeding import Feeds
from cnnc.runtime.data import Dataset, Held
from cnnc.runtime.devices.engine import Engine
from cnnc.runtime.inference.opened import trained_run
from cnnc.runtime.run.run_folder import RunFolder
from cnnc.runtime.training import whitening
from cnnc.runtime.training.train import Trainer
from cnnc.runtime.training.whitening import measured
from numpy.typing import NDArray
from safetensors.numpy import load_file

import cnnc

from . import generated as made
from . import models
from .tiny import MODEL, written
from .tiny import cnnc as command
from .trial import Silent, job_of

Floats = NDArray[np.float32]
COLOURS = models.CLASSIFIER.replace("8x8x1", "4x5x3").replace("stride=2, ", "")


def coloured(count: int = 300) -> tuple[Dataset, Floats]:
    """Pictures of 4x5x3 whose values hang together."""
    rng = np.random.default_rng(1)
    mixed = rng.normal(size=(count, 60)) @ rng.normal(size=(60, 60)) / 40 + 0.5
    pixels = mixed.reshape(count, 4, 5, 3).astype(np.float32)
    data = made.digits()
    numbers = np.arange(count)
    labels = numbers % 10
    split = replace(data.train, examples=Held(pixels, "made"), numbers=numbers[:200], labels=labels[:200])
    held = replace(split, numbers=numbers[200:], labels=labels[200:])
    return data._replace(train=split, held=held, shape=(4, 5, 3), channels=3), pixels


def found(data: Dataset, step: str, text: str = COLOURS) -> tuple[Floats, Floats]:
    """What is learned from and what is held out, channels last, after a step that is all of the recipe's chain."""
    job = job_of(text, data, f"augment={step}")
    feeds = Feeds(job, whitening=measured(job))
    learned, held = (
        feed.batch(0, np.arange(len(feed))).x.movedim(1, -1).numpy()
        for feed in (feeds.learned(job.recipe, clean=False), feeds.held(clean=False))
    )
    return learned, held


def keras_generator(pixels: Floats, **said: Any) -> Any:
    from keras.src.legacy.preprocessing.image import ImageDataGenerator

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        generator = ImageDataGenerator(data_format="channels_last", zca_whitening=True, **said)
    generator.fit(pixels.astype(np.float64))
    return generator


@pytest.mark.parametrize("epsilon", [1e-6, 3.0])
def test_over_the_data_it_is_the_zca_whitening_of_keras(epsilon: float) -> None:
    data, pixels = coloured()
    generator = keras_generator(pixels[:200], zca_epsilon=epsilon)
    learned, held = found(data, f"standardize per=data, zca=true, epsilon={epsilon}")
    np.testing.assert_allclose(learned, [generator.standardize(x.copy()) for x in pixels[:200]], atol=2e-3)
    np.testing.assert_allclose(held, [generator.standardize(x.copy()) for x in pixels[200:]], atol=2e-3)


def test_over_samples_each_is_standardised_first() -> None:
    """Goodfellow et al. (2013): global contrast normalisation, then ZCA; by the formula of Keras."""
    data, pixels = coloured()
    flat = pixels.reshape(len(pixels), -1).astype(np.float64)
    flat = (flat - flat.mean(1, keepdims=True)) / (flat.std(1, keepdims=True, ddof=1) + 1e-6)
    flat -= np.tile(flat[:200].reshape(-1, 3).mean(0), 20)
    directions, values, _ = np.linalg.svd(flat[:200].T, full_matrices=False)
    inverse = np.where(values > 1e-6 * values.max(), np.sqrt(200) / (values + 1e-6), 0)
    wanted = flat @ (directions * inverse) @ directions.T
    learned, held = found(data, "standardize zca=true")
    np.testing.assert_allclose(learned.reshape(200, -1), wanted[:200], atol=2e-3)
    np.testing.assert_allclose(held.reshape(100, -1), wanted[200:], atol=2e-3)


def test_values_are_uncorrelated_afterwards_and_what_never_differs_is_left_out() -> None:
    """Some pixels of the digits are always black: what is divided by there is nothing but rounding."""
    learned, held = found(made.digits(), "standardize per=data, zca=true", models.CLASSIFIER)
    flat = learned.reshape(len(learned), -1).astype(np.float64)
    products = flat.T @ flat / len(flat)
    alive = np.diag(products) > 0.5
    assert 50 < alive.sum() < 64
    np.testing.assert_allclose(np.linalg.eigvalsh(products)[-int(alive.sum()) :], 1, atol=0.02)
    assert np.abs(held).max() < 200


def test_it_is_measured_behind_what_comes_before_it() -> None:
    once, _ = found(made.digits(), "hflip 0 -> standardize per=data, zca=true", models.CLASSIFIER)
    other, _ = found(made.digits(), "normalize 0.5, 0.2 -> standardize per=data, zca=true", models.CLASSIFIER)
    np.testing.assert_allclose(once, other, atol=1e-2)


@pytest.mark.parametrize(
    ("text", "sets", "told"),
    [
        (models.CLASSIFIER, ("augment=standardize zca=true -> standardize zca=true",), "once in a chain"),
        (models.CLASSIFIER, ("augment=standardize zca=true", "evaluate=hflip=0"), "through `evaluate:`, which lacks"),
        (models.CLASSIFIER, ("augment=standardize zca=true", "evaluate=standardize per=data, zca=true"), "the same in"),
        (models.CLASSIFIER, ("augment=standardize zca=true -> center_crop 8",), "`center_crop` comes before it"),
        (models.CLASSIFIER.replace("8x8x1", "65x64x1"), ("augment=standardize zca=true", "data=digits, size=65x64"),
         "takes examples of 4,096 values, those of the model have 4,160: its matrix would have 17,305,600"),
    ],
)  # fmt: skip
def test_what_cannot_be_measured_is_told(text: str, sets: tuple[str, ...], told: str) -> None:
    with pytest.raises(UserError, match=told):
        job_of(text, made.digits(), *sets)


def test_the_largest_example_is_taken() -> None:
    text = models.CLASSIFIER.replace("8x8x1", "64x64x1")
    assert job_of(text, made.digits(), "augment=standardize zca=true", "data=digits, size=64x64").input == (64, 64, 1)


WHITENED = MODEL.replace("augment: affine rotation=5 deg, shift=0.05", "augment: hflip -> standardize zca=true")


def test_a_run_keeps_what_it_measured_for_all_that_comes_later(tmp_path: Path) -> None:
    """Resumed exactly; the same figures by `eval`, in Python and by prediction; and clear where it is lost."""
    model = written(tmp_path, WHITENED)
    whole = command("train", model, "--out", "whole", "--epochs", 2, "--device", "cpu", cwd=tmp_path)
    assert whole.returncode == 0, whole.stderr
    kept = load_file(tmp_path / "whole" / "whitening.safetensors")
    assert {name: value.shape for name, value in kept.items()} == {"mean": (1,), "matrix": (64, 64)}
    judged = command("eval", "whole", "--json", cwd=tmp_path)
    told = json.loads((tmp_path / "whole" / "metrics.json").read_text())
    assert json.loads(judged.stdout)["accuracy"] == pytest.approx(told["accuracy"])

    run = cnnc.open_run(tmp_path / "whole")
    held = made.digits().held
    pictures = [held.examples.load(int(n)) for n in held.numbers]
    right = [answer.label == str(label) for answer, label in zip(run.predict(pictures), held.labels)]
    assert np.mean(right) == pytest.approx(told["accuracy"])

    exported = command("export", "whole", "--preprocess", "-o", "whole.onnx", cwd=tmp_path)
    assert exported.returncode == 0, exported.stderr
    session = onnxruntime.InferenceSession(tmp_path / "whole.onnx")
    bytes_ = (np.stack(pictures) * 255).round().astype(np.uint8)
    (said,) = session.run(None, {session.get_inputs()[0].name: bytes_})
    assert (said.argmax(1) == np.array(held.labels)).mean() == pytest.approx(told["accuracy"])

    (tmp_path / "whole" / "whitening.safetensors").unlink()
    refused = command("export", "whole", "--preprocess", cwd=tmp_path)
    assert "is not there: `standardize zca=true`" in refused.stderr
    with pytest.raises(UserError, match="is not there: `standardize zca=true`"):
        trained_run(str(tmp_path / "whole"), None)


def test_what_was_measured_goes_into_onnx(tmp_path: Path) -> None:
    """ONNX Runtime, fed whole numbers, says what the run says of the same pictures."""
    over = "hflip -> normalize 0.3, 0.4 -> standardize per=data, zca=true"
    text = WHITENED.replace("hflip -> standardize zca=true", over)
    made_run = command("train", written(tmp_path, text), "--out", "run", "--epochs", 2, cwd=tmp_path)
    assert made_run.returncode == 0, made_run.stderr
    exported = command("export", "run", "--preprocess", "--verify", "-o", "run.onnx", cwd=tmp_path)
    assert exported.returncode == 0, exported.stderr
    held = made.digits().held
    pictures = np.stack([held.examples.load(int(n)) for n in held.numbers])
    whole = (pictures * 255).round().astype(np.uint8)
    session = onnxruntime.InferenceSession(tmp_path / "run.onnx")
    (said,) = session.run(None, {session.get_inputs()[0].name: whole})
    answers = cnnc.open_run(tmp_path / "run").predict(list(whole), top=10)
    expected = [[dict(answer.top)[str(digit)] for digit in range(10)] for answer in answers]
    np.testing.assert_allclose(said, expected, atol=1e-4)

    accuracies = []
    for model in ("run", "run.onnx"):  # which takes brightness as bytes
        judged = command("eval", model, "--json", cwd=tmp_path)
        assert judged.returncode == 0, judged.stderr
        accuracies.append(json.loads(judged.stdout)["accuracy"])
    assert accuracies[0] == pytest.approx(accuracies[1], abs=0.02)


def test_a_run_that_goes_on_reads_what_it_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # else a trial chooses, and sums run in another order
    job = job_of(models.CLASSIFIER, made.digits(), "augment=standardize zca=true", "epochs=2")
    whole, halted = (RunFolder(tmp_path / name) for name in ("whole", "halted"))
    asked = iter([False] * 25 + [True])
    for folder, stopping in ((whole, lambda: False), (halted, lambda: next(asked))):
        folder.path.mkdir()
        trainer = Trainer(job, folder, Engine("cpu", "fp32"), Silent(), stopping)
        trainer.prepare()
        outcome = trainer.run()
    assert outcome.figures is None
    monkeypatch.setattr(whitening, "measured", lambda job: pytest.fail("it was measured again"))
    again = Trainer(job, halted, Engine("cpu", "fp32"), Silent())
    again.restore()
    again.run()
    one, two = load_file(whole.last), load_file(halted.last)
    assert all(one[name].tobytes() == two[name].tobytes() for name in one)


def test_a_file_with_weights_alone_does_not_know_it(tmp_path: Path) -> None:
    model = written(tmp_path, WHITENED.replace("hflip -> ", "hflip\n    evaluate: "))
    made_ = command("predict", model, "--weights", "none.safetensors", "digit.png", cwd=tmp_path)
    assert "give the run folder" in made_.stderr


@pytest.mark.proof
def test_two_processes_use_what_the_first_measured(tmp_path: Path) -> None:
    plain = WHITENED.replace(" -> dropout 0.1", "").replace("adamw, lr=0.01, weight_decay=0.01", "sgd, lr=0.05")
    model = written(tmp_path, plain.replace("batch 100", "batch 97\n    precision fp32"))
    for out, more in (("one", ()), ("two", ("--devices", 2))):
        made_ = command("train", model, "--out", out, "--epochs", 1, "--device", "cpu", *more, cwd=tmp_path)
        assert made_.returncode == 0, made_.stderr
    one, two = (json.loads((tmp_path / out / "metrics.json").read_text()) for out in ("one", "two"))
    assert two["loss"] == pytest.approx(one["loss"], rel=1e-2)


def test_the_matrix_has_single_precision_and_is_symmetric() -> None:
    data, _ = coloured()
    matrix = measured(job_of(COLOURS, data, "augment=standardize per=data, zca=true")).matrix
    assert matrix.dtype == torch.float32
    assert torch.allclose(matrix, matrix.T, atol=1e-4)
