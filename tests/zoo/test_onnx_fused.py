"""ONNX Runtime makes of our file as little work as of torch's own export of torchvision's network.

It puts normalisation, activations and sums into the nodes before them where it knows the pattern; what is left when it
has loaded a file is what it will run.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import onnx
import pytest
import torch
import torchvision
from cnnc.compiler.pipeline import compile_path
from cnnc.runtime.lowering.export import export_onnx

NAMES = ["alexnet", "convnext_tiny", "densenet121", "efficientnet_b0", "efficientnet_v2_s", "mnasnet0_5",
         "mobilenet_v2", "mobilenet_v3_small", "regnet_x_400mf", "regnet_y_400mf", "resnet18", "resnext50_32x4d",
         "shufflenet_v2_x0_5", "squeezenet1_0", "vgg11_bn", "wide_resnet50_2"]  # fmt: skip
QUICK = ["mobilenet_v3_small", "squeezenet1_0"]


def left(path: Path) -> Counter[str]:
    """The nodes that ONNX Runtime runs."""
    runtime = pytest.importorskip("onnxruntime")
    options = runtime.SessionOptions()
    options.log_severity_level = 3
    options.optimized_model_filepath = str(path.with_suffix(".left"))
    runtime.InferenceSession(str(path), options, ["CPUExecutionProvider"])
    return Counter(node.op_type for node in onnx.load(path.with_suffix(".left")).graph.node)


@pytest.mark.parametrize("fold", [False, True])
@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.proof) for name in NAMES]
)
@pytest.mark.filterwarnings("ignore")
def test_no_more_is_left_than_of_torchs_export(tmp_path: Path, name: str, fold: bool) -> None:
    """But for the softmax, which torchvision leaves to the loss, and flattening behind a pool."""
    theirs = torchvision.models.get_model(name, weights=None).eval()
    torch.onnx.export(
        theirs, (torch.randn(1, 3, 224, 224),), str(tmp_path / "theirs.onnx"), dynamo=False, opset_version=18,
        input_names=["x"], dynamic_axes={"x": {0: "n"}},
    )  # fmt: skip
    checked = compile_path(f"zoo:{name}").checked
    weights = {path: theirs.state_dict()[path].numpy() for path in checked.weights}
    export_onnx(checked, tmp_path / "ours.onnx", weights, fold=fold)
    ours, wanted = left(tmp_path / "ours.onnx"), left(tmp_path / "theirs.onnx")
    assert ours.pop("Softmax") == 1
    assert ours.total() <= wanted.total() + 1, f"more {dict(ours - wanted)}, fewer {dict(wanted - ours)}"
