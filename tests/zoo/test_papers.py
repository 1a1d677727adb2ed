"""Figures of papers, worked out here from the numbers in their tables."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest
from cnnc.compiler.pipeline import compile_path

from .paper import conv, net, output, shapes

PRINTED = Path(__file__).parents[1] / "data" / "summaries"


def test_lenet5() -> None:
    """C1, C3, C5, F6 and the output, each with a bias; the window times the places of the map is the work."""
    c1, c3, c5, f6, out = conv(1, 6, 25), conv(6, 16, 25), conv(16, 120, 25), conv(120, 84, 1), conv(84, 10, 1)
    found = net("lenet5")
    assert found.params == c1 + c3 + c5 + f6 + out == 61_706
    assert found.macs == 28**2 * 6 * 25 + 10**2 * 16 * 6 * 25 + 120 * 16 * 25 + 84 * 120 + 10 * 84
    assert output("lenet5") == (10,)


def test_lenet5_of_the_paper() -> None:
    """Section II.B counts 156, 12, 1,516, 32, 48,120 and 10,164; the picture of each digit has 84 pixels."""
    found = net("lenet5_original")
    assert found.trainable == 156 + 12 + 1_516 + 32 + 48_120 + 10_164 == 60_000
    assert found.params - found.trainable == 10 * 84


def test_alexnet_over_two_gpus() -> None:
    """Section 3.5: each GPU has half the kernels; 2, 4 and 5 see the maps of their own, 3 and the dense layers both."""
    gpu = conv(3, 48, 121) + conv(48, 128, 25) + conv(256, 192, 9) + conv(192, 192, 9) + conv(192, 128, 9)
    dense = sum(conv(a, b, 1) for a, b in pairwise([6 * 6 * 256, 4096, 4096, 1000]))
    found = net("alexnet_two_gpus")
    assert found.params == 2 * gpu + dense == 60_965_224
    works = [(55, 3, 48, 121), (27, 48, 128, 25), (13, 256, 192, 9), (13, 192, 192, 9), (13, 192, 128, 9)]
    convs = sum(2 * side**2 * inputs * outputs * area for side, inputs, outputs, area in works)
    assert found.macs == convs + 9216 * 4096 + 4096**2 + 4096 * 1000


def test_alexnet_crosses_between_the_gpus_at_layer_three_only() -> None:
    found = net("alexnet_two_gpus")
    channels = {layer.name: layer.node.shapes[0].channels for layer in found.layers if layer.node.type == "Conv2D"}
    assert {name.partition(".")[2]: count for name, count in channels.items()} == {
        "conv1": 3, "conv2": 48, "conv3": 256, "conv4": 192, "conv5": 192,
    }  # fmt: skip
    assert sum("gpu1" in name for name in channels) == sum("gpu2" in name for name in channels) == 5


def test_zfnet() -> None:
    """Figure 3: the sides 110, 55, 26, 13, 13, 13, 13, 6."""
    windows = [(3, 96, 49), (96, 256, 25), (256, 384, 9), (384, 384, 9), (384, 256, 9)]
    dense = sum(conv(a, b, 1) for a, b in pairwise([6 * 6 * 256, 4096, 4096, 1000]))
    found = net("zfnet")
    assert found.params == sum(conv(*window) for window in windows) + dense
    assert [shape[0] for shape in shapes(found, "Conv2D")] == [110, 26, 13, 13, 13]
    assert [shape[0] for shape in shapes(found, "MaxPooling2D")] == [55, 13, 6]


VGG = {
    "vgg11": ("A", 133, [[3], [3], [3, 3], [3, 3], [3, 3]]),
    "vgg_a_lrn": ("A-LRN", 133, [[3], [3], [3, 3], [3, 3], [3, 3]]),
    "vgg13": ("B", 133, [[3, 3]] * 5),
    "vgg_c": ("C", 134, [[3, 3], [3, 3], [3, 3, 1], [3, 3, 1], [3, 3, 1]]),
    "vgg16": ("D", 138, [[3, 3], [3, 3], [3, 3, 3], [3, 3, 3], [3, 3, 3]]),
    "vgg19": ("E", 144, [[3, 3], [3, 3], [3] * 4, [3] * 4, [3] * 4]),
}
"""Table 1 as windows, with table 2's millions of parameters."""


