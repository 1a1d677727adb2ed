"""Emitted source, run: the model that it builds, and what it is held against."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from cnnc.compiler.backends.emit import source
from cnnc.compiler.graph import Checked
from cnnc.compiler.keras_layout import keras_variables
from cnnc.compiler.ops.base import weight_key
from cnnc.runtime.lowering.lower import lower
from torch import Tensor, nn

Array = np.ndarray[Any, Any]


def module_of(text: str) -> dict[str, Any]:
    """What the source defines."""
    space: dict[str, Any] = {"__name__": "emitted"}
    exec(compile(text, "<emitted>", "exec"), space)
    return {name: thing for name, thing in space.items() if getattr(thing, "__module__", "") == "emitted"}


def torch_model(checked: Checked) -> nn.Module:
    """The last class of the source, built as its user would."""
    *_, last = (thing for thing in module_of(source(checked, "torch")).values() if isinstance(thing, type))
    model: nn.Module = last()
    return model


def keras_model(checked: Checked) -> Any:
    """What the last function of the source gives."""
    *_, last = (thing for thing in module_of(source(checked, "keras")).values() if not isinstance(thing, type))
    return last()


def lowered(checked: Checked) -> nn.Module:
    """The network as the runtime builds it, with weights and statistics that are not trivial."""
    torch.manual_seed(0)
    net = lower(checked, seed=1).eval()
    for name, value in net.state_dict().items():
        if name.endswith("running_var"):
            value.uniform_(0.8, 1.2)
        elif value.is_floating_point() and not name.endswith("variance"):
            value.add_(0.1 * torch.randn_like(value))
    return net


def pictures(checked: Checked, batch: int = 2) -> list[Tensor]:
    """Inputs, channels first; an open size is taken as 32, tokens are small whole numbers."""
    torch.manual_seed(1)
    found = []
    for node in checked.inputs:
        *sizes, width = (32 if n is None else n for n in node.facts.output)
        shape = (batch, width, *sizes)
        found.append(torch.randint(0, 3, shape) if node in checked.looked_up else torch.randn(shape))
    return found


def worst(ours: Any, theirs: Any) -> float:
    """The largest difference, relative to the largest value of each output."""
    ours, theirs = (made if isinstance(made, (list, tuple)) else (made,) for made in (ours, theirs))
    assert [tuple(a.shape) for a in ours] == [tuple(b.shape) for b in theirs]
    return max(
        float((a.double() - b.double()).abs().max() / b.abs().max().clamp(min=1e-6)) for a, b in zip(ours, theirs)
    )


def hold_torch(checked: Checked, inputs: list[Tensor] | None = None) -> None:
    """The emitted module has the keys and shapes of the lowered network, and with its weights the same values.

    In 64 bits: an untrained network of many layers makes much of what rounding does.
    """
    net, made = lowered(checked), torch_model(checked).eval()
    state = dict(net.state_dict())
    theirs = {name: value.shape for name, value in made.state_dict().items() if "num_batches_tracked" not in name}
    assert theirs == {name: value.shape for name, value in state.items()}
    trained = {name for name, value in made.named_parameters() if value.requires_grad}
    assert trained == {name for name, weight in checked.weights.items() if weight.trainable}
    made.load_state_dict(state)
    given = [x.double() if x.is_floating_point() else x for x in (inputs or pictures(checked))]
    with torch.no_grad():
        assert worst(made.double()(*given), net.double()(*given)) < 1e-6


# --- Keras ------------------------------------------------------------------------------------------------------------


def rows(model: Any) -> list[tuple[str, Any, int]]:
    """Class, output shape and parameters of each row of Keras's summary."""
    found = []
    for operation in model.operations:
        made = operation.output
        several = isinstance(made, (list, tuple))
        shape = [list(m.shape) for m in made] if several else list(made.shape)
        params = operation.count_params() if hasattr(operation, "count_params") else 0
        found.append((type(operation).__name__, shape, params))
    return found


def layers(model: Any) -> Iterator[Any]:
    """The layers, those of sequences inside too."""
    for layer in model.layers:
        if type(layer).__name__ == "Sequential":
            yield from layers(layer)
        else:
            yield layer


def fill(model: Any, checked: Checked, state: dict[str, Tensor]) -> None:
    """Give the Keras model our weights, laid out as Keras has them; layers are found by their names."""
    named = {layer.name: layer for layer in layers(model)}
    for layer in checked.layers:
        variables = keras_variables(layer)
        if not variables:
            continue
        theirs = [weight for weight in named[layer.name].weights if "seed" not in weight.path]
        by_name = {weight.name: weight for weight in theirs}
        for position, variable in enumerate(variables):
            ours = state[weight_key(layer.name, variable.weight)].numpy()
            turned = ours.reshape([variable.shape[axis] for axis in variable.axes])
            array = turned.transpose(np.argsort(variable.axes)) if variable.axes else turned
            by_name.get(variable.name, theirs[position]).assign(array)
    for layer in named.values():
        if hasattr(layer, "finalize_state"):
            layer.finalize_state()


def turned(x: Tensor) -> Array:
    """Channels last."""
    return np.moveaxis(x.numpy(), 1, -1) if x.dim() > 2 else x.numpy()


def hold_keras(checked: Checked, inputs: list[Tensor] | None = None, tolerance: float = 3e-5) -> None:
    """With the lowered network's weights the emitted Keras model has its values."""
    net, model = lowered(checked), keras_model(checked)
    fill(model, checked, dict(net.state_dict()))
    given = pictures(checked) if inputs is None else inputs
    arrays = [turned(x) for x in given]
    found = model.predict_on_batch(arrays[0] if len(arrays) == 1 else arrays)
    found = found if isinstance(found, (list, tuple)) else [found]
    with torch.no_grad():
        expected = net(*given)
    expected = expected if isinstance(expected, tuple) else (expected,)
    theirs = [torch.from_numpy(np.array(made)) for made in found]
    assert worst(theirs, [torch.from_numpy(turned(made).copy()) for made in expected]) < tolerance
