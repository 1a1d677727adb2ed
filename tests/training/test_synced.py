"""Batch normalisation over several processes as GPUs compute it: torch's kernels, here by their formulas."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from cnnc.runtime.devices import synced
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

WORLD = 2
OVER = (0, 2, 3)


def column(x: Tensor) -> Tensor:
    return x.view(1, -1, 1, 1)


def stats(x: Tensor, eps: float) -> tuple[Tensor, Tensor]:
    return x.mean(OVER), (x.var(OVER, unbiased=False) + eps).rsqrt()


def gather_stats(
    x: Tensor, means: Tensor, spreads: Tensor, mean: Tensor, variance: Tensor, momentum: float, eps: float,
    counts: Tensor,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    total, share = counts.sum(), (counts / counts.sum())[:, None]
    whole = (means * share).sum(0)
    spread = ((spreads**-2 - eps + means**2) * share).sum(0) - whole**2
    mean.lerp_(whole, momentum)
    variance.lerp_(spread * total / (total - 1), momentum)
    return whole, (spread + eps).rsqrt()


def elemt(x: Tensor, weight: Tensor, bias: Tensor, mean: Tensor, spread: Tensor, eps: float) -> Tensor:
    return (x - column(mean)) * column(spread * weight) + column(bias)


def backward_reduce(
    dy: Tensor, x: Tensor, mean: Tensor, spread: Tensor, weight: Tensor, *wanted: bool
) -> tuple[Tensor, ...]:
    sums, products = dy.sum(OVER), (dy * (x - column(mean))).sum(OVER)
    return sums, products, products * spread, sums


def backward_elemt(
    dy: Tensor, x: Tensor, mean: Tensor, spread: Tensor, weight: Tensor, sums: Tensor, products: Tensor, counts: Tensor
) -> Tensor:
    total = counts.sum()
    towards = column(sums / total) + (x - column(mean)) * column(spread**2 * products / total)
    return (dy - towards) * column(spread * weight)


class Called(TorchDispatchMode):
    """The names of the operators that run inside."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.names.add(str(func.overloadpacket).removeprefix("aten."))
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("form", [torch.contiguous_format, torch.channels_last])
def test_a_process_computes_as_if_it_had_the_whole_batch(form: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both processes have the same examples here, so that what others tell is what one knows; and no layer waits to
    hear who has examples, as torch's does by an index of truths."""
    for name, kernel in (
        ("stats", stats), ("gather_stats_with_counts", gather_stats), ("elemt", elemt),
        ("backward_reduce", backward_reduce), ("backward_elemt", backward_elemt),
    ):  # fmt: skip
        monkeypatch.setattr(torch, f"batch_norm_{name}", kernel)
    monkeypatch.setattr(
        torch.distributed, "all_gather_into_tensor", lambda rows, own, group: rows.copy_(own.repeat(WORLD))
    )
    monkeypatch.setattr(torch.distributed, "all_reduce", lambda x, *rest, **more: x.mul_(WORLD))
    torch.manual_seed(0)
    x = (torch.randn(4, 3, 5, 6) * 3 + 1).to(memory_format=form).requires_grad_()
    whole = torch.cat([x.detach()] * WORLD).requires_grad_()
    one, gradient = nn.BatchNorm2d(3), torch.randn(4, 3, 5, 6)
    nn.init.normal_(one.weight)
    weight, bias = (p.detach().clone().requires_grad_() for p in (one.weight, one.bias))
    mean, variance = torch.zeros(3), torch.ones(3)
    expected = one(whole)
    expected.backward(torch.cat([gradient] * WORLD))
    with Called() as called:
        found = synced.Gathered.apply(x, weight, bias, mean, variance, one.eps, 0.1, None, WORLD)
        found.backward(gradient)
    torch.testing.assert_close(found, expected[:4], rtol=1e-4, atol=1e-5)
    assert x.grad is not None
    assert whole.grad is not None
    torch.testing.assert_close(x.grad, whole.grad[:4], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(weight.grad, one.weight.grad / WORLD, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(bias.grad, one.bias.grad / WORLD, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(mean, one.running_mean)
    torch.testing.assert_close(variance, one.running_var, rtol=1e-4, atol=1e-5)
    assert not called.names & {"index", "nonzero", "_local_scalar_dense"}
