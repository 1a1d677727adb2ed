"""Code with holes: where the operands of a step go."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .code import Call, Code, Hole, Named


def filled(code: Code, operands: Sequence[Code], own: Code = "") -> Code:
    """The code with its holes filled: operands by number, the attribute itself for -1."""
    if isinstance(code, Hole):
        return own if code.number < 0 else operands[code.number]
    if isinstance(code, Named):
        return Named(code.name, filled(code.code, operands, own))
    if isinstance(code, Call):
        args: list[Code] = []
        for arg in code.args:
            args += operands if arg == ALL else [filled(arg, operands, own)]
        return Call(filled(code.head, operands, own), tuple(args), code.brackets)
    return code


HOLES = [Hole(n) for n in range(256)]
"""The operands by number."""

ALL = Hole(1000)
"""All operands, one after another."""


def holes(code: Code) -> Iterator[Hole]:
    if isinstance(code, Hole):
        yield code
    elif isinstance(code, Named):
        yield from holes(code.code)
    elif isinstance(code, Call):
        for inner in (code.head, *code.args):
            yield from holes(inner)
