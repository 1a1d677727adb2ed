"""Dense prediction, embedding and generation: figures of the papers, and networks built from them apart.

Layer by layer the weights have the shapes of the reference; with one set of numbers both compute the same.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
import torch
from cnnc.compiler.graph import Checked, Layer
from cnnc.compiler.pipeline import Options, compile_path
from cnnc.compiler.shape import Shape
from cnnc.runtime.lowering.lower import lower
from torch import Tensor, nn

from . import references_dense as reference
from . import references_generation as other
from .paper import conv, net, output, shapes

LARGE = [42, 42, 84, 168, 336, 672, 672]
"""Table 1 of the dilated context module, for 21 classes."""

NETS: dict[str, tuple[str, str, Callable[[], nn.Module]]] = {
    "unet": ("unet", "", reference.UNet),
    "road_unet": ("road_unet", "", reference.RoadUNet),
    "fcn8s": ("fcn8s", "", reference.FCN8s),
    "segnet": ("segnet", "", reference.segnet),
    "deconvnet": ("deconvnet", "", reference.deconvnet),
    "dilated_context_basic": ("dilated_context_basic", "", lambda: reference.dilated([21] * 7)),
    "dilated_context_large": ("dilated_context_large", "", lambda: reference.dilated(LARGE)),
    "colorization": ("colorization", "", reference.colorization),
    "siamese_koch": ("siamese_koch", "", other.Koch),
    "conv_autoencoder": ("conv_autoencoder", "", other.conv_autoencoder),
    "generator": ("dcgan", "Generator", lambda: other.Generator(128)),
    "discriminator": ("dcgan", "Discriminator", lambda: other.Discriminator(128)),
    "style_transfer": ("style_transfer", "", other.Johnson),
    "style_transfer_instancenorm": ("style_transfer_instancenorm", "", other.Instance),
    "wavenet": ("wavenet", "", lambda: other.WaveNet(3, 10)),
    "tcn": ("tcn", "", other.TCN),
}
"""By a name: file, model, and the network of the reference."""

SMALL: dict[str, tuple[dict[str, object], tuple[int, ...], Callable[[], nn.Module]]] = {
    "unet": ({}, (188, 188, 1), reference.UNet),
    "road_unet": ({}, (32, 48, 3), reference.RoadUNet),
    "segnet": ({}, (45, 60, 3), reference.segnet),
    "colorization": ({}, (32, 40, 1), reference.colorization),
    "siamese_koch": ({}, (105, 105, 1), other.Koch),
    "conv_autoencoder": ({}, (28, 28, 1), other.conv_autoencoder),
    "generator": ({"width": 8}, (100,), lambda: other.Generator(8)),
    "discriminator": ({"width": 8}, (64, 64, 3), lambda: other.Discriminator(8)),
    "style_transfer": ({}, (64, 48, 3), other.Johnson),
    "style_transfer_instancenorm": ({}, (32, 48, 3), other.Instance),
    "wavenet": ({"stacks": 2, "depth": 4}, (40, 256), lambda: other.WaveNet(2, 4)),
    "tcn": ({}, (784, 1), other.TCN),
}
"""Networks whose values are compared every time: parameters and the size of the input."""

HUGE: dict[str, tuple[dict[str, object], tuple[int, ...], Callable[[], nn.Module]]] = {
    "fcn8s": ({}, (64, 96, 3), reference.FCN8s),
    "deconvnet": ({}, (224, 224, 3), reference.deconvnet),
    "dilated_context_large": ({}, (396, 380, 3), lambda: reference.dilated(LARGE)),
}


def compiled(id: str, params: dict[str, object] | None = None, sizes: tuple[int, ...] = ()) -> Checked:
    file, model, _ = NETS[id]
    inputs = {"": Shape(sizes)} if sizes and id != "siamese_koch" else {}
    return compile_path(f"zoo:{file}", Options(params=params or {}, model=model or None, inputs=inputs)).checked


def ours(checked: Checked) -> dict[str, list[str]]:
    """The weights of every layer, in the order written."""
    return {node.path: list(node.facts.weights) for node in checked.nodes if node.facts.weights}


def theirs(module: nn.Module) -> list[dict[str, Tensor]]:
    """The weights of every layer, in order, by PyTorch's names."""
    layers = module.layers if isinstance(module, reference.Net) else module.children()
    return [named(layer) for layer in layers if list(layer.parameters())]


