"""Recipes as data: through JSON and text, changed from outside, completed by defaults, refused if nothing runs them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from cnnc.compiler.diagnostics import CompileError, UserError
from cnnc.compiler.locate import ZOO
from cnnc.compiler.override import overridden, read
from cnnc.compiler.pipeline import check_path, compile_text
from cnnc.compiler.recipes import course, learning, steps
from cnnc.compiler.recipes.record import Recipe, from_json, to_json, told
from cnnc.compiler.recipes.types import Length
from cnnc.runtime.data import Dataset
from cnnc.runtime.jobs.defaults import Basis, completed
from cnnc.runtime.jobs.runnable import refusals
from cnnc.runtime.jobs.suitable import remarks, unlearned
from cnnc.runtime.jobs.task import Classification

from . import generated, models
from .trial import job_of

LINES = [
    'data folder("flowers", masks="labels"), split=0.8, seed=1',
    "augment: resized_crop 176, area=(0.1, 1) -> hflip -> affine rotation=10, shift=2 px -> normalize imagenet",
    "init he_normal, mode=fan_out",
    'params "*bn*", stem, weight_decay=0',
    'weights trunk, from="vgg16.safetensors"',
    "optimizer adamw, lr=0.0001, weight_decay=0.05",
    "schedule cosine, warmup=500 steps",
    "metrics accuracy, top(3)",
    "loss cross_entropy, on=(side1, side2), weight=0.3",
    "batch 64, split=2",
]
TWO = """
model Two(classes=10):
    input 8x8x1
    conv 4, 3x3 -> global_avgpool
    dense classes -> softmax as main
    side = main -> dense classes -> softmax
    output main, side
