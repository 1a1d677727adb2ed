"""Random syntax trees, for hypothesis: every form of the language, with names that are also words of it."""

from __future__ import annotations

from typing import Any

from cnnc.compiler import syntax as s
from cnnc.compiler.layout import unindented
from cnnc.compiler.source import Source, Span
from hypothesis import strategies as st

NOWHERE = Span(Source("tree", ""), 0, 0)

names = st.sampled_from(
    ["a", "conv", "width", "x", "model", "train", "steps", "px", "from", "block", "e1", "_f", "import"]
)
letters = st.characters(codec="utf-8", exclude_characters='"{}\\', exclude_categories=("Cc", "Cf", "Cs", "Zl", "Zp"))
counts = st.integers(0, 10**9)
floats = st.floats(0, 1e12, allow_nan=False).filter(lambda f: len(repr(f)) < 20)


def build(kind: Any, *parts: Any) -> Any:
    return st.builds(kind, *parts, span=st.just(NOWHERE))


def some(items: Any, least: int = 0, most: int = 3) -> Any:
    return st.lists(items, min_size=least, max_size=most).map(tuple)


name = build(s.Name, names)
number = build(s.Number, counts | floats)
sizes = build(s.Sizes, some(st.none() | st.integers(0, 999), 2, 4))
text = build(s.Text, st.text(letters, max_size=8))
quantity = build(s.Quantity, counts | floats, st.sampled_from(["epochs", "step", "deg", "px", "batches"]))
plain = name | number | sizes | quantity | build(s.Open)

patterns = st.recursive(
    build(lambda n, span: s.Pattern(n, (), span), names),
    lambda inner: build(lambda parts, span: s.Pattern(None, parts, span), some(inner, 2)),
    max_leaves=4,
)


def binary(inner: Any, *signs: str) -> Any:
    """Operators of one level in a row."""
    pairs = some(st.tuples(st.sampled_from(signs), inner), 1)
    return st.builds(
        lambda first, rest: s.Binary(tuple(r[0] for r in rest), (first, *(r[1] for r in rest)), NOWHERE), inner, pairs
    )


def by(first: s.Expr, rest: tuple[s.Expr, ...]) -> s.By:
    return s.By((first, *rest), NOWHERE)


def larger(inner: Any) -> Any:
    """One level more, without strings and maps: what may stand in a label."""
    return st.one_of(
        build(s.Tuple, some(inner, 1)),
        build(s.List, some(inner)),
        build(s.Each, inner, patterns, inner, st.none() | inner),
        build(s.Apply, inner, some(build(s.Arg, st.none() | names, inner))),
        build(s.Member, inner, names),
        build(s.Index, inner, inner),
        build(s.Slice, inner, st.none() | inner, st.none() | inner),
        build(s.Unary, st.sampled_from(["-", "not"]), inner),
        binary(inner, "+", "-"),
        binary(inner, "*", "/", "//", "%"),
        binary(inner, "and"),
        binary(inner, "or"),
        binary(inner, "==", "!=", "<", ">", "<=", ">=", "in"),
        st.builds(lambda a, b: s.Binary(("**",), (a, b), NOWHERE), inner, inner),
        st.builds(by, name, some(inner, 1)),
        build(s.IfElse, inner, inner, inner),
    )


simple = st.recursive(plain, larger, max_leaves=6)
expressions = st.recursive(
    plain | text,
    lambda inner: larger(inner) | build(s.Map, some(st.tuples(name | number | text, inner))),
    max_leaves=10,
)

refs = st.recursive(name, lambda r: build(s.Member, r, names) | build(s.Index, r, simple), max_leaves=3)


def joined(parts: tuple[Any, ...]) -> tuple[Any, ...]:
    """No two strings of a label in a row."""
    return tuple(p for i, p in enumerate(parts) if not (isinstance(p, str) and i and isinstance(parts[i - 1], str)))


labels = build(lambda target, span: s.Label(target, (), span), refs) | build(
    lambda parts, span: s.Label(None, parts, span),
    some(st.text(letters, min_size=1, max_size=5) | simple, 1).map(joined),
)
args = some(build(s.Arg, st.none() | names, expressions))
calls = build(s.Call, refs, args, st.none() | labels)
groups = build(s.Group, some(refs, 2), st.none() | labels)
chains = st.builds(lambda first, rest: s.Chain((first, *rest), NOWHERE), calls | groups, some(calls, 0, 2))
params = some(build(s.Param, names, st.none() | expressions))
docs = build(
    s.Doc,
    st.text(st.sampled_from('ab \n"'), max_size=20).filter(lambda t: '""' not in t).map(unindented).map(unindented),
)

simple_statements = st.one_of(
    build(s.Let, patterns, expressions),
    build(s.LetFunction, names, params, expressions),
    build(s.Flow, chains, st.none()),
    build(s.Side, some(refs, 1), chains, st.none()),
    build(s.Share, names, chains),
    build(s.Here, labels),
)
statements = st.recursive(
    simple_statements | docs,
    lambda inner: st.one_of(
        build(s.Flow, chains, some(inner, 1)),
        build(s.Side, some(refs, 1), chains, some(inner, 1)),
        build(s.Loop, patterns, expressions, some(inner, 1)),
        build(s.Cond, some(st.tuples(expressions, some(inner, 1)), 1), st.none() | some(inner, 1)),
    ),
    max_leaves=6,
)
bodies = some(statements, 1)
imported = build(s.Imported, names, st.none() | names)
items = st.one_of(
    docs,
    build(s.Import, some(imported, 1), text),
    build(s.Model, names, params, bodies),
    build(s.Variant, names, params, calls, some(statements)),
    build(s.Block, names, params, bodies),
    build(s.Let, patterns, expressions),
    build(s.LetFunction, names, params, expressions),
    build(s.Defaults, bodies),
    build(s.Train, st.none() | names, st.none() | names, bodies),
)
modules = some(items, 0, 4).map(lambda found: s.Module(found, NOWHERE.source))