def named(layer: nn.Module) -> dict[str, Tensor]:
    older = {"parametrizations.weight.original0": "weight_g", "parametrizations.weight.original1": "weight_v"}
    return {older.get(n, n): value for n, value in layer.state_dict().items() if n != "num_batches_tracked"}


@pytest.mark.parametrize("id", NETS)
def test_layer_by_layer_the_weights_have_the_shapes_of_the_reference(id: str) -> None:
    checked = compiled(id)
    with torch.device("meta"):
        expected = [{name: tuple(value.shape) for name, value in layer.items()} for layer in theirs(NETS[id][2]())]
    found = [{name: checked.weights[f"{path}.{name}"].shape for name in names} for path, names in ours(checked).items()]
    assert found == expected


def randomized(module: nn.Module) -> nn.Module:
    """With biases, scales and statistics that are not trivial."""
    for layer in module.modules():
        if isinstance(layer, (nn.BatchNorm1d, nn.BatchNorm2d)):
            nn.init.normal_(layer.running_mean, 0, 0.1)  # type: ignore[arg-type]
            nn.init.uniform_(layer.running_var, 0.5, 1.5)  # type: ignore[arg-type]
        if isinstance(layer, (nn.BatchNorm1d, nn.BatchNorm2d, nn.InstanceNorm2d)):
            nn.init.uniform_(layer.weight, 0.5, 1.5)
            nn.init.normal_(layer.bias, 0, 0.1)
        if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d)):
            nn.init.kaiming_normal_(layer.weight)
    return module.eval()


def agree(id: str, params: dict[str, object], sizes: tuple[int, ...], build: Callable[[], nn.Module]) -> None:
    """One set of numbers, one input, and the outputs of both."""
    torch.manual_seed(0)
    checked, expected = compiled(id, params, sizes), randomized(build())
    found = lower(checked, seed=None).eval()
    layers = zip(ours(checked), theirs(expected), strict=True)
    state = {f"{path}.{name}": value for path, layer in layers for name, value in layer.items()}
    found.load_state_dict(state)
    inputs = [torch.rand(2, sizes[-1], *sizes[:-1]) for _ in checked.inputs]
    with torch.no_grad():
        y, z = found(*inputs), expected(*inputs)
    assert z.std() > 1e-3 * z.abs().mean()
    assert (y - z).abs().max() <= 1e-5 * z.abs().max()


@pytest.mark.parametrize("id", SMALL)
def test_one_set_of_numbers_gives_the_values_of_the_reference(id: str) -> None:
    agree(id, *SMALL[id])


@pytest.mark.proof
@pytest.mark.parametrize("id", HUGE)
def test_so_it_does_in_large_networks(id: str) -> None:
    agree(id, *HUGE[id])


# --- figures of the papers --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "millions"), [("fcn8s", 134), ("deconvnet", 252)])
def test_the_papers_count_millions(name: str, millions: int) -> None:
    assert round(net(name).params / 1e6) == millions


def test_segnet_counts_as_its_paper_does() -> None:
    """29.45 million; statistics of batch normalisation are not trained."""
    assert round(net("segnet").trainable / 1e6, 2) == 29.45


def test_fcn8s_sizes() -> None:
    """The offsets of the authors' crops, 5 and 9, follow from their sizes: 44 to 34 and 88 to 70."""
    assert [shape[0] for shape in shapes(net("fcn8s"), "MaxPooling2D")] == [349, 175, 88, 44, 22]
    assert [shape[0] for shape in shapes(net("fcn8s"), "Conv2DTranspose")] == [34, 70, 568]
    assert output("fcn8s") == (500, 500, 21)


