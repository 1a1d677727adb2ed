"""Several layers that a `.keras` archive of ours has for one of our own -> that layer, as `cnnc emit keras` writes it.

They are known by their names, `conv1` and `conv1.pad`, and by their classes; nobody else may read what lies between
them. Those of others are read one by one.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple, Optional

Config = Mapping[str, Any]
Parts = Mapping[str, Config]
"""Layers by what follows the common name, which the one with `""` has itself."""

Key = tuple[str, int, int]
"""A value: the name of a layer, which of its calls, which of its outputs."""


class Whole(NamedTuple):
    """What layers are together; `gives` are those whose values are its values, `own` says that its class is not one of
    Keras's. What it takes is found from `begins`, where nothing is said from those that give."""

    kind: str
    config: dict[str, Any]
    own: bool = True
    gives: tuple[str, ...] = ("",)
    begins: tuple[str, ...] = ()

    def layer(self, name: str, nodes: list[Any]) -> dict[str, Any]:
        """As Keras writes a layer."""
        origin = f"Custom>{self.kind}" if self.own else None
        config = {**self.config, "name": name}
        return {
            "class_name": self.kind,
            "registered_name": origin,
            "name": name,
            "config": config,
            "inbound_nodes": nodes,
        }


Rule = Callable[[Parts], Optional[Whole]]


class Pattern(NamedTuple):
    """Which layers there must be, by their classes without the rank, which others there may be, and what they are:
    None where they are nothing in particular."""

    wanted: Mapping[str, str]
    others: Mapping[str, str]
    rule: Rule


PATTERNS: list[Pattern] = []


def together(wanted: Mapping[str, str], others: Mapping[str, str] | None = None) -> Callable[[Rule], Rule]:
    """Register a rule."""

    def register(rule: Rule) -> Rule:
        PATTERNS.append(Pattern(wanted, others or {}, rule))
        return rule

    return register


def joined(layers: Sequence[Config], outputs: Sequence[Key]) -> tuple[list[Config], list[Key]]:
    """The layers of a model, with one for those that are one together, and its outputs."""
    model = Model(layers, outputs)
    for name in list(model.families):
        while model.join(name):
            pass
    return list(model.layers.values()), model.outputs


