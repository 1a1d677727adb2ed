"""Declarations of operators, initialisers and recipes in words: how each is called, and what its arguments take."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from inspect import cleandoc

from .convert import wanted
from .ops.record import Arg, Record
from .values import show


def usage(cls: type[Record]) -> str:
    """What must be given: `conv OUT, SIZE`."""
    fields = cls.fields.items()
    needed = (f.name.upper() if f.position else f"{spelled(cls, name)}=..." for name, f in fields if f.required)
    return called(cls, needed)


def signature(cls: type[Record]) -> str:
    """All that can be given, as one would write it: `maxpool size, stride=none, pad=valid`."""
    return called(cls, arguments(cls))


def called(cls: type[Record], arguments: Iterable[str]) -> str:
    """The word with its arguments; behind the word of an entry it is one of them: `loss mse, weight=2`."""
    apart = ", " if " " in cls.word else " "
    return apart.join([cls.word, *filter(None, [", ".join(arguments)])])


def spelled(cls: type[Record], field: str) -> str:
    """The word by which an argument is given: `from` is one that Python keeps for itself."""
    return next((word for word, name in getattr(cls, "renamed", {}).items() if name == field), field)


def arguments(cls: type[Record]) -> Iterator[str]:
    for name, field in cls.fields.items():
        if field.required:
            yield name if field.position else f"{spelled(cls, name)}=..."
        else:
            yield f"{spelled(cls, name)}={default(field)}"


def default(field: Arg) -> str:
    """The value of a field that is not given."""
    value = field.default
    if hasattr(value, "_fields") or (isinstance(value, str) and field.choices):
        return str(value)
    if isinstance(value, tuple) and field.type.startswith("Sizes"):
        return "x".join(map(str, value))
    return show(value[0] if isinstance(value, tuple) and len(value) == 1 else value)


LATER = "Checked, but not run yet."


def told(cls: type[Record]) -> str:
    """What a record is: its docstring."""
    return cleandoc(cls.__doc__ or "") + f" {LATER}" * cls.later


def meaning(field: Arg) -> str:
    """What an argument is."""
    return f"{field.doc}. {LATER}" if field.later else field.doc


def takes(field: Arg) -> str:
    """The type in words, and its bounds."""
    bounds = {"at least": field.min, "more than": field.above, "at most": field.max, "less than": field.below}
    told = " and ".join(f"{word} {show(n)}" for word, n in bounds.items() if n is not None)
    return f"{wanted(field)}{told and f', {told}'}"