"""
NORMED = models.CLASSIFIER.replace("dense classes", "dense 8 -> batchnorm as bn -> relu -> dense classes")
BASIS = Basis(
    Classification(tuple("0123456789")), macs=10**6, examples=1000, outputs=compile_text(TWO).checked.outputs,
    pictures=True, small=True, mean=(0.5,), std=(0.25,),
)  # fmt: skip


@pytest.mark.parametrize("line", LINES)
def test_an_entry_is_told_as_it_is_written(line: str) -> None:
    (said,) = read(f"train:\n    {line}").said
    assert read(f"train:\n    {told(said.entry)}").said[0].entry == said.entry


@pytest.mark.parametrize("line", LINES)
def test_an_entry_goes_through_json(line: str) -> None:
    recipe = read(f"train:\n    {line}")
    back = from_json(json.loads(json.dumps(to_json(recipe))))
    assert [said.entry for said in back.said] == [said.entry for said in recipe.said]


def changed(*texts: str) -> Recipe:
    recipe = overridden(Recipe(), list(texts), whole=True)
    return overridden(recipe, list(texts), whole=False)


def test_whole_entries_and_single_arguments_are_changed() -> None:
    found = changed("optimizer=sgd, lr=0.1", "optimizer.momentum=0.9", "clip.norm=2", "batch=8", "schedule=cosine",
                    "schedule.warmup=500 steps")  # fmt: skip
    assert found.one(learning.Optimizer) == learning.SGD(lr=0.1, momentum=0.9)
    assert found.one(course.Clip) == course.Clip(norm=2.0)
    assert found.one(learning.Schedule) == learning.Cosine(warmup=Length(500, "steps"))
    chain = overridden(found, ["augment=hflip -> crop 28"], whole=True).one(steps.Augment)
    assert chain == steps.Augment(steps=(steps.HFlip(), steps.Crop(size=(28,))))
    assert overridden(found, ["clip=none"], whole=True).one(course.Clip) is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("optimizr.lr=1", "did you mean `optimizer`"),
        ("optimizer", "KEY=VALUE"),
        ("=3", "KEY=VALUE"),
        ("optimizer=sdg", "`sgd`"),
        ("schedule.warmup=3", "no `schedule`"),
        ("batch.sise=3", "`size`|no argument `sise`"),
        ("batch.size=0", "at least 1"),
        ("batch=(", "never closed"),
    ],
)
def test_a_change_that_cannot_be_made_is_told(text: str, told: str) -> None:
    with pytest.raises(CompileError) as error:
        changed(text)
    assert re.search(told, str(error.value))


@pytest.mark.parametrize(
    ("text", "sets", "left"),
    [
        ("steps 500", ("epochs.count=2",), (course.Epochs(count=2),)),
        ("steps 500", ("epochs=2",), (course.Epochs(count=2),)),
        ("epochs 3", ("steps=20",), (course.Steps(count=20),)),
        ("epochs 3, steps=10", ("steps=20",), (course.Epochs(count=3, steps=10), course.Steps(count=20))),
        ("steps 500", ("epochs=none",), (course.Steps(count=500),)),
    ],
)
def test_who_asks_for_one_length_does_not_get_the_other(text: str, sets: tuple[str, ...], left: object) -> None:
    recipe = overridden(read(f"train: {text}"), list(sets), whole=True)
    recipe = overridden(recipe, list(sets), whole=False)
    assert tuple(said.entry for said in recipe.said) == left


def test_two_lengths_at_once_are_refused() -> None:
    for sets in (("steps=5", "epochs.count=2"), ("epochs=3", "steps=5")):
        with pytest.raises(CompileError, match="both are given"):
            changed(*sets)


def test_defaults_fill_in_what_is_not_said() -> None:
    found = completed(Recipe(), BASIS)
    assert isinstance(found.one(learning.Optimizer), learning.AdamW)
    assert isinstance(found.one(learning.Schedule), learning.Cosine)
    main, side = found.all(learning.Loss)
    assert (main.on, side.on, side.weight) == (None, ("side",), 0.3)  # Szegedy et al. (2014)
    assert found.one(steps.Evaluate) == steps.Evaluate(steps=(steps.Normalize(mean=(0.5,), std=(0.25,)),))


@pytest.mark.parametrize(
    ("sets", "warmup"),
    [
        ((), Length(1, "epochs")),
        (("epochs=8",), Length(1, "epochs")),
        (("epochs=7",), Length(14, "steps")),  # an eighth of 7 passes over 1,000 examples, 16 batches of 64 each
        (("epochs.count=1",), Length(2, "steps")),
        (("epochs.count=1", "batch.size=10"), Length(12, "steps")),
        (("steps=40",), Length(5, "steps")),
        (("steps=2",), Length(0, "steps")),
        (("steps=2000",), Length(1, "epochs")),
        (("epochs=2", "optimizer=adamw", "schedule=cosine, warmup=1"), Length(1)),
    ],
)
def test_the_warm_up_is_an_epoch_and_never_more_than_an_eighth(sets: tuple[str, ...], warmup: Length) -> None:
    recipe = overridden(changed(*sets), list(sets), whole=False)
    schedule = completed(recipe, BASIS).one(learning.Schedule)
    assert schedule is not None
    assert schedule.warmup == warmup


def test_the_shortest_phase_decides_about_the_warm_up() -> None:
    recipe = read("train:\n    phase a:\n        epochs 1\n    phase b:\n        epochs 30\n")
    assert completed(recipe, BASIS).one(learning.Cosine) == learning.Cosine(warmup=Length(2, "steps"))


def test_a_length_asked_for_decides_about_the_warm_up() -> None:
    """1,438 examples to learn from, 23 batches of 64."""
    job = job_of(models.CLASSIFIER, generated.digits(), "epochs.count=2")
    assert job.recipe.one(learning.Cosine) == learning.Cosine(warmup=Length(6, "steps"))


def test_as_many_tops_as_classes_are_remarked() -> None:
    task = Classification(("cat", "dog"))
    told = ["`top(5)` is always right: there are 2 classes"]
    assert list(remarks(read("train: metrics accuracy, top(1), top(5)"), task, 9)) == told
    assert not list(remarks(read("train: metrics top(5)"), BASIS.task, 9))


@pytest.mark.parametrize(
    ("loss", "what"), [("dice", "`loss dice`"), ("cross_entropy, weight_map=border", "`weight_map=`")]
)
def test_a_loss_over_places_wants_a_map(loss: str, what: str) -> None:
    with pytest.raises(UserError, match=f"{what} is over the places of a map, but output `.*` has none"):
        job_of(models.CLASSIFIER, generated.digits(), f"loss={loss}")


def test_a_batch_of_more_than_there_is_is_remarked() -> None:
    recipe = read("train: batch 1000")
    told = ["`batch 1,000`: there are 999 examples to learn from, which is what each step sees"]
    assert list(remarks(recipe, BASIS.task, 999)) == told
    assert not list(remarks(recipe, BASIS.task, 1000))


def test_what_is_said_stays() -> None:
    found = completed(changed("optimizer=sgd, lr=0.1", "augment=hflip=0.5", "evaluate=hflip=0"), BASIS)
    assert isinstance(found.one(learning.Schedule), learning.Constant)
    assert found.all(learning.Params) == ()
    assert found.one(steps.Augment) == steps.Augment(steps=(steps.HFlip(),))


@pytest.mark.parametrize(
    "line",
    ["play gan, generator=G, discriminator=D", "sizes [32, 64]", "augment: mosaic", "augment: jitter 0.1",
     "data coco", "loss yolo", "loss mse, of=positives", "loss dice, reduce=sum",
     "metrics coco_map", "explain gradcam, layer=conv1",
     "weights from=places365", "optimizer sgd, of=G", 'data digits, length=5'],
)  # fmt: skip
def test_what_is_not_run_is_refused(line: str) -> None:
    assert [found.code for found in refusals(read(f"train:\n    {line}"))] == ["not-run-yet"]


def test_what_is_run_is_not_refused() -> None:
    for line in LINES[1:]:
        assert not list(refusals(read(f"train:\n    {line}"))), line


WITH_RECIPE = sorted(p for p in ZOO.glob("*.cnn") if "\ntrain" in p.read_text())


@pytest.mark.parametrize("path", WITH_RECIPE, ids=lambda p: p.stem)
def test_recipes_of_the_zoo_check(path: Path) -> None:
    assert not [found for found in check_path(str(path)) if found.severity == "error"]


@pytest.mark.parametrize(
    ("step", "told"),
    [("resize", "`resize` needs a size"), ("resize 8, longest=8", "not above the shorter side, 8"),
     ("resize 8x9, longest=12", "8 x 9 leaves nothing open"), ("resize longest=0", "at least 1")],
)  # fmt: skip
def test_a_longest_side_stands_alone_or_beside_a_shorter_one(step: str, told: str) -> None:
    with pytest.raises(CompileError, match=told):
        changed(f"augment={step}")
    assert changed("augment=resize longest=9").one(steps.Augment) == steps.Augment(steps=(steps.Resize(longest=9),))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("mix=one_of", "`mix` mixes nothing"), ("mix=mixup", "`mixup=` is an argument of its own"),
        ("clip=norm=0", "`norm` of `clip` is more than 0, found 0"), ("clip=value=0", "more than 0"),
        ("clip=norm=none", "`clip` has no bound"),
        ("schedule=cosine, warmup=-5", "`warmup` of `schedule cosine` is at least 0, found -5"),
        ("schedule=step, every=0", "`every` of `schedule step` is more than 0, found 0"),
        ("average=ema, every=0", "is more than 0"),
        ("schedule=exponential, factor=0.5, every=0 steps", "is more than 0"),
        ("augment=brightness=(0.8, 1, 1.2)", "is a number, or a lowest and a highest"),
        ("augment=normalize 0.5, 0", "`std` of `normalize` is more than 0, found 0"),
        ("average=ema, start=-1", "at least 0"),
        ("schedule=plateau, factor=2", "is at most 1"), ("data=digits, split=1", "is less than 1"),
        ("data=digits, split=0", "is more than 0"),
    ],
)  # fmt: skip
def test_values_that_make_no_sense_are_refused(text: str, told: str) -> None:
    with pytest.raises(CompileError, match=re.escape(told)):
        changed(text)


@pytest.mark.parametrize(
    ("sets", "told"),
    [
        (('params="nothing*", freeze=true',), "no weight of the model matches `nothing*`"),
        (('init=he_normal, of="conv9"',), "no weight of the model matches `conv9`"),
        (("clip=norm=1", "clip.norm=0"), "`norm` of `clip` is more than 0, found 0"),
        (("clip=norm=1", "clip.norm=none"), "`clip` has no bound"),
        (("data.size=8", "data.longest=4"), "`longest=4` is not above the shorter side, 8"),
        (("batch=10", "optimizer=adam", "optimizer.weight_decay=0.1"), "can mean two things"),
    ],
)
def test_what_was_changed_is_held_against_itself_and_the_model(sets: tuple[str, ...], told: str) -> None:
    with pytest.raises(CompileError, match=re.escape(told)):
        job_of(models.CLASSIFIER, generated.digits(), *sets)


def test_the_longest_side_of_the_data_entry_comes_first() -> None:
    for said, first in (
        ("size=8, longest=12", steps.Resize(size=(8,), longest=12)),
        ("longest=12", steps.Resize(longest=12)),
    ):
        found = completed(changed(f"data=digits, {said}", "augment=center_crop 8"), BASIS)
        for kind in (steps.Augment, steps.Evaluate):
            chain = found.one(kind)
            assert chain is not None
            assert chain.steps[:2] == (first, steps.CenterCrop(size=(8,)))


def test_a_range_of_values_is_the_last_step_of_both_chains() -> None:
    """0 becomes -1, 1 becomes 1, and nothing is normalised by the data."""
    last = steps.Normalize(mean=(0.5,), std=(0.5,))
    found = completed(changed("data=digits, range=(-1, 1)"), BASIS)
    for kind in (steps.Augment, steps.Evaluate):
        chain = found.one(kind)
        assert chain is not None
        assert chain.steps[-1] == last
        assert sum(isinstance(step, steps.Normalize) for step in chain.steps) == 1
    said = completed(changed("data=digits, range=(0, 255)", "augment=hflip=0.5", "evaluate=hflip=0"), BASIS)
    assert said.one(steps.Augment) == steps.Augment(steps=(steps.HFlip(), steps.Normalize(mean=(0.0,), std=(1 / 255,))))


def test_no_augmentation_is_a_value_too() -> None:
    """The steps that measure what is seen stay: both ways to write it give the data's own normalisation alone."""
    for recipe in (changed("augment=none"), read("train:\n    augment: none")):
        full = completed(recipe, BASIS._replace(mean=(0.5,), std=(0.25,)))
        assert [told(entry) for entry in full.all(steps.Augment)] == ["augment: normalize 0.5, 0.25"]
        full = completed(recipe, BASIS._replace(mean=(), std=()))
        assert [told(entry) for entry in full.all(steps.Augment)] == ["augment: none"]


