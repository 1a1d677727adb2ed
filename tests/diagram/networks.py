"""The networks that are drawn in these tests, and what is read off a drawing."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from cnnc.compiler.backends.diagram.tree import Box, Part
from cnnc.compiler.graph import Checked
from cnnc.compiler.pipeline import Options, compile_text

needs_dot = pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")

RESNET = """
block basic(width, stride=1):
    residual:
        conv width, 3x3, stride=stride, pad=1, bias=false -> batchnorm -> relu
        conv width, 3x3, pad=1, bias=false -> batchnorm
        shortcut:
            if stride != 1 or input.channels != width:
                conv width, 1x1, stride=stride, bias=false -> batchnorm
    relu

model ResNet(depths=[3, 4, 6, 3]):
    input 224x224x3
    conv 64, 7x7, stride=2, pad=3, bias=false -> batchnorm -> relu
    maxpool 3x3, stride=2, pad=1
    for stage, depth in enumerate(depths):
        for i in range(depth):
            basic 64 * 2**stage, 2 if i == 0 and stage > 0 else 1 as "layer{stage + 1}.{i}"
    global_avgpool
    dense 1000 -> softmax
"""

GOOGLENET = """
defaults:
    conv pad=same, act=relu

block inception(c1, r3, c3, r5, c5, proj):
    concat:
        branch: conv c1, 1x1
        branch: conv r3, 1x1 -> conv c3, 3x3
        branch: conv r5, 1x1 -> conv c5, 5x5
        branch: maxpool 3, stride=1, pad=same -> conv proj, 1x1

block side_head:
    avgpool 5, stride=3
    conv 128, 1x1
    flatten
    dense 1024, act=relu -> dropout 0.7
    dense 1000 -> softmax

model GoogLeNet:
    input 224x224x3
    conv 64, 7x7, stride=2 -> maxpool 3, stride=2, pad=same
    conv 64, 1x1 -> conv 192, 3x3 -> maxpool 3, stride=2, pad=same
    inception 64, 96, 128, 16, 32, 32
    inception 128, 128, 192, 32, 96, 64
    maxpool 3, stride=2, pad=same
    inception 192, 96, 208, 16, 48, 64 as i4a
    side1 = i4a -> side_head
    inception 160, 112, 224, 24, 64, 64
    inception 128, 128, 256, 24, 64, 64
    inception 112, 144, 288, 32, 64, 64 as i4d
    side2 = i4d -> side_head
    inception 256, 160, 320, 32, 128, 128
    maxpool 3, stride=2, pad=same
    inception 256, 160, 320, 32, 128, 128
    inception 384, 192, 384, 48, 128, 128
    global_avgpool -> dropout 0.4
    dense 1000 -> softmax as head
    output head, side1, side2
"""

UNET = """
model UNet(width=64, depth=4):
    input 512x512x3
    for i in range(depth):
        double width * 2**i as e[i]
        maxpool 2
    double width * 2**depth
    for i in reversed(range(depth)):
        up width * 2**i, e[i]
    conv 1, 1x1 -> sigmoid

block double(width):
    repeat 2:
        conv width, 3x3, pad=same, act=relu

block up(width, skip):
    conv_transpose width, 2x2, stride=2
    concat skip
    double width
"""

FACENET = """
block embedding(width):
    for c in [64, 128, 256]:
        conv c, 3x3, pad=same, bias=false -> batchnorm -> relu
        maxpool 2
    global_avgpool
    dense width

model Triplet:
    share embed = embedding 128
    anchor = input 160x160x3
    positive = input 160x160x3
    negative = input 160x160x3
    a = anchor -> embed
    p = positive -> embed
    n = negative -> embed
    output a, p, n
"""

DENSENET = """
block dense_layer(growth):
    concat:
        branch: input
        branch: batchnorm -> relu -> conv 4 * growth, 1x1 -> batchnorm -> relu -> conv growth, 3x3, pad=same

model DenseNet:
    input 56x56x64
    for i, depth in enumerate([6, 12, 24, 16]):
        if i > 0:
            conv input.channels, 1x1 -> avgpool 2
        repeat depth: dense_layer 32
    global_avgpool
"""

VGG = """
model VGG16:
    input 224x224x3
    for width, count in [(64, 2), (128, 2), (256, 3), (512, 3), (512, 3)]:
        repeat count: conv width, 3x3, pad=same, act=relu
        maxpool 2
    flatten
    repeat 2: dense 4096, act=relu -> dropout 0.5
    dense 1000 -> softmax
"""


LONG = "model Long:\n    input 64x64x3\n" + "".join(f"    conv {8 + i}, 3x3, act=relu\n" for i in range(30))


def compiled(text: str, **parameters: object) -> Checked:
    return compile_text(text, "test.cnn", Options(params=parameters, allow=frozenset({"huge-dense", "unused"}))).checked


def boxes(part: Part) -> Iterator[Box]:
    """All boxes of a tree, open or not."""
    if isinstance(part, Box):
        yield part
        for inner in part.parts:
            yield from boxes(inner)


def times_of(root: Box) -> dict[Part, int]:
    """How many equal ones each part of a tree stands for, those around it counted."""
    found: dict[Part, int] = {}

    def visit(part: Part, around: int) -> None:
        mine = around if isinstance(part, Box) and part.kind == "series" else around * part.times
        found[part] = mine
        for inner in part.parts if isinstance(part, Box) else ():
            visit(inner, mine)

    visit(root, 1)
    return found
