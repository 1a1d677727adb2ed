"""Keras's configuration -> layers: functional and sequential models, and models inside models."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ...decompile.network import Builder, Network, Ref
from ...diagnostics import UserError
from ...ops.base import OpError
from ..unread import Unread, Unreadable
from . import rules  # noqa: F401  # they register themselves
from .beginnings import remarks
from .call import Call
from .emitted import rule_of
from .together import joined

Config = Mapping[str, Any]
MODELS = ("Functional", "Model", "Sequential")

LOST = -1
"""Stands for all outputs of a call that cannot be said."""


def read(path: str | os.PathLike[str]) -> Network:
    """The network of a Keras file. Raises Unreadable with all layers that have no counterpart."""
    file = Path(path)
    config = opened(file)
    reader = Reader()
    try:
        outputs = reader.model(config, None, "")
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as wrong:
        raise UserError(f"{path}: its configuration is not as Keras writes it: {wrong!r}") from None
    if reader.lost:
        raise Unreadable(str(path), reader.lost)
    name = str(config["config"].get("name") or file.stem)
    title = file.stem if name.startswith(("functional", "sequential")) else name
    return reader.build.network(title, outputs, remarks=remarks(reader.unsaid, reader.frozen))


def opened(file: Path) -> Config:
    """The configuration of the model. UserError where the file holds none."""
    with file.open("rb"):
        pass  # an OSError that names the file
    try:
        if zipfile.is_zipfile(file):
            with zipfile.ZipFile(file) as archive:
                config = json.loads(archive.read("config.json"))
        elif file.suffix == ".keras":
            raise UserError(f"{file}: this is no Keras model: the archive is cut off, or it is none")
        else:
            config = json.loads(file.read_text("utf-8"))
    except (KeyError, ValueError, zipfile.BadZipFile) as wrong:
        raise UserError(f"{file}: this is no Keras model: {wrong}") from None
    if isinstance(config, dict) and config.get("class_name") not in MODELS and config.get("registered_name"):
        kind = config["class_name"]
        raise UserError(f"{file}: `{kind}` is a class of its own, whose Python code is not in the file: "
                        "`model.export('net.onnx', format='onnx')` writes a file that can be imported")  # fmt: skip
    if not isinstance(config, dict) or config.get("class_name") not in MODELS or "config" not in config:
        found = f"the class `{config.get('class_name')}`" if isinstance(config, dict) else "no object"
        raise UserError(f"{file}: this is no Keras model of the classes {', '.join(MODELS)}: it holds {found}")
    return config


class Reader:
    """The walk over the layers; what cannot be said is gathered in `lost`."""

    def __init__(self) -> None:
        self.build = Builder()
        self.lost: list[Unread] = []
        self.owners: dict[str, list[int]] = {}
        self.unsaid: list[tuple[str, str, str]] = []
        self.frozen: list[str] = []

    def model(self, config: Config, inputs: Sequence[Ref | None] | None, prefix: str) -> list[Ref]:
        """The outputs of a model; `inputs` are what it is applied to, None where it is the whole."""
        inner = config["config"]
        if config["class_name"] == "Sequential":
            return self.sequential(inner["layers"], inputs, prefix, inner.get("build_input_shape"))
        return self.functional(inner, inputs, prefix)

    def sequential(
        self, layers: Sequence[Config], inputs: Sequence[Ref | None] | None, prefix: str, shape: Any
    ) -> list[Ref]:
        """One layer behind the other. Old files say the input's shape with the first layer, or with the whole."""
        value = inputs[0] if inputs else self.entry(layers[0], shape)
        if value is None and not inputs:
            self.lost.append(Unread("the model has no input shape: build it before it is saved"))
            return []
        for layer in layers:
            if layer["class_name"] != "InputLayer":
                value = next(iter(self.apply(layer, [value], prefix, {})), None)
        return [value] if value is not None else []

    def entry(self, first: Config, shape: Any) -> Ref | None:
        """The input of a sequential model; None where nothing tells its shape."""
        if first["class_name"] == "InputLayer":
            return self.input(first)
        sizes = first["config"].get("batch_shape") or first["config"].get("batch_input_shape") or shape
        return self.build.input(sizes[1:]) if sizes else None

    def functional(self, inner: Config, inputs: Sequence[Ref | None] | None, prefix: str) -> list[Ref]:
        """Every call of every layer, as soon as what it takes is there."""
        values: dict[tuple[str, int, int], Ref | None] = {}
        if inputs is not None:
            values.update(zip(keys(inner["input_layers"]), inputs))
        layers, outputs = joined(inner["layers"], keys(inner["output_layers"]))
        waiting = [(layer, number, node) for layer in layers for number, node in calls(layer)]
        while waiting:
            later = [call for call in waiting if not self.call(call, values, inputs is not None, prefix)]
            if len(later) == len(waiting):
                raise UserError(f"the layer `{later[0][0]['name']}` waits for a value that no layer makes")
            waiting = later
        found = [values.get(key) for key in outputs]
        return [value for value in found if value is not None]

    def call(
        self, call: tuple[Config, int, Any], values: dict[tuple[str, int, int], Ref | None], nested: bool, prefix: str
    ) -> bool:
        """One call of a layer, if its inputs are there."""
        layer, number, node = call
        name = layer["name"] if "name" in layer else layer["config"]["name"]
        if layer["class_name"] == "InputLayer":
            if not nested:
                values[name, 0, 0] = self.input(layer)
            return True
        wanted = list(histories(node))
        if any(key not in values and (*key[:2], LOST) not in values for key in wanted):
            return False
        made = self.apply(layer, [values.get(key) for key in wanted], prefix, scalars(node))
        for index, value in enumerate(made):
            values[name, number, index] = value
        if not made:
            values[name, number, LOST] = None
        return True

    def input(self, layer: Config) -> Ref:
        config = layer["config"]
        sizes = config.get("batch_shape") or config.get("batch_input_shape")
        return self.build.input(sizes[1:], config["name"])

    def apply(self, layer: Config, inputs: Sequence[Ref | None], prefix: str, extra: Config) -> list[Ref]:
        """The values that a layer makes; none where it, or one before it, cannot be said."""
        kind, config = layer["class_name"], layer.get("config") or {}
        own = str(config.get("name") or layer.get("name") or kind)
        name = own if own.startswith(prefix) else prefix + own  # emitted models say whole paths
        if kind in MODELS:
            return self.model(layer, inputs, f"{name}.")
        if any(value is None for value in inputs):
            self.unknown(layer, name)
            return []
        try:
            rule = rule_of(layer)
            if rule is None:
                raise Unread(lacking(layer))
            known = [value for value in inputs if value is not None]
            owners = self.owners.setdefault(name, [])
            return rule(Call(self.build, kind, name, config, known, extra, owners, self.unsaid, self.frozen))
        except (Unread, OpError) as wrong:
            self.lost.append(Unread(wrong.message, f"{kind} `{name}`"))
        except (KeyError, TypeError, ValueError) as wrong:
            self.lost.append(Unread(f"its configuration is not as Keras writes it: {wrong!r}", f"{kind} `{name}`"))
        return []

    def unknown(self, layer: Config, name: str) -> None:
        """Behind a layer that is lost, others are told only if they have no counterpart whatever comes in."""
        if rule_of(layer) is None:
            self.lost.append(Unread(lacking(layer), f"{layer['class_name']} `{name}`"))


