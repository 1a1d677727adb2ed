"""What `cnnc emit keras` writes comes back from the model's configuration; classes of others are not taken for it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import torch
from cnnc.compiler.decompile import Decompiled, decompile
from cnnc.compiler.frontends import keras as frontend
from cnnc.compiler.frontends.unread import Unreadable
from cnnc.compiler.pipeline import compile_text
from cnnc.runtime.lower import lower

from tests.emit.written import keras_model, lowered, pictures, worst

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
