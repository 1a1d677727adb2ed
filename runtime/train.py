"""The loop: exact, small, readable in one sitting.

Everything random is keyed by position (keyed.py), so a checkpoint is weights, optimizer and position, at any step; a
run that goes on from one ends with the same weights as a run that was never interrupted.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..compiler.diagnostics import UserError
from ..compiler.recipes import course, learning
from ..compiler.recipes.record import Recipe
from . import keyed, optimize
from .average import Averaged
from .begin import begin
from .checkpoint import read, write
from .criterion import Criterion, probabilities
from .engine import Engine
from .feed import Batch, Feed, Wanted
from .figures import Figures
from .job import Job, evaluation
from .lower import lower
from .measure import measure, several
from .mixing import mixed
from .network import Network
from .penalty import Penalty
from .position import Position, Row
from .run_folder import RunFolder
from .schedule import Factor, Plateau, factor
from .settle import Settling
from .stages import Stage, plan, stages
from .threads import Pace, choose_threads
from .verdict import prefer, tire
from .watch import Watch
from .weights import load_into

OVERHEAD = 20
"""Checkpoints take at most one part in so many of the time."""


class TrainingError(UserError):
    """Training cannot go on."""


class Outcome(NamedTuple):
    """How a run ended: `figures` are those of the weights kept, None where it was interrupted."""

    figures: Figures | None
    epoch: int
    seconds: float


class Trainer:
    """One run of one job in one folder."""

    def __init__(
        self,
        job: Job,
        folder: RunFolder,
        engine: Engine,
        watch: Watch,
        stopping: Callable[[], bool] = lambda: False,
        save_every: int | None = None,
    ) -> None:
        self.job, self.folder, self.engine, self.watch = job, folder, engine, watch
        self.stopping, self.save_every = stopping, save_every
        self.stages = stages(job.recipe, len(job.data.train))
        self.position = Position()
        self.started = time.perf_counter()
        self.saved, self.saving = self.started, 0.0
        net = lower(job.checked, seed=job.seed, head="folded")
        begin(net, job)
        self.net: Network = engine.placed(net)  # type: ignore[assignment]
        self.settling = Settling(self.net)
        wanted = Wanted(*job.input, to_255=job.to_255)
        self.held = Feed(job.data.held, evaluation(job.recipe), wanted, job.seed, ahead=engine.apart)
        self.wanted = wanted
        said = job.recipe.one(course.Average)
        self.averaged = Averaged(self.net, said) if said is not None else None
        self.pace = Pace()
        self.enter(self.stages[0])

    def prepare(self) -> None:
        """Settle what only a trial can tell, before a run begins."""
        size = min(self.stages[0].batch, len(self.feed))
        choose_threads(self.net, self.feed.batch(0, np.arange(size)).x, self.engine)

    def try_threads(self, x: Tensor) -> None:
        """Steps became slow: perhaps one thread does better now. From here on sums run in another order."""
        before = torch.get_num_threads()
        now = choose_threads(self.net, x, self.engine)
        if now != before:
            self.watch.say(f"the processor is busy: going on with {now} thread instead of {before}")
        self.learning()
        self.pace.rest()

    # --- phases -------------------------------------------------------------------------------------------------------

    def enter(self, stage: Stage) -> None:
        """Make what holds in a phase: optimizer, schedule, loss, frozen weights, feed."""
        recipe = stage.recipe
        said = recipe.one(learning.Optimizer) or learning.AdamW()
        fates = optimize.fates(self.job.checked.weights, said, recipe.all(learning.Params))
        optimize.freeze(self.net, fates)
        self.standing = optimize.standing(self.net, fates)
        parts = optimize.groups(self.net, fates)
        if not parts:
            raise TrainingError("every weight is frozen: there is nothing to learn")
        made = optimize.made(said, parts, self.engine.kind)
        self.module, self.optimizer = self.engine.setup(self.net, made)
        self.schedule(recipe.one(learning.Schedule) or learning.Constant(), stage, said.lr)
        self.criterion = Criterion(recipe.all(learning.Loss), self.net.output_names, self.net.folded)
        self.penalty = Penalty(self.job.checked, self.net)
        self.clip = recipe.one(course.Clip) or course.Clip()
        self.mix = recipe.one(course.Mix)
        steps = augmentation(recipe)
        self.feed = Feed(self.job.data.train, steps, self.wanted, self.job.seed, ahead=self.engine.apart)

    def schedule(self, said: learning.Schedule, stage: Stage, lr: float) -> None:
        self.plateau = Plateau(said, stage.clock, lr) if isinstance(said, learning.Plateau) else None
        self.factor: Factor = factor(said, stage.clock, lr)

    # --- the loop -----------------------------------------------------------------------------------------------------

    def run(self) -> Outcome:
        """Train from where it stands to the end, or until asked to stop."""
        while self.position.stage < len(self.stages):
            if not self.epoch(self.stages[self.position.stage]):
                self.save()
                return Outcome(None, self.position.epoch, time.perf_counter() - self.started)
        self.save()
        return self.finish()

    def epoch(self, stage: Stage) -> bool:
        """The rest of the epoch under way and what follows it; False where it was asked to stop before."""
        at = self.position
        began = time.perf_counter()
        start, first = at.stage_step, at.seen
        stop = min((at.stage_step // stage.per_epoch + 1) * stage.per_epoch, stage.steps)
        steps = plan(stage, self.job.seed, len(self.job.data.train), at.passes, start, stop)
        self.learning()
        self.pace.rest()
        for batch in self.feed.batches(steps):
            if self.stopping():
                return False
            self.step(batch, stage)
            if torch.get_num_threads() > 1 and not self.engine.apart and self.pace.fell():
                self.try_threads(batch.x)
            if at.stage_step < stop and self.due():
                self.save()
        self.measured(stage, (at.seen - first) / max(time.perf_counter() - began, 1e-9))
        return True

    def learning(self) -> None:
        """Training mode, except for layers that are frozen."""
        self.module.train()
        for part in self.standing:
            part.eval()

    def step(self, batch: Batch, stage: Stage) -> None:
        """One step of the optimizer."""
        at = self.position
        lr = self.set_rate()
        self.settling.at(at.step)
        torch.manual_seed(keyed.torch_seed(self.job.seed, keyed.STEP, at.step))
        x, y = self.engine.moved(batch.x), self.engine.moved(batch.y)
        self.optimizer.zero_grad()
        parts = list(zip(x.chunk(stage.split), y.chunk(stage.split)))
        for i, (some, labels) in enumerate(parts):
            with self.engine.paused(self.module, i < len(parts) - 1):
                self.backward(some, labels, len(some) / len(x))
        self.engine.clip(self.module, self.optimizer, self.clip.norm, self.clip.value)
        self.optimizer.step()
        at.step += 1
        at.stage_step += 1
        if self.averaged is not None and at.step % self.every() == 0:
            self.averaged.take(self.net)
        self.watch.step(at, stage, lr)

    def backward(self, x: Tensor, y: Tensor, share: float) -> None:
        """Forward and backward of a part of the batch; adds up what the epoch is told by."""
        target: Tensor = y
        if self.mix is not None:
            classes = len(self.job.data.classes)
            x, target = mixed(self.mix, x, y, classes, self.job.seed, self.position.step)
        outputs = several(self.module(x))
        loss = self.criterion(outputs, target)
        if self.penalty:
            loss = loss + self.penalty()
        self.engine.backward(loss * share if share < 1 else loss)
        at = self.position
        at.loss += float(loss.detach()) * len(y)
        at.right += float((probabilities(outputs[0].detach(), self.net.folded[0]).argmax(1) == y).sum())
        at.seen += len(y)

    def set_rate(self) -> float:
        """Set the learning rates of this step; the first of them."""
        scale = self.factor(self.position.stage_step) * (self.plateau.factor if self.plateau is not None else 1.0)
        for group in self.optimizer.param_groups:
            group["lr"] = group["rate"] * scale
        return float(self.optimizer.param_groups[0]["lr"])

    def every(self) -> int:
        """Steps between two averages."""
        assert self.averaged is not None
        return max(round(self.stages[0].clock.length(self.averaged.said.every)), 1)

    # --- after an epoch -----------------------------------------------------------------------------------------------

    def measured(self, stage: Stage, speed: float) -> None:
        """Measure, take note, keep the best, go on to the next phase where this one is over."""
        at = self.position
        loss = at.loss / max(at.seen, 1)
        if not math.isfinite(loss):
            lower = f"`--lr {self.set_rate() / 10:.2g}`"
            raise TrainingError(f"the loss became {loss} in epoch {at.epoch + 1}: try a lower rate, as with {lower}")
        at.epoch += 1
        row: Row = {"epoch": at.epoch, **({"phase": stage.name} if stage.name else {}), "steps": at.step}
        row |= {"lr": self.set_rate(), "loss": loss, "accuracy": at.right / max(at.seen, 1)}
        validate = stage.recipe.one(course.Validate) or course.Validate()
        over = at.stage_step >= stage.steps
        better = False
        if over or at.epoch % validate.every == 0:
            figures = self.figures(validate.steps)
            row |= {"val_loss": figures.loss, "val_accuracy": figures.accuracy}
            row |= {f"val_top{k}": share for k, share in figures.top.items()}
            better = self.judge(stage, row)
        row["images_per_second"] = round(speed, 1)
        at.rows.append(row)
        at.forget_epoch()
        if over or at.stopped:
            self.leave(stage)
        if better:
            self.keep()
        self.folder.write_rows(at.rows)
        if self.due():
            self.save()
        self.watch.epoch(row, better)

    def figures(self, limit: int | None = None) -> Figures:
        """The held-out examples under the weights of now, or their average."""
        with self.weights():
            return measure(
                self.net, self.held, self.engine, self.criterion, self.net.folded[0], len(self.job.data.classes),
                self.tops(), limit,
            )  # fmt: skip

    def weights(self) -> AbstractContextManager[None]:
        """Inside, the network has the weights that count: averaged where the recipe averages."""
        return self.averaged.inside(self.net) if self.averaged is not None and self.averaged.count else nullcontext()

    def tops(self) -> tuple[int, ...]:
        said = self.job.recipe.one(course.Measures)
        return tuple(part.k for part in said.measures if isinstance(part, course.Top)) if said is not None else ()

    def judge(self, stage: Stage, row: Row) -> bool:
        """Whether these are the best weights so far; also lowers the rate or ends the phase where nothing improves."""
        if self.plateau is not None:
            self.plateau.seen(row["val_loss"])
        stop = stage.recipe.one(course.Stop)
        if stop is not None:
            tire(self.position, row, stop)
        return prefer(self.position, row, stage.recipe.one(course.Keep) or course.Keep())

    def leave(self, stage: Stage) -> None:
        """Go on to the next phase."""
        at = self.position
        at.passes += -(-at.stage_step // stage.passes)
        at.stage, at.stage_step, at.waited, at.stopped = at.stage + 1, 0, 0, False
        if at.stage < len(self.stages):
            self.enter(self.stages[at.stage])

    def keep(self) -> None:
        with self.weights():
            self.folder.write_weights(self.folder.best, self.net.state_dict())

    # --- going on -----------------------------------------------------------------------------------------------------

    def due(self) -> bool:
        """Whether to save now: at given steps, or as often as costs little."""
        if self.save_every:
            return self.position.step % self.save_every == 0
        return time.perf_counter() - self.saved > OVERHEAD * self.saving

    def save(self) -> None:
        """Write the checkpoint."""
        began = time.perf_counter()
        average = self.averaged
        write(
            self.folder.checkpoint,
            {
                "format": 1,
                "model": self.net.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "average": {"state": average.state, "count": average.count} if average is not None else None,
                "plateau": self.plateau.state() if self.plateau is not None else None,
                "engine": self.engine.state(),
                "position": self.position.as_dict(),
            },
        )
        self.saved = time.perf_counter()
        self.saving = self.saved - began

    def restore(self) -> None:
        """Stand where the checkpoint was written."""
        found = read(self.folder.checkpoint)
        self.position = Position(**found["position"])
        if self.position.stage < len(self.stages):
            self.enter(self.stages[self.position.stage])
            self.optimizer.load_state_dict(found["optimizer"])
        self.net.load_state_dict(found["model"])
        if self.averaged is not None:
            self.averaged.restore(found["average"]["state"], found["average"]["count"])
        if self.plateau is not None and found["plateau"] is not None:
            self.plateau.restore(found["plateau"])
        self.engine.restore(found["engine"])

    def finish(self) -> Outcome:
        """Write the last weights, and measure those kept in full precision."""
        with self.weights():
            self.folder.write_weights(self.folder.last, self.net.state_dict())
        load_into(self.net, self.job.checked, self.folder.best)
        exact = Engine(self.engine.kind, "fp32")
        figures = measure(
            self.net, self.held, exact, self.criterion, self.net.folded[0], len(self.job.data.classes), self.tops()
        )
        seconds = time.perf_counter() - self.started
        at = self.position
        found = {"epoch": at.best_epoch, "steps": at.step, **figures.as_dict(self.job.data.classes)}
        self.folder.write_json(self.folder.metrics, found)
        return Outcome(figures, at.best_epoch, seconds)


def augmentation(recipe: Recipe) -> tuple[Any, ...]:
    """The steps of `augment:`."""
    from ..compiler.recipes.steps import Augment

    said = recipe.one(Augment)
    return said.steps if said is not None else ()
