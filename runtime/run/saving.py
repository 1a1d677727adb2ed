"""When a run saves, what it saves, and how it goes on from there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..devices.engine import Engine
from ..lowering.network import Network
from ..training.average import Averaged
from ..training.learner import Learner
from ..training.position import Position
from .checkpoint import read, write
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
                self.say(f"the checkpoint of step {position.step} cannot be written: {reason}; the one before is kept")

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
        engine.load(net, learner.optimizer, found["model"], None if over else found["optimizer"])
        if averaged is not None:
            averaged.restore(found["average"]["state"], found["average"]["count"])
        if learner.plateau is not None and found["plateau"] is not None:
            learner.plateau.restore(found["plateau"])
