"""A network and all that moves its weights in one phase: optimizer, rates, loss, averages; one step at a time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

from ...compiler.diagnostics import UserError
from ...compiler.recipes import course, learning
from ..batches import keyed
from ..batches.batch import Batch
from ..devices.engine import Engine
from ..devices.fetch import Fetched
from ..jobs.job import Job
from ..jobs.stages import Stage
from ..jobs.task import Reconstruction
from ..lowering.network import Network
from ..measuring.criterion import Criterion, several
from ..measuring.measure import Measuring
from . import optimize
from .average import Averaged
from .mixing import mixed
from .penalty import Penalty
from .position import Position
from .schedule import Factor, Plateau, factor
from .settle import Settling


class TrainingError(UserError):
    """Training cannot go on."""


LAG = 8
"""Parts of batches whose figures a device that works apart may still owe: who reads sooner waits for it."""


class Unread(NamedTuple):
    """Loss and score of a part of a batch, perhaps still being computed."""

    figures: Fetched
    examples: int
    batch: Batch
    step: int


class Learner:
    """What holds in a phase. `averaged` and `settling` are those of the whole run."""

    def __init__(
        self, net: Network, job: Job, engine: Engine, stage: Stage, settling: Settling, averaged: Averaged | None
    ) -> None:
        self.net, self.job, self.engine, self.stage = net, job, engine, stage
        self.settling, self.averaged = settling, averaged
        recipe = stage.recipe
        said = recipe.one(learning.Optimizer) or learning.AdamW()
        fates = optimize.fates(job.checked, said, recipe.all(learning.Params))
        optimize.freeze(net, fates)
        self.standing = optimize.standing(net, fates)
        parts = optimize.groups(net, fates)
        if not parts:
            raise TrainingError("every weight is frozen: there is nothing to learn")
        self.learned = [weight for weight in net.parameters() if weight.requires_grad]
        self.module, self.optimizer = engine.setup(net, optimize.made(said, parts, engine.kind, engine.ranks.split))
        self.schedule(recipe.one(learning.Schedule) or learning.Constant(), said.lr)
        self.criterion = criterion(job, stage, net)
        self.penalty = Penalty(job.checked, net)
        self.clip = recipe.one(course.Clip)
        self.mix = recipe.one(course.Mix)
        self.measuring = Measuring(job.task, net.folded[0])
        self.unread: list[Unread] = []
        self.draws = keyed.hashed(job.seed, keyed.STEP, engine.ranks.rank)

    def schedule(self, said: learning.Schedule, lr: float) -> None:
        self.plateau = Plateau(said, self.stage.clock, lr) if isinstance(said, learning.Plateau) else None
        self.factor: Factor = factor(said, self.stage.clock, lr)

    def learning(self) -> None:
        """Training mode, except for layers that are frozen."""
        self.module.train()
        for part in self.standing:
            part.eval()

    def step(self, batch: Batch, at: Position, weight: float = 1.0) -> float:
        """One step of the optimizer; adds to what the epoch is told by. Returns the learning rate.

        Gradients of several processes are averaged: `weight` is the size of this batch over the mean of theirs.
        """
        lr = self.set_rate(at.stage_step)
        self.settling.at(at.step)
        self.engine.seed(keyed.torch_seed(self.draws, at.step))
        there = self.engine.at_hand(batch)
        for parameter in self.learned:
            parameter.grad = None
        *before, last = pieces(there, self.stage.split)
        for part in before:
            with self.engine.paused(self.module), self.settling.averaging():
                self.backward(part, batch, weight, len(part.y) / len(there.y), at)
        with self.settling.averaging():
            self.backward(last, batch, weight, len(last.y) / len(there.y), at)
        if self.clip is not None:
            self.engine.clip(self.module, self.optimizer, self.clip.norm, self.clip.value)
        self.optimizer.step()
        at.step += 1
        at.stage_step += 1
        if len(self.unread) > LAG:
            self.settle(at, owed=LAG)
        if self.averaged is not None and self.averaged.due(at.step, self.stage.clock):
            self.averaged.take()
        return lr

    def backward(self, batch: Batch, whole: Batch, weight: float, part: float, at: Position) -> None:
        """Forward and backward of a part of the batch, which as a `whole` is as it was prepared."""
        inputs, target = batch.inputs, batch.y
        if self.mix is not None:
            x, target = mixed(self.mix, batch.x, batch.y, len(self.job.task.classes), self.job.seed, at.step)
            inputs = (x,)
        with self.engine.numbers():
            outputs = several(self.module(*inputs))
        loss = self.criterion(outputs, target, batch.clean, batch.maps)
        apart = 0.0
        if self.penalty and self.engine.ranks.split:
            apart = self.penalize(part)
        elif self.penalty:
            loss = loss + self.penalty()
        score = self.measuring.running(outputs, batch)
        told = loss.detach() + apart if apart else loss.detach()
        self.unread.append(Unread(Fetched((told, score)), len(batch.y), whole, at.step))
        if not self.engine.apart:
            self.settle(at)
        share = weight * part
        self.engine.backward(loss * share if share != 1 else loss)

    def settle(self, at: Position, owed: int = 0) -> None:
        """Add the figures of the steps to those of the epoch; the newest may be `owed`. TrainingError where a loss is
        no number: what was saved before is still good, since nothing is saved without this."""
        cut = max(len(self.unread) - owed, 0)
        parts, self.unread = self.unread[:cut], self.unread[cut:]
        for part in parts:
            value, score = part.figures.read()
            if not math.isfinite(value):
                raise self.astray(value, part.batch, part.step, at)
            at.loss += value * part.examples
            at.score += score
            at.seen += part.examples

    def penalize(self, part: float) -> float:
        """The penalty where weights are split: backward through the own share, whose gradient no other adds to."""
        own = self.penalty()
        if own.requires_grad:
            self.engine.backward(own * part)
        return self.engine.together.sums(float(own.detach()))[0]

    def astray(self, loss: float, batch: Batch, step: int, at: Position) -> TrainingError:
        """A loss that is no number: the examples or the rate are to blame, and the checkpoint before is still good."""
        message = f"the loss became {loss} in step {step + 1}, epoch {at.epoch + 1}"
        bad = [i for i, parts in enumerate(zip(*batch.inputs)) if not all(x.isfinite().all() for x in parts)]
        if bad and len(batch.positions) == len(batch.y):
            train = self.job.data.train
            name = train.examples.name(int(train.numbers[batch.positions[bad[0]] % len(train)]))
            return TrainingError(f"{message}: `{name}` holds values that are no numbers")
        rate = self.optimizer.param_groups[0]["lr"] / 10
        return TrainingError(f"{message}: try a lower rate, as with `--lr {rate:.2g}`")

    def set_rate(self, stage_step: int) -> float:
        """Set the learning rates of this step; the first of them."""
        scale = self.factor(stage_step) * (self.plateau.factor if self.plateau is not None else 1.0)
        for group in self.optimizer.param_groups:
            group["lr"] = group["rate"] * scale
        return float(self.optimizer.param_groups[0]["lr"])


def criterion(job: Job, stage: Stage, net: Network) -> Criterion:
    """The losses of a phase."""
    itself = isinstance(job.task, Reconstruction)
    sizes = [output.port.shape.spatial for output in job.checked.outputs]
    return Criterion(stage.recipe.all(learning.Loss), net.output_names, net.folded, sizes, itself=itself)


def pieces(batch: Batch, count: int) -> Iterator[Batch]:
    """The batch in parts."""
    if count == 1:
        yield batch
        return
    columns: list[Any] = [list(zip(*(x.chunk(count) for x in batch.inputs))), batch.y.chunk(count)]
    cleans: Any = batch.clean.chunk(count) if batch.clean is not None else [None] * count
    maps: Any = list(zip(*(x.chunk(count) for x in batch.maps))) or [()] * count
    for inputs, y, clean, weights in zip(*columns, cleans, maps):
        yield batch._replace(inputs=inputs, y=y, clean=clean, maps=weights)
