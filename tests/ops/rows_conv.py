"""Convolution: plain, depthwise, separable and transposed."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from .harness import Row

SOBEL = "[[1, 0, -1], [2, 0, -2], [1, 0, -1]]"
SOBEL_ARRAY = np.array([[1.0, 0, -1], [2, 0, -2], [1, 0, -1]], np.float32)


def sobel(x: np.ndarray) -> np.ndarray:
    """Summed over the channels, by hand: nine shifted copies."""
    height, width = x.shape[1] - 2, x.shape[2] - 2
    mixed = x.sum(-1, keepdims=True)
    return sum(SOBEL_ARRAY[i, j] * mixed[:, i : i + height, j : j + width] for i in range(3) for j in range(3))


def framed(pairs: tuple[int, ...], inner: nn.Module) -> nn.Module:
    """The module with zeros put around its input first; `pairs` last dimension first; its weights keep their names."""

    class Framed(type(inner)):  # type: ignore[misc]
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return super().forward(functional.pad(x, pairs))

    inner.__class__ = Framed
    return inner


CONV = [
    Row("conv", "9x8x3: conv 8, 3x3", lambda k: k.layers.Conv2D(8, 3), lambda: nn.Conv2d(3, 8, 3)),
    Row("conv-without-bias", "5x5x3: conv 4, 1x1, bias=false", lambda k: k.layers.Conv2D(4, 1, use_bias=False)),
    Row("conv-act", "6x5x3: conv 4, 3x3, act=relu", lambda k: k.layers.Conv2D(4, 3, activation="relu")),
    Row("conv-oblong", "9x8x3: conv 4, 1x5, stride=(2, 1)", lambda k: k.layers.Conv2D(4, (1, 5), (2, 1))),
    Row(
        "conv-dilation",
        "12x11x3: conv 4, 3x2, dilation=(2, 3)",
        lambda k: k.layers.Conv2D(4, (3, 2), dilation_rate=(2, 3)),
    ),
    Row("conv-groups", "6x6x4: conv 6, 3x3, groups=2", lambda k: k.layers.Conv2D(6, 3, groups=2)),
    Row("conv-number-pad", "9x8x3: conv 4, 5x5, stride=2, pad=2", torch=lambda: nn.Conv2d(3, 4, 5, 2, 2)),
    Row("conv-number-each", "9x8x3: conv 4, 1x7, pad=(0, 3)", torch=lambda: nn.Conv2d(3, 4, (1, 7), padding=(0, 3))),
    Row(
        "conv-pairs",
        "9x8x3: conv 4, 3, stride=2, pad=((0, 1), (2, 0))",
        torch=lambda: framed((2, 0, 0, 1), nn.Conv2d(3, 4, 3, 2)),
    ),
    Row("conv-1d", "12x3: conv 5, 4, stride=2", lambda k: k.layers.Conv1D(5, 4, 2), lambda: nn.Conv1d(3, 5, 4, 2)),
    Row("conv-1d-pair", "12x3: conv 5, 4, pad=(3, 1)", torch=lambda: framed((3, 1), nn.Conv1d(3, 5, 4))),
    Row("conv-1d-causal", "12x3: conv 5, 4, pad=causal", lambda k: k.layers.Conv1D(5, 4, padding="causal")),
    Row(
        "conv-1d-causal-dilation",
        "12x3: conv 5, 3, pad=causal, dilation=4",
        lambda k: k.layers.Conv1D(5, 3, padding="causal", dilation_rate=4),
    ),
    Row("conv-1d-causal-stride", "13x3: conv 5, 3, stride=2, pad=causal", lambda k: k.layers.Conv1D(5, 3, 2, "causal")),
    Row(
        "conv-3d",
        "5x6x7x2: conv 3, 3x2x1, stride=2",
        lambda k: k.layers.Conv3D(3, (3, 2, 1), 2),
        lambda: nn.Conv3d(2, 3, (3, 2, 1), 2),
    ),
    Row("conv-3d-groups", "5x6x7x4: conv 6, 2, groups=2", lambda k: k.layers.Conv3D(6, 2, groups=2)),
    Row(
        "conv-3d-same",
        "5x6x7x2: conv 3, 3, stride=2, pad=same, act=relu",
        lambda k: k.layers.Conv3D(3, 3, 2, "same", activation="relu"),
    ),
    Row("conv-open", "?x?x3: conv 4, 3, pad=same", lambda k: k.layers.Conv2D(4, 3, padding="same")),
    Row("conv-open-stride", "?x?x3: conv 4, 3, stride=2, pad=same", lambda k: k.layers.Conv2D(4, 3, 2, "same")),
    Row(
        "conv-open-even",
        "?x?x3: conv 4, 4, stride=3, pad=same, act=relu",
        lambda k: k.layers.Conv2D(4, 4, 3, "same", activation="relu"),
    ),
    Row(
        "conv-weight-norm",
        "12x3: conv 5, 3, weight_norm=true",
        torch=lambda: nn.utils.weight_norm(nn.Conv1d(3, 5, 3)),
        params=5 * 9 + 5 + 5,
    ),
    Row(
        "conv-weight-norm-2d",
        "7x7x4: conv 6, 3, pad=same, stride=2, groups=2, weight_norm=true, bias=false",
        torch=lambda: nn.utils.weight_norm(nn.Conv2d(4, 6, 3, 2, 1, groups=2, bias=False)),
        params=6 * 18 + 6,
    ),
    Row("conv-weight-norm-causal", "8x2: conv 3, 3, weight_norm=true, pad=causal, act=relu", params=3 * 6 + 6),
]
"""Plain convolution; `same` has rows of its own."""


def same_row(size: int, window: int, stride: int, dilation: int = 1) -> Row:
    extra = f", dilation={dilation}" if dilation > 1 else ""
    return Row(
        f"conv-same-{size}-{window}-{stride}-{dilation}",
        f"{size}x{size + 3}x2: conv 3, {window}, stride={stride}, pad=same{extra}",
        lambda k: k.layers.Conv2D(3, window, stride, "same", dilation_rate=dilation),
    )


SAME = [
    same_row(size, window, stride)
    for size, window, stride in [(7, 3, 1), (7, 2, 1), (8, 3, 2), (7, 3, 2), (8, 4, 2), (7, 5, 3), (9, 2, 3), (6, 1, 2)]
] + [same_row(9, 3, 1, 2), same_row(9, 2, 1, 3)]

FIXED = [
    Row("conv-fixed", f"7x6x3: conv 1, 3x3, kernel={SOBEL}", expected=sobel, params=27, shape="5x4x1"),
    Row(
        "conv-fixed-each",
        f"7x6x1: conv 2, 3x3, kernel=[{SOBEL}, [[0, 0, 0], [0, 1, 0], [0, 0, 0]]]",
        expected=lambda x: np.concatenate([sobel(x), x[:, 1:-1, 1:-1]], -1),
    ),
    Row("conv-fixed-bias", f"7x6x3: conv 1, 3x3, kernel={SOBEL}, bias=true", params=28),
    Row(
        "depthwise-fixed",
        f"7x6x3: depthwise_conv 3x3, kernel={SOBEL}",
        expected=lambda x: np.concatenate([sobel(x[..., c : c + 1]) for c in range(3)], -1),
    ),
]

DEPTHWISE = [
    Row(
        "depthwise",
        "8x7x3: depthwise_conv 3x3",
        lambda k: k.layers.DepthwiseConv2D(3),
        lambda: nn.Conv2d(3, 3, 3, groups=3),
    ),
    Row(
        "depthwise-multiplier",
        "8x7x3: depthwise_conv 3, stride=2, pad=same, multiplier=2, act=relu",
        lambda k: k.layers.DepthwiseConv2D(3, 2, "same", depth_multiplier=2, activation="relu"),
    ),
    Row(
        "depthwise-dilation",
        "9x9x3: depthwise_conv 3, dilation=2, bias=false",
        lambda k: k.layers.DepthwiseConv2D(3, dilation_rate=2, use_bias=False),
    ),
    Row(
        "depthwise-number-pad",
        "8x7x3: depthwise_conv 5, stride=2, pad=2",
        torch=lambda: nn.Conv2d(3, 3, 5, 2, 2, groups=3),
    ),
    Row(
        "depthwise-1d", "9x3: depthwise_conv 3, multiplier=2", lambda k: k.layers.DepthwiseConv1D(3, depth_multiplier=2)
    ),
    Row(
        "depthwise-3d",
        "5x5x5x2: depthwise_conv 3",
        torch=lambda: nn.Conv3d(2, 2, 3, groups=2),
        type="DepthwiseConv3D",
        params=56,
    ),
]

SEPARABLE = [
    Row("separable", "8x7x3: separable_conv 5, 3x3", lambda k: k.layers.SeparableConv2D(5, 3)),
    Row(
        "separable-same",
        "8x7x3: separable_conv 5, 3, stride=2, pad=same, multiplier=2, bias=false, act=relu",
        lambda k: k.layers.SeparableConv2D(5, 3, 2, "same", depth_multiplier=2, use_bias=False, activation="relu"),
    ),
    Row(
        "separable-dilation",
        "9x9x3: separable_conv 4, 3, pad=same, dilation=2",
        lambda k: k.layers.SeparableConv2D(4, 3, padding="same", dilation_rate=2),
    ),
    Row("separable-1d", "9x3: separable_conv 5, 3", lambda k: k.layers.SeparableConv1D(5, 3)),
    Row("separable-3d", "5x5x5x2: separable_conv 3, 2", params=2 * 8 + 6 + 3, shape="4x4x4x3", type="SeparableConv3D"),
]


def transposed(size: int, window: int, stride: int, pad: str, dilation: int = 1) -> Row:
    extra = f", dilation={dilation}" if dilation > 1 else ""
    return Row(
        f"transpose-{pad}-{window}-{stride}-{dilation}",
        f"{size}x{size + 1}x2: conv_transpose 3, {window}, stride={stride}, pad={pad}{extra}",
        lambda k: k.layers.Conv2DTranspose(3, window, stride, pad, dilation_rate=dilation),
    )


TRANSPOSED = [
    transposed(4, window, stride, pad)
    for pad in ("valid", "same")
    for window, stride in [(2, 2), (3, 2), (4, 2), (5, 3), (2, 3), (1, 2), (3, 1), (2, 1)]
] + [
    transposed(4, 3, 1, "same", 2),
    transposed(4, 3, 1, "valid", 2),
    Row(
        "transpose-1d",
        "6x2: conv_transpose 3, 4, stride=2, pad=same",
        lambda k: k.layers.Conv1DTranspose(3, 4, 2, "same"),
    ),
    Row(
        "transpose-3d",
        "3x4x3x2: conv_transpose 3, 3, stride=2, pad=same, act=relu",
        lambda k: k.layers.Conv3DTranspose(3, 3, 2, "same", activation="relu"),
    ),
    Row("transpose-number", "1x1x5: conv_transpose 4, 4, pad=0", torch=lambda: nn.ConvTranspose2d(5, 4, 4)),
    Row(
        "transpose-dcgan",
        "4x4x5: conv_transpose 4, 4, stride=2, pad=1, bias=false",
        torch=lambda: nn.ConvTranspose2d(5, 4, 4, 2, 1, bias=False),
    ),
    Row(
        "transpose-output-pad",
        "4x5x3: conv_transpose 4, 3, stride=2, pad=1, output_pad=1",
        torch=lambda: nn.ConvTranspose2d(3, 4, 3, 2, 1, 1),
    ),
    Row(
        "transpose-valid-output-pad",
        "4x5x3: conv_transpose 4, 3, stride=2, output_pad=(1, 0)",
        torch=lambda: nn.ConvTranspose2d(3, 4, 3, 2, 0, (1, 0)),
    ),
    Row(
        "transpose-groups", "4x4x4: conv_transpose 6, 3, groups=2", torch=lambda: nn.ConvTranspose2d(4, 6, 3, groups=2)
    ),
    Row(
        "transpose-dilation",
        "4x4x4: conv_transpose 6, 3, stride=2, pad=2, dilation=2",
        torch=lambda: nn.ConvTranspose2d(4, 6, 3, 2, 2, dilation=2),
    ),
    Row("transpose-pairs", "4x4x2: conv_transpose 3, 3, stride=2, pad=((1, 0), (0, 2))", shape="8x7x3"),
    Row(
        "transpose-open",
        "?x?x2: conv_transpose 3, 3, stride=2, pad=same",
        lambda k: k.layers.Conv2DTranspose(3, 3, 2, "same"),
    ),
]

ROWS = CONV + SAME + FIXED + DEPTHWISE + SEPARABLE + TRANSPOSED
