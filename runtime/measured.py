"""The figures of a run at its own task, whatever it is: on what it held out, or on other data."""

from __future__ import annotations

import time
from typing import Any, NamedTuple

from ..compiler.diagnostics import UserError
from .adapt import Changes
from .data import Dataset
from .engine import Engine
from .feeding import Feeds
from .figures import Figures
from .job import Job, recipe_of
from .learner import criterion
from .lower import lower
from .measure import Measuring, measure
from .opened import data_for, measured_on
from .reopen import compiled
from .run_folder import RunFolder
from .stages import stages
from .task import Task
from .weights import load_into


class Measured(NamedTuple):
    """Figures, of what task and which data, and the seconds that it took."""

    task: Task
    figures: Figures
    data: Dataset
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"task": self.task.word, **self.figures.as_dict(self.task.classes), "seconds": round(self.seconds, 3)}


def measured(folder: RunFolder, weights: str | None, text: str | None) -> Measured:
    """Load the weights that were kept, or others, and measure in full precision. `text` names other data."""
    config = folder.read_config()
    if weights is None and not folder.best.exists():
        raise UserError(f"{folder}: the run has no weights yet")
    data = data_for(config, text)
    data = data._replace(held=measured_on(data, text))
    changes = Changes(tuple(config["params"]), tuple(config["inputs"]))
    job = Job(compiled(folder, config), changes, data, recipe_of(config), config["device"])
    engine = Engine("cpu" if job.device == "auto" else job.device, "fp32")
    net = lower(job.checked, seed=None, head="folded")
    load_into(net, job.checked, weights or folder.best)
    losses = criterion(job, stages(job.recipe, max(len(data.train), 1))[-1], net)
    began = time.perf_counter()
    feed = Feeds(job, ahead=engine.apart).held(clean=losses.clean)
    figures = measure(engine.placed(net), feed, engine, losses, Measuring(job.task, net.folded[0]))
    return Measured(job.task, figures, data, time.perf_counter() - began)
