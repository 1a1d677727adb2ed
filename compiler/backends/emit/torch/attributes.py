"""Where the layers of a class lie: attributes by their paths, in lists and dictionaries of modules."""

from __future__ import annotations

import keyword
from collections.abc import Iterator, Mapping, Sequence
from json import loads

from ..code import Call, Code, Pair, Spread, laid, literal
from ..repeats import Repeat
from ..runs import compressed, progression, turned
from .names import ATTRIBUTES, DICTIONARY, LISTED

MARK = "\0"
"""Begins a line that stands for a container."""


class Tree:
    """The attributes of a class by their paths: names, numbers of a list, keys of a dictionary."""

    def __init__(self, names: Sequence[tuple[str, bool]], bare: frozenset[str] = frozenset()) -> None:
        """Names with whether they are optional; `bare` are those of weights that are no modules."""
        self.kinds: dict[str, str] = {}
        """Container -> `list`, `dict`, `module`, or `layer` that has parts beside its own."""
        self.sizes: dict[str, int] = {}
        """How many each container holds."""
        self.made: set[str] = set()
        self.whole: dict[str, dict[str, Code]]
        """Containers of the class that are written in one piece: the layers in them by their paths."""
        self.alone: dict[str, Code] = {}
        """Layers that are attributes of the class itself."""
        self.turns: dict[str, Sequence[str]] = {}
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
            self.sizes[outer] = len(found)

        def simple(name: str) -> bool:
            """Whether this is a layer, or a list or dictionary of such, of which none is optional."""
            if name not in inner:
                return True
            found = inner[name]
            kept = self.kinds[name] in ("list", "dict") and not any(found.values())
            return kept and all(simple(f"{name}.{key}") for key in found)

        self.whole = {name: {} for name in inner if "." not in name and simple(name)}

    def kind(self, keys: Sequence[str]) -> str:
        if keys == [str(i) for i in range(len(keys))]:
            return "list"
        return "module" if any(k in DICTIONARY or k in ATTRIBUTES or not k for k in keys) else "dict"

    def repeat(self, families: Sequence[Sequence[str]]) -> None:
        """Make attributes with running numbers in a loop; each family has one for each turn."""
        if not families:
            return
        code, head = turned([Call("", tuple(map(self.added, names))) for names in zip(*families)])
        assert isinstance(code, Call)
        self.turns |= {name: () for family in families for name in family}
        lines = [line for call in code.args for line in laid(call, 2, 1)]
        self.turns[families[0][0]] = (f"{head}:", *lines)

    def over(self, found: Repeat) -> Repeat:
        """A loop over all of a list needs no bounds."""
        for name, size in self.sizes.items():
            if found.head == f"for layer in {self.access(name)}[:{size}]":
                return found._replace(head=f"for layer in {self.access(name)}")
        return found

    def added(self, name: str) -> Call:
        """The code that makes one attribute of the class, whose name is computed."""
        return Call("self.add_module", (literal(name), self.top(name)))

    def even(self, names: Sequence[str]) -> bool:
        """Whether a loop can make attributes of the class."""
        known = all(name in self.alone or self.whole.get(name) for name in names)
        return known and progression(list(map(self.added, names))) is not None

    def expanded(self, line: str) -> Sequence[str]:
        """A line of a constructor, or the lines of the container that it stands for."""
        if not line.startswith(MARK):
            return [line]
        name = line[len(MARK) :]
        if name in self.turns:
            return self.turns[name]
        return list(setting("self", name, self.top(name), 2))

    def top(self, name: str) -> Code:
        """The code that makes an attribute of the class itself."""
        return self.alone[name] if name in self.alone else self.container_of(name, self.whole[name])

    def container_of(self, name: str, layers: Mapping[str, Code]) -> Code:
        """The code that makes a container in one piece, of layers by their paths in it."""
        inner: dict[str, dict[str, Code]] = {}
        for path, code in layers.items():
            key, _, rest = path.partition(".")
            inner.setdefault(key, {})[rest] = code
        members = {
            key: found[""] if "" in found else self.container_of(f"{name}.{key}", found) for key, found in inner.items()
        }
        holds = "Parameter" if all(map(is_bare, members.values())) else "Module"
        if self.kinds[name] == "list":
            items = tuple(compressed(list(members.values())))
            alone = items[0].code if len(items) == 1 and isinstance(items[0], Spread) else None
            listed = alone.args if isinstance(alone, Call) else (Call("", items, "[]"),)
            return Call(f"nn.{holds}List", tuple(listed))
        pairs = tuple(Pair(literal(key), code) for key, code in members.items())
        return Call(f"nn.{holds}Dict", (Call("", pairs, "{}"),))

    def turning(self, names: Sequence[str]) -> str | None:
        """The code that reads the attribute of turn `i`; None where paths are not alike."""
        code, outers = "self", [""] * len(names)
        columns = list(zip(*(name.split(".") for name in names)))
        if len({name.count(".") for name in names}) > 1:
            return None
        for column in columns:
            kinds = {self.kinds.get(outer, "dict") if outer else "module" for outer in outers}
            made = one_of(column, kinds.pop(), code) if len(kinds) == 1 else None
            if made is None:
                return None
            code, outers = made, [f"{outer}.{name}".strip(".") for outer, name in zip(outers, column)]
        return code

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
        top, _, path = name.partition(".")
        if top in self.whole:
            if not self.whole[top]:
                yield MARK + top
            self.whole[top][path] = made
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


def one_of(names: Sequence[str], kind: str, base: str) -> str | None:
    """The code that reads what has one name in each turn, from a container of a kind."""
    if len(set(names)) == 1:
        name = names[0] if kind in ("module", "layer", "list") else literal(names[0])
        return reach(base, name) if kind in ("module", "layer") else f"{base}[{name}]"
    if any(name in ATTRIBUTES for name in names):
        return None
    number = progression(list(names) if kind == "list" else list(map(literal, names)))
    if number is None:
        return None
    return f"getattr({base}, {number})" if kind in ("module", "layer") else f"{base}[{number}]"


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
