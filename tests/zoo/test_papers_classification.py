"""Figures of papers on classification and its kin, worked out from their tables; small ones against Keras itself."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from math import prod
from typing import Any

import pytest
from cnnc.compiler.graph import Checked

from .paper import conv, net, shapes

NORM = 4
"""What batch normalisation keeps for a channel; two of them are trained."""


def chain(width: int, *units: tuple[int, int], norm: int = NORM) -> int:
    """Parameters of normalised convolutions one behind the other, as (filters, area of the window)."""
    widths = [width, *(filters for filters, _ in units)]
    return sum(a * b * area + norm * b for (a, b), (_, area) in zip(pairwise(widths), units))


def branches(width: int, *chains: Iterable[tuple[int, int]], norm: int = NORM) -> int:
    """Parameters of chains that all start from a map of `width` channels."""
    return sum(chain(width, *units, norm=norm) for units in chains)


# --- Inception --------------------------------------------------------------------------------------------------------

V2 = [
    (64, 64, 64, 64, 96, 32), (64, 64, 96, 64, 96, 64), (0, 128, 160, 64, 96, 0), (224, 64, 96, 96, 128, 128),
    (192, 96, 128, 96, 128, 128), (160, 128, 160, 128, 160, None), (96, 128, 192, 160, 192, None),
    (0, 128, 192, 192, 256, 0), (352, 192, 320, 160, 224, 128), (352, 192, 320, 192, 224, 128),
]  # fmt: skip
"""Figure 5: #1x1, #3x3 reduce, #3x3, double reduce, double #3x3, projection; None where text and sum disagree."""

SEPARABLE = 3 * 8 * 49 + 24 * 64
"""Weights of the first convolution: eight filters of 7x7 for each colour, and 1x1 to 64 channels."""


def inception_v2(first: int, proj: int, norm: int) -> int:
    """Parameters, by the weights of the first convolution, the doubtful projection, and the numbers for a channel."""
    total, width = first + norm * 64 + chain(64, (64, 1), (192, 9), norm=norm), 192
    for c1, r3, c3, r33, c33, projection in V2:
        tail = proj if projection is None else projection
        total += branches(width, [(c1, 1)], [(r3, 1), (c3, 9)], [(r33, 1), (c33, 9), (c33, 9)], [(tail, 1)], norm=norm)
        width = c1 + c3 + c33 + (tail if c1 else width)  # modules without a 1x1 pass their input on
    return total + conv(width, 1000, 1)


def test_inception_v2_has_the_parameters_of_the_authors_program() -> None:
    """10,173,112 in its test: without the dense layer, 3 numbers for a channel, 1 behind the separable convolution."""
    assert inception_v2(SEPARABLE, 96, norm=3) - 2 * 64 - conv(1024, 1000, 1) == 10_173_112
    assert net("inception_v2").params == inception_v2(SEPARABLE, 96, NORM)


def test_inception_v2_by_the_columns_is_the_caffe_model() -> None:
    """11,295,240 parameters: projections of 128, a plain first convolution, and biases before the normalisations."""
    assert inception_v2(3 * 64 * 49, 128, norm=3) == 11_295_240
    assert net("inception_v2", proj=128).trainable == inception_v2(SEPARABLE, 128, norm=2)


def test_inception_v2_goes_through_the_sizes_of_figure_5() -> None:
    found = shapes(net("inception_v2"), "Concatenate")
    assert found == [(28, 28, 256), (28, 28, 320), *[(14, 14, 576)] * 5, *[(7, 7, 1024)] * 3]


def stem_v4(norm: int = NORM) -> int:
    """Figure 3."""
    first = chain(3, (32, 9), (32, 9), (64, 9), norm=norm) + chain(64, (96, 9), norm=norm)
    second = branches(160, [(64, 1), (96, 9)], [(64, 1), (64, 7), (64, 7), (96, 9)], norm=norm)
    return first + second + chain(192, (192, 9), norm=norm)


def reduction_a(width: int, k: int, l: int, m: int, n: int, norm: int = NORM) -> int:  # noqa: E741
    """Figure 7 and table 1."""
    return branches(width, [(n, 9)], [(k, 1), (l, 9), (m, 9)], norm=norm)


