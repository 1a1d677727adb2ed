"""Statements of lectures that are numbers: run through the torch network and through ONNX Runtime."""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from cnnc.compiler.backends.onnx import build
from cnnc.compiler.graph import Checked
from cnnc.compiler.pipeline import compile_text
from cnnc.runtime.lowering.export import drawn
from cnnc.runtime.lowering.lower import lower

from .claims import network

Picture = Any


def by_torch(checked: Checked, x: Picture) -> Picture:
    with torch.no_grad():
        return lower(checked, seed=0).eval()(torch.from_numpy(x)).numpy()


def by_onnx(checked: Checked, x: Picture) -> Picture:
    data = build(checked, drawn(checked)).SerializeToString()
    run = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    return run.run(None, {run.get_inputs()[0].name: x})[0]


def gray(rows: list[list[float]]) -> Picture:
    """One example of one channel, channels first."""
    return np.asarray(rows, np.float32)[None, None]


RUNS = pytest.mark.parametrize("run", [by_torch, by_onnx])

CURVE = [
    [0, 0, 0, 0, 0, 0, 30], [0, 0, 0, 0, 50, 50, 50], [0, 0, 0, 20, 50, 0, 0], [0, 0, 0, 50, 50, 0, 0],
    [0, 0, 0, 50, 50, 0, 0], [0, 0, 0, 50, 50, 0, 0], [0, 0, 0, 50, 50, 0, 0],
]  # fmt: skip
ELSEWHERE = [
    [0, 0, 0, 0, 0, 0, 0], [0, 40, 0, 0, 0, 0, 0], [40, 0, 40, 0, 0, 0, 0], [40, 20, 0, 0, 0, 0, 0],
    [0, 50, 0, 0, 0, 0, 0], [0, 0, 50, 0, 0, 0, 0], [25, 25, 0, 50, 0, 0, 0],
]  # fmt: skip


@RUNS
def test_the_curve_detector_gives_6600_and_0(run: Any) -> None:
    """50 * 30 four times and 20 * 30 once: 6,600; no 30 meets a number elsewhere."""
    checked = network("01_filters:Curve")
    assert run(checked, gray(CURVE)).ravel().tolist() == [6600]
    assert run(checked, gray(ELSEWHERE)).ravel().tolist() == [0]


CROSSED = [[1, 1, 1, 0, 0], [0, 1, 1, 1, 0], [0, 0, 1, 1, 1], [0, 0, 1, 1, 0], [0, 1, 1, 0, 0]]


@RUNS
def test_the_x_shaped_kernel_gives_4_first(run: Any) -> None:
    made = run(network("01_filters:Cross"), gray(CROSSED))[0, 0]
    assert made.tolist() == [[4, 3, 4], [2, 4, 3], [2, 3, 4]]


@RUNS
def test_sobel_answers_to_edges_of_its_direction(run: Any) -> None:
    """An edge from 1 to 0 along a row: Gx is 1 + 2 + 1 = 4 beside it, Gy nothing; turned, the other way round."""
    edge = gray([[1, 1, 1, 0, 0, 0]] * 6)
    made = run(network("01_filters:Sobel"), edge)[0]
    assert made[0].tolist() == [[0, 4, 4, 0]] * 4
    assert np.all(made[1] == 0)
    turned = run(network("01_filters:Sobel"), np.ascontiguousarray(edge.transpose(0, 1, 3, 2)))[0]
    assert turned[1].tolist() == [[0] * 4, [4] * 4, [4] * 4, [0] * 4]
    assert np.all(turned[0] == 0)


@RUNS
def test_sharpening_leaves_flat_parts(run: Any) -> None:
    flat = np.full((1, 3, 5, 5), 7, np.float32)
    assert np.all(run(network("01_filters:Sharpen"), flat)[:, :, 1:-1, 1:-1] == 7)


