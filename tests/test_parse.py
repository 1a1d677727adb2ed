"""Text -> syntax: every form by hand, every span by reading its text again."""

from __future__ import annotations

import ast
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, get_args

import pytest
from cnnc.compiler import syntax as s
from cnnc.compiler.diagnostics import CompileError, Diagnostic
from cnnc.compiler.format import format
from cnnc.compiler.parse import parse, parse_expression
from cnnc.compiler.source import Source
from hypothesis import HealthCheck, Phase, given, settings

from .trees import modules

ROOT = Path(__file__).parent.parent
EXPRESSIONS = get_args(s.Expr)


def read(text: str) -> s.Module:
    return parse(Source("test.cnn", text))


def expression(text: str) -> s.Expr:
    return parse_expression(Source("test.cnn", text))


def body(text: str) -> tuple[s.Statement, ...]:
    """The statements of a model whose body is `text`, indented by four."""
    (model,) = read("model A:\n" + "".join(f"    {line}\n" for line in text.splitlines())).items
    assert isinstance(model, s.Model)
    return model.body


def refused(text: str) -> tuple[Diagnostic, ...]:
    with pytest.raises(CompileError) as caught:
        read(text)
    return caught.value.diagnostics


def shape(expr: Any) -> Any:
    """An expression as nested tuples, by hand the shortest to write."""
    match expr:
        case s.Number():
            return expr.value
        case s.Name():
            return expr.id
        case s.Unary():
            return (expr.operator, shape(expr.operand))
        case s.Binary() if len(set(expr.operators)) == 1:
            return (expr.operators[0], *map(shape, expr.operands))
        case s.Binary():
            return (expr.operators, *map(shape, expr.operands))
        case s.By():
            return ("x", *map(shape, expr.items))
        case s.IfElse():
            return ("if", shape(expr.condition), shape(expr.then), shape(expr.otherwise))
        case s.Index():
            return ("[]", shape(expr.value), shape(expr.index))
        case s.Apply():
            return ("()", shape(expr.function), *(shape(a.value) for a in expr.args))
        case s.Member():
            return (".", shape(expr.value), expr.name)
        case s.Tuple() | s.List():
            return (type(expr).__name__, *map(shape, expr.items))
    return expr


# --- expressions


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("1 + 2 - 3", (("+", "-"), 1, 2, 3)),
        ("1 + 2 * 3", ("+", 1, ("*", 2, 3))),
        ("(1 + 2) * 3", ("*", ("+", 1, 2), 3)),
        ("7 // 2 % 2", (("//", "%"), 7, 2, 2)),
        ("2**3**2", ("**", 2, ("**", 3, 2))),
        ("-2**2", ("-", ("**", 2, 2))),
        ("2**-1", ("**", 2, ("-", 1))),
        ("- -1", ("-", ("-", 1))),
        ("not a == b", ("not", ("==", "a", "b"))),
        ("a or b and not c", ("or", "a", ("and", "b", ("not", "c")))),
        ("1 < a <= 3", (("<", "<="), 1, "a", 3)),
        ("a in b", ("in", "a", "b")),
        ("a if b else c if d else e", ("if", "b", "a", ("if", "d", "c", "e"))),
        ("size x size x 3", ("x", "size", "size", 3)),
        ("2 * w x h + 1", ("x", ("*", 2, "w"), ("+", "h", 1))),
        ("x x x", ("x", "x", "x")),
        ("e[i - 1][0]", ("[]", ("[]", "e", ("-", "i", 1)), 0)),
        ("f(1)(a)[2].c", (".", ("[]", ("()", ("()", "f", 1), "a"), 2), "c")),
        ("(1,)", ("Tuple", 1)),
        ("(1)", 1),
        ("[]", ("List",)),
        ("a in[1, 2]", ("in", "a", ("List", 1, 2))),
        ("not(a)", ("not", "a")),
        ("25_636_712", 25636712),
        ("1e-4", 1e-4),
        ("1e3", 1000.0),
        ("1.5e+2", 150.0),
    ],
)
def test_an_expression(text: str, meant: Any) -> None:
    assert shape(expression(text)) == meant


def test_numbers_are_whole_unless_written_otherwise() -> None:
    kinds = [type(expression(text).value) for text in ("3", "3.0", "1e3", "1_000")]  # type: ignore[union-attr]
    assert kinds == [int, float, float, int]


def test_literals() -> None:
    span = expression("1").span
    assert expression("224x224x3") == s.Sizes((224, 224, 3), span)
    assert expression("?x?x3") == s.Sizes((None, None, 3), span)
    assert expression("? x 3") == s.Sizes((None, 3), span)
    assert expression("0x10") == s.Sizes((0, 10), span)
    assert expression("500 steps") == s.Quantity(500, "steps", span)
    assert expression('"a {b}"') == s.Text("a {b}", span)
    assert expression("a[1:]") == s.Slice(s.Name("a", span), s.Number(1, span), None, span)
    assert expression('{"A": 1, 2: b}') == s.Map(
        ((s.Text("A", span), s.Number(1, span)), (s.Number(2, span), s.Name("b", span))), span
    )