def test_context_modules_have_the_weights_of_section_3() -> None:
    """64 C^2 of the basic one without biases; its receptive field, padded away, is 67."""
    heads = {name: net(name) for name in ("dilated_context_basic", "dilated_context_large")}
    front = 14_714_688 + conv(512, 4096, 49) + conv(4096, 4096, 1) + conv(4096, 21, 1)
    assert heads["dilated_context_basic"].params - front == 64 * 21**2 + 8 * 21
    widths = [21, *LARGE, 21]
    module = sum(conv(a, b, 9) for a, b in pairwise(widths[:-1])) + conv(widths[-2], 21, 1)
    assert heads["dilated_context_large"].params - front == module
    (border,) = [shape[0] for shape in shapes(heads["dilated_context_basic"], "ZeroPadding2D")]
    assert border == 66 + 67 - 1


def test_road_masks_have_the_size_of_the_picture() -> None:
    assert output("road_unet") == (512, 512, 1)
    types = {layer.node.type for layer in net("road_unet").layers}
    assert "Dense" not in types
    assert "Dropout" in types


def test_koch() -> None:
    """Figure 4: the four convolutions, the 9,216 numbers they give, 4,096 units, and a weighted distance."""
    convs = conv(1, 64, 100) + conv(64, 128, 49) + conv(128, 128, 16) + conv(128, 256, 16)
    assert net("siamese_koch").params == convs + conv(9216, 4096, 1) + conv(4096, 1, 1) == 38_951_745


NN1 = [
    (110, 9, 115), (55, 4, 13), (55, 111, 335), (28, 37, 29), (28, 664, 521), (14, 148, 29), (14, 885, 173),
    (14, 66, 13), (14, 590, 116), (14, 66, 13), (14, 590, 116),
]  # fmt: skip
"""Table 1 of FaceNet, its convolutions: side, thousands of weights, millions of multiply-accumulates."""

NN2 = {
    "conv1": (112, 9, 119), "i3a": (28, 164, 128), "i3b": (28, 228, 179), "i3c": (14, 398, 108),
    "i4a": (14, 545, 107), "i4b": (14, 595, 117), "i4c": (14, 654, 128), "i4d": (14, 722, 142), "i4e": (7, 717, 56),
    "i5a": (7, 1600, 78), "i5b": (7, 1600, 78),
}  # fmt: skip
"""Table 2 of FaceNet: side, thousands of weights, millions of multiply-accumulates."""


def printed(rows: list[Layer]) -> tuple[int, int]:
    """Thousands of weights and millions of multiply-accumulates as the tables have them: adding a bias is one more."""
    weights = sum(row.node.facts.params for row in rows)
    work = sum((row.macs or 0) + (row.node.facts.output.size or 0) for row in rows)
    return round(weights / 1e3), round(work / 1e6)


def test_nn1_of_facenet_row_by_row() -> None:
    layers = [layer for layer in net("facenet_nn1").layers if layer.node.type == "Conv2D"]
    assert [(layer.node.facts.output[0], *printed([layer])) for layer in layers] == NN1
    dense = [
        layer.node.facts.weights["weight"].size for layer in net("facenet_nn1").layers if layer.node.type == "Dense"
    ]
    assert dense == [12544 * 4096] * 2 + [4096 * 4096] * 2 + [4096 * 128]


def test_nn2_of_facenet_row_by_row() -> None:
    """The last modules have `1.6M`; that of 4a leaves its biases out."""
    layers = [layer for layer in net("facenet_nn2").layers if layer.node.facts.weights]
    for name, (side, thousands, millions) in NN2.items():
        rows = [layer for layer in layers if layer.name.split(".")[0] == name]
        weights, work = printed(rows)
        assert (rows[-1].node.facts.output[0], work) == (side, millions)
        assert weights == pytest.approx(thousands, rel=0.01, abs=1)


