"""A lowered network is a module of torch like others: it reads, prints, takes hooks, is copied and compiled."""

from __future__ import annotations

import copy
import pickle
import traceback

import pytest
import torch
from cnnc.runtime.lowering.lower import lower
from cnnc.runtime.lowering.network import Network
from torch import nn

from .test_lower import SMALL, compiled, from_file


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
