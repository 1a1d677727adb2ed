"""What modules do in training alone: a second reading, in which the modules that ask for it are in training."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from torch import nn

from ...compiler.decompile import Network
from ...compiler.diagnostics import UserError
from ...compiler.ops.dropout import Disturbance
from ...compiler.ops.merge import COMMUTES, Add
from ...compiler.ops.scale import SampleNormal


def with_disturbances(calm: Network, module: nn.Module, read: Callable[[], Network]) -> Network:
    """The network with what chance does in training, where it is the same otherwise; else a remark."""
    asking = [m for m in module.modules() if asks_for_training(type(m))]
    if not asking:
        return calm
    names = ", ".join(dict.fromkeys(f"`{type(m).__name__}`" for m in asking))
    try:
        with in_training(asking):
            found = read()
    except UserError as wrong:
        return remarked(calm, f"what {names} does in training alone is left out: {reason(wrong)}")
    numbers: dict[Any, int] = {}
    if essence(found, numbers) == essence(calm, numbers):
        return replace(found, remarks=calm.remarks)
    return remarked(calm, f"with {names} in training it is another network: this is the one that evaluates")


def remarked(network: Network, told: str) -> Network:
    return replace(network, remarks=(*network.remarks, told))


def reason(wrong: UserError) -> str:
    """What stands in the way, without the name of the source."""
    lines = str(wrong).splitlines()
    return lines[1].strip() if len(lines) > 1 else lines[0].partition(": ")[2]


def asks_for_training(kind: type[nn.Module]) -> bool:
    """Whether the code of a class, none of PyTorch's own, asks whether it is in training."""
    own = [base for base in kind.__mro__ if not base.__module__.startswith("torch.nn.")]
    codes = [getattr(thing, "__code__", None) for base in own for thing in vars(base).values()]
    return any("training" in code.co_names for code in codes if code is not None)


@contextmanager
def in_training(modules: list[nn.Module]) -> Iterator[None]:
    """Some modules in training, without those within them."""
    try:
        for module in modules:
            module.training = True
        yield
    finally:
        for module in modules:
            module.training = False


def essence(network: Network, numbers: dict[Any, int]) -> list[tuple[int, int]]:
    """The outputs of a network outside of training, each by the number of what it is computed from and how."""
    made: list[int] = []
    for place, layer in enumerate(network.layers):
        inputs = [(made[ref.layer], ref.output) for ref in layer.inputs]
        if isinstance(layer.op, (Disturbance, SampleNormal)):
            made.append(inputs[0][0])
            continue
        if isinstance(layer.op, COMMUTES):
            inputs.sort()
        op = layer.op.changed(drop=0.0) if isinstance(layer.op, Add) else layer.op
        owner = layer if layer.shares is None else network.layers[layer.shares]
        key = (repr(op), *inputs, owner.path, len(layer.weights), place if not inputs else -1)
        made.append(numbers.setdefault(key, len(numbers)))
    return [(made[ref.layer], ref.output) for ref in network.outputs]
