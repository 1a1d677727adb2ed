"""The figures of a run at its own task, whatever it is: on what it held out, or on other data."""

from __future__ import annotations

import time
from typing import Any, NamedTuple

from ...compiler.diagnostics import UserError
from ..batches.feed import Feed
from ..batches.feeding import Feeds
from ..data import Dataset
from ..devices.engine import Engine
from ..devices.layout import laid_out
from ..jobs.adapt import Changes
from ..jobs.job import Job, recipe_of
from ..jobs.stages import stages
from ..jobs.task import Task
from ..lowering.lower import lower
from ..lowering.network import Network
from ..measuring.criterion import Criterion
from ..measuring.figures import Figures
from ..measuring.measure import Measuring, measure
from ..run.reopen import compiled
from ..run.run_folder import RunFolder
from ..training.learner import criterion
from ..training.whitening import kept
from ..weights import load_into
from .opened import data_for, measured_on


class Work(NamedTuple):
    """A run's network with weights, and what measures it: in full precision, on what is held out."""

    job: Job
    net: Network
    engine: Engine
    feed: Feed
    losses: Criterion


class Measured(NamedTuple):
    """Figures, of what task and which data, and the seconds that it took."""

    task: Task
    figures: Figures
    data: Dataset
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"task": self.task.word, **self.figures.as_dict(self.task.classes), "seconds": round(self.seconds, 3)}


def measured(folder: RunFolder, weights: str | None, text: str | None, device: str = "auto") -> Measured:
    """The figures of the weights that were kept, or of others. `text` names other data."""
    data = data_for(folder.read_config(), text, folder)
    work = at_work(folder, weights, data._replace(held=measured_on(data, text)), device)
    began = time.perf_counter()
    measuring = Measuring(work.job.task, work.net.folded[0])
    figures = measure(work.net, work.feed, work.engine, work.losses, measuring)
    return Measured(work.job.task, figures, work.job.data, time.perf_counter() - began)


def at_work(folder: RunFolder, weights: str | None, data: Dataset, device: str = "auto") -> Work:
    """The run with these data. UserError where it has no weights yet."""
    config = folder.read_config()
    if weights is None and not folder.best.exists():
        raise UserError(f"{folder}: the run has no weights yet")
    changes = Changes(tuple(config["params"]), tuple(config["inputs"]))
    job = Job(compiled(folder, config), changes, data, recipe_of(config), device)
    engine = Engine(device, "fp32")
    net = lower(job.checked, seed=None, head="folded")
    load_into(net, job.checked, weights or folder.best)
    net = laid_out(net).to(engine.device).eval()
    losses = criterion(job, stages(job.recipe, max(len(data.train), 1))[-1], net)
    feeds = Feeds(job, engine.reading(None), kept(folder, job.recipe))
    return Work(job, net, engine, feeds.held(clean=losses.clean, maps=losses.maps), losses)
