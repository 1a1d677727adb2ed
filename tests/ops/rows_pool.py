"""Pooling."""

from collections.abc import Callable

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from .harness import Row


def same_rows(word: str, layer: str) -> list[Row]:
    """`same` at odd and even sizes, windows above, equal to and below the stride."""
    cases = [(7, 3, 1), (7, 2, 1), (8, 3, 2), (7, 3, 2), (7, 2, 2), (8, 4, 2), (8, 5, 3), (7, 2, 3), (6, 1, 2)]

    def row(size: int, window: int, stride: int) -> Row:
        return Row(
            f"{word}-same-{size}-{window}-{stride}",
            f"{size}x{size + 1}x2: {word} {window}, stride={stride}, pad=same",
            lambda k: getattr(k.layers, layer)(window, stride, "same"),
        )

    return [row(*case) for case in cases]


MAX = [
    Row("maxpool", "8x7x3: maxpool 2", lambda k: k.layers.MaxPooling2D(2), lambda: nn.MaxPool2d(2)),
    Row("maxpool-oblong", "8x7x3: maxpool 3x2, stride=(1, 2)", lambda k: k.layers.MaxPooling2D((3, 2), (1, 2))),
    Row("maxpool-1d", "13x3: maxpool 3", lambda k: k.layers.MaxPooling1D(3), lambda: nn.MaxPool1d(3)),
    Row("maxpool-1d-same", "13x3: maxpool 3, stride=2, pad=same", lambda k: k.layers.MaxPooling1D(3, 2, "same")),
    Row("maxpool-3d", "4x6x5x2: maxpool 2", lambda k: k.layers.MaxPooling3D(2), lambda: nn.MaxPool3d(2)),
    Row("maxpool-3d-same", "4x5x6x2: maxpool 3, stride=2, pad=same", lambda k: k.layers.MaxPooling3D(3, 2, "same")),
    Row("maxpool-number-pad", "8x7x3: maxpool 3, stride=2, pad=1", torch=lambda: nn.MaxPool2d(3, 2, 1)),
    Row(
        "maxpool-pairs",
        "8x7x3: maxpool 3, stride=2, pad=((2, 1), (0, 1))",
        torch=lambda: nn.Sequential(nn.ConstantPad2d((0, 1, 2, 1), float("-inf")), nn.MaxPool2d(3, 2)),
    ),
    Row("maxpool-ceil", "8x7x3: maxpool 3, stride=2, ceil=true", torch=lambda: nn.MaxPool2d(3, 2, ceil_mode=True)),
    Row(
        "maxpool-ceil-pad",
        "6x7x3: maxpool 2, stride=3, pad=1, ceil=true",
        torch=lambda: nn.MaxPool2d(2, 3, 1, ceil_mode=True),
    ),
    Row("maxpool-ceil-pairs", "8x7x2: maxpool 3, stride=3, pad=((0, 1), (1, 0)), ceil=true", shape="3x3x2"),
    Row("maxpool-open", "?x?x3: maxpool 3, stride=2, pad=same", lambda k: k.layers.MaxPooling2D(3, 2, "same")),
    Row("maxpool-open-valid", "?x8x3: maxpool 2", lambda k: k.layers.MaxPooling2D(2)),
    *same_rows("maxpool", "MaxPooling2D"),
]

AVG = [
    Row("avgpool", "8x7x3: avgpool 2", lambda k: k.layers.AveragePooling2D(2), lambda: nn.AvgPool2d(2)),
    Row(
        "avgpool-1d", "13x3: avgpool 3, stride=2", lambda k: k.layers.AveragePooling1D(3, 2), lambda: nn.AvgPool1d(3, 2)
    ),
    Row("avgpool-1d-same", "12x3: avgpool 3, stride=2, pad=same", lambda k: k.layers.AveragePooling1D(3, 2, "same")),
    Row("avgpool-3d", "4x6x5x2: avgpool 2", lambda k: k.layers.AveragePooling3D(2), lambda: nn.AvgPool3d(2)),
    Row("avgpool-3d-same", "4x5x6x2: avgpool 3, stride=2, pad=same", lambda k: k.layers.AveragePooling3D(3, 2, "same")),
    Row("avgpool-3d-thin", "2x5x5x2: avgpool 3, stride=1, pad=same", lambda k: k.layers.AveragePooling3D(3, 1, "same")),
    Row("maxpool-3d-thin", "2x5x5x2: maxpool 3, stride=1, pad=same", lambda k: k.layers.MaxPooling3D(3, 1, "same")),
    Row("avgpool-number-pad", "8x7x3: avgpool 3, stride=1, pad=1", torch=lambda: nn.AvgPool2d(3, 1, 1)),
    Row(
        "avgpool-number-pad-uncounted",
        "8x7x3: avgpool 3, stride=2, pad=1, count_pad=false",
        torch=lambda: nn.AvgPool2d(3, 2, 1, count_include_pad=False),
    ),
    Row(
        "avgpool-pairs",
        "8x7x3: avgpool 3, stride=2, pad=((2, 1), (0, 1))",
        torch=lambda: nn.Sequential(nn.ZeroPad2d((0, 1, 2, 1)), nn.AvgPool2d(3, 2)),
    ),
    Row(
        "avgpool-pairs-uncounted",
        "8x7x3: avgpool 3, stride=2, pad=((2, 1), (0, 1)), count_pad=false",
        torch=lambda: uncounted((0, 1, 2, 1), nn.AvgPool2d(3, 2)),
    ),
    Row("avgpool-ceil", "8x7x3: avgpool 3, stride=2, ceil=true", torch=lambda: nn.AvgPool2d(3, 2, ceil_mode=True)),
    Row("avgpool-ceil-pad", "8x6x3: avgpool 3, stride=2, pad=1, ceil=true", torch=lambda: nn.AvgPool2d(3, 2, 1, True)),
    Row(
        "avgpool-ceil-pad-uncounted",
        "8x6x3: avgpool 3, stride=2, pad=1, ceil=true, count_pad=false",
        torch=lambda: nn.AvgPool2d(3, 2, 1, True, False),
    ),
    Row(
        "avgpool-ceil-pairs",
        "6x6x1: avgpool 4, stride=4, pad=((0, 1), (0, 0)), ceil=true",
        expected=lambda x: ceil_pairs(x),
    ),
    Row("avgpool-open", "?x?x3: avgpool 2, stride=2, pad=same", lambda k: k.layers.AveragePooling2D(2, 2, "same")),
    *same_rows("avgpool", "AveragePooling2D"),
]