@pytest.mark.parametrize(
    "text", ["1 + 2*3 - 4/5", "2**3**4", "-a**2", "not a or b and c", "a - b - c", "a if b else c"]
)
def test_python_groups_alike(text: str) -> None:
    """Both languages, with every group in brackets."""

    def grouped(e: s.Expr) -> str:
        match e:
            case s.Binary() if e.operators[0] == "**" or len(e.operators) == 1:
                return f"({grouped(e.operands[0])} {e.operators[0]} {grouped(e.operands[1])})"
            case s.Binary():
                inner = s.Binary(e.operators[:-1], e.operands[:-1], e.span)
                return f"({grouped(inner)} {e.operators[-1]} {grouped(e.operands[-1])})"
            case s.Unary():
                return f"({e.operator} {grouped(e.operand)})"
            case s.IfElse():
                return f"({grouped(e.then)} if {grouped(e.condition)} else {grouped(e.otherwise)})"
        return e.span.text

    assert ast.dump(ast.parse(grouped(expression(text)))) == ast.dump(ast.parse(text))


# --- statements and files


def test_statements() -> None:
    kinds = [
        type(statement)
        for statement in body(
            '"""doc"""\n'
            "let a, (b, c) = d\n"
            "let f(n, m=2) = n * m\n"
            "conv 64, 3x3, pad=1 as one -> relu\n"
            "p, q[0] = body.c -> fpn\n"
            "share head = a -> b\n"
            "as here\n"
            "for i, (w, d) in t:\n    relu\n"
            "if a: b\nelif c: d\nelse: e\n"
            "residual when=a == 1:\n    relu\n"
            "a = x -> add:\n    branch: relu\n"
            "(a, b) as both -> add"
        )
    ]
    assert kinds == [
        s.Doc, s.Let, s.LetFunction, s.Flow, s.Side, s.Share, s.Here, s.Loop, s.Cond, s.Flow, s.Side, s.Flow,
    ]  # fmt: skip


def test_labels() -> None:
    (flow,) = body('a as "layer{stage + 1}.{i}" -> b as e[i]')
    first, second = flow.chain.steps  # type: ignore[union-attr]
    assert [p if isinstance(p, str) else p.span.text for p in first.label.parts] == ["layer", "stage + 1", ".", "i"]
    assert first.label.parts[1].span.column == 5 + len('a as "layer{')
    assert second.label.target.span.text == "e[i]"


def test_the_words_of_the_language_are_names_elsewhere() -> None:
    (flow,) = body("model x, train=x x x, 3 steps, steps, import=from")
    assert flow.span.text == "model x, train=x x x, 3 steps, steps, import=from"
    values = [a.value for a in flow.chain.steps[0].args]  # type: ignore[union-attr]
    assert [type(v) for v in values] == [s.Name, s.By, s.Quantity, s.Name, s.Name]


@pytest.mark.parametrize("word", ["as", "for", "in", "if", "elif", "else", "and", "or", "not", "let", "share"])
def test_reserved_words(word: str) -> None:
    assert refused(f"let {word} = 1\n")
    assert expression(f"{word}_1") == s.Name(f"{word}_1", expression("a").span)


def test_what_goes_on_in_the_next_line() -> None:
    joined = body("conv 64, 3x3 -> relu\nlet a = [1, 2]")
    assert body("conv 64,\n        3x3 ->\n    # why\n      relu\nlet a = [\n  1,\n2]") == joined


def test_comments_and_blank_lines() -> None:
    module = read("# one\nmodel A: # two\n\n        # three\n    relu# four\n\n# five")
    assert [(c.line, c.text, c.alone) for c in module.comments] == [
        (1, "# one", True), (2, "# two", False), (4, "# three", True), (5, "# four", False), (7, "# five", True),
    ]  # fmt: skip


def test_line_ends_and_a_byte_order_mark_change_nothing() -> None:
    text = "model A:\n    conv 64,\n        3x3\n    # c\n    relu\n"
    assert read(text.replace("\n", "\r\n")).items == read(text).items == read("\ufeff" + text).items
    assert read(text.rstrip()).items == read(text).items


def test_any_indentation_that_is_kept() -> None:
    assert read("model A:\n  if a:\n       b\n  c\n").items == read("model A:\n    if a:\n        b\n    c\n").items


def test_documentation_has_no_margin() -> None:
    (doc,) = read('"""One.\n    Two.\n      Three.\n"""\n').items
    assert doc.text == "One.\nTwo.\n  Three."  # type: ignore[union-attr]


def test_the_spans_of_heads() -> None:
    module = read(
        "model A(b, c=1):\n    repeat 3: relu\n    for i in e:\n        a = b -> c:\n            if d: x\n"
        "model B = A 1, c=2\ntrain warm for A:\n    data digits\nimport a as b from \"c.cnn\"\n"
    )  # fmt: skip
    model, variant, train, imported = module.items
    repeat, loop = model.body  # type: ignore[union-attr]
    (side,) = loop.body
    (cond,) = side.body
    texts = [n.span.text for n in (model, repeat, loop, side, cond, variant, train, imported)]
    assert texts == [
        "model A(b, c=1)", "repeat 3", "for i in e", "a = b -> c", "if d", "model B = A 1, c=2", "train warm for A",
        'import a as b from "c.cnn"',
    ]  # fmt: skip
    assert repeat.body[0].span.place == "test.cnn:2:15"


def nodes(node: Any) -> Any:
    """A node and all nodes inside it."""
    if isinstance(node, tuple):
        for part in node:
            yield from nodes(part)
    elif is_dataclass(node):
        yield node
        for field in fields(node):
            if field.name not in ("span", "source", "comments"):
                yield from nodes(getattr(node, field.name))


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
@given(modules)
def test_a_span_holds_its_expression_and_nothing_else(module: s.Module) -> None:
    module = read(format(module))
    for node in nodes(module):
        text = node.span.text if not isinstance(node, s.Module) else "-"
        assert text
        assert text == text.strip()
        if isinstance(node, EXPRESSIONS):
            assert parse_expression(module.source, node.span.start, node.span.end) == node


# --- files, tables, memory
