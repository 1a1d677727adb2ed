"""The zoo through Keras and back: emitted, built, saved with its weights, imported again."""

from __future__ import annotations

import gc
import os
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from cnnc.compiler.decompile import canonical, decompile
from cnnc.compiler.frontends import keras as frontend
from cnnc.compiler.graph import Checked
from cnnc.compiler.ops.base import Op
from cnnc.compiler.ops.geometry import VALID
from cnnc.compiler.pipeline import compile_path
from cnnc.runtime.importing.weights import keras_weights
from cnnc.runtime.lowering.lower import lower

from tests.emit.written import fill, keras_model, lowered, pictures, worst
from tests.room import fits
from tests.zoo.make_keras_tables import without_weights

from .test_structure import MODELS

os.environ.setdefault("KERAS_BACKEND", "jax")
pytest.importorskip("keras")

SMALL = ["lenet5", "wavenet", "tcn", "lenet5_original", "vae"]


def plain(op: Op) -> Op:
    """What an import must find. A border may be said in other words, and how weights begin is not in Keras's layers."""
    told: dict[str, Any] = {key: None for key in ("init", "bias_init", "output_pad") if key in op.fields}
    told |= {"pad": VALID} if "pad" in op.fields else {}
    told |= {key: round(op.__dict__[key], 9) for key in ("drop", "p") if key in op.fields}
    told |= {"act": None} if str(op.__dict__.get("act")) == "Linear()" else {}
    return canonical(op).changed(**told)


def layers_of(checked: Checked) -> Counter[Any]:
    """Operators, shapes and windows."""
    nodes = [node for node in checked.nodes if node.op.word != "identity"]
    return Counter((str(plain(node.op)), node.facts.outputs, node.facts.window) for node in nodes)


def there_and_back(name: str, folder: Path) -> None:
    checked = compile_path(f"zoo:{name}").checked
    if not fits(checked.params):  # then the layers are compared at least
        with without_weights():
            (folder / "net.json").write_text(keras_model(checked).to_json())
        assert layers_of(decompile(frontend.read(folder / "net.json")).checked) == layers_of(checked)
        return
    net, model, file = lowered(checked), keras_model(checked), folder / "net.keras"
    fill(model, checked, dict(net.state_dict()))
    model.save(file)
    network = frontend.read(file)
    found = decompile(network)
    assert layers_of(found.checked) == layers_of(checked)
    assert (found.checked.params, found.checked.trainable) == (checked.params, checked.trainable)
    again = lower(found.checked, seed=None).eval()
    arrays = keras_weights(str(file), network, found)
    again.load_state_dict({key: torch.as_tensor(np.asarray(array)) for key, array in arrays.items()})
    fed = pictures(checked, 1)
    with torch.no_grad():
        made, wanted = again(*fed), net(*fed)
        if not finite(wanted):  # the numbers of a deep network that is not trained may leave those of 32 bits
            fed = [x.double() if x.is_floating_point() else x for x in fed]
            made, wanted = again.double()(*fed), net.double()(*fed)
        assert worst(made, wanted) < 1e-5


def finite(values: Any) -> bool:
    return all(bool(value.isfinite().all()) for value in (values if isinstance(values, tuple) else (values,)))


@pytest.mark.parametrize("name", SMALL)
def test_layers_parameters_and_values_come_back(name: str, tmp_path: Path) -> None:
    there_and_back(name, tmp_path)


@pytest.mark.proof
@pytest.mark.parametrize("name", [name for name in MODELS if name not in SMALL])
def test_the_whole_zoo_comes_back(name: str, tmp_path: Path) -> None:
    there_and_back(name, tmp_path)
    gc.collect()
