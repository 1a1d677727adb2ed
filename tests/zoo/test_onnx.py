"""The zoo as ONNX: shapes as ONNX infers them, values as torch computes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from cnnc.compiler.backends.onnx import draft
from cnnc.compiler.diagnostics import CompileError
from cnnc.compiler.graph import Checked
from cnnc.compiler.pipeline import Options, compile_path
from cnnc.compiler.shape import Shape
from cnnc.runtime.lowering.export import export_onnx
from cnnc.runtime.lowering.lower import lower
from cnnc.runtime.lowering.verify import difference, examples, run_onnx

from .tables import MODELS

QUICK = ["lenet5_original", "googlenet", "squeezenet1_0", "shufflenet_v2_x0_5", "unet", "keras/mobilenetv3small"]
JUMPS = ("deconvnet", "segnet")
"""Where rounding may decide from which place a maximum comes: one value in a hundred may be another."""

SIDES = {1: (256, 512), 2: (64, 96, 128), 3: (16, 32)}
"""Sizes of the input at which a model is tried before its own."""


def marked(quick: list[str]) -> list[Any]:
    """All models; those that are not quick among the proofs."""
    return [name if name in quick else pytest.param(name, marks=pytest.mark.proof) for name in MODELS]


def small(name: str) -> Checked:
    """The model at the smallest input at which it compiles."""
    declared = compile_path(f"zoo:{name}").checked
    if len(declared.inputs) == 1:
        shape = declared.inputs[0].facts.output
        for side in SIDES.get(shape.rank, ()):
            if all(n is None or n > side for n in shape.spatial):
                try:
                    return compile_path(f"zoo:{name}", at(Shape((*[side] * shape.rank, shape[-1])))).checked
                except CompileError:
                    continue
    return declared


def at(shape: Shape) -> Options:
    return Options(inputs={"": shape})


def used(checked: Checked) -> dict[str, np.ndarray[Any, Any]]:
    """Weights as after some training: gains and biases that are not 1 and 0, statistics mostly of what really comes by;
    with no more than these, of few values, deep networks would blow up every rounding."""
    net = lower(checked, seed=0)
    draw = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for weight in net.parameters():
            if weight.ndim == 1:
                weight += 0.1 * torch.randn(weight.shape, generator=draw)
        for part in net.modules():
            if getattr(part, "running_mean", None) is not None:
                part.momentum = 0.9  # type: ignore[assignment]
        net.train()(*(torch.from_numpy(x) for x in examples(checked, 4, seed=2).values()))
    return {path: value.numpy() for path, value in net.state_dict().items()}


@pytest.mark.parametrize("name", marked(QUICK))
def test_onnx_infers_the_shapes_that_we_state(name: str) -> None:
    made = draft(compile_path(f"zoo:{name}").checked, {})
    model = made.model
    stated = {info.name: sizes(info) for info in [*model.graph.value_info, *model.graph.output]}
    del model.graph.value_info[:]
    for info in model.graph.output:
        info.type.tensor_type.ClearField("shape")
    kind = onnx.TensorProto.FLOAT
    model.graph.input.extend(onnx.helper.make_tensor_value_info(n, kind, s) for n, s in made.held.items())
    inferred = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True).graph
    found = {info.name: sizes(info) for info in [*inferred.value_info, *inferred.output]}
    assert stated.keys() <= found.keys()
    wrong = {n: (stated[n], found[n]) for n in stated if not agree(stated[n], found[n])}
    assert not wrong


def sizes(info: onnx.ValueInfoProto) -> list[int | str]:
    """Sizes that are known as numbers, others by name, or empty."""
    return [d.dim_value or d.dim_param for d in info.type.tensor_type.shape.dim]


def agree(stated: list[int | str], found: list[int | str]) -> bool:
    """As many dimensions, and where both are numbers the same."""
    pairs = list(zip(stated, found))
    return len(stated) == len(found) and all(a == b for a, b in pairs if isinstance(a, int) and isinstance(b, int))


@pytest.mark.parametrize("name", marked(QUICK))
def test_onnx_runtime_computes_what_torch_computes(name: str, tmp_path: Path) -> None:
    """Both against double precision: within 1e-5 of the largest output, or as near as torch's own rounding comes."""
    checked = small(name)
    weights, fed, path = used(checked), examples(checked, 2, seed=0), tmp_path / "net.onnx"
    exact = run_torch(checked, weights, fed, torch.float64)
    own = max(map(difference, run_torch(checked, weights, fed), exact))
    for fold in (False, True):
        export_onnx(checked, path, weights, fold=fold)
        onnx.checker.check_model(path, full_check=True)
        found = run_onnx(path, fed)
        if name in JUMPS:
            assert all(
                np.mean(np.abs(f - e) > 1e-3 * np.abs(e).max()) < 0.01 for f, e in zip(found, exact, strict=True)
            )
        else:
            assert max(map(difference, found, exact)) <= max(1e-5, 5 * own)


def jumped(found: np.ndarray[Any, Any], exact: np.ndarray[Any, Any]) -> float:
    """The share of values that are others."""
    return float(np.mean(np.abs(found - exact) > 1e-3 * np.abs(exact).max()))


def run_torch(
    checked: Checked, weights: dict[str, Any], fed: dict[str, Any], dtype: torch.dtype = torch.float32
) -> list[np.ndarray[Any, Any]]:
    net = lower(checked, seed=None).eval()
    net.load_state_dict({path: torch.from_numpy(array) for path, array in weights.items()})
    inputs = [torch.from_numpy(fed[node.path]) for node in checked.inputs]
    with torch.no_grad():
        made = net.to(dtype)(*(x.to(dtype) if x.is_floating_point() else x for x in inputs))
    return [m.numpy() for m in (made if isinstance(made, tuple) else (made,))]
