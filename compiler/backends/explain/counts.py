"""How the parameters, MACs and receptive field of a layer come about, in numbers."""

from __future__ import annotations

from collections.abc import Iterator
from functools import singledispatch

from ...graph import Node
from ...ops.base import Op, Weight
from ...ops.conv import Conv, DepthwiseConv
from ...ops.conv_transpose import ConvTranspose
from ...ops.dense import Dense
from ...ops.local_conv import LocalConv
from ...ops.record import Record
from ...receptive import Field, together
from ...values import show
from .arithmetic import Step, number


@singledispatch
def roles(op: Op) -> str:
    """What the sizes of the kernel stand for; empty where an operator has no kernel."""
    return ""


@roles.register
def _(op: Conv) -> str:
    split = "" if op.groups == 1 else f" / {op.groups} groups"
    return f"output channels x input channels{split} x window"


@roles.register
def _(op: DepthwiseConv) -> str:
    return "channels x 1 x window"


@roles.register
def _(op: LocalConv) -> str:
    return "places x output channels x input channels x window"


@roles.register
def _(op: ConvTranspose) -> str:
    split = "" if op.groups == 1 else f" / {op.groups} groups"
    return f"input channels x output channels{split} x window"


@roles.register
def _(op: Dense) -> str:
    return "outputs x inputs"


def parameters(node: Node) -> Iterator[Step]:
    """One line for each weight, and their sum."""
    weights = node.facts.weights
    for name, weight in weights.items():
        about = [
            roles(node.op) if name == "weight" else "",
            beginning(weight),
            "" if weight.trainable else "not trained",
        ]
        yield Step(name or "weight", product(weight.shape), ", ".join(filter(None, about)))
    if not weights:
        yield Step("together", "0: nothing to learn")
        return
    total = " + ".join(number(weight.size) for weight in weights.values())
    told = f"{total} = {number(node.facts.params)}" if len(weights) > 1 else number(node.facts.params)
    fixed = node.facts.params - node.facts.trainable
    yield Step("together", told, f"{number(node.facts.trainable)} trainable" if fixed else "")


def product(shape: tuple[int, ...]) -> str:
    """`64 * 3 * 7 * 7 = 9,408`."""
    if len(shape) < 2:
        return number(shape[0] if shape else 1)
    size = 1
    for n in shape:
        size *= n
    return f"{' * '.join(map(number, shape))} = {number(size)}"


def beginning(weight: Weight) -> str:
    """How a weight begins; those without an initialiser of their own as in Keras."""
    fans = "" if weight.fans is None else f" (fan in {number(weight.fans[0])}, fan out {number(weight.fans[1])})"
    if weight.init is None:
        return f"begins glorot_uniform{fans}" if weight.fans else "begins at 0"
    return f"begins {written(weight.init)}{fans}"


def written(record: Record) -> str:
    """An operator or initialiser with the arguments that differ from their defaults: `normal(std=0.02)`."""
    told = [f"{name}={show(value)}" for name, value in record.told()]
    return (record.word or type(record).__name__.lower()) + (f"({', '.join(told)})" if told else "")


def macs(node: Node) -> Step:
    """The multiply-accumulates of one use."""
    total = node.facts.macs
    if total is None:
        return Step("together", "not known while a size is open")
    kernels = sum(weight.size for weight in node.facts.weights.values() if weight.fans)
    if not total:
        return Step("together", "0: only convolutions and dense layers are counted")
    if kernels == total:
        return Step("together", f"{number(kernels)} weights = {number(total)}", "biases not counted")
    for shape, where in ((node.facts.output, ""), (node.shapes[0], " of the input")):
        if shape.area and kernels * shape.area == total:
            places = f"{' * '.join(map(str, shape.spatial))} places{where}"
            return Step("together", f"{number(kernels)} weights * {places} = {number(total)}", "biases not counted")
    return Step("together", number(total))


def field(node: Node, fields: dict[int, Field]) -> Iterator[Step]:
    """How the receptive field grows."""
    made, window = fields[node.serial], node.facts.window
    if not node.inputs:
        yield Step("field", "one place of the input itself")
        return
    given = together([fields[port.node.serial] for port in node.inputs], node.shapes[0].rank)
    if window is None or not window.size or not given.rank:
        yield Step("field", str(made), "global" if made.whole and not given.whole else "as before" * (made == given))
        return
    for i, size in enumerate(given.sizes):
        span, step, jump = window.size[i], window.stride[i], given.jump[i]
        grown = f"{size} + ({span} - 1) * {jump} = {made.sizes[i]}"
        yield Step("field", grown, f"step {jump} * {step} = {made.jump[i]}" if step != 1 else f"step {jump}")
        if len(set(zip(given.size, window.size, given.jump, window.stride, strict=True))) == 1:
            break
