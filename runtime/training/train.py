"""The loop: exact, small, readable in one sitting.

Everything random is keyed by position (keyed.py), so a checkpoint is weights, optimizer and position, at any step; a
run that goes on from one ends with the same weights as a run that was never interrupted.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ...compiler.recipes import course
from ..batches.batch import Batch
from ..batches.feed import Plan
from ..batches.feeding import Feeds
from ..devices.agreement import Agreement
from ..devices.engine import Engine
from ..devices.ranks import Positions
from ..jobs.job import Job
from ..jobs.stages import Stage, idle, plan, stages
from ..lowering.lower import lower
from ..lowering.network import Network
from ..measuring.figures import Figures
from ..run.results import Results
from ..run.run_folder import RunFolder
from ..run.saving import Saving
from ..run.watch import Watch
from .average import Averaged
from .begin import begin
from .learner import Learner
from .position import Position, Row
from .selection import Selection
from .settle import Settling
from .sharing import require_alike, require_enough
from .statistics import measure_statistics
from .threads import Pace, choose_threads
from .trial import choose_numbers
from .whitening import settled


class Outcome(NamedTuple):
    """How a run ended: `figures` are those of the weights kept, None where it was interrupted."""

    figures: Figures | None
    epoch: int
    seconds: float
    told: str = ""
    """The figures in words."""
    signal: int = 0
    """What asked it to stop; 0 where another process of the run was asked."""


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
        workers: int | None = None,
    ) -> None:
        self.job, self.folder, self.engine, self.watch = job, folder, engine, watch
        self.stopping = stopping
        self.stages = stages(job.recipe, len(job.data.train))
        require_enough(self.stages, job, engine.ranks)
        require_alike(job, engine.together)
        self.position = Position(told=job.task.score)
        self.started = time.perf_counter()
        self.saving = Saving(folder, save_every, watch.say)
        self.results = Results(folder)
        net = lower(job.checked, seed=job.seed, head="folded")
        begin(net, job, watch.say)
        self.net: Network = engine.placed(net, job.checked)  # type: ignore[assignment]
        self.settling = Settling(self.net, compiled=engine.compile is not None)
        said = job.recipe.one(course.Average)
        self.averaged = Averaged(self.net, said) if said is not None else None
        self.selection = Selection(job, folder, engine, self.net, self.averaged, self.results)
        self.feeds = Feeds(job, engine.reading(workers), settled(job, folder, engine))
        self.pace = Pace()
        self.agreement, self.wanted = Agreement(engine.together), False
        self.enter(self.stages[0])

    def prepare(self) -> None:
        """Settle what only the data or a trial can tell, before a run begins."""
        for said in idle(self.stages):
            self.watch.say(said)
        measure_statistics(self.net, self.job.checked, self.feeds.plain(), self.engine)
        self.feeds.only(self.feed, self.held)
        if self.engine.apart or not self.engine.free:
            return
        size = min(self.stages[0].batch, len(self.feed))
        inputs = self.feed.batch(0, np.arange(size)).inputs
        if self.engine.open and choose_numbers(self.net, inputs, self.engine):
            self.enter(self.stages[0])
        choose_threads(self.net, inputs, self.engine)

    def enter(self, stage: Stage) -> None:
        """Begin a phase."""
        self.coming: tuple[Plan, Iterator[Batch]] | None = None
        self.learner = Learner(self.net, self.job, self.engine, stage, self.settling, self.averaged)
        clean, maps = self.learner.criterion.clean, self.learner.criterion.maps
        self.feed = self.feeds.learned(stage.recipe, clean=clean, maps=maps)
        self.held = self.feeds.held(clean=clean, maps=maps)
        self.feeds.only(self.feed, self.held)

    # --- the loop -----------------------------------------------------------------------------------------------------

    def run(self) -> Outcome:
        """Train from where it stands to the end, or until asked to stop."""
        try:
            outcome = self.ran()
        except BaseException:
            with suppress(OSError):
                self.results.write()
            raise
        self.coming = None
        self.feeds.only()
        return outcome

    def ran(self) -> Outcome:
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
        start, seen = at.stage_step, 0
        plan, batches = self.coming or self.begun(stage)
        self.coming, stop = None, start + len(plan)
        self.learner.learning()
        self.pace.rest()
        for batch, (_, whole) in zip(batches, plan):
            if self.asked(now=at.stage_step == start):
                return False
            lr = self.learner.step(batch, at, len(batch.y) * self.engine.ranks.total / len(whole))
            seen += len(whole)
            self.watch.step(at, stage, lr)
            if self.divided and self.pace.fell():
                self.try_threads(batch.inputs)
            if at.stage_step < stop and self.due():
                self.save()
        self.learner.settle(at)
        self.engine.wait()
        if self.feed.apart and stop < stage.steps:  # the processes that read need not wait until it is measured
            self.coming = self.begun(stage)
        self.measured(stage, seen / max(time.perf_counter() - began, 1e-9))
        return True

    def begun(self, stage: Stage) -> tuple[Plan, Iterator[Batch]]:
        """The rest of the epoch under way: its steps and their batches."""
        at = self.position
        stop = min((at.stage_step // stage.per_epoch + 1) * stage.per_epoch, stage.steps)
        plan = tuple(self.steps(stage, at.passes, at.step, at.stage_step, stop))
        return plan, self.feed.batches(self.shared(plan))

    def steps(self, stage: Stage, passes: int, step: int, start: int, stop: int) -> Iterator[tuple[int, Positions]]:
        """The examples of the steps of an epoch."""
        return self.feeds.composed(plan(stage, self.job.seed, len(self.feed), passes, start, stop), step)

    def shared(self, steps: Iterable[tuple[int, Positions]]) -> Iterator[tuple[int, Positions]]:
        """The part of each step that this process does."""
        if self.engine.ranks.alone:
            return iter(steps)
        return ((epoch, self.engine.ranks.share(positions)) for epoch, positions in steps)

    @property
    def divided(self) -> bool:
        """Whether threads share the work of this process, which others may want for themselves."""
        return torch.get_num_threads() > 1 and not self.engine.apart and self.engine.free

    def asked(self, *, now: bool) -> bool:
        """Whether somebody asked to stop. Several processes do it at the same step, as they save."""
        if self.engine.ranks.alone:
            return self.stopping()
        stop, self.wanted = self.agreement.reached(self.position.step, self.stopping(), self.clock(), now=now)
        return stop

    def clock(self) -> bool:
        """Whether it is time to save by the clock of the first process."""
        return not self.saving.every and self.engine.ranks.first and self.saving.due(self.position.step)

    def due(self, *, over: bool = False) -> bool:
        """Whether a checkpoint should be written now."""
        if self.saving.every or self.engine.ranks.alone:
            return self.saving.due(self.position.step)
        if over:
            return self.engine.together.wanted(self.clock())[0]
        wanted, self.wanted = self.wanted, False
        return wanted

    def try_threads(self, inputs: tuple[Tensor, ...]) -> None:
        """Steps became slow: perhaps one thread does better now. From here on sums run in another order."""
        before = torch.get_num_threads()
        now = choose_threads(self.net, inputs, self.engine)
        if now != before:
            self.watch.say(f"the processor is busy: going on with {now} thread instead of {before}")
        self.learner.learning()
        self.pace.rest()

    # --- after an epoch -----------------------------------------------------------------------------------------------

    def measured(self, stage: Stage, speed: float) -> None:
        """Measure, take note, keep the best, go on to the next phase where this one is over."""
        at = self.position
        at.loss, at.score, at.seen = self.totals()
        row = self.row(stage)
        validate = stage.recipe.one(course.Validate) or course.Validate()
        over = at.stage_step >= stage.steps
        better = False
        if over or at.epoch % validate.every == 0:
            figures = self.selection.figures(self.held, self.learner.criterion, validate.steps)
            row |= {"val_loss": figures.loss, **{f"val_{name}": value for name, value in figures.scores.items()}}
            if self.learner.plateau is not None:
                self.learner.plateau.seen(figures.loss)
            better = self.selection.judge(at, row, stage.recipe)
        row["images_per_second"] = round(speed, 1)
        at.rows.append(row)
        at.forget_epoch()
        tired = at.waited if at.stopped and not over else 0
        if over or at.stopped:
            self.leave(stage)
        self.selection.keep(at.rows, better=better)
        if self.due(over=True):
            self.save()
        self.watch.epoch(row, better)
        if tired:
            by = (stage.recipe.one(course.Stop) or course.Stop()).by
            left = f"phase `{stage.name}`" if stage.name else "the run"
            epochs = f"{tired} epoch{'s' * (tired > 1)}"
            self.watch.say(f"{by} has not become better for {epochs}: {left} ends here, as `stop` says")

    def row(self, stage: Stage) -> Row:
        """The figures of the examples learned from, and the rate of the last step; counts the epoch."""
        at = self.position
        lr, loss = self.learner.set_rate(at.stage_step - 1), at.loss / max(at.seen, 1)
        at.epoch += 1
        row: Row = {"epoch": at.epoch, **({"phase": stage.name} if stage.name else {}), "steps": at.step}
        return row | {"lr": lr, "loss": loss, at.told: at.score / max(at.seen, 1)}

    def leave(self, stage: Stage) -> None:
        """Go on to the next phase."""
        at = self.position
        at.passes += -(-at.stage_step // stage.passes)
        at.stage, at.stage_step, at.waited, at.stopped = at.stage + 1, 0, 0, False
        if at.stage < len(self.stages):
            self.enter(self.stages[at.stage])

    # --- going on and ending ------------------------------------------------------------------------------------------

    def save(self) -> None:
        """Write the checkpoint."""
        at = self.position
        self.learner.settle(at)
        self.results.write()
        at.loss, at.score, at.seen = self.totals()
        if self.engine.ranks.first or self.engine.ranks.split:
            self.saving.save(self.net, self.learner, self.averaged, self.engine, at)
        if not self.engine.ranks.first:
            at.forget_epoch()  # the first has it all

    def totals(self) -> tuple[float, float, int]:
        """Loss, score and examples of the epoch under way, of all processes."""
        loss, score, seen = self.engine.together.sums(self.position.loss, self.position.score, self.position.seen)
        return loss, score, int(seen)

    def restore(self) -> None:
        """Stand where the checkpoint was written."""
        found = self.saving.found()
        self.position = Position(**found["position"])
        self.engine.restore(found["engine"])
        if self.position.stage < len(self.stages):
            self.enter(self.stages[self.position.stage])
        if not self.engine.ranks.first:
            self.position.forget_epoch()
        over = self.position.stage >= len(self.stages)
        self.saving.restore(found, self.net, self.learner, self.averaged, self.engine, over=over)
        why = self.selection.require_best(self.position, over=over)
        if why:
            self.watch.say(why)

    def finish(self) -> Outcome:
        """Write the last weights, and measure those kept."""
        figures, told = self.selection.finish(self.position, self.held, self.learner.criterion)
        return Outcome(figures, self.position.best_epoch, time.perf_counter() - self.started, told)
