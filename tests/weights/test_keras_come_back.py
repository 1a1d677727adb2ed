"""Archives that we write for Keras, imported again: the same layers with the same weights and values."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from cnnc.compiler.backends.emit.keras.config import described
from cnnc.compiler.decompile import decompile
from cnnc.compiler.diagnostics import UserError
from cnnc.compiler.frontends import keras as frontend
from cnnc.compiler.graph import Checked
from cnnc.compiler.pipeline import compile_path, compile_text
from cnnc.runtime.importing.weights import keras_weights
from cnnc.runtime.lowering.lower import lower
from cnnc.runtime.weights.keras_write import save_keras

from cnnc.cli import main
from tests.emit.written import pictures, worst
from tests.imported.test_keras_zoo import layers_of
from tests.ops import harness
from tests.ops.test_rows import ROWS

from .test_keras_models import weights_of


def there_and_back(checked: Checked, folder: Path, inputs: list[torch.Tensor] | None = None) -> Checked:
    """The network that is read from the archive; with its weights it makes the same of the same inputs."""
    net, weights = weights_of(checked)
    save_keras(folder / "net.keras", checked, weights)
    network = frontend.read(folder / "net.keras")
    found = decompile(network)
    again = lower(found.checked, seed=None).eval()
    arrays = keras_weights(str(folder / "net.keras"), network, found) if weights else {}
    again.load_state_dict({key: torch.as_tensor(np.array(array)) for key, array in arrays.items()})
    given = inputs or pictures(checked, 1)
    with torch.no_grad():
        assert worst(again(*given), net(*given)) < 1e-5
    return found.checked


CHAINS = [
    ("9x9x3", "conv 4, 3x3, pad=1, stride=2, act=leaky_relu(0.2) -> conv 4, 3x3, pad=((0, 2), (1, 1)), act=relu"),
    ("9x9x4", "depthwise_conv 3x3, pad=1, stride=2, act=scaled_tanh -> separable_conv 6, 3x3, pad=((0, 2), (2, 0))"),
    ("5x6x4", "conv_transpose 6, 4x4, stride=2, pad=1, act=gelu(approximate=true) -> conv 4, 1x1, act=celu(0.5)"),
    ("9x9x3", "avgpool 3, stride=2, pad=1 -> l2pool 3, stride=1, pad=1"),
    ("9x8x3", "l2pool 2 -> scaled_sigmoid 0.5, amplitude=3"),
    ("14x10x3", "adaptive_avgpool 4 -> lrn 3, alpha=0.3, beta=0.6, k=2"),
    ("7x10x3", "conv 4, 1x1 -> adaptive_avgpool 4x3 -> conv 2, 1x1"),
    ("7x10x3", "conv 4, 1x1 -> adaptive_maxpool 5x4 -> adaptive_avgpool 3x3"),
    ("9x15x3", "adaptive_maxpool 4x3 -> edge_pad ((1, 2), (0, 3))"),
    ("4x6x8", "pixel_shuffle 2 -> pixel_unshuffle 2 -> channel_shuffle 4 -> layer_scale init=0.5 -> channel_affine"),
    ("12x8", "channel_shuffle 2 -> pixel_shuffle 2 -> pixel_unshuffle 4 -> edge_pad 2 -> layer_scale"),
    ("4x5x6", "relu as a -> conv 6, 3x3, pad=same -> add a, drop=0.25 -> scaled_add a, factor=0.2 -> response_norm"),
    ("7x9x3", "local_conv 5, 3x3, pad=((0, 1), (2, 0)), stride=2, act=leaky_relu(0.2) -> flatten -> dense 4 -> rbf 3"),
    ("20x3", "conv 4, 3, pad=causal, dilation=2, weight_norm=true, act=elu(0.5) -> conv 4, 2, weight_norm=true"),
    ("20x3", "conv 4, 3, stride=2, weight_norm=true, bias=false, act=relu -> dense 2, per_place=true"),
    ("5x4x3", "softmax layer=true -> scale 0.5 -> offset 2 -> dense 4, per_place=true"),
]


@pytest.mark.parametrize(("shape", "chain"), CHAINS)
def test_what_stands_for_a_layer_is_that_layer_again(shape: str, chain: str, tmp_path: Path) -> None:
    checked = compile_text(f"model Net:\n    input {shape}\n    batchnorm -> {chain}\n").checked
    assert layers_of(there_and_back(checked, tmp_path)) == layers_of(checked)


@pytest.mark.parametrize("shape", ["8x6x3", "9x7x3"])
@pytest.mark.parametrize("pool", ["2x2", "2x3", "3x3, stride=4", "2x2, ceil=true"])
def test_places_of_maxima(shape: str, pool: str, tmp_path: Path) -> None:
    rows = [f"input {shape}", f"map, place = input -> maxpool_places {pool}"]
    rows.append("map -> conv 3, 1x1 -> unpool place, to=input")
    checked = compile_text("model Net:\n" + "".join(f"    {row}\n" for row in rows)).checked
    words = [node.op.word for node in there_and_back(checked, tmp_path).nodes]
    assert words == ["input", "maxpool_places", "conv", "unpool"]


def test_a_layer_of_several_layers_for_several_values(tmp_path: Path) -> None:
    text = """
