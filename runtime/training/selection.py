"""Which weights count: measured after an epoch, kept where they are the best so far, given back at the end."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

from ...compiler.recipes import course
from ...compiler.recipes.record import Recipe
from ..batches.feed import Feed
from ..devices.engine import Engine
from ..jobs.job import Job
from ..lowering.lower import lower
from ..lowering.network import Network
from ..measuring.criterion import Criterion
from ..measuring.figures import Figures
from ..measuring.measure import Measuring, measure
from ..run.results import Results, lost
from ..run.run_folder import RunFolder
from ..weights import load_into
from .average import Averaged
from .position import Position, Row
from .verdict import prefer, tire


class Selection:
    """The choice among the weights that a run passes through."""

    def __init__(
        self, job: Job, folder: RunFolder, engine: Engine, net: Network, averaged: Averaged | None, results: Results
    ) -> None:
        self.job, self.folder, self.engine, self.net = job, folder, engine, net
        self.averaged, self.results = averaged, results

    def weights(self) -> AbstractContextManager[None]:
        """Inside, the network has the weights that count: averaged where the recipe averages."""
        return self.averaged.inside(self.net) if self.averaged is not None and self.averaged.count else nullcontext()

    def figures(self, held: Feed, criterion: Criterion, limit: int | None = None) -> Figures:
        """The held-out examples, or their first `limit` batches, under the weights that count."""
        with self.weights():
            return measure(self.net, held, self.engine, criterion, self.measuring(), limit)

    def measuring(self) -> Measuring:
        said = self.job.recipe.one(course.Measures)
        tops = tuple(part.k for part in said.measures if isinstance(part, course.Top)) if said is not None else ()
        return Measuring(self.job.task, self.net.folded[0], tops)

    def judge(self, at: Position, row: Row, recipe: Recipe) -> bool:
        """Whether these are the best weights so far; also ends the phase where nothing improves."""
        stop = recipe.one(course.Stop)
        if stop is not None:
            tire(at, row, stop)
        return prefer(at, row, recipe.one(course.Keep) or course.Keep(), self.job.task.best)

    def keep(self, rows: list[Row], *, better: bool) -> None:
        """The rows, and the weights where they are the best so far."""
        with self.weights() if better else nullcontext():
            self.results.add(rows, self.engine.whole(self.net.state_dict()) if better else None)

    def require_best(self, at: Position, *, over: bool) -> str:
        """Begin the search for the best weights anew where those that were found are lost: what to say of it."""
        why = lost(self.folder, self.job.checked) if at.best_epoch and self.engine.ranks.first else ""
        if not self.engine.together.wanted(bool(why))[0]:
            return ""
        at.forget_best()
        best = (
            "the last weights take their place" if over else "the best weights are those of the best epoch from here on"
        )
        return f"{why}: {best}"

    def finish(self, at: Position, held: Feed, criterion: Criterion) -> tuple[Figures, str]:
        """Write the last weights, and measure those kept in full precision: their figures, and these in words."""
        with self.weights():
            last = self.engine.whole(self.net.state_dict())
            self.folder.write_weights(self.folder.last, last)
            if not at.best_epoch:
                self.folder.write_weights(self.folder.best, last)
        at.best_epoch = at.best_epoch or at.epoch
        self.take_best()
        before = self.engine.precision
        self.engine.use("fp32")
        figures = measure(self.net, held, self.engine, criterion, self.measuring())
        found = {"epoch": at.best_epoch, "steps": at.step, **figures.as_dict(self.job.task.classes)}
        self.folder.write_json(self.folder.metrics, found)
        return figures, self.job.task.told(figures) + " in fp32" * (before != "fp32")

    def take_best(self) -> None:
        """Give the network the weights kept, which the first process has read."""
        ranks, checked = self.engine.ranks, self.job.checked
        net = lower(checked, seed=None, head="folded") if ranks.split and ranks.first else self.net
        if ranks.first:
            load_into(net, checked, self.folder.best)
        self.engine.together.as_first(self.net, net)
