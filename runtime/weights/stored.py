"""What a file of weights says."""

from __future__ import annotations

from typing import NamedTuple

from .held import Arrays, Held

LAYOUTS = ("channels_last", "channels_first")
"""The orders in which maps are flattened: the written one (ours, Keras's), and PyTorch's."""


class Stored(NamedTuple):
    """Arrays under names that are, or may be, the paths of a network.

    `flatten` is one of LAYOUTS, None where the file does not say it. `notes` are things to know about these weights.
    """

    name: str
    held: dict[str, Held]
    flatten: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def arrays(self) -> Arrays:
        return Arrays(self.held)


class KerasLayer(NamedTuple):
    """The variables of one layer: `group` is its place in the file, `name` the layer's, `kind` its class in
    snake_case, `variables` its arrays in order, under Keras's names or numbers."""

    group: str
    name: str
    kind: str
    variables: dict[str, Held]


class Layered(NamedTuple):
    """The layers of a Keras file that have weights.

    They stand in Keras's order where `ordered`; else in that of their numbers, class by class, which is Keras's order
    within each class.
    """

    name: str
    layers: tuple[KerasLayer, ...]
    ordered: bool


File = Stored | Layered
