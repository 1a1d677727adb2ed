"""Normalisations and weights that a module computes in steps, and the sizes of values by what they are joined with."""

from __future__ import annotations

import pytest
import torch
from cnnc.compiler.decompile import decompile
from cnnc.compiler.frontends.unread import Unreadable
from cnnc.compiler.shape import Shape
from cnnc.runtime.importing.program import read_module
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812
from torchvision.ops import FrozenBatchNorm2d

from .test_torch_modules import compared, picture


class ChannelsNorm(nn.Module):
    """As in the code of ConvNeXt: over the channels of each place, without moving them."""

    def __init__(self, width: int, *, biased: bool = True) -> None:
        super().__init__()
        self.weight, self.bias, self.biased = nn.Parameter(torch.rand(width)), nn.Parameter(torch.rand(width)), biased

    def forward(self, x: Tensor) -> Tensor:
        mean = x.mean(1, keepdim=True)
        spread = (x - mean).pow(2).mean(1, keepdim=True) if self.biased else x.var(1, keepdim=True)
        x = (x - mean) / torch.sqrt(spread + 1e-6)
        return self.weight[:, None, None] * x + self.bias[:, None, None]


class ByVariance(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        spread = x.var(1, keepdim=True, unbiased=False)
        return (x - x.mean(1, keepdim=True)) * torch.rsqrt(spread + 1e-6)


def test_layer_normalisation_of_channels_in_steps() -> None:
    found = compared(nn.Sequential(nn.Conv2d(3, 8, 3), ChannelsNorm(8)), picture())
    assert 'layernorm eps=1e-6 as "1"' in found.text
    assert found.checked.weights.keys() == {"0.weight", "0.bias", "1.weight", "1.bias"}


def test_the_same_twice_has_one_set_of_weights() -> None:
    norm = ChannelsNorm(3)
    found = compared(nn.Sequential(norm, nn.Tanh(), norm), picture())
    assert found.checked.params == 6


def test_layer_normalisation_by_the_biased_variance() -> None:
    assert compared(ByVariance(), picture()).text.endswith("    layernorm eps=1e-6, scale=false, center=false\n")


def test_the_unbiased_variance_is_another() -> None:
    with pytest.raises(Unreadable, match=r"aten\.var"):
        read_module(ChannelsNorm(3, biased=False), Shape((8, 8, 3)), "mine:Net", "Net")


def test_statistics_that_stay_are_those_of_batch_normalisation() -> None:
    module = nn.Sequential(nn.Conv2d(3, 8, 3), FrozenBatchNorm2d(8), nn.ReLU(), FrozenBatchNorm2d(8, eps=1e-3))
    found = compared(module, picture())
    assert found.checked.weights.keys() == module.state_dict().keys()
    (remark,) = read_module(module, Shape((8, 8, 3)), "mine:Net", "Net").remarks
    assert "`FrozenBatchNorm2d` does not learn" in remark


def test_weights_made_of_weights_are_taken_as_they_are() -> None:
    module = nn.Sequential(nn.utils.parametrizations.spectral_norm(nn.Conv2d(3, 8, 3)), nn.Tanh())
    assert compared(module, picture()).text.endswith('    conv 8, 3x3 as "0" -> tanh\n')
    (remark,) = read_module(module, Shape((8, 8, 3)), "mine:Net", "Net").remarks
    assert "0.parametrizations.weight.original" in remark


class Standardised(nn.Conv2d):
    """Weight standardisation (Qiao et al., 2019)."""

    def forward(self, x: Tensor) -> Tensor:
        spread, mean = torch.var_mean(self.weight, dim=(1, 2, 3), keepdim=True)
        return F.conv2d(x, (self.weight - mean) / torch.sqrt(spread + 1e-5), self.bias)


def test_standardised_kernels() -> None:
    assert compared(nn.Sequential(Standardised(3, 8, 3)), picture()).text.endswith('    conv 8, 3x3 as "0"\n')


class Scaled(nn.Module):
    """A trained factor for each channel, where these lie last."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.rand(width))

    def forward(self, x: Tensor) -> Tensor:
        return (self.gamma * x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


def test_trained_factors_where_channels_lie_last() -> None:
    assert compared(Scaled(3), picture()).text.endswith("    layer_scale as gamma\n")


def test_one_factor_for_all_channels_is_refused() -> None:
    class One(Scaled):
        def forward(self, x: Tensor) -> Tensor:
            return self.gamma * x

    with pytest.raises(Unreadable, match="one trained factor for all channels"):
        read_module(One(1), Shape((8, 8, 3)), "mine:Net", "Net")


def test_places_in_a_row_are_pooled_as_a_map() -> None:
    text = compared(nn.Sequential(nn.Conv2d(3, 8, 3), Row(), nn.Linear(8, 2)), picture()).text
    assert "reshape" not in text
    assert "global_avgpool" in text


class Row(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.flatten(2).mean(-1)


class Pyramid(nn.Module):
    """Pooled maps brought back to the size of what they were pooled from, beside others of that size (DeepLab)."""

    def __init__(self) -> None:
        super().__init__()
        self.near, self.far, self.whole = nn.Conv2d(3, 4, 1), nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(3, 4, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(x)
        pooled = F.interpolate(self.whole(F.adaptive_avg_pool2d(x, 1)), size=x.shape[2:], mode="bilinear")
        return torch.cat([self.near(x), self.far(x), pooled], 1)


@pytest.mark.parametrize("shape", [Shape((None, None, 3)), Shape((16, 16, 3))])
def test_the_size_of_a_pooled_map_is_that_of_its_source(shape: Shape) -> None:
    text = decompile(read_module(Pyramid(), shape, "mine:Net", "Net")).text
    assert text.count("branch: ") >= 2
    assert "upsample to=skip, mode=bilinear" in text or "upsample to=input, mode=bilinear" in text
