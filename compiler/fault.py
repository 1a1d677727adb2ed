"""What stops one statement: raised where it is noticed, turned into a diagnostic where the way in is known."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from functools import lru_cache

from .source import Span


class Fault(Exception):
    """A diagnostic on its way, still without its frame."""

    def __init__(
        self, code: str, message: str, span: Span, *, label: str = "", notes: tuple[str, ...] = (), help: str = ""
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.span = span
        self.label = label
        self.notes = notes
        self.help = help


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`did you mean `relu`?`, or nothing where no known word is near."""
    return _nearest(word, tuple(dict.fromkeys(known)))


@lru_cache(maxsize=256)
def _nearest(word: str, known: tuple[str, ...]) -> str:
    folded = {k.lower().replace("_", ""): k for k in reversed(known)}
    exact = folded.get(word.lower().replace("_", ""))
    near = [exact] if exact and exact != word else get_close_matches(word, known, n=1, cutoff=0.75)
    near = near or [k for k in known if sorted(k) == sorted(word) or (len(k) > 3 and word.lower().startswith(k))]
    return f"did you mean `{near[0]}`?" if near else ""
