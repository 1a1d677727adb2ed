"""What a reader cannot say in the language: which node of the source, and why."""

from __future__ import annotations

from collections.abc import Sequence

from ..diagnostics import UserError

SHOWN = 20
"""Nodes that a message lists."""


class Unread(Exception):
    """One node has no counterpart; `node` is set where it was met."""

    def __init__(self, message: str, node: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.node = node


class Unreadable(UserError):
    """The network cannot be imported: all nodes that have no counterpart."""

    def __init__(self, name: str, found: Sequence[Unread]) -> None:
        distinct = list(dict.fromkeys(f"{u.node}: {u.message}" if u.node else u.message for u in found))
        more = [f"and {len(distinct) - SHOWN} more"] if len(distinct) > SHOWN else []
        lines = "".join(f"\n  {line}" for line in distinct[:SHOWN] + more)
        nodes = f"{len(distinct)} node{'s' * (len(distinct) != 1)}"
        super().__init__(f"{name}: {nodes} cannot be said in the language:{lines}")
