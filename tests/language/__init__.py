"""What programs mean: each test says a rule of the language and holds a small program to it."""

from __future__ import annotations

from cnnc.compiler.diagnostics import CompileError
from cnnc.compiler.graph import Checked
from cnnc.compiler.pipeline import Options, compile_text


def model(text: str, **options: object) -> Checked:
    """The checked model of a text."""
    return compile_text(text, options=Options(**options)).checked  # type: ignore[arg-type]


def body(lines: str, shape: str = "32x32x3") -> Checked:
    """The checked model whose body is `lines` behind an input of `shape`."""
    indented = "".join(f"    {line}\n" for line in lines.strip("\n").split("\n"))
    return model(f"model Net:\n    input {shape}\n{indented}")


def paths(checked: Checked) -> list[str]:
    """The paths of all layers but the inputs, in the written order."""
    return [node.path for node in checked.nodes if node not in checked.inputs]


def rows(checked: Checked) -> list[str]:
    """The rows of the summary, in Keras's order."""
    return [layer.name for layer in checked.layers]


def edges(checked: Checked) -> set[tuple[str, str]]:
    """Which layer feeds which."""
    return {(port.node.path, node.path) for node in checked.nodes for port in node.inputs}


def shapes(checked: Checked) -> list[tuple[int | None, ...]]:
    """The shapes of the outputs."""
    return [tuple(output.port.shape) for output in checked.outputs]


def refused(text: str, **options: object) -> list[tuple[str, int]]:
    """The code and line of each error."""
    try:
        model(text, **options)
    except CompileError as error:
        return [(d.code, d.span.line) for d in error.diagnostics if d.severity == "error"]
    return []
