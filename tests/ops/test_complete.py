"""No operator without a page in the reference, an example that compiles, a rule for each backend, and a row."""

from __future__ import annotations

import pytest
from cnnc.compiler.backends.onnx.rules import emit
from cnnc.compiler.ops.base import INITIALIZERS, OPERATORS, Op
from cnnc.runtime.lowering.expressions import expression
from cnnc.runtime.lowering.initialize import draw
from cnnc.runtime.lowering.rules import module

from .harness import Row, nodes
from .test_rows import ROWS

ALL = sorted({op.word: op for op in OPERATORS.values()}.items())
LAYERS = [(word, op) for word, op in ALL if word != "input"]


def has(table: object, op: type[Op]) -> bool:
    """Whether a rule other than the one that complains is registered."""
    return table.dispatch(op) is not table.dispatch(object)  # type: ignore[attr-defined]


@pytest.mark.parametrize(("word", "op"), LAYERS)
def test_torch_and_onnx_have_a_rule(word: str, op: type[Op]) -> None:
    assert has(module, op) or has(expression, op)
    assert has(emit, op)


@pytest.mark.parametrize(("word", "op"), ALL)
def test_the_reference_has_a_page(word: str, op: type[Op]) -> None:
    assert op.__doc__
    assert op.__doc__ is not op.__mro__[1].__doc__
    assert op.family
    assert all(field.doc for field in op.fields.values())
    assert word == "input" or op.examples


@pytest.mark.parametrize("text", [text for _, op in LAYERS for text in op.examples])
def test_examples_compile(text: str) -> None:
    shapes, chain = text.split(": ", 1)
    if "," in shapes and not chain.startswith("("):
        chain = f"({', '.join('abcd'[: shapes.count(',') + 1])}) -> {chain}"
    assert nodes(Row(text, f"{shapes}: {chain}"))


@pytest.mark.parametrize(("word", "op"), LAYERS)
def test_a_row_holds_it_against_the_judges(word: str, op: type[Op]) -> None:
    held = {type(node.op) for row in ROWS for node in nodes(row)}
    held |= {type(act) for row in ROWS for node in nodes(row) if (act := getattr(node.op, "act", None))}
    assert op in held


@pytest.mark.parametrize(("word", "initializer"), sorted(INITIALIZERS.items()))
def test_initialisers_are_drawn_and_told(word: str, initializer: type[Op]) -> None:
    assert initializer.__doc__
    assert has(draw, initializer)
