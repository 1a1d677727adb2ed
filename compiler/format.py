"""Module -> its one layout (`cnnc fmt`): the meaning stays, and so do comments, blank lines and numbers as written.

Bodies stand four columns deeper, or behind their colon where they were written so and fit. A list or map written over
several lines keeps a line for each item, aligned where the items are rows of one length.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import inf

from . import syntax as s
from .arrange import Arranger, Comments
from .page import STEP, WIDTH, Page, Row, Run, flat, must_break
from .source import Span
from .spell import label, pattern, spell

_ELSE = re.compile(r"^[ \t]*else[ \t]*:", re.MULTILINE)
_LARGE = (s.Doc, s.Model, s.Block, s.Defaults, s.Train)  # items with a blank line around them


def format(module: s.Module) -> str:
    """The text of the file: `parse` makes the same module of it, and formatting it again changes nothing."""
    return _Formatter(module).file()


class _Formatter:
    """Writes a module from top to bottom; `below` is the line of its source that was written last."""

    def __init__(self, module: s.Module) -> None:
        self.module = module
        self.page = Page()
        self.comments = Comments(module.comments)
        self.arrange = Arranger(self.comments)
        self.below = 0
        self.opening = True  # nothing has been written yet of the file or body

    def file(self) -> str:
        items = self.module.items
        for number, item in enumerate(items):
            apart = number > 0 and (isinstance(item, _LARGE) or isinstance(items[number - 1], _LARGE))
            self._above(item.span.start, 0, apart)
            self.item(item, items[number + 1].span.start if number + 1 < len(items) else inf)
        self._write_comments(self.comments.until(inf), 0)
        return "".join(f"{line}\n" for line in self.page.lines)

    def item(self, item: s.Item, after: float) -> None:
        """Writes an item of the file; `after` is where the next begins."""
        match item:
            case s.Import():
                self._import(item)
            case s.Model() | s.Block():
                word = f"{type(item).__name__.lower()} {item.name}"
                head = self.arrange.params(word, item.params, item.span)
                self._with_body([Row(Run((head, ":")))], item.body, 0, item.span, after)
            case s.Variant():
                self._variant(item, after)
            case s.Defaults():
                self._with_body([Row("defaults:")], item.body, 0, item.span, after)
            case s.Train():
                words = ["train", item.name, item.model and f"for {item.model}"]
                self._with_body([Row(" ".join(filter(None, words)) + ":")], item.body, 0, item.span, after)
            case _:
                self.statement(item, 0, after)

    def _import(self, item: s.Import) -> None:
        *names, last = [f"{i.name} as {i.alias}" if i.alias else i.name for i in item.names]
        texts = [f"{name}," for name in names] + [f"{last} from {spell(item.path)}"]
        self._write([Row(f"import {texts[0]}"), *map(Row, texts[1:])], 0, item.span)

    def _variant(self, item: s.Variant, after: float) -> None:
        head = self.arrange.params(f"model {item.name}", item.params, item.call.head.span)
        chain = s.Chain((item.call,), item.call.span)
        first, *rest = self.arrange.chain(chain, "", ":" if item.body else "")
        rows = [first._replace(content=Run((head, " = ", first.content))), *rest]
        if item.body:
            self._with_body(rows, item.body, 0, item.call.span, after)
        else:
            self._write(rows, 0, item.call.span)

    # --- statements

    def body(self, statements: Sequence[s.Statement], depth: int, after: float) -> None:
        """Writes the statements of a body; comments below the last belong to it if they stand as deep."""
        self.opening = True
        ends = [statement.span.start for statement in statements[1:]]
        for statement, end in zip(statements, [*ends, after], strict=True):
            self._above(statement.span.start, depth)
            self.statement(statement, depth, end)
        self._write_comments(self.comments.deep(statements[0].span.column, after), depth)

    def statement(self, statement: s.Statement, depth: int, after: float) -> None:
        """Writes a statement, with its body up to `after`."""
        match statement:
            case s.Doc():
                self._doc(statement, depth)
            case s.Cond():
                self._cond(statement, depth, after)
            case s.Loop():
                prefix = f"for {pattern(statement.pattern)} in "
                rows = self.arrange.value(statement.sequence, prefix, ":")
                self._with_body(rows, statement.body, depth, statement.span, after)
            case s.Flow() | s.Side() if statement.body is not None:
                rows = self.arrange.chain(statement.chain, _targets(statement), ":")
                self._with_body(rows, statement.body, depth, statement.span, after)
            case _:
                self._write(self._simple(statement), depth, statement.span)

    def _simple(self, statement: s.Statement) -> list[Row]:
        """The pieces of a statement without a body."""
        match statement:
            case s.Let():
                return self.arrange.value(statement.value, f"let {pattern(statement.pattern)} = ")
            case s.LetFunction():
                head = self.arrange.params(f"let {statement.name}", statement.params, statement.value.span)
                head = head if statement.params else Run((head, "()"))
                return [Row(Run((head, " = ", self.arrange.layout(statement.value))))]
            case s.Flow() | s.Side():
                return self.arrange.chain(statement.chain, _targets(statement))
            case s.Share():
                return self.arrange.chain(statement.chain, f"share {statement.name} = ")
            case s.Here():
                return [Row(f"as {label(statement.label)}")]
        raise TypeError(f"{type(statement).__name__} has a body")

    def _doc(self, doc: s.Doc, depth: int) -> None:
        first, *rest = doc.text.split("\n")
        if rest and all(line.startswith(" ") for line in rest if line):  # the margin would be taken for indentation
            first, rest = "", [first, *rest]
        closer = ' """' if doc.text.endswith('"') else '"""'
        lines = [f'"""{first}', *rest]
        lines[-1] += closer
        self.page.line(lines[0], depth)
        for line in lines[1:]:
            self.page.line(line, depth)
        self._written(doc.span, depth)

    def _cond(self, cond: s.Cond, depth: int, after: float) -> None:
        """Each case with its own body; nothing but its word tells where `else` stands."""
        starts = [condition.span.start for condition, _ in cond.cases]
        otherwise = self._else_start(cond) if cond.otherwise is not None else after
        ends = [*starts[1:], otherwise]
        for number, ((condition, body), end) in enumerate(zip(cond.cases, ends, strict=True)):
            if number:
                self._above(condition.span.start, depth)
            rows = self.arrange.value(condition, "elif " if number else "if ", ":")
            self._with_body(rows, body, depth, condition.span, end)
        if cond.otherwise is not None:
            self._above(otherwise, depth)
            place = Span(self.module.source, int(otherwise), int(otherwise) + len("else"))
            self._with_body([Row("else:")], cond.otherwise, depth, place, after)

    def _else_start(self, cond: s.Cond) -> int:
        """Where the word `else` of a condition stands, which no node keeps."""
        assert cond.otherwise is not None
        start, end = cond.cases[-1][0].span.end, cond.otherwise[0].span.start
        found = [m.end() for m in _ELSE.finditer(self.module.source.text, start, end)]
        return found[-1] - len("else:") if found else end

    def _with_body(self, head: list[Row], body: Sequence[s.Statement], depth: int, span: Span, after: float) -> None:
        """Behind the colon if it was there and fits, else below and deeper."""
        if len(body) == 1 and body[0].span.line == span.source.place(span.end)[0] and _is_simple(body[0]):
            rows = self._simple(body[0])
            if _fit([*head, *rows], depth):
                self._write([*head, *rows], depth, span.to(body[0].span))
                return
            self._write(head, depth, span)
            self._write(rows, depth + STEP, body[0].span)
            return
        self._write(head, depth, span)
        self.body(body, depth + STEP, after)

    # --- lines, comments and the blanks between them

    def _write(self, rows: list[Row], depth: int, span: Span) -> None:
        """Pieces with the comment behind them; those that found no place between them stand above."""
        for text in (*rows[0].above, *(comment.text for comment in self.comments.until(span.end))):
            self.page.line(text, depth)
        rows[0] = rows[0]._replace(above=())
        line = span.source.place(span.end)[0]
        if comment := self.comments.behind(line):
            rows[-1] = rows[-1]._replace(behind=comment)
        self.page.statement(rows, depth)
        self.below, self.opening = line, False

    def _written(self, span: Span, depth: int) -> None:
        """After lines that were written without `_write`."""
        self.below, self.opening = span.source.place(span.end)[0], False
        if comment := self.comments.behind(self.below):
            self.page.lines[-1] += f"  {comment}"

    def _above(self, offset: float, depth: int, apart: bool = False) -> None:
        """The comments in front of a statement, and a blank line where there was one, or where it stands `apart`."""
        comments = self.comments.until(offset)
        self._write_comments(comments, depth, apart)
        self._blank(self.module.source.place(int(offset))[0], apart and not comments)

    def _write_comments(self, comments: list[s.Comment], depth: int, apart: bool = False) -> None:
        for number, comment in enumerate(comments):
            self._blank(comment.line, apart and number == 0)
            self.page.line(comment.text, depth)
            self.below, self.opening = comment.line, False

    def _blank(self, line: int, apart: bool = False) -> None:
        if not self.opening and (apart or line > self.below + 1):
            self.page.line("")


def _targets(statement: s.Flow | s.Side) -> str:
    """`a, b[i] = `"""
    return f"{', '.join(map(spell, statement.targets))} = " if isinstance(statement, s.Side) else ""


def _is_simple(statement: s.Statement) -> bool:
    if isinstance(statement, s.Flow | s.Side):
        return statement.body is None
    return isinstance(statement, s.Let | s.LetFunction | s.Share | s.Here)


def _fit(rows: list[Row], depth: int) -> bool:
    """The pieces fit on one line."""
    if any(row.above or row.behind or must_break(row.content) for row in rows):
        return False
    return depth + len(" ".join(flat(row.content) for row in rows)) <= WIDTH
