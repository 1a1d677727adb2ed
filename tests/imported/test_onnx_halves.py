"""Files in half precision come back as those of float32 do: numbers that were rounded are still known."""

from __future__ import annotations

from pathlib import Path

import pytest
from cnnc.compiler.decompile import decompile
from cnnc.compiler.diagnostics import UserError
from cnnc.compiler.frontends import onnx as frontend
from cnnc.compiler.graph import Checked
from cnnc.runtime.lowering.export import export_onnx

from tests.ops import harness
from tests.ops.test_rows import ROWS

from ..zoo.test_onnx import used

QUICK = ("gelu", "celu", "soft_shrink", "hard_shrink", "hard_swish", "selu", "scaled_tanh")


def back(checked: Checked, path: Path, precision: str) -> list[str] | str:
    """The words of the file as it is read, or how it is refused."""
    export_onnx(checked, path, used(checked), precision=precision)
    try:
        return sorted(node.op.word for node in decompile(frontend.read(path)).checked.nodes)
    except UserError as error:
        return str(error)


@pytest.mark.parametrize(
    "row",
    [pytest.param(row, id=row.id, marks=[] if row.id.startswith(QUICK) else [pytest.mark.proof]) for row in ROWS],
)
def test_every_behaviour_comes_back(row: harness.Row, tmp_path: Path) -> None:
    """`export` has ONNX check the file, whose operators do not take every kind of number."""
    checked = harness.compiled(row)
    wanted = back(checked, tmp_path / "net.onnx", "fp32")
    for precision in ("fp16", "bf16"):
        assert back(checked, tmp_path / "net.onnx", precision) == wanted
