"""What disturbs values while training is nothing afterwards."""

from __future__ import annotations

from ....ops.dropout import Disturbance
from ..emitter import Emitter
from .table import emit


@emit.register
def disturbance(op: Disturbance, to: Emitter) -> list[str]:
    return to.inputs