def uncounted(pairs: tuple[int, ...], pool: nn.Module) -> Callable[[torch.Tensor], torch.Tensor]:
    """A mean over the places of the map alone: of the map over that of ones, both with zeros around."""
    return lambda x: pool(functional.pad(x, pairs)) / pool(functional.pad(torch.ones_like(x), pairs))


def ceil_pairs(x: np.ndarray) -> np.ndarray:
    """By hand: rows 0-3 and 4-5 with one row of counted zeros, columns 0-3 and 4-5."""
    rows = [(x[:, :4], 4), (x[:, 4:], 3)]
    columns = [(slice(0, 4), 4), (slice(4, 6), 2)]
    means = [[part[:, :, cut].sum((1, 2)) / (height * width) for cut, width in columns] for part, height in rows]
    return np.stack([np.stack(row, 1) for row in means], 1)


def lengths(rank: int, size: int, stride: int, pad: tuple[int, ...] = ()) -> Callable[[torch.Tensor], torch.Tensor]:
    """torch's power pooling, zeros put around first."""
    pool = (nn.LPPool1d, nn.LPPool2d, nn.LPPool3d)[rank - 1](2, size, stride)
    return lambda x: pool(functional.pad(x, pad))


LENGTHS = [
    Row("l2pool", "8x7x3: l2pool 2", torch=lambda: nn.LPPool2d(2, 2), type="L2Pooling2D"),
    Row("l2pool-oblong", "8x7x3: l2pool 3x2, stride=(1, 2)", torch=lambda: nn.LPPool2d(2, (3, 2), (1, 2))),
    Row("l2pool-same", "8x7x3: l2pool 3, stride=1, pad=same", torch=lambda: lengths(2, 3, 1, (1, 1, 1, 1))),
    Row("l2pool-same-even", "8x6x3: l2pool 3, stride=2, pad=same", torch=lambda: lengths(2, 3, 2, (0, 1, 0, 1))),
    Row("l2pool-ceil", "8x7x3: l2pool 3, stride=2, ceil=true", torch=lambda: lengths(2, 3, 2, (0, 0, 0, 1))),
    Row("l2pool-1d", "13x3: l2pool 3, pad=1", torch=lambda: lengths(1, 3, 3, (1, 1))),
    Row("l2pool-3d", "4x6x5x2: l2pool 2", torch=lambda: lengths(3, 2, 2)),
    Row("l2pool-zeros", "4x4x2: relu\nscale 0\nl2pool 2", expected=lambda x: np.zeros((len(x), 2, 2, 2))),
]


def with_places(size: int, stride: int, pad: int = 0) -> Callable[[torch.Tensor], list[torch.Tensor]]:
    """Pooled maps and the places of the maxima."""
    return lambda x: list(functional.max_pool2d(x, size, stride, pad, return_indices=True))


def there_and_back(rank: int, size: int) -> Callable[[torch.Tensor], torch.Tensor]:
    """Max pooling and unpooling to the size there was."""
    pool = (nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d)[rank - 1](size, return_indices=True)
    back = (nn.MaxUnpool1d, nn.MaxUnpool2d, nn.MaxUnpool3d)[rank - 1](size)
    return lambda x: back(*pool(x), output_size=x.shape)


