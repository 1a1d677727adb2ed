"""Two networks -> what changed, each change once for all the instances of a block that it happened in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from ...decompile.network import canonical
from ...decompile.spelling import spelled, told
from ...decompile.uses import arguments
from ...graph import Checked, Node
from ...ops.merge import COMMUTES
from ...ops.structure import Input
from ...source import Frame
from .align import Pair, aligned


class Single(NamedTuple):
    """One layer: `added`, `removed`, `changed` (its arguments), `moved` (its inputs) or `resized` (its shapes only)."""

    kind: str
    before: Node | None
    after: Node | None
    arguments: tuple[tuple[str, str, str], ...] = ()

    @property
    def node(self) -> Node:
        node = self.after or self.before
        assert node is not None
        return node


class Change(NamedTuple):
    """What happened alike at several places: one run of layers at each of them."""

    runs: tuple[tuple[Single, ...], ...]

    @property
    def kind(self) -> str:
        return self.runs[0][0].kind

    @property
    def params(self) -> int:
        """How many parameters more there are."""
        return sum(params(s.after) - params(s.before) for run in self.runs for s in run)


class Totals(NamedTuple):
    """The figures of one network."""

    name: str
    file: str
    params: int
    trainable: int
    macs: int | None
    layers: int


class Comparison(NamedTuple):
    """Everything that changed, in the order of the second network; `resized` are layers with other shapes only.

    `renamed` are layers with weights whose paths differ: the networks compute alike, weights by name do not fit.
    """

    before: Totals
    after: Totals
    changes: tuple[Change, ...]
    singles: tuple[Single, ...]
    resized: tuple[Single, ...]
    renamed: tuple[tuple[str, str], ...] = ()

    @property
    def same(self) -> bool:
        return not self.singles and not self.resized


def compare(before: Checked, after: Checked) -> Comparison:
    pairs = aligned(before.nodes, after.nodes)
    found = list(singles(pairs))
    told_ = tuple(s for s in found if s.kind != "resized")
    resized = tuple(s for s in found if s.kind == "resized")
    renamed = tuple(
        (a.path, b.path) for a, b in pairs if a is not None and b is not None and a.path != b.path and b.facts.weights
    )
    return Comparison(totals(before), totals(after), tuple(folded(told_, pairs)), told_, resized, renamed)


def totals(checked: Checked) -> Totals:
    return Totals(
        checked.name, checked.file, checked.params, checked.trainable, checked.macs, len(checked.layers)
    )  # fmt: skip


def params(node: Node | None) -> int:
    return node.facts.params if node is not None else 0


def singles(pairs: list[Pair]) -> Iterator[Single]:
    """The layers that are not as they were."""
    twin = {b.serial: a for a, b in pairs if a is not None and b is not None}
    for a, b in pairs:
        if a is None or b is None:
            yield Single("added" if a is None else "removed", a, b)
        elif canonical(a.op) != canonical(b.op):
            yield Single("changed", a, b, tuple(differences(a, b)))
        elif moved(a, b, twin):
            yield Single("moved", a, b)
        elif a.facts.outputs != b.facts.outputs or a.facts.params != b.facts.params:
            yield Single("resized", a, b)


def moved(a: Node, b: Node, twin: dict[int, Node]) -> bool:
    """Whether a layer that stayed reads other layers that stayed: not one put in between."""
    if len(a.inputs) != len(b.inputs):
        return True
    before, after = [twin.get(port.node.serial) for port in b.inputs], [port.node for port in a.inputs]
    if isinstance(b.op, COMMUTES) and not b.op.__dict__.get("drop"):
        before = side_by_side(before, after)
    kept = {node.serial for node in twin.values()}
    return any(old is not None and old is not now and now.serial in kept for old, now in zip(before, after))


def side_by_side(before: list[Node | None], after: list[Node]) -> list[Node | None]:
    """Operands whose order means nothing, each beside itself where it is still there."""
    there = {old.serial for old in before if old is not None}
    still = {now.serial for now in after}
    others = iter([old for old in before if old is None or old.serial not in still])
    return [now if now.serial in there else next(others, None) for now in after]


def differences(a: Node, b: Node) -> Iterator[tuple[str, str, str]]:
    """The arguments that differ: name, before, after."""
    old, new = canonical(a.op), canonical(b.op)
    if old.word != new.word:
        yield "layer", written(a), written(b)
        return
    if isinstance(a.op, Input):
        yield "shape", str(a.facts.output), str(b.facts.output)
        return
    for name in old.fields:
        if old.__dict__[name] != new.__dict__[name]:
            yield name, spelled(windowed(a, name)), spelled(windowed(b, name))


def windowed(node: Node, name: str) -> Any:
    return dict(arguments(canonical(node.op), node.facts.output.rank))[name]


def written(node: Node) -> str:
    """The layer as one would write it."""
    if isinstance(node.op, Input):
        return f"input {node.facts.output}"
    given = arguments(canonical(node.op), node.facts.output.rank)
    texts = told(node.op.word, given, {})
    return f"{node.op.word} {', '.join(texts)}" if texts else node.op.word


# --- the same at several places ---------------------------------------------------------------------------------------


def folded(found: tuple[Single, ...], pairs: list[Pair]) -> Iterator[Change]:
    """Runs of changes of one kind, those that look alike together; in the model itself only exactly equal ones."""
    groups: dict[Any, list[tuple[Single, ...]]] = {}
    for run in runs(found, pairs):
        groups.setdefault((tuple(map(look, run)), () if home(run[0]) else numbers(run)), []).append(run)
    yield from (Change(tuple(group)) for group in groups.values())


def numbers(run: tuple[Single, ...]) -> Any:
    """All that is said of the layers of a run."""
    return tuple(s.arguments if s.kind == "changed" else written(s.node) for s in run)


def runs(found: tuple[Single, ...], pairs: list[Pair]) -> Iterator[tuple[Single, ...]]:
    """Layers added or removed one behind the other in one instance; each other change alone."""
    place = {id(node): i for i, pair in enumerate(pairs) for node in pair if node is not None}
    run: list[Single] = []
    for single in found:
        together = run and single.kind == run[-1].kind and single.kind in ("added", "removed")
        if not together or place[id(single.node)] != place[id(run[-1].node)] + 1 or home(single) != home(run[-1]):
            if run:
                yield tuple(run)
            run = []
        run.append(single)
    if run:
        yield tuple(run)


def instance(node: Node) -> Frame | None:
    """The innermost block that a layer stands in; None for one of the model itself."""
    return next((frame for frame in node.frame.outward() if frame.kind == "block"), None)


def home(single: Single) -> str:
    """The path of that block's instance."""
    frame = instance(single.node)
    return frame.path if frame is not None else ""


def local(node: Node) -> str:
    """What a layer is called in its block."""
    frame = instance(node)
    return node.path[len(frame.path) :].lstrip(".") if frame is not None and frame.path else node.path


def look(single: Single) -> Any:
    """What a change looks like, wherever it is and with whatever numbers: these may grow from stage to stage."""
    node, frame = single.node, instance(single.node)
    where = (frame.name, local(node)) if frame is not None else ("", node.op.word)
    if single.kind in ("added", "removed"):
        return single.kind, where, tuple(text.partition("=")[0] for text in written(node).split() if "=" in text)
    return single.kind, where, tuple(name for name, _, _ in single.arguments)
