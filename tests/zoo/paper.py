"""What the figures of papers are worked out with: networks of the zoo, their shapes, the parameters of a layer."""

from __future__ import annotations

from cnnc.compiler.graph import Checked
from cnnc.compiler.pipeline import Options, compile_path


def net(name: str, **params: object) -> Checked:
    return compile_path(f"zoo:{name}", Options(params=params)).checked


def conv(inputs: int, outputs: int, area: int) -> int:
    """Parameters of a convolution or, with area 1, of a dense layer."""
    return (inputs * area + 1) * outputs


def output(name: str) -> tuple[int | None, ...]:
    return tuple(net(name).outputs[0].port.shape)


def shapes(checked: Checked, type: str) -> list[tuple[int | None, ...]]:
    return [tuple(layer.node.facts.output) for layer in checked.layers if layer.node.type == type]
