"""Text under construction, with its indentation: calls gather in chains, bodies stand behind their heads."""

from __future__ import annotations

WIDE = 100
"""Columns that a chain may fill; the formatter allows a few more."""

SHORT = 4
"""Calls that a body behind its colon may have."""

ALONE = ("zeropad", "flatten", "reflection_pad")
"""Calls behind which, alone in their line, another may stand that opens one."""


class Lines:
    """Text with its indentation; calls gather in a chain until something else is written."""

    def __init__(self, depth: int = 0) -> None:
        self.depth = depth
        self.lines: list[str] = []
        self.chain: list[str] = []
        self.only_calls = True

    def call(self, text: str, opens: bool) -> None:
        """A call: in the line that is open, or in a new one."""
        room = self.depth + len(" -> ".join([*self.chain, text])) <= WIDE
        alone = len(self.chain) == 1 and self.chain[0].startswith(ALONE)
        if self.chain and ((opens and not alone) or not room):
            self.flush()
        self.chain.append(text)

    def start(self) -> None:
        """A chain of its own begins, so that the body is more than one."""
        self.flush()
        self.only_calls = self.only_calls and not self.lines

    def line(self, text: str) -> None:
        self.flush()
        self.only_calls = False
        self.lines.append(" " * self.depth + text)

    def flush(self) -> None:
        if self.chain:
            self.lines.append(" " * self.depth + " -> ".join(self.chain))
            self.chain = []

    def inner(self) -> Lines:
        """The lines of a body, for `body` or `below`."""
        return Lines(self.depth + 4)

    def body(self, head: str, inner: Lines, *, inline: bool) -> None:
        """A head with its body, behind the colon where it is one short chain."""
        inner.flush()
        text = " -> ".join(line.strip() for line in inner.lines)
        short = text.count(" -> ") < SHORT and self.depth + len(head) + 1 + len(text) <= WIDE
        if inline and inner.only_calls and short:
            self.line(f"{head} {text}")
        else:
            self.below(head, inner)

    def below(self, head: str, inner: Lines) -> None:
        """A head with its body in lines of its own."""
        inner.flush()
        self.line(head)
        self.lines += inner.lines
