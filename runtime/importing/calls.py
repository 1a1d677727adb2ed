"""What a node of an exported program calls and with what, where it stands, what it makes."""

from __future__ import annotations

import os
from typing import Any

import torch

from ...compiler.ops.geometry import SAME, VALID, Padding


def function(node: Any) -> str:
    """The function of a node, by its name in `aten`."""
    return str(node.target).split(".")[1].rstrip("_") if "aten." in str(node.target) else str(node.target)


def called(node: Any, *words: str) -> bool:
    """Whether a node calls one of these functions."""
    return getattr(node, "op", "") == "call_function" and function(node) in words


def writes(node: Any) -> bool:
    """Whether a node writes its result over what it takes."""
    name = getattr(getattr(node, "target", None), "__name__", "")
    return getattr(node, "op", "") == "call_function" and name.split(".")[0].endswith("_")


def given(node: Any, position: int, name: str, default: Any = None) -> Any:
    """An argument by position or by name."""
    return node.args[position] if position < len(node.args) else node.kwargs.get(name, default)


def sizes(value: Any, rank: int) -> tuple[int, ...]:
    values = list(value) if isinstance(value, (list, tuple)) else [value]
    return tuple(values * rank if len(values) == 1 else values)


def border(value: Any, rank: int) -> Padding:
    if isinstance(value, str):
        return SAME if value == "same" else VALID
    return Padding("explicit", tuple((n, n) for n in sizes(value, rank)))


def beside(node: Any) -> list[Any]:
    """What a node is computed with; of what it is joined with that only which it comes from."""
    found, sources = [], before(node)
    for user in node.users:
        if called(user, "add", "sub", "mul", "maximum", "minimum"):
            found += [n for n in user.args[:2] if n is not node]
        elif called(user, "cat"):
            found += [n for n in user.args[0] if n in sources]
    return [n for n in found if hasattr(n, "name")]


def before(node: Any) -> list[Any]:
    """What a node comes from, the nearest first."""
    found = list(node.all_input_nodes)
    for n in found:
        found += [m for m in n.all_input_nodes if m not in found]
    return found


def sizes_of(program: Any) -> dict[str, tuple[int, ...]]:
    """The shapes of what the nodes make, by their names."""
    made = {node.name: node.meta.get("val") for node in program.graph.nodes}
    return {name: tuple(value.shape) for name, value in made.items() if isinstance(value, torch.Tensor)}


def same_steps(a: Any, b: Any) -> bool:
    """Whether two programs call the same functions in the same order."""
    steps = [[(node.name, str(node.target)) for node in program.graph.nodes] for program in (a, b)]
    return steps[0] == steps[1]


def where(node: Any) -> str:
    """The module that a node stands in, and the line that called it."""
    stack = list((node.meta.get("nn_module_stack") or {"": ("", "")}).values())
    path = f"`{stack[-1][0]}`" if stack[-1][0] else "the module itself"
    frames = str(node.meta.get("stack_trace") or "").strip().splitlines()
    lines = [frame for frame in frames if frame.strip().startswith("File ")]
    found = lines[-1].strip().split(", ") if lines else []
    if len(found) < 2:
        return path
    return f"{path} ({os.path.basename(found[0][5:].strip(chr(34)))}:{found[1].removeprefix('line ')})"
