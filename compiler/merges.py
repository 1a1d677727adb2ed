"""What joins: `concat:` and its like over branches, and `residual:` with its `shortcut:`."""

from __future__ import annotations

from typing import Any

from . import syntax as s
from .calls import NO_DEFAULTS, Calls
from .fault import Fault
from .graph import Node, Port
from .instances import single
from .naming import Paths
from .ops.base import OPERATORS, Op
from .ops.geometry import Padding
from .place import NOTHING, Place, Residual
from .shape import Shape
from .source import Frame
from .values import POISON, Given, Poisoned, describe, ports

Body = tuple[s.Statement, ...]


class Merges(Calls):
    """Words that take a body and give one value."""

    def with_body(self, step: s.Step, body: Body, place: Place, current: Any, name: str | None = None) -> Any:
        """`concat:`, `add as m:`, `multiply:`, ... and `residual:` behind `=`."""
        if isinstance(step, s.Group):
            raise Fault("no-body", "several values take no body", step.span)
        word = step.head.id if isinstance(step.head, s.Name) else ""
        if word == "residual":
            return self.residual_value(step, body, place, current, name)
        callee = self.head(step.head, place)
        if not isinstance(callee, type) or not issubclass(callee, Op) or callee.kind != "merge":
            help = "a body stands behind a merge such as `concat:`, behind `residual:`, `repeat n:`, `for`, `if`"
            raise Fault("no-body", f"`{step.head.span.text}` takes no body", step.span, help=help)
        return self.merge(callee, step, body, place, current, name)

    def merge(self, cls: type[Op], call: s.Call, body: Body, place: Place, current: Any, name: str | None) -> Any:
        """All branches start from the current value and are merged in order."""
        given = self.given(call, place)
        path, paths = self.body_paths(call.label, name, cls.short, place)
        frame = Frame(cls.word, cls.word, call.span, place.frame, paths.prefix)
        inner = place.inner(flow=current, frame=frame, paths=paths)
        inner.branches = []
        self.run(body, inner)
        if not inner.branches:
            raise Fault(
                "no-branch", f"`{cls.word}:` has no branch", call.span, help="add `branch: ...` lines to its body"
            )
        result = self.seen.bind(cls, given, place.scope.file.defaults.get(cls.word, NO_DEFAULTS), 0, call.span)
        return self.merged(result.op, [*inner.branches, *result.operands], call, place, path, cls.short)

    def merged(self, op: Op, taken: list[Any], call: s.Call, place: Place, path: str | None, kind: str) -> Any:
        if any(port is POISON for port in taken):
            raise Poisoned
        self.check_count(op, taken, call)
        result = self.add(op, tuple(taken), call.span, place, path or place.paths.auto(kind), {}, frozenset())
        self.name_value(call.label, result, place)
        return result

    def body_paths(self, label: s.Label | None, name: str | None, kind: str, place: Place) -> tuple[str | None, Paths]:
        """The path of the row that merges, and the names of what stands in the body: a label opens a scope."""
        if label is None and name is None:
            return None, place.paths
        path = self.path(label, name, kind, place)
        return path, Paths(path)

    def branch(self, call: s.Call, body: Body | None, place: Place) -> None:
        """`branch:` starts from the value its merge started from."""
        if place.branches is None:
            raise Fault("no-branch", "`branch:` stands in the body of a merge such as `concat:`", call.span)
        if body is None:
            raise Fault("missing-body", "`branch` wants a body", call.span, help="write `branch: conv 64, 1x1`")
        if call.args:
            raise Fault("too-many-arguments", "`branch` takes no arguments", call.span)
        _, paths = self.body_paths(call.label, None, "branch", place)
        frame = Frame("branch", "branch", call.span, place.frame, paths.prefix, turn=len(place.branches))
        inner = place.inner(frame=frame, paths=paths)
        self.run(body, inner)
        if inner.flow is NOTHING:
            raise Fault("no-current-value", "the branch gives no value", call.span)
        place.branches.extend(ports(inner.flow))

    # --- residual -----------------------------------------------------------------------------------------------------

    def residual(self, call: s.Call, body: Body | None, place: Place) -> None:
        if body is None:
            raise Fault("missing-body", "`residual` wants a body", call.span, help="end the line with a colon")
        place.flow = self.residual_value(call, body, place, place.flow, None)

    def residual_value(self, call: s.Call, body: Body, place: Place, current: Any, name: str | None) -> Any:
        """The body's result plus the input, or what `shortcut:` makes of it."""
        start = self.start(call, current)
        when, drop = self.residual_options(call, place)
        path, paths = self.body_paths(call.label, name, "add", place)
        frame = Frame("residual", "residual", call.span, place.frame, paths.prefix)
        inner = place.inner(flow=start, frame=frame, paths=paths)
        inner.residual = Residual(start)
        self.run(body, inner)
        result = single(inner.flow)
        if result is POISON or inner.flow is POISON or inner.residual.shortcut is POISON:
            raise Poisoned
        if result is None:
            raise Fault("type", f"the body of `residual` gives {describe(inner.flow)}, one value is wanted", call.span)
        if not when:
            self.name_value(call.label, inner.flow, place)
            return inner.flow
        shortcut = start if inner.residual.shortcut is None else inner.residual.shortcut
        agree(call, inner.residual, shortcut.shape, result.shape, self.nodes, start)
        add = OPERATORS["add"](**({"drop": drop} if drop else {}))
        return self.merged(add, [shortcut, result], call, place, path, "add")

    def start(self, call: s.Call, current: Any) -> Port:
        if current is NOTHING:
            raise Fault("no-current-value", "`residual:` has no value to start from", call.span)
        if current is POISON:
            raise Poisoned
        start = single(current)
        if start is POISON:
            raise Poisoned
        if not isinstance(start, Port):
            raise Fault("too-many-values", f"`residual:` starts from one value, found {describe(current)}", call.span)
        return start

    def residual_options(self, call: s.Call, place: Place) -> tuple[bool, float]:
        """`when=condition` and `drop=share`."""
        when, drop = True, 0.0
        for given in self.given(call, place):
            if given.name == "when" and isinstance(given.value, bool):
                when = given.value
            elif given.name == "drop" and isinstance(given.value, (int, float)) and 0 <= given.value < 1:
                drop = float(given.value)
            else:
                raise self.unfit_option(given)
        return when, drop

    def unfit_option(self, given: Given) -> Fault:
        if given.name in ("when", "drop"):
            wanted = "a condition" if given.name == "when" else "a share from 0 up to, not including, 1"
            return Fault("type", f"`{given.name}` of `residual` is {wanted}, found {describe(given.value)}", given.span)
        return Fault("unknown-argument", "`residual` takes `when=` and `drop=`", given.span)

    def shortcut(self, call: s.Call, body: Body | None, place: Place) -> None:
        """`shortcut:` starts where its residual starts; the flow after it goes on as before."""
        residual = place.residual
        if residual is None:
            raise Fault("no-residual", "`shortcut:` stands directly in the body of `residual:`", call.span)
        if body is None:
            raise Fault("missing-body", "`shortcut` wants a body", call.span, help="end the line with a colon")
        if residual.span is not None:
            raise Fault("no-residual", "the residual has a shortcut already", call.span,
                        notes=(f"the first is at {residual.span.place}",))  # fmt: skip
        residual.span = call.span
        _, paths = self.body_paths(call.label, None, "shortcut", place)
        frame = Frame("shortcut", "shortcut", call.span, place.frame, paths.prefix)
        inner = place.inner(flow=residual.start, frame=frame, paths=paths)
        self.run(body, inner)
        value = inner.flow if inner.flow is POISON else single(inner.flow)
        if value is None:
            raise Fault("type", f"the shortcut gives {describe(inner.flow)}, one value is wanted", call.span)
        residual.shortcut = value


