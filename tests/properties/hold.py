"""A network before one judge: the numbers must agree, or what cannot be said is refused by name."""

from __future__ import annotations

from collections.abc import Callable

from cnnc.compiler.decompile.tied import Unsharable
from cnnc.compiler.frontends.unread import Unreadable

from .judges import JUDGES, Array, Case, agree, case, ours, shapes
from .keras_judge import Unsaid, keras_values

EVERY: dict[str, Callable[[Case], list[Array]]] = {**JUDGES, "keras": keras_values}
UNSAID = " refused"


def held(text: str, judge: str) -> bool:
    """A judge agrees about a network; False where it was refused by name.

    Where he does not, other numbers must show it too: of two values that are almost one the larger is anybody's guess,
    and a maximum's place goes with it. What the language cannot say when it is read from elsewhere is refused by name.
    """
    for seed in (0, 1):
        drawn = case(text, seed)
        expected = ours(drawn)
        shapes(drawn, expected)
        try:
            agree(EVERY[judge](drawn), expected)
        except (Unreadable, Unsaid, Unsharable):
            return False
        except AssertionError:
            if seed:
                raise
            continue
        return True
    return True
