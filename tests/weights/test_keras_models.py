"""`.keras` archives that `keras.models.load_model` opens, made without Keras."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from cnnc.compiler.backends.emit.keras.config import described
from cnnc.compiler.diagnostics import UserError
from cnnc.compiler.graph import Checked
from cnnc.compiler.locate import ZOO
from cnnc.compiler.pipeline import Options, compile_path, compile_text
from cnnc.compiler.shape import Shape
from cnnc.runtime.lowering.lower import lower
from cnnc.runtime.weights import load
from cnnc.runtime.weights.keras_write import save_keras

from tests.emit.written import pictures, turned, worst
from tests.ops import harness
from tests.ops.test_rows import ROWS
from tests.zoo.parity import LIMIT, TOLD_APART
from tests.zoo.theirs import keras_names, keras_net

from .test_keras_files import NET

QUICK = ("MobileNet",)
FAMILIES = [name if name in QUICK else pytest.param(name, marks=pytest.mark.proof) for name in sorted(keras_names())]

MODELS = {
    "all kinds of weights": NET,
    "borders, branches and activations that are no words": """
model A:
    input 17x17x3
    conv 8, 7x7, stride=2, pad=3, act=leaky_relu(0.2) -> maxpool 3, stride=2, pad=1 -> batchnorm -> relu
    concat:
        branch: conv 6, 3x3, pad=1, act=gelu(approximate=true)
        branch: conv 6, 1x1 -> conv 6, 3x3, pad=((0, 2), (2, 0)), act=scaled_tanh
        branch: avgpool 3, stride=1, pad=1, count_pad=true -> conv 6, 1x1
    conv 8, 3x3, pad=same -> channel_shuffle 2 -> dropout 0.5
    add drop=0.5:
        branch: identity
        branch: depthwise_conv 3, pad=1 -> layer_scale init=0.5
    instancenorm -> conv_transpose 4, 4x4, stride=2, pad=1 -> adaptive_avgpool 2
    flatten -> dense 5 -> softmax
""",
    "sums over neighbouring channels and over windows": """
model A:
    input 16x16x3
    conv 8, 3x3 -> lrn 5, alpha=0.3, beta=0.6, k=2 -> l2pool 3, stride=1, pad=same
    conv 7, 3x3 -> lrn 3, alpha=0.2, k=1, average=true -> l2pool 2
    flatten -> dense 5 -> reshape 5x1 -> conv 6, 3 -> lrn 3, alpha=0.5, k=1 -> global_avgpool
""",
    "weights in layers of their own": """
model A:
    input 9x7x4
    local_conv 3, 3x3, pad=1, stride=2, act=relu -> conv 4, 3x3, pad=1, weight_norm=true, act=leaky_relu(0.2)
    response_norm -> flatten -> rbf 3
""",
    "maxima put back where they were found": """
model A:
    input 9x8x3
    m, place = input -> maxpool_places 2, ceil=true
    m -> conv 3, 3x3, pad=same -> unpool place -> edge_pad ((1, 2), (0, 1))
""",
    "windows that overlap": """
model A:
    input 14x10x3
    conv 4, 1x1
    concat:
        branch: adaptive_avgpool 4
        branch: adaptive_maxpool 4
    conv 2, 1x1
""",
    "windows of several sizes": """
model A:
    input 7x10x3
    conv 4, 1x1
    concat:
        branch: adaptive_avgpool 4x3
        branch: adaptive_maxpool 4x3
    conv 2, 1x1
""",
    "one layer for several places": """
model B:
    left = input 8
    right = input 8
    share tower = dense 8, act=relu
    a = left -> tower -> tower
    b = right -> dense 8 -> tower
    (a, b) -> subtract -> square -> dense 2
""",
    "several outputs, and operations that are no layers": """
model C:
    input 9x9x4
    reflection_pad 1 -> conv 8, 3x3 as stem
    stem -> clip -0.5, 0.5 -> abs -> scale 2 -> offset 0.25 as near
    global_avgpool -> dense 3 as far
    output near, far
""",
    "a sample in training": """
model A:
    input 6
    dense 3 as mean
    input -> dense 3 as logvar
    mean -> sample_normal logvar -> dense 2
""",
    "tokens": """
model D:
    input 12
    embedding vocabulary=7, width=5
    conv 6, 3, pad=causal, act=elu(0.5) -> batchnorm -> global_maxpool -> dense 2
