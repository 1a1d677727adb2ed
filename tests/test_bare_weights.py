"""A weight that is all of its layer (`layer_scale`): its key is the path, in torch it hangs on the scope around it."""

from __future__ import annotations

import pickle

import torch
from cnnc.compiler.backends.onnx import build
from cnnc.compiler.patterns import matching
from cnnc.compiler.pipeline import compile_text
from cnnc.runtime.lowering.lower import lower
from cnnc.runtime.training.optimize import Fate, standing
from torch import nn

TEXT = """
model Net:
    input 4x4x3
    group as body:
        conv 3, 1x1 as "0"
        layer_scale 0.5 as gamma
    layer_scale 2 as "1"
    global_avgpool
    layer_scale 3
"""


def test_keys_and_shapes_are_those_of_a_bare_parameter() -> None:
    checked = compile_text(TEXT).checked
    shapes = {path: weight.shape for path, weight in checked.weights.items()}
    assert shapes == {
        "body.0.weight": (3, 3, 1, 1), "body.0.bias": (3,), "body.gamma": (3, 1, 1), "1": (3, 1, 1),
        "layer_scale1": (3,),
    }  # fmt: skip
    net = lower(checked, seed=0)
    assert {path: tuple(value.shape) for path, value in net.state_dict().items()} == shapes
    assert isinstance(net.body.gamma, nn.Parameter)
    assert [float(net.state_dict()[path].mean()) for path in ("body.gamma", "1", "layer_scale1")] == [0.5, 2, 3]


def test_it_multiplies_each_channel_before_and_after_a_pickle() -> None:
    net = lower(compile_text(TEXT).checked, seed=0)
    x = torch.randn(2, 3, 4, 4)
    expected = torch.nn.functional.conv2d(x, net.body["0"].weight, net.body["0"].bias).mean((2, 3)) * 0.5 * 2 * 3
    for module in (net, pickle.loads(pickle.dumps(net))):
        torch.testing.assert_close(module(x), expected)
    net(x).sum().backward()
    assert net.body.gamma.grad is not None


def test_recipes_count_it_among_the_vectors() -> None:
    """Weight decay leaves gains alone, whatever their shape: timm keeps the same numbers as (C,)."""
    checked = compile_text(TEXT).checked
    assert matching("vectors", checked) == ["body.0.bias", "body.gamma", "1", "layer_scale1"]
    assert matching("body.gamma", checked) == ["body.gamma"]


def test_frozen_it_does_not_stop_the_layers_beside_it() -> None:
    checked = compile_text(TEXT).checked
    net = lower(checked, seed=0)
    fate = {path: Fate(0.1, 0.0, freeze=not path.startswith("body.0")) for path in checked.weights}
    assert standing(net, fate) == []


def test_onnx_keeps_the_key() -> None:
    checked = compile_text(TEXT).checked
    weights = {path: value.numpy() for path, value in lower(checked, seed=0).state_dict().items()}
    made = build(checked, weights)
    assert {tensor.name for tensor in made.graph.initializer} >= set(checked.weights)
