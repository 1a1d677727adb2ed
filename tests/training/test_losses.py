"""Losses on maps, on several outputs and on vectors, against torch, torchmetrics, scipy and the papers' formulas."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from cnnc.compiler.diagnostics import UserError
from cnnc.compiler.recipes import learning as rule
from cnnc.runtime.measuring.criterion import Criterion
from cnnc.runtime.measuring.places import Maps, border_weights, framed
from torch import Tensor
from torch.nn import functional
from torchmetrics.functional.segmentation import dice_score

DRAW = torch.Generator().manual_seed(0)
MAPS = torch.randn(3, 4, 5, 6, generator=DRAW)
LABELS = torch.randint(0, 4, (3, 5, 6), generator=DRAW)
VECTORS = torch.randn(8, 5, generator=DRAW)
CLASSES = torch.tensor([0, 0, 1, 1, 2, 2, 2, 3])


def loss(
    said: rule.Loss, *outputs: Tensor, target: Tensor, folded: str | None = None, clean: Tensor | None = None
) -> float:
    names = [f"out{i}" for i in range(len(outputs))]
    return float(Criterion([said], names, [folded] * len(outputs))(outputs, target, clean))


# --- maps -------------------------------------------------------------------------------------------------------------


def test_cross_entropy_of_maps_is_that_of_torch_and_leaves_out_what_does_not_count() -> None:
    labels = LABELS.clone()
    labels[0, :2] = -1
    expected = functional.cross_entropy(MAPS, labels, ignore_index=-1)
    assert loss(rule.CrossEntropy(), MAPS, target=labels, folded="softmax") == pytest.approx(float(expected), rel=1e-6)


def test_binary_cross_entropy_of_maps_is_that_of_torch_and_leaves_out_what_does_not_count() -> None:
    one, labels = MAPS[:, :1], (LABELS > 1).long()
    labels[1, 2:] = -1
    there = labels >= 0
    expected = functional.binary_cross_entropy_with_logits(one[:, 0][there], labels[there].float())
    assert loss(rule.BinaryCrossEntropy(), one, target=labels) == pytest.approx(float(expected), rel=1e-6)


def test_smoothing_of_yes_or_no_is_that_of_keras() -> None:
    import keras

    labels = torch.tensor([0, 1, 1, 0, 1, 1, 0, 0])
    one = VECTORS[:, :1]
    made = keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=0.2)
    expected = float(keras.ops.convert_to_numpy(made(labels.view(-1, 1).float().numpy(), one.numpy())))
    assert loss(rule.CrossEntropy(smoothing=0.2), one, target=labels) == pytest.approx(expected, rel=1e-5)


def test_sums_over_the_values_of_an_example() -> None:
    clean = torch.rand(3, 4, 5, 6, generator=DRAW)
    expected = ((MAPS - clean) ** 2).sum((1, 2, 3)).mean()
    said = rule.MeanSquaredError(target="input", reduce="sum")
    assert loss(said, MAPS, target=LABELS, clean=clean) == pytest.approx(float(expected), rel=1e-5)


def test_dice_of_certain_answers_is_1_less_the_score_of_torchmetrics() -> None:
    taken = torch.randint(0, 4, (3, 5, 6), generator=DRAW)
    certain = 100.0 * functional.one_hot(taken, 4).movedim(-1, 1)
    score = dice_score(taken, LABELS, 4, include_background=True, average="macro", input_format="index")
    assert loss(rule.Dice(), certain, target=LABELS, folded="softmax") == pytest.approx(
        1 - float(score.mean()), abs=1e-5
    )


def test_dice_of_two_classes_is_the_formula_of_the_foreground() -> None:
    labels = (LABELS > 1).long()
    shares = MAPS[:, :2].softmax(1)[:, 1]
    wanted = labels.float()
    axes = (1, 2)
    each = 2 * (shares * wanted).sum(axes) / ((shares**2).sum(axes) + (wanted**2).sum(axes))
    for outputs, folded in ((MAPS[:, :2], "softmax"), (torch.logit(shares)[:, None], "sigmoid")):
        assert loss(rule.Dice(), outputs, target=labels, folded=folded) == pytest.approx(
            1 - float(each.mean()), rel=1e-4
        )


def test_borders_between_two_things_weigh_most() -> None:
    """On a row between two lone pixels d1 + d2 is their distance."""
    labels = torch.zeros(1, 1, 9, dtype=torch.long)
    labels[0, 0, [0, 6]] = 1
    weights = border_weights(rule.Border(w0=10, sigma=5), labels)[0, 0]
    assert weights[0] == weights[6] == 1
    assert weights[3] == pytest.approx(1 + 10 * math.exp(-(6**2) / 50))
    assert weights[8] == pytest.approx(1 + 10 * math.exp(-((2 + 8) ** 2) / 50))
    maps = torch.randn(1, 2, 1, 9, generator=DRAW)
    expected = (functional.cross_entropy(maps, labels, reduction="none")[0, 0] * weights).mean()
    said = rule.CrossEntropy(weight_map=rule.Border(w0=10, sigma=5))
    criterion = Criterion([said, rule.CrossEntropy(on=("out1",))], ["out0", "out1"], [None] * 2, [(1, 9)] * 2)
    assert criterion.maps is not None
    found = criterion((maps, torch.zeros(1, 2, 1, 9)), labels, None, criterion.maps(labels))
    assert float(found) == pytest.approx(float(expected) + math.log(2), rel=1e-6)


@pytest.mark.parametrize("said", [rule.BinaryCrossEntropy, rule.CrossEntropy])
def test_each_picture_is_weighed_by_its_own_map(said: type[rule.Loss]) -> None:
    """Also where an output is a single yes or no at each place."""
    labels = torch.zeros(2, 1, 9, dtype=torch.long)
    labels[0, 0, [0, 3]] = labels[1, 0, [2, 8]] = 1
    border = rule.Border(w0=10, sigma=5)
    maps = torch.randn(2, 1, 1, 9, generator=DRAW)
    each = functional.binary_cross_entropy_with_logits(maps[:, 0], labels.float(), reduction="none")
    criterion = Criterion([said(weight_map=border)], ["out"], ["sigmoid"], [(1, 9)])
    assert criterion.maps is not None
    found = criterion((maps,), labels, None, criterion.maps(labels))
    assert float(found) == pytest.approx(float((each * border_weights(border, labels)).mean()), rel=1e-6)


def test_weights_are_those_of_the_part_that_an_output_sees() -> None:
    """U-Net's own output is smaller than its labels: a thing outside of it is none."""
    labels = torch.zeros(1, 1, 9, dtype=torch.long)
    labels[0, 0, [0, 3, 6]] = 1
    border = rule.Border(w0=10, sigma=5)
    (weights,) = Maps(((border, (1, 7)),))(labels)
    assert torch.equal(weights, border_weights(border, labels[..., 1:8]))
    assert weights[0, 0, 0] == pytest.approx(1 + 10 * math.exp(-((2 + 5) ** 2) / 50))


