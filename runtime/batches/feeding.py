"""The feeds of a job: what is learned from, what is held out, and how batches are put together."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from ...compiler.recipes.data import Data, Triplets, Twos
from ...compiler.recipes.record import Recipe
from ...compiler.recipes.steps import Augment, Step
from ..augment.whiten import Whitening, measured_by
from ..data import Split
from ..devices.ranks import Positions
from ..jobs.job import Job, evaluation
from . import sampling
from .feed import AT_HAND, Feed, Reading, Sample, Weigh
from .stock import Wanted


class Feeds:
    """Each feed of a job is made once."""

    def __init__(self, job: Job, reading: Reading = AT_HAND, whitening: Whitening | None = None) -> None:
        self.job, self.reading, self.whitening = job, reading, whitening
        self.wanted = Wanted(job.input, job.to_255)
        self.made: dict[object, Feed] = {}

    def learned(self, recipe: Recipe, *, clean: bool, maps: Weigh | None = None) -> Feed:
        """The examples to learn from, through `augment:`."""
        return self.feed(self.job.data.train, augmentation(recipe), clean, maps)

    def held(self, *, clean: bool, maps: Weigh | None = None) -> Feed:
        """The examples held out, through `evaluate:`."""
        return self.feed(self.job.data.held, evaluation(self.job.recipe), clean, maps)

    def plain(self) -> Feed:
        """The examples to learn from as they would be measured."""
        return self.feed(self.job.data.train, evaluation(self.job.recipe), False)

    def feed(self, split: Split, steps: tuple[Step, ...], clean: bool, maps: Weigh | None = None) -> Feed:
        """One feed, made once: the next phase often wants the same."""
        key = (split is self.job.data.train, steps, clean, maps)
        if key not in self.made:
            whole, sample = measured_by(steps, self.whitening), self.sample(split)
            self.made[key] = Feed(
                split, whole, self.wanted, self.job.seed, reading=self.reading, sample=sample, clean=clean,
                maps=maps,
            )  # fmt: skip
        return self.made[key]

    def only(self, *feeds: Feed) -> None:
        """End the processes that read for all others, whose phases are over."""
        for feed in self.made.values():
            if feed not in feeds:
                feed.close()

    def sample(self, split: Split) -> Sample | None:
        """How the inputs of the model get their examples, where it has several and the data one."""
        inputs = len(self.job.checked.inputs)
        if inputs == 1 or split.others:
            return None
        classes, said = sampling.Classes(split.labels), self.sampler()
        if inputs == 3:
            return partial(sampling.triplets, classes, self.job.seed)
        same = said.same if isinstance(said, Twos) else 0.5
        return partial(sampling.pairs, classes, same, self.job.seed)

    def sampler(self) -> object:
        said = self.job.recipe.one(Data)
        return said.sample if said is not None else None

    def composed(self, plan: Iterator[tuple[int, Positions]], step: int) -> Iterator[tuple[int, Positions]]:
        """The plan from a step on; in batches of a few classes where the recipe says so."""
        said = self.sampler()
        if not isinstance(said, Triplets):
            yield from plan
            return
        classes = sampling.Classes(self.job.data.train.labels)
        for number, (epoch, _) in enumerate(plan, step):
            yield epoch, sampling.grouped(classes, said.classes, said.per_class, self.job.seed, number)


def augmentation(recipe: Recipe) -> tuple[Step, ...]:
    """The steps of `augment:`."""
    said = recipe.one(Augment)
    return said.steps if said is not None else ()
