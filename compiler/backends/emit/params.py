"""Parameters of classes and functions: what comes in, and the arguments with their values in each instance."""

from __future__ import annotations

from typing import Any, NamedTuple

from ...values import is_value, ports
from .code import MISSING, Raw
from .entries import Body
from .explain import Vector, variable
from .parts import value


def incoming(body: Body) -> list[str]:
    """The names of what comes in: those of the block's parameters, `x` for the flow."""
    names: list[str] = []
    for number, read in enumerate(body.reads):
        bound = [n for n, v in body.part.frame.bindings if is_value(v) and read in map(value, ports(v))]
        bound = bound if body.part.path else body.part.named[number : number + 1]
        name = bound[0] if bound else "x"
        if name in names:
            name = f"{name}{number + 1}"
        names.append(name if name.startswith("x") and not bound else variable(name))
    return names


ABSENT: Any = object()
"""The value of a leaf in an instance that lacks its layer."""


class Param(NamedTuple):
    """A parameter of a class or function: its value in each instance, and a default where it has one."""

    name: str
    values: Vector
    default: Any = MISSING
    comes_in: int = -1
    """The number of the incoming value whose channels it counts, below 0 for none."""

    @property
    def hint(self) -> str:
        """The annotation."""
        kinds = {hint(v) for v in self.values if v is not ABSENT}
        kinds -= {"int"} if "float" in kinds else set()
        return " | ".join(sorted(kinds, key=lambda k: (k == "None", k)))


def hint(value: Any) -> str:
    if isinstance(value, Raw):
        return "type[nn.Module]"
    if isinstance(value, tuple):
        return "tuple[int, ...]" if len(value) == 0 or all(type(v) is int for v in value) else "tuple"
    return "None" if value is None else type(value).__name__
