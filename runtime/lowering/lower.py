"""Checked -> a torch module: names kept, no layer between the network and its operators."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from ...compiler.graph import Checked
from ...compiler.ops.base import BARE, Op
from ...compiler.shape import Shape
from .expressions import expression
from .network import Face, Network, access, place
from .plan import Plan, Step, Value
from .rules import module


def lower(
    checked: Checked,
    *,
    seed: int | None = 0,
    device: torch.device | str | None = None,
    dtype: torch.dtype | None = None,
    head: str = "kept",
    hooks: bool = False,
) -> Network:
    """The network as a torch module in training mode; `state_dict` holds exactly `checked.weights`.

    Weights are drawn by the file's initialisers from `seed`; with None they are left unset, for weights loaded right
    after. `head="folded"` leaves out a softmax or sigmoid that ends an output, for losses that contain it;
    `Network.folded` tells which. Tensors are channels first: see `Network`.

    Every layer is a module of its path, which forward hooks reach, and so is a merge that the file names. `hooks` makes
    modules of the other merges as well, and no value is written over afterwards, so that hooks may keep what they see.
    """
    with torch.device(device or "cpu"), Unfilled():
        net = Source(Plan(checked, head), hooks).network()
    if seed is not None:
        from .initialize import initialize

        initialize(net, checked.weights, seed)
    return net if dtype is None else net.to(dtype)


FRESH = frozenset(
    [
        "conv",
        "depthwise_conv",
        "separable_conv",
        "local_conv",
        "conv_transpose",
        "dense",
        "batchnorm",
        "groupnorm",
        "layernorm",
        "instancenorm",
        "add",
        "subtract",
        "concat",
        "maxpool",
        "avgpool",
        "upsample",
        "zeropad",
    ]
)
"""Operators whose output no gradient needs, so that the next operator may write over it."""


class Unfilled(TorchFunctionMode):
    """While modules are built nothing is drawn: their numbers come later, and torch's generator stays as it is."""

    # those of `init` as well: inside them the mode is off
    DRAWS = frozenset({Tensor.uniform_, Tensor.normal_, nn.init.uniform_, nn.init.normal_, nn.init.kaiming_uniform_})

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        given = kwargs or {}
        if func in self.DRAWS:
            return args[0] if args else given["tensor"]
        return func(*args, **given)


class Source:
    """The source of `forward` while it is written, and the modules that it calls."""

    def __init__(self, plan: Plan, hooks: bool) -> None:
        self.plan = plan
        self.hooks = hooks
        self.labels = labels(plan)
        self.lines: list[str] = []
        self.modules: dict[str, nn.Module | nn.Parameter] = {}
        self.held: dict[str, Op] = {}
        self.shapes = joint(plan.steps)
        self.names: dict[Value, str] = {}
        """The variable of each value that is still to be read."""
        self.left = plan.uses.copy()
        self.fresh: set[Value] = set()
        self.used: set[str] = {"self", "torch", "x", "part"}
        self.scope = ""
        """The path that the variable `part` stands for."""
        self.inputs = [self.name((node.serial, 0), node.path) for node in plan.checked.inputs]
        for step in plan.steps:
            self.write(step)

    def write(self, step: Step) -> None:
        """The line or two of one step."""
        names = [self.names[value] for value in step.reads]
        made = self.made(step, names)
        dead = self.spend(step)
        targets = [self.target(step, value) for value in step.makes]
        shape = ", ".join(map(str, step.node.facts.outputs))
        if [made] != targets:
            self.lines.append(f"{', '.join(targets)} = {made}  # {shape}")
        over = [name for name in dead if name not in targets]
        if over:
            self.lines.append(f"del {', '.join(over)}")
        if step.op.word in FRESH and getattr(step.op, "act", None) is None:
            self.fresh.update(step.makes)

    def made(self, step: Step, names: list[str]) -> str:
        """What a step computes, as source: an expression where the operator is one and no hook may ask for a module."""
        fresh = [value in self.fresh and self.plan.uses[value] == 1 for value in step.reads]
        bare = BARE in step.node.facts.weights
        if bare:
            names = [*names, self.reach(self.module(step, fresh))]
        if bare or not (self.hooks or labelled(step)):
            made = expression(step.op, names, step.shapes, fresh)
            if made is not None:
                return made
        return f"{self.reach(self.module(step, fresh))}({', '.join(names)})"

    def reach(self, path: str) -> str:
        """The source that reaches a module; a scope is looked up once for the steps that follow one another in it."""
        scope, _, name = path.rpartition(".")
        if not scope:
            return access("self", name)
        layers = self.plan.paths
        if not f"{scope}.".startswith(f"{self.scope}.") or not self.scope:
            self.lines += ["", f"part = {access('self', scope, layers)}"]
            self.scope = scope
        return access("part", path[len(self.scope) + 1 :], layers, self.scope)

    def spend(self, step: Step) -> list[str]:
        """Count the values that the step reads; the variables that nobody reads any more."""
        self.left.subtract(step.reads)
        over = dict.fromkeys(value for value in step.reads if not self.left[value])
        return list(dict.fromkeys(self.names.pop(value) for value in over))

    def target(self, step: Step, value: Value) -> str:
        """The variable for a new value: `x` where only the next step reads it, else one named by what it is."""
        if not self.plan.uses[value]:
            return "_"
        if value in self.plan.passing and "x" not in self.names.values():
            self.names[value] = "x"
            return "x"
        label = self.labels[value]
        return self.name(value, label if len(step.makes) == 1 or label != step.path else f"{label}_{value[1]}")

    def name(self, value: Value, path: str) -> str:
        """A new variable, named by a path."""
        stem = name = re.sub(r"\W", "_", path) if not path[0].isdigit() else "_" + re.sub(r"\W", "_", path)
        number = 1
        while name in self.used or keyword.iskeyword(name):
            number += 1
            name = f"{stem}_{number}"
        self.used.add(name)
        self.names[value] = name
        return name

    def module(self, step: Step, fresh: list[bool]) -> str:
        """The path of the module that does a step: made at its first use, shared by the later ones."""
        path = step.path
        number = 1
        while path in self.held and (self.held[path] != step.op or not step.node.facts.weights):
            number += 1
            path = f"{step.path}_{number}"
        if path not in self.held:
            self.held[path] = step.op
            made = module(step.op, self.shapes.get(step.path, step.shapes))
            self.modules[path] = made
            if isinstance(made, nn.Module) and not self.hooks:
                self.modules[path] = overwriting(made, all(fresh))
        return path

    def network(self) -> Network:
        net = Network(self.face(), self.text())
        for path, part in self.modules.items():
            place(net, path, part)
        return net

    def text(self) -> str:
        exits = ", ".join(self.names[value] for value in self.plan.exits)
        lines = [f"def forward(self, {', '.join(self.inputs)}):", *self.lines, f"return {exits}"]
        return "\n    ".join(lines).replace("\n    \n", "\n\n") + "\n"

    def face(self) -> Face:
        checked = self.plan.checked
        return Face(
            checked.name,
            tuple(self.inputs),
            tuple(node.facts.output for node in checked.inputs),
            tuple(node in checked.looked_up for node in checked.inputs),
            tuple(output.name for output in checked.outputs),
            tuple(output.port.shape for output in checked.outputs),
            tuple(self.plan.folded),
        )


