"""How weights begin: Keras's own draws by their statistics, and what must hold exactly."""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from typing import Any

import numpy as np
import pytest
import torch
from cnnc.compiler.ops import initializers as begin
from cnnc.compiler.ops.base import INITIALIZERS, Initializer, Weight
from cnnc.compiler.pipeline import compile_text
from cnnc.runtime.lowering import initialize
from cnnc.runtime.lowering.initialize import stream
from cnnc.runtime.lowering.lower import lower


def draw(init: Initializer, weight: Weight, source: np.random.Generator) -> torch.Tensor:
    return torch.from_numpy(initialize.draw(init, weight, source))


# a kernel of 3x3 from 60 to 100 channels, as torch and as Keras lay it out
OURS, THEIRS = (100, 60, 3, 3), (3, 3, 60, 100)
KERNEL = Weight(OURS, fans=(540, 900))

PAIRS: list[tuple[Initializer, Callable[[Any], Any]]] = [
    (begin.Normal(std=0.3, mean=0.1), lambda i: i.RandomNormal(0.1, 0.3)),
    (begin.Normal(), lambda i: i.RandomNormal()),
    (begin.TruncatedNormal(std=0.3, mean=0.1), lambda i: i.TruncatedNormal(0.1, 0.3)),
    (begin.TruncatedNormal(), lambda i: i.TruncatedNormal()),
    (begin.Uniform(low=-1.0, high=3.0), lambda i: i.RandomUniform(-1, 3)),
    (begin.Uniform(), lambda i: i.RandomUniform()),
    (begin.GlorotUniform(), lambda i: i.GlorotUniform()),
    (begin.GlorotNormal(), lambda i: i.GlorotNormal()),
    (begin.HeUniform(), lambda i: i.HeUniform()),
    (begin.HeNormal(), lambda i: i.HeNormal()),
    (begin.LecunUniform(), lambda i: i.LecunUniform()),
    (begin.LecunNormal(), lambda i: i.LecunNormal()),
    (begin.VarianceScaling(), lambda i: i.VarianceScaling()),
    (begin.VarianceScaling(scale=2.0, mode="fan_out"), lambda i: i.VarianceScaling(2.0, "fan_out")),
    (begin.VarianceScaling(scale=2.0, mode="fan_avg", distribution="normal"),
     lambda i: i.VarianceScaling(2.0, "fan_avg", "untruncated_normal")),
    (begin.VarianceScaling(scale=1 / 3, mode="fan_out", distribution="uniform"),
     lambda i: i.VarianceScaling(1 / 3, "fan_out", "uniform")),
    (begin.Orthogonal(gain=2.0), lambda i: i.Orthogonal(2.0)),
    (begin.Zeros(), lambda i: i.Zeros()),
    (begin.Ones(), lambda i: i.Ones()),
    (begin.Constant(value=0.7), lambda i: i.Constant(0.7)),
]  # fmt: skip


@pytest.mark.parametrize(("ours", "theirs"), PAIRS, ids=[f"{p[0].word}-{n}" for n, p in enumerate(PAIRS)])
def test_draws_have_the_statistics_of_keras(ours: Initializer, theirs: Callable[[Any], Any]) -> None:
    import keras

    keras.utils.set_random_seed(0)  # the outermost quantiles of unlucky draws lie beyond the tolerance
    x = draw(ours, KERNEL, stream(0, "kernel")).double().numpy()
    y = np.asarray(theirs(keras.initializers)(THEIRS), np.float64)
    assert x.shape == OURS
    spread = y.std()
    assert x.mean() == pytest.approx(y.mean(), abs=0.02 * spread + 1e-6)
    assert x.std() == pytest.approx(spread, rel=0.02, abs=1e-6)
    quantiles = [0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99]
    np.testing.assert_allclose(np.quantile(x, quantiles), np.quantile(y, quantiles), atol=0.06 * spread + 1e-6)


@pytest.mark.parametrize("word", ["truncated_normal", "glorot_normal", "he_normal", "lecun_normal"])
def test_truncated_draws_end_at_two_deviations(word: str) -> None:
    x = draw(INITIALIZERS[word](), Weight((1000, 500), fans=(500, 1000)), stream(0, "w"))
    deviation = float(x.std()) / 0.87962566
    assert float(x.abs().max()) == pytest.approx(2 * deviation, rel=0.01)


@pytest.mark.parametrize(("word", "limit"), [
    ("glorot_uniform", sqrt(6 / (540 + 900))), ("he_uniform", sqrt(6 / 540)), ("lecun_uniform", sqrt(3 / 540)),
])  # fmt: skip
def test_uniform_draws_fill_their_range(word: str, limit: float) -> None:
    x = draw(INITIALIZERS[word](), KERNEL, stream(0, "w"))
    assert float(x.max()) == pytest.approx(limit, rel=1e-3)
    assert float(x.min()) == pytest.approx(-limit, rel=1e-3)


