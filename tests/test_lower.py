"""The torch network: against torchvision with its weights copied by key, and the promises of `lower`."""

from __future__ import annotations

import copy
import pickle
import traceback
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torchvision
from cnnc.compiler.graph import Checked
from cnnc.compiler.pipeline import Options, compile_path, compile_text
from cnnc.compiler.shape import Shape
from cnnc.runtime.lower import lower
from cnnc.runtime.network import Network
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


def test_names_that_mean_something_to_torch_are_paths_all_the_same() -> None:
    net = lower(compiled(SMALL))
    assert set(net.state_dict()) == set(compiled(SMALL).weights)
    assert net["double"].weight.shape == (4, 8, 3, 3)
    assert net.double().conv1.weight.dtype == torch.float64


def test_generated_forward_reads_like_the_file() -> None:
    lines = [line.split("#")[0].strip() for line in lower(compiled(SMALL)).code.splitlines()]
    assert lines[:4] == ["def forward(self, input):", "x = self.conv1(input)", "del input", "x = self.bn1(x)"]
    assert "return x" in lines


BRANCHING = """
model Branching:
    input 8x8x4
    stem 4 as stem
    mixed as m
    add stem as "total"
    conv 4, 1x1 as "double"
    residual:
        conv 4, 1x1 -> relu

block stem(width):
    conv width, 3x3, pad=same -> batchnorm -> relu

block mixed:
    concat:
        branch: conv 2, 1x1 -> relu
        branch: conv 2, 3x3, pad=same -> relu
"""


def test_values_are_named_by_the_instances_they_leave() -> None:
    code = lower(compiled(BRANCHING)).code
    assert "stem = part.relu1(x)  # 8x8x4" in code
    assert "m_relu1 = part.relu1(x)" in code
    assert "x = torch.cat([m_relu1, x], 1)" in code
    assert "self.total(x, stem)" in code
    assert "self['double'](" in code


def test_a_network_prints_its_shapes_and_activations() -> None:
    text = str(lower(compiled(SMALL)))
    assert text.startswith("Small(\n  16x16x3 -> 10\n")
    assert "(conv2): FramedConv2d(8, 8, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1), act=relu)" in text


def test_a_mistake_shows_the_line_it_happens_in() -> None:
    with pytest.raises(RuntimeError) as wrong:
        lower(compiled(SMALL))(torch.zeros(1, 5, 16, 16))
    assert "x = self.conv1(input)  # 16x16x8" in "".join(traceback.format_exception(wrong.value))


def test_numbers_reach_into_scopes() -> None:
    net = lower(from_file("zoo:resnet18", 64))
    assert net.layer4[1] is net.layer4[-1] is list(net.layer4)[1]
    assert net.layer4[1].conv2 is net.get_submodule("layer4.1.conv2")


def test_hooks_run_at_every_layer_also_under_names_of_torchs() -> None:
    net = lower(compiled(BRANCHING)).eval()
    seen: dict[str, torch.Tensor] = {}
    for path in ("stem.conv1", "m.relu1", "total", "double"):
        net.get_submodule(path).register_forward_hook(lambda *made, path=path: seen.setdefault(path, made[2]))
    net(torch.randn(1, 4, 8, 8))
    assert {path: tuple(x.shape[1:]) for path, x in seen.items()} == {
        "stem.conv1": (4, 8, 8), "m.relu1": (2, 8, 8), "total": (4, 8, 8), "double": (4, 8, 8),
    }  # fmt: skip


def test_with_hooks_every_row_is_a_module_and_keeps_its_value() -> None:
    checked = compiled(BRANCHING)
    net, plain = lower(checked, hooks=True).eval(), lower(checked).eval()
    kept: dict[str, tuple[torch.Tensor, torch.Tensor]] = {}
    rows = [layer.node.path for layer in checked.layers if layer.node.path != "input"]
    for path in rows:
        net.get_submodule(path).register_forward_hook(
            lambda _module, _inputs, made, path=path: kept.update({path: (made, made.clone())})
        )
    x = torch.randn(1, 4, 8, 8)
    assert torch.equal(net(x), plain(x))
    assert set(kept) == set(rows)
    assert all(torch.equal(now, then) for now, then in kept.values())