def labelled(step: Step) -> bool:
    """Whether the file names the step, rather than its kind and a number."""
    return re.fullmatch(rf"{step.op.short}\d*", step.path.rpartition(".")[2]) is None


def labels(plan: Plan) -> dict[Value, str]:
    """What each value is called: by the widest instance whose only result it is, else by the step that makes it."""
    readers: dict[Value, list[str]] = {value: [""] for value in plan.exits}
    for step in plan.steps:
        for value in step.reads:
            readers.setdefault(value, []).append(step.path)
    leaving: dict[str, set[Value]] = {}
    for step in plan.steps:
        for value in step.makes:
            for scope in left(step.path, readers.get(value, ())):
                leaving.setdefault(scope, set()).add(value)
    found = {}
    for step in plan.steps:
        for value in step.makes:
            scopes = left(step.path, readers.get(value, ()))
            found[value] = next((scope for scope in scopes if len(leaving[scope]) == 1), step.path)
    return found


def left(path: str, readers: Iterable[str]) -> list[str]:
    """The instances around a step, widest first, outside of which its value is read."""
    ends = [i for i, letter in enumerate(path) if letter == "."]
    return [path[:end] for end in ends if any(not reader.startswith(path[: end + 1]) for reader in readers)]


def joint(steps: list[Step]) -> dict[str, tuple[Shape, ...]]:
    """The input shapes of each layer by path; a size that differs between the uses of a shared layer counts as open."""
    found: dict[str, tuple[Shape, ...]] = {}
    for step in steps:
        if step.node.facts.weights:
            before = found.get(step.path, step.shapes)
            pairs = zip(step.shapes, before, strict=True)
            found[step.path] = tuple(Shape(m if m == n else None for m, n in zip(a, b, strict=True)) for a, b in pairs)
    return found


OVERWRITING = {
    functional.relu: torch.relu_,
    torch.relu: torch.relu_,
    torch.tanh: torch.tanh_,
    torch.sigmoid: torch.sigmoid_,
}
"""Functions of `act=` and their twins in place: nobody else sees the argument, the gradient follows from the result."""


def overwriting(made: nn.Module, fresh: bool) -> nn.Module:
    """The module, writing over its input or its inner value where nothing reads that afterwards."""
    if fresh and hasattr(made, "inplace"):
        made.inplace = True  # type: ignore[assignment]
    act = getattr(made, "act", None)
    if act in OVERWRITING:
        made.act = OVERWRITING[act]  # type: ignore[assignment]
    return made
