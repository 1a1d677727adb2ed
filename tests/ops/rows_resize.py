"""Other sizes of a map."""

from collections.abc import Callable

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from .harness import Row


def interpolate(**arguments: object) -> Callable[[], Callable[[torch.Tensor], torch.Tensor]]:
    return lambda: lambda x: functional.interpolate(x, **arguments)  # type: ignore[arg-type]


def keras_resizing(mode: str, height: int, width: int) -> Callable[[object], object]:
    return lambda k: k.layers.Resizing(height, width, interpolation=mode)  # type: ignore[attr-defined]


def shuffled(factor: int) -> Callable[[np.ndarray], np.ndarray]:
    """By definition: channel c * r ** d + i of d dimensions goes to place i of its block."""

    def shuffle(x: np.ndarray) -> np.ndarray:
        rank, width = x.ndim - 2, x.shape[-1] // factor ** (x.ndim - 2)
        made = np.empty((x.shape[0], *(n * factor for n in x.shape[1:-1]), width), x.dtype)
        for channel in range(width):
            for index, offset in enumerate(np.ndindex(*(factor,) * rank)):
                there = tuple(slice(o, None, factor) for o in offset)
                made[(slice(None), *there, channel)] = x[..., channel * factor**rank + index]
        return made

    return shuffle


def unshuffled(factor: int) -> Callable[[np.ndarray], np.ndarray]:
    """By definition, the inverse."""

    def unshuffle(x: np.ndarray) -> np.ndarray:
        rank = x.ndim - 2
        parts = [
            x[(slice(None), *(slice(o, None, factor) for o in offset), channel)]
            for channel in range(x.shape[-1])
            for offset in np.ndindex(*(factor,) * rank)
        ]
        return np.stack(parts, -1)

    return unshuffle


FACTOR = [
    Row("upsample", "3x4x2: upsample 2", lambda k: k.layers.UpSampling2D(2), lambda: nn.Upsample(scale_factor=2)),
    Row("upsample-each", "3x4x2: upsample 3x1", lambda k: k.layers.UpSampling2D((3, 1))),
    Row("upsample-1d", "5x2: upsample 3", lambda k: k.layers.UpSampling1D(3)),
    Row("upsample-3d", "2x3x2x2: upsample 2", lambda k: k.layers.UpSampling3D(2)),
    Row("upsample-open", "?x?x2: upsample 2", lambda k: k.layers.UpSampling2D(2)),
    Row(
        "upsample-bilinear",
        "3x4x2: upsample 2x3, mode=bilinear",
        lambda k: k.layers.UpSampling2D((2, 3), interpolation="bilinear"),
        interpolate(scale_factor=(2, 3), mode="bilinear"),
    ),
    Row(
        "upsample-bicubic",
        "5x4x2: upsample 2, mode=bicubic",
        lambda k: k.layers.UpSampling2D(2, interpolation="bicubic"),
    ),
    Row(
        "upsample-bicubic-open",
        "?x?x2: upsample 3, mode=bicubic",
        lambda k: k.layers.UpSampling2D(3, interpolation="bicubic"),
    ),
    Row(
        "upsample-bicubic-torch",
        "5x4x2: upsample 2, mode=bicubic, a=-0.75",
        torch=interpolate(scale_factor=2, mode="bicubic"),
    ),
    Row("upsample-linear-1d", "5x2: upsample 2, mode=linear", torch=interpolate(scale_factor=2, mode="linear")),
    Row(
        "upsample-trilinear", "3x3x2x2: upsample 2, mode=trilinear", torch=interpolate(scale_factor=2, mode="trilinear")
    ),
    Row(
        "upsample-align-corners",
        "3x4x2: upsample 2, mode=linear, align_corners=true",
        torch=interpolate(scale_factor=2, mode="bilinear", align_corners=True),
    ),
]

SIZE = [
    Row(
        f"resize-{mode}-{height}-{width}",
        f"7x5x2: upsample to={height}x{width}, mode={mode}",
        keras_resizing(mode, height, width),
        macs=0,
    )
    for mode in ("nearest", "bilinear", "bicubic")
    for height, width in [(9, 8), (4, 3), (14, 2)]
] + [
    Row("resize-number", "7x5x2: upsample to=10", keras_resizing("nearest", 10, 10)),
    Row("resize-floor", "7x5x2: upsample to=9x8, mode=nearest_floor", torch=interpolate(size=(9, 8), mode="nearest")),
    Row(
        "resize-floor-less",
        "7x5x2: upsample to=4x3, mode=nearest_floor",
        torch=interpolate(size=(4, 3), mode="nearest"),
    ),
    Row("resize-1d", "7x2: upsample to=9, mode=linear", torch=interpolate(size=9, mode="linear")),
    Row(
        "resize-value", "3x4x2, 9x7x1: a -> upsample to=b", lambda k: lambda a, b: k.layers.Resizing(9, 7, "nearest")(a)
    ),
    Row(
        "resize-value-open",
        "3x4x2, ?x?x1: a -> upsample to=b, mode=bilinear",
        lambda k: lambda a, b: k.layers.Resizing(7, 7, "bilinear")(a),
    ),
    Row("resize-open", "?x?x2: upsample to=4x9, mode=bicubic", keras_resizing("bicubic", 4, 9), macs=0),
    Row(
        "resize-value-from-one",
        "1x1x2, 4x5x3: a -> upsample to=b",
        lambda k: lambda a, b: k.layers.Resizing(4, 5, "nearest")(a),
    ),
]

SHUFFLE = [
    Row("pixel-shuffle", "3x2x8: pixel_shuffle 2", torch=lambda: nn.PixelShuffle(2), expected=shuffled(2)),
    Row("pixel-shuffle-1d", "3x6: pixel_shuffle 3", expected=shuffled(3), shape="9x2"),
    Row("pixel-shuffle-3d", "3x2x1x16: pixel_shuffle 2", expected=shuffled(2), type="PixelShuffle3D"),
    Row("pixel-shuffle-open", "?x?x8: pixel_shuffle 2", expected=shuffled(2)),
    Row("pixel-shuffle-1d-open", "?x6: pixel_shuffle 2", expected=shuffled(2)),
    Row("pixel-unshuffle", "4x6x3: pixel_unshuffle 2", torch=lambda: nn.PixelUnshuffle(2), expected=unshuffled(2)),
    Row("pixel-unshuffle-1d", "9x2: pixel_unshuffle 3", expected=unshuffled(3), shape="3x6"),
    Row("pixel-unshuffle-3d", "2x4x2x3: pixel_unshuffle 2", expected=unshuffled(2), type="PixelUnshuffle3D"),
]

ROWS = FACTOR + SIZE + SHUFFLE
