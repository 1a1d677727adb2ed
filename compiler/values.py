"""What an expression can be while a model is expanded.

Numbers, booleans, strings, lists, tuples, maps and None are Python's own. A value of the network is a `graph.Port`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from .graph import Port

if TYPE_CHECKING:
    from . import syntax
    from .scope import Binding, FileScope, Scope
    from .source import Span


class Amount(NamedTuple):
    """A number with its unit: `500 steps`, `10 deg`."""

    number: int | float
    unit: str

    def __str__(self) -> str:
        return f"{self.number} {self.unit}"


class Symbol(NamedTuple):
    """A word that stands for itself: a layer, an initialiser or a choice, perhaps with arguments bound."""

    word: str
    args: tuple[Any, ...] = ()
    named: tuple[tuple[str, Any], ...] = ()

    def __str__(self) -> str:
        if not self.args and not self.named:
            return self.word
        inner = [show(a) for a in self.args] + [f"{k}={show(v)}" for k, v in self.named]
        return f"{self.word}({', '.join(inner)})"


class Given(NamedTuple):
    """One evaluated argument of a call and where it stands."""

    name: str | None
    value: Any
    span: Span


class Family:
    """All values of an indexed name, such as `e` where `e[0]`, `e[1]` were bound: in the order of the indices."""

    __slots__ = ("items", "name", "poisoned")

    def __init__(self, name: str) -> None:
        self.name = name
        self.items: dict[int, Any] = {}
        self.poisoned = False
        """Whether one of them could not be made."""

    def __iter__(self) -> Iterator[Any]:
        return (self.items[i] for i in sorted(self.items))

    def __len__(self) -> int:
        return len(self.items)


class Several(tuple[Any, ...]):
    """What a call with several outputs gives, or `(a, b)` at the head of a chain: for a merge, or to be taken apart."""

    __slots__ = ()


class Instance:
    """The result of a block or model call: its value, and its inner names with their bindings, for `body.c[5]`."""

    __slots__ = ("names", "path", "value")

    def __init__(self, value: Any, names: dict[str, Binding], path: str) -> None:
        self.value = value
        self.names = names
        self.path = path

    def inner(self, name: str) -> Any:
        """What is bound to `pooled` or to `c[5]` inside; None where nothing is. It counts as read."""
        stem, *indices = name.replace("]", "").split("[")
        if stem not in self.names:
            return None
        self.names[stem].read = True
        value = self.names[stem].value
        for index in indices:
            value = value.items.get(int(index)) if isinstance(value, Family) and index.isdecimal() else None
        return value


class Definition:
    """A block or model with the file it was written in and the arguments bound so far (`bottleneck(groups=32)`)."""

    __slots__ = ("args", "home", "named", "written")

    def __init__(
        self,
        written: syntax.Block | syntax.Model | syntax.Variant,
        home: FileScope,
        args: tuple[Any, ...] = (),
        named: tuple[tuple[str, Any], ...] = (),
    ) -> None:
        self.written = written
        self.home = home
        self.args = args
        self.named = named

    @property
    def name(self) -> str:
        return self.written.name

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Definition)
            and self.written is other.written
            and self.args == other.args
            and self.named == other.named
        )

    def __hash__(self) -> int:
        return hash(id(self.written))


class Function(NamedTuple):
    """`let f(a) = expr`, with the scope it was written in."""

    written: syntax.LetFunction
    scope: Scope


class Builtin(NamedTuple):
    """A function of the small library."""

    name: str
    function: Callable[..., Any]


class Shared:
    """`share name = chain`: expanded anew at each use, with the same weights."""

    __slots__ = ("path", "place", "uses", "written")

    def __init__(self, written: syntax.Share, place: Any, path: str) -> None:
        self.written = written
        self.place = place
        self.path = path
        self.uses = 0


class _Poison:
    """Stands for a value that could not be made; whatever depends on it is passed over in silence."""

    def __repr__(self) -> str:
        return "POISON"


POISON = _Poison()


class Poisoned(Exception):
    """An expression asked something of POISON: the statement is passed over, its error has been told."""


def is_value(thing: Any) -> bool:
    """Whether it is a value of the network, or several."""
    return isinstance(thing, (Port, Family, Several, Instance)) or thing is POISON


def is_values(thing: Any) -> bool:
    """A value, or a non-empty list of values."""
    return is_value(thing) or (isinstance(thing, (list, tuple)) and bool(thing) and all(is_values(t) for t in thing))


def ports(thing: Any) -> Iterator[Any]:
    """The single values of a value, several, a family or lists of these, in order; POISON is passed on."""
    if isinstance(thing, Port) or thing is POISON:
        yield thing
    elif isinstance(thing, Instance):
        yield from ports(thing.value)
    else:
        for item in thing:
            yield from ports(item)


def describe(thing: Any) -> str:
    """What kind of thing it is, in the words of a message."""
    match thing:
        case None:
            return "`none`"
        case bool():
            return f"`{show(thing)}`"
        case int() | float():
            return f"the number {show(thing)}"
        case str():
            return f"the string {show(thing)}"
        case Port():
            return f"a value of shape {thing.shape}"
        case Family():
            return f"the values `{thing.name}[...]`"
        case Several():
            return f"{len(thing)} values"
        case Instance():
            return describe(thing.value)
        case list() | tuple() | dict():
            return f"`{show(thing)}`"
        case Amount():
            return f"`{thing}`"
        case Symbol():
            return f"the word `{thing}`"
        case Definition():
            return f"the {type(thing.written).__name__.lower()} `{thing.name}`"
        case Function() | Builtin():
            return "a function"
    return "a shared part"


def show(thing: Any, limit: int = 60) -> str:
    """As it would be written, cut at `limit` characters."""
    text = _show(thing)
    return text if len(text) <= limit else text[: limit - 3] + "..."


def _show(thing: Any) -> str:
    match thing:
        case None:
            return "none"
        case bool():
            return "true" if thing else "false"
        case float():
            return f"{thing:.6g}"
        case str():
            return f'"{thing}"'
        case list():
            return "[" + ", ".join(_show(t) for t in thing[:20]) + "]"
        case tuple() if type(thing) is tuple:
            return "(" + ", ".join(_show(t) for t in thing[:20]) + ")"
        case dict():
            return "{" + ", ".join(f"{_show(k)}: {_show(v)}" for k, v in list(thing.items())[:20]) + "}"
        case Definition():
            return thing.name
        case Port():
            return str(thing.shape)
        case Family():
            return f"{thing.name}[...]"
        case Instance():
            return _show(thing.value)
        case Function():
            return thing.written.name
        case Builtin():
            return thing.name
    return str(thing)
