"""The blocks of a model, each behind those that it is made of: which instances one class or function stands for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Any, Generic, Protocol, TypeVar

from ... import syntax as s
from ...graph import Checked
from ...values import Definition
from .code import Code, Leaf
from .entries import Body, Unlike
from .params import ABSENT, Param
from .parts import Anatomy, Part
from .said import Said


class Block(Protocol):
    """A class or function: its name and what its instances are built with."""

    @property
    def name(self) -> str: ...

    @property
    def params(self) -> tuple[Param, ...]: ...


M = TypeVar("M", bound=Block)


class Blocks(Generic[M]):
    """Writes the blocks of a model one after another. What is written is said by the subclass."""

    def __init__(self, checked: Checked, anatomy: Anatomy) -> None:
        self.checked = checked
        self.anatomy = anatomy
        self.made: list[M] = []
        self.homes: dict[int, tuple[M, int]] = {}
        """The block of each instance, and its number among the instances."""
        self.calls: dict[int, dict[tuple[int, int], s.Call]] = {}
        for parts in ordered(anatomy.root):
            self.block(parts)

    # --- of the subclass ----------------------------------------------------------------------------------------------

    def body(self, part: Part) -> Body:
        """The steps of one instance."""
        raise NotImplementedError

    def written(self, bodies: Sequence[Body], name: str, doc: str) -> M:
        """The block of some instances; Unlike where they are too different for one."""
        raise NotImplementedError

    def build(self, made: M, leaves: Sequence[Leaf], part: Part, around: Part) -> Code:
        """The code that builds one instance, from the leaves of its parameters."""
        raise NotImplementedError

    def title(self, name: str) -> str:
        """A block's name in the style of the language."""
        raise NotImplementedError

    taken: frozenset[str] = frozenset()
    """Names that no block can have."""

    # --- instances ----------------------------------------------------------------------------------------------------

    def block(self, parts: Sequence[Part]) -> None:
        """All instances of one block."""
        clusters = self.clusters([self.body(part) for part in parts])
        for cluster in clusters:
            name = self.name(cluster, len(clusters) > 1)
            made = self.written(cluster, name, self.documentation(parts[0]))
            self.made.append(made)
            for number, one in enumerate(cluster):
                self.homes[id(one.part)] = (made, number)

    def clusters(self, bodies: Sequence[Body]) -> list[list[Body]]:
        """Instances that one class can stand for: all if that goes, else groups of like ones."""
        if self.fit(bodies):
            return [list(bodies)]
        groups: dict[Hashable, list[Body]] = defaultdict(list)
        for one in bodies:
            groups[signature(one)].append(one)
        found: list[list[Body]] = []
        for group in groups.values():
            for part in [group] if self.fit(group) else [[one] for one in group]:
                home = next((cluster for cluster in found if self.fit([*cluster, *part])), None)
                if home is None:
                    found.append(list(part))
                else:
                    home += part
        return found

    def fit(self, bodies: Sequence[Body]) -> bool:
        try:
            self.written(bodies, "x", "")
        except Unlike:
            return False
        return True

    def make(self, part: Part, around: Part) -> Code:
        """The code that builds an inner instance."""
        made, number = self.homes[id(part)]
        given = self.given(part, around)
        return self.build(made, [leaf(param, number, given) for param in made.params], part, around)

    def given(self, part: Part, around: Part) -> dict[str, s.Expr]:
        """What a block's call says for its parameters, as written."""
        home = next((f for f in (part.frame.parent or part.frame).outward() if f.written is not None), None)
        written = part.frame.written
        if home is not around.frame or written is None or isinstance(home.written, s.Variant):
            return {}
        call = self.calls_of(home.written).get((part.frame.span.start, part.frame.span.end))
        positions = iter([p.name for p in written.params])
        return {arg.name or next(positions, ""): arg.value for arg in call.args} if call is not None else {}

    def calls_of(self, written: Any) -> dict[tuple[int, int], s.Call]:
        if id(written) not in self.calls:
            self.calls[id(written)] = Said(written).calls
        return self.calls[id(written)]

    # --- names --------------------------------------------------------------------------------------------------------

    def name(self, cluster: Sequence[Body], several: bool) -> str:
        part = cluster[0].part
        name = self.title(part.frame.name if part.path else self.checked.name)
        if several:
            name += distinction(cluster, self.title)
        taken = {made.name for made in self.made} | self.taken
        stem, number = name, 2
        while name in taken:
            name, number = f"{stem}{number}", number + 1
        return name

    def documentation(self, part: Part) -> str:
        written = part.frame.written
        if not part.path:
            return self.checked.doc
        body = () if written is None else written.body
        return next((item.text for item in body if isinstance(item, s.Doc)), "")


def leaf(param: Param, number: int, given: dict[str, s.Expr]) -> Leaf:
    """What one instance gives for a parameter."""
    value = param.default if param.values[number] is ABSENT else param.values[number]
    channels = param.comes_in if param.comes_in >= 0 else None
    return Leaf(value, param.name, given.get(param.name), channels, param.default)


def distinction(cluster: Sequence[Body], title: Callable[[str], str]) -> str:
    """What blocks the instances were given, if they were given the same."""
    given = [tuple(v.name for _, v in one.part.frame.bindings if isinstance(v, Definition)) for one in cluster]
    return "".join(title(name) for name in given[0]) if len(set(given)) == 1 else ""


def ordered(root: Part) -> Iterator[list[Part]]:
    """The instances by block, each block behind those that it is made of."""
    groups: dict[Hashable, list[Part]] = defaultdict(list)
    for part in root.parts:
        groups[part.definition].append(part)
    inner = {
        definition: {item.definition for part in parts for item in part.items if isinstance(item, Part)}
        for definition, parts in groups.items()
    }
    done: set[Hashable] = set()

    def visit(definition: Hashable) -> Iterator[list[Part]]:
        if definition not in done:
            done.add(definition)
            for other in [d for d in groups if d in inner[definition]]:
                yield from visit(other)
            yield groups[definition]

    for definition in list(groups):
        if definition != root.definition:
            yield from visit(definition)
    yield from visit(root.definition)


def signature(one: Body) -> Hashable:
    """What instances have in common that one class can certainly stand for."""
    return tuple(
        (tuple(sorted(map(repr, entry.keys))), entry.name, len(entry.args), len(entry.makes)) for entry in one.entries
    )
