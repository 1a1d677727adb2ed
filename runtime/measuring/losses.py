"""One rule for each loss. Outputs are (N, C, spatial...); labels are those of feed.py."""

from __future__ import annotations

from collections.abc import Callable
from functools import singledispatch
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from ...compiler.diagnostics import UserError
from ...compiler.recipes import learning as rule

IGNORED = -1
"""The label of places that do not count."""
TINY = 1e-6


class Said(NamedTuple):
    """Losses of the values, (N, ...), or their mean, and where labels leave some out, which count, 0 or 1."""

    losses: Tensor
    counted: Tensor | None = None


ACTIVATIONS: dict[str, Callable[..., Any]] = {
    "softmax": lambda x: x.softmax(1),
    "sigmoid": torch.sigmoid,
    "log_softmax": lambda x: x.log_softmax(1),
}


def activated(found: Tensor, folded: str | None) -> Tensor:
    """The output with the activation that was left out."""
    return ACTIVATIONS[folded](found) if folded else found


def probabilities(found: Tensor, folded: str | None) -> Tensor:
    """(N, classes, spatial...) probabilities from an output; a single yes or no is two classes."""
    found = found.float()
    if found.shape[1] == 1:
        yes = torch.sigmoid(found)
        return torch.cat([1 - yes, yes], 1)
    return activated(found, folded or "softmax")


@singledispatch
def values(loss: rule.Loss, found: Tensor, target: Tensor, folded: str | None) -> Said:
    """One loss on one output; `folded` is the activation that was left out behind `found`, which the loss contains."""
    raise NotImplementedError(loss.word)


def runs(loss: rule.Loss) -> bool:
    """Whether there is a rule for the loss."""
    if isinstance(loss, TOGETHER):
        return True
    return values.dispatch(type(loss)) is not values.dispatch(rule.Loss)


# --- classes ----------------------------------------------------------------------------------------------------------


@values.register
def cross_entropy(loss: rule.CrossEntropy, found: Tensor, target: Tensor, folded: str | None) -> Said:
    if folded == "sigmoid" or found.shape[1] == 1:
        return binary(found, target, loss.smoothing)
    places = target.ndim > 1 and not target.is_floating_point()
    how = "none" if found.ndim > 2 else "mean"  # one loss an example: torch's own mean costs a small network less
    losses = functional.cross_entropy(
        found, target, label_smoothing=loss.smoothing, reduction=how, ignore_index=IGNORED
    )
    return Said(losses, (target != IGNORED).float() if places else None)


@values.register
def binary_cross_entropy(loss: rule.BinaryCrossEntropy, found: Tensor, target: Tensor, folded: str | None) -> Said:
    return binary(found, target)


def binary(found: Tensor, target: Tensor, smoothing: float = 0.0) -> Said:
    """Each value yes or no, from the number before the sigmoid."""
    wanted, counted = spread_out(target, found)
    wanted = wanted * (1 - smoothing) + smoothing / 2 if smoothing else wanted
    losses = functional.binary_cross_entropy_with_logits(found, wanted, reduction="none")
    return Said(losses if counted is None else losses * counted, counted)


@values.register
def dice(loss: rule.Dice, found: Tensor, target: Tensor, folded: str | None) -> Said:
    """Milletari et al. (2016): 1 - 2 sum(p g) / (sum(p^2) + sum(g^2)) over all places, for each example and class.

    Where two classes are told apart the first is background and left out.
    """
    wanted, counted = spread_out(target, found)
    shares = torch.sigmoid(found) if found.shape[1] == 1 else activated(found, folded or "softmax")
    if counted is not None:
        shares, wanted = shares * counted, wanted * counted
    if found.shape[1] == 2:
        shares, wanted = shares[:, 1:], wanted[:, 1:]
    shares, wanted = shares.flatten(2), wanted.flatten(2)
    both = 2 * (shares * wanted).sum(2) + TINY
    return Said(1 - both / ((shares**2).sum(2) + (wanted**2).sum(2) + TINY))


def spread_out(target: Tensor, found: Tensor) -> tuple[Tensor, Tensor | None]:
    """Labels as 0 and 1 in the form of the output, and which count where some do not.

    A single output of two classes is the second: yes.
    """
    if target.shape == found.shape:
        return target.to(found), None
    if target.is_floating_point():
        return (target[:, 1:] if found.shape[1] == 1 and target.shape[1] == 2 else target).to(found), None
    known = target.clamp_min(0)
    wanted = known[:, None] if found.shape[1] == 1 else functional.one_hot(known, found.shape[1]).movedim(-1, 1)
    if target.ndim == 1:
        return wanted.to(found), None
    counted = (target != IGNORED)[:, None].expand_as(found)
    return wanted.to(found), counted.to(found)


# --- values -----------------------------------------------------------------------------------------------------------


def apart(found: Tensor, target: Tensor, folded: str | None) -> tuple[Tensor, Tensor]:
    """The output behind its activation, and what it should be."""
    if target.is_floating_point() and target.numel() != found.numel() and target.shape != (len(found), 2):
        raise UserError(f"the output has {tuple(found.shape[1:])} values, what is known {tuple(target.shape[1:])}")
    if target.is_floating_point() and target.numel() == found.numel():
        return activated(found, folded), target.to(found).reshape(found.shape)
    return activated(found, folded), spread_out(target, found)[0]


