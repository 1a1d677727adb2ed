"""A network as it was read from elsewhere: layers in an order of evaluation, nothing yet of blocks or lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import cached_property
from itertools import takewhile
from typing import Any, NamedTuple, TypeVar

from ..ops.base import OPERATORS, Facts, Op, OpError
from ..ops.structure import Input
from ..shape import Shape

T = TypeVar("T")


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

    `classes` names the kind of the module that stood at a path, where the source tells. `remarks` are what whoever
    imports it should know.
    """

    name: str
    layers: tuple[Layer, ...]
    outputs: tuple[Ref, ...]
    doc: str = ""
    keeps_paths: bool = False
    classes: Mapping[str, str] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()

    def shape(self, ref: Ref) -> Shape:
        return self.layers[ref.layer].facts.outputs[ref.output]

    @cached_property
    def readers(self) -> Mapping[int, frozenset[int]]:
        """The layers that take a value of each layer."""
        found: list[set[int]] = [set() for _ in self.layers]
        for number, layer in enumerate(self.layers):
            for ref in layer.inputs:
                found[ref.layer].add(number)
        return dict(enumerate(map(frozenset, found)))

    @cached_property
    def results(self) -> frozenset[int]:
        """The layers whose values are outputs."""
        return frozenset(ref.layer for ref in self.outputs)

    def read_outside(self, layers: Iterable[int], inside: AbstractSet[int]) -> bool:
        """Whether a value of some layers goes anywhere but to those inside."""
        return any(n in self.results or not self.readers[n] <= inside for n in layers)

    def common_path(self, layers: Iterable[int]) -> list[str]:
        """The components that the paths of those of the layers that have weights begin with."""
        return shared_start([self.layers[n].path.split(".") for n in layers if self.layers[n].facts.weights])


def shared_start(paths: Iterable[Sequence[T]]) -> list[T]:
    """The components that all paths begin with."""
    return [first for first, *_ in takewhile(lambda level: len(set(level)) == 1, zip(*paths))]


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
        wanted = self.wanted(outputs)
        used = {ref for number in wanted for ref in self.layers[number].inputs}.union(outputs)
        place: dict[Ref, Ref] = {}
        layers: list[Layer] = []
        for old in wanted:
            layer = moved(self.layers[old], place)
            made = [Ref(old, i) for i in range(len(layer.facts.outputs))]
            if layer.op.word == "split" and not used.issuperset(made):
                taken = [ref for ref in made if ref in used]
                place.update((ref, Ref(len(layers) + i)) for i, ref in enumerate(taken))
                layers += [part(layer, ref.output) for ref in taken]
            else:
                place.update((ref, Ref(len(layers), ref.output)) for ref in made)
                layers.append(layer)
        return Network(name, tuple(layers), tuple(place[ref] for ref in outputs), **rest)

    def wanted(self, outputs: Sequence[Ref]) -> list[int]:
        """The layers that reach an output, and the inputs."""
        found = {ref.layer for ref in outputs}
        for number in range(len(self.layers) - 1, -1, -1):
            if number in found:
                found.update(ref.layer for ref in self.layers[number].inputs)
            elif isinstance(self.layers[number].op, Input):
                found.add(number)
        return sorted(found)


def moved(layer: Layer, place: Mapping[Ref, Ref]) -> Layer:
    """The layer with its references after a renumbering."""
    owner = None if layer.shares is None else place.get(Ref(layer.shares))
    shares = None if owner is None else owner.layer
    return Layer(layer.op, tuple(place[r] for r in layer.inputs), layer.facts, layer.path, layer.weights, shares)


def part(split: Layer, number: int) -> Layer:
    """One of the parts alone, where nothing takes the others."""
    parts = split.facts.outputs
    width = parts[number].channels or 0
    op = make("take_channels", channels=tuple(range(number * width, (number + 1) * width)))
    whole = Shape((*parts[number].spatial, len(parts) * width))
    return Layer(op, split.inputs, op.facts((whole,)))


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
