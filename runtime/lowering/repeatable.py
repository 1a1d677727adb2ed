"""The same gradients each time, on GPUs as well, from operators of which torch has no such kernels there.

These are named in the documentation of `torch.use_deterministic_algorithms`: adaptive pools, averages over volumes,
unpooling, interpolation, reflection. What is linear and works along each axis by itself is here a product with one
matrix for each axis; the others choose places, by indices whose gradients are added up in order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

Along = Callable[[Tensor, int], Tensor]
"""What happens along an axis: rows (1, N, n) and the number of the axis to (1, N, m)."""


class Repeatable(TorchFunctionMode):
    """Inside, functions of torch that may give another result each time are replaced by those of `FORMS`."""

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        form = FORMS.get(function, function)
        return form(*args, **(kwargs or {}))


@contextmanager
def repeated(numbers: AbstractContextManager[Any]) -> Iterator[None]:
    """Inside, as in `numbers`, and the same each time."""
    with numbers, Repeatable():
        yield


# --- what is linear along each axis -----------------------------------------------------------------------------------


def by_products(x: Tensor, along: Along) -> Tensor:
    """(N, C, spatial...) through what happens along each spatial axis, in numbers as exact as those of `x`."""
    with torch.autocast(x.device.type, enabled=False):
        found = x.float() if x.dtype in (torch.float16, torch.bfloat16) else x
        for number, axis in enumerate(range(2, x.ndim)):
            with torch.no_grad():
                matrix = along(torch.eye(x.shape[axis], device=x.device, dtype=found.dtype)[None], number)[0]
            found = (found.movedim(axis, -1) @ matrix).movedim(-1, axis)
        return found.to(x.dtype)


def several(value: Any, rank: int) -> tuple[Any, ...]:
    """One for each axis."""
    return tuple(value) if isinstance(value, (tuple, list)) else (value,) * rank


def adaptive_mean(x: Tensor, output_size: Any) -> Tensor:
    sizes = several(output_size, x.ndim - 2)
    return by_products(x, lambda rows, i: functional.adaptive_avg_pool1d(rows, sizes[i] or rows.shape[-1]))


def mean_of_volumes(
    x: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
    count_include_pad: bool = True, divisor_override: int | None = None,
) -> Tensor:  # fmt: skip
    assert divisor_override is None
    size, step, pad = (several(v, 3) for v in (kernel_size, stride or kernel_size, padding))
    return by_products(
        x, lambda rows, i: functional.avg_pool1d(rows, size[i], step[i], pad[i], ceil_mode, count_include_pad)
    )


SMOOTH = {"linear": "bilinear", "bilinear": "bilinear", "trilinear": "bilinear", "bicubic": "bicubic"}
"""Modes of interpolation whose kernels differ, and the one over two axes that does the same along the last."""


def interpolated(
    x: Tensor, size: Any = None, scale_factor: Any = None, mode: str = "nearest", align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None, antialias: bool = False,
) -> Tensor:  # fmt: skip
    if mode not in SMOOTH:
        return functional.interpolate(x, size, scale_factor, mode, align_corners, recompute_scale_factor, antialias)
    sizes, factors = (several(value, x.ndim - 2) for value in (size, scale_factor))

    def along(rows: Tensor, number: int) -> Tensor:
        wanted = None if size is None else (rows.shape[1], sizes[number])
        factor = None if scale_factor is None else (1.0, float(factors[number]))
        made = functional.interpolate(
            rows[None], wanted, factor, SMOOTH[mode], align_corners, recompute_scale_factor, antialias
        )
        return made[0]

    return by_products(x, along)


# --- what chooses places ----------------------------------------------------------------------------------------------


def padded(x: Tensor, pad: Any, mode: str = "constant", value: float | None = None) -> Tensor:
    if mode not in ("reflect", "replicate"):
        return functional.pad(x, pad, mode, value)
    for number in range(len(pad) // 2):
        axis, (before, after) = x.ndim - 1 - number, pad[2 * number : 2 * number + 2]
        last = x.shape[axis] - 1
        places = torch.arange(-before, last + 1 + after, device=x.device)
        places = last - (last - places.abs()).abs() if mode == "reflect" else places.clamp(0, last)
        x = x.index_select(axis, places)
    return x


def unpooled(
    x: Tensor, indices: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, output_size: Any = None
) -> Tensor:
    rank = x.ndim - 2
    size, step, pad = (several(value, rank) for value in (kernel_size, stride or kernel_size, padding))
    usual = [(n - 1) * s + k - 2 * p for n, k, s, p in zip(x.shape[2:], size, step, pad)]
    room = x.new_zeros((*x.shape[:2], *(usual if output_size is None else output_size[-rank:])))
    return room.flatten(2).scatter(2, indices.flatten(2), x.flatten(2)).view(room.shape)


def adaptive_largest(x: Tensor, output_size: Any, return_indices: bool = False) -> Tensor:
    assert not return_indices
    rank = x.ndim - 2
    for axis, out in zip(range(2, x.ndim), several(output_size, rank)):
        places = windows(x.shape[axis], out or x.shape[axis], x.device)
        chosen = x.index_select(axis, places.flatten())
        x = torch.unflatten(chosen, axis, places.shape).max(axis + 1).values
    return x


def windows(size: int, count: int, device: torch.device) -> Tensor:
    """The places of each window of an adaptive pool, (count, places); the last is there again where one is shorter."""
    numbers = torch.arange(count, device=device)
    first, behind = numbers * size // count, ((numbers + 1) * size + count - 1) // count
    longest = int(-(-size // count)) + 1
    return torch.minimum(first[:, None] + torch.arange(longest, device=device), behind[:, None] - 1)


FORMS: dict[Any, Callable[..., Tensor]] = {
    functional.adaptive_avg_pool1d: adaptive_mean,
    functional.adaptive_avg_pool2d: adaptive_mean,
    functional.adaptive_avg_pool3d: adaptive_mean,
    functional.avg_pool3d: mean_of_volumes,
    functional.interpolate: interpolated,
    functional.pad: padded,
    functional.max_unpool1d: unpooled,
    functional.max_unpool2d: unpooled,
    functional.max_unpool3d: unpooled,
    functional.adaptive_max_pool1d: adaptive_largest,
    functional.adaptive_max_pool2d: adaptive_largest,
}  # fmt: skip