@pytest.mark.parametrize("name", VGG)
def test_vgg(name: str) -> None:
    _, millions, stages = VGG[name]
    params, before = 0, 3
    for width, windows in zip([64, 128, 256, 512, 512], stages):
        for window in windows:
            params += conv(before, width, window**2)
            before = width
    params += conv(7 * 7 * 512, 4096, 1) + conv(4096, 4096, 1) + conv(4096, 1000, 1)
    assert net(name).params == params
    assert round(params / 1e6) == millions
    assert len(shapes(net(name), "LocalResponseNormalization")) == (name == "vgg_a_lrn")


INCEPTIONS = [
    (192, 64, 96, 128, 16, 32, 32), (256, 128, 128, 192, 32, 96, 64), (480, 192, 96, 208, 16, 48, 64),
    (512, 160, 112, 224, 24, 64, 64), (512, 128, 128, 256, 24, 64, 64), (512, 112, 144, 288, 32, 64, 64),
    (528, 256, 160, 320, 32, 128, 128), (832, 256, 160, 320, 32, 128, 128), (832, 384, 192, 384, 48, 128, 128),
]  # fmt: skip
"""Table 1: input channels, #1x1, #3x3 reduce, #3x3, #5x5 reduce, #5x5, pool proj."""


def test_googlenet_of_the_paper() -> None:
    """Table 1, and section 5: a side head is 128 filters of 1x1 on 4x4, 1,024 units and the classes."""
    main = conv(3, 64, 49) + conv(64, 64, 1) + conv(64, 192, 9) + conv(1024, 1000, 1)
    for c, c1, r3, c3, r5, c5, proj in INCEPTIONS:
        main += conv(c, c1, 1) + conv(c, r3, 1) + conv(r3, c3, 9) + conv(c, r5, 1) + conv(r5, c5, 25) + conv(c, proj, 1)
    heads = [conv(c, 128, 1) + conv(4 * 4 * 128, 1024, 1) + conv(1024, 1000, 1) for c in (512, 528)]
    assert net("googlenet_paper").params == main + sum(heads) == 13_378_280
    found = net("googlenet_paper")
    assert [o.name for o in found.outputs] == ["main", "side1", "side2"]


def test_unet() -> None:
    """Figure 1: two 3x3 at each of the widths 64 to 1024 and back, 2x2 up-convolutions between, 1x1 at the end."""
    widths = [64, 128, 256, 512, 1024]
    down = sum(conv(a, b, 9) + conv(b, b, 9) for a, b in pairwise([1, *widths]))
    up = sum(conv(b, a, 4) + conv(2 * a, a, 9) + conv(a, a, 9) for a, b in pairwise(widths))
    assert net("unet").params == down + up + conv(64, 2, 1)
    assert output("unet") == (388, 388, 2)
    assert [shape[0] for shape in shapes(net("unet"), "MaxPooling2D")] == [284, 140, 68, 32]


