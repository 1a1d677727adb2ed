"""The torch network: against torchvision with its weights copied by key, and the promises of `lower`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torchvision
from cnnc.compiler.graph import Checked
from cnnc.compiler.pipeline import Options, compile_path, compile_text
from cnnc.compiler.shape import Shape
from cnnc.runtime.lowering.lower import lower
from cnnc.runtime.weights import load, save
from hypothesis import given, settings
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from .chance import networks

SMALL = """
model Small(classes=10):
    input 16x16x3
    conv 8, 3x3, pad=same -> batchnorm -> relu
    residual:
        conv 8, 3x3, pad=same, act=relu -> conv 8, 3x3, pad=same -> batchnorm
    relu -> dropout 0.5
    conv 4, 3x3, stride=2, act=relu as "double"
    flatten -> dense classes -> softmax
"""


def compiled(text: str, **params: Any) -> Checked:
    return compile_text(text, options=Options(params=params)).checked


def from_file(name: str, size: int | None = None) -> Checked:
    inputs = {} if size is None else {"": Shape((size, size, 3))}
    return compile_path(name, Options(inputs=inputs)).checked


def reference(name: str) -> nn.Module:
    """torchvision's network with running statistics that are not trivial, in evaluation mode."""
    torch.manual_seed(0)
    options = {"init_weights": True} if name == "googlenet" else {}
    net = getattr(torchvision.models, name)(**options)
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.running_mean, 0, 0.1)
            nn.init.uniform_(module.running_var, 0.8, 1.2)
    return net.eval()  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("name", "file", "size"),
    [
        ("resnet18", "zoo:resnet18", 64),
        ("resnet34", "zoo:resnet34", 64),
        ("resnet50", "zoo:resnet50", 64),
        ("alexnet", "zoo:alexnet", None),
        ("googlenet", "zoo:googlenet", 128),
        ("vgg11_bn", "zoo:vgg11_bn", None),
    ],
)
def test_torchvision_weights_give_torchvision_values(name: str, file: str, size: int | None, tmp_path: Path) -> None:
    theirs, checked = reference(name), from_file(file, size)
    state = {k: v for k, v in theirs.state_dict().items() if not k.endswith("num_batches_tracked")}
    net = lower(checked, seed=None, head="folded")
    assert {k: v.shape for k, v in net.state_dict().items()} == {k: v.shape for k, v in state.items()}
    torch.save(theirs.state_dict(), tmp_path / "theirs.pth")
    arrays = load(checked, tmp_path / "theirs.pth", "channels_first")
    net.load_state_dict({k: torch.from_numpy(v) for k, v in arrays.items()})
    x = torch.randn(2, 3, size or 224, size or 224)
    with torch.no_grad():
        found, expected = net.eval()(x), theirs(x)
    first = found[0] if isinstance(found, tuple) else found
    assert (first - expected).abs().max() <= 1e-5 * expected.abs().max()


def test_macs_are_half_of_the_flops_torch_counts() -> None:
    checked = from_file("zoo:resnet18", 64)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        torchvision.models.resnet18().eval()(torch.zeros(1, 3, 64, 64))
    assert checked.macs == counter.get_total_flops() // 2


def test_gradients_are_those_of_the_network_written_by_hand() -> None:
    """The generated forward writes over values it no longer needs; no gradient may change by that."""
    net = lower(compiled(SMALL), head="folded").eval()
    x = torch.randn(2, 3, 16, 16)

    def by_hand(x: torch.Tensor) -> torch.Tensor:
        a = torch.relu(net.bn1(net.conv1(x)))
        inner = torch.relu(nn.functional.conv2d(a, net.conv2.weight, net.conv2.bias, padding=1))
        b = torch.relu(a + net.bn2(net.conv3(inner)))
        c = torch.relu(nn.functional.conv2d(b, net["double"].weight, net["double"].bias, stride=2))
        return net.dense1(c.permute(0, 2, 3, 1).flatten(1))  # type: ignore[no-any-return]

    def gradients(run: Any) -> list[torch.Tensor]:
        net.zero_grad()
        run(x).square().sum().backward()
        return [p.grad.clone() for p in net.parameters() if p.grad is not None]

    ours, theirs = gradients(net), gradients(by_hand)
    assert len(ours) == len(theirs) == len(list(net.parameters()))
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(networks())
def test_writing_over_values_changes_no_gradient(text: str) -> None:
    checked = compiled(text)

    def gradients() -> list[torch.Tensor]:
        net = lower(checked, seed=1).eval()
        torch.manual_seed(0)
        net(torch.randn(2, 4, *checked.inputs[0].facts.output.spatial))[:, 0].sum().backward()
        return [p.grad for p in net.parameters() if p.grad is not None]

    with_overwriting = gradients()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cnnc.runtime.lowering.lower.FRESH", frozenset())
        patch.setattr("cnnc.runtime.lowering.lower.OVERWRITING", {})
        without = gradients()
    for a, b in zip(with_overwriting, without, strict=True):
        torch.testing.assert_close(a, b)