@pytest.mark.parametrize(("name", "millions"), [("facenet_nn1", 140), ("facenet_nn2", 7.5)])
def test_facenet_in_all(name: str, millions: float) -> None:
    found = net(name)
    assert found.params / 1e6 == pytest.approx(millions, abs=0.05)
    assert round((found.macs or 0) / 1e9, 1) == 1.6
    assert output(name) == (128,)


def test_a_triplet_has_the_weights_of_one_network_and_works_three_times() -> None:
    one = net("facenet_nn2")
    three = compile_path("zoo:facenet_nn2", Options(model="Triplet")).checked
    assert three.params == one.params
    assert three.macs == 3 * (one.macs or 0)


def test_tcn_counts_as_table_1_of_its_paper() -> None:
    """About 70 thousand, as many as the recurrent networks it is compared with."""
    assert round(net("tcn").params / 1e4) == 7


def test_the_figures_of_dcgan() -> None:
    """Figure 1: 4x4x1024, 8x8x512, 16x16x256, 32x32x128, 64x64x3."""
    assert shapes(net("dcgan"), "Reshape") == [(4, 4, 1024)]
    assert shapes(net("dcgan"), "Conv2DTranspose") == [(8, 8, 512), (16, 16, 256), (32, 32, 128), (64, 64, 3)]


# --- the variational autoencoder --------------------------------------------------------------------------------------


def keras_vae() -> tuple[Any, Any]:
    """Encoder and decoder of the example of Keras."""
    import keras
    from keras import layers

    x = keras.Input((28, 28, 1))
    y = layers.Conv2D(32, 3, 2, "same", activation="relu")(x)
    y = layers.Conv2D(64, 3, 2, "same", activation="relu")(y)
    y = layers.Dense(16, activation="relu")(layers.Flatten()(y))
    encoder = keras.Model(x, [layers.Dense(2)(y), layers.Dense(2)(y)])
    z = keras.Input((2,))
    y = layers.Reshape((7, 7, 64))(layers.Dense(7 * 7 * 64, activation="relu")(z))
    y = layers.Conv2DTranspose(64, 3, 2, "same", activation="relu")(y)
    y = layers.Conv2DTranspose(32, 3, 2, "same", activation="relu")(y)
    return encoder, keras.Model(z, layers.Conv2DTranspose(1, 3, padding="same", activation="sigmoid")(y))


def laid_out(array: Any) -> Tensor:
    """A kernel of Keras in PyTorch's layout; transposed ones have output before input there, which this turns too."""
    axes = {1: (0,), 2: (1, 0), 4: (3, 2, 0, 1)}[array.ndim]
    return torch.tensor(array.transpose(axes))


def test_the_vae_computes_what_kerass_example_computes() -> None:
    """Outside training the sample is the mean."""
    import numpy as np

    checked = net("vae")
    encoder, decoder = keras_vae()
    rng = np.random.default_rng(0)
    for weight in (*encoder.weights, *decoder.weights):
        weight.assign(rng.normal(0, 0.1, weight.shape))
    assert checked.params == encoder.count_params() + decoder.count_params() == 69_076 + 65_089
    arrays = [np.asarray(w) for w in (*encoder.weights, *decoder.weights)]
    names = [f"{path}.{name}" for path, found in ours(checked).items() for name in found]
    network = lower(checked, seed=None).eval()
    network.load_state_dict({name: laid_out(array) for name, array in zip(names, arrays, strict=True)})
    pictures = rng.random((2, 28, 28, 1), np.float32)
    with torch.no_grad():
        picture, mean, logvar = network(torch.from_numpy(pictures).movedim(-1, 1))
    for found, expected in zip((mean, logvar), encoder(pictures)):
        torch.testing.assert_close(found, torch.tensor(np.asarray(expected)), rtol=1e-4, atol=1e-5)
    expected = torch.tensor(np.asarray(decoder(encoder(pictures)[0]))).movedim(-1, 1)
    torch.testing.assert_close(picture, expected, rtol=1e-4, atol=1e-6)
