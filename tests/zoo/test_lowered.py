"""What torch's own tools make of every network of the zoo: compiled without a break, exported, hooked, copied.

Sizes of the inputs are cut down as far as the network allows, so that a forward pass is little work; the largest
networks are without numbers altogether (torch's `meta` device), where only shapes can be compared.
"""

from __future__ import annotations

import copy
import io
import pickle
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from cnnc.compiler.diagnostics import CompileError
from cnnc.compiler.graph import Checked
from cnnc.compiler.ops.structure import Input
from cnnc.compiler.pipeline import Options, compile_path
from cnnc.compiler.shape import Shape
from cnnc.runtime.lowering.lower import lower
from cnnc.runtime.lowering.network import Network

from .tables import MODELS

FAMILIES = ["convnext_tiny", "densenet121", "efficientnet_v2_s", "googlenet", "inception_v3", "mobilenet_v3_small",
            "nasnetmobile", "r2plus1d_18", "regnet_y_400mf", "resnet18", "segnet", "shufflenet_v2_x0_5", "vae",
            "wavenet"]  # fmt: skip
"""One of each kind, also compiled for training."""
PARAMS, MACS = 40_000_000, 500_000_000
"""What a network may cost that is run with numbers."""


@pytest.fixture(autouse=True)
def small_work() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch._dynamo.reset()
    yield
    torch.set_num_threads(threads)


def small(name: str) -> Checked:
    """The network on the smallest of its inputs' eighths, quarters and halves that it takes."""
    written = compile_path(f"zoo:{name}").checked.inputs
    for part in (8, 4, 2, 1):
        shapes = {node.path: cut(node.facts.output, part) for node in written}
        try:
            return compile_path(f"zoo:{name}", Options(inputs=shapes)).checked
        except CompileError:
            continue
    return compile_path(f"zoo:{name}").checked


def cut(shape: Shape, part: int) -> Shape:
    """A part of each spatial size; 64 where one is open."""
    return Shape((*(64 if n is None else -(-n // part) for n in shape.spatial), *shape[shape.rank :]))


def lowered(checked: Checked, *, numbers: bool = False, **options: Any) -> tuple[Network, list[torch.Tensor]]:
    """The network in evaluation mode and values for its inputs, batch and channels first; always with `numbers`?"""
    large = not numbers and (checked.params > PARAMS or (checked.macs or 0) > MACS)
    net = lower(checked, seed=None if large else 0, device="meta" if large else None, **options).eval()
    torch.manual_seed(0)
    return net, [inputs(node.facts.output, "meta" if large else "cpu") for node in checked.inputs]


def inputs(shape: Shape, device: str) -> torch.Tensor:
    return torch.randn(2, *shape[shape.rank :], *shape.spatial, device=device)


def same(found: Any, expected: Any) -> None:
    for ours, theirs in zip(several(found), several(expected), strict=True):
        assert ours.shape == theirs.shape
        if theirs.device.type != "meta":
            torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)


def several(values: Any) -> tuple[torch.Tensor, ...]:
    return (values,) if isinstance(values, torch.Tensor) else tuple(values)


@pytest.mark.proof
@pytest.mark.parametrize("name", MODELS)
def test_compiled_and_exported_as_one_graph(name: str) -> None:
    checked = small(name)
    net, given = lowered(checked)
    assert list(net.state_dict()) == list(checked.weights) or set(net.state_dict()) == set(checked.weights)
    with torch.no_grad():
        expected = net(*given)
        same(torch.compile(net, fullgraph=True, backend="eager")(*given), expected)
        program = torch.export.export(net, tuple(given))
    assert set(program.state_dict) >= set(checked.weights)
    with torch.no_grad():
        same(program.module()(*given), expected)


@pytest.mark.proof
@pytest.mark.parametrize("name", MODELS)
def test_hooks_copies_and_pickles(name: str) -> None:
    checked = small(name)
    net, given = lowered(checked, hooks=True)
    modules = dict(net.named_modules())
    rows = {layer.node.path for layer in checked.layers if not isinstance(layer.node.op, Input)}
    bare = {path for path in rows if path in checked.weights}
    assert rows - bare <= set(modules)
    seen: set[str] = set()
    for path in rows - bare:
        modules[path].register_forward_hook(lambda *_, path=path: seen.add(path))
    with torch.no_grad():
        expected = net(*given)
    assert seen == rows - bare
    plain, _ = lowered(checked)
    copies = [copy.deepcopy(plain)]
    if checked.params < PARAMS:
        copies.append(pickle.load(io.BytesIO(pickle.dumps(plain))))
    for other in copies:
        with torch.no_grad():
            same(other(*given), expected)


@pytest.mark.proof
@pytest.mark.parametrize("name", [name for name in MODELS if name.removeprefix("keras/") in FAMILIES])
def test_training_compiles_as_one_graph(name: str) -> None:
    checked = small(name)
    net = lower(checked, seed=None, device="meta").train()
    given = [inputs(node.facts.output, "meta") for node in checked.inputs]
    run = torch.compile(net, fullgraph=True, backend="aot_eager")
    values = several(run(*given))
    assert [value.shape for value in values] == [value.shape for value in several(net(*given))]
    sum(value.sum() for value in values if value.is_floating_point()).backward()  # type: ignore[union-attr]
    assert all(p.grad is not None for p in net.parameters() if p.requires_grad)


@pytest.mark.proof
@pytest.mark.parametrize("name", ["lenet5", "mobilenet_v3_small", "resnet18"])
def test_inductor_computes_the_same(name: str) -> None:
    net, given = lowered(small(name))
    with torch.no_grad():
        same(torch.compile(net, fullgraph=True)(*given), net(*given))


@pytest.mark.proof
@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("name", [n for n in MODELS if n.removeprefix("keras/") in FAMILIES and n != "segnet"])
def test_traces_compute_the_same(name: str) -> None:
    """All but SegNet: torch cannot trace its own MaxUnpool2d; nor can it trace anything without numbers."""
    net, given = lowered(small(name), numbers=True)
    with torch.no_grad():
        same(torch.jit.trace(net, tuple(given), check_trace=False)(*given), net(*given))
