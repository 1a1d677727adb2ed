"""What modules do in training alone comes with them: told by a second reading, and only where the first one agrees."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from cnnc.compiler.decompile import Network, decompile
from cnnc.compiler.shape import Shape
from cnnc.runtime.importing.program import read_module
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812
from torchvision.ops import StochasticDepth, drop_block2d

from cnnc.cli import main

Step = Callable[[Tensor], Tensor]


def by_uniform(x: Tensor) -> Tensor:
    """As in the code of Swin and ConvNeXt."""
    drawn = 0.8 + torch.rand((x.shape[0],) + (1,) * (x.ndim - 1), dtype=x.dtype)
    return x.div(0.8) * drawn.floor_()


def by_bernoulli(x: Tensor) -> Tensor:
    """As in timm."""
    drawn = x.new_empty((x.shape[0],) + (1,) * (x.ndim - 1)).bernoulli_(0.8)
    return x * drawn.div_(0.8)


def by_comparison(x: Tensor) -> Tensor:
    return x * (torch.rand(len(x), 1, 1, 1) < 0.8) / 0.8


def by_value(x: Tensor) -> Tensor:
    return x * (torch.rand_like(x) > 0.2).float() / 0.8


def by_channel(x: Tensor) -> Tensor:
    return x * torch.empty(len(x), x.shape[1], 1, 1).bernoulli_(0.8) * 1.25


class Training(nn.Module):
    """A step that is left out otherwise."""

    def __init__(self, step: Step) -> None:
        super().__init__()
        self.step = step

    def forward(self, x: Tensor) -> Tensor:
        return self.step(x) if self.training else x


class Residual(nn.Module):
    def __init__(self, drop: nn.Module) -> None:
        super().__init__()
        self.conv, self.drop = nn.Conv2d(3, 3, 3, padding=1), drop

    def forward(self, x: Tensor) -> Tensor:
        made: Tensor = self.drop(self.conv(x)) + x
        return made


def network(module: nn.Module, *shapes: Shape) -> Network:
    return read_module(module, [("", shape) for shape in shapes or (Shape((8, 8, 3)),)], "mine:Net", "Net")


def text(module: nn.Module) -> str:
    return decompile(network(module)).text


@pytest.mark.parametrize("step", [by_uniform, by_bernoulli, by_comparison])
def test_stochastic_depth_belongs_to_the_sum(step: Step) -> None:
    assert "residual drop=0.2: conv" in text(Residual(Training(step)))


def test_stochastic_depth_of_torchvision() -> None:
    assert "residual drop=0.2: conv" in text(Residual(StochasticDepth(0.2, "row")))


STEPS: list[tuple[str, Step]] = [
    ("dropout 0.2", by_value),
    ("spatial_dropout 0.2", by_channel),
    ("dropout 0.3", lambda x: F.dropout(x, 0.3)),
    ("gaussian_noise 0.1", lambda x: x + 0.1 * torch.randn_like(x)),
    ("gaussian_noise 1", lambda x: torch.randn(x.shape) + x),
    ("gaussian_dropout 0.2", lambda x: x * (1 + 0.5 * torch.randn_like(x))),
]


@pytest.mark.parametrize(("line", "step"), STEPS)
def test_steps_of_training(line: str, step: Step) -> None:
    read = network(nn.Sequential(nn.Conv2d(3, 4, 3), Training(step)))
    assert not read.remarks
    assert decompile(read).text.splitlines()[-1].endswith(f" -> {line}")


LEFT: list[tuple[str, Step]] = [
    ("it is another network", lambda x: x * 2),
    ("is left out: aten", lambda x: drop_block2d(x, 0.2, 3)),
    ("a mask of 1x1x1x1", lambda x: StochasticDepth(0.2, "batch")(x)),
]


@pytest.mark.parametrize(("told", "step"), LEFT)
def test_what_cannot_be_said_of_training_is_left_out_with_a_remark(told: str, step: Step) -> None:
    read = network(nn.Sequential(nn.Conv2d(3, 4, 3), Training(step)))
    assert decompile(read).text.endswith('    conv 4, 3x3 as "0"\n')
    (remark,) = read.remarks
    assert "`Training`" in remark
    assert told in remark


def test_the_module_is_as_it_was() -> None:
    module = Residual(Training(by_value))
    network(module)
    assert not any(m.training for m in module.modules())


class Coder(nn.Module):
    """A variational autoencoder, as in the examples of PyTorch."""

    def __init__(self, *, always: bool) -> None:
        super().__init__()
        self.mean, self.spread, self.out = nn.Linear(6, 2), nn.Linear(6, 2), nn.Linear(2, 6)
        self.always = always

    def drawn(self, mean: Tensor, logvar: Tensor) -> Tensor:
        if not (self.training or self.always):
            return mean
        std = torch.exp(0.5 * logvar)
        return torch.randn_like(std).mul(std).add_(mean)

    def forward(self, x: Tensor) -> Tensor:
        made: Tensor = self.out(self.drawn(self.mean(x), self.spread(x)))
        return made


def test_a_sample() -> None:
    read = network(Coder(always=False), Shape((6,)))
    assert "(mean, spread) -> sample_normal" in decompile(read).text
    assert not read.remarks


def test_a_sample_outside_of_training_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    read = network(Coder(always=True), Shape((6,)))
    assert "(mean, spread) -> sample_normal" in decompile(read).text
    (remark,) = read.remarks
    assert "test_torch_chance.py:" in remark
    assert main(["import", f"{__name__}:sampling", "--input", "6"]) == 0
    assert f"note: {remark}" in capsys.readouterr().err


def sampling() -> nn.Module:
    return Coder(always=True)


def test_a_deviation_of_its_own() -> None:
    def sampled(x: Tensor) -> Tensor:
        return x + torch.exp(x) * torch.randn_like(x)

    words = [node.op.word for node in decompile(network(Training(sampled))).checked.nodes]
    assert words == ["input", "scale", "sample_normal"]