model Net:
    left = input 8x8x3
    right = input 8x8x3
    share tower = conv 4, 3x3, pad=1, stride=2, act=leaky_relu(0.2)
    a = left -> tower
    b = right -> tower
    (a, b) -> subtract
"""
    checked = compile_text(text).checked
    found = there_and_back(checked, tmp_path)
    assert layers_of(found) == layers_of(checked)
    assert found.params == checked.params


def test_what_others_read_between_the_layers_stays(tmp_path: Path) -> None:
    """A border of which somebody else takes the value is one of its own."""
    import keras

    entry = keras.layers.Input((8, 8, 3))
    pad = keras.layers.ZeroPadding2D(1, name="conv.pad")(entry)
    conv = keras.layers.Conv2D(4, 3, name="conv")(pad)
    (tmp_path / "net.json").write_text(keras.Model(entry, [conv, pad]).to_json())
    words = [node.op.word for node in decompile(frontend.read(tmp_path / "net.json")).checked.nodes]
    assert words == ["input", "zeropad", "conv"]


FAMILIES = ["alexnet_two_gpus", "densenet121", "efficientnet_b0", "googlenet", "inception_v2", "lenet5_original",
            "mnasnet0_5", "mobilenet_v3_small", "regnet_y_400mf", "resnet18", "se_resnet50", "shufflenet_v2_x0_5",
            "squeezenet1_1", "tcn", "time_series_fcn", "unet", "vae", "wavenet"]  # fmt: skip
SMALL = ("lenet5_original", "tcn")


@pytest.mark.parametrize("name", [n if n in SMALL else pytest.param(n, marks=pytest.mark.proof) for n in FAMILIES])
def test_models_of_the_zoo(name: str, tmp_path: Path) -> None:
    """As users do it: weights into an archive, and a model and its weights out of it."""
    checked = compile_path(f"zoo:{name}").checked
    net, _ = weights_of(checked)
    torch.save(net.state_dict(), tmp_path / "w.pt")
    archive, target, stored = (str(tmp_path / file) for file in ("net.keras", "net.cnn", "w.safetensors"))
    assert main(["weights", "convert", str(tmp_path / "w.pt"), archive, "--for", f"zoo:{name}"]) == 0
    assert main(["import", archive, "-o", target, "--weights", stored]) == 0
    from cnnc.network import load

    again = load(target)
    assert (again.params, again.checked.trainable) == (checked.params, checked.trainable)
    fed = pictures(checked, 1)
    with torch.no_grad():
        assert worst(again.torch(weights=stored).eval()(*fed), net(*fed)) < 1e-4


UNREAD = ("crop-value",)
"""Of the second input only the size is taken, which the archive says in numbers; then no output depends on it."""


@pytest.mark.proof
@pytest.mark.parametrize("row", [pytest.param(row, id=row.id) for row in ROWS if row.id not in UNREAD])
def test_every_behaviour_of_every_operator(row: harness.Row, tmp_path: Path) -> None:
    checked = harness.compiled(row)
    try:
        described(checked)
    except UserError as lacking:
        pytest.skip(str(lacking))
    arrays = [torch.from_numpy(np.moveaxis(x, -1, 1).copy() if x.ndim > 2 else x.copy()) for x in harness.inputs(row)]
    there_and_back(
        checked, tmp_path, [x.long() if node in checked.looked_up else x for x, node in zip(arrays, checked.inputs)]
    )