def test_vnet() -> None:
    """Figure 2: 5x5x5 windows; 2x2x2 down and up; a slope for each channel behind all but the last of a stage."""
    params = conv(1, 16, 125) + 16
    for width, convs in [(32, 2), (64, 3), (128, 3), (256, 3)]:
        params += conv(width // 2, width, 8) + width + convs * (conv(width, width, 125) + width)
    before = 256
    for width, convs in [(128, 3), (64, 3), (32, 2), (16, 1)]:
        params += conv(before, width, 8) + width
        before = 2 * width  # up and across: the stage works on both, and its residual is of both
        params += convs * (conv(before, before, 125) + before)
    assert net("vnet").params == params + conv(32, 2, 1)
    assert output("vnet") == (64, 128, 128, 2)


def test_wavenet() -> None:
    """Figure 4 with widths 32, 512 and 256: two gates and two 1x1 in 30 layers, of which the last has no successor."""
    layer = 2 * conv(32, 32, 2) + conv(32, 512, 1) + conv(32, 32, 1)
    assert net("wavenet").params == conv(256, 32, 2) + 30 * layer - conv(32, 32, 1) + conv(512, 512, 1) + conv(
        512, 256, 1
    )
    dilations = [layer.node.op.dilation[0] for layer in net("wavenet").layers if layer.node.type == "Conv1D"]  # type: ignore[attr-defined]
    assert max(dilations) == 512
    assert sum(dilations) - len(dilations) == 2 * 3 * (2**10 - 1 - 10)


@pytest.mark.parametrize(("name", "width", "units"), [("char_cnn_small", 256, 1024), ("char_cnn_large", 1024, 2048)])
def test_char_cnn(name: str, width: int, units: int) -> None:
    """Tables 1 and 2: the reshaped length is (1014 - 96) / 27."""
    convs = conv(70, width, 7) + conv(width, width, 7) + 4 * conv(width, width, 3)
    dense = conv((1014 - 96) // 27 * width, units, 1) + conv(units, units, 1) + conv(units, 4, 1)
    assert net(name).params == convs + dense


def test_yolov3_costs_what_darknet_prints() -> None:
    """65.86 BFLOPS at 416x416, two for each multiply-accumulate."""
    assert round(2 * (net("yolov3").macs or 0) / 1e9, 2) == 65.86


def test_darknet53_has_the_convolutions_of_table_1() -> None:
    """Table 1: 52 convolutions and the connected layer, 18.57 billion operations (table 2)."""
    assert len(shapes(net("darknet53"), "Conv2D")) == 52
    assert round(2 * (net("darknet53").macs or 0) / 1e9, 2) == 18.57


@pytest.mark.parametrize(
    ("name", "billions"),
    [("resnet18", 1.8), ("resnet34", 3.6), ("resnet50", 3.8), ("resnet101", 7.6), ("resnet152", 11.3)],
)
def test_resnet_costs_what_table_1_says(name: str, billions: float) -> None:
    """The paper's bottleneck has its stride in the first 1x1, torchvision's in the 3x3: up to 8 % more."""
    macs = net(name).macs
    assert macs is not None
    assert 0.98 < macs / 1e9 / billions < 1.08


def test_contract_example_of_resnet34() -> None:
    """What is promised to other programs, literally: names, totals, the first row of the first block."""
    from cnnc.compiler.backends.summary import summary_dict

    found = summary_dict(compile_path("zoo/resnet34.cnn").checked)
    assert found["outputs"] == [{"name": "softmax", "shape": [None, 1000]}]
    assert (found["total_params"], found["trainable_params"]) == (21_814_696, 21_797_672)
    row = next(layer for layer in found["layers"] if layer["name"] == "layer1.0.conv1")
    assert row == {
        "name": "layer1.0.conv1", "type": "Conv2D", "output_shape": [None, 56, 56, 64], "params": 36_864,
        "trainable_params": 36_864, "macs": 115_605_504, "inputs": ["maxpool"],
        "file": "zoo/blocks/resnet.cnn", "line": 12,
    }  # fmt: skip


def printed_rows(name: str) -> tuple[list[tuple[str, str, int]], list[int]]:
    """The rows (class, shape, parameters) and the three totals in a text printed by Keras."""
    text = (PRINTED / f"{name}.txt").read_text(encoding="utf-8")
    cells = re.findall(r"│ \w+ \((\w+)\) +│ \((None[\d, ]*)\) +│ +([\d,]+) │", text)
    totals = re.findall(r"params: ([\d,]+)", text)
    return [(c, s, number(p)) for c, s, p in cells], [number(t) for t in totals]


def number(text: str) -> int:
    return int(text.replace(",", ""))


@pytest.mark.parametrize(
    ("name", "file", "count"), [("mnist_convnet", "mnist_convnet", 8), ("cats_vs_dogs", "catsdogs_convnet", 11)]
)
def test_convnets_of_the_book_are_as_keras_prints_them(name: str, file: str, count: int) -> None:
    expected, totals = printed_rows(file)
    assert len(expected) == count
    checked = net(name)
    found = [
        (layer.node.type, ", ".join(["None", *map(str, layer.node.facts.output)]), layer.node.facts.params)
        for layer in checked.layers[1:]
    ]
    assert found == expected
    assert [checked.params, checked.trainable, checked.params - checked.trainable] == totals
