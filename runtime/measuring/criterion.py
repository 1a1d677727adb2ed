"""What is minimised: the terms of a recipe as one function of the network's outputs and of what is known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ...compiler.diagnostics import UserError
from ...compiler.recipes import learning as rule
from .losses import TOGETHER, Said, jointly, values
from .places import Maps, framed

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

    def __call__(
        self, outputs: Outputs, target: Tensor, clean: Tensor | None = None, weights: Tensor | None = None
    ) -> Tensor:
        """The mean over the batch. `target` is what is known, `clean` the examples themselves, `weights` those of the
        places of the output."""
        found = tuple(outputs[i].float() for i in self.outputs)
        if isinstance(self.loss, TOGETHER):
            return self.loss.weight * jointly(self.loss, found, target)
        if self.loss.target == "input":
            assert clean is not None
            target = clean.float()
        loss = self.one(found[0], target, weights)
        return loss if self.loss.weight == 1 else self.loss.weight * loss

    def one(self, found: Tensor, target: Tensor, weights: Tensor | None) -> Tensor:
        """The loss on one output."""
        said = values(self.loss, found, framed(target, found), self.folded)
        if weights is not None:
            there = weights if weights.ndim == said.losses.ndim else weights[:, None]  # the same for all channels
            said = Said(said.losses * there, said.counted)
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
        self, losses: Sequence[rule.Loss], names: Sequence[str], folded: Sequence[str | None],
        sizes: Sequence[Sequence[int | None]] = (), *, itself: bool = False,
    ) -> None:  # fmt: skip
        """`sizes` are the spatial ones of the outputs, by which places are weighed. `itself`: the examples are to be
        given back, so that every loss on an output is measured by them."""
        self.terms = tuple(term for loss in losses for term in terms(aimed(loss, itself), names, folded))
        weighed = [(term.loss.weight_map, term.outputs[0]) for term in self.terms]
        maps = tuple((said, known(sizes[i])) for said, i in weighed if isinstance(said, rule.Border))
        self.maps = Maps(maps) if maps else None
        """What each batch is to bring along, one for each term that weighs places."""

    @property
    def clean(self) -> bool:
        """Whether it wants the examples themselves."""
        return any(term.loss.target == "input" for term in self.terms)

    def __call__(
        self, outputs: Outputs, target: Tensor, clean: Tensor | None = None, maps: tuple[Tensor, ...] = ()
    ) -> Tensor:
        total, *others = self.apart(outputs, target, clean, maps)
        for other in others:
            total = total + other
        return total

    def apart(
        self, outputs: Outputs, target: Tensor, clean: Tensor | None, maps: tuple[Tensor, ...]
    ) -> Iterator[Tensor]:
        """The terms one by one; those that weigh places by the maps of the batch."""
        weights = iter(maps)
        for term in self.terms:
            yield term(outputs, target, clean, next(weights) if term.loss.weight_map is not None else None)

    @torch.no_grad()
    def each(self, outputs: Outputs, target: Tensor, clean: Tensor | None = None) -> list[float]:
        """The terms one by one, with their weights."""
        return [float(term) for term in self.apart(outputs, target, clean, ())]


def known(sizes: Sequence[int | None]) -> tuple[int, ...]:
    """The sizes of an output where those of the input are given."""
    return tuple(size for size in sizes if size is not None)


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
