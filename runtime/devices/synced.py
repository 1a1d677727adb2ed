"""Batch normalisation over the batch of all processes, as one process would compute it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.nn.modules._functions import SyncBatchNorm

from ..lowering.rules.norm import Untracked


class Synced(Untracked):
    """Mixed into torch's batch normalisation; torch's own kernels for several processes run on GPUs only."""

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or not distributed.is_initialized():
            return super().forward(x)
        return self.on_gpu(x) if x.is_cuda else self.on_cpu(x)

    def on_gpu(self, x: Tensor) -> Tensor:
        group, count = distributed.group.WORLD, distributed.get_world_size()
        found: Tensor = Gathered.apply(
            x, self.weight, self.bias, self.running_mean, self.running_var, self.eps, self.momentum, group, count
        )
        return found

    def on_cpu(self, x: Tensor) -> Tensor:
        """Mean first, then variance: two exchanges, each of one number a channel."""
        places = [i for i in range(x.dim()) if i != 1]
        wide = x.float()
        count = torch.tensor([float(x.numel() // x.shape[1])])
        sums = summed(torch.cat([wide.sum(places), count]))
        mean, total = sums[:-1] / sums[-1], sums[-1].detach()
        centred = wide - column(mean, x)
        variance = summed(centred.square().sum(places)) / total
        self.remember(mean, variance, float(total))
        found = centred * column((variance + self.eps).rsqrt() * self.weight, x) + column(self.bias, x)
        return found.to(x.dtype)

    @torch.no_grad()
    def remember(self, mean: Tensor, variance: Tensor, count: float) -> None:
        assert self.running_mean is not None
        assert self.running_var is not None
        share = self.momentum or 0.0
        self.running_mean.lerp_(mean, share)
        self.running_var.lerp_(variance * count / max(count - 1, 1), share)


class Gathered(SyncBatchNorm):
    """torch's function without its look at who had no examples, for which each layer would wait for the GPU: here
    everyone has some."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, mean: Tensor, variance: Tensor, eps: float, momentum: float,
        group: Any, world: int,
    ) -> Tensor:  # fmt: skip
        x, channels = as_kernels_take_it(x), x.shape[1]
        own_mean, own_spread = torch.batch_norm_stats(x, eps)
        count = own_mean.new_full((1,), x.numel() // channels)
        own = torch.cat([own_mean, own_spread, count])
        rows = own.new_empty(world * len(own))
        distributed.all_gather_into_tensor(rows, own, group)
        means, spreads, counts = torch.split(rows.view(world, -1), channels, dim=1)
        whole, spread = torch.batch_norm_gather_stats_with_counts(
            x, means, spreads, mean, variance, momentum, eps, counts.reshape(-1).to(mean.dtype)
        )
        ctx.save_for_backward(x, weight, whole, spread, counts.to(torch.int32))
        ctx.process_group = group
        return torch.batch_norm_elemt(x, weight, bias, whole, spread, eps)


def as_kernels_take_it(x: Tensor) -> Tensor:
    """Channels first or last in memory."""
    last = (torch.channels_last, torch.channels_last_3d)
    fits = any(x.ndim == rank and x.is_contiguous(memory_format=form) for rank, form in zip((4, 5), last))
    return x if fits else x.contiguous()


class Summed(torch.autograd.Function):
    """Added up over the processes; gradients are too."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        found = x.clone()
        distributed.all_reduce(found)
        return found

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return Summed.forward(ctx, gradient.contiguous())


def summed(x: Tensor) -> Tensor:
    found: Tensor = Summed.apply(x)
    return found


def column(numbers: Tensor, x: Tensor) -> Tensor:
    """(C,) ready to meet (N, C, ...)."""
    return numbers.view(1, -1, *[1] * (x.dim() - 2))


class Synced1d(Synced, nn.BatchNorm1d):
    pass


class Synced2d(Synced, nn.BatchNorm2d):
    pass


class Synced3d(Synced, nn.BatchNorm3d):
    pass


KINDS = {nn.BatchNorm1d: Synced1d, nn.BatchNorm2d: Synced2d, nn.BatchNorm3d: Synced3d}


def synced(module: nn.Module) -> nn.Module:
    """The module, its batch normalisations now over all processes; weights and names stay."""
    for part in module.modules():
        for kind, wanted in KINDS.items():
            if isinstance(part, kind) and isinstance(part, Untracked):
                part.__class__ = wanted
    return module
