"""A comparison as text for a review, and as JSON for other programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import wrap
from typing import Any

from ...colour import painted
from ...graph import Node
from .changes import Change, Comparison, Single, Totals, instance, local, params, written

SIGNS = {"added": "+", "removed": "-", "changed": "~", "moved": ">"}
COLORS = {"added": "32", "removed": "31", "changed": "33", "moved": "36"}

WIDTH = 110
PLACES = 4
"""Places or numbers of a change that are told, the others are left out."""


def comparison_text(found: Comparison, *, color: bool = False) -> str:
    """The figures, then every change with its places."""
    lines = list(figures(found.before, found.after))
    if found.same:
        return "\n".join([*lines, "", "no layer differs", *renamed(found.renamed)])
    lines.append("")
    for change in found.changes:
        lines += entry(change, color)
    lines += resized(found.resized)
    lines += renamed(found.renamed)
    return "\n".join(lines)


def renamed(pairs: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Weights that are found by name no longer fit these."""
    if pairs:
        several = "s with weights have other names" if len(pairs) > 1 else " with weights has another name"
        shown = listed([f"{a} -> {b}" for a, b in pairs])
        yield from wrap(f"{len(pairs)} layer{several}: {shown}", WIDTH, initial_indent="  ", subsequent_indent="    ")


def figures(before: Totals, after: Totals) -> Iterator[str]:
    yield f"{before.name} ({before.file}) -> {after.name} ({after.file})"
    rows = [
        ("parameters", before.params, after.params),
        ("trainable", before.trainable, after.trainable),
        ("multiply-accumulates", before.macs, after.macs),
        ("layers", before.layers, after.layers),
    ]
    width = max(len(number(n)) for _, *pair in rows for n in pair)
    for name, a, b in rows:
        yield f"  {name:<20}  {number(a):>{width}}  {number(b):>{width}}  {delta(a, b)}".rstrip()


def number(value: int | None) -> str:
    return "?" if value is None else f"{value:,}"


def delta(before: int | None, after: int | None) -> str:
    """`+1,024 (+0.4 %)`"""
    if before is None or after is None or before == after:
        return ""
    share = f" ({(after - before) / before:+.1%})".replace("%", " %") if before else ""
    return f"{after - before:+,}{share}"


def entry(change: Change, color: bool) -> Iterator[str]:
    """A change: sign, what, how often, how many parameters more; its places below."""
    sign = SIGNS[change.kind]
    times = f", {len(change.runs)} times" if len(change.runs) > 1 else ""
    more = f"   {change.params:+,} parameters" if change.params else ""
    head, *rest = wrap(f"{sign} {what(change)}{times}{more}", WIDTH, subsequent_indent="    ", break_long_words=False)
    yield painted(head, COLORS[change.kind], color)
    yield from rest
    if shapes := shape_changes(change):
        yield f"    {shapes}"
    yield from wrap(places(change), WIDTH, initial_indent="    ", subsequent_indent="    ", break_long_words=False)


def what(change: Change) -> str:
    """`bottleneck.conv2: stride 1 -> 2`, `in bottleneck: global_avgpool -> dense 16/32`"""
    first = change.runs[0][0]
    frame = instance(first.node)
    if first.kind in ("added", "removed"):
        chain = " -> ".join(together([written(s.node) for s in alike]) for alike in zip(*change.runs))
        return f"in {frame.name}: {chain}" if frame is not None else chain
    name = f"{frame.name}.{local(first.node)}" if frame is not None else first.node.op.word
    if first.kind == "moved":
        return f"{name} ({written(first.node)}) takes other values"
    columns = zip(*(run[0].arguments for run in change.runs))
    return f"{name}: " + ", ".join(transitions(column) for column in columns)


def transitions(column: Sequence[tuple[str, str, str]]) -> str:
    """`out 64 -> 128, 128 -> 256`: what became of one argument at all places."""
    found = list(dict.fromkeys(f"{a} -> {b}" for _, a, b in column))
    return f"{column[0][0]} {listed(found)}"


def together(texts: Sequence[str]) -> str:
    """`dense 16/32/64, act=relu`: calls that differ in some of their words."""
    words = [text.split() for text in dict.fromkeys(texts)]
    if len({len(w) for w in words}) > 1:
        return texts[0]
    merged = []
    for column in zip(*words):
        comma = "," if column[0].endswith(",") else ""
        merged.append(listed(list(dict.fromkeys(w.rstrip(",") for w in column)), "/") + comma)
    return " ".join(merged)


def listed(texts: Sequence[str], sign: str = ", ") -> str:
    """The texts, those in the middle left out where they are many."""
    return sign.join([*texts[: PLACES - 1], "...", texts[-1]] if len(texts) > PLACES else texts)


def shape_changes(change: Change) -> str:
    """`28x28x128 -> 14x14x128`, of layers that changed, where it is the same for all."""
    found = {shape_change(run[0]) for run in change.runs}
    return found.pop() if len(found) == 1 else ""


def shape_change(single: Single) -> str:
    a, b = single.before, single.after
    if a is None or b is None or a.facts.outputs == b.facts.outputs:
        return ""
    return f"{shape(a)} -> {shape(b)}"


def shape(node: Node) -> str:
    return ", ".join(map(str, node.facts.outputs))


def places(change: Change) -> str:
    """The paths, the last ones only counted."""
    paths = [run[0].node.path if len(run) == 1 else f"{run[0].node.path} to {run[-1].node.path}" for run in change.runs]
    counted = f" ({len(paths)} in all)" if len(paths) > PLACES else ""
    return listed(paths) + counted


def resized(found: Sequence[Single]) -> Iterator[str]:
    """Layers that follow with other shapes, in one sentence."""
    if not found:
        return
    more = sum(params(s.after) - params(s.before) for s in found)
    told = f", {more:+,} parameters" if more else ""
    layers = f"{len(found)} layer{'s' * (len(found) != 1)}"
    first = found[0]
    assert first.before is not None
    assert first.after is not None
    example = f"{first.node.path} {shape(first.before)} -> {shape(first.after)}"
    yield f"  {layers} with other shapes only{told}: from {example} on" if len(found) > 1 else f"  {example}{told}"


# --- for programs -----------------------------------------------------------------------------------------------------


def comparison_dict(found: Comparison) -> dict[str, Any]:
    """Totals of both, and every layer that differs, with nothing folded."""
    return {
        "before": found.before._asdict(),
        "after": found.after._asdict(),
        "same": found.same,
        "changes": [single_dict(single) for single in (*found.singles, *found.resized)],
        "renamed": [{"before": a, "after": b} for a, b in found.renamed],
    }


def single_dict(single: Single) -> dict[str, Any]:
    given = [{"argument": name, "before": a, "after": b} for name, a, b in single.arguments]
    return {
        "kind": single.kind,
        "before": layer_dict(single.before),
        "after": layer_dict(single.after),
        "arguments": given,
    }


def layer_dict(node: Node | None) -> dict[str, Any] | None:
    if node is None:
        return None
    outputs = [[None, *shape] for shape in node.facts.outputs]
    return {
        "name": node.path,
        "type": node.type,
        "written": written(node),
        "output_shape": outputs[0] if len(outputs) == 1 else outputs,
        "params": node.facts.params,
        "macs": node.facts.macs,
    }
