"""What the recipes that go on from published weights learn, held against Keras with the same layers frozen."""

from __future__ import annotations

from math import prod
from typing import Any

from cnnc.compiler.backends.summary import summary_dict
from cnnc.compiler.chosen import chosen, frozen, in_phase
from cnnc.compiler.graph import Checked
from cnnc.compiler.pipeline import compile_path
from cnnc.compiler.recipes.learning import Optimizer, Params
from cnnc.runtime.training.optimize import fates

from .paper import net, output


def learning(file: str, recipe: str | None = None, phase: str | None = None) -> tuple[list[str], int]:
    """The weights that a recipe of a file of the zoo, or a phase of it, does not freeze, and the summary's total."""
    compiled = compile_path(f"zoo:{file}")
    checked, found = compiled.checked, chosen(compiled, recipe)
    found = found if phase is None else in_phase(found, phase)
    held = frozen(found, checked)
    optimizer = found.one(Optimizer)
    assert optimizer is not None
    fate = fates(checked, optimizer, found.all(Params))  # what a run does
    assert held == {path for path in checked.weights if fate[path].freeze}
    paths = [path for path, weight in checked.weights.items() if weight.trainable and path not in held]
    return paths, summary_dict(checked, frozen=held)["trainable_params"]


def test_vgg16_transfer_learns_what_keras_learns() -> None:
    """The course: 30 trained tensors, 4 with the base frozen, 10 with its last block thawed."""
    import keras

    base = keras.applications.VGG16(weights=None, include_top=False, input_shape=(150, 150, 3))
    model = keras.Sequential([base, keras.layers.Flatten(), keras.layers.Dense(256, "relu"), keras.layers.Dense(1)])
    found = net("vgg16_transfer")
    assert len([w for w in found.weights.values() if w.trainable]) == len(model.trainable_weights) == 30
    assert (found.params, found.nodes[-1].facts.output) == (model.count_params(), (1,))

    base.trainable = False
    assert compare(found, *learning("vgg16_transfer"), model) == 4
    base.trainable = True
    for layer in base.layers:
        layer.trainable = layer.name >= "block5_conv1" and layer.name.startswith("block5")
    assert compare(found, *learning("vgg16_transfer", "fine_tuning"), model) == 10


def compare(found: Checked, paths: list[str], total: int, model: Any) -> int:
    """How many tensors learn, once their sizes and the total are seen to be Keras's."""
    ours = [found.weights[path].size for path in paths]
    theirs = [prod(variable.shape) for variable in model.trainable_weights]
    assert (ours, total) == (theirs, sum(theirs))
    return len(ours)


def test_resnet50_transfer_thaws_its_last_stage() -> None:
    """Torchvision's names: the head alone, then also the 10 convolutions of layer4, each normalised."""
    assert learning("resnet50_transfer", phase="head") == (["head.weight", "head.bias"], 2049 * 5)
    later, total = learning("resnet50_transfer", phase="last_stage")
    assert len(later) == 2 + 10 * 3
    assert all(path.startswith(("backbone.layer4.", "head.")) for path in later)
    first = 1024 * 512 + 512 * 512 * 9 + 512 * 2048 + 1024 * 2048 + 2 * (512 + 512 + 2048 + 2048)
    others = 2048 * 512 + 512 * 512 * 9 + 512 * 2048 + 2 * (512 + 512 + 2048)
    assert total == first + 2 * others + 2049 * 5
    assert output("resnet50_transfer") == (5,)
