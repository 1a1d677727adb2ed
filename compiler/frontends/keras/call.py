"""One call of a layer, and the table of rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...decompile.network import Builder, Ref
from ...ops.base import Op
from ...shape import Shape
from .arguments import penalised
from .beginnings import begun, unsaid


@dataclass(frozen=True)
class Call:
    """One call of a layer: its configuration, what it takes, the numbers among its arguments, its earlier calls."""

    build: Builder
    kind: str
    name: str
    config: Mapping[str, Any]
    inputs: Sequence[Ref]
    numbers: Mapping[str, Any]
    earlier: list[int]
    unsaid: list[tuple[str, str, str]]
    """What is noted of the whole: the layer, a weight of it, how that begins."""
    frozen: list[str]
    """The layers that are not trained."""

    def one(self, op: Op) -> list[Ref]:
        """The layer as one of ours; the second call of one with weights shares those of the first."""
        shares = self.earlier[0] if self.earlier else None
        op = begun(penalised(op, self.config), self.config, tuple(map(self.build.shape, self.inputs)))
        ref = self.build.add(op, self.inputs, self.name, shares=shares)
        if shares is None:
            self.unsaid.extend((self.name, *what) for what in unsaid(op, self.config))
            trained = any(weight.trainable for weight in self.build.layers[ref.layer].facts.weights.values())
            self.frozen.extend([self.name] if trained and self.config.get("trainable") is False else [])
        if self.build.layers[ref.layer].facts.weights:
            self.earlier.append(ref.layer)
        count = len(self.build.layers[ref.layer].facts.outputs)
        return [Ref(ref.layer, i) for i in range(count)]

    def then(self, op: Op) -> list[Ref]:
        """A layer without weights, on the first input."""
        return [self.build.add(op, self.inputs[:1], self.name)]

    @property
    def shape(self) -> Shape:
        return self.build.shape(self.inputs[0])


Rule = Callable[[Call], list[Ref]]
RULES: dict[str, Rule] = {}


def reads(*classes: str) -> Callable[[Rule], Rule]:
    def register(rule: Rule) -> Rule:
        RULES.update(dict.fromkeys(classes, rule))
        return rule

    return register


def ranked(*stems: str) -> list[str]:
    """Class names in 1-D, 2-D and 3-D: `Conv#D`."""
    return [stem.replace("#", str(rank)) for stem in stems for rank in (1, 2, 3)]
