"""A job from a text and data in memory, trained within the process."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import torch
from cnnc.compiler.chosen import chosen
from cnnc.compiler.override import overridden
from cnnc.compiler.pipeline import Compiled, Options, compile_path, compile_text
from cnnc.runtime.data import Dataset
from cnnc.runtime.devices.engine import Engine
from cnnc.runtime.jobs.adapt import Changes
from cnnc.runtime.jobs.job import Job
from cnnc.runtime.jobs.prepare import Asked, joined
from cnnc.runtime.run.reopen import apart, apart_shape, shape_of
from cnnc.runtime.run.run_folder import RunFolder
from cnnc.runtime.training.train import Outcome, Trainer


class Silent:
    """Nobody is told."""

    def step(self, *_: Any) -> None: ...

    def epoch(self, *_: Any) -> None: ...

    def say(self, text: str) -> None: ...


class Trial(NamedTuple):
    trainer: Trainer
    outcome: Outcome

    @property
    def rows(self) -> list[dict[str, Any]]:
        return self.trainer.position.rows

    @property
    def scores(self) -> dict[str, float]:
        assert self.outcome.figures is not None
        return self.outcome.figures.scores


def job_of(source: str | Path, data: Dataset, *sets: str, recipe: str | None = None, model: str | None = None) -> Job:
    """What `cnnc train SOURCE --set ...` would settle for these data."""
    from cnnc.compiler.constants import constant

    def compile(changes: Changes) -> Compiled:
        params = {name: constant(value, text) for name, value, text in map(apart, changes.params)}
        inputs = {name: shape_of(value) for name, value, _ in map(apart_shape, changes.inputs)}
        wanted = Options(model, params, inputs)
        return compile_text(source, "<test>", wanted) if isinstance(source, str) else compile_path(str(source), wanted)

    compiled = compile(Changes())
    said = overridden(chosen(compiled, recipe), list(sets), whole=True)
    return joined(compiled, data, said, Changes(), Asked(sets=tuple(sets)), compile).job


def trained(
    folder: Path, source: str | Path, data: Dataset, *sets: str, recipe: str | None = None, model: str | None = None,
    device: str = "cpu",
) -> Trial:  # fmt: skip
    """Train to the end on one thread, in single precision."""
    job = job_of(source, data, *sets, recipe=recipe, model=model)
    engine = Engine(device, "fp32")
    torch.set_num_threads(1)
    folder.mkdir(exist_ok=True, parents=True)
    trainer = Trainer(job, RunFolder(folder), engine, Silent())
    trainer.prepare()
    return Trial(trainer, trainer.run())