def moved(one: Checked, many: Checked, weights: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Dense weights as those of the convolutions in their place; `flatten` runs height, width, channels."""
    found = {}
    for path, target in zip(one.weights, many.weights, strict=True):
        value = weights[path]
        if path == "dense1.weight":
            value = value.reshape(400, 5, 5, 16).permute(0, 3, 1, 2)
        found[target] = value.reshape(many.weights[target].shape)
    return found


def test_a_sliding_classifier_gives_the_answers_of_its_windows() -> None:
    """Each place of the result is the answer for the window of 14x14 above it, two places from the next."""
    one, many = network("18_detection:Classifier"), network("18_detection:Sliding")
    net, wide = lower(one, seed=0).eval(), lower(many, seed=1).eval()
    wide.load_state_dict(moved(one, many, net.state_dict()))
    picture = torch.randn(1, 3, 28, 28, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        answers = wide(picture)
        assert answers.shape == (1, 4, 8, 8)
        for row, column in ((0, 0), (3, 5), (7, 7)):
            window = picture[:, :, 2 * row : 2 * row + 14, 2 * column : 2 * column + 14]
            torch.testing.assert_close(answers[:, :, row, column], net(window), rtol=1e-4, atol=1e-6)


def slopes(act: str) -> torch.Tensor:
    """The derivative of an activation on a grid around 0."""
    net = lower(compile_text(f"model Net:\n    input 2001\n    {act}\n").checked)
    x = torch.linspace(-10, 10, 2001).reshape(1, -1).requires_grad_()
    net(x).sum().backward()
    assert x.grad is not None
    return x.grad[0]


def test_the_derivative_of_the_sigmoid_is_at_most_a_quarter() -> None:
    found = slopes("sigmoid")
    assert found.max().item() == pytest.approx(0.25, abs=1e-6)
    assert int(found.argmax()) == 1000


def test_relu_lets_gradients_pass_whole_or_not_at_all() -> None:
    assert set(slopes("relu").tolist()) == {0.0, 1.0}


@RUNS
def test_softmax_is_exponentials_over_their_sum(run: Any) -> None:
    checked = compile_text("model Net:\n    input 3\n    softmax\n").checked
    z = np.asarray([[1.0, -2.0, 0.5]], np.float32)
    np.testing.assert_allclose(run(checked, z), np.exp(z) / np.exp(z).sum(), rtol=1e-6)


@pytest.mark.parametrize(("init", "variance"), [("glorot_normal", 2 / (576 + 1152)), ("he_normal", 2 / 576)])
def test_kernels_begin_with_the_variance_of_their_fans(init: str, variance: float) -> None:
    """A slide has sigma = 1 / n: that is the variance, up to a factor, and not the deviation."""
    checked = compile_text(f"model Net:\n    input 9x9x64\n    conv 128, 3x3, init={init}\n").checked
    kernel = lower(checked, seed=1).state_dict()["conv1.weight"]
    assert kernel.mean().item() == pytest.approx(0, abs=5 * sqrt(variance / kernel.numel()))
    assert kernel.var().item() == pytest.approx(variance, rel=0.05)


def test_a_transposed_convolution_is_the_transposed_matrix_and_no_inverse() -> None:
    """The columns of the matrix of `conv 1, 3` over 6 are its answers to unit vectors."""
    down = lower(compile_text("model Net:\n    input 6x1\n    conv 1, 3, bias=false\n").checked, seed=0)
    up = lower(compile_text("model Net:\n    input 4x1\n    conv_transpose 1, 3, bias=false\n").checked, seed=0)
    kernel = torch.tensor([[[1.0, 2.0, 3.0]]])
    down.load_state_dict({"conv1.weight": kernel})
    up.load_state_dict({next(iter(up.state_dict())): kernel})
    with torch.no_grad():
        matrix = down(torch.eye(6).reshape(6, 1, 6)).reshape(6, 4).T
        back = up(torch.eye(4).reshape(4, 1, 4)).reshape(4, 6).T
    assert matrix.shape == (4, 6)
    assert torch.equal(back, matrix.T)
    assert not torch.allclose(matrix @ back, torch.eye(4))


HEAD = "model Net:\n    input 14x14x256\n    global_avgpool\n    dense 10, bias=false -> softmax\n"


def test_global_pooling_and_a_dense_layer_are_the_mean_of_the_class_maps() -> None:
    """CAM = sum over k of w_k * f_k: its mean is the score of the class."""
    checked = network("10_global_pooling:ClassActivation")
    net = lower(checked, seed=0).eval()
    x = torch.randn(1, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    maps: list[torch.Tensor] = []
    net.get_submodule("maxpool4").register_forward_hook(lambda module, given, made: maps.append(made))
    head = lower(compile_text(HEAD).checked).eval()
    head.load_state_dict({"dense1.weight": net.state_dict()["weights.weight"][:, :, 0, 0]})
    with torch.no_grad():
        answer, cam = net(x)
        torch.testing.assert_close(answer, head(maps[0]), rtol=1e-4, atol=1e-6)
    assert cam.shape == (1, 10, 224, 224)
