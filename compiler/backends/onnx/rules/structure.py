"""The value passed through."""

from __future__ import annotations

from ....ops.structure import Identity
from ..emitter import Emitter
from .table import emit


@emit.register
def identity(op: Identity, to: Emitter) -> list[str]:
    return to.inputs