PHASES = """train:
    phase a:
        loss mse
        optimizer sgd
        epochs 1
    phase b:
        epochs 30
"""


def test_each_phase_gets_what_it_lacks_itself() -> None:
    full = completed(read(PHASES), BASIS)
    first, second = (full.within(phase) for phase in full.phases)
    assert isinstance(first.one(learning.Loss), learning.MeanSquaredError)
    assert isinstance(first.one(learning.Schedule), learning.Constant)
    assert isinstance(second.one(learning.Loss), learning.CrossEntropy)
    assert isinstance(second.one(learning.Optimizer), learning.AdamW)
    assert second.one(learning.Cosine) == learning.Cosine(warmup=Length(1, "epochs"))
    assert len(full.all(learning.Loss)) == 0
    assert full.one(course.Batch) is not None


def test_one_phase_can_be_changed() -> None:
    recipe = overridden(read(PHASES), ["b.loss=mae", "a.epochs=3"], whole=True)
    recipe = overridden(recipe, ["a.optimizer.lr=0.5", "b.epochs.count=7"], whole=False)
    first, second = (recipe.within(phase) for phase in recipe.phases)
    assert first.one(learning.Optimizer) == learning.SGD(lr=0.5)
    assert isinstance(second.one(learning.Loss), learning.MeanAbsoluteError)
    assert [part.one(course.Epochs) for part in (first, second)] == [course.Epochs(count=3), course.Epochs(count=7)]


