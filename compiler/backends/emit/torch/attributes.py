"""Where the layers of a class lie: attributes by their paths, in lists and dictionaries of modules."""

from __future__ import annotations

import keyword
from collections.abc import Iterator, Sequence

from ..code import Call, Code, Pair, laid, literal
from ..runs import compressed
from .names import ATTRIBUTES, DICTIONARY

MARK = "\0"
"""Begins a line that stands for a container."""


class Tree:
    """The attributes of a class by their paths: names, numbers of a list, keys of a dictionary."""

    def __init__(self, names: Sequence[tuple[str, bool]]) -> None:
        self.kinds: dict[str, str] = {}
        """Container -> `list`, `dict`, `module`, or `layer` that has parts beside its own."""
        self.made: set[str] = set()
        self.whole: dict[str, dict[str, Code]] = {}
        """Containers that are written in one piece, with what is in them."""
        inner: dict[str, dict[str, bool]] = {}
        for name, optional in names:
            while "." in name:
                outer, _, last = name.rpartition(".")
                inner.setdefault(outer, {}).setdefault(last, optional)
                name = outer
        plain = {name for name, _ in names}
        for outer, found in inner.items():
            self.kinds[outer] = "layer" if outer in plain else self.kind(list(found))
            simple = self.kinds[outer] in ("list", "dict") and "." not in outer and not any(found.values())
            if simple and all(f"{outer}.{key}" in plain and f"{outer}.{key}" not in inner for key in found):
                self.whole[outer] = {}

    def kind(self, keys: Sequence[str]) -> str:
        if keys == [str(i) for i in range(len(keys))]:
            return "list"
        return "module" if any(k in DICTIONARY or k in ATTRIBUTES or not k for k in keys) else "dict"

    def expanded(self, line: str) -> list[str]:
        """A line of a constructor, or the lines of the container that it stands for."""
        if not line.startswith(MARK):
            return [line]
        name = line[len(MARK) :]
        members = self.whole[name]
        bare = all(isinstance(code, Call) and code.head == "nn.Parameter" for code in members.values())
        holds = "Parameter" if bare else "Module"
        if self.kinds[name] == "list":
            made = Call(f"nn.{holds}List", (Call("", tuple(compressed(list(members.values()))), "[]"),))
        else:
            pairs = tuple(Pair(literal(key), code) for key, code in members.items())
            made = Call(f"nn.{holds}Dict", (Call("", pairs, "{}"),))
        return list(setting("self", name, made, 2))

    def access(self, name: str) -> str:
        outer, _, last = name.rpartition(".")
        if not outer:
            return reach("self", last)
        kind = self.kinds.get(outer, "dict")
        if kind == "list":
            return f"{self.access(outer)}[{last}]"
        return f'{self.access(outer)}["{last}"]' if kind == "dict" else reach(self.access(outer), last)

    def assigned(self, name: str, made: Code, depth: int = 2) -> Iterator[str]:
        """The lines that put a module at its path, containers before it."""
        outer, _, last = name.rpartition(".")
        if not outer:
            yield from setting("self", last, made, depth)
            return
        if outer in self.whole:
            if not self.whole[outer]:
                yield MARK + outer
            self.whole[outer][last] = made
            return
        yield from self.container(outer)
        kind, there = self.kinds.get(outer, "dict"), self.access(outer)
        if kind == "list":
            yield from laid(Call(f"{there}.append", (made,)), depth)
        elif kind == "dict":
            yield from laid(made, depth, 0, f'{there}["{last}"] = ')
        else:
            yield from setting(there, last, made, depth)

    def container(self, name: str) -> Iterator[str]:
        if name in self.made or self.kinds.get(name) == "layer":
            return
        self.made.add(name)
        kind = {"list": "nn.ModuleList()", "module": "nn.Module()"}.get(self.kinds.get(name, "dict"), "nn.ModuleDict()")
        yield from self.assigned(name, kind)


def reach(base: str, name: str) -> str:
    """The code that reads an attribute."""
    if name in ATTRIBUTES:
        return f'{base}._modules["{name}"]'
    return f"{base}.{name}" if plain_name(name) else f'getattr({base}, "{name}")'


def setting(base: str, name: str, made: Code, depth: int) -> Iterator[str]:
    if plain_name(name):
        yield from laid(made, depth, 0, f"{base}.{name} = ")
    else:
        yield from laid(Call(f"{base}.add_module", (literal(name), made)), depth)


def plain_name(name: str) -> bool:
    return name.isidentifier() and not keyword.iskeyword(name)
