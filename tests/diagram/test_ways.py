"""No way of the network is lost in its diagram, whatever is folded."""

from __future__ import annotations

import random
import re
from functools import cache
from itertools import pairwise

import pytest
from cnnc.compiler.backends.diagram import Picture, dot, picture
from cnnc.compiler.backends.diagram.look import params
from cnnc.compiler.backends.diagram.picture import bypass
from cnnc.compiler.backends.diagram.tree import Cell
from cnnc.compiler.graph import Node

from .networks import (
    DENSENET,
    GOOGLENET,
    RESNET,
    UNET,
    VGG,
    boxes,
    compiled,
    times_of,
)


class Maker:
    """Random networks: blocks within blocks, residuals, branches, repeats, values read from afar."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.blocks: list[str] = []

    def text(self) -> str:
        body = ["model Net:", "    input 8x8x4", *self.body("    ", 3)]
        if self.random.random() < 0.5:
            body += ["    as early", *self.body("    ", 2), "    add early"]
        return "\n".join([*self.blocks, *body]) + "\n"

    def body(self, indent: str, depth: int) -> list[str]:
        return [line for _ in range(self.random.randint(1, 3)) for line in self.statement(indent, depth)]

    def statement(self, indent: str, depth: int) -> list[str]:
        kind = self.random.choice(["layer", "layer", "residual", "branches", "repeat", "block"]) if depth else "layer"
        inner = indent + "    "
        if kind == "residual":
            return [f"{indent}residual:", *self.body(inner, depth - 1)]
        if kind == "branches":
            merge = self.random.choice(["add", "average", "maximum"])
            branches = [[f"{inner}branch:", *self.body(inner + "    ", depth - 1)] for _ in range(2)]
            return [f"{indent}{merge}:", *branches[0], *branches[1]]
        if kind == "repeat":
            return [f"{indent}repeat {self.random.randint(2, 4)}:", *self.body(inner, depth - 1)]
        if kind == "block":
            return [indent + self.block(depth)]
        return [indent + self.random.choice(["conv 4, 3x3, pad=same", "conv 4, 1x1 -> batchnorm -> relu", "relu"])]

    def block(self, depth: int) -> str:
        names = [text.split("\n")[0][6:-1] for text in self.blocks]
        if names and self.random.random() < 0.5:
            return self.random.choice(names)
        written = self.body("    ", depth - 1)
        name = f"block{len(self.blocks)}"
        self.blocks.append("\n".join([f"block {name}:", *written, ""]))
        return name


@cache
def random_pictures() -> tuple[Picture, ...]:
    return tuple(
        picture(checked, depth, folding=folding, stack=bool(seed % 2))
        for seed in range(60)
        for checked in [compiled(Maker(seed).text())]
        for folding in (True, False)
        for depth in (None, 1, 2, 3, 9)
    )


def test_arcs_are_the_quotient_of_the_edges() -> None:
    """An arc stands exactly where the graph has an edge, apart from those that lead to a later equal turn."""
    for made in random_pictures():
        home = {node: part for part in made.parts for node in part.nodes}
        expected = set()
        for target in made.checked.nodes:
            for port in target.inputs:
                (a, before), (b, after) = made.folded.place(port.node), made.folded.place(target)
                later = any(run == other and t != u for (run, t), (other, u) in zip(before, after))
                if not later and home[a] is not home[b]:
                    expected.add((home[a], home[b]))
        assert {(arc.source, arc.target) for arc in made.arcs} == expected


def test_every_layer_is_drawn_once_or_counted() -> None:
    for made in random_pictures():
        times = times_of(made.root)
        cells = [part for box in boxes(made.root) for part in box.parts if isinstance(part, Cell)]
        assert sum(len(cell.nodes) * times[cell] for cell in cells) == len(made.checked.nodes)
        assert sum(params(part) * times[part] for part in made.parts) == made.checked.params


def test_what_is_read_from_within_ends_a_cell() -> None:
    for made in random_pictures():
        readers: dict[Node, set[Node]] = {}
        for node in made.checked.nodes:
            for port in node.inputs:
                readers.setdefault(port.node, set()).add(node)
        for part in made.parts:
            if isinstance(part, Cell):
                assert all(readers[a] == {b} for a, b in pairwise(part.nodes))


def test_a_stand_in_is_equal() -> None:
    for made in random_pictures():
        for node in made.checked.nodes:
            drawn, _ = made.folded.place(node)
            assert (drawn.op, drawn.shapes, drawn.facts.outputs) == (node.op, node.shapes, node.facts.outputs)
            assert len({p.node for p in drawn.inputs}) == len({p.node for p in node.inputs})


def ancestors(node: Node) -> set[Node]:
    found, waiting = set(), [node]
    while waiting:
        for port in waiting.pop().inputs:
            if port.node not in found:
                found.add(port.node)
                waiting.append(port.node)
    return found


def test_every_skip_shows_at_every_depth() -> None:
    """A value merged with something made from it: an arc past what is made, or the mark on the closed box."""
    seen = 0
    for made in random_pictures():
        arcs = {(arc.source, arc.target): arc for arc in made.arcs}
        for merge in made.checked.nodes:
            origins = {port.node for port in merge.inputs}
            for origin in origins:
                if not any(origin in ancestors(other) for other in origins - {origin}):
                    continue
                (_, before), (_, after) = made.folded.place(origin), made.folded.place(merge)
                start, end = made.drawn(origin), made.drawn(merge)
                turned = any(run == other and t != u for (run, t), (other, u) in zip(before, after))
                seen += 1
                assert start is not None
                assert end is not None
                assert turned or start is end or (start, end) in arcs
                assert start is not end or bypass(end) or turned
    assert seen > 500


@pytest.mark.parametrize("direction", ["TB", "LR"])
def test_dot_draws_every_arc(direction: str) -> None:
    """Also across columns, where a numbered circle carries it on, and up the second arm of a U."""
    checks = [picture(compiled(text)) for text in (RESNET, GOOGLENET, UNET, DENSENET, VGG)]
    for made in [*checks, *random_pictures()[::9]]:
        names = {part: f"n{k}" for k, part in enumerate(made.parts)}
        written = re.findall(r"^ *(\w+)(?::box:[se])? -> (\w+)(.*)", dot(made, direction=direction), re.MULTILINE)
        wires = {(b, a) if "dir=back" in style else (a, b) for a, b, style in written}
        feet = {foot[5:]: a for a, foot in wires if foot.startswith("leave")}
        carried = {(feet[a[5:].split("_")[0]], b) for a, b in wires if a.startswith("enter")}
        direct = {(a, b) for a, b in wires if a[0] == "n" and b[0] == "n"}
        assert direct | carried == {(names[arc.source], names[arc.target]) for arc in made.arcs}
