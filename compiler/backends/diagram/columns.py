"""A long picture -> columns that fill a page, or the two arms of a U where long skips tie them together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from ...shape import Shape
from .look import cell_lines, out_shape
from .picture import Picture, leaves, longest
from .tree import Cell, Part

PAGE = (7.5, 10.9)
"""A4 without its margins, inches."""

MOST = 8
"""Columns at most."""

LINE, GAP, WIDTH, SIDE = 0.19, 0.36, 1.3, 0.4
"""Estimates in inches: a line of text, what lies between two nodes, a node, and the space between columns."""


LEVELLED = 1.6
"""How much higher two arms become when their levels stand side by side."""


class Plan(NamedTuple):
    """The outermost parts by column, the insets in columns of their own beside them.

    `level` are pairs of nodes to stand side by side in the two arms of a U, whose second column runs upwards.
    """

    columns: tuple[tuple[Part, ...], ...]
    level: tuple[tuple[Part, Part], ...] = ()
    asides: tuple[tuple[Picture, ...], ...] = ()
    scale: float = 1.0
    """How large it can be shown on a page, roughly."""

    @property
    def upward(self) -> bool:
        return bool(self.level)


class Room(NamedTuple):
    """Inches that a part will take, roughly."""

    width: float
    height: float


def plan(picture: Picture) -> Plan:
    """The columns of a picture."""
    parts = picture.root.parts
    top = {leaf: part for part in parts for leaf in leaves(part, picture.is_open)}
    wires = [(top[a.source], top[a.target]) for a in picture.arcs if top[a.source] is not top[a.target]]
    return _arms(picture, parts, top, wires) or _wrapped(picture, parts, wires)


def room(part: Part, picture: Picture) -> Room:
    """The space a part takes: a node by its lines, an open box by its longest way and its parallel ways."""
    if isinstance(part, Cell):
        return Room(WIDTH, LINE * (len(cell_lines(part)) + 1) + GAP)
    if not picture.is_open(part):
        return Room(WIDTH, LINE * 4 + GAP)
    inner = list(leaves(part, picture.is_open))
    mine = set(inner)
    ranks = longest(tuple(inner), [(a.source, a.target) for a in picture.arcs if {a.source, a.target} <= mine])
    heights: dict[int, float] = {}
    for leaf in inner:
        heights[ranks[leaf]] = max(heights.get(ranks[leaf], 0), room(leaf, picture).height)
    widest = max(sum(1 for r in ranks.values() if r == rank) for rank in heights)
    return Room(WIDTH * widest + 0.2, sum(heights.values()) + 0.3)


# the columns of a page


def _wrapped(picture: Picture, parts: tuple[Part, ...], wires: list[tuple[Part, Part]]) -> Plan:
    apart = _separate(parts, wires)
    if len(apart) > 1:
        return Plan(apart, asides=_asides(picture, 12.0))
    crossing = _crossings(parts, wires)
    stretches = _Stretches(parts, [room(part, picture) for part in parts], wires)
    best, fit = Plan((parts,)), 0.0
    for count, cuts in enumerate(_all_cuts(stretches, crossing, min(MOST, len(parts)))):
        ends = list(zip([0, *cuts], [*cuts, len(parts)]))
        sizes = [stretches.room(a, b) for a, b in ends]
        whole = Room(sum(s.width + SIDE for s in sizes), max(s.height for s in sizes))
        for asides in _packings(picture, whole.height):
            scale = _scale(_beside(whole, asides)) * 0.93**count
            if scale > fit * 1.02:
                best, fit = Plan(tuple(parts[a:b] for a, b in ends), (), asides, scale), scale
    return best


class _Stretches:
    """The room of any stretch of the outermost parts: its longest way, its widest place."""

    def __init__(self, parts: tuple[Part, ...], rooms: list[Room], wires: list[tuple[Part, Part]]) -> None:
        self.rooms = rooms
        where = {part: k for k, part in enumerate(parts)}
        begins = [0.0] * len(parts)
        for source, target in sorted(wires, key=lambda w: where[w[1]]):
            s, t = where[source], where[target]
            begins[t] = max(begins[t], begins[s] + rooms[s].height)
        self.begins = begins
        self.known: dict[int, list[Room]] = {}

    def room(self, start: int, end: int) -> Room:
        if start == end:
            return Room(0.0, 0.0)
        if start not in self.known:
            self.known[start] = list(self.growing(start))
        return self.known[start][end - start - 1]

    def growing(self, start: int) -> Iterator[Room]:
        """The room of the stretches from `start`, longer and longer."""
        top, bottom = self.begins[start], 0.0
        rows: dict[float, float] = {}
        widest = 0.0
        for begin, size in zip(self.begins[start:], self.rooms[start:]):
            top, bottom = min(top, begin), max(bottom, begin + size.height)
            rows[begin] = rows.get(begin, 0.0) + size.width
            widest = max(widest, rows[begin])
            yield Room(widest, bottom - top)


def _beside(whole: Room, asides: tuple[tuple[Picture, ...], ...]) -> Room:
    """The room of the whole with its insets."""
    columns = [[_inset_room(inset) for inset in column] for column in asides]
    width = whole.width + sum(max(r.width for r in column) + SIDE for column in columns)
    return Room(width, max([whole.height, *(sum(r.height for r in column) for column in columns)]))


def _packings(picture: Picture, height: float) -> list[tuple[tuple[Picture, ...], ...]]:
    """Ways to set the insets in columns, from as high as the whole to all in one."""
    return [_asides(picture, height * factor) for factor in (1.0, 1.4, 2.0, 3.0, 100.0)]


def _separate(parts: tuple[Part, ...], wires: list[tuple[Part, Part]]) -> tuple[tuple[Part, ...], ...]:
    """The parts in groups without a wire between them: the towers of a network with several inputs and outputs."""
    group = {part: {part} for part in parts}
    for source, target in wires:
        if group[source] is not group[target]:
            merged = group[source] | group[target]
            group.update(dict.fromkeys(merged, merged))
    found: dict[int, list[Part]] = {}
    for part in parts:
        found.setdefault(id(group[part]), []).append(part)
    return tuple(map(tuple, found.values()))


def _asides(picture: Picture, height: float) -> tuple[tuple[Picture, ...], ...]:
    """The insets in columns about as high as those of the whole."""
    columns: list[list[Picture]] = []
    left = 0.0
    for inset in picture.insets:
        needed = _inset_room(inset).height
        if not columns or needed > left:
            columns.append([])
            left = height * 1.1
        columns[-1].append(inset)
        left -= needed
    return tuple(map(tuple, columns))


def _inset_room(inset: Picture) -> Room:
    size = room(inset.root, inset)
    return Room(size.width, size.height + 1.0)


def _crossings(parts: tuple[Part, ...], wires: list[tuple[Part, Part]]) -> list[int]:
    """For each place between two parts, how many values cross it."""
    where = {part: k for k, part in enumerate(parts)}
    furthest: dict[Part, int] = {}
    for source, target in wires:
        furthest[source] = max(furthest.get(source, 0), where[target])
    counts = [0] * (len(parts) + 1)
    for source, end in furthest.items():
        for k in range(where[source] + 1, end + 1):
            counts[k] += 1
    return counts


def _all_cuts(stretches: _Stretches, crossing: list[int], most: int) -> list[list[int]]:
    """Where to cut into 1, 2, ... columns so that the highest is low; a cut through several values costs."""
    length = len(stretches.rooms)
    price = 0.2 * stretches.room(0, length).height

    def cost(start: int, end: int) -> float:
        return stretches.room(start, end).height + (price * abs(crossing[end] - 1) if end < length else 0)

    rows = [[(cost(0, end), 0) for end in range(length + 1)]]
    for _ in range(1, most):
        rows.append(_one_more(rows[-1], cost))
    return [_traced(rows[: count + 1]) for count in range(most)]


def _one_more(before: list[tuple[float, int]], cost: Callable[[int, int], float]) -> list[tuple[float, int]]:
    """For each end: the dearest column with one column more, and where that begins."""
    return [
        min((max(before[k][0], cost(k, end)), k) for k in range(end)) if end else (0.0, 0) for end in range(len(before))
    ]


def _traced(rows: list[list[tuple[float, int]]]) -> list[int]:
    length = len(rows[0]) - 1
    cuts, end = set(), length
    for row in reversed(rows[1:]):
        end = row[end][1]
        cuts.add(end)
    return sorted(c for c in cuts if 0 < c < length)


def _scale(size: Room) -> float:
    """How large the picture can be shown on a page, upright or lying; never enlarged."""
    upright = min(PAGE[0] / size.width, PAGE[1] / size.height)
    lying = min(PAGE[1] / size.width, PAGE[0] / size.height)
    return min(1.0, max(upright, lying * 0.97))


# the arms of a U


def _arms(
    picture: Picture, parts: tuple[Part, ...], top: dict[Part, Part], wires: list[tuple[Part, Part]]
) -> Plan | None:
    """Two arms where at least two long skips lie one inside the other, across the smallest map."""
    where = {part: k for k, part in enumerate(parts)}
    bottom = _smallest(parts)
    long = [a for a in picture.arcs if where[top[a.source]] < bottom < where[top[a.target]]]
    long.sort(key=lambda a: where[top[a.source]])
    ends = [where[top[a.target]] for a in long]
    if len(long) < 2 or ends != sorted(ends, reverse=True) or len({*ends}) < 2:
        return None
    if any(where[s] <= bottom < where[t] and t is not parts[bottom + 1] for s, t in wires if where[s] == bottom):
        return None
    pairs = {(a.source, a.target) for a in long}
    columns = parts[: bottom + 1], parts[bottom + 1 :]
    rooms = [[room(part, picture) for part in column] for column in columns]
    height = LEVELLED * max(sum(r.height for r in column) for column in rooms)
    whole = Room(sum(max(r.width for r in column) for column in rooms) + SIDE, height)
    asides = max(_packings(picture, height), key=lambda packing: _scale(_beside(whole, packing)))
    return Plan(columns, tuple(pairs), asides, _scale(_beside(whole, asides)))


def _smallest(parts: tuple[Part, ...]) -> int:
    """The last of the outermost parts whose map is the smallest of all maps."""
    areas = [_area(out_shape(part)) for part in parts]
    least = min((a for a in areas if a), default=0)
    return max((k for k, a in enumerate(areas) if a == least), default=0)


def _area(shape: Shape) -> int:
    return shape.area or 0 if shape.rank else 0
