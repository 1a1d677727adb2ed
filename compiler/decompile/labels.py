"""Labels that say what the layer would be called anyway are left out: `conv1`, `bn1`, `bottleneck2`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from ..ops.base import OPERATORS
from .items import Body, Code, Item, Label, Use, named, value_of
from .program import Program


def without_automatic(program: Program) -> Program:
    """The program with no label that its place gives by itself."""
    blocks = program.callees()
    scope = _Scope(blocks, program.flows)
    flows = tuple(scope.sequence(flow) for flow in program.flows)
    bodies = tuple(replace(b, items=_Scope(blocks, (b.items,)).sequence(b.items)) for b in program.blocks)
    return replace(program, flows=flows, blocks=bodies)


class _Scope:
    """One block or model, walked in the order in which it is written."""

    def __init__(self, blocks: set[str], sequences: Sequence[tuple[Item, ...]]) -> None:
        self.blocks = blocks
        self.counts: Counter[str] = Counter()
        self.called = {ref for items in sequences for ref in named(items)}

    def sequence(self, items: Sequence[Item]) -> tuple[Item, ...]:
        return tuple(self.use(i) if isinstance(i, Use) else self.body(i) if isinstance(i, Body) else i for i in items)

    def body(self, item: Body) -> Body:
        branches = tuple(self.sequence(branch) for branch in item.branches)
        shortcut = None if item.shortcut is None else self.sequence(item.shortcut)
        self.counts["add" if item.head == "residual" else item.head] += 1
        return replace(item, branches=branches, shortcut=shortcut)

    def use(self, item: Use) -> Use:
        if item.head == "input" or value_of(item) in self.called:
            return item
        kind = item.head if item.head in self.blocks else OPERATORS[item.head].short
        if item.label and label_text(item.label) != f"{kind}{self.counts[kind] + 1}":
            return item
        self.counts[kind] += 1
        return replace(item, label=())


def label_text(label: Label) -> str:
    """A label as it stands between quotes, expressions in braces."""
    return ".".join(_component(c) for c in label)


def _component(component: object) -> str:
    pieces = component if isinstance(component, tuple) else (component,)
    return "".join(f"{{{p}}}" if isinstance(p, Code) else str(p) for p in pieces)
