"""Which parameters of a model stay parameters in the source: those that only say how wide a result is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from ... import syntax as s
from ...elsewhere import head_word
from ...graph import Node
from .parts import Anatomy
from .said import Said

HARMLESS = frozenset({"activation", "dropout"})
"""Families whose layers take any number of channels."""


def public(anatomy: Anatomy) -> frozenset[str]:
    """Parameters such as `classes` that the model's text gives to nothing but the width of layers behind which no other
    layer cares for it."""
    root = anatomy.root
    written = root.frame.written
    if written is None or isinstance(written, s.Variant):
        return frozenset()
    said = Said(written)
    mentioned = [name for statement in written.body if not remark(statement) for name in names(statement)]
    found = set()
    for name, value in root.frame.bindings:
        widths = [node for node in root.items if isinstance(node, Node) and width(node, said) == name]
        alone = type(value) is int and len(widths) == mentioned.count(name) and unread(name, said)
        if alone and widths and all(node.frame is root.frame and harmless(anatomy, node) for node in widths):
            found.add(name)
    return frozenset(found)


def remark(statement: s.Statement) -> bool:
    return head_word(statement) in ("expect", "allow")


def unread(name: str, said: Said) -> bool:
    """Whether no `let` is computed from it."""
    return all(name not in names(let) for let in said.lets.values())


def names(thing: Any) -> Iterator[str]:
    """The names in a piece of syntax."""
    if isinstance(thing, s.Name):
        yield thing.id
    elif isinstance(thing, tuple):
        for inner in thing:
            yield from names(inner)
    elif is_dataclass(thing):
        for field in fields(thing):
            if field.name != "span":
                yield from names(getattr(thing, field.name))


def width(node: Node, said: Said) -> str:
    """The name that a layer has for its width, if it has one."""
    span = node.spans.get("out")
    expr = said.args.get((span.start, span.end)) if span is not None else None
    return expr.id if isinstance(expr, s.Name) else ""


def harmless(anatomy: Anatomy, node: Node) -> bool:
    """Whether nothing behind a layer depends on its width."""
    for reader in anatomy.readers[node.serial, 0]:
        if reader is None:
            continue
        if reader.op.family not in HARMLESS or reader.facts.weights or not harmless(anatomy, reader):
            return False
    return True
