"""What layers do in training only: noise by its statistics, running statistics by torch's own layer and by hand."""

from __future__ import annotations

import pytest
import torch
from cnnc.compiler.pipeline import compile_text
from cnnc.runtime.lowering.lower import lower
from torch import Tensor, nn

EXAMPLES = 400


def network(shape: str, *lines: str) -> nn.Module:
    """In training mode; `shape` is that of the input."""
    body = "".join(f"    {line}\n" for line in (f"input {shape}", *lines))
    return lower(compile_text(f"model M:\n{body}").checked).train()


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(7)


def ones(*shape: int) -> Tensor:
    return torch.ones(EXAMPLES, *shape)


def share(kept: Tensor) -> float:
    return float(kept.float().mean())


def test_dropout_drops_a_share_of_the_values_and_keeps_the_mean() -> None:
    y = network("8x8x4", "dropout 0.3")(ones(4, 8, 8))
    assert share(y == 0) == pytest.approx(0.3, abs=0.01)
    assert y[y != 0] == pytest.approx(1 / 0.7)


def test_spatial_dropout_drops_whole_channels() -> None:
    y = network("8x8x10", "spatial_dropout 0.3")(ones(10, 8, 8))
    dropped = (y == 0).flatten(2)
    assert torch.equal(dropped.all(2), dropped.any(2))
    assert share(dropped.all(2)) == pytest.approx(0.3, abs=0.03)
    assert y[y != 0] == pytest.approx(1 / 0.7)


@pytest.mark.parametrize(("shape", "sizes"), [("9x6", (6, 9)), ("2x3x4x6", (6, 2, 3, 4))])
def test_spatial_dropout_in_one_and_three_dimensions(shape: str, sizes: tuple[int, ...]) -> None:
    dropped = (network(shape, "spatial_dropout 0.5")(ones(*sizes)) == 0).flatten(2)
    assert torch.equal(dropped.all(2), dropped.any(2))
    assert share(dropped) == pytest.approx(0.5, abs=0.05)


def test_drop_path_drops_whole_examples() -> None:
    y = network("4x4x3", "drop_path 0.3")(ones(3, 4, 4))
    dropped = (y == 0).flatten(1)
    assert torch.equal(dropped.all(1), dropped.any(1))
    assert share(dropped.all(1)) == pytest.approx(0.3, abs=0.07)
    assert y[y != 0] == pytest.approx(1 / 0.7)


def test_the_drop_of_a_sum_leaves_its_first_operand_alone() -> None:
    y = network("4x4x3", "b = input -> scale 10", "add b, drop=0.3")(ones(3, 4, 4)).flatten(1)
    dropped = (y == 1).all(1)
    assert share(dropped) == pytest.approx(0.3, abs=0.07)
    assert y[~dropped] == pytest.approx(1 + 10 / 0.7)


def test_a_residual_with_drop_leaves_its_shortcut_alone() -> None:
    y = network("4x4x3", "residual drop=0.3: scale 10")(ones(3, 4, 4)).flatten(1)
    dropped = (y == 1).all(1)
    assert share(dropped) == pytest.approx(0.3, abs=0.07)
    assert y[~dropped] == pytest.approx(1 + 10 / 0.7)


def test_alpha_dropout_keeps_mean_and_variance() -> None:
    x = torch.randn(EXAMPLES, 200)
    y = network("200", "alpha_dropout 0.2")(x)
    assert float(y.mean()) == pytest.approx(0, abs=0.02)
    assert float(y.std()) == pytest.approx(1, abs=0.02)
    assert not torch.equal(x, y)


def test_gaussian_dropout_multiplies_by_noise_of_variance_p_over_one_minus_p() -> None:
    y = network("200", "gaussian_dropout 0.2")(2 * ones(200))
    assert float(y.mean()) == pytest.approx(2, abs=0.02)
    assert float(y.var()) == pytest.approx(4 * 0.25, abs=0.02)


def test_gaussian_noise_adds_noise_of_its_deviation() -> None:
    y = network("200", "gaussian_noise 0.3")(2 * ones(200))
    assert float(y.mean()) == pytest.approx(2, abs=0.01)
    assert float(y.std()) == pytest.approx(0.3, abs=0.01)


def test_a_sample_of_the_normal_distribution_has_its_mean_and_variance() -> None:
    net = network(
        "100", "mean = input -> scale 3", "logvar = input -> scale 0.5", "z = mean -> sample_normal logvar", "output z"
    )
    z = net(ones(100))
    assert float(z.mean()) == pytest.approx(3, abs=0.03)
    assert float(z.var()) == pytest.approx(2.718281828**0.5, abs=0.05)


def test_no_gradient_flows_through_stop_gradient() -> None:
    x = torch.ones(1, 3, requires_grad=True)
    y = network("3", "b = input -> square -> stop_gradient", "multiply b")(x)
    y.sum().backward()
    assert torch.equal(x.grad, torch.ones(1, 3))


@pytest.mark.parametrize("arguments", ["", "scale=false", "center=false", "scale=false, center=false"])
def test_batch_normalisation_learns_as_torch_does(arguments: str) -> None:
    net = network("5x4x3", f"batchnorm momentum=0.8, eps=1e-3, {arguments}".rstrip(", "))
    theirs = nn.BatchNorm2d(3, eps=1e-3, momentum=0.2)
    x = torch.randn(6, 3, 5, 4, requires_grad=True)
    z = x.detach().clone().requires_grad_()
    for _ in range(2):
        (net(x) ** 3).sum().backward()
        (theirs(z) ** 3).sum().backward()
    torch.testing.assert_close(x.grad, z.grad, rtol=1e-4, atol=1e-4)
    state = net.state_dict()
    assert {k.partition(".")[2] for k in state} <= {"weight", "bias", "running_mean", "running_var"}
    for name in ("running_mean", "running_var"):
        torch.testing.assert_close(state[f"bn1.{name}"], theirs.state_dict()[name])


def test_the_momentum_of_batch_normalisation_is_the_share_that_is_kept() -> None:
    net = network("1", "batchnorm momentum=0.9")
    net(torch.tensor([[10.0], [10.0]]))
    assert float(net.state_dict()["bn1.running_mean"]) == pytest.approx(0.9 * 0 + 0.1 * 10)


def test_a_window_of_zeros_has_no_slope_in_l2pool() -> None:
    x = torch.zeros(2, 3, 4, 4, requires_grad=True)
    network("4x4x3", "l2pool 2")(x).sum().backward()
    assert x.grad is not None
    assert not x.grad.any()