def inception_v4(norm: int) -> int:
    """Figures 4 to 9; two windows of 1x3 and 3x1 side by side count as one of 6 places."""
    a = branches(384, [(96, 1)], [(96, 1)], [(64, 1), (96, 9)], [(64, 1), (96, 9), (96, 9)], norm=norm)
    sevens = [(192, 1), (192, 7), (224, 7), (224, 7), (256, 7)]
    b = branches(1024, [(128, 1)], [(384, 1)], [(192, 1), (224, 7), (256, 7)], sevens, norm=norm)
    reduction_b = branches(1024, [(192, 1), (192, 9)], [(256, 1), (256, 7), (320, 7), (320, 9)], norm=norm)
    ends = 2 * chain(384, (256, 3), norm=norm) + 2 * chain(512, (256, 3), norm=norm)
    c = branches(1536, [(256, 1)], [(256, 1)], [(384, 1)], [(384, 1), (448, 3), (512, 3)], norm=norm) + ends
    modules = 4 * a + reduction_a(384, 192, 224, 256, 384, norm) + 7 * b + reduction_b + 3 * c
    return stem_v4(norm) + modules + conv(1536, 1000, 1)


def test_inception_v4() -> None:
    """42,679,816 trained parameters have the published weights."""
    assert inception_v4(norm=2) == 42_679_816
    found = net("inception_v4")
    assert (found.trainable, found.params) == (42_679_816, inception_v4(NORM))
    sizes = shapes(found, "Concatenate")
    modules = [sizes.count(size) for size in [(35, 35, 384), (17, 17, 1024), (8, 8, 1536)]]
    assert modules == [1 + 4, 1 + 7, 1 + 3]  # what makes the map smaller, and figure 9's modules


def residual(width: int, *chains: list[tuple[int, int]]) -> int:
    """The branches, and the 1x1 convolution with a bias that brings them back to the width of the input."""
    return branches(width, *chains) + conv(sum(units[-1][0] for units in chains), width, 1)


def test_inception_resnet_v1() -> None:
    """Figures 10 to 15."""
    stem = chain(3, (32, 9), (32, 9), (64, 9)) + chain(64, (80, 1), (192, 9), (256, 9))
    a = residual(256, [(32, 1)], [(32, 1), (32, 9)], [(32, 1), (32, 9), (32, 9)])
    b = residual(896, [(128, 1)], [(128, 1), (128, 7), (128, 7)])
    reduction_b = branches(896, [(256, 1), (384, 9)], [(256, 1), (256, 9)], [(256, 1), (256, 9), (256, 9)])
    c = residual(1792, [(192, 1)], [(192, 1), (192, 3), (192, 3)])
    modules = 5 * a + reduction_a(256, 192, 192, 256, 384) + 10 * b + reduction_b + 5 * c
    found = net("inception_resnet_v1")
    assert found.params == stem + modules + conv(1792, 1000, 1)
    assert shapes(found, "Add") == [(35, 35, 256)] * 5 + [(17, 17, 896)] * 10 + [(8, 8, 1792)] * 5


def test_inception_resnet_v2_of_the_paper() -> None:
    """Figures 3 and 15 to 19, with the widths that the branches really have."""
    a = residual(384, [(32, 1)], [(32, 1), (32, 9)], [(32, 1), (48, 9), (64, 9)])
    b = residual(1152, [(192, 1)], [(128, 1), (160, 7), (192, 7)])
    reduction_b = branches(1152, [(256, 1), (384, 9)], [(256, 1), (288, 9)], [(256, 1), (288, 9), (320, 9)])
    c = residual(2144, [(192, 1)], [(192, 1), (224, 3), (256, 3)])
    modules = 5 * a + reduction_a(384, 256, 256, 384, 384) + 10 * b + reduction_b + 5 * c
    found = net("inception_resnet_v2")
    assert found.params == stem_v4() + modules + conv(2144, 1000, 1)
    assert shapes(found, "Add") == [(35, 35, 384)] * 5 + [(17, 17, 1152)] * 10 + [(8, 8, 2144)] * 5


# --- squeeze and excitation -------------------------------------------------------------------------------------------


