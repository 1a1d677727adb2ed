"""What `cnnc emit keras` writes comes back from the model's configuration; classes of others are not taken for it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from cnnc.compiler.decompile import Decompiled, decompile
from cnnc.compiler.diagnostics import CompileError
from cnnc.compiler.frontends import keras as frontend
from cnnc.compiler.frontends.unread import Unreadable
from cnnc.compiler.pipeline import compile_text
from cnnc.runtime.lowering.lower import lower

from tests.emit.written import keras_model, lowered, pictures, worst
from tests.ops import harness
from tests.ops.test_rows import ROWS

os.environ.setdefault("KERAS_BACKEND", "jax")
keras = pytest.importorskip("keras")
layers = keras.layers


def imported(model: Any, folder: Path) -> Decompiled:
    path = folder / "model.json"
    path.write_text(model.to_json(), "utf-8")
    return decompile(frontend.read(path))


CHAINS = [
    ("8x8x3", "conv 4, 3x3, pad=1, stride=2, act=relu"),
    ("9x9x4", "conv 6, 3x3, pad=(0, 1), stride=2, groups=2 -> conv 4, 1x1"),
    ("9x9x3", "conv 4, 3x3, pad=((0, 1), (2, 3)), weight_norm=true"),
    ("20x3", "conv 4, 3, pad=causal, dilation=2, weight_norm=true"),
    ("9x9x4", "depthwise_conv 3x3, pad=1, stride=2 -> separable_conv 6, 3x3, pad=((0, 2), (1, 1))"),
    ("5x5x4", "conv_transpose 6, 3x3, stride=2, pad=1, output_pad=1 -> conv_transpose 4, 2x2, groups=2"),
    ("9x9x3", "maxpool 3x3, stride=2, pad=1 -> maxpool 2, ceil=true"),
    ("9x9x3", "avgpool 3, stride=2, pad=1 -> avgpool 2, pad=1, count_pad=false -> l2pool 2"),
    ("9x9x3", "adaptive_avgpool 4 -> adaptive_maxpool 3"),
    ("9x9x3", "zeropad 1, value=0.5 -> reflection_pad ((1, 0), (2, 1)) -> edge_pad 2"),
    ("4x4x8", "pixel_shuffle 2 -> pixel_unshuffle 2 -> channel_shuffle 4"),
    ("4x5x3", "upsample to=6x7, mode=bicubic, a=-0.75 -> upsample 2, mode=bilinear, align_corners=true"),
    ("4x4x6", "lrn 5, alpha=1e-4, k=2 -> response_norm -> channel_affine -> layer_scale -> instancenorm"),
    ("4x4x6", "relu as a -> conv 6, 3x3, pad=same -> add a, drop=0.2"),
    ("9x9x3", "relu as a -> conv 4, 3x3 -> upsample to=a -> crop 1 -> upsample to=9x9, mode=nearest_floor"),
    ("4x4x6", "split 2 -> multiply"),
    ("4x4x6", "scale 0.5 -> l2pool 2"),
    ("7x9x3", "conv 4, 1x1, kernel=[[2]], bias=true -> local_conv 5, 3x3, pad=((0, 1), (2, 0)), stride=2, act=relu"),
    (
        "4x4x6",
        "conv 6, 1x1, act=leaky_relu(0.3) -> conv 4, 1x1, act=elu(0.5) -> conv 4, 1x1, act=relu(max=2)",
    ),
    ("4x4x6", "conv 6, 1x1, act=scaled_tanh -> conv 4, 1x1, act=celu(0.5) -> conv 4, 1x1, act=threshold(0.1, 0.3)"),
    ("4x4x6", "gelu approximate=true -> soft_shrink 0.2 -> hard_shrink 0.1 -> scaled_sigmoid 0.5, amplitude=3 -> glu"),
    ("4x4x6", "clip -0.5, 0.5 -> take_channels [5, 0, 0, 2] -> stop_gradient -> abs -> square"),
    ("5x4x6", "prelu per=layer -> add"),
]


@pytest.mark.parametrize(("shape", "chain"), CHAINS)
def test_the_classes_that_a_file_brings_are_read(shape: str, chain: str, tmp_path: Path) -> None:
    checked = compile_text(f"model Net:\n    input {shape}\n    {chain}\n").checked
    found = imported(keras_model(checked), tmp_path).checked
    rows = [[(node.op.word, node.facts.output) for node in c.nodes] for c in (found, checked)]
    assert rows[0] == rows[1]
    net, again = lowered(checked), lower(found, seed=None).eval()
    again.load_state_dict(dict(zip(found.weights, (net.state_dict()[key] for key in checked.weights), strict=True)))
    with torch.no_grad():
        assert worst(again(*pictures(checked)), net(*pictures(checked))) < 1e-5


def comes_back(row: harness.Row, folder: Path) -> None:
    """The same layers, `identity` aside, with the same values."""
    checked = harness.compiled(row)
    try:
        model = keras_model(checked)
    except CompileError as refused:
        if OPEN not in str(refused):
            raise
        pytest.skip(OPEN)
    found = imported(model, folder).checked
    ours, theirs = ([(n.op.word, n.facts.output) for n in c.nodes if n.op.word != "identity"] for c in (checked, found))
    assert theirs == ours
    net, again = lowered(checked), lower(found, seed=None).eval()
    again.load_state_dict(dict(zip(found.weights, (net.state_dict()[key] for key in checked.weights), strict=True)))
    arrays = [torch.from_numpy(turned(x)) for x in harness.inputs(row)]
    fed = [x.long() if node in checked.looked_up else x for x, node in zip(arrays, checked.inputs)]
    with torch.no_grad():
        assert worst(again(*fed), net(*fed)) < 1e-5


def turned(x: Any) -> Any:
    return np.moveaxis(x, -1, 1).copy() if x.ndim > 2 else x.copy()


BROUGHT = ("unpool", "rbf", "conv-fixed", "local", "resize-value", "resize-open", "upsample-align")
OPEN = "needs a map of known size"


@pytest.mark.parametrize("row", [pytest.param(row, id=row.id) for row in ROWS if row.id.startswith(BROUGHT)])
def test_every_behaviour_of_operators_that_keras_lacks_comes_back(row: harness.Row, tmp_path: Path) -> None:
    comes_back(row, tmp_path)


@pytest.mark.proof
@pytest.mark.parametrize("row", [pytest.param(row, id=row.id) for row in ROWS if not row.id.startswith(BROUGHT)])
def test_every_behaviour_of_every_operator_comes_back(row: harness.Row, tmp_path: Path) -> None:
    comes_back(row, tmp_path)


def test_python_code_as_an_activation_is_named_and_not_run(tmp_path: Path) -> None:
    entry = layers.Input((8, 8, 3))
    with pytest.raises(Unreadable, match="its activation is Python code, which is neither read nor run"):
        imported(keras.Model(entry, layers.Conv2D(4, 3, activation=lambda x: x * 2)(entry)), tmp_path)


def test_a_saved_layer_keeps_its_border() -> None:
    checked = compile_text("model Net:\n    input 8x8x3\n    conv 4, 3x3, pad=1, stride=2 -> instancenorm\n").checked
    _, conv, norm = keras_model(checked).layers
    assert type(conv).from_config(conv.get_config()).border == 1
    assert type(norm).from_config(norm.get_config()).groups == -1  # whatever was put in for it


class MaxPooling2D(layers.Layer):
    """Somebody's own, which is something else."""

    def __init__(self, pool_size: int = 2, strides: int = 2, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.pool_size, self.strides = pool_size, strides

    def call(self, x: Any) -> Any:
        return x[:, ::2, ::2]


def test_a_class_of_others_with_a_name_of_keras_is_not_read(tmp_path: Path) -> None:
    entry = layers.Input((8, 8, 3))
    with pytest.raises(Unreadable, match="a class of its own"):
        imported(keras.Model(entry, MaxPooling2D()(entry)), tmp_path)


def test_what_follows_the_second_part_of_a_lost_split_does_not_wait(tmp_path: Path) -> None:
    entry = layers.Input((8, 8, 4))
    _, lower_half = keras.ops.split(entry, 2, axis=1)
    with pytest.raises(Unreadable, match="it splits the axis 1"):
        imported(keras.Model(entry, layers.ReLU()(lower_half)), tmp_path)
