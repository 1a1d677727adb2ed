"""Which layer of one network is which of another: the alignment in written order that keeps most."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher

from ...decompile.network import canonical
from ...graph import Node

Pair = tuple[Node | None, Node | None]

LARGEST = 3_000_000
"""Pairs of layers that are scored one by one; beyond that equal runs are looked for first."""

SAME, ALIKE, PLACE = 4, 2, 3
"""What it is worth to keep an operator with its arguments, an operator alone, and a path on top of either."""


def aligned(before: Sequence[Node], after: Sequence[Node]) -> list[Pair]:
    """The layers of both in order, those that correspond side by side."""
    start, end = common(before, after), 0
    rest_a, rest_b = before[start:], after[start:]
    end = common(rest_a[::-1], rest_b[::-1])
    middle_a, middle_b = rest_a[: len(rest_a) - end], rest_b[: len(rest_b) - end]
    pairs: list[Pair] = list(zip(before[:start], after[:start]))
    pairs += replaced(inner(middle_a, middle_b))
    return [*pairs, *zip(rest_a[len(middle_a) :], rest_b[len(middle_b) :])]


def replaced(pairs: list[Pair]) -> list[Pair]:
    """A layer that went beside one of its family that came, as `relu` and `swish`, is one that was replaced."""
    found: list[Pair] = []
    for a, b in pairs:
        old, new = found[-1] if found else (None, None)
        if a is None and old is not None and new is None and b is not None and old.op.family == b.op.family:
            found[-1] = (old, b)
        elif b is None and new is not None and old is None and a is not None and new.op.family == a.op.family:
            found[-1] = (a, new)
        else:
            found.append((a, b))
    return found


def common(before: Sequence[Node], after: Sequence[Node]) -> int:
    """How many layers from the start on are the same under the same path."""
    count = 0
    for a, b in zip(before, after):
        if key(a) != key(b) or a.path != b.path:
            break
        count += 1
    return count


def key(node: Node) -> object:
    return canonical(node.op)


def inner(before: Sequence[Node], after: Sequence[Node]) -> list[Pair]:
    if len(before) * len(after) <= LARGEST:
        return scored(before, after)
    pairs: list[Pair] = []
    matcher = SequenceMatcher(None, list(map(key, before)), list(map(key, after)), autojunk=False)
    for _, a0, a1, b0, b1 in matcher.get_opcodes():
        a, b = before[a0:a1], after[b0:b1]
        if len(a) == len(b) and len(a) * len(b) > LARGEST:
            pairs += zip(a, b)
        else:
            pairs += scored(a, b)
    return pairs


def scored(before: Sequence[Node], after: Sequence[Node]) -> list[Pair]:
    """The alignment with the highest sum of likenesses (Needleman and Wunsch, 1970)."""
    marks_b = [(key(b), b.op.word, b.path) for b in after]
    best = [[0] * (len(after) + 1)]
    for a in before:
        above, row = best[-1], [0]
        mark = (key(a), a.op.word, a.path)
        for j, other in enumerate(marks_b):
            score = likeness(mark, other)
            row.append(max(above[j + 1], row[j], above[j] + score if score else 0))
        best.append(row)
    return traced(before, after, best)


def likeness(a: tuple[object, str, str], b: tuple[object, str, str]) -> int:
    """0 for layers that cannot correspond."""
    if a[1] != b[1]:
        return 0
    return (SAME if a[0] == b[0] else ALIKE) + (PLACE if a[2] == b[2] else 0)


def traced(before: Sequence[Node], after: Sequence[Node], best: list[list[int]]) -> list[Pair]:
    """The way back through the table, from the end."""
    pairs: list[Pair] = []
    i, j = len(before), len(after)
    while i and j:
        a, b = before[i - 1], after[j - 1]
        score = likeness((key(a), a.op.word, a.path), (key(b), b.op.word, b.path))
        if score and best[i][j] == best[i - 1][j - 1] + score:
            pairs.append((a, b))
            i, j = i - 1, j - 1
        elif best[i][j] == best[i][j - 1]:
            pairs.append((None, b))
            j -= 1
        else:
            pairs.append((a, None))
            i -= 1
    pairs += ((None, b) for b in reversed(after[:j]))
    pairs += ((a, None) for a in reversed(before[:i]))
    return pairs[::-1]