def excite(width: int) -> int:
    """Two dense layers, by way of a sixteenth of the width."""
    return conv(width, width // 16, 1) + conv(width // 16, width, 1)


def test_senet154() -> None:
    """Appendix of the paper; the sum is that of the published Caffe model."""
    total, width = chain(3, (64, 9), (64, 9), (128, 9), norm=2), 128
    for stage, depth in enumerate([3, 8, 36, 3]):
        for i in range(depth):
            out = 256 * 2**stage
            grouped = out * (out // 2 // 64) * 9 + 2 * out
            total += chain(width, (out // 2, 1), norm=2) + grouped + chain(out, (out, 1), norm=2) + excite(out)
            total += chain(width, (out, 9 if stage else 1), norm=2) if i == 0 else 0
            width = out
    assert total + conv(2048, 1000, 1) == 115_088_984
    found = net("senet154")
    assert found.trainable == 115_088_984
    shortcuts = 4
    assert len(shapes(found, "Conv2D")) - shortcuts + 1 == 154


def test_senets_cost_what_the_paper_says() -> None:
    """Table 2: SE-ResNet-50 with 3.87 GFLOPs where ResNet-50 has 3.86; 2.5 million parameters more, about a tenth."""
    plain, excited = net("resnet50"), net("se_resnet50")
    assert plain.macs is not None
    assert excited.macs is not None
    assert excited.macs / plain.macs == pytest.approx(3.87 / 3.86, abs=0.002)
    assert round((excited.params - plain.params) / 1e6, 1) == 2.5


# --- other inputs -----------------------------------------------------------------------------------------------------


def test_c3d() -> None:
    """Figure 3 and section 3.1: eight convolutions of 27 places, two dense layers of 4,096."""
    convs = sum(conv(a, b, 27) for a, b in pairwise([3, 64, 128, 256, 256, 512, 512, 512, 512]))
    dense = sum(conv(a, b, 1) for a, b in pairwise([1 * 4 * 4 * 512, 4096, 4096, 487]))
    found = net("c3d")
    assert found.params == convs + dense
    assert [s[:3] for s in shapes(found, "MaxPooling3D")] == [
        (16, 56, 56), (8, 28, 28), (4, 14, 14), (2, 7, 7), (1, 4, 4),
    ]  # fmt: skip


LOCAL = [(55, 16, 16, 81), (25, 16, 16, 49), (21, 16, 16, 25)]
"""DeepFace, figure 2: the side of the map, channels in and out, places of the window."""


def deepface(people: int) -> int:
    shared = conv(3, 32, 121) + conv(32, 16, 81)
    local = sum(side**2 * conv(*kernel) for side, *kernel in LOCAL)
    return shared + local + conv(21 * 21 * 16, 4096, 1) + conv(4096, people, 1)


def test_deepface() -> None:
    """Sides 142, 71, 63, 55, 25, 21; over 95 % of the parameters are in local and dense layers.

    Ghosh's program for Keras, with 8,631 people, counts 137,774,071.
    """
    found = net("deepface")
    assert found.params == deepface(4030)
    assert [s[0] for s in shapes(found, "Conv2D") + shapes(found, "MaxPooling2D")] == [142, 63, 71]
    assert [s[0] for s in shapes(found, "LocallyConnected2D")] == [side for side, *_ in LOCAL]
    assert (conv(3, 32, 121) + conv(32, 16, 81)) / found.params < 0.05
    assert 0.99 < found.params / 120e6 < 1
    assert net("deepface", people=8631).params == 137_774_071


def test_pilotnet() -> None:
    """Figure 4, and the text: about 27 million connections and 250 thousand parameters."""
    found = net("pilotnet")
    convs = [(3, 24, 25), (24, 36, 25), (36, 48, 25), (48, 64, 9), (64, 64, 9)]
    places = [31 * 98, 14 * 47, 5 * 22, 3 * 20, 1 * 18]
    dense = [1 * 18 * 64, 100, 50, 10, 1]
    assert found.params == sum(conv(*c) for c in convs) + sum(conv(a, b, 1) for a, b in pairwise(dense))
    assert found.macs == sum(prod(c) * n for c, n in zip(convs, places)) + sum(a * b for a, b in pairwise(dense))
    assert (round(found.macs / 1e6), round(found.params / 1e3, -1)) == (27, 250)
    assert [s[0] * s[1] for s in shapes(found, "Conv2D")] == places


@pytest.mark.parametrize(("average", "hidden"), [(False, 32), (True, 32), (False, 0), (True, 0)])
def test_deepbind(average: bool, hidden: int) -> None:
    """Figure 2: 16 motifs of 24 places over 4 bases; one or two numbers of each; 32 hidden units or none."""
    pooled = 32 if average else 16
    head = conv(pooled, 32, 1) + conv(32, 1, 1) if hidden else conv(pooled, 1, 1)
    found = net("deepbind", average=average, hidden=hidden)
    assert found.params == conv(4, 16, 24) + head
    assert shapes(found, "Conv1D") == [(101 + 24 - 1, 16)]


def test_deepbind_takes_the_ends_for_unknown_bases() -> None:
    """A quarter of each base put around the sequence gives what zeros give once a quarter is taken away everywhere."""
    import torch
    from cnnc.runtime.lowering.lower import lower
    from torch.nn import functional

    found = lower(net("deepbind"), seed=3).eval()
    x = torch.eye(4)[torch.randint(4, (2, 101), generator=torch.Generator().manual_seed(1))].movedim(-1, 1)
    state = found.state_dict()
    weight, bias = state["motif.weight"], state["motif.bias"]
    theirs = functional.conv1d(functional.pad(x, (23, 23), value=0.25), weight, bias - 0.25 * weight.sum((1, 2)))
    best = theirs.relu().amax(-1)
    hidden = functional.linear(best, state["dense1.weight"], state["dense1.bias"]).relu()
    score = functional.linear(hidden, state["score.weight"], state["score.bias"]).sigmoid()
    torch.testing.assert_close(found(x), score)


def test_mlp() -> None:
    """28x28-300-100-10; and the one with 300 hidden units alone."""
    assert net("mlp").params == conv(784, 300, 1) + conv(300, 100, 1) + conv(100, 10, 1)
    assert net("mlp", widths=[300]).params == conv(784, 300, 1) + conv(300, 10, 1)
    assert net("mlp").params / net("lenet5_original").trainable > 4


def test_vgg16_cam() -> None:
    """VGG-16's 13 convolutions (table 1), 1,024 maps of 14x14, and one weight for each of them and class."""
    vgg16 = [3, 64, 64, 128, 128, 256, 256, 256, *[512] * 6, 1024]
    found = net("vgg16_cam")
    assert found.params == sum(conv(a, b, 9) for a, b in pairwise(vgg16)) + conv(1024, 1000, 1)
    assert shapes(found, "Conv2D")[-1] == (14, 14, 1024)
    assert len(shapes(found, "MaxPooling2D")) == 4


# --- small ones against Keras -----------------------------------------------------------------------------------------


def rows(checked: Checked) -> list[tuple[str, tuple[int | None, ...], int]]:
    return [(n.type, tuple(n.facts.output), n.facts.params) for n in (layer.node for layer in checked.layers)]


def keras_pilotnet(k: Any) -> list[Any]:
    convs = [(24, 5, 2), (36, 5, 2), (48, 5, 2), (64, 3, 1), (64, 3, 1)]
    layers = [k.Rescaling(1 / 127.5, -1), *(k.Conv2D(n, size, step, activation="relu") for n, size, step in convs)]
    return [*layers, k.Flatten(), *(k.Dense(n, "relu") for n in (100, 50, 10)), k.Dense(1)]


def keras_mlp(k: Any) -> list[Any]:
    hidden = [layer for n in (300, 100) for layer in (k.Dense(n), k.Activation("tanh"))]
    return [k.Flatten(), *hidden, k.Dense(10), k.Activation("softmax")]


@pytest.mark.parametrize(
    ("name", "layers", "shape"), [("pilotnet", keras_pilotnet, (66, 200, 3)), ("mlp", keras_mlp, (28, 28, 1))]
)
def test_rows_are_those_of_keras(name: str, layers: Any, shape: tuple[int, ...]) -> None:
    import keras

    model = keras.Sequential([keras.Input(shape), *layers(keras.layers)])
    theirs = [(type(layer).__name__, tuple(layer.output.shape[1:]), layer.count_params()) for layer in model.layers]
    assert rows(net(name))[1:] == theirs
