"""Names and what they are bound to: once, nothing is rebound or shadowed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .elsewhere import Skipped, Written
from .fault import Fault
from .source import Span
from .values import POISON, Definition, Family

RESERVED = frozenset({"input", "true", "false", "none"})


class Binding:
    """What one name stands for. `kind` is `parameter`, `let`, `value`, `side`, `loop` or `shared`."""

    __slots__ = ("kind", "read", "span", "value")

    def __init__(self, value: Any, span: Span, kind: str) -> None:
        self.value = value
        self.span = span
        self.kind = kind
        self.read = False


class FileScope:
    """What a file offers its own calls: definitions, lets and default arguments."""

    __slots__ = ("defaults", "definitions", "lets", "name", "used")

    def __init__(self, name: str) -> None:
        self.name = name
        self.definitions: dict[str, Definition] = {}
        self.lets: dict[str, Binding] = {}
        self.defaults: dict[str, dict[str, tuple[Any, Span]]] = {}


class Scope:
    """A block or model body (`outer` None, `whole` itself), a body inside it, or the turn of a loop."""

    __slots__ = ("body", "file", "names", "outer", "skipped", "whole")

    def __init__(self, file: FileScope, outer: Scope | None = None) -> None:
        self.file = file
        self.outer = outer
        self.whole: Scope = self if outer is None else outer.whole
        self.names: dict[str, Binding] = {}
        self.skipped: Skipped = Skipped() if outer is None else outer.whole.skipped
        """Conditions not taken, to say why a name is not there."""
        self.body: Written = Written() if outer is None else outer.whole.body
        """The statements of the whole block or model, for the same purpose."""

    def inner(self) -> Scope:
        """A scope in this one, while which nothing is bound here: where this one is empty it is left out of the way."""
        return Scope(self.file, self if self.names or self.outer is None else self.outer)

    def find(self, name: str) -> Binding | None:
        """The binding of a name in this scope or one around it, up to the file's lets."""
        scope: Scope | None = self
        while scope is not None:
            found = scope.names.get(name)
            if found is not None:
                return found
            scope = scope.outer
        return self.file.lets.get(name)

    def bind(self, name: str, value: Any, span: Span, kind: str) -> None:
        """Bind a plain name here; Fault where it is bound already, here or around."""
        if name in RESERVED:
            raise Fault("rebound", f"`{name}` has a meaning of its own and cannot name something else", span)
        earlier = self.find(name)
        if earlier is not None:
            raise rebound(name, earlier, span)
        self.names[name] = Binding(value, span, kind)

    def bind_indexed(self, name: str, indices: tuple[int, ...], value: Any, span: Span, kind: str) -> None:
        """Bind `name[i]...`, which belongs to the enclosing block or model; each index once."""
        binding = self.find(name)
        if binding is None:
            binding = Binding(Family(name), span, kind)
            self.whole.names[name] = binding
        if not isinstance(binding.value, Family) or binding is not self.whole.names.get(name):
            raise rebound(name, binding, span)
        family: Family = binding.value
        for index in indices[:-1]:
            nested = family.items.setdefault(index, Family(f"{family.name}[{index}]"))
            if not isinstance(nested, Family):
                raise rebound(f"{family.name}[{index}]", binding, span)
            family = nested
        if indices[-1] in family.items:
            raise rebound(f"{family.name}[{indices[-1]}]", binding, span)
        family.items[indices[-1]] = value

    def comes_in(self, value: Any, span: Span) -> None:
        """Bind `input`, what came into the block or model."""
        self.whole.names["input"] = Binding(value, span, "input")

    @staticmethod
    def poisoned(span: Span) -> Binding:
        """The binding of a name whose value could not be made."""
        binding = Binding(POISON, span, "let")
        binding.read = True
        return binding

    def visible(self) -> Iterator[str]:
        """Every name that can be used here, for "did you mean"."""
        scope: Scope | None = self
        while scope is not None:
            yield from scope.names
            scope = scope.outer
        yield from self.file.lets
        yield from self.file.definitions


def rebound(name: str, earlier: Binding, span: Span) -> Fault:
    return Fault(
        "rebound",
        f"`{name}` is bound already",
        span,
        notes=(f"first bound at {earlier.span.place}",),
        help="choose another name, or an index as in `e[i]`: nothing is bound twice",
    )
