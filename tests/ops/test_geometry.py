"""Sizes of windows over maps: many random arguments, held against the shape rules of torch and of Keras; and warnings,
borders and receptive fields of single layers."""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
import torch
from cnnc.compiler.ops import OPERATORS, Op, OpError
from cnnc.compiler.ops.base import Window
from cnnc.compiler.ops.geometry import CAUSAL, SAME, VALID, Padding
from cnnc.compiler.shape import Shape
from torch.nn import functional

CASES = 300
CONVOLVE = {1: functional.conv1d, 2: functional.conv2d, 3: functional.conv3d}
TRANSPOSE = {1: functional.conv_transpose1d, 2: functional.conv_transpose2d, 3: functional.conv_transpose3d}
MAX = {1: functional.max_pool1d, 2: functional.max_pool2d, 3: functional.max_pool3d}
AVG = {1: functional.avg_pool1d, 2: functional.avg_pool2d, 3: functional.avg_pool3d}


def op(word: str, **arguments: Any) -> Op:
    return OPERATORS[word](**arguments)


def numbers(pads: tuple[int, ...]) -> Padding:
    return Padding("explicit", tuple((n, n) for n in pads))


def sizes(layer: Op, space: tuple[int, ...]) -> tuple[int | None, ...] | None:
    """The spatial sizes, None where it is refused."""
    try:
        return layer.facts((Shape((*space, 2)),)).output.spatial
    except OpError:
        return None


def torch_sizes(apply: Callable[..., torch.Tensor], *arguments: Any, **named: Any) -> tuple[int, ...] | None:
    """The spatial sizes of what torch gives, None where it refuses."""
    try:
        found = tuple(apply(*arguments, **named).shape[2:])
    except RuntimeError:
        return None
    return found if all(n > 0 for n in found) else None


def draw(seed: int, low: int = 1) -> tuple[random.Random, int, Callable[[int, int], tuple[int, ...]]]:
    dice = random.Random(seed)
    rank = dice.choice((1, 2, 2, 3))
    return dice, rank, lambda a, b: tuple(dice.randint(a, b) for _ in range(rank))


def meta(*shape: int) -> torch.Tensor:
    return torch.empty(shape, device="meta")


def test_convolutions_have_the_sizes_of_torch() -> None:
    for seed in range(CASES):
        _, rank, each = draw(seed)
        space, size, stride, dilation, pad = each(1, 12), each(1, 5), each(1, 3), each(1, 3), each(0, 3)
        conv = op("conv", out=3, size=size, stride=stride, dilation=dilation, pad=numbers(pad))
        ours = sizes(conv, space)
        theirs = torch_sizes(CONVOLVE[rank], meta(1, 2, *space), meta(3, 2, *size), None, stride, pad, dilation)
        assert ours == theirs, (conv, space)


def test_transposed_convolutions_have_the_sizes_of_torch() -> None:
    """On the processor: on the meta device torch 2.14 takes larger borders behind than it computes."""
    for seed in range(CASES):
        _, rank, each = draw(seed)
        space, size, stride, dilation, pad, extra = (
            each(1, 6),
            each(1, 5),
            each(1, 3),
            each(1, 3),
            each(0, 2),
            each(0, 3),
        )
        conv = op(
            "conv_transpose", out=3, size=size, stride=stride, dilation=dilation, pad=numbers(pad), output_pad=extra
        )
        ours = sizes(conv, space)
        theirs = torch_sizes(
            TRANSPOSE[rank],
            torch.zeros(1, 2, *space),
            torch.zeros(2, 3, *size),
            None,
            stride,
            pad,
            extra,
            dilation=dilation,
        )
        assert ours == theirs, (conv, space)


