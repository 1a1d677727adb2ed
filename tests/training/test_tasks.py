"""Every kind of data and target: what the model becomes, what the recipe becomes, that it learns, what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from cnnc.compiler.diagnostics import UserError
from cnnc.compiler.recipes import course, learning, steps
from cnnc.runtime.batches.feeding import Feeds
from cnnc.runtime.data import Dataset, Held
from cnnc.runtime.devices.engine import Engine
from cnnc.runtime.run.run_folder import RunFolder
from cnnc.runtime.training.train import Trainer

from . import generated as made
from . import models
from .trial import Silent, job_of, trained

# --- what the model and the recipe become -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "data", "task", "loss", "params", "inputs"),
    [
        (models.UNET, made.shapes(8), "segmentation", "binary_cross_entropy", (), ()),
        (models.UNET, made.shapes(8, classes=3), "segmentation", "binary_cross_entropy", ("classes=3",), ()),
        (models.SERIES, made.series(9), "classification", "cross_entropy", ("classes=3",), ("64x1",)),
        (models.VOLUMES, made.volumes(8), "classification", "cross_entropy", ("classes=2",), ("12x12x12x1",)),
        (models.VALUES, made.values(8), "regression", "mse", ("values=2",), ()),
        (models.TAGS, made.tags(8), "tagging", "binary_cross_entropy", ("classes=3",), ()),
        (models.AUTOENCODER, made.digits(), "reconstruction", "mse", (), ()),
    ],
    ids=["mask", "masks", "series", "volumes", "values", "tags", "input"],
)
def test_model_and_recipe_follow_from_the_data(
    text: str, data: Dataset, task: str, loss: str, params: tuple[str, ...], inputs: tuple[str, ...]
) -> None:
    job = job_of(text, data)
    assert job.task.word == task
    said = job.recipe.one(learning.Loss)
    keep = job.recipe.one(course.Keep)
    assert said is not None
    assert keep is not None
    assert said.word == f"loss {loss}"
    assert keep.by == {"segmentation": "val_iou", "tagging": "val_f1"}.get(
        task, "val_accuracy" if task == "classification" else "val_loss"
    )
    assert (job.changes.params, job.changes.inputs) == (params, inputs)


def test_examples_whose_places_matter_are_not_moved_and_autoencoders_see_them_as_they_are() -> None:
    assert job_of(models.VALUES, made.values(8)).recipe.one(steps.Augment) != steps.Augment()  # normalised
    for text, data in ((models.VALUES, made.values(8)), (models.SERIES, made.series(9))):
        chain = job_of(text, data).recipe.one(steps.Augment)
        assert chain is not None
        assert [step.word for step in chain.steps] == ["normalize"]
    assert job_of(models.AUTOENCODER, made.digits()).recipe.one(steps.Augment) == steps.Augment()


def test_marks_are_not_normalised() -> None:
    series = made.series(9)
    marks = series.train.examples.load(0) > 0
    held = Held(np.stack([marks] * 9), "marks")
    data = series._replace(train=replace(series.train, examples=held), held=replace(series.held, examples=held))
    assert job_of(models.SERIES, data).recipe.one(steps.Augment) == steps.Augment()


@pytest.mark.parametrize(
    ("text", "data", "sets", "told"),
    [
        (models.CLASSIFIER, made.shapes(8), (), "it must give a map of classes"),
        (models.UNET.replace("classes=1", "classes=3"), made.series(9), (), "it must give a vector of classes"),
        (models.CLASSIFIER, made.series(9), (), r"takes pictures, 8x8x1; the data are series of 64x1"),
        (
            models.VOLUMES,
            made.volumes(8),
            ("augment=saturation 0.2",),
            "`saturation` is for pictures, the data are volumes",
        ),
        (models.SERIES, made.series(9), ("augment=hflip",), "`hflip` is for pictures, the data are series"),
        (models.VALUES, made.values(8), ("metrics=top(5)",), "`metrics top` does not suit regression"),
        (
            models.TAGS.replace("sigmoid", "softmax"),
            made.tags(8),
            (),
            "each tag of the data is a yes or no, but output",
        ),
        (models.CLASSIFIER, made.digits(), ("loss=binary_cross_entropy",), "ends in softmax, of which one is right"),
        (models.CLASSIFIER.replace("softmax", "sigmoid"), made.digits(), ("loss=cross_entropy",), "yes or no for each"),
        (models.UNET, made.shapes(8), ("mix=one_of, mixup=0.2",), "does not suit segmentation"),
        (models.EMBEDDING.split("model Triplets")[0], made.digits(), (), "say how they are put together"),
        (models.EMBEDDING, made.digits(), ("data=digits, sample=triplets()", "batch=64"), "makes batches of 32"),
        (models.VALUES.replace("values", "width"), made.values(8), (), "give the model a parameter `values`"),
    ],
)
def test_what_does_not_belong_together_is_told(text: str, data: Dataset, sets: tuple[str, ...], told: str) -> None:
    with pytest.raises(UserError, match=told):
        job_of(text, data, *sets)


def test_the_size_that_the_steps_set_is_the_input_size() -> None:
    """Eight times smaller pictures would else be given a smaller network."""
    text = models.CLASSIFIER.replace("8x8x1", "96x96x3")
    assert job_of(text, made.digits()).input == (32, 32, 3)
    assert job_of(text, made.digits(), "augment=resized_crop 96").input == (96, 96, 3)
    assert job_of(text, made.digits(), "augment=resize 24x40 -> hflip").input == (24, 40, 3)
    assert job_of(models.VOLUMES, made.volumes(8), "augment=resize 20x18 -> crop 16").input == (12, 16, 16, 1)


# --- learning ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "data", "sets", "score", "least"),
    [
        (models.UNET, made.shapes(100), ("epochs=10",), "iou", 0.7),
        (models.SERIES, made.series(), ("epochs=8",), "accuracy", 0.9),
        (models.VALUES, made.values(), ("epochs=12",), "r2", 0.85),
        (models.TAGS, made.tags(), ("epochs=10", "augment=none"), "f1", 0.95),
        (models.AUTOENCODER, made.digits(), ("epochs=4",), "r2", 0.4),
        (models.VAE, made.digits(), (), "r2", 0.4),
        (models.EMBEDDING, made.digits(), ("epochs=2", "data=digits, sample=triplets()"), "accuracy", 0.8),
    ],
    ids=["masks", "series", "values", "tags", "input", "variational", "triplets"],
)
def test_it_learns(text: str, data: Dataset, sets: tuple[str, ...], score: str, least: float, tmp_path: Path) -> None:
    found = trained(tmp_path, text, data, *sets)
    assert found.scores[score] > least
    assert found.rows[-1]["loss"] < found.rows[0]["loss"]
    assert f"val_{score}" in found.rows[-1]
    assert json.loads((tmp_path / "metrics.json").read_text())[score] == found.scores[score]


def test_triplets_are_mined_in_batches_of_a_few_classes(tmp_path: Path) -> None:
    single = models.EMBEDDING.split("model Twins")[0]
    sets = ("data=digits, sample=triplets(classes=5, per_class=6)", "loss=triplet, mine=semi_hard, margin=1")
    found = trained(tmp_path, single, made.digits(), *sets, "epochs=2")
    assert found.scores["accuracy"] > 0.85
    trainer = found.trainer
    batches = list(trainer.feeds.composed(iter([(0, np.arange(3))] * 4), 0))
    labels = [trainer.job.data.train.labels[positions] for _, positions in batches]
    assert all(np.bincount(some, minlength=10).tolist().count(6) == 5 for some in labels)
    assert len({tuple(positions) for _, positions in batches}) == 4


def test_pairs_are_alike_as_often_as_told() -> None:
    twins = models.EMBEDDING.split("model Triplets")[0]
    job = job_of(twins, made.digits(), "data=digits, sample=pairs(same=0.3)", "loss=contrastive, on=(a, b)")
    feed = Feeds(job).learned(job.recipe, clean=False)
    assert feed.sample is not None
    members = feed.sample(0, np.arange(len(feed)))
    labels = job.data.train.labels
    first, second = (labels[at] for at in members.inputs)
    assert members.labels is not None
    assert np.array_equal(first == second, members.labels == 1)
    assert members.labels.mean() == pytest.approx(0.3, abs=0.05)
    assert not np.any(members.inputs[0] == members.inputs[1])
    left, right = feed.batch(0, np.arange(5)).inputs
    assert left.shape == right.shape == (5, 1, 8, 8)


# --- what a feed gives ------------------------------------------------------------------------------------------------


def test_masks_go_with_their_pictures() -> None:
    """Where a disc is in the picture it is in the mask, whatever was done to both."""
    job = job_of(models.UNET, made.shapes(40), "augment=affine rotation=40, shift=0.2 -> hflip -> elastic 2")
    batch = Feeds(job).learned(job.recipe, clean=False).batch(3, np.arange(32))
    assert batch.y.shape == (32, 32, 32)
    assert batch.y.dtype == torch.int64
    assert set(batch.y.unique().tolist()) == {0, 1}
    inside, outside = batch.x[:, 0][batch.y == 1], batch.x[:, 0][batch.y == 0]
    assert float(inside.mean() - outside.mean()) > 1.5  # 0.3 of a deviation of 0.1 to 0.2


def test_255_does_not_count() -> None:
    data = made.shapes(8)
    masks = np.full((8, 32, 32), 255, np.uint8)
    data = data._replace(train=replace(data.train, masks=Held(masks, "masks")))
    job = job_of(models.UNET, data)
    assert set(Feeds(job).learned(job.recipe, clean=False).batch(0, np.arange(4)).y.unique().tolist()) == {-1}


def test_noise_is_not_to_be_given_back() -> None:
    job = job_of(models.AUTOENCODER, made.digits(), "augment=hflip 1 -> noise 0.3 -> erase 1")
    batch = Feeds(job).learned(job.recipe, clean=True).batch(0, np.arange(8))
    digits = made.digits()
    expected = torch.stack([torch.from_numpy(digits.train.examples.load(n)) for n in digits.train.numbers[:8]])
    assert batch.clean is not None
    assert torch.allclose(batch.clean, expected.movedim(-1, 1).flip(-1))
    assert not torch.allclose(batch.x, batch.clean, atol=0.1)


def test_examples_that_come_again_are_changed_anew() -> None:
    job = job_of(models.CLASSIFIER, made.digits(), "repeat_samples=3", "augment=affine rotation=20")
    feed = Feeds(job).learned(job.recipe, clean=False)
    count = len(feed)
    batch = feed.batch(0, np.array([5, 5 + count, 5 + 2 * count, 5]))
    assert torch.equal(batch.x[0], batch.x[3])
    assert not torch.equal(batch.x[0], batch.x[1])
    assert not torch.equal(batch.x[1], batch.x[2])
    assert len(set(batch.y.tolist())) == 1
    from cnnc.runtime.jobs.stages import plan, stages

    (stage,) = stages(job.recipe, count)
    seen = np.concatenate([positions for _, positions in plan(stage, 0, count, 0, 0, stage.per_epoch)])
    assert np.bincount(seen % count).tolist() == [3] * count


def test_standardize_over_the_data_is_a_normalize_by_its_numbers() -> None:
    job = job_of(models.CLASSIFIER, made.digits(), "augment=standardize per=data")
    chain, held = job.recipe.one(steps.Augment), job.recipe.one(steps.Evaluate)
    assert chain is not None
    assert held is not None
    assert chain.steps == held.steps
    numbers = made.digits().train.numbers
    pictures = np.stack([made.digits().train.examples.load(int(n)) for n in numbers])
    (step,) = chain.steps
    assert isinstance(step, steps.Normalize)
    assert step.mean == (pytest.approx(pictures.mean(), abs=0.01),)
    assert step.std == (pytest.approx(pictures.std(), abs=0.01),)


def test_the_size_of_the_data_entry_comes_first() -> None:
    job = job_of(models.CLASSIFIER, made.digits(), "data=digits, size=8x8", "augment=hflip")
    for kind in (steps.Augment, steps.Evaluate):
        chain = job.recipe.one(kind)
        assert chain is not None
        assert chain.steps[0] == steps.Resize(size=(8, 8))


def test_the_size_of_the_data_entry_is_that_of_the_model(tmp_path: Path) -> None:
    text = models.CLASSIFIER.replace("8x8x1", "64x64x1")
    run = trained(tmp_path, text, made.digits(), "data=digits, size=12x16", "augment=hflip", "epochs=1")
    assert run.trainer.job.input == (12, 16, 1)


# --- normalize layers without numbers ---------------------------------------------------------------------------------


def test_normalize_without_numbers_is_measured_as_keras_adapts() -> None:
    import keras

    text = models.SERIES.replace("input length x 1\n", "input length x 1\n    normalize as scale\n")
    job = job_of(text, made.series())
    assert job.recipe.one(steps.Augment) == steps.Augment()  # the model does it
    trainer = Trainer(job, RunFolder(Path("never")), Engine("cpu", "fp32"), Silent())
    torch.set_num_threads(1)
    trainer.prepare()
    state = trainer.net.state_dict()
    split = job.data.train
    examples = np.stack([split.examples.load(int(n)) for n in split.numbers])
    layer = keras.layers.Normalization()
    layer.adapt(examples)
    assert state["scale.mean"].numpy() == pytest.approx(np.asarray(layer.mean).ravel(), abs=1e-5)
    assert state["scale.variance"].numpy() == pytest.approx(np.asarray(layer.variance).ravel(), rel=1e-4)
    assert int(state["scale.count"]) == examples[..., 0].size


# --- going on ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "data", "sets"),
    [
        (models.UNET, made.shapes(40), ("augment=elastic 2 -> hflip", "average=polyak", "batch=16")),
        (models.EMBEDDING, made.digits(), ("data=digits, sample=triplets(classes=10, per_class=20)",)),
        (models.AUTOENCODER, made.digits(), ("augment=noise 0.2", "schedule=plateau, patience=1", "batch=200")),
        (models.SERIES, made.series(), ("repeat_samples=2", "batch=100")),
    ],
    ids=["masks", "triplets", "input", "repeated"],
)
def test_a_run_that_was_stopped_ends_with_the_same_weights(
    text: str, data: Dataset, sets: tuple[str, ...], tmp_path: Path
) -> None:
    sets = (*sets, "epochs=2")
    whole = trained(tmp_path / "whole", text, data, *sets)
    job = job_of(text, data, *sets)
    (tmp_path / "parts").mkdir()
    stops = iter([False] * 3 + [True])
    first = Trainer(job, RunFolder(tmp_path / "parts"), Engine("cpu", "fp32"), Silent(), lambda: next(stops))
    torch.set_num_threads(1)
    first.prepare()
    assert first.run().figures is None
    second = Trainer(job, RunFolder(tmp_path / "parts"), Engine("cpu", "fp32"), Silent())
    second.restore()
    second.run()
    for name, value in whole.trainer.net.state_dict().items():
        assert torch.equal(value, second.net.state_dict()[name]), name
