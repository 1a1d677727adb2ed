"""What the processes of a run agree on while they go on."""

from __future__ import annotations

from .fetch import Fetched
from .together import Together

STRIDE = 8
"""Steps between two moments at which several processes ask each other."""


class Agreement:
    """Wishes that all follow at the same step, whoever has them.

    What is asked at one moment is answered at the next, so that no process waits for its GPU to finish what it has to
    do. A wish is to be repeated until it is followed.
    """

    def __init__(self, together: Together) -> None:
        self.together = together
        self.answer: Fetched | None = None

    def reached(self, step: int, *wishes: bool, now: bool = False) -> tuple[bool, ...]:
        """For each wish whether any process had it at the last moment; of `now`, has it, for which all wait. Before
        other steps than one in so many nothing is asked, and nobody has any. One process agrees with itself."""
        ranks = self.together.ranks
        if ranks.alone:
            return wishes
        if not now and step % STRIDE:
            return (False,) * len(wishes)
        before, self.answer = self.answer, self.together.sent([float(wish) for wish in wishes])
        asked = self.answer if now else before
        return tuple(total > 0 for total in asked.read()) if asked is not None else (False,) * len(wishes)
