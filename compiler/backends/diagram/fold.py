"""Equal neighbours -> one part `x 3`: runs of parts with the same content, wired alike, each fed by the one before."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from math import inf

from ...graph import Checked, Node, Port
from .tree import Box, Cell, Part, sources, uses

LONGEST_PERIOD = 12
"""Parts in one turn of a repeated stretch, at most."""


class Folded:
    """A tree in which each run of equal parts is drawn once, and where every node went.

    `folds` has, for a node, one entry for each run around it, outermost first: the number of the run, the turn it
    stands in and the node of the first turn that stands for it.
    """

    def __init__(self, root: Box, folds: dict[Node, list[tuple[int, int, Node]]]) -> None:
        self.root = root
        self.folds = folds

    def place(self, node: Node) -> tuple[Node, tuple[tuple[int, int], ...]]:
        """The node that is drawn for this one, and its turn in each run around it."""
        turns: list[tuple[int, int]] = []
        while len(turns) < len(self.folds.get(node, ())):
            run, turn, stand_in = self.folds[node][len(turns)]
            turns.append((run, turn))
            node = stand_in
        return node, tuple(turns)

    def edge(self, source: Node, target: Node) -> tuple[Node, Node] | None:
        """The drawn edge for this one; None where it leads from one turn to a later one, which `x 3` says."""
        a, before = self.place(source)
        b, after = self.place(target)
        for (run, turn), (other, later) in zip(before, after):
            if run != other:
                break
            if turn != later:
                return None
        return a, b


def fold(checked: Checked, root: Box) -> Folded:
    """Fold every run of equal parts, at every level."""
    folder = _Folder(checked)
    folder.measure(root)
    return Folded(folder.folded(root), folder.folds)


def unfolded(root: Box) -> Folded:
    """The tree as it is."""
    return Folded(root, {})


Ref = tuple[str, int, int, int]
"""Where a value comes from: (`sibling`, parts back, node from its end, output) or (`outside`, number, 0, 0)."""


class _Level:
    """The parts of one box in order: for each its content, where its values come from, and how far its own travel."""

    def __init__(self, content: list[int], refs: list[tuple[Ref, ...]], reach: list[float]) -> None:
        self.content = content
        self.refs = refs
        self.reach = reach

    def period(self, at: int) -> tuple[int, int]:
        """Length of a turn and number of turns of the run that covers most from `at` on; (1, 1) where none begins."""
        best, covered = (1, 1), 1
        for length in range(1, min(LONGEST_PERIOD, (len(self.content) - at) // 2) + 1):
            if self.content[at] == self.content[at + length]:
                turns = self.turns(at, length)
                if turns > 1 and turns * length > covered:
                    best, covered = (length, turns), turns * length
        return best

    def turns(self, at: int, length: int) -> int:
        """Equal turns from `at` on, each fed by the one before; one whose values are read from far ends the run."""
        if at + 2 * length > len(self.content) or not self.begins(at, length):
            return 1
        second = at + length
        furthest = max(back for back in self.backs(second, length) if back <= 2 * length)
        end = second
        while (
            end + length <= len(self.content)
            and all(self.content[k - length] == self.content[k] for k in range(end, end + length))
            and (end == second or all(self.refs[k - length] == self.refs[k] for k in range(end, end + length)))
            and all(self.reach[k] <= furthest for k in range(end - length, end))
        ):
            end += length
        return (end - at) // length

    def backs(self, at: int, length: int) -> list[int]:
        return [ref[1] for k in range(at, at + length) for ref in self.refs[k] if ref[0] == "sibling"]

    def begins(self, at: int, length: int) -> bool:
        """Whether the second turn is wired as the first. What it takes from the first turn, the first takes from
        wherever the run is fed: one value for one value."""
        fed: dict[Ref, Ref] = {}
        for k in range(length):
            for first, later in zip(self.refs[at + k], self.refs[at + length + k]):
                if later[0] == "sibling" and k < later[1] <= k + length:
                    if first[0] == "sibling" and first[1] <= k:
                        return False
                    value, start = _from(later, k), _from(first, k)
                    if fed.setdefault(value, start) != start:
                        return False
                elif first != later:
                    return False
        return bool(fed) and len(set(fed.values())) == len(fed)


def _from(ref: Ref, at: int) -> Ref:
    """A reference from the part at a place, as one from the first part of the turn."""
    return (ref[0], ref[1] - at, ref[2], ref[3]) if ref[0] == "sibling" else ref


class _Folder:
    def __init__(self, checked: Checked) -> None:
        self.uses = uses(checked)
        self.ids: dict[Hashable, int] = {}
        self.levels: dict[Box, _Level] = {}
        self.folds: dict[Node, list[tuple[int, int, Node]]] = {}
        self.runs_found = 0

    def measure(self, part: Part) -> int:
        """A number for the content of a part, equal for equal content; on the way, the level of every box."""
        key = self.cell_key(part) if isinstance(part, Cell) else self.box_key(part)
        return self.ids.setdefault(key, len(self.ids))

    def cell_key(self, cell: Cell) -> Hashable:
        outside = {port: k for k, port in enumerate(sources(cell))}
        inside = {node: k for k, node in enumerate(cell.nodes)}
        rows = tuple(
            (node.op, node.facts.outputs, tuple(_ref(port, outside, inside) for port in node.inputs))
            for node in cell.nodes
        )
        return rows, tuple(port.shape for port in outside)

    def box_key(self, box: Box) -> Hashable:
        outside = {port: k for k, port in enumerate(sources(box))}
        where = {node: (k, n) for k, p in enumerate(box.parts) for n, node in enumerate(reversed(p.nodes))}
        content = [self.measure(part) for part in box.parts]
        refs = [tuple(_ref_to(p, k, outside, where) for p in sources(part)) for k, part in enumerate(box.parts)]
        self.levels[box] = _Level(content, refs, self.reaches(box, where))
        return box.title if box.kind != "loop" else "", tuple(content), tuple(refs), tuple(p.shape for p in outside)

    def reaches(self, box: Box, where: dict[Node, tuple[int, int]]) -> list[float]:
        """For each part, how many parts further on its values are read; infinite where outside the box."""
        found: list[float] = [0] * len(box.parts)
        for node, (k, _) in where.items():
            for reader in self.uses.get(node, ()):
                distance = where[reader][0] - k if reader is not None and reader in where else inf
                found[k] = max(found[k], distance)
        return found

    def folded(self, box: Box) -> Box:
        return box.holding(tuple(self.runs(box)))

    def runs(self, box: Box) -> Iterator[Part]:
        level, at = self.levels[box], 0
        while at < len(box.parts):
            length, turns = level.period(at)
            run = box.parts[at : at + length * turns]
            yield self.whole(run[0]) if turns == 1 else self.repeated(run, length, turns)
            at += length * turns

    def whole(self, part: Part) -> Part:
        return part if isinstance(part, Cell) else self.folded(part)

    def repeated(self, run: tuple[Part, ...], length: int, turns: int) -> Part:
        """One part for the run; where its nodes went is noted from the outside in."""
        self.note(run, length, turns)
        first = tuple(self.whole(part) for part in run[:length])
        if length > 1:
            return Box("repeat", "", first, times=turns)
        one, last = first[0], run[-1]
        if isinstance(one, Cell):
            return Cell(one.nodes, turns)
        return one.repeated(turns, last.path if isinstance(last, Box) else "")

    def note(self, run: tuple[Part, ...], length: int, turns: int) -> None:
        self.runs_found += 1
        first = [node for part in run[:length] for node in part.nodes]
        for turn in range(turns):
            nodes = [node for part in run[turn * length : (turn + 1) * length] for node in part.nodes]
            for node, stand_in in zip(nodes, first):
                self.folds.setdefault(node, []).append((self.runs_found, turn, stand_in))


def _ref(port: Port, outside: dict[Port, int], inside: dict[Node, int]) -> Hashable:
    return ("outside", outside[port]) if port in outside else (inside[port.node], port.index)


def _ref_to(port: Port, at: int, outside: dict[Port, int], where: dict[Node, tuple[int, int]]) -> Ref:
    if port in outside:
        return "outside", outside[port], 0, 0
    k, node = where[port.node]
    return "sibling", at - k, node, port.index
