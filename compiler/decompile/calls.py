"""A call -> its text: what it is made from, its arguments that must be told, the label or the name of its value."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from ..ops.base import OPERATORS
from .defaults import file_defaults
from .items import ENTRY, FLOW, UNSET, Code, Here, Use
from .labels import label_text
from .naming import RESERVED, unique
from .network import Ref
from .program import Program
from .spelling import spelled, told

IDENTIFIER = re.compile(r"[A-Za-z_]\w*\Z")


class Scope:
    """The names of one block or model: values that are called by name, and the paths given so far."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self.taken = set(taken)
        self.names: dict[Ref, str] = {}
        self.wanted: set[Ref] = set()
        self.results: set[Ref] = set()

    def name(self, ref: Ref, stem: str) -> str:
        """What a value is called, from now on if not before."""
        if ref not in self.names:
            self.names[ref] = unique("out" if ref in self.results else stem, self.taken)
            self.taken.add(self.names[ref])
        return self.names[ref]

    def value(self, source: Any) -> str:
        """A source that is called by name."""
        if source == ENTRY:
            return "input"
        return self.name(source, "skip") if isinstance(source, Ref) else str(source)

    def labelled(self, item: Use, ref: Ref) -> tuple[str, str]:
        """What follows a call: ` as label`, and the name for a line of its own where the label is none."""
        wanted = ref in self.wanted
        path = label_text(item.label)
        if not path:
            return (f" as {self.name(ref, 'skip')}", "") if wanted else ("", "")
        if not self.free(path):
            return f' as "{path}"', self.name(ref, "skip") if wanted else ""
        self.taken.add(path)
        if wanted:
            self.names[ref] = path
        return f" as {path}", ""

    def free(self, text: str) -> bool:
        """Whether a label is a word that means nothing else here."""
        return bool(IDENTIFIER.match(text)) and text not in self.taken | RESERVED | OPERATORS.keys()


class Calls:
    """How the calls of one program are written."""

    def __init__(self, program: Program) -> None:
        self.defaults = file_defaults(program)
        self.blocks = {block.name: block for block in program.blocks}
        self.shares = {share.name for share in program.shares}

    def text(self, item: Use, scope: Scope) -> str:
        """`conv 64, 3x3`, with the value beside the flow where there is one."""
        if item.head in self.shares:
            return item.head
        inputs = plain_inputs(item)
        beside = [scope.value(s) for s in inputs[1:]] if inputs[:1] == [FLOW] else []
        texts = [*beside, *self.arguments(item, scope)]
        return f"{item.head} {', '.join(texts)}" if texts else item.head

    def arguments(self, item: Use, scope: Scope) -> list[str]:
        """The arguments that a call of a layer or block must tell."""
        if item.head in self.blocks:
            return self.block_arguments(item, scope)
        operand = {n: Code(scope.value(item.inputs[v])) for n, v in item.args if refers(item, n, v)}
        return self.told(item.head, tuple((name, operand.get(name, value)) for name, value in item.args))

    def told(self, head: str, args: tuple[tuple[str, Any], ...]) -> list[str]:
        return told(head, args, self.defaults)

    def block_arguments(self, item: Use, scope: Scope) -> list[str]:
        """Those without a default by position, others by name where they differ from it."""
        given = dict(item.args)
        texts = []
        for param in self.blocks[item.head].params:
            value = given[param.name]
            if param.default is not UNSET and value == param.default and not isinstance(value, Code):
                continue
            text = scope.value(value) if isinstance(value, (Ref, Here)) else spelled(value)
            texts.append(text if param.default is UNSET else f"{param.name}={text}")
        return texts


def start(item: Use, scope: Scope) -> str:
    """What the chain of a call begins with: nothing where the flow goes on."""
    inputs = plain_inputs(item)
    if inputs[0] == FLOW:
        return ""
    names = [scope.value(s) for s in inputs]
    return f"({', '.join(names)}) -> " if len(names) > 1 else f"{names[0]} -> "


def plain_inputs(item: Use) -> list[Any]:
    """The inputs that no argument refers to."""
    referred = {value for name, value in item.args if refers(item, name, value)}
    return [source for i, source in enumerate(item.inputs) if i not in referred]


def refers(item: Use, name: str, value: Any) -> bool:
    """Whether an argument is another input, as in `upsample to=c3`."""
    cls = OPERATORS.get(item.head)
    whole = isinstance(value, int) and not isinstance(value, bool)
    return cls is not None and name in cls.fields and "Operand" in cls.fields[name].type and whole