def test_an_output_without_borders_sees_the_middle_of_the_labels() -> None:
    assert torch.equal(framed(LABELS, MAPS[..., :3, :4]), LABELS[:, 1:4, 1:5])
    coarse = framed(torch.arange(64).view(1, 8, 8), torch.zeros(1, 2, 2, 2))
    assert coarse.tolist() == [[[18, 22], [50, 54]]]  # the nearest of each 4x4


# --- vectors ----------------------------------------------------------------------------------------------------------


def squared(a: Tensor, b: Tensor) -> Tensor:
    return (a - b).square().sum(-1)


def test_triplets_of_three_outputs_are_those_of_torch() -> None:
    parts = tuple(torch.randn(8, 5, generator=DRAW) for _ in range(3))
    expected = functional.triplet_margin_with_distance_loss(*parts, distance_function=squared, margin=0.2)
    said = rule.Triplet(on=("out0", "out1", "out2"), margin=0.2)
    assert loss(said, *parts, target=CLASSES) == pytest.approx(float(expected), rel=1e-5)


def lacks(margin: float) -> dict[tuple[int, int], list[tuple[float, float]]]:
    """For each anchor and positive the distances to the positive and to every negative."""
    found: dict[tuple[int, int], list[tuple[float, float]]] = {}
    for a, p, n in itertools.product(range(8), repeat=3):
        if a != p and CLASSES[a] == CLASSES[p] and CLASSES[a] != CLASSES[n]:
            distances = float(squared(VECTORS[a], VECTORS[p])), float(squared(VECTORS[a], VECTORS[n]))
            found.setdefault((a, p), []).append(distances)
    return found