@values.register
def mse(loss: rule.MeanSquaredError, found: Tensor, target: Tensor, folded: str | None) -> Said:
    return Said(functional.mse_loss(*apart(found, target, folded), reduction="none"))


@values.register
def mae(loss: rule.MeanAbsoluteError, found: Tensor, target: Tensor, folded: str | None) -> Said:
    return Said(functional.l1_loss(*apart(found, target, folded), reduction="none"))


@values.register
def smooth_l1(loss: rule.SmoothL1, found: Tensor, target: Tensor, folded: str | None) -> Said:
    return Said(functional.smooth_l1_loss(*apart(found, target, folded), reduction="none", beta=loss.beta))


# --- several outputs together -----------------------------------------------------------------------------------------

TOGETHER = (rule.Triplet, rule.Contrastive, rule.KLNormal)
"""Losses that look at all outputs they name at once."""


@singledispatch
def jointly(loss: rule.Loss, found: tuple[Tensor, ...], target: Tensor) -> Tensor:
    """One loss on several outputs: the mean over the batch."""
    raise NotImplementedError(loss.word)


@jointly.register
def kl_normal(loss: rule.KLNormal, found: tuple[Tensor, ...], target: Tensor) -> Tensor:
    """Kingma and Welling (2013), appendix B. Mean and logarithm of the variance are two outputs, or halves of one."""
    mean, log_variance = found if len(found) == 2 else found[0].chunk(2, 1)
    each = -(1 + log_variance - mean**2 - log_variance.exp()) / 2
    return each.flatten(1).sum(1).mean() if loss.reduce == "sum" else each.mean()


@jointly.register
def contrastive(loss: rule.Contrastive, found: tuple[Tensor, ...], target: Tensor) -> Tensor:
    """Hadsell et al. (2006), equation 4: halves of squared distances, or of how much they lack of the margin.

    Two outputs are compared example by example, label 1 where alike; of one output, all pairs of a batch.
    """
    if len(found) == 2:
        squares = (found[0] - found[1]).flatten(1).square().sum(1)
        alike = target == 1
    else:
        squares, alike = beside_diagonal(among(found[0])), beside_diagonal(target[:, None] == target)
    lacking = (loss.margin - (squares + TINY**2).sqrt()).clamp_min(0)
    return (torch.where(alike, squares, lacking**2) / 2).mean()


@jointly.register
def triplet(loss: rule.Triplet, found: tuple[Tensor, ...], target: Tensor) -> Tensor:
    """Schroff et al. (2015), equation 2, by squared distances.

    Three outputs are anchor, positive and negative, labelled (N, 3): `all` takes them as they are. Else triplets are
    mined among all vectors of the batch: `all` that violate the margin, the `hard`est negative and positive of each
    anchor, or the nearest negative that is `semi_hard`: farther than the positive.
    """
    if len(found) == 3 and loss.mine == "all":
        anchor, positive, negative = (part.flatten(1) for part in found)
        near, far = (anchor - positive).square().sum(1), (anchor - negative).square().sum(1)
        return (near - far + loss.margin).clamp_min(0).mean()
    labels = target.T.flatten() if target.ndim == 2 else target
    vectors = torch.cat([part.flatten(1) for part in found])
    return MINING[loss.mine](among(vectors), labels[:, None] == labels, loss.margin)


def among(x: Tensor) -> Tensor:
    """Squared distances between all rows, (N, N)."""
    norms = x.square().sum(1)
    return (norms[:, None] + norms - 2 * x @ x.T).clamp_min(0)


def beside_diagonal(square: Tensor) -> Tensor:
    """The values of a square matrix that are not on its diagonal, row by row; to take them by a mask would wait for a
    GPU to count them."""
    count = len(square)
    return square.flatten()[1:].view(count - 1, count + 1)[:, :-1].flatten()


def all_violating(distances: Tensor, alike: Tensor, margin: float) -> Tensor:
    """The mean over the triplets within the margin."""
    lacking = distances[:, :, None] - distances[:, None, :] + margin
    other = ~torch.eye(len(alike), dtype=torch.bool, device=alike.device)
    lacking = lacking.clamp_min(0) * ((alike & other)[:, :, None] & ~alike[:, None, :])
    return lacking.sum() / (lacking > 0).sum().clamp_min(1)


def hardest(distances: Tensor, alike: Tensor, margin: float) -> Tensor:
    """The farthest positive and the nearest negative of each anchor (Hermans et al., 2017)."""
    far = distances.masked_fill(~alike, 0).amax(1)
    near = distances.masked_fill(alike, float("inf")).amin(1)
    return (far - near + margin).clamp_min(0).mean()


def semi_hard(distances: Tensor, alike: Tensor, margin: float) -> Tensor:
    """For each positive the nearest negative that is farther, where there is one the margin reaches."""
    farther = (distances[:, None, :] > distances[:, :, None]) & ~alike[:, None, :]
    near = distances[:, None, :].expand_as(farther).masked_fill(~farther, float("inf")).amin(2)
    lacking = (distances - near + margin).clamp_min(0)
    other = ~torch.eye(len(alike), dtype=torch.bool, device=alike.device)
    wanted = alike & other & (lacking > 0)
    return (lacking * wanted).sum() / wanted.sum().clamp_min(1)


MINING = {"all": all_violating, "hard": hardest, "semi_hard": semi_hard}
