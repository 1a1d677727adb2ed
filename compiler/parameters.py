"""The parameters of blocks, models and functions, bound to what a call gives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from . import syntax as s
from .fault import Fault, did_you_mean
from .scope import Scope
from .source import Span
from .values import Given


def bind_parameters(
    params: tuple[s.Param, ...],
    given: Sequence[Given],
    scope: Scope,
    span: Span,
    what: str,
    evaluate: Callable[[s.Expr, Scope], Any],
) -> None:
    """Bind what was given and the defaults of the rest, in order, so that a default may use earlier parameters."""
    found = assign(params, given, what)
    for param in params:
        if param.name in found:
            value = found[param.name]
        elif param.default is not None:
            value = evaluate(param.default, scope)
        else:
            raise Fault("missing-argument", f"{what} needs `{param.name}`", span, help=f"give `{param.name}=...`")
        scope.bind(param.name, value, param.span, "parameter")


def assign(params: tuple[s.Param, ...], given: Iterable[Given], what: str) -> dict[str, Any]:
    """The value of each parameter that is given one."""
    found: dict[str, Any] = {}
    names = [param.name for param in params]
    positions = iter(names)
    count = sum(one.name is None for one in given)
    for one in given:
        name = one.name if one.name is not None else next(positions, None)
        if name is None:
            takes = f"{len(params)} argument{'s' * (len(params) != 1)}"
            raise Fault("too-many-arguments", f"{what} takes {takes}, {count} are given", one.span)
        if name not in names:
            raise unknown(name, names, what, one.span)
        if name in found:
            raise Fault("too-many-arguments", f"`{name}` of {what} is given twice", one.span)
        found[name] = one.value
    return found


def unknown(name: str, names: list[str], what: str, span: Span) -> Fault:
    there = f"it has {', '.join(f'`{n}`' for n in names)}" if names else "it has none"
    return Fault("unknown-argument", f"{what} has no parameter `{name}`", span,
                 help=did_you_mean(name, names) or there)  # fmt: skip