@pytest.mark.parametrize(("word", "pools"), [("maxpool", MAX), ("avgpool", AVG)])
def test_pools_have_the_sizes_of_torch(word: str, pools: dict[int, Any]) -> None:
    for seed in range(CASES):
        dice, rank, each = draw(seed)
        space, size, stride, ceil = each(1, 12), each(1, 5), each(1, 4), dice.random() < 0.5
        pad = tuple(dice.randint(0, k // 2) for k in size)  # torch refuses more than half a window
        if pools is AVG and any(n < k for n, k in zip(space, size, strict=True)):
            continue  # avg_pool3d compares the window with the map without its border
        pool = op(word, size=size, stride=stride, pad=numbers(pad), ceil=ceil)
        ours = sizes(pool, space)
        theirs = torch_sizes(pools[rank], meta(1, 2, *space), size, stride, pad, ceil_mode=ceil)
        assert ours == theirs, (pool, space)


def in_keras(layer: Any, space: tuple[int, ...]) -> tuple[int, ...] | None:
    """The spatial sizes that Keras computes, None where it refuses."""
    try:
        found = tuple(layer.compute_output_shape((None, *space, 2))[1:-1])
    except ValueError:
        return None
    return found if all(n > 0 for n in found) else None


@pytest.mark.parametrize(
    ("word", "layer"), [("conv", "Conv"), ("depthwise_conv", "DepthwiseConv"), ("maxpool", "MaxPooling")]
)
def test_windows_have_the_sizes_of_keras(word: str, layer: str) -> None:
    import keras

    for seed in range(CASES // 3):
        dice, rank, each = draw(seed)
        rank = min(rank, 2) if word == "depthwise_conv" else rank
        space, size, stride = each(1, 12)[:rank], each(1, 5)[:rank], each(1, 3)[:rank]
        pad = dice.choice((VALID, SAME, CAUSAL) if rank == 1 and word == "conv" else (VALID, SAME))
        given = {"conv": {"out": 3}}.get(word, {})
        theirs = getattr(keras.layers, f"{layer}{rank}D")(
            *given.values(), size, strides=stride[0] if word == "depthwise_conv" else stride, padding=pad.kind
        )
        steps = stride[:1] if word == "depthwise_conv" else stride
        ours = op(word, **given, size=size, stride=steps, pad=pad)
        assert sizes(ours, space) == in_keras(theirs, space), (ours, space)


def test_transposed_convolutions_have_the_sizes_of_keras() -> None:
    import keras

    for seed in range(CASES // 3):
        dice, rank, each = draw(seed)
        space, size, stride, pad = each(1, 6), each(1, 5), each(1, 4), dice.choice((VALID, SAME))
        theirs = getattr(keras.layers, f"Conv{rank}DTranspose")(3, size, stride, pad.kind)
        ours = op("conv_transpose", out=3, size=size, stride=stride, pad=pad)
        assert sizes(ours, space) == in_keras(theirs, space), (ours, space)


def seen(module: torch.nn.Module, size: int, width: int, place: int) -> set[int]:
    """The places of a 1-D input that one place of the output depends on."""
    x = torch.rand(1, width, size, requires_grad=True)
    module(x)[0, :, place].sum().backward()
    assert x.grad is not None
    return set(x.grad.abs().sum((0, 1)).nonzero().flatten().tolist())


def positive(module: torch.nn.Module) -> torch.nn.Module:
    for parameter in module.parameters():
        torch.nn.init.uniform_(parameter, 0.5, 1.0)
    return module


SLID = [
    ("conv", {"out": 2, "size": (3,)}),
    ("conv", {"out": 2, "size": (3,), "stride": (2,), "pad": SAME}),
    ("conv", {"out": 2, "size": (4,), "stride": (3,), "pad": SAME}),
    ("conv", {"out": 2, "size": (3,), "pad": CAUSAL}),
    ("depthwise_conv", {"size": (5,), "stride": (2,), "pad": numbers((2,))}),
    ("avgpool", {"size": (3,), "stride": (2,), "pad": SAME}),
    ("zeropad", {"border": ((2, 1),)}),
    ("crop", {"border": ((2, 1),)}),
    ("pixel_unshuffle", {"factor": 2}),
]


@pytest.mark.parametrize(("word", "arguments"), SLID, ids=str)
def test_windows_are_what_gradients_reach(word: str, arguments: dict[str, Any]) -> None:
    from cnnc.runtime.lowering.rules import module

    layer, shape = op(word, **arguments), Shape((12, 4))
    facts = layer.facts((shape,))
    made = positive(module(layer, (shape,)))
    assert facts.window is not None
    (size,), (stride,), (before,) = facts.window
    for place in range(int(facts.output[0] or 0)):
        first = place * stride - before
        assert seen(made, 12, 4, place) == {i for i in range(int(first), int(first) + size) if 0 <= i < 12}


ENLARGED = [
    ("conv_transpose", {"out": 2, "size": (4,), "stride": (2,), "pad": numbers((1,))}),
    ("conv_transpose", {"out": 2, "size": (3,), "stride": (2,), "pad": SAME}),
    ("conv_transpose", {"out": 2, "size": (5,), "stride": (3,), "pad": VALID}),
    ("upsample", {"factor": (3,)}),
    ("upsample", {"factor": (2,), "mode": "linear"}),
    ("pixel_shuffle", {"factor": 2}),
    ("adaptive_avgpool", {"out": (5,)}),
]


@pytest.mark.parametrize(("word", "arguments"), ENLARGED, ids=str)
def test_windows_between_places_are_not_too_small(word: str, arguments: dict[str, Any]) -> None:
    from cnnc.runtime.lowering.rules import module

    layer, shape = op(word, **arguments), Shape((12, 4))
    facts = layer.facts((shape,))
    made = positive(module(layer, (shape,)))
    assert facts.window is not None
    (size,), (stride,), (before,) = facts.window
    found = [seen(made, 12, 4, place) for place in range(int(facts.output[0] or 0))]
    assert max(map(len, found)) <= size
    for place, places in enumerate(found):
        first = place * stride - before
        assert all(first - 1 <= i <= first + size + 1 for i in places)
    inner = range(len(found) // 4, len(found) * 3 // 4)  # where no window is cut off
    off = [sum(found[o]) / len(found[o]) - float(o * stride - before + Fraction(size - 1, 2)) for o in inner]
    assert abs(sum(off) / len(off)) <= 0.5


def test_the_middle_is_cut_out() -> None:
    facts = op("crop", border=1).facts((Shape((9, 8, 3)), Shape((4, 4, 1))))
    assert facts.window == Window((1, 1), (1, 1), (-2, -2))  # 5 rows go, two of them before


FANS = [
    ("conv", {"out": 6, "size": (3,), "groups": 2}, "weight", (3, 3, 2, 6)),
    ("depthwise_conv", {"size": (3,), "multiplier": 2}, "weight", (3, 3, 4, 2)),
    ("separable_conv", {"out": 6, "size": (3,), "multiplier": 2}, "depthwise.weight", (3, 3, 4, 2)),
    ("separable_conv", {"out": 6, "size": (3,), "multiplier": 2}, "pointwise.weight", (1, 1, 8, 6)),
    ("conv_transpose", {"out": 6, "size": (3,)}, "weight", (3, 3, 6, 4)),
    ("local_conv", {"out": 6, "size": (3,)}, "weight", (3, 3, 4, 6)),  # those of a convolution
]


@pytest.mark.parametrize(("word", "arguments", "name", "kernel"), FANS)
def test_fans_are_those_of_keras(word: str, arguments: dict[str, Any], name: str, kernel: tuple[int, ...]) -> None:
    """`kernel` is the shape that Keras's layer gives its variable."""
    from keras.src.initializers.random_initializers import compute_fans

    weight = op(word, **arguments).facts((Shape((8, 8, 4)),)).weights[name]
    assert weight.fans == compute_fans(kernel)


QUIET = [
    ("maxpool", {"size": (3,), "stride": (2,), "pad": numbers((1,))}, "112x112x64"),  # ResNet
    ("maxpool", {"size": (2,)}, "224x224x64"),  # VGG
    ("maxpool", {"size": (3,), "stride": (2,)}, "55x55x96"),  # AlexNet
    ("maxpool", {"size": (3,), "stride": (2,), "ceil": True}, "112x112x64"),  # GoogLeNet
    ("avgpool", {"size": (5,), "stride": (3,)}, "14x14x512"),  # GoogLeNet's side heads
    ("conv", {"out": 64, "size": (7,), "stride": (2,), "pad": numbers((3,))}, "224x224x3"),
    ("conv", {"out": 64, "size": (1,), "stride": (2,)}, "56x56x64"),  # ResNet's shortcut
    ("maxpool", {"size": (2,)}, "15x15x32"),  # the small Keras nets lose one row of many
    ("conv_transpose", {"out": 8, "size": (4,), "stride": (2,), "pad": numbers((1,))}, "4x4x8"),
    ("conv_transpose", {"out": 8, "size": (2,), "stride": (2,)}, "4x4x8"),
]

LOUD = [
    ("maxpool", {"size": (3,)}, "7x7x8", "kernel-tiling"),
    ("conv", {"out": 8, "size": (2,), "stride": (3,)}, "30x30x3", "kernel-tiling"),
    ("avgpool", {"size": (2,)}, "5x5x8", "kernel-tiling"),
    ("conv_transpose", {"out": 8, "size": (3,), "stride": (2,), "pad": SAME}, "4x4x8", "checkerboard"),
]


def warned(word: str, arguments: dict[str, Any], shape: str) -> list[str]:
    return [code for code, _, _ in op(word, **arguments).warnings((Shape(map(int, shape.split("x"))),))]


@pytest.mark.parametrize(("word", "arguments", "shape"), QUIET)
def test_published_layers_give_no_warning(word: str, arguments: dict[str, Any], shape: str) -> None:
    assert warned(word, arguments, shape) == []


@pytest.mark.parametrize(("word", "arguments", "shape", "code"), LOUD)
def test_suspicious_layers_give_one_warning(word: str, arguments: dict[str, Any], shape: str, code: str) -> None:
    assert warned(word, arguments, shape) == [code]
