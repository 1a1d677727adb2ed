"""Repeated sequences -> blocks: the one that shortens the program most, then the next, until none is worth a name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from .abstract import Abstraction, best
from .items import Block, Item, Use, mapped, walk
from .naming import unique
from .price import cost
from .program import Program, Stretch
from .windows import Window, Windows

WORTH = 3.0
"""How much shorter, in calls, a block must make the program."""

TRIED = 40
"""Candidates whose gain is computed exactly, per round."""


def with_blocks(program: Program) -> Program:
    """The program with every block that is worth it, in the order of their calls, what they call before them."""
    windows = Windows(program.network)
    while (better := with_best_block(program, windows)) is not None:
        program = better
    return renamed(replace(program, blocks=ordered(program)))


def with_best_block(program: Program, windows: Windows) -> Program | None:
    """The program with its best new block; None where none is worth it."""
    taken = [block.name for block in program.blocks]
    promising = sorted(windows.groups(program), key=promise, reverse=True)[:TRIED]
    made = [found for group in promising if (found := best(group, program.network, taken)) is not None]
    first = max(made, key=lambda found: found.gain, default=None)
    return replaced(program, first) if first is not None and first.gain > WORTH else None


def promise(group: list[Window]) -> float:
    """About how much a block for the windows would save."""
    return (len(group) - 1) * max(cost(w.items) for w in group) - 1.3 * len(group)


def replaced(program: Program, made: Abstraction) -> Program:
    """The program with calls of the block in place of its windows."""
    spots = zip(made.windows, made.calls, strict=True)
    shorter = program.with_calls(Stretch(w.place.items, w.start, len(w.items), call) for w, call in spots)
    return replace(shorter, blocks=(*shorter.blocks, made.block))


# --- when all are found -----------------------------------------------------------------------------------------------


def ordered(program: Program) -> tuple[Block, ...]:
    """The blocks that are called, each behind those that it calls."""
    blocks = {block.name: block for block in program.blocks}
    found: dict[str, Block] = {}

    def visit(items: Sequence[Item]) -> None:
        for item in walk(items):
            if isinstance(item, Use) and item.head in blocks and item.head not in found:
                visit(blocks[item.head].items)
                found[item.head] = blocks[item.head]

    for flow in program.flows:
        visit(flow)
    return tuple(found.values())


def renamed(program: Program) -> Program:
    """Names of one kind numbered in the order of the blocks: `inception`, `inception2`."""
    names: dict[str, str] = {}
    for block in program.blocks:
        names[block.name] = unique(block.name.rstrip("0123456789"), names.values())

    def change(items: tuple[Item, ...]) -> tuple[Item, ...]:
        return tuple(replace(i, head=names.get(i.head, i.head)) if isinstance(i, Use) else i for i in items)

    flows = tuple(mapped(flow, change) for flow in program.flows)
    blocks = tuple(replace(b, name=names[b.name], items=mapped(b.items, change)) for b in program.blocks)
    return replace(program, flows=flows, blocks=blocks)