def test_a_hook_where_nothing_runs_is_refused() -> None:
    net = lower(compiled(BRANCHING))
    with pytest.raises(TypeError, match="never run: this is no layer, but where these stand: conv1, bn1, relu1"):
        net.stem.register_forward_hook(print)
    net.register_forward_hook(lambda *made: None)


INSIDE = """
model Inside:
    input 6x6x2
    conv 2, 1x1 as a
    conv 2, 1x1 as "a.0"
    conv 2, 1x1 as "a.stride"
    conv 2, 1x1 as "a.0.train"
"""


def test_layers_may_lie_inside_of_layers() -> None:
    checked = compiled(INSIDE)
    net = lower(checked)
    assert set(net.state_dict()) == set(checked.weights)
    x = expected = torch.randn(1, 2, 6, 6)
    for path in ("a", "a.0", "a.stride", "a.0.train"):
        weights = (net.state_dict()[f"{path}.{name}"] for name in ("weight", "bias"))
        expected = nn.functional.conv2d(expected, *weights)
    assert torch.allclose(net(x), expected, atol=1e-6)


@pytest.mark.parametrize(("dtype", "tolerance"), [
    (torch.float64, 1e-6), (torch.float32, 1e-5), (torch.bfloat16, 0.05), (torch.float16, 0.01),
])  # fmt: skip
@pytest.mark.parametrize("order", [torch.contiguous_format, torch.channels_last])
def test_other_numbers_and_orders_in_memory(dtype: torch.dtype, tolerance: float, order: torch.memory_format) -> None:
    net = lower(compiled(SMALL), head="folded").eval()
    x = torch.randn(4, 3, 16, 16)
    with torch.no_grad():
        expected = net(x)
        other = copy.deepcopy(net).to(dtype).to(memory_format=order)  # type: ignore[call-overload]
        found = other(x.to(dtype).to(memory_format=order))
    assert found.dtype == dtype
    assert (found.float() - expected).abs().max() <= tolerance * expected.abs().max()


def test_exported_with_any_number_of_examples() -> None:
    """Not under every name: torch's exporter finds no module called `double`, `train` or so."""
    net = lower(compiled(SMALL.replace('"double"', '"two"'))).eval()
    batch = torch.export.Dim("batch", min=2)
    program = torch.export.export(net, (torch.randn(2, 3, 16, 16),), dynamic_shapes=(({0: batch},),))
    x = torch.randn(5, 3, 16, 16)
    assert torch.allclose(program.module()(x), net(x), atol=1e-6)
    assert set(program.state_dict) == set(net.state_dict())


def test_pickled_and_copied_networks_compute_the_same() -> None:
    net = lower(compiled(SMALL)).eval()
    x = torch.randn(2, 3, 16, 16)
    for other in (pickle.loads(pickle.dumps(net)), copy.deepcopy(net)):
        assert isinstance(other, Network)
        assert torch.equal(other(x), net(x))
        assert other.output_names == net.output_names


def test_parts_can_be_exchanged() -> None:
    net = lower(compiled(SMALL), head="folded").eval()
    net.dense1 = nn.Linear(net.dense1.in_features, 3)
    assert net(torch.randn(2, 3, 16, 16)).shape == (2, 3)


def test_compiles_without_a_break() -> None:
    net = lower(compiled(SMALL)).eval()
    x = torch.randn(2, 3, 16, 16)
    run = torch.compile(net, fullgraph=True, backend="aot_eager")
    assert torch.allclose(run(x), net(x), atol=1e-6)


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
        patch.setattr("cnnc.runtime.lower.FRESH", frozenset())
        patch.setattr("cnnc.runtime.lower.OVERWRITING", {})
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
    from cnnc.runtime.flattened import reordered

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
