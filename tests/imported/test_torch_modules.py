"""Modules as people write them: functions beside layers, several inputs, buffers, parts used twice."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from cnnc.compiler.decompile import Decompiled, decompile, weights
from cnnc.compiler.decompile.tied import Unsharable
from cnnc.compiler.diagnostics import UserError
from cnnc.compiler.frontends.unread import Unreadable
from cnnc.compiler.shape import Shape
from cnnc.runtime.importing.program import read_module
from cnnc.runtime.lowering.lower import lower
from torch import Tensor, nn
from torch.nn import functional

from .test_onnx import unsettled

Made = list[Tensor]


def several(made: Any) -> Made:
    return list(made) if isinstance(made, (tuple, list)) else [made]


def compared(module: nn.Module, *inputs: Tensor) -> Decompiled:
    """The file that a module becomes, once it computes the same."""
    network = read_module(
        unsettled(module), [("", Shape((*x.shape[2:], x.shape[1]))) for x in inputs], "mine:Net", "Net"
    )
    found = decompile(network)
    arrays = weights(network, found)
    net = lower(found.checked, seed=None).eval()
    net.load_state_dict({key: torch.from_numpy(np.array(arrays[key])) for key in found.checked.weights})
    with torch.no_grad():
        for ours, theirs in zip(several(net(*inputs)), several(module(*inputs)), strict=True):
            torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)
    return found


def picture(width: int = 3) -> Tensor:
    return torch.randn(2, width, 16, 16, generator=torch.Generator().manual_seed(1))


class Siamese(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.tower = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.head = nn.Linear(8, 1)

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        made: Tensor = self.head(torch.abs(self.tower(a) - self.tower(b)))
        return made


def test_two_inputs_and_a_part_used_twice() -> None:
    text = compared(Siamese(), picture(), picture() + 1).text
    assert "share tower = " in text
    assert "a = input 16x16x3" in text
    assert "b = input 16x16x3" in text


class Gated(nn.Module):
    """Numbers of a buffer, squeeze and excitation with `expand_as`, a trained factor and summand."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor([0.4, 0.5, 0.6]).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor([0.2, 0.25, 0.3]).view(1, 3, 1, 1))
        self.conv = nn.Conv2d(3, 8, 3, padding=1)
        self.down, self.up = nn.Linear(8, 2), nn.Linear(2, 8)
        self.gain, self.shift = nn.Parameter(torch.ones(8, 1, 1)), nn.Parameter(torch.zeros(1, 8, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv((x - self.mean) / self.std)
        n, c = x.size(0), x.size(1)
        gate = torch.sigmoid(self.up(functional.relu(self.down(functional.adaptive_avg_pool2d(x, 1).view(n, c)))))
        return x * gate.view(n, c, 1, 1).expand_as(x) * self.gain + self.shift


def test_numbers_that_are_stored() -> None:
    text = compared(Gated(), picture()).text
    assert "normalize mean=[0.4, 0.5, 0.6], std=[0.2, 0.25, 0.3]" in text
    assert "channel_affine" in text


class Written(nn.Module):
    """Numbers as a program writes them: a tensor within `forward`, views of buffers and of what learns."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("std", torch.tensor([[0.2, 0.25, 0.5]]))
        self.conv, self.gain = nn.Conv2d(3, 8, 3, padding=1), nn.Parameter(torch.ones(8))

    def forward(self, x: Tensor) -> Tensor:
        x = (x - torch.tensor([0.4, 0.5, 0.6]).view(1, 3, 1, 1)) / self.std[..., None, None]
        x = functional.pad(self.conv(x), (0, 0, 0, 0, 0, 0)) * self.gain.view(1, -1, 1, 1)
        return x.movedim(1, -1).flatten(1)


def test_numbers_that_are_written_into_the_program() -> None:
    found = compared(Written(), picture())
    assert "normalize mean=[0.4, 0.5, 0.6], std=[0.2, 0.25, 0.5]" in found.text
    assert {"conv.weight", "conv.bias", "gain"} == set(found.checked.weights)


class Normed(nn.Conv2d):
    """Weight normalisation written out, as `cnnc emit torch` does it."""

    def __init__(self) -> None:
        super().__init__(3, 8, 3, stride=2)
        self.weight_g, self.weight_v = nn.Parameter(torch.rand(8, 1, 1, 1) + 1), nn.Parameter(torch.randn(8, 3, 3, 3))
        del self.weight

    def forward(self, x: Tensor) -> Tensor:
        length = torch.linalg.vector_norm(self.weight_v, dim=(1, 2, 3), keepdim=True)
        return self._conv_forward(x, self.weight_v * (self.weight_g / length), self.bias)


def test_weight_normalisation_written_out() -> None:
    found = compared(nn.Sequential(Normed()), picture())
    assert "weight_norm=true" in found.text
    assert found.checked.weights.keys() == {"0.weight_g", "0.weight_v", "0.bias"}


class Dealt(nn.Module):
    """Channels dealt like cards without a view, and the middle of a map by `narrow`."""

    def forward(self, x: Tensor) -> Tensor:
        x = x.unflatten(1, (2, -1)).transpose(1, 2).flatten(1, 2)
        return x.narrow(2, 3, 8).narrow(-1, -12, 8).narrow(1, 0, 2)


def test_axes_split_joined_and_cut() -> None:
    words = [node.op.word for node in compared(Dealt(), picture(4)).checked.nodes]
    assert words[1:] == ["channel_shuffle", "crop", "take_channels"]


class Parts(nn.Module):
    """Some of the parts of a split, the others left lying."""

    def __init__(self, *taken: int) -> None:
        super().__init__()
        self.taken = taken

    def forward(self, x: Tensor) -> Tensor:
        parts = functional.relu(x).chunk(4, 1)
        return torch.cat([parts[i] for i in self.taken], 1)


class Listed(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x[:, [0, 2, -1]] + x.index_select(1, torch.tensor([3, 1, 0]))


def test_channels_by_a_list() -> None:
    text = compared(Listed(), picture(4)).text
    assert "take_channels [0, 2, 3]" in text
    assert "take_channels [3, 1, 0]" in text


@pytest.mark.parametrize("taken", [(0,), (2,), (3, 1)])
def test_parts_of_a_split_that_nothing_takes(taken: tuple[int, ...]) -> None:
    assert "take_channels [" in compared(Parts(*taken), picture(8)).text


class Steps(nn.Module):
    """What PyTorch computes in steps and the language has a word for."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.utils.parametrizations.weight_norm(nn.Conv2d(3, 8, 3))
        self.norm = nn.RMSNorm(8)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.normalize(functional.local_response_norm(self.conv(x), 5, k=2.0), dim=1)
        x = self.norm(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        x = (
            functional.tanhshrink(functional.softsign(x))
            + functional.celu(functional.hardshrink(x), 0.5)
            + functional.threshold(x, 0.1, 0.2)
            + (1 - x)
            + x**2
        )
        return functional.glu(x, 1).amax((2, 3))


def test_several_steps_are_one_layer() -> None:
    words = {node.op.word for node in compared(Steps(), picture()).checked.nodes}
    assert words >= {"lrn", "l2_normalize", "rmsnorm", "tanh_shrink", "softsign", "celu", "glu", "square"}


def test_normalisation_behind_a_flattened_map() -> None:
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.BatchNorm1d(4 * 14 * 14), nn.Linear(4 * 14 * 14, 3))
    compared(module, picture())


def test_tokens() -> None:
    class Text(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed, self.conv = nn.Embedding(9, 4), nn.Conv1d(4, 6, 3)

        def forward(self, x: Tensor) -> Tensor:
            return functional.relu(self.conv(self.embed(x).transpose(1, 2))).amax(2)

    text = decompile(read_module(Text(), Shape((12,)), "mine:Text", "Text")).text
    assert "embedding 9, 4 as embed" in text


class Attention(nn.Module):
    """As in CBAM: over channels, which the language cannot say, and behind it what it can."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 1, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        both = torch.cat([x.mean(1, keepdim=True), x.max(1, keepdim=True)[0]], 1)
        unused = torch.cumsum(x, 1)
        return x * torch.sigmoid(self.conv(both)) if unused is not None else x


def test_what_stands_in_the_way_is_named_with_its_line() -> None:
    with pytest.raises(Unreadable, match="2 nodes") as wrong:
        read_module(Attention(), Shape((8, 8, 3)), "mine:Attention", "Attention")
    assert "test_torch_modules.py:" in str(wrong.value)
    assert "cumsum" not in str(wrong.value)


def test_what_torch_cannot_follow_is_told() -> None:
    class Branch(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x if x.sum() > 0 else -x

    with pytest.raises(UserError, match="cannot follow it with an input of 8x8x3"):
        read_module(Branch(), Shape((8, 8, 3)), "mine:Branch", "Branch")


class OneKernel(nn.Module):
    """A kernel used with two borders, so that the language, where a layer has one, cannot say it."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(functional.conv2d(x, self.conv.weight, padding=2))


def test_one_kernel_in_layers_that_differ_is_refused_by_name() -> None:
    with pytest.raises(Unsharable, match=r"`conv.*` and `conv.*` share weights but not their other arguments"):
        compared(OneKernel(), torch.randn(1, 3, 8, 8))


class Merged(nn.Module):
    """A map brought to the size of an earlier one, as in a feature pyramid."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.down = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 4, 3, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        near = functional.relu(self.conv(x))
        far = functional.relu(self.down(near))
        return near + functional.interpolate(far, size=near.shape[-2:], mode="bilinear")


@pytest.mark.parametrize("shape", [Shape((None, None, 3)), Shape((15, 16, 3))])
def test_a_size_is_that_of_a_value(shape: Shape) -> None:
    text = decompile(read_module(unsettled(Merged()), shape, "mine:Net", "Net")).text
    assert f"input {shape}" in text
    assert "upsample to=" in text
    assert "upsample to=15" not in text


class Halved(nn.Module):
    """The first half of the rows, however many there are."""

    def forward(self, x: Tensor) -> Tensor:
        return x[:, :, : x.shape[2] // 2]


FIXED = [
    (nn.Sequential(nn.Flatten(), nn.Linear(3 * 16 * 16, 2)), "does not take inputs of any size|cannot follow it"),
    (Halved(), "`crop` hangs on the size of the input"),
]


@pytest.mark.parametrize(("module", "told"), FIXED)
def test_what_hangs_on_the_size_of_an_open_input_is_refused(module: nn.Module, told: str) -> None:
    with pytest.raises(UserError, match=told):
        read_module(module, Shape((None, None, 3)), "mine:Net", "Net")
