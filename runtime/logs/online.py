"""Services that keep numbers of many runs. Where they are and who may write there, their own settings say."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from .base import About


class Wandb:
    """A run of Weights & Biases; going on with a run goes on there too."""

    def __init__(self, project: str, about: About) -> None:
        wandb: Any = import_module("wandb")
        settings = dict(about.settings)
        self.run = wandb.init(project=project, name=about.name, id=about.ident, resume="allow", config=settings,
                              dir=about.folder)  # fmt: skip

    def numbers(self, step: int, numbers: Mapping[str, float]) -> None:
        self.run.log(dict(numbers), step=step)

    def close(self, state: str) -> None:
        self.run.finish(exit_code=0 if state == "finished" else 1)


class Mlflow:
    """A run of MLflow."""

    LONGEST = 500
    """Characters of a setting, which is what MLflow takes."""

    def __init__(self, experiment: str, about: About) -> None:
        self.mlflow: Any = import_module("mlflow")
        self.mlflow.set_experiment(experiment)
        self.mlflow.start_run(run_name=about.name)
        self.mlflow.log_params({name: str(value)[: self.LONGEST] for name, value in about.settings.items()})

    def numbers(self, step: int, numbers: Mapping[str, float]) -> None:
        self.mlflow.log_metrics({name.replace("/", "."): value for name, value in numbers.items()}, step=step)

    def close(self, state: str) -> None:
        self.mlflow.end_run({"finished": "FINISHED", "interrupted": "KILLED"}.get(state, "FAILED"))
