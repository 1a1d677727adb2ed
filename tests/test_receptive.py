"""Receptive fields, held against published figures and against the gradients of PyTorch."""

from __future__ import annotations

import pytest
from cnnc.compiler.graph import Node
from cnnc.compiler.ops import OPERATORS
from cnnc.compiler.ops.base import EVERYTHING, Op
from cnnc.compiler.ops.geometry import Padding
from cnnc.compiler.receptive import Field, receptive_fields
from cnnc.compiler.shape import Shape
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.graphs import Builder, Stub

SAME = Padding("same")


def explicit(places: int) -> Padding:
    return Padding("explicit", ((places, places),), True)


def conv(size: int, stride: int = 1, pad: Padding = SAME, dilation: int = 1, out: int = 4) -> Op:
    return OPERATORS["conv"](out=out, size=(size,), stride=(stride,), pad=pad, dilation=(dilation,))


def pool(size: int, stride: int, pad: Padding = SAME) -> Op:
    return OPERATORS["maxpool"](size=(size,), stride=(stride,), pad=pad)


class Net(Builder):
    """Adds layers without naming them."""

    def put(self, op: Op, *inputs: Node) -> Node:
        return self.add(op, *inputs, path=f"n{len(self.nodes)}")

    def chain(self, flow: Node, *ops: Op) -> Node:
        for op in ops:
            flow = self.put(op, flow)
        return flow

    def field(self, node: Node) -> Field:
        return receptive_fields(self.checked(node))[node.serial]


def vgg16(net: Net) -> Node:
    stages = ([conv(3)] * depth + [pool(2, 2)] for depth in (2, 2, 3, 3, 3))
    return net.chain(net.input(224, 224, 3), *(op for stage in stages for op in stage))


def alexnet(net: Net) -> Node:
    ops = [conv(11, 4), pool(3, 2), conv(5), pool(3, 2), conv(3), conv(3), conv(3), pool(3, 2)]
    return net.chain(net.input(227, 227, 3), *ops)


def mobilenet(net: Net) -> Node:
    strides = (2, 1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1)
    return net.chain(net.input(224, 224, 3), *(conv(3, stride) for stride in strides))


def resnet(*depths: int) -> object:
    """The first version: the stride in the first 1x1 convolution of a stage, as in Keras."""

    def build(net: Net) -> Node:
        flow = net.chain(net.input(224, 224, 3), conv(7, 2), pool(3, 2))
        for stage, depth in enumerate(depths):
            for i in range(depth):
                stride = 2 if stage and i == 0 else 1
                body = net.chain(flow, conv(1, stride), conv(3), conv(1))
                skip = net.chain(flow, *[conv(1, stride)] * (i == 0))
                flow = net.put(OPERATORS["add"](), body, skip)
        return flow

    return build


PUBLISHED = {
    "alexnet": (alexnet, 195, 32),
    "vgg16": (vgg16, 212, 32),
    "resnet50": (resnet(3, 4, 6, 3), 483, 32),
    "resnet101": (resnet(3, 4, 23, 3), 1027, 32),
    "resnet152": (resnet(3, 8, 36, 3), 1507, 32),
    "mobilenet": (mobilenet, 315, 32),
}
"""Receptive field and stride of the last map: Araujo, Norris and Sim (2019), table 1."""


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_figures(name: str) -> None:
    build, size, jump = PUBLISHED[name]
    net = Net()
    field = net.field(build(net))
    assert field.sizes == (size, size)
    assert field.jump == (jump, jump)
    assert str(field) == f"{size}x{size}"


LAYER = st.tuples(st.sampled_from([1, 2, 3, 5]), st.sampled_from([1, 1, 2, 3]), st.integers(1, 2))
"""Window, stride, dilation."""


