"""Where the layers of a class lie: attributes by their paths, in lists and dictionaries of modules."""

from __future__ import annotations

import keyword
from collections.abc import Iterator, Sequence
from json import loads

from ..code import Call, Code, Pair, laid, literal
from ..runs import Loop, compressed
from .names import ATTRIBUTES, DICTIONARY, LISTED

MARK = "\0"
"""Begins a line that stands for a container."""


class Tree:
    """The attributes of a class by their paths: names, numbers of a list, keys of a dictionary."""

    def __init__(self, names: Sequence[tuple[str, bool]], bare: frozenset[str] = frozenset()) -> None:
        """Names with whether they are optional; `bare` are those of weights that are no modules."""
        self.kinds: dict[str, str] = {}
        """Container -> `list`, `dict`, `module`, or `layer` that has parts beside its own."""
        self.made: set[str] = set()
        self.whole: dict[str, dict[str, Code]] = {}
        """Containers that are written in one piece, with what is in them."""
        self.alone: dict[str, Code] = {}
        """Layers that are attributes of the class itself."""
        self.turns: dict[str, list[str]] = {}
        """The lines for those that are made in a loop, at the first of them."""
        inner: dict[str, dict[str, bool]] = {}
        for name, optional in names:
            while "." in name:
                outer, _, last = name.rpartition(".")
                inner.setdefault(outer, {}).setdefault(last, optional)
                name = outer
        plain = {name for name, _ in names}
        for outer, found in inner.items():
            self.kinds[outer] = "layer" if outer in plain else self.kind(list(found))
            mixed = {f"{outer}.{key}" in bare for key in found} == {True, False}
            if mixed and self.kinds[outer] != "layer":
                self.kinds[outer] = "module"
            simple = self.kinds[outer] in ("list", "dict") and "." not in outer and not any(found.values())
            if simple and all(f"{outer}.{key}" in plain and f"{outer}.{key}" not in inner for key in found):
                self.whole[outer] = {}

    def kind(self, keys: Sequence[str]) -> str:
        if keys == [str(i) for i in range(len(keys))]:
            return "list"
        return "module" if any(k in DICTIONARY or k in ATTRIBUTES or not k for k in keys) else "dict"

    def repeat(self, names: Sequence[str], found: Loop) -> None:
        """Attributes with running numbers, made in a loop."""
        assert isinstance(found.code, Call)
        made = laid(Call("self.add_module", found.code.args), 2, 1)
        head = found.head.replace("for _ ", "for i ")
        self.turns |= {name: [] for name in names} | {names[0]: [f"{head}:", *made]}

    def expanded(self, line: str) -> list[str]:
        """A line of a constructor, or the lines of the container that it stands for."""
        if not line.startswith(MARK):
            return [line]
        name = line[len(MARK) :]
        if name in self.turns:
            return self.turns[name]
        if name in self.alone:
            return list(setting("self", name, self.alone[name], 2))
        members = self.whole[name]
        bare = all(map(is_bare, members.values()))
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


LONG = 3
"""Named layers that a sequence may have in one expression."""


def setting(base: str, name: str, made: Code, depth: int) -> Iterator[str]:
    """The lines that make an attribute; a long sequence of named layers begins empty and gets them one by one."""
    members = named_layers(made)
    if len(members) > LONG:
        yield from setting(base, name, "nn.Sequential()", depth)
        for key, code in members:
            yield from setting(reach(base, name), key, code, depth)
    elif name in LISTED:
        yield from laid(made, depth, 0, f"{base}._modules[{literal(name)}] = ")
    elif plain_name(name):
        yield from laid(made, depth, 0, f"{base}.{name} = ")
    else:
        yield from laid(
            Call(f"{base}.{'register_parameter' if is_bare(made) else 'add_module'}", (literal(name), made)), depth
        )


def named_layers(made: Code) -> list[tuple[str, Code]]:
    """The layers of `nn.Sequential(OrderedDict([...]))`; none of other code."""
    if not isinstance(made, Call) or made.head != "nn.Sequential" or len(made.args) != 1:
        return []
    (inner,) = made.args
    if not isinstance(inner, Call) or inner.head != "OrderedDict" or not isinstance(inner.args[0], Call):
        return []
    return [(loads(pair.args[0]), pair.args[1]) for pair in inner.args[0].args]


def is_bare(made: Code) -> bool:
    """Whether an attribute is a weight, no module."""
    return isinstance(made, Call) and made.head == "nn.Parameter"


def plain_name(name: str) -> bool:
    return name.isidentifier() and not keyword.iskeyword(name)
