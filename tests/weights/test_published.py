"""What Keras publishes: its own files where it keeps them, built here by Keras with random numbers, and `imagenet`."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from cnnc.compiler.pipeline import Options, compile_path, compile_text
from cnnc.compiler.recipes.learning import Weights
from cnnc.runtime.training.begin import loading
from cnnc.runtime.weights import Loading, WeightsError, fitted, keras_published, load
from cnnc.runtime.weights.imagenet import imagenet
from cnnc.runtime.weights.keras_published import FILES

from tests.zoo.parity import LIMIT, ours
from tests.zoo.theirs import filled, keras_names, settled

QUICK = ("MobileNet",)
ALL = [name if name in QUICK else pytest.param(name, marks=pytest.mark.proof) for name in sorted(keras_names())]


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where Keras keeps what it downloads."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    folder = tmp_path / "models"
    folder.mkdir()
    return folder


@pytest.fixture
def asked(models: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, str]]:
    """What Keras asks for, and gets from the folder: name, address and digest."""
    from keras.src.utils import file_utils

    found: list[tuple[str, str, str]] = []

    def get_file(fname: str, origin: str, cache_subdir: str, file_hash: str = "") -> str:
        assert cache_subdir == "models"
        found.append((fname, origin, file_hash))
        return str(models / fname)

    monkeypatch.setattr(file_utils, "get_file", get_file)
    return found


def legacy(net: Any, file: Path) -> None:
    """Weights as Keras wrote them when these were published."""
    import h5py
    from keras.src.legacy.saving.legacy_h5_format import save_weights_to_hdf5_group

    with h5py.File(file, "w") as opened:
        save_weights_to_hdf5_group(opened, net)


def sample(name: str) -> tuple[Any, Any]:
    """A network of keras.applications with random weights, and pictures for it."""
    draw = np.random.default_rng(0)
    net = filled(name, None, draw, classes=1000)
    pictures = draw.normal(size=(2, *(n or 224 for n in net.input_shape[1:3]), 3)).astype(np.float32)
    if type(net.layers[1]).__name__ in ("Rescaling", "Normalization"):
        pictures = 127.5 + 60 * pictures
    if name not in QUICK:  # which does without
        steady(net)
        settled(net, pictures)
    return net, pictures


def steady(net: Any) -> None:
    """Nothing is dropped: of two pictures, statistics would be those of one."""
    for layer in net._flatten_layers():
        if type(layer).__name__ == "Dropout":
            layer.rate = 0.0


def test_there_is_a_file_for_every_model_of_keras() -> None:
    assert FILES.keys() == {name.lower() for name in keras_names()}


@pytest.mark.parametrize("name", ALL)
def test_keras_s_files_give_keras_s_values(name: str, models: Path, asked: list[tuple[str, str, str]]) -> None:
    """Keras loads its file as `weights="imagenet"`, with all that it adds for these weights; we load the same file.

    Both compute in single precision, and the deepest multiply their rounding errors, as random networks do. Theirs may
    be as far from what double precision says as ten times ours, which is never much.
    """
    import keras

    net, pictures = sample(name)
    file = FILES[name.lower()]
    legacy(net, models / file.name)
    theirs = getattr(keras.applications, name)(weights="imagenet", classifier_activation=None)
    assert asked == [(file.name, file.url, file.digest)]
    expected = theirs.predict_on_batch(pictures)
    assert np.abs(expected[0] - expected[1]).max() > 100 * LIMIT * np.abs(expected).max()
    checked = compile_path(f"zoo:keras/{name.lower()}").checked
    for source in (f"keras:{name}", "imagenet"):
        (found,), (exact,) = (ours(checked, Path(source), pictures, double) for double in (False, True))
        rounding = max(np.abs(found - exact).max() / np.abs(exact).max(), LIMIT)
        assert rounding < 1000 * LIMIT
        assert np.abs(expected - exact).max() < 10 * rounding * np.abs(exact).max()


def test_what_keras_adds_to_efficientnets_is_made_up_for(models: Path) -> None:
    """The files hold deviations where variances belong, and Keras adds a layer that divides by their roots."""
    import h5py

    net = filled("EfficientNetB0", 47, np.random.default_rng(0), classes=1000)
    legacy(net, models / "efficientnetb0.h5")
    deviations = np.array([0.229, 0.224, 0.225], np.float32)
    with h5py.File(models / "efficientnetb0.h5", "a") as file:
        (held,) = (array for array in arrays(file) if array.name.endswith("variance") and array.shape == (3,))
        held[...] = deviations
    found = load(compile_path("zoo:keras/efficientnetb0").checked, "imagenet")
    np.testing.assert_allclose(found["normalization.variance"], deviations**2, rtol=1e-6)


def arrays(file: Any) -> list[Any]:
    found: list[Any] = []
    file.visititems(lambda name, item: found.append(item) if hasattr(item, "shape") else None)
    return found


# --- a head of one's own ----------------------------------------------------------------------------------------------

TEXT = """
import MobileNet from "zoo:keras/mobilenet"

model Mine(classes=3):
    input 224x224x3
    MobileNet until="conv1_relu" as base
    global_avgpool -> dense classes as head