class Model:
    """The layers by their names, and who reads them."""

    def __init__(self, layers: Sequence[Config], outputs: Sequence[Key]) -> None:
        self.outputs = list(outputs)
        self.layers = {named(layer): layer for layer in layers}
        self.readers: dict[str, set[str]] = defaultdict(set)
        self.families: dict[str, set[str]] = defaultdict(set)
        for name, layer in self.layers.items():
            stem, _, part = name.rpartition(".")
            if stem in self.layers:
                self.families[stem].add(part)
            for taken in referred(layer.get("inbound_nodes")):
                self.readers[taken[0]].add(name)
        for output in outputs:
            self.readers[output[0]].add("")

    def join(self, name: str) -> bool:
        """Put one layer for some of a name, if a pattern fits."""
        there = {"": self.layers[name], **{part: self.layers[f"{name}.{part}"] for part in self.families[name]}}
        for pattern in sorted(PATTERNS, key=size, reverse=True):
            parts = chosen(pattern, there)
            whole = pattern.rule(parts) if parts else None
            if whole is not None and self.closed(name, parts, whole.gives):
                self.put(name, parts, whole)
                return True
        return False

    def closed(self, name: str, parts: Parts, gives: Sequence[str]) -> bool:
        """Whether nobody reads what lies between the layers, and all are called equally often."""
        inner = {full(name, part) for part in parts}
        between = [full(name, part) for part in parts if part not in gives]
        calls = {len(layer.get("inbound_nodes") or ()) for layer in parts.values()}
        plain = all(isinstance(node, dict) for layer in parts.values() for node in layer.get("inbound_nodes") or ())
        return (
            plain and len(calls) == 1 and all(self.readers[other] and self.readers[other] <= inner for other in between)
        )

    def put(self, name: str, parts: Parts, whole: Whole) -> None:
        """The layers out, the whole in; others refer to it in place of them."""
        members = {full(name, part) for part in parts}
        calls = range(len(self.layers[full(name, whole.gives[0])]["inbound_nodes"]))
        nodes = [
            {"args": list(self.outer(name, members, whole.begins or whole.gives, call)), "kwargs": {}} for call in calls
        ]
        for member in members:
            for taken, *_ in referred(self.layers[member]["inbound_nodes"]):
                self.readers[taken] = self.readers[taken] - {member} | {name}
        outside: set[str] = set()
        for index, part in enumerate(whole.gives):
            outside |= self.readers[full(name, part)] - members
            self.rename(full(name, part), name, index)
        self.readers[name] = outside
        last = full(name, whole.gives[0])
        made = whole.layer(name, nodes)
        kept = {
            key: made if key == last else layer
            for key, layer in self.layers.items()
            if key == last or key not in members
        }
        self.layers = {name if key == last else key: layer for key, layer in kept.items()}
        self.families[name] -= parts.keys()

    def rename(self, old: str, new: str, index: int) -> None:
        """Let all that refer to the value of one layer refer to an output of another."""
        for reader in self.readers[old] - {""}:
            for tensor in tensors(self.layers[reader]["inbound_nodes"]):
                key = history(tensor)
                if key[0] == old:
                    tensor["config"]["keras_history"] = [new, key[1], index]
        self.outputs = [(new, key[1], index) if key[0] == old else key for key in self.outputs]

    def outer(self, name: str, members: AbstractSet[str], begins: Sequence[str], call: int) -> Iterator[Any]:
        """What one call takes from others, in the order in which its layers take it."""
        told: set[Key] = set()
        done: set[str] = set()
        waiting: list[Any] = [full(name, part) for part in reversed(begins)]
        while waiting:
            item = waiting.pop()
            if isinstance(item, str):
                if item not in done:
                    done.add(item)
                    waiting += reversed(list(tensors(self.layers[item]["inbound_nodes"][call])))
            elif history(item)[0] in members:
                waiting.append(history(item)[0])
            elif history(item) not in told:
                told.add(history(item))
                yield item


def size(pattern: Pattern) -> int:
    """How many layers it may be."""
    return len(pattern.wanted) + len(pattern.others)


def full(name: str, part: str) -> str:
    return f"{name}.{part}" if part else name


def named(layer: Config) -> str:
    return str(layer["name"] if "name" in layer else layer["config"]["name"])


def chosen(pattern: Pattern, there: Parts) -> dict[str, Config]:
    """The layers that a pattern wants, and what it takes besides; none where one is missing or of another class."""
    known = {**pattern.wanted, **pattern.others}
    if not pattern.wanted.keys() <= there.keys():
        return {}
    parts = {part: layer for part, layer in there.items() if part in known}
    alike = all(re.fullmatch(known[part], stem(layer)) for part, layer in parts.items())
    return parts if alike else {}


def stem(layer: Config) -> str:
    """The class without its rank."""
    return re.sub(r"[123]D(?=$|Transpose)", "", str(layer["class_name"]))


def rank(layer: Config) -> str:
    """`2D` of `Conv2DTranspose`."""
    return "".join(re.findall(r"[123]D", str(layer["class_name"])))


def tensors(node: Any) -> Iterator[Any]:
    """The values that a call takes."""
    if isinstance(node, dict):
        if node.get("class_name") == "__keras_tensor__":
            yield node
        else:
            for value in node.values():
                yield from tensors(value)
    elif isinstance(node, list):
        for value in node:
            yield from tensors(value)


def history(tensor: Config) -> Key:
    name, number, index = tensor["config"]["keras_history"]
    return name, number, index


def referred(nodes: Any) -> Iterator[Key]:
    return map(history, tensors(nodes))
