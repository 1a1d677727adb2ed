"""Services that keep numbers of many runs. Where they are and who may write there, their own settings say."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from .base import About


class Wandb:
    """A run of Weights & Biases; going on with a run goes on there too.

    Numbers hang on `steps`, not on the service's own count: that one only grows, and a run that goes on from a
    checkpoint begins before the place where it ended.
    """

    def __init__(self, project: str, about: About) -> None:
        wandb: Any = import_module("wandb")
        project = project or os.environ.get("WANDB_PROJECT") or "cnnc"
        self.run = wandb.init(project=project, name=about.name, id=about.ident, resume="allow",
                              config=dict(about.settings), dir=os.path.abspath(about.folder))  # fmt: skip
        self.run.define_metric("*", step_metric="steps")

    def numbers(self, step: int, numbers: Mapping[str, float]) -> None:
        self.run.log({**numbers, "steps": step})

    def close(self, state: str) -> None:
        self.run.finish(exit_code=0 if state == "finished" else 1)


class Mlflow:
    """A run of MLflow, which is found again by a tag where it goes on.

    All through a client of our own: runs that are active in the same process are left alone.
    """

    TAG = "cnnc.run"
    LONGEST = 6000
    """Characters of a setting, which is what MLflow takes; longer ones stand whole in `settings.json` beside it."""

    def __init__(self, experiment: str, about: About) -> None:
        mlflow: Any = import_module("mlflow")
        self.entities: Any = import_module("mlflow.entities")
        self.client: Any = mlflow.MlflowClient()
        at = self.experiment(experiment or os.environ.get("MLFLOW_EXPERIMENT_NAME") or "cnnc")
        self.ident: str = self.found(at, about.ident) or self.begun(at, about)
        self.client.update_run(self.ident, status="RUNNING")
        there = self.client.get_run(self.ident).data.params  # which take no other value, as that of a folder that moved
        said = {name: self.cut(str(value)) for name, value in about.settings.items() if name not in there}
        self.client.log_batch(self.ident, params=[self.entities.Param(name, value) for name, value in said.items()])
        if any(len(str(value)) > self.LONGEST for value in about.settings.values()):
            self.client.log_dict(self.ident, dict(about.settings), "settings.json")

    def experiment(self, name: str) -> str:
        """The number of an experiment, which begins where there is none of the name."""
        there = self.client.get_experiment_by_name(name)
        return str(there.experiment_id if there is not None else self.client.create_experiment(name))

    def found(self, experiment: str, ident: str) -> str | None:
        """The run that goes on."""
        there = self.client.search_runs([experiment], f"tags.`{self.TAG}` = '{ident}'", max_results=1)
        return str(there[0].info.run_id) if there else None

    def begun(self, experiment: str, about: About) -> str:
        run = self.client.create_run(experiment, tags={self.TAG: about.ident}, run_name=about.name)
        return str(run.info.run_id)

    def cut(self, value: str) -> str:
        return value if len(value) <= self.LONGEST else value[: self.LONGEST - 1] + "…"

    def numbers(self, step: int, numbers: Mapping[str, float]) -> None:
        now = int(time.time() * 1000)
        self.client.log_batch(
            self.ident, [self.entities.Metric(name, value, now, step) for name, value in numbers.items()]
        )

    def close(self, state: str) -> None:
        self.client.set_terminated(self.ident, {"finished": "FINISHED", "interrupted": "KILLED"}.get(state, "FAILED"))
