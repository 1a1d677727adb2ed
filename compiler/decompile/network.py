"""A network as it was read from elsewhere: layers in an order of evaluation, nothing yet of blocks or lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ..ops.base import OPERATORS, Facts, Op, OpError
from ..ops.structure import Input
from ..shape import Shape


class Ref(NamedTuple):
    """One output of one layer, by the layer's position."""

    layer: int
    output: int = 0


@dataclass(frozen=True)
class Layer:
    """One use of an operator. `path` is the dotted name it had, empty where it had none.

    `weights` are arrays by their names in `facts.weights`, in that layout; empty where the source holds none. A layer
    that has its weights from an earlier one says so in `shares`.
    """

    op: Op
    inputs: tuple[Ref, ...]
    facts: Facts
    path: str = ""
    weights: Mapping[str, Any] = field(default_factory=dict)
    shares: int | None = None


@dataclass(frozen=True)
class Network:
    """What a reader gives. `keeps_paths` says that the paths of layers with weights are worth keeping.

    `classes` names the kind of the module that stood at a path, where the source tells.
    """

    name: str
    layers: tuple[Layer, ...]
    outputs: tuple[Ref, ...]
    doc: str = ""
    keeps_paths: bool = False
    classes: Mapping[str, str] = field(default_factory=dict)

    def shape(self, ref: Ref) -> Shape:
        return self.layers[ref.layer].facts.outputs[ref.output]


class Builder:
    """The layers read so far. Shapes follow from the operators, so a wrong reading is noticed where it happens."""

    def __init__(self) -> None:
        self.layers: list[Layer] = []

    def shape(self, ref: Ref) -> Shape:
        return self.layers[ref.layer].facts.outputs[ref.output]

    def input(self, shape: Sequence[int | None], path: str = "") -> Ref:
        op = Input(Shape(shape))
        self.layers.append(Layer(op, (), op.facts(()), path))
        return Ref(len(self.layers) - 1)

    def add(
        self,
        op: Op,
        inputs: Sequence[Ref],
        path: str = "",
        weights: Mapping[str, Any] = {},
        shares: int | None = None,
    ) -> Ref:
        """Append a layer; its first output. OpError where it does not fit its inputs or its weights."""
        op = canonical(op)
        facts = op.facts(tuple(map(self.shape, inputs)))
        for name, weight in facts.weights.items():
            if weights and tuple(weights[name].shape) != weight.shape:
                raise OpError(f"its `{name}` is {tuple(weights[name].shape)}, `{op.word}` wants {weight.shape}")
        self.layers.append(Layer(op, tuple(inputs), facts, path, weights, shares))
        return Ref(len(self.layers) - 1)

    def network(self, name: str, outputs: Sequence[Ref], **rest: Any) -> Network:
        """The network without the layers that reach no output; inputs stay."""
        wanted = {ref.layer for ref in outputs}
        for number in range(len(self.layers) - 1, -1, -1):
            layer = self.layers[number]
            if number in wanted:
                wanted.update(ref.layer for ref in layer.inputs)
            elif isinstance(layer.op, Input):
                wanted.add(number)
        place = {old: new for new, old in enumerate(sorted(wanted))}
        layers = tuple(moved(self.layers[old], place) for old in sorted(wanted))
        return Network(name, layers, tuple(Ref(place[r.layer], r.output) for r in outputs), **rest)


def moved(layer: Layer, place: Mapping[int, int]) -> Layer:
    """The layer with its references after a renumbering."""
    inputs = tuple(Ref(place[r.layer], r.output) for r in layer.inputs)
    shares = None if layer.shares is None else place.get(layer.shares)
    return Layer(layer.op, inputs, layer.facts, layer.path, layer.weights, shares)


def make(word: str, **values: Any) -> Op:
    """The operator that users call by a word."""
    return OPERATORS[word](**values)


def canonical(op: Op) -> Op:
    """The one spelling among those that mean the same: one number where all dimensions have it."""
    changes = {}
    for name, declared in op.fields.items():
        value = op.__dict__[name]
        kinds = declared.type.replace("|", " ").split()
        if "Padding" in kinds:
            changes[name] = plain_padding(value)
        elif isinstance(value, tuple) and ("Sizes" in kinds or "Pairs" in kinds):
            changes[name] = collapsed(value)
    changes = {name: value for name, value in changes.items() if value != op.__dict__[name]}
    if getattr(op, "stride", None) is not None and "stride" in op.fields and op.fields["stride"].default is None:
        size, stride = changes.get("size", op.__dict__["size"]), changes.get("stride", op.__dict__["stride"])
        if size == stride:
            changes["stride"] = None
    return op.changed(**changes) if changes else op


def collapsed(items: tuple[Any, ...]) -> tuple[Any, ...]:
    """One for all where all are equal."""
    return items[:1] if len(set(items)) == 1 else items


def plain_padding(pad: Any) -> Any:
    """`pad=0` is `valid`; equal pairs are one number where both ends agree."""
    from ..ops.geometry import VALID, Padding

    if not isinstance(pad, Padding) or pad.kind != "explicit":
        return pad
    if all(pair == (0, 0) for pair in pad.pairs):
        return VALID
    pairs = collapsed(pad.pairs)
    if len(pairs) == 1 and pairs[0][0] == pairs[0][1]:
        return Padding("explicit", pairs, scalar=True)
    return Padding("explicit", pairs if len(pairs) > 1 else pad.pairs, scalar=False)