def framed_places(x: np.ndarray) -> list[np.ndarray]:
    """By hand: a window of 2 over a row with one place put before it, stride 2."""
    pairs = np.pad(x, ((0, 0), (1, 0), (0, 0)), constant_values=-np.inf).reshape(len(x), 4, 2, x.shape[-1])
    return [pairs.max(2), pairs.argmax(2) + 2 * np.arange(4)[:, None] - 1]


def pooled_places(text: str) -> str:
    return f"a\np, q = a -> maxpool_places {text}\noutput p, q"


def unpooled(text: str, window: str = "2") -> str:
    return f"a\np, q = a -> maxpool_places {window}\np -> unpool q{text}"


def wide_and_back(x: torch.Tensor) -> torch.Tensor:
    """Windows that overlap: the map that was pooled says the size."""
    return functional.max_unpool2d(*functional.max_pool2d(x, 3, 2, 1, return_indices=True), 3, 2, 1, x.shape[2:])


PLACES = [
    Row("places", f"8x6x3: {pooled_places('2')}", torch=lambda: with_places(2, 2), type="MaxPoolingWithArgmax2D"),
    Row("places-pad", f"8x7x3: {pooled_places('3, stride=2, pad=1')}", torch=lambda: with_places(3, 2, 1)),
    Row("places-pair", f"7x3: {pooled_places('2, pad=((1, 0),)')}", expected=framed_places),
    Row("places-same", f"8x7x3: {pooled_places('3, stride=2, pad=same')}", shape="4x4x3, 4x4x3"),
    Row("places-open", f"?x?x3: {pooled_places('2')}", torch=lambda: with_places(2, 2)),
    Row("unpool-1d", f"8x3: {unpooled('')}", torch=lambda: there_and_back(1, 2)),
    Row("unpool", f"8x6x3: {unpooled('')}", torch=lambda: there_and_back(2, 2), type="MaxUnpooling2D"),
    Row("unpool-3d", f"4x2x6x3: {unpooled('')}", torch=lambda: there_and_back(3, 2)),
    Row("unpool-odd", f"7x9x3: {unpooled('')}", torch=lambda: there_and_back(2, 2)),
    Row("unpool-open-odd", f"?x?x3: {unpooled('')}", torch=lambda: there_and_back(2, 2)),
    Row("unpool-window", f"8x7x3: {unpooled('', '3, stride=2, pad=1')}", torch=lambda: wide_and_back),
    Row("unpool-size", f"7x9x3: {unpooled(', to=7x9')}", torch=lambda: there_and_back(2, 2)),
    Row("unpool-value", f"7x9x3: {unpooled(', to=a')}", torch=lambda: there_and_back(2, 2)),
    Row("unpool-open", f"?x?x3: {unpooled(', to=a')}", torch=lambda: there_and_back(2, 2)),
]


def adaptive(word: str, rank: int, text: str, out: int | tuple[int, ...]) -> Row:
    kind, short = {"avgpool": ("Average", "Avg"), "maxpool": ("Max", "Max")}[word]
    shape = "x".join(["9", "8", "4"][:rank])
    return Row(
        f"adaptive-{word}-{rank}d-{text}",
        f"{shape}x3: adaptive_{word} {text}",
        lambda k: getattr(k.layers, f"Adaptive{kind}Pooling{rank}D")(out),
        lambda: getattr(nn, f"Adaptive{short}Pool{rank}d")(out),
    )


ADAPTIVE = [
    row
    for word in ("avgpool", "maxpool")
    for row in (
        adaptive(word, 1, "4", 4),
        adaptive(word, 2, "3x4", (3, 4)),
        adaptive(word, 2, "5x8", (5, 8)),
        adaptive(word, 2, "1", 1),
        adaptive(word, 3, "3", 3),
    )
]

GLOBAL = [
    Row("global-avgpool-1d", "9x3: global_avgpool", lambda k: k.layers.GlobalAveragePooling1D()),
    Row("global-avgpool", "5x4x3: global_avgpool", lambda k: k.layers.GlobalAveragePooling2D()),
    Row(
        "global-avgpool-keep",
        "5x4x3: global_avgpool keep=true",
        lambda k: k.layers.GlobalAveragePooling2D(keepdims=True),
    ),
    Row("global-avgpool-3d", "2x5x4x3: global_avgpool", lambda k: k.layers.GlobalAveragePooling3D()),
    Row("global-avgpool-open", "?x?x3: global_avgpool", lambda k: k.layers.GlobalAveragePooling2D()),
    Row("global-maxpool-1d", "9x3: global_maxpool keep=true", lambda k: k.layers.GlobalMaxPooling1D(keepdims=True)),
    Row("global-maxpool", "5x4x3: global_maxpool", lambda k: k.layers.GlobalMaxPooling2D()),
    Row("global-maxpool-3d", "2x5x4x3: global_maxpool", lambda k: k.layers.GlobalMaxPooling3D()),
]

ROWS = MAX + AVG + LENGTHS + PLACES + ADAPTIVE + GLOBAL