""",
}


def weights_of(checked: Checked) -> tuple[Any, dict[str, Any]]:
    """A lowered network whose numbers are not trivial, and its weights."""
    torch.manual_seed(0)
    net = lower(checked, seed=1).eval()
    for name, value in net.state_dict().items():
        if name.endswith(("running_var", "variance")):
            value.uniform_(0.5, 1.5)
        elif name.endswith(("running_mean", "bias", "mean")):
            value.normal_(0, 0.2)
    return net, {name: value.numpy() for name, value in net.state_dict().items()}


def opened(checked: Checked, weights: Any, folder: Path) -> Any:
    """What Keras makes of the file."""
    import keras

    save_keras(folder / "ours.keras", checked, weights)
    return keras.models.load_model(folder / "ours.keras")


def hold(checked: Checked, folder: Path, inputs: list[Any] | None = None, tolerance: float = LIMIT) -> None:
    net, weights = weights_of(checked)
    model = opened(checked, weights, folder)
    given = pictures(checked) if inputs is None else inputs
    arrays = [turned(x) for x in given]
    found = model.predict_on_batch(arrays[0] if len(arrays) == 1 else arrays)
    with torch.no_grad():
        made = net(*given)
    expected = [torch.from_numpy(turned(y).copy()) for y in (made if isinstance(made, tuple) else (made,))]
    theirs = [torch.from_numpy(np.array(y)) for y in (found if isinstance(found, list) else [found])]
    assert worst(theirs, expected) < tolerance


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in MODELS.items()])
def test_keras_opens_the_model_and_makes_the_same_of_it(text: str, tmp_path: Path) -> None:
    hold(compile_text(text).checked, tmp_path)


@pytest.mark.parametrize("name", FAMILIES)
def test_models_of_keras_come_back_from_keras(name: str, tmp_path: Path) -> None:
    """Keras's weights, through our network, into a model that Keras opens: the outputs of Keras's own model."""
    theirs = keras_net(name, tmp_path)
    inputs = {"": Shape(theirs.inputs.shape[1:])}
    checked = compile_path(f"zoo:keras/{name.lower()}", Options(params={"classes": 10}, inputs=inputs)).checked
    model = opened(checked, load(checked, theirs.file), tmp_path)
    logits = theirs.outputs[0] - theirs.outputs[0].max(-1, keepdims=True)
    expected = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    assert np.abs(theirs.outputs[0][0] - theirs.outputs[0][1]).max() > TOLD_APART * np.abs(theirs.outputs[0]).max()
    np.testing.assert_allclose(model.predict_on_batch(theirs.inputs), expected, rtol=1e-3, atol=1e-5)


@pytest.mark.proof
@pytest.mark.parametrize("row", [pytest.param(row, id=row.id) for row in ROWS])
def test_every_behaviour_of_every_operator(row: harness.Row, tmp_path: Path) -> None:
    checked = harness.compiled(row)
    try:
        described(checked)
    except UserError as lacking:
        pytest.skip(str(lacking))
    arrays = [torch.from_numpy(np.moveaxis(x, -1, 1).copy() if x.ndim > 2 else x.copy()) for x in harness.inputs(row)]
    inputs = [x.long() if node in checked.looked_up else x for x, node in zip(arrays, checked.inputs)]
    hold(checked, tmp_path, inputs, max(row.tolerance, 3e-5))


def test_archives_of_ours_are_read_by_us(tmp_path: Path) -> None:
    """By name: Keras's classes for some layers are not ours."""
    for text in MODELS.values():
        checked = compile_text(text).checked
        _, weights = weights_of(checked)
        save_keras(tmp_path / "w.keras", checked, weights)
        found = load(checked, tmp_path / "w.keras")
        for name, array in weights.items():
            np.testing.assert_array_equal(found[name], array)


def test_nearly_all_of_the_zoo_is_a_model_of_keras() -> None:
    """What is refused is refused for layers that Keras lacks."""
    small = ["alexnet_two_gpus", "googlenet", "resnet18", "vgg11_bn", "densenet121", "mobilenet_v3_small",
             "squeezenet1_1", "fcn_resnet50", "unet", "segnet", "deconvnet", "deepface", "tcn",
             "lenet5_original"]  # fmt: skip
    for name in [*small, *(f"keras/{path.stem}" for path in sorted((ZOO / "keras").glob("*.cnn"))[:12])]:
        assert described(compile_path(f"zoo:{name}").checked).config["class_name"] == "Functional"


def test_layers_that_keras_lacks_are_refused_with_their_places() -> None:
    rows = ["input 8x8x4", "conv 4, 3x3, weight_norm=true, groups=2", "upsample 2, mode=bilinear, align_corners=true"]
    text = "model A:\n" + "".join(f"    {row}\n" for row in rows)
    with pytest.raises(UserError) as refused:
        described(compile_text(text, "a.cnn").checked)
    told = str(refused.value)
    assert "conv1 at a.cnn:3:5: Keras has no layer that does this `conv`" in told
    assert "upsample1 at a.cnn:4:5: Keras has no layer that does this `upsample`" in told
    assert "write .weights.h5 for the model that `cnnc emit keras` gives" in told


def test_the_archive_says_what_it_is(tmp_path: Path) -> None:
    checked = compile_text(MODELS["tokens"]).checked
    save_keras(tmp_path / "w.keras", checked, weights_of(checked)[1])
    with zipfile.ZipFile(tmp_path / "w.keras") as archive:
        assert sorted(archive.namelist()) == ["config.json", "metadata.json", "model.weights.h5"]
        config = json.loads(archive.read("config.json"))
    first = config["config"]["layers"][0]
    assert (first["class_name"], first["config"]["dtype"]) == ("InputLayer", "int32")