def lacking(layer: Config) -> str:
    """Why a layer cannot be said."""
    kind = str(layer["class_name"])
    if kind == "Lambda":
        return "it holds Python code, which is neither read nor run"
    if kind.startswith("Random") or kind in ("MixUp", "CutMix", "RandAugment", "AugMix"):
        return "it acts in training alone: leave it out of the model, and say it in the recipe's `augment:`"
    if layer.get("registered_name") and not str(layer.get("module") or "").startswith("keras"):
        return "it is a class of its own, whose Python code is not in the file"
    return "the language has no counterpart"


def keys(layers: Any) -> list[tuple[str, int, int]]:
    """`["a", 0, 0]`, or a list or an object of such."""
    if isinstance(layers, dict):
        layers = list(layers.values())
    if layers and isinstance(layers[0], str):
        return [(layers[0], layers[1], layers[2])]
    return [key for layer in layers for key in keys(layer)] if isinstance(layers, list) else []


def calls(layer: Config) -> Iterator[tuple[int, Any]]:
    """The calls of a layer with their numbers; an input has one."""
    nodes = layer.get("inbound_nodes") or [None]
    yield from enumerate(nodes)


def histories(node: Any) -> Iterator[tuple[str, int, int]]:
    """The values that a call takes, in order: of Keras 3, and of Keras 2's nested lists."""
    if isinstance(node, dict):
        if node.get("class_name") == "__keras_tensor__":
            name, number, tensor = node["config"]["keras_history"]
            yield name, number, tensor
        else:
            for value in node.values():
                yield from histories(value)
    elif isinstance(node, list):
        if len(node) >= 3 and isinstance(node[0], str) and all(isinstance(n, int) for n in node[1:3]):
            yield node[0], node[1], node[2]
        else:
            for value in node:
                yield from histories(value)


def scalars(node: Any) -> dict[str, Any]:
    """The numbers among a call's arguments, and lists of them, by their position: those of `x + 3`."""
    if not isinstance(node, dict):
        return {}
    args = {**{str(i): arg for i, arg in enumerate(node.get("args", []))}, **node.get("kwargs", {})}
    return {key: arg for key, arg in args.items() if is_number(arg) or (arg and is_numbers(arg))}


def is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_numbers(value: Any) -> bool:
    return isinstance(value, list) and all(map(is_number, value))