def test_triplets_are_mined_as_told() -> None:
    margin = 2.0
    every = lacks(margin)
    violating = [near - far + margin for row in every.values() for near, far in row if near - far + margin > 0]
    assert loss(rule.Triplet(margin=margin), VECTORS, target=CLASSES) == pytest.approx(
        sum(violating) / len(violating), rel=1e-4
    )
    semi = [[(near, far) for near, far in row if far > near] for row in every.values()]
    nearest = [min(row, key=lambda pair: pair[1]) for row in semi if row]
    wanted = [near - far + margin for near, far in nearest if near - far + margin > 0]
    assert loss(rule.Triplet(margin=margin, mine="semi_hard"), VECTORS, target=CLASSES) == pytest.approx(
        sum(wanted) / len(wanted), rel=1e-4
    )
    hard = []
    for a in range(8):
        positives = [squared(VECTORS[a], VECTORS[p]) for p in range(8) if CLASSES[p] == CLASSES[a]]
        negatives = [squared(VECTORS[a], VECTORS[n]) for n in range(8) if CLASSES[n] != CLASSES[a]]
        hard.append(max(float(max(positives) - min(negatives)) + margin, 0))
    assert loss(rule.Triplet(margin=margin, mine="hard"), VECTORS, target=CLASSES) == pytest.approx(
        sum(hard) / 8, rel=1e-4
    )


def test_contrastive_is_the_formula_of_hadsell() -> None:
    first, second = VECTORS[:4], VECTORS[4:] * 0.1 + VECTORS[:4]
    alike = torch.tensor([1, 0, 1, 0])
    far = squared(first, second).sqrt()
    expected = torch.where(alike == 1, far**2, (1.0 - far).clamp_min(0) ** 2).mean() / 2
    said = rule.Contrastive(on=("out0", "out1"), margin=1.0)
    assert loss(said, first, second, target=alike) == pytest.approx(float(expected), rel=1e-4)


def test_contrastive_on_one_output_compares_all_pairs() -> None:
    """Each vector with each other one, none with itself: the formula, pair by pair."""
    vectors, labels = VECTORS[:5], torch.tensor([0, 1, 0, 1, 1])
    pairs = [(i, j) for i in range(5) for j in range(5) if i != j]
    first, second = (vectors[list(side)] for side in zip(*pairs))
    alike = torch.tensor([int(labels[i] == labels[j]) for i, j in pairs])
    expected = loss(rule.Contrastive(on=("out0", "out1"), margin=1.0), first, second, target=alike)
    assert loss(rule.Contrastive(margin=1.0), vectors, target=labels) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("how", ["mean", "sum"])
def test_kl_is_that_of_torchs_distributions(how: str) -> None:
    mean, log_variance = VECTORS[:, :2], VECTORS[:, 2:4]
    normal = torch.distributions.Normal(mean, (log_variance / 2).exp())
    each = torch.distributions.kl_divergence(normal, torch.distributions.Normal(0.0, 1.0))
    expected = float(each.mean() if how == "mean" else each.sum(1).mean())
    two = rule.KLNormal(on=("out0", "out1"), reduce=how)
    assert loss(two, mean, log_variance, target=CLASSES) == pytest.approx(expected, rel=1e-5)
    one = rule.KLNormal(on=("out0",), reduce=how)
    assert loss(one, torch.cat([mean, log_variance], 1), target=CLASSES) == pytest.approx(expected, rel=1e-5)


def test_an_output_that_is_not_there_is_named() -> None:
    with pytest.raises(UserError, match="`side`, which is no output"):
        loss(rule.CrossEntropy(on=("side",)), MAPS, target=LABELS)