def agree(call: s.Call, residual: Residual, kept: Shape, made: Shape, nodes: list[Node], start: Port) -> None:
    """The sum of a residual needs equal shapes; one channel may be added to all (V-Net), nothing is projected."""
    if compatible(kept, made):
        return
    what = "the shortcut gives" if residual.span is not None else "the shortcut is the input,"
    notes: tuple[str, ...] = ()
    if residual.span is not None and kept == start.shape:
        notes = (f"the `shortcut:` at {residual.span.place} changes nothing here",)
    raise Fault(
        "shape-mismatch",
        f"the branches of `add` disagree: {made} and {kept}",
        call.span,
        label=f"the body gives {made}, {what} {kept}",
        notes=notes,
        help=way_out(made, kept, nodes, start),
    )


def compatible(kept: Shape, made: Shape) -> bool:
    if len(kept) != len(made):
        return False
    same = all(a is None or b is None or a == b for a, b in zip(kept.spatial, made.spatial))
    return same and (None in (kept[-1], made[-1]) or kept[-1] == made[-1] or kept[-1] == 1)


def way_out(made: Shape, kept: Shape, nodes: list[Node], start: Port) -> str:
    """What would make the two agree, where one can tell."""
    if len(made) != len(kept) or None in made or None in kept or not made.rank:
        return ""
    padded = missing_border(made, kept, nodes)
    if padded:
        return padded
    steps = [b // a if b % a == 0 else -(-b // a) for a, b in zip(made.spatial, kept.spatial)]  # type: ignore[operator]
    if any(step < 1 for step in steps):
        return ""
    if any(-(-b // step) != a for a, b, step in zip(made.spatial, kept.spatial, steps)):  # type: ignore[operator]
        return ""
    stride = "" if set(steps) == {1} else f", stride={steps[0] if len(set(steps)) == 1 else tuple(steps)}"
    ones = "x".join("1" * made.rank) if made.rank > 1 else "1"
    return f"give it a `shortcut:` that ends in {made}, such as `conv {made.channels}, {ones}{stride}`"


def missing_border(made: Shape, kept: Shape, nodes: list[Node]) -> str:
    """Where the body loses just the border of its last unpadded window: the padding that keeps it."""
    lost = {b - a for a, b in zip(made.spatial, kept.spatial)}  # type: ignore[operator]
    if len(lost) != 1 or made.channels != kept.channels or (shrink := lost.pop()) <= 0:
        return ""
    for node in reversed(nodes):
        pad = getattr(node.op, "pad", None)
        window = node.facts.window
        if isinstance(pad, Padding) and pad.kind == "valid" and window is not None and set(window.size) == {shrink + 1}:
            how = f"`pad={shrink // 2}`" if shrink % 2 == 0 else "`pad=same`"
            return f"{how} in `{node.span.text}` would make them agree"
    return ""
