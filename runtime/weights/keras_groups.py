"""Where Keras's `.weights.h5` keeps each layer: by class and number in the order of the model's layers, not by name."""

from __future__ import annotations

import re
from collections import Counter

from ...compiler.blocks import Blocks
from ...compiler.graph import Checked, Layer
from ...compiler.keras_layout import keras_class


class Names:
    """The names in one container of layers: `conv2d`, `conv2d_1`, ..."""

    def __init__(self) -> None:
        self.used: Counter[str] = Counter()

    def next(self, kind: str) -> str:
        number = self.used[kind]
        self.used[kind] += 1
        return f"{kind}_{number}" if number else kind


def groups(checked: Checked) -> dict[str, Layer]:
    """The place of each layer of ours in the file of the Keras model with the same rows."""
    found: dict[str, Layer] = {}
    blocks, top = Blocks(), Names()
    inner: dict[str, tuple[str, Names]] = {}
    for layer in checked.layers:
        row = blocks.row(layer.node.frame)
        kind = snake_case(keras_class(layer))
        if row is None:
            found[f"layers/{top.next(kind)}"] = layer
            continue
        if row.path not in inner:
            inner[row.path] = f"layers/{top.next('sequential')}/layers", Names()
        container, names = inner[row.path]
        found[f"{container}/{names.next(kind)}"] = layer
    return found


def snake_case(name: str) -> str:
    """`Conv2DTranspose` as Keras writes it: `conv2d_transpose`."""
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()
