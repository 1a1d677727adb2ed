"""What is minimised: the terms of a recipe as one function of the network's outputs and the labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import singledispatch
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from ..compiler.recipes import learning as rule

Outputs = tuple[Tensor, ...]
"""One tensor per output of the network."""


class Term(NamedTuple):
    """One loss on one output."""

    loss: rule.Loss
    output: int
    folded: str | None

    def __call__(self, outputs: Outputs, target: Tensor) -> Tensor:
        """The mean over the batch. `target` is (N,) of class numbers, or (N, classes) of probabilities."""
        return self.loss.weight * term(self.loss, outputs[self.output].float(), target, self.folded)


class Criterion:
    """The weighted sum of the terms."""

    def __init__(self, losses: Sequence[rule.Loss], names: Sequence[str], folded: Sequence[str | None]) -> None:
        self.terms = tuple(
            Term(loss, names.index(name), folded[names.index(name)])
            for loss in losses
            for name in loss.on or (names[0],)
        )

    def __call__(self, outputs: Outputs, target: Tensor) -> Tensor:
        total = self.terms[0](outputs, target)
        for other in self.terms[1:]:
            total = total + other(outputs, target)
        return total


@singledispatch
def term(loss: rule.Loss, found: Tensor, target: Tensor, folded: str | None) -> Tensor:
    """One loss; `folded` is the activation that was left out behind `found`, which the loss then contains."""
    raise NotImplementedError(loss.word)


def runs(loss: rule.Loss) -> bool:
    """Whether there is a rule for the loss."""
    return term.dispatch(type(loss)) is not term.dispatch(rule.Loss)


@term.register
def cross_entropy(loss: rule.CrossEntropy, found: Tensor, target: Tensor, folded: str | None) -> Tensor:
    if folded == "sigmoid":
        return binary(found, spread_out(target, found))
    return functional.cross_entropy(found, target, label_smoothing=loss.smoothing)


@term.register
def binary_cross_entropy(loss: rule.BinaryCrossEntropy, found: Tensor, target: Tensor, folded: str | None) -> Tensor:
    return binary(found, spread_out(target, found))


def binary(found: Tensor, target: Tensor) -> Tensor:
    return functional.binary_cross_entropy_with_logits(found, target)


@term.register
def mse(loss: rule.MeanSquaredError, found: Tensor, target: Tensor, folded: str | None) -> Tensor:
    return functional.mse_loss(activated(found, folded), spread_out(target, found))


@term.register
def mae(loss: rule.MeanAbsoluteError, found: Tensor, target: Tensor, folded: str | None) -> Tensor:
    return functional.l1_loss(activated(found, folded), spread_out(target, found))


@term.register
def smooth_l1(loss: rule.SmoothL1, found: Tensor, target: Tensor, folded: str | None) -> Tensor:
    return functional.smooth_l1_loss(activated(found, folded), spread_out(target, found), beta=loss.beta)


def spread_out(target: Tensor, found: Tensor) -> Tensor:
    """Class numbers as (N, classes) of 0 and 1; for a single output, of two classes, as (N, 1)."""
    if found.shape[-1] == 1:
        yes = target[:, 1] if target.ndim == 2 else target
        return yes.to(found).view(-1, 1)
    if target.ndim == 2:
        return target.to(found)
    return functional.one_hot(target, found.shape[-1]).to(found)


ACTIVATIONS: dict[str, Callable[..., Any]] = {
    "softmax": lambda x: x.softmax(-1),
    "sigmoid": torch.sigmoid,
    "log_softmax": lambda x: x.log_softmax(-1),
}


def activated(found: Tensor, folded: str | None) -> Tensor:
    """The output with the activation that was left out."""
    return ACTIVATIONS[folded](found) if folded else found


def probabilities(found: Tensor, folded: str | None) -> Tensor:
    """(N, classes) probabilities from an output; a single yes or no is two classes."""
    found = found.float()
    if found.shape[-1] == 1:
        yes = torch.sigmoid(found)
        return torch.cat([1 - yes, yes], 1)
    return activated(found, folded or "softmax")
