"""Sequences of items -> lines: calls in chains, bodies with their branches, loops with their tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ..ops.base import OPERATORS
from ..ops.geometry import Padding
from .calls import Calls, Scope, start
from .items import Body, Item, Loop, Use, named, shortened, value_of, walk
from .labels import label_text
from .lines import Lines
from .network import Network, Ref
from .spelling import argument, spelled

OPENERS = {"input", "conv", "depthwise_conv", "separable_conv", "conv_transpose", "dense", "maxpool", "avgpool",
           "concat", "add", "multiply", "global_avgpool", "global_maxpool", "upsample", "zeropad", "adaptive_avgpool",
           "flatten", "adaptive_maxpool", "split", "average", "reshape", "lrn"}  # fmt: skip
"""The calls that begin a line; normalisation and activations stand behind them."""


class Sequences:
    """How the sequences of one network's program are written."""

    def __init__(self, network: Network, calls: Calls) -> None:
        self.network = network
        self.calls = calls
        self.sole_input = sum(layer.op.word == "input" for layer in network.layers) == 1

    def write(self, items: Sequence[Item], lines: Lines, scope: Scope) -> None:
        """The items into the lines, those that are called by name with their names."""
        scope.wanted |= set(named(items))
        for item in items:
            if isinstance(item, Use):
                self.use(item, lines, scope)
                continue
            if isinstance(item, Body):
                self.with_body(item, lines, scope)
            else:
                self.loop(item, lines, scope)
            value = value_of(item)
            if value is not None and value in scope.wanted:
                lines.line(f"as {scope.name(value, 'skip')}")

    def use(self, item: Use, lines: Lines, scope: Scope) -> None:
        """A call, or a value put aside where it has several outputs or is one of several inputs."""
        ref = value_of(item) or Ref(-1)
        if item.head == "input":
            shape = spelled(dict(item.args)["shape"])
            lines.line(f"input {shape}" if self.sole_input else f"{self.input_name(ref, scope)} = input {shape}")
            return
        text, begin = self.calls.text(item, scope), start(item, scope)
        if item.outputs > 1:
            names = [scope.name(Ref(ref.layer, i), f"part{i + 1}") for i in range(item.outputs)]
            lines.line(f"{', '.join(names)} = {begin}{text}")
            return
        label, name = scope.labelled(item, ref)
        if begin:
            lines.start()
        lines.call(f"{begin}{text}{label}", bool(begin) or item.head in OPENERS or item.head not in OPERATORS)
        if name:
            lines.line(f"as {name}")

    def input_name(self, ref: Ref, scope: Scope) -> str:
        return scope.name(ref, self.network.layers[ref.layer].path.replace(".", "_") or "input1")

    # --- bodies

    def with_body(self, item: Body, lines: Lines, scope: Scope) -> None:
        inner = lines.inner()
        if item.head == "residual":
            self.write(item.branches[0], inner, scope)
            if item.shortcut is not None:
                self.shortcut(item, inner, scope)
            options = [f"{name}={spelled(v)}" for name, v in item.args if v != 0]
            lines.body(headed("residual", options, ""), inner, inline=item.shortcut is None)
            return
        item, label = self.opened_whole(item, scope)
        for branch in item.branches:
            body, own_label = self.opened(branch, scope)
            own = inner.inner()
            self.write(body, own, scope)
            inner.body(f"branch{own_label}:", own, inline=True)
        lines.below(headed(item.head, self.calls.told(item.head, item.args), label), inner)

    def shortcut(self, item: Body, inner: Lines, scope: Scope) -> None:
        body, label = self.opened(item.shortcut or (), scope)
        if item.condition is None:
            own = inner.inner()
            self.write(body, own, scope)
            inner.body(f"shortcut{label}:", own, inline=True)
            return
        case = inner.inner()
        own = case.inner()
        self.write(body, own, scope)
        case.body(f"if {item.condition}:", own, inline=True)
        inner.below(f"shortcut{label}:", case)

    def opened_whole(self, item: Body, scope: Scope) -> tuple[Body, str]:
        """A merge whose labels all begin alike, with what they begin with said once."""
        branches, label = self.opened(tuple(i for branch in item.branches for i in branch), scope)
        found = iter(branches)
        return replace(item, branches=tuple(tuple(next(found) for _ in branch) for branch in item.branches)), label

    def opened(self, items: tuple[Item, ...], scope: Scope) -> tuple[tuple[Item, ...], str]:
        """The items of a branch with what their labels begin with said once, where there are several."""
        labels = [i.label for i in walk(items) if isinstance(i, Use) and (i.label or self.weighted(i))]
        if len(labels) < 2 or any(len(label) < 2 for label in labels) or len({label[0] for label in labels}) > 1:
            return items, ""
        text = label_text(labels[0][:1])
        if not scope.free(text):
            return items, ""
        scope.taken.add(text)
        return shortened(items, 1), f" as {text}"

    def weighted(self, item: Use) -> bool:
        """Whether a call has weights, and so a path that matters."""
        return any(self.network.layers[n].facts.weights for n in item.layers)

    # --- loops

    def loop(self, item: Loop, lines: Lines, scope: Scope) -> None:
        inner = lines.inner()
        self.write(item.items, inner, scope)
        lines.below(loop_head(item), inner)


def loop_head(item: Loop) -> str:
    """`repeat 3:`, `for i in range(3):`, `for width, depth in [(64, 3), (128, 4)]:`"""
    if item.names:
        return f"for {', '.join(item.names)} in {table(item)}:"
    if item.counter:
        ends = [spelled(item.stop)] if item.start == 0 else [spelled(item.start), spelled(item.stop)]
        return f"for {item.counter} in range({', '.join(ends)}):"
    return f"repeat {spelled(item.count)}:"


def table(item: Loop) -> str:
    """The rows of a loop, on several lines where they are long."""
    rows = [", ".join(cell(v) for v in row) for row in item.rows]
    if len(item.names) > 1:
        rows = [f"({row})" for row in rows]
    short = sum(map(len, rows)) + 2 * len(rows) <= 80
    return f"[{', '.join(rows)}]" if short else "[\n" + ",\n".join(f"        {row}" for row in rows) + ",\n    ]"


def cell(value: Any) -> str:
    """A value in a row of a table: sizes in brackets, as rows are."""
    sizes = isinstance(value, tuple) and not isinstance(value, Padding) and all(isinstance(n, int) for n in value)
    return argument("stride", value) if sizes else spelled(value)


def headed(word: str, texts: list[str], label: str) -> str:
    """`residual drop=0.1 as x:`"""
    return f"{word} {', '.join(texts)}{label}:" if texts else f"{word}{label}:"
