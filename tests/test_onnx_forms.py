"""Forms of an exported file: folded, at half precision, with preprocessing inside, of any opset."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from cnnc.compiler.backends.onnx import OPSETS, Form, Preprocessing, build, export
from cnnc.compiler.graph import Checked
from cnnc.runtime.lowering.export import export_onnx
from cnnc.runtime.lowering.verify import compared, difference

from .test_onnx import compiled, session

NORMS = """
model Norms:
    input 9x9x3
    zeropad 1 -> conv 8, 3x3, bias=false -> batchnorm -> relu
    depthwise_conv 3x3, pad=same -> batchnorm scale=false -> relu
    separable_conv 8, 3x3, pad=same -> batchnorm center=false
    conv_transpose 4, 2x2, stride=2, bias=false -> batchnorm eps=1e-5
    conv 4, 3x3, pad=same as both -> batchnorm
    add both
    conv 4, 3x3, act=relu -> batchnorm
    flatten -> dense 6 -> batchnorm -> softmax
"""


def used(checked: Checked, seed: int = 0) -> dict[str, np.ndarray[Any, Any]]:
    """Weights as a trained network has them: no statistic at its initial value."""
    draw = np.random.default_rng(seed)
    made = {path: draw.standard_normal(weight.shape, np.float32) * 0.3 for path, weight in checked.weights.items()}
    return {path: np.abs(array) + 0.2 if path.endswith("running_var") else array for path, array in made.items()}


def test_folding_takes_in_every_normalisation_it_may(tmp_path: Path) -> None:
    checked = compiled(NORMS)
    weights = used(checked)
    export_onnx(checked, tmp_path / "a.onnx", weights, fold=True)
    kinds = [node.op_type for node in onnx.load(tmp_path / "a.onnx").graph.node]
    assert kinds.count("BatchNormalization") == 2  # one value is read twice, one layer has its activation inside
    assert max(compared(checked, tmp_path / "a.onnx", weights).values()) < 1e-5


def test_folding_computes_what_hangs_on_weights_alone() -> None:
    text = "model A:\n    input 8x8x4\n    conv 4, 3x3, weight_norm=true -> prelu -> channel_affine\n"
    checked = compiled(text)
    weights, x = used(checked), np.random.default_rng(1).standard_normal((2, 4, 8, 8), np.float32)
    plain, folded = (build(checked, weights, Form(constants=on)) for on in (False, True))
    assert [n.op_type for n in folded.graph.node] == ["Conv", "PRelu", "Mul", "Add"]
    assert len(plain.graph.node) > 4
    found, expected = (session(model).run(None, {"input": x})[0] for model in (folded, plain))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("fold", [False, True])
def test_half_precision_inside_single_outside(tmp_path: Path, fold: bool) -> None:
    checked = compiled(NORMS)
    weights = used(checked)
    export_onnx(checked, tmp_path / "a.onnx", weights, precision="fp16", fold=fold)
    model = onnx.load(tmp_path / "a.onnx")
    kinds = {tensor.data_type for tensor in model.graph.initializer if tensor.name in checked.weights}
    assert kinds == {onnx.TensorProto.FLOAT16}
    assert session(str(tmp_path / "a.onnx")).get_inputs()[0].type == "tensor(float)"
    assert max(compared(checked, tmp_path / "a.onnx", weights).values()) < 2e-2


def test_bfloat16_is_what_onnx_computes_with() -> None:
    """ONNX Runtime has no such kernels for the processor, so ONNX's own evaluator runs it."""
    from onnx.reference import ReferenceEvaluator

    checked = compiled("model A:\n    input 6\n    dense 5, act=relu\n    dense 3\n")
    weights, x = used(checked), np.random.default_rng(2).standard_normal((4, 6), np.float32)
    model = build(checked, weights, Form(precision="bf16"))
    onnx.checker.check_model(model, full_check=True)
    assert model.opset_import[0].version == 22
    (found,) = ReferenceEvaluator(model).run(None, {"input": x})
    (expected,) = session(build(checked, weights)).run(None, {"input": x})
    assert found.dtype == np.float32
    assert difference(found, expected) < 5e-2


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_preprocessing_goes_inside(tmp_path: Path, precision: str) -> None:
    checked = compiled("model A:\n    input 7x5x3\n    conv 4, 3x3\n")
    weights = used(checked)
    mean, std = [0.5, 0.4, 0.3], [0.2, 0.25, 0.3]
    told = Preprocessing().then(mean, std)
    export(checked, tmp_path / "a.onnx", weights, Form(precision=precision, preprocessing=told))
    (entry,) = session(str(tmp_path / "a.onnx")).get_inputs()
    assert (entry.type, entry.shape) == ("tensor(uint8)", ["N", 7, 5, 3])
    x = np.random.default_rng(0).integers(0, 256, (2, 7, 5, 3), np.uint8)
    (found,) = session(str(tmp_path / "a.onnx")).run(None, {"input": x})
    kernel, bias = torch.from_numpy(weights["conv1.weight"]), torch.from_numpy(weights["conv1.bias"])
    from torchvision.transforms.v2.functional import normalize

    picture = torch.from_numpy(x).permute(0, 3, 1, 2).float() / 255
    expected = torch.nn.functional.conv2d(normalize(picture, mean, std), kernel, bias)
    assert difference(found, expected.numpy()) < (1e-5 if precision == "fp32" else 1e-2)


@pytest.mark.parametrize("opset", range(OPSETS[0], OPSETS[1] + 1))
def test_every_opset_says_the_same(tmp_path: Path, opset: int) -> None:
    checked = compiled(NORMS)
    weights = used(checked)
    export(checked, tmp_path / "a.onnx", weights, Form(opset=opset))
    onnx.checker.check_model(tmp_path / "a.onnx", full_check=True)
    assert onnx.load(tmp_path / "a.onnx").opset_import[0].version == opset
    assert max(compared(checked, tmp_path / "a.onnx", weights).values()) < 1e-5
