"""Values as the language writes them: numbers, windows, borders, activations."""

from __future__ import annotations

from typing import Any

from ..ops.base import OPERATORS, Op
from ..ops.geometry import Padding
from ..ops.record import Record
from .items import Code

LONG = 12
"""Characters from which on a number may be a quotient."""


def spelled(value: Any) -> str:
    """An argument as text."""
    if isinstance(value, Code):
        return str(value)
    if value is None or isinstance(value, bool):
        return "none" if value is None else str(value).lower()
    if isinstance(value, float):
        return real(value)
    if isinstance(value, Padding):
        return value.kind if value.kind != "explicit" else border(value.pairs, value.scalar)
    if isinstance(value, Record):
        return record(value)
    return sequence(value) if isinstance(value, tuple) else str(value)


def real(value: float) -> str:
    """`1e-5`, `0.1`, `2`"""
    if value == int(value) and abs(value) < 1e6:
        return str(int(value))
    text = repr(value)
    if len(text) > LONG and abs(value) < 1 and 1 / round(1 / value) == value:
        return f"{'-' if value < 0 else ''}1 / {abs(round(1 / value))}"
    mantissa, _, exponent = (text if "e" in text else f"{value:e}").partition("e")
    if "e" in text:
        return f"{mantissa}e{int(exponent)}"
    stripped = mantissa.rstrip("0").rstrip(".")
    scientific = f"{stripped}e{int(exponent)}"
    return scientific if float(scientific) == value and len(scientific) < len(text) else text


def border(pairs: tuple[tuple[int, int], ...], scalar: bool = False) -> str:
    """`1`, `(1, 2)`, `((0, 1), (0, 1))`"""
    if scalar or (len(pairs) == 1 and pairs[0][0] == pairs[0][1]):
        return str(pairs[0][0])
    if all(a == b for a, b in pairs):
        return f"({', '.join(str(a) for a, _ in pairs)})"
    inner = ", ".join(f"({a}, {b})" for a, b in pairs)
    return f"({inner},)" if len(pairs) == 1 else f"({inner})"


def sequence(items: tuple[Any, ...]) -> str:
    """Sizes as `3x3`, pairs and lists as they are."""
    if items and all(isinstance(pair, tuple) and len(pair) == 2 and _whole(pair) for pair in items):
        return border(items)
    if 1 < len(items) <= 4 and _sized(items):
        return "x".join("?" if n is None else str(n) for n in items)
    if len(items) == 1 and not isinstance(items[0], tuple):
        return spelled(items[0]) if items[0] is not None else "?"
    return f"[{', '.join(map(spelled, items))}]"


def _whole(items: tuple[Any, ...]) -> bool:
    return all(isinstance(n, int) and not isinstance(n, bool) for n in items)


def _sized(items: tuple[Any, ...]) -> bool:
    return all(n is None or (isinstance(n, int) and not isinstance(n, bool) and n >= 0) for n in items)


def record(value: Record) -> str:
    """An activation or initialiser, with its arguments in brackets where it has some."""
    told = list(value.told())
    if not told:
        return value.word
    texts: list[str] = []
    positional = True
    for name, given in told:
        positional = positional and value.fields[name].position and list(value.fields)[len(texts)] == name
        texts.append(spelled(given) if positional else f"{name}={spelled(given)}")
    return f"{value.word}({', '.join(texts)})"


def told(head: str, args: tuple[tuple[str, Any], ...], defaults: dict[tuple[str, str], Any]) -> list[str]:
    """The arguments of a layer that must be written, the file's `defaults:` known."""
    cls: type[Op] = OPERATORS[head]
    texts: list[str] = []
    positional = True
    for name, value in args:
        declared = cls.fields[name]
        default = defaults.get((head, name), declared.default)
        if name == "bias" and dict(args).get("kernel") is not None:
            default = False  # there is none beside a kernel that is given
        if not declared.required and same(value, default):
            positional = False
            continue
        if positional and declared.position:
            texts.append(argument(name, value))
        else:
            positional = False
            texts.append(f"{name}={argument(name, value)}")
    return texts


def argument(name: str, value: Any) -> str:
    """Steps per dimension in brackets, as `pad` has them; windows with an x; channels, and numbers, in a list."""
    if name in ("kernel", "codes") and isinstance(value, tuple):
        return f"[{', '.join(argument(name, inner) for inner in value)}]"
    if name == "channels" and isinstance(value, tuple) and len(value) > 1:
        return f"[{', '.join(map(spelled, value))}]"
    if name in ("stride", "dilation", "output_pad", "order", "axes") and isinstance(value, tuple) and len(value) > 1:
        return f"({', '.join(map(spelled, value))})"
    return spelled(value)


def same(a: Any, b: Any) -> bool:
    return a == b and isinstance(a, bool) == isinstance(b, bool) and not isinstance(a, Code)