def test_the_input_is_left_as_it_was() -> None:
    net = lower(compiled("model A:\n    input 4x4x2\n    relu -> global_avgpool\n"))
    x = torch.randn(1, 2, 4, 4)
    before = x.clone()
    net(x)
    assert torch.equal(x, before)


def test_a_seed_gives_the_same_weights_and_leaves_torchs_generator_alone() -> None:
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    first, again, other = (lower(compiled(SMALL), seed=seed).state_dict() for seed in (1, 1, 2))
    assert torch.equal(torch.rand(3), expected)
    assert all(torch.equal(first[k], again[k]) for k in first)
    assert not torch.equal(first["conv1.weight"], other["conv1.weight"])


@pytest.mark.parametrize("end", ["dense 5 -> softmax", "dense 5, act=softmax"])
def test_a_folded_head_gives_logits(end: str) -> None:
    checked = compiled(f"model A:\n    input 6\n    {end}\n")
    kept, folded = lower(checked), lower(checked, head="folded")
    assert (kept.folded, folded.folded) == ((None,), ("softmax",))
    x = torch.randn(4, 6)
    assert torch.allclose(folded(x).softmax(1), kept(x), atol=1e-6)
    assert torch.allclose(folded(x), x @ kept.dense1.weight.T + kept.dense1.bias, atol=1e-6)


def test_a_folded_head_that_is_also_used_elsewhere_is_computed_there() -> None:
    checked = compiled(
        "model A:\n    input 6\n    dense 5, act=sigmoid as gate\n    dense 2 as main\n    output gate, main\n"
    )
    kept, folded = lower(checked), lower(checked, head="folded")
    assert folded.folded == ("sigmoid", None)
    x = torch.randn(4, 6)
    for ours, theirs in zip((folded(x)[0].sigmoid(), folded(x)[1]), kept(x), strict=True):
        assert torch.allclose(ours, theirs, atol=1e-6)


def test_a_shared_layer_is_one_module() -> None:
    checked = compiled(
        "model A:\n"
        "    share head = conv 4, 3x3, pad=same, stride=2\n"
        "    a = input 8x8x3\n    b = input 5x5x3\n"
        "    p = a -> head -> global_avgpool\n    q = b -> head -> global_avgpool\n    output p, q\n"
    )
    net = lower(checked)
    assert set(net.state_dict()) == set(checked.weights) == {"head.weight", "head.bias"}
    a, b = torch.randn(1, 3, 8, 8), torch.randn(1, 3, 5, 5)
    weight, bias = net.head.weight, net.head.bias
    # TensorFlow's border: 8 with stride 2 is padded by 0 and 1, 5 by 1 and 1
    expected = [
        nn.functional.conv2d(nn.functional.pad(a, (0, 1, 0, 1)), weight, bias, stride=2).mean((2, 3)),
        nn.functional.conv2d(nn.functional.pad(b, (1, 1, 1, 1)), weight, bias, stride=2).mean((2, 3)),
    ]
    for ours, theirs in zip(net(a, b), expected, strict=True):
        assert torch.allclose(ours, theirs, atol=1e-6)


def test_inputs_and_outputs_have_names() -> None:
    net = lower(
        compiled(
            "model A:\n    a = input 3\n    b = input 3\n    s = (a, b) -> add\n    p = s -> dense 2\n    output s, p\n"
        )
    )
    assert net.input_names == ("a", "b")
    assert net.output_names == ("s", "p")
    a, b = torch.ones(1, 3), torch.ones(1, 3)
    assert torch.equal(net(b=b, a=a)[0], a + b)


def test_flattened_weights_are_permuted_and_back() -> None:
    from cnnc.runtime.lowering.flattened import reordered

    checked = compiled("model A:\n    input 4x5x3\n    flatten -> dropout 0.1 -> dense 7 -> dense 7\n")
    (path,) = orders = reordered(checked)
    assert path == "dense1.weight"
    theirs = np.arange(7 * 60, dtype=np.float32).reshape(7, 60)
    ours = orders[path].to_channels_last(theirs)
    x = np.random.default_rng(0).normal(size=(4, 5, 3))
    np.testing.assert_allclose(ours @ x.reshape(-1), theirs @ np.moveaxis(x, -1, 0).reshape(-1))
    np.testing.assert_array_equal(orders[path].to_channels_first(ours), theirs)


def test_weights_survive_the_disk(tmp_path: Path) -> None:
    checked = compiled(SMALL)
    state = lower(checked, seed=3).state_dict()
    save(tmp_path / "w.safetensors", state)
    found = load(checked, tmp_path / "w.safetensors")
    assert list(found) == list(checked.weights)
    assert all(np.array_equal(found[k], state[k].numpy()) for k in state)
    assert [p.name for p in tmp_path.iterdir()] == ["w.safetensors"]