@pytest.mark.parametrize("shape", [(20, 30), (30, 20), (8, 3, 3, 3), (40, 3, 3, 3)])
def test_orthogonal_rows_or_columns(shape: tuple[int, ...]) -> None:
    x = draw(begin.Orthogonal(gain=3.0), Weight(shape), stream(1, "w")).flatten(1)
    product = x @ x.T if x.shape[0] <= x.shape[1] else x.T @ x
    torch.testing.assert_close(product, 9 * torch.eye(len(product)), atol=1e-4, rtol=0)


def test_signs_are_even() -> None:
    x = draw(begin.Signs(), Weight((100, 100)), stream(0, "w"))
    assert set(x.unique().tolist()) == {-1.0, 1.0}
    assert abs(float(x.mean())) < 0.05


def test_given_numbers_are_repeated_over_axes_of_one() -> None:
    x = draw(begin.Given(values=(((1.0, 2.0),),)), Weight((3, 4, 2)), stream(0, "w"))
    assert x.shape == (3, 4, 2)
    assert x[2, 3].tolist() == [1.0, 2.0]


TEXT = """
model M:
    input 6x6x3
    conv 8, 3x3 -> batchnorm -> prelu 0.25
    conv 4, 3x3, weight_norm=true
    flatten -> dense 5, init=zeros, bias_init=constant(0.5)
"""


def test_defaults_are_those_of_keras() -> None:
    state = lower(compile_text(TEXT).checked, seed=3).state_dict()
    assert float(state["conv1.weight"].abs().max()) == pytest.approx(sqrt(6 / (27 + 72)), rel=0.05)
    assert not state["conv1.bias"].any()
    assert state["bn1.weight"].eq(1).all()
    assert state["bn1.running_var"].eq(1).all()
    assert not state["bn1.bias"].any()
    assert state["prelu1.weight"].eq(0.25).all()
    assert not state["dense1.weight"].any()
    assert state["dense1.bias"].eq(0.5).all()


def test_weight_normalisation_begins_where_the_plain_kernel_would() -> None:
    state = lower(compile_text(TEXT).checked, seed=3).state_dict()
    direction = state["conv2.weight_v"]
    norm = direction.square().sum((1, 2, 3), keepdim=True).sqrt()
    torch.testing.assert_close(state["conv2.weight_g"], norm)


def test_a_seed_gives_the_same_numbers_and_another_seed_others() -> None:
    checked = compile_text(TEXT).checked
    one, same, other = (lower(checked, seed=n).state_dict()["conv1.weight"] for n in (1, 1, 2))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_a_weight_begins_alike_whatever_else_the_network_holds() -> None:
    more = TEXT.replace("    flatten", "    conv 9, 1x1\n    flatten")
    one, two = (lower(compile_text(text).checked, seed=1).state_dict() for text in (TEXT, more))
    assert torch.equal(one["conv1.weight"], two["conv1.weight"])


def test_drawing_leaves_the_generators_of_torch_alone() -> None:
    checked = compile_text(TEXT).checked
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    lower(checked, seed=1)
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("shape", [(6, 6, 3), (6, 6, 3, 3), (6, 6, 1, 3, 5)])
def test_identity_is_that_of_torch(shape: tuple[int, ...]) -> None:
    expected = torch.nn.init.dirac_(torch.empty(shape))
    assert torch.equal(draw(begin.Identity(), Weight(shape), stream(0, "w")), expected)


def test_identity_deals_out_and_gathers() -> None:
    """Yu and Koltun's equation 5: 2 channels to 4 are halves of each twice, back they are summed."""
    wider = draw(begin.Identity(), Weight((4, 2, 1, 1)), stream(0, "w"))[..., 0, 0]
    assert wider.tolist() == [[0.5, 0], [0.5, 0], [0, 0.5], [0, 0.5]]
    narrower = draw(begin.Identity(), Weight((2, 4, 1, 1)), stream(0, "w"))[..., 0, 0]
    assert narrower.tolist() == [[1, 1, 0, 0], [0, 0, 1, 1]]


@pytest.mark.parametrize(("factor", "window"), [(2, 4), (8, 16), (3, 5)])
def test_bilinear_enlarges_as_interpolation_does(factor: int, window: int) -> None:
    """Away from the border, a transposed convolution so begun is torch's bilinear interpolation."""
    weight = draw(begin.Bilinear(), Weight((2, 2, window, window)), stream(0, "w"))
    x = torch.rand(1, 2, 6, 6)
    border = (window - factor) // 2
    found = torch.nn.functional.conv_transpose2d(x, weight, stride=factor, padding=border)
    expected = torch.nn.functional.interpolate(x, scale_factor=factor, mode="bilinear")
    inner = slice(factor, -factor)
    torch.testing.assert_close(found[..., inner, inner], expected[..., inner, inner])
