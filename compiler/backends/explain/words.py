"""A code of a diagnostic, or the word of an operator -> what it means."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import cleandoc

from ...codes import CODES, ERRORS
from ...fault import did_you_mean
from ...ops import OPERATORS
from ...ops.base import Op
from ...ops.record import Arg
from ...values import show


def explain_word(word: str) -> str | None:
    """What the word means, None where it is neither a code nor an operator."""
    code = word.strip().partition("[")[2].rstrip("]:") or word.strip()
    if code in CODES:
        kind = "error" if code in ERRORS else "warning"
        return f"{kind}[{code}]\n\n{CODES[code].strip()}"
    if word in OPERATORS:
        return "\n".join(operator_lines(word, OPERATORS[word]))
    return None


def nearest(word: str) -> str:
    """The word that may be meant, as a question; empty where none is near."""
    return did_you_mean(word, [*CODES, *OPERATORS])


def operator_lines(word: str, op: type[Op]) -> Iterator[str]:
    """The page of an operator, from its declaration."""
    yield f"{word} {', '.join(signature(op))}".rstrip()
    yield f"\n{cleandoc(op.__doc__ or '')}"
    if op.fields:
        yield "\narguments"
        wide = max(map(len, op.fields))
        for name, field in op.fields.items():
            yield f"  {name:<{wide}}  {field.doc}{allowed(field)}"
    if op.torch_differs:
        yield f"\nPyTorch differs: {op.torch_differs}"
    if op.examples:
        yield "\nexamples, behind the shape they are put on"
        yield from (f"  {example}" for example in op.examples)


def signature(op: type[Op]) -> Iterator[str]:
    """The arguments as one would write them."""
    for name, field in op.fields.items():
        if field.required:
            yield name if field.position else f"{name}=..."
        else:
            yield f"{name}={default(field)}"


def default(field: Arg) -> str:
    value = field.default
    if field.type.startswith("Sizes") and isinstance(value, tuple):
        return "x".join(map(str, value))
    return value if isinstance(value, str) and field.choices else show(value)


def allowed(field: Arg) -> str:
    if not field.choices:
        return ""
    return f" ({', '.join(field.choices)})"