@pytest.mark.parametrize(
    ("text", "whole", "said"),
    [
        ("c.epochs=3", True, "a recipe has no entry `c`"),
        ("a=3", True, "what of the phase `a`?"),
        ("a.data=digits", True, "`data` holds for the whole run, not for one phase"),
        ("b.optimizer.lr=3", False, "the phase has no `optimizer`"),
        ("data=folder(flowers/train)", True, 'a path stands in quotes: `"flowers/train"`'),
        ("log=csv(log.csv)", True, 'a path stands in quotes: `"log.csv"`'),
    ],
)
def test_a_change_of_a_phase_that_cannot_be_made_is_told(text: str, whole: bool, said: str) -> None:
    with pytest.raises(CompileError) as raised:
        overridden(read(PHASES), [text], whole=whole)
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("model", "data", "sets", "said"),
    [
        (models.VALUES, generated.values(40), ("loss=cross_entropy",), "does not suit regression, which has"),
        (models.VALUES, generated.values(40), ("loss=triplet",), "`loss triplet` does not suit regression"),
        (models.VALUES, generated.values(40), ("loss=binary_cross_entropy",), "takes values from 0 to 1; those of"),
        (models.CLASSIFIER, generated.digits(), ("loss=kl_normal",), "`loss kl_normal` is on two outputs"),
        (models.CLASSIFIER, generated.digits(), ("stop=by=val_iou",), "`stop by=val_iou` does not suit classification"),
        (models.VALUES, generated.values(40), ("keep=best, by=val_accuracy",), "which has `val_loss`, `val_mae`"),
        (models.CLASSIFIER, generated.digits(), ("optimizer=sgd, lr=0.1", "schedule=cosine, min=1"), "is above the"),
        (NORMED, generated.digits(), ("batch=1",), "`batchnorm` at `bn` has one value of each channel"),
        (NORMED, generated.digits(), ("batch=5, split=5",), "`batchnorm` at `bn` has one value of each channel"),
    ],
)
def test_what_cannot_go_well_is_refused_before_it_begins(
    model: str, data: Dataset, sets: tuple[str, ...], said: str
) -> None:
    with pytest.raises(UserError, match=said):
        job_of(model, data, *sets)


def test_what_is_measured_and_not_learned_is_remarked() -> None:
    for on, expected in (("side", ["`main` is what is measured and kept by"]), ("main", [])):
        job = job_of(TWO, generated.digits(), f"loss=cross_entropy, on={on}")
        assert [said.partition(",")[0] for said in unlearned(job.recipe, job.checked)] == expected
