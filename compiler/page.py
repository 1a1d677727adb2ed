"""Pieces of a statement -> lines of at most WIDTH columns: what stands on one line, and where a long one is broken."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from typing import NamedTuple, Union

WIDTH = 120
STEP = 4  # of a body, and of the rows of a table
HANG = 8  # of a statement that goes on in further lines
KEY = 24  # longest key for which the values of a map are aligned


class Row(NamedTuple):
    """An item of a table or a piece of a statement, with the comments that stand above it and behind it.

    A piece that is `joined` to the one before, as the arguments of a call are, begins a line only if it must.
    """

    content: Layout
    above: tuple[str, ...] = ()
    behind: str = ""
    joined: bool = False


class Table(NamedTuple):
    """Items between brackets: on one line if they fit and may, else each on its own, or as many as fit if `filled`.

    `last` ends the last item on one line: the comma of `(a,)`. `closing` are comments in front of the closing bracket.
    """

    opener: str
    rows: tuple[Row, ...]
    closer: str
    broken: bool = False
    filled: bool = False
    last: str = ""
    closing: tuple[str, ...] = ()


class Entry(NamedTuple):
    """`key: value` of a map."""

    key: str
    value: Layout


class Run(NamedTuple):
    """Pieces one behind the other, with nothing between them."""

    pieces: tuple[Layout, ...]


Layout = Union[str, Table, Entry, Run]


def flat(layout: Layout) -> str:
    """All on one line."""
    match layout:
        case Table():
            inner = ", ".join(flat(row.content) for row in layout.rows)
            return f"{layout.opener}{inner}{layout.last}{layout.closer}"
        case Entry():
            return f"{layout.key}: {flat(layout.value)}"
        case Run():
            return "".join(map(flat, layout.pieces))
    return layout


def must_break(layout: Layout) -> bool:
    """It has comments inside, or was written over several lines and stays so."""
    match layout:
        case Table():
            commented = any(row.above or row.behind or must_break(row.content) for row in layout.rows)
            return layout.broken or commented or bool(layout.closing)
        case Entry():
            return must_break(layout.value)
        case Run():
            return any(map(must_break, layout.pieces))
    return False


class Page:
    """The lines so far; `text` is the one that is being written."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.text = ""

    def statement(self, pieces: Sequence[Row], depth: int) -> None:
        """Writes the pieces with a blank between them; where they do not fit, on lines that hang deeper."""
        self.text = " " * depth
        self._fill(pieces, depth, depth + HANG)
        self.end()

    def line(self, text: str, depth: int = 0) -> None:
        self.lines.append(" " * depth + text if text else "")

    def end(self) -> None:
        """Ends the line that is being written."""
        self.lines.append(self.text.rstrip())
        self.text = ""

    def _fill(self, pieces: Sequence[Row], depth: int, hang: int) -> None:
        """As many pieces on a line as fit; `depth` is how deep the first line stands, `hang` the others."""
        commented = False
        for number, piece in enumerate(pieces):
            if number and not commented and not piece.above and self._has_room(pieces[number:], hang):
                self.text += " "
            elif number or piece.above:
                self._fresh(piece.above, hang)
                depth = hang
            self._put(piece.content, depth)
            commented = self._remark(piece.behind)

    def _has_room(self, pieces: Sequence[Row], hang: int) -> bool:
        """On the line being written, for a piece and those joined to it, or for it alone where they fit on none."""
        first, *others = pieces
        joined = [first, *(takewhile(lambda piece: piece.joined, others) if not first.joined else ())]
        width = len(" ".join(flat(piece.content) for piece in joined))
        if hang + width > WIDTH:
            width = len(flat(first.content))
        breaks = _is_table(first.content) and (must_break(first.content) or hang + width > WIDTH)
        return len(self.text) + 1 + width <= WIDTH or breaks

    def _fresh(self, above: Sequence[str], depth: int) -> None:
        """A new line, below the comments above it."""
        if self.text.strip():
            self.end()
        for comment in above:
            self.line(comment, depth)
        self.text = " " * depth

    def _remark(self, comment: str) -> bool:
        """Writes the comment behind what stands there; whether there is one."""
        if comment:
            self.text += f"  {comment}"
        return bool(comment)

    def _put(self, layout: Layout, depth: int, reserve: int = 0) -> None:
        """Writes on; `reserve` is the room that what follows needs on the line."""
        match layout:
            case str():
                self.text += layout
            case Entry():
                self.text += f"{layout.key}: "
                self._put(layout.value, depth, reserve)
            case Run():
                for number, piece in enumerate(layout.pieces):
                    after = sum(len(p) for p in layout.pieces[number + 1 :] if isinstance(p, str))
                    self._put(piece, depth, reserve + after)
            case Table():
                text = flat(layout)
                fits = len(self.text) + len(text) + reserve <= WIDTH
                if not layout.closing and (not layout.rows or (fits and not must_break(layout))):
                    self.text += text
                else:
                    self._open_up(layout, depth)

    def _open_up(self, table: Table, depth: int) -> None:
        """The brackets on lines of their own, the items between them, deeper."""
        self.text += table.opener
        self.end()
        inner = depth + STEP
        if table.filled:
            self.text = " " * inner
            self._fill([row._replace(content=Run((row.content, ","))) for row in table.rows], inner, inner)
            self.end()
        else:
            for row, content in zip(table.rows, _aligned([row.content for row in table.rows], inner), strict=True):
                self._fresh(row.above, inner)
                self._put(Run((content, ",")), inner)
                self._remark(row.behind)
            self.end()
        self._fresh(table.closing, depth + STEP)
        self.text = " " * depth + table.closer


def _is_table(layout: Layout) -> bool:
    match layout:
        case Table():
            return True
        case Entry():
            return _is_table(layout.value)
        case Run():
            return any(map(_is_table, layout.pieces))
    return False


# --- columns


def _aligned(contents: list[Layout], depth: int) -> list[Layout]:
    """Rows of one length, with their cells below each other; the values of a map, behind its longest key."""
    if len(contents) > 1 and all(isinstance(c, Entry) for c in contents):
        return list(_entries([c for c in contents if isinstance(c, Entry)]))
    tables = [c for c in contents if isinstance(c, Table) and not must_break(c)]
    shapes = {(t.opener, len(t.rows)) for t in tables}
    if len(tables) < max(2, len(contents)) or len(shapes) != 1 or shapes <= {(tables[0].opener, n) for n in (0, 1)}:
        return contents
    columns = [_column([flat(t.rows[i].content) for t in tables]) for i in range(len(tables[0].rows))]
    rows = [" ".join(cells).rstrip().rstrip(",") for cells in zip(*columns, strict=True)]
    texts = [f"{t.opener}{row}{t.closer}" for t, row in zip(tables, rows, strict=True)]
    return list(texts) if max(map(len, texts)) + depth < WIDTH else contents


def _column(cells: list[str]) -> list[str]:
    """Cells with the commas behind them, in one width: whole numbers to the right, others to the left."""
    width = max(map(len, cells))
    if all(cell.isdigit() for cell in cells):
        return [f"{cell:>{width}}," for cell in cells]
    return [f"{cell + ',':<{width + 1}}" for cell in cells]


def _entries(entries: list[Entry]) -> list[Layout]:
    width = max(len(e.key) for e in entries)
    if width > KEY:
        return list(entries)
    return [Run((f"{e.key + ':':<{width + 1}} ", e.value)) for e in entries]
