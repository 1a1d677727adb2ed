"""What was written, and nothing else: one class for each form of the language, in the order of grammar/cnn.lark.

Spans take no part in equality, so that `parse(format(m)) == parse(text)` compares meaning. The file is as long as the
grammar has forms: it is read beside it, form by form, and cut nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Union

from .source import Source, Span


def _span() -> Span:
    return field(compare=False, repr=False)  # type: ignore[no-any-return]


# --- a file -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Comment:
    """`# text`, on a line of its own or behind something. `line` counts from 1."""

    line: int
    text: str
    alone: bool
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Module:
    """A whole file."""

    items: tuple[Item, ...]
    source: Source = field(compare=False, repr=False)
    comments: tuple[Comment, ...] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Doc:
    '''`"""text"""`, as an item of a file or a statement of a body.'''

    text: str
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Imported:
    """`basic as b`"""

    name: str
    alias: str | None
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Import:
    """`import basic as b, bottleneck from "blocks/resnet.cnn"`"""

    names: tuple[Imported, ...]
    path: Text
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Param:
    """A parameter of a model, block or `let` function; `default` None means it must be given."""

    name: str
    default: Expr | None
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Model:
    """`model NAME(params): body`; the span is that of the head."""

    name: str
    params: tuple[Param, ...]
    body: tuple[Statement, ...]
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Variant:
    """`model NAME(params) = CALL`, with documentation and figures of its own where a body follows."""

    name: str
    params: tuple[Param, ...]
    call: Call
    body: tuple[Statement, ...]
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Block:
    """`block NAME(params): body`"""

    name: str
    params: tuple[Param, ...]
    body: tuple[Statement, ...]
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Defaults:
    """`defaults:` with one call a line: layer and arguments."""

    body: tuple[Statement, ...]
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Train:
    """`train [name] [for MODEL]: body`"""

    name: str | None
    model: str | None
    body: tuple[Statement, ...]
    span: Span = _span()


# --- statements -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Let:
    """`let pattern = expr`"""

    pattern: Pattern
    value: Expr
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class LetFunction:
    """`let f(a, b=1) = expr`"""

    name: str
    params: tuple[Param, ...]
    value: Expr
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Flow:
    """A chain on a line of its own; with `body` where a colon follows (`concat:`, `branch:`, `repeat 3:`, ...)."""

    chain: Chain
    body: tuple[Statement, ...] | None
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Side:
    """`name, other[i] = chain`, perhaps with a body."""

    targets: tuple[Expr, ...]
    chain: Chain
    body: tuple[Statement, ...] | None
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Share:
    """`share NAME = chain`"""

    name: str
    chain: Chain
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Here:
    """`as label`: names the current value."""

    label: Label
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Loop:
    """`for pattern in expr: body`"""

    pattern: Pattern
    sequence: Expr
    body: tuple[Statement, ...]
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Cond:
    """`if c: body elif c: body else: body`; `otherwise` None where there is no `else`."""

    cases: tuple[tuple[Expr, tuple[Statement, ...]], ...]
    otherwise: tuple[Statement, ...] | None
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Pattern:
    """The target of a `for`, a `let` or a comprehension: `a`, `a, b` or `i, (a, b)`.

    A plain name has `name` and no `parts`; a list of patterns the other way round.
    """

    name: str | None
    parts: tuple[Pattern, ...]
    span: Span = _span()


# --- chains -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Chain:
    """`a -> b -> c`"""

    steps: tuple[Step, ...]
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Call:
    """`head arg, name=arg as label`; `head` is a Name, Member or Index."""

    head: Expr
    args: tuple[Arg, ...]
    label: Label | None
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Group:
    """`(a, b)` at the head of a chain: several values for a merge."""

    items: tuple[Expr, ...]
    label: Label | None
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Arg:
    """One argument of a call; `name` None where it stands by position. The span covers `name=value`."""

    name: str | None
    value: Expr
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Label:
    """What follows `as`: a name with indices (`target`) or the parts of a string (`"layer{stage}.{i}"`)."""

    target: Expr | None
    parts: tuple[str | Expr, ...]
    span: Span = _span()


# --- expressions ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Number:
    """`3`, `1e-4`, `25_636_712`; the spelling is that of the span."""

    value: int | float
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Quantity:
    """`500 steps`, `10 deg`"""

    value: int | float
    unit: str
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Text:
    """`"text"`"""

    value: str
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Sizes:
    """`224x224x3`, `?x256`; None where the size is open."""

    sizes: tuple[int | None, ...]
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Open:
    """`?` alone, as in `? x size x 3`."""

    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Name:
    """A name, wherever it stands."""

    id: str
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Tuple:
    items: tuple[Expr, ...]
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class List:
    items: tuple[Expr, ...]
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Map:
    """Keys are expressions of kind Text, Number or Name (a name stands for its own text)."""

    pairs: tuple[tuple[Expr, Expr], ...]
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Each:
    """`[value for pattern in sequence if condition]`"""

    value: Expr
    pattern: Pattern
    sequence: Expr
    condition: Expr | None
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Apply:
    """`f(a, b=c)`: a function called, or a block, layer or initialiser with arguments bound."""

    function: Expr
    args: tuple[Arg, ...]
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Member:
    """`body.c`"""

    value: Expr
    name: str
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Index:
    """`e[i]`"""

    value: Expr
    index: Expr
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Slice:
    """`list[low:high]`"""

    value: Expr
    low: Expr | None
    high: Expr | None
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Unary:
    """`-a`, `not a`"""

    operator: str
    operand: Expr
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Binary:
    """Operators of one level in a row: `a + b - c` has operands (a, b, c) and operators ("+", "-").

    Levels: `**` (two operands, right to left), `* / // %`, `+ -`, comparisons and `in` (each pair is compared), `and`,
    `or`. Flat, so that a long sum needs no deep recursion.
    """

    operators: tuple[str, ...]
    operands: tuple[Expr, ...]
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class By:
    """`size x size x 3`"""

    items: tuple[Expr, ...]
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class IfElse:
    """`a if condition else b`"""

    condition: Expr
    then: Expr
    otherwise: Expr
    span: Span = _span()


Expr = Union[
    Number, Quantity, Text, Sizes, Open, Name, Tuple, List, Map, Each, Apply, Member, Index, Slice, Unary, Binary, By,
    IfElse,
]  # fmt: skip
Step = Union[Call, Group]
Statement = Union[Flow, Side, Share, Here, Loop, Cond, Let, LetFunction, Doc]
Item = Union[Doc, Import, Model, Variant, Block, Let, LetFunction, Defaults, Train]