def extent(build: object, length: int) -> int:
    """Places of the input that the middle place of the output depends on, by PyTorch's gradient."""
    import torch

    x = torch.ones(1, 1, length, requires_grad=True)
    y = build(x)  # type: ignore[operator]
    y[0, 0, y.shape[-1] // 2].backward()
    found = x.grad.nonzero()[:, -1]  # type: ignore[union-attr]
    return int(found.max() - found.min() + 1)


@given(st.lists(LAYER, min_size=1, max_size=4), st.lists(LAYER, max_size=3), st.lists(LAYER, max_size=2))
@settings(max_examples=60, deadline=None)
def test_chains_and_branches_reach_as_far_as_gradients_do(stem: list, left: list, right: list) -> None:
    import torch

    stem, left, right = ([(k, s, d if k > 1 else 1) for k, s, d in part] for part in (stem, left, right))
    left, right = ([(k, 1, d) for k, _, d in part if k % 2] for part in (left, right))

    def torch_chain(x: torch.Tensor, part: list) -> torch.Tensor:
        for k, s, d in part:
            x = torch.nn.functional.conv1d(x, torch.ones(1, 1, k), stride=s, dilation=d, padding=d * (k - 1) // 2)
        return x

    def torch_net(x: torch.Tensor) -> torch.Tensor:
        x = torch_chain(x, stem)
        return torch_chain(x, left) + torch_chain(x, right)

    def ops(part: list) -> list[Op]:
        return [conv(k, s, explicit(d * (k - 1) // 2), d, 1) for k, s, d in part]

    net = Net()
    flow = net.chain(net.input(3000, 1), *ops(stem))
    merged = net.put(OPERATORS["add"](), net.chain(flow, *ops(left)), net.chain(flow, *ops(right)))
    assert net.field(merged).sizes == (extent(torch_net, 3000),)


def test_uneven_branches_are_both_covered() -> None:
    net = Net()
    x = net.input(64, 1)
    ahead = net.put(OPERATORS["conv"](out=1, size=(4,), pad=Padding("explicit", ((0, 3),))), x)
    behind = net.put(OPERATORS["conv"](out=1, size=(4,), pad=Padding("explicit", ((3, 0),))), x)
    field = net.field(net.put(OPERATORS["add"](), ahead, behind))
    assert (field.sizes, field.before) == ((7,), (3,))


def test_a_transposed_convolution_undoes_the_jump() -> None:
    net = Net()
    down = net.chain(net.input(64, 64, 3), conv(3), pool(2, 2), conv(3))
    up = net.put(OPERATORS["conv_transpose"](out=4, size=(2,), stride=(2,)), down)
    assert net.field(up) == Field((8, 8), (1, 1), (3, 3))


def test_what_is_global_is_told_apart() -> None:
    net = Net()
    flow = net.chain(net.input(32, 32, 3), conv(3), conv(5, 2))
    pooled = net.put(Stub("GlobalAveragePooling2D", (Shape((1, 1, 4)),), window=EVERYTHING), flow)
    gate = net.chain(pooled, conv(1), conv(1))
    assert str(net.field(gate)) == "all"
    gated = net.chain(net.put(OPERATORS["multiply"](), flow, gate), conv(3))
    assert str(net.field(gated)) == "11x11 + all"
    assert str(net.field(net.put(OPERATORS["flatten"](), gated))) == "all"


def test_vectors_see_themselves() -> None:
    net = Net()
    latent = net.put(OPERATORS["dense"](out=16), net.input(8))
    assert str(net.field(latent)) == "1"


@pytest.mark.parametrize(("size", "stride"), [(2, 2), (3, 2), (4, 2), (3, 3), (5, 2)])
def test_behind_a_transposed_convolution_it_is_the_largest_field(size: int, stride: int) -> None:
    """Places between two inputs see differently much; no place sees more than the field, and some see all of it."""
    import torch

    x = torch.ones(1, 1, 200, requires_grad=True)
    deep = torch.nn.functional.conv1d(x, torch.ones(1, 1, 5), stride=2)
    up = torch.nn.functional.conv_transpose1d(deep, torch.ones(1, 1, size), stride=stride)
    extents = []
    for place in range(80, 80 + 2 * stride):
        (slope,) = torch.autograd.grad(up[0, 0, place], x, retain_graph=True)
        found = slope.nonzero()[:, -1]
        extents.append(int(found.max() - found.min() + 1))
    net = Net()
    down = net.put(conv(5, 2, Padding("valid"), out=1), net.input(200, 1))
    field = net.field(net.put(OPERATORS["conv_transpose"](out=1, size=(size,), stride=(stride,)), down))
    assert field.sizes == (max(extents),)
