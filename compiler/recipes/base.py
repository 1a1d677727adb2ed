"""What an entry of a recipe is: a frozen record, declared like an operator, under the word that users type.

`optimizer adamw, lr=1e-3` has the entry `optimizer` and the word `adamw`; an entry without choices, such as `batch
64`, has no word. Some words stand only inside others: steps of `augment:`, sources of `data`, metrics. Each kind has
its table. Importing `compiler.recipes` fills the tables.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from ..ops.record import Record, arg, option

if TYPE_CHECKING:
    from typing_extensions import dataclass_transform
else:

    def dataclass_transform(**_: Any) -> Callable[[T], T]:
        return lambda thing: thing


T = TypeVar("T")


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(arg, option))
class Entry(Record):
    """One statement of a recipe."""

    entry: ClassVar[str] = ""
    """The first word of the statement."""
    repeated: ClassVar[bool] = False
    """Whether a recipe may hold several; of the others a later phase replaces the earlier."""
    apart: ClassVar[str] = ""
    """The field by which several differ, where two of the same would be one too many."""
    whole: ClassVar[bool] = False
    """Whether it holds for the whole run, so that no phase says it."""
    many: ClassVar[str] = ""
    """The field that takes all positional arguments together."""
    renamed: ClassVar[dict[str, str]] = {}
    """Argument names that Python keeps for itself (`from`), and the fields they stand for."""


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(arg, option))
class Part(Record):
    """A word with arguments inside an entry: `folder("data")`, `top(5)`, a step of `augment:`."""

    kind: ClassVar[str] = ""


ENTRIES: dict[str, type[Entry] | dict[str, type[Entry]]] = {}
"""The statements of a recipe; those whose first argument chooses have a table of their words."""
PARTS: dict[str, dict[str, type[Part]]] = {}
"""The words inside entries, by kind."""

E = TypeVar("E", bound=type[Entry])
P = TypeVar("P", bound=type[Part])


def entry(name: str, word: str = "") -> Callable[[E], E]:
    """Register an entry, or one word of an entry that chooses."""

    def register(cls: E) -> E:
        cls.entry = name
        cls.word = f"{name} {word}" if word else name
        if word:
            words = ENTRIES.setdefault(name, {})
            assert isinstance(words, dict)
            words[word] = cls
        else:
            ENTRIES[name] = cls
        return cls

    return register


def part(kind: str, word: str) -> Callable[[P], P]:
    """Register a word of one kind of part."""

    def register(cls: P) -> P:
        cls.kind = kind
        cls.word = word
        PARTS.setdefault(kind, {})[word] = cls
        return cls

    return register


def kinds(name: str) -> tuple[type[Entry], ...]:
    """The entries that begin with a word."""
    found = ENTRIES[name]
    return tuple(found.values()) if isinstance(found, dict) else (found,)


def chosen(cls: type[Entry]) -> str:
    """The word that chooses this entry among its like: `adamw` of `optimizer adamw`, else empty."""
    return cls.word.partition(" ")[2]


__all__ = ["ENTRIES", "PARTS", "Entry", "Part", "arg", "chosen", "entry", "kinds", "option", "part"]
