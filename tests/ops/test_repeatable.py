"""No operator is refused on a GPU for its gradients not being the same each time, and values stay those of torch."""

from __future__ import annotations

import pytest
import torch
from cnnc.runtime.lowering.repeatable import Repeatable
from torch import Tensor
from torch.nn import functional as F  # noqa: N812
from torch.utils._python_dispatch import TorchDispatchMode

from . import harness
from .harness import Row
from .test_rows import ROWS

REFUSED = {
    "avg_pool3d_backward", "_adaptive_avg_pool2d_backward", "_adaptive_avg_pool3d_backward",
    "adaptive_avg_pool3d_backward", "adaptive_max_pool2d_backward", "fractional_max_pool2d_backward",
    "fractional_max_pool3d_backward", "max_unpool2d", "max_unpool3d", "upsample_linear1d_backward",
    "upsample_bilinear2d_backward", "upsample_bicubic2d_backward", "upsample_trilinear3d_backward",
    "_upsample_bilinear2d_aa_backward", "_upsample_bicubic2d_aa_backward", "reflection_pad1d_backward",
    "reflection_pad2d_backward", "reflection_pad3d_backward", "replication_pad1d_backward",
    "replication_pad2d_backward", "replication_pad3d_backward", "nll_loss2d", "_embedding_bag_dense_backward",
    "put_", "histc", "median", "kthvalue", "grid_sampler_2d_backward", "grid_sampler_3d_backward",
}  # fmt: skip
"""The documentation of torch.use_deterministic_algorithms (2.8 and 2.14), in the names of the kernels."""


class Called(TorchDispatchMode):
    """The names of the kernels that run inside."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        self.names.add(func.overloadpacket.__name__)
        return func(*args, **(kwargs or {}))


def passed(row: Row, called: Called | None = None) -> tuple[list[Tensor], list[Tensor]]:
    """What comes out of a layer, and the gradients that go back to its inputs and weights."""
    net = harness.torch_module(row)
    net.zero_grad()
    given = [torch.from_numpy(harness.channels_first(x)) for x in harness.inputs(row)]
    learned = [x.requires_grad_() for x in given if x.is_floating_point()]
    if called is None:
        made = net(*given)
    else:
        with Repeatable():
            made = net(*given)
    outputs = list(made) if isinstance(made, (list, tuple)) else [made]
    goals = [x for x in outputs if x.requires_grad]
    draw = torch.Generator().manual_seed(0)
    goal = sum(((x * torch.randn(x.shape, generator=draw)).sum() for x in goals), torch.zeros(()))
    wanted = [*learned, *net.parameters()]
    found = torch.autograd.grad(goal, wanted, allow_unused=True) if goals else ()
    return [x.detach() for x in outputs], [g for g in found if g is not None]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_no_kernel_is_refused_and_values_stay(row: Row) -> None:
    called = Called()
    with called:
        found = passed(row, called)
    assert not called.names & REFUSED
    for ours, torchs in zip(found, passed(row), strict=True):
        for one, other in zip(ours, torchs, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("out", [1, 3, 5, 7, (2, 5)])
@pytest.mark.parametrize("pool", [F.adaptive_avg_pool2d, F.adaptive_max_pool2d])
def test_adaptive_pools_have_torchs_windows(pool, out) -> None:  # type: ignore[no-untyped-def]
    x = torch.randn(2, 3, 7, 11)
    with Repeatable():
        found = pool(x, out)
    torch.testing.assert_close(found, pool(x, out))


@pytest.mark.parametrize("more", [{"size": (9, 4)}, {"scale_factor": 1.7}, {"size": (3, 20), "align_corners": True}])
@pytest.mark.parametrize("mode", ["bilinear", "bicubic", "nearest"])
@pytest.mark.parametrize("antialias", [False, True])
def test_maps_are_resized_as_torch_does(mode: str, antialias: bool, more) -> None:  # type: ignore[no-untyped-def]
    if mode == "nearest" and (antialias or "align_corners" in more):
        pytest.skip("torch has none")
    x = torch.randn(2, 3, 6, 8)
    with Repeatable():
        found = F.interpolate(x, mode=mode, antialias=antialias, **more)
    torch.testing.assert_close(found, F.interpolate(x, mode=mode, antialias=antialias, **more), rtol=1e-4, atol=1e-5)


def test_low_precision_is_rounded_once() -> None:
    x = torch.randn(2, 3, 7, 7).bfloat16()
    with Repeatable(), torch.autocast("cpu", torch.bfloat16):
        found = F.adaptive_avg_pool2d(x, 3)
    torch.testing.assert_close(found, F.adaptive_avg_pool2d(x.float(), 3).bfloat16())
