"""Where expansion stands: the current value, the names in sight and the way in."""

from __future__ import annotations

from typing import Any

from .graph import Expectation
from .naming import Paths
from .scope import Scope
from .source import Frame, Span


class _Nothing:
    def __repr__(self) -> str:
        return "NOTHING"


NOTHING: Any = _Nothing()
"""There is no current value: at the start of a model, and after `=`."""


class Body:
    """What the body of one block or model gives, gathered from all its inner places."""

    __slots__ = ("allowed", "arguments", "ended", "expectations", "inputs", "is_model", "output_names", "result", "top")

    def __init__(self, is_model: bool, top: bool, arguments: list[Any]) -> None:
        self.is_model = is_model
        self.top = top
        self.arguments = arguments
        """Values that come in where a model is called inside another, one for each `input`."""
        self.inputs: list[Any] = []
        self.result: Any = None
        self.output_names: list[str] = []
        self.ended: Span | None = None
        self.expectations: list[Expectation] = []
        self.allowed: set[str] = set()


class Residual:
    """A `residual:` under way: where it starts and what its `shortcut:` made of that."""

    __slots__ = ("shortcut", "span", "start")

    def __init__(self, start: Any) -> None:
        self.start = start
        self.shortcut: Any = None
        self.span: Span | None = None


class Place:
    """One body being expanded. Statements read and move `flow`, the current value."""

    __slots__ = ("body", "branches", "flow", "frame", "paths", "residual", "scope", "shared")

    def __init__(self, scope: Scope, flow: Any, frame: Frame, paths: Paths, body: Body) -> None:
        self.scope = scope
        self.flow = flow
        self.frame = frame
        self.paths = paths
        self.body = body
        self.residual: Residual | None = None
        self.branches: list[Any] | None = None
        """Where a merge gathers its branches; None elsewhere."""
        self.shared = False

    def inner(
        self, *, flow: Any = None, scope: Scope | None = None, frame: Frame | None = None, paths: Paths | None = None
    ) -> Place:
        """A place inside this one: a new scope, the same body and flow unless told otherwise."""
        place = Place(
            scope or self.scope.inner(),
            self.flow if flow is None else flow,
            frame or self.frame,
            paths or self.paths,
            self.body,
        )
        place.shared = self.shared
        return place
