"""Whole networks: the designs of the papers, held to published totals or to a formula."""

from __future__ import annotations

import pytest
from cnnc.compiler.graph import Checked

from . import model, shapes

RESNET = """
defaults:
    conv bias=false

model ResNet34(classes=1000):
    input 224x224x3
    conv 64, 7x7, stride=2, pad=3 -> batchnorm -> relu
    maxpool 3x3, stride=2, pad=1
    for width, depth in [(64, 3), (128, 4), (256, 6), (512, 3)]:
        basic width, stride=1 if width == 64 else 2
        repeat depth - 1:
            basic width
    global_avgpool
    dense classes -> softmax

block basic(width, stride=1):
    residual:
        conv width, 3x3, stride=stride, pad=1 -> batchnorm -> relu
        conv width, 3x3, pad=1 -> batchnorm
        shortcut:
            if stride != 1 or input.channels != width:
                conv width, 1x1, stride=stride -> batchnorm
    relu
"""

UNET = """
model UNet(classes=1, width=64, depth=4):
    input 512x512x3
    for i in range(depth):
        double width * 2**i as e[i]
        maxpool 2
    double width * 2**depth
    for i in reversed(range(depth)):
        up width * 2**i, e[i]
    conv classes, 1x1 -> sigmoid

block double(width):
    repeat 2:
        conv width, 3x3, pad=same, act=relu

block up(width, skip):
    conv_transpose width, 2x2, stride=2
    concat skip
    double width
"""

UNIT = """
defaults:
    conv bias=false, pad=same

block unit(filters, kernel=3, stride=1): conv filters, kernel, stride=stride -> batchnorm -> relu
"""

FRACTAL = (
    UNIT
    + """
model FractalNet(classes=10, columns=4):
    input 32x32x3
    for b, width in enumerate([8, 16, 32]):
        as v[b][0]
        for t in range(1, 2**(columns - 1) + 1):
            average:
                for k in range(columns):
                    if t % 2**k == 0:
                        branch: v[b][t - 2**k] -> unit width
            as v[b][t]
        maxpool 2
    flatten -> dense classes -> softmax
"""
)

NESTED = (
    UNIT
    + """
model UNetPlusPlus(classes=1, widths=[8, 16, 32, 64]):
    input 64x64x3
    for i, width in enumerate(widths):
        if i > 0: maxpool 2
        unit width -> unit width as node[i][0]
    for j in range(1, len(widths)):
        for i in range(len(widths) - j):
            above = node[i + 1][j - 1] -> upsample 2
            node[i][j] = (node[i], above) -> concat -> unit widths[i] -> unit widths[i]
    node[0][len(widths) - 1] -> conv classes, 1, bias=true -> sigmoid
"""
)

HOURGLASS = (
    UNIT
    + """
block hourglass(depth, width):
    for i in range(depth):
        as level
        skip[i] = level -> unit width
        maxpool 2 -> unit width
    unit width
    for i in reversed(range(depth)):
        unit width -> upsample 2 -> add skip[i]

model Hourglass(depth=4, width=8):
    input 64x64x8
    hourglass depth, width
"""
)

SEGNET = (
    UNIT
    + """
model SegNet(classes=11):
    input 48x64x3
    for i, (width, depth) in enumerate([(64, 2), (128, 2), (256, 3)]):
        repeat depth: unit width
        as maps
        pooled, places[i] = maps -> maxpool_places 2
        pooled
    for i, (width, depth) in enumerate([(128, 3), (64, 2), (64, 2)]):
        unpool places[2 - i]
        repeat depth - 1: unit 2 * width if i < 2 else width
        unit width
    conv classes, 1 -> softmax
"""
)

GROWING = (
    UNIT
    + """
block c2f(width, n):
    unit width, 1 as both
    y[0], y[1] = both -> split 2
    for i in range(n):
        y[i + 2] = y[i + 1] -> unit width // 2 -> unit width // 2
    y -> concat -> unit width, 1

model C2f:
    input 16x16x32
    c2f 32, 3
"""
)


def count(net: Checked, word: str) -> int:
    return sum(node.op.word == word for node in net.nodes)


def conv3(ins: int, outs: int) -> int:
    """Weights and biases of a 3x3 convolution."""
    return 9 * ins * outs + outs


def unit(ins: int, outs: int, kernel: int = 3) -> int:
    """A convolution without bias and its batch normalisation, four numbers a channel."""
    return kernel * kernel * ins * outs + 4 * outs


def test_resnet34_has_torchvision_s_trainable_parameters() -> None:
    net = model(RESNET)
    assert (net.trainable, net.params) == (21_797_672, 21_814_696)


def test_the_u_net_by_formula() -> None:
    widths = [64, 128, 256, 512, 1024]
    down = sum(conv3(a, b) + conv3(b, b) for a, b in zip([3, *widths], widths))
    up = sum(4 * 2 * w * w + w + conv3(2 * w, w) + conv3(w, w) for w in widths[:-1])
    assert model(UNET).params == down + up + 64 + 1


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_the_u_net_of_any_depth_joins_as_often_as_it_pools(depth: int) -> None:
    net = model(UNET, params={"depth": depth})
    assert count(net, "concat") == count(net, "maxpool") == depth
    assert shapes(net) == [(512, 512, 1)]


@pytest.mark.parametrize("columns", [1, 2, 3, 4])
def test_a_fractal_of_c_columns_has_two_to_the_c_minus_one_convolutions(columns: int) -> None:
    """Larsson et al. (2017): f_c has 2**c - 1 convolutions, the longest path 2**(c - 1)."""
    net = model(FRACTAL, params={"columns": columns})
    assert count(net, "conv") == 3 * (2**columns - 1)


def test_u_net_plus_plus_by_formula() -> None:
    widths = [8, 16, 32, 64]
    total = sum(unit(a, b) + unit(b, b) for a, b in zip([3, *widths], widths))
    for j in range(1, len(widths)):
        for i in range(len(widths) - j):
            total += unit(j * widths[i] + widths[i + 1], widths[i]) + unit(widths[i], widths[i])
    assert model(NESTED).params == total + widths[0] + 1


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_an_hourglass_has_three_units_a_level_and_one_at_its_waist(depth: int) -> None:
    net = model(HOURGLASS, params={"depth": depth})
    assert net.params == (3 * depth + 1) * unit(8, 8)
    assert shapes(net) == [(64, 64, 8)]


def test_segnet_puts_back_in_each_stage_what_the_opposite_one_took() -> None:
    net = model(SEGNET)
    assert shapes(net) == [(48, 64, 11)]
    pools = [node for node in net.nodes if node.op.word == "maxpool_places"]
    unpools = [node for node in net.nodes if node.op.word == "unpool"]
    assert [node.inputs[1].node for node in unpools] == list(reversed(pools))


def test_a_growing_list_is_joined_whole() -> None:
    net = model(GROWING)
    (joined,) = [node for node in net.nodes if node.op.word == "concat"]
    assert joined.facts.output[-1] == 5 * 16
    assert net.params == unit(32, 32, 1) + 6 * unit(16, 16) + unit(80, 32, 1)
