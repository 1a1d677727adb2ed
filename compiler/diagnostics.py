"""What we say: a diagnostic, the exception that carries several, and the bag that collects them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from .source import Frame, Span


class Diagnostic(NamedTuple):
    """One finding. `code` is stable and explained in `codes.py`; `label` stands under the marked text."""

    severity: str  # "error" or "warning"
    code: str
    message: str
    span: Span
    label: str = ""
    notes: tuple[str, ...] = ()
    help: str = ""
    frame: Frame | None = None


class CompileError(Exception):
    """A file cannot be compiled; `diagnostics` says why, errors and warnings in the order of the text."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__()

    def __str__(self) -> str:
        from .render import render

        return "\n\n".join(render(d) for d in self.diagnostics)


class UserError(Exception):
    """Something beside the .cnn text is at fault, such as data or weights: told as it is, without a traceback."""


class Diagnostics:
    """The findings of one run. The same finding at the same place (the turns of a loop) is told once."""

    def __init__(self, allow: Iterable[str] = ()) -> None:
        self.allow = frozenset(allow)
        self._found: dict[Any, Diagnostic] = {}

    def add(self, found: Diagnostic) -> None:
        if found.severity == "warning" and found.code in self.allow:
            return
        key = (found.code, found.span.source.name, found.span.start, found.span.end)
        self._found.setdefault(key, found)

    def error(
        self,
        code: str,
        message: str,
        span: Span,
        *,
        label: str = "",
        notes: tuple[str, ...] = (),
        help: str = "",
        frame: Frame | None = None,
    ) -> None:
        self.add(Diagnostic("error", code, message, span, label, notes, help, frame))

    def warning(
        self,
        code: str,
        message: str,
        span: Span,
        *,
        label: str = "",
        notes: tuple[str, ...] = (),
        help: str = "",
        frame: Frame | None = None,
    ) -> None:
        self.add(Diagnostic("warning", code, message, span, label, notes, help, frame))

    @property
    def errors(self) -> int:
        return sum(d.severity == "error" for d in self._found.values())

    @property
    def failed(self) -> bool:
        return any(d.severity == "error" for d in self._found.values())

    def sorted(self) -> list[Diagnostic]:
        """In the order of the text, file by file as they were first met."""
        files: dict[str, int] = {}
        for d in self._found.values():
            files.setdefault(d.span.source.name, len(files))
        return sorted(self._found.values(), key=lambda d: (files[d.span.source.name], d.span.start))

    def raise_if_failed(self) -> None:
        if self.failed:
            raise CompileError(self.sorted())
