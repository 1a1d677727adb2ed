"""Optimizers, and which rates hold for which weights."""

from __future__ import annotations

from collections.abc import Mapping
from functools import singledispatch
from typing import Any, NamedTuple

from torch import nn, optim

from ...compiler.graph import Checked
from ...compiler.patterns import matching
from ...compiler.recipes import learning as rule
from ..lowering.network import Scope
from .lamb import Lamb

FUSED = {"cpu", "cuda", "mps", "xpu"}

Way = dict[str, bool]
"""How torch computes a step, in its words."""


class Fate(NamedTuple):
    """What holds for one weight."""

    lr: float
    weight_decay: float
    freeze: bool = False


def fates(checked: Checked, optimizer: rule.Optimizer, params: tuple[rule.Params, ...]) -> dict[str, Fate]:
    """For every weight by its path, what the optimizer and then each `params` say; later ones win."""
    found = dict.fromkeys(checked.weights, Fate(optimizer.lr, optimizer.weight_decay))
    for said in params:
        changes = {k: getattr(said, k) for k in Fate._fields if getattr(said, k) is not None}
        for path in dict.fromkeys(p for pattern in said.patterns for p in matching(pattern, checked)):
            found[path] = found[path]._replace(**changes)
    return found


def freeze(module: nn.Module, fate: Mapping[str, Fate]) -> None:
    """Weights that are left as they are take no gradient; of their layers the statistics stand still too."""
    for path, weight in module.named_parameters():
        weight.requires_grad_(not fate[path].freeze)


def standing(module: nn.Module, fate: Mapping[str, Fate]) -> list[nn.Module]:
    """The layers all of whose own weights are frozen: they run as in inference."""
    found = []
    for path, part in module.named_modules():
        if isinstance(part, Scope):  # no layer, though a bare weight may stand in it
            continue
        own = [f"{path}.{name}" if path else name for name, _ in part.named_parameters(recurse=False)]
        if own and all(fate[name].freeze for name in own):
            found.append(part)
    return found


def groups(module: nn.Module, fate: Mapping[str, Fate]) -> list[dict[str, Any]]:
    """The parameters that learn, by rate and decay; `rate` keeps the full rate, which the schedule scales."""
    sorted_: dict[tuple[float, float], list[nn.Parameter]] = {}
    for path, weight in module.named_parameters():
        if not fate[path].freeze:
            sorted_.setdefault((fate[path].lr, fate[path].weight_decay), []).append(weight)
    return [{"params": parts, "lr": lr, "rate": lr, "weight_decay": decay} for (lr, decay), parts in sorted_.items()]


def together(split: bool) -> Way:
    """All weights in one go, where they are split; else torch knows what is best."""
    return {"foreach": True} if split else {}


def fused(device: str, split: bool) -> Way:
    """In one pass over memory, for which weights must be whole."""
    return together(split) or {"fused": device in FUSED}


@singledispatch
def made(said: rule.Optimizer, parts: list[dict[str, Any]], device: str, split: bool = False) -> optim.Optimizer:
    """The optimizer of torch. `split`: each process has a share of every weight."""
    raise NotImplementedError(said.word)


@made.register
def sgd(said: rule.SGD, parts: list[dict[str, Any]], device: str, split: bool = False) -> optim.Optimizer:
    nesterov = said.nesterov and said.momentum > 0
    return optim.SGD(parts, said.lr, momentum=said.momentum, nesterov=nesterov, **fused(device, split))


@made.register
def adam(said: rule.Adam, parts: list[dict[str, Any]], device: str, split: bool = False) -> optim.Optimizer:
    return optim.Adam(parts, said.lr, (said.beta1, said.beta2), said.eps, **fused(device, split))


@made.register
def adamw(said: rule.AdamW, parts: list[dict[str, Any]], device: str, split: bool = False) -> optim.Optimizer:
    return optim.AdamW(parts, said.lr, (said.beta1, said.beta2), said.eps, **fused(device, split))


@made.register
def rmsprop(said: rule.RMSProp, parts: list[dict[str, Any]], device: str, split: bool = False) -> optim.Optimizer:
    return optim.RMSprop(
        parts, said.lr, alpha=said.rho, eps=said.eps, momentum=said.momentum, centered=said.centered, **together(split)
    )


@made.register
def adagrad(said: rule.Adagrad, parts: list[dict[str, Any]], device: str, split: bool = False) -> optim.Optimizer:
    return optim.Adagrad(parts, said.lr, initial_accumulator_value=said.start, eps=said.eps, **together(split))


@made.register
def adadelta(said: rule.Adadelta, parts: list[dict[str, Any]], device: str, split: bool = False) -> optim.Optimizer:
    return optim.Adadelta(parts, said.lr, said.rho, said.eps, **together(split))


@made.register
def lamb(said: rule.Lamb, parts: list[dict[str, Any]], device: str, split: bool = False) -> optim.Optimizer:
    return Lamb(parts, said.lr, (said.beta1, said.beta2), said.eps)
