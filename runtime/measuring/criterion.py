"""What is minimised: the terms of a recipe as one function of the network's outputs and of what is known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ...compiler.diagnostics import UserError
from ...compiler.recipes import learning as rule
from .losses import TOGETHER, Said, jointly, values
from .places import border_weights, framed

Outputs = tuple[Tensor, ...]
"""One tensor per output of the network, (N, C, spatial...)."""


def several(found: Any) -> Outputs:
    """The outputs of a network as a tuple."""
    return found if isinstance(found, tuple) else (found,)


class Term(NamedTuple):
    """One loss on one output, or on several together."""

    loss: rule.Loss
    outputs: tuple[int, ...]
    folded: str | None

    def __call__(self, outputs: Outputs, target: Tensor, clean: Tensor | None = None) -> Tensor:
        """The mean over the batch. `target` is what is known, `clean` the examples themselves."""
        found = tuple(outputs[i].float() for i in self.outputs)
        if isinstance(self.loss, TOGETHER):
            return self.loss.weight * jointly(self.loss, found, target)
        if self.loss.target == "input":
            assert clean is not None
            target = clean.float()
        loss = self.one(found[0], target)
        return loss if self.loss.weight == 1 else self.loss.weight * loss

    def one(self, found: Tensor, target: Tensor) -> Tensor:
        """The loss on one output."""
        target = framed(target, found)
        said = values(self.loss, found, target, self.folded)
        if isinstance(self.loss.weight_map, rule.Border):
            said = Said(said.losses * border_weights(self.loss.weight_map, target), said.counted)
        return reduced(said, self.loss.reduce)


def reduced(said: Said, how: str) -> Tensor:
    """The mean over the batch of the means, or of the sums, over the values of an example that count."""
    losses, counted = said
    if how == "sum" and losses.ndim > 1:
        return losses.flatten(1).sum(1).mean()
    if counted is None:
        return losses.mean() if losses.ndim else losses
    return losses.sum() / counted.sum().clamp_min(1)


class Criterion:
    """The weighted sum of the terms."""

    def __init__(
        self, losses: Sequence[rule.Loss], names: Sequence[str], folded: Sequence[str | None], *, itself: bool = False
    ) -> None:
        """`itself`: the examples are to be given back, so that every loss on an output is measured by them."""
        self.terms = tuple(term for loss in losses for term in terms(aimed(loss, itself), names, folded))

    @property
    def clean(self) -> bool:
        """Whether it wants the examples themselves."""
        return any(term.loss.target == "input" for term in self.terms)

    def __call__(self, outputs: Outputs, target: Tensor, clean: Tensor | None = None) -> Tensor:
        total = self.terms[0](outputs, target, clean)
        for other in self.terms[1:]:
            total = total + other(outputs, target, clean)
        return total

    @torch.no_grad()
    def each(self, outputs: Outputs, target: Tensor, clean: Tensor | None = None) -> list[float]:
        """The terms one by one, with their weights."""
        return [float(term(outputs, target, clean)) for term in self.terms]


def aimed(loss: rule.Loss, itself: bool) -> rule.Loss:
    """The loss, measured by the example itself where that is the task."""
    if not itself or loss.target is not None or isinstance(loss, TOGETHER):
        return loss
    return loss.changed(target="input")


def terms(loss: rule.Loss, names: Sequence[str], folded: Sequence[str | None]) -> list[Term]:
    """The terms of one loss: one for each output it names, or one for all of them together."""
    wanted = loss.on or (names[0],)
    strange = [name for name in wanted if name not in names]
    if strange:
        raise UserError(f"`{loss.word}` is on `{strange[0]}`, which is no output: there are {', '.join(names)}")
    places = tuple(names.index(name) for name in wanted)
    if isinstance(loss, TOGETHER):
        return [Term(loss, places, None)]
    return [Term(loss, (place,), folded[place]) for place in places]