model Ten = MobileNet classes=10
"""


@pytest.fixture
def mobilenet(models: Path) -> Any:
    net = filled("MobileNet", 64, np.random.default_rng(0), classes=1000)
    legacy(net, models / FILES["mobilenet"].name)
    return net


def test_a_head_for_other_classes_begins_anew(mobilenet: Any) -> None:
    ten = compile_path("zoo:keras/mobilenet", Options(params={"classes": 10})).checked
    for source in ("imagenet", "keras:mobilenet"):
        with pytest.raises(WeightsError, match="10x1024x1x1 in the network, 1000x1024x1x1 in the file"):
            load(ten, source)
        found = fitted(ten, Loading(source, partial=True))
        assert set(ten.weights) - set(found.arrays) == {"conv_preds.weight", "conv_preds.bias"}
        assert found.report.source == "keras:mobilenet"


def test_a_part_that_is_a_published_model_is_filled(mobilenet: Any) -> None:
    mine = compile_text(TEXT, options=Options(model="Mine")).checked
    entry = Weights(part="base", source="imagenet")
    kernel = np.asarray(mobilenet.get_layer("conv1").kernel).transpose(3, 2, 0, 1)
    asked = (loading(entry), Loading("keras:mobilenet", part="base"), Loading("imagenet", partial=True))
    for found in (fitted(mine, one) for one in asked):
        assert set(found.arrays) == {path for path in mine.weights if path.startswith("base.")}
        np.testing.assert_array_equal(found.arrays["base.conv1.weight"], kernel)
    inner = fitted(mine, Loading("imagenet", part="base.conv1"))
    assert set(inner.arrays) == {"base.conv1.weight"}


def test_variants_of_published_models_are_those_models() -> None:
    assert imagenet(compile_text(TEXT).checked, None) == ("", "keras:mobilenet")


# --- torchvision's ----------------------------------------------------------------------------------------------------


def test_of_torchvision_s_models_the_recommended_weights_are_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torchvision

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    (tmp_path / "hub" / "checkpoints").mkdir(parents=True)
    state = torchvision.models.mobilenet_v3_small().state_dict()
    torch.save(state, tmp_path / "hub" / "checkpoints" / "mobilenet_v3_small-047dcff4.pth")
    checked = compile_path("zoo:mobilenet_v3_small").checked
    found = fitted(checked, "imagenet")
    assert found.report.source == "torchvision:MobileNet_V3_Small_Weights.IMAGENET1K_V1"
    np.testing.assert_array_equal(found.arrays["features.0.0.weight"], state["features.0.0.weight"].numpy())


@pytest.mark.parametrize("name", ["resnet50", "resnext101_32x8d", "resnext101_64x4d", "regnet_y_16gf", "vgg16_bn"])
def test_files_tell_models_apart_that_have_one_name(name: str) -> None:
    import torchvision

    expected = torchvision.models.get_model_weights(name).DEFAULT
    assert imagenet(compile_path(f"zoo:{name}").checked, None) == ("", f"torchvision:{expected}")


# --- what there is not ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("file", "part", "whom"), [
    ("zoo:zfnet", None, "`ZFNet`"),
    ("zoo:fcn_resnet50", None, "`FCNResNet50`"),
    ("zoo:resnet50_transfer", "head", "`head` of `Flowers`"),
])  # fmt: skip
def test_models_without_published_weights_are_told(file: str, part: str | None, whom: str) -> None:
    with pytest.raises(WeightsError, match=rf"neither torchvision nor Keras publishes .* of {whom}: say `torchvision"):
        imagenet(compile_path(file).checked, part)


def test_several_published_parts_are_told() -> None:
    text = """
import MobileNet from "zoo:keras/mobilenet"
import ResNet18 from "zoo:resnet18"

model Two:
    image = input 224x224x3
    a = image -> MobileNet as left
    b = image -> ResNet18 as right
    (a, b) -> concat
"""
    with pytest.raises(WeightsError, match="may mean several parts of `Two`: name one, `left`, `right`"):
        imagenet(compile_text(text).checked, None)


def test_unknown_names_are_told_with_the_nearest() -> None:
    with pytest.raises(WeightsError, match="Keras publishes no weights `resnet51`: did you mean `keras:resnet50`"):
        load(compile_path("zoo:keras/resnet50").checked, "keras:resnet51")


# --- the download -----------------------------------------------------------------------------------------------------


def reachable(content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, digest: str) -> None:
    """A folder in place of the host."""
    (tmp_path / "net.h5").write_bytes(content)
    monkeypatch.setattr(keras_published, "HOST", f"{tmp_path.as_uri()}/")
    monkeypatch.setitem(FILES, "mobilenet", keras_published.File("mine.h5", "net.h5", digest))


def test_what_is_not_there_is_downloaded(models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    net = filled("MobileNet", 64, np.random.default_rng(0), classes=1000)
    legacy(net, tmp_path / "made.h5")
    content = (tmp_path / "made.h5").read_bytes()
    for digest in (hashlib.sha256(content).hexdigest(), hashlib.md5(content).hexdigest(), ""):
        reachable(content, tmp_path, monkeypatch, digest)
        found = load(compile_path("zoo:keras/mobilenet").checked, "keras:MobileNet")
        assert found["conv1.weight"].shape == (32, 3, 3, 3)
        (models / "mine.h5").unlink()


def test_what_comes_damaged_is_not_kept(models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reachable(b"half of it", tmp_path, monkeypatch, "0" * 32)
    with pytest.raises(WeightsError, match="cannot be downloaded \\(what came has the digest"):
        load(compile_path("zoo:keras/mobilenet").checked, "keras:mobilenet")
    assert list(models.iterdir()) == []


def test_without_a_network_it_is_told_which_file_goes_where(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*args: Any, **named: Any) -> None:
        raise OSError("no route to host")

    monkeypatch.setattr(keras_published, "urlopen", unreachable)
    with pytest.raises(WeightsError) as caught:
        load(compile_path("zoo:keras/vgg16").checked, "imagenet")
    message = str(caught.value)
    assert "`keras:vgg16` cannot be downloaded (no route to host)" in message
    assert FILES["vgg16"].url in message
    assert str(models / FILES["vgg16"].name) in message
