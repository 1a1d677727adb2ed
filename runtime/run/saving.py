"""When a run saves, what it saves, and how it goes on from there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from shlex import quote
from typing import Any

from torch import Tensor

from ...compiler.diagnostics import UserError
from ..devices.engine import Engine
from ..lowering.network import Network
from ..training.average import Averaged
from ..training.learner import Learner
from ..training.position import Position
from .checkpoint import before, read, write
from .run_folder import RunFolder
from .sparing import Sparing


class Saving:
    """The checkpoint of a run folder, written every so many steps, or as often as costs little.

    One that cannot be written, on a full disk say, does not end the run: that is said, and the next is tried.
    """

    def __init__(self, folder: RunFolder, every: int | None, say: Callable[[str], None] = lambda line: None) -> None:
        self.folder, self.every, self.say = folder, every, say
        self.sparing = Sparing()

    def due(self, step: int) -> bool:
        return step % self.every == 0 if self.every else self.sparing.due

    def save(
        self, net: Network, learner: Learner, averaged: Averaged | None, engine: Engine, position: Position
    ) -> None:
        """Write the checkpoint: the first process does, where weights are split all have a part in it."""
        with self.sparing.writing():
            state = {
                "format": 2,
                "model": engine.whole(net.state_dict()),
                "optimizer": engine.whole(learner.optimizer.state_dict()),
                "average": (
                    {"state": engine.whole(averaged.state), "count": averaged.count} if averaged is not None else None
                ),
                "plateau": learner.plateau.state() if learner.plateau is not None else None,
                "engine": engine.state(),
                "position": position.as_dict(),
            }
            try:
                if engine.ranks.first:
                    write(self.folder.checkpoint, state)
            except OSError as error:
                reason = (error.strerror or str(error)).lower()
                kept = [path for path in (self.folder.checkpoint, before(self.folder.checkpoint)) if path.exists()]
                left = "the one before is kept" if kept else "there is none before it"
                self.say(f"the checkpoint of step {position.step} cannot be written: {reason}; {left}")

    def found(self) -> dict[str, Any]:
        """What the newest whole checkpoint holds."""
        state, word = read(self.folder.checkpoint)
        if word:
            self.say(word)
        return state

    def restore(
        self, found: dict[str, Any], net: Network, learner: Learner, averaged: Averaged | None, engine: Engine,
        *, over: bool,
    ) -> None:  # fmt: skip
        """Bring back what was saved; of a run that is `over` there is no phase to go on with."""
        self.require_fitting(net, found["model"])
        engine.load(net, learner.optimizer, found["model"], None if over else found["optimizer"])
        if averaged is not None:
            averaged.restore(found["average"]["state"], found["average"]["count"])
        if learner.plateau is not None and found["plateau"] is not None:
            learner.plateau.restore(found["plateau"])

    def require_fitting(self, net: Network, saved: Mapping[str, Tensor]) -> None:
        """UserError where the model is not the one whose weights were saved."""
        then = {name: shaped(value) for name, value in saved.items()}
        now = {name: shaped(value) for name, value in net.state_dict().items()}
        odd = next((name for name in {**then, **now} if then.get(name) != now.get(name)), None)
        if odd is not None:
            model, checkpoint = self.folder.model, self.folder.checkpoint
            old, new = (found.get(odd, "not there") for found in (then, now))
            raise UserError(
                f"{model} no longer fits {checkpoint}: `{odd}` is {old} in the checkpoint, {new} in the model: undo "
                f"what was changed in it, or begin a new run with `cnnc train {quote(str(model))}`"
            )


def shaped(value: Tensor) -> str:
    """`16x8x3x3`"""
    return "x".join(map(str, value.shape)) or "one number"
