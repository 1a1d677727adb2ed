"""Weights of any source into a network."""

from __future__ import annotations

import os
from typing import Any, NamedTuple

from ...compiler.graph import Checked
from ..lowering.flattened import Reordered, reordered
from .fit import Fitted, fit
from .held import Arrays, WeightsError
from .read import IMAGENET, read
from .report import Report
from .stored import LAYOUTS, File, Layered, Stored

Path = str | os.PathLike[str]


class Loading(NamedTuple):
    """Where weights come from, and how.

    `source` is a file, the name of published weights (`torchvision:resnet34`, `keras:resnet50`), or `imagenet` for
    those of the network itself. `layout` is the order in which whoever made them flattens maps: `channels_first` for
    PyTorch and torchvision, `channels_last` for ours and Keras's; most files say so themselves. For `partial` and
    `adapt` see `fit`; `part` fills only what stands below a path.
    """

    source: Path
    layout: str | None = None
    partial: bool = False
    adapt: bool = False
    part: str | None = None


def fitted(checked: Checked, loading: Path | Loading) -> Fitted:
    """The weights for a network, by path, in its shapes, and a report. WeightsError says what does not fit."""
    asked = loading if isinstance(loading, Loading) else Loading(loading)
    file = opened(asked, checked)
    if isinstance(file, Layered):
        from .keras_match import matched

        file = matched(checked, file, part=asked.part, partial=asked.partial)
    found = fit(checked, file, part=asked.part, partial=asked.partial, adapt=asked.adapt)
    return found._replace(arrays=in_order(checked, found.arrays, file, asked.layout))


def opened(asked: Loading, checked: Checked) -> File:
    """What the source says; that of `imagenet` under the paths of the network."""
    if os.fspath(asked.source) != IMAGENET:
        return read(asked.source)
    from .imagenet import imagenet

    path, name = imagenet(checked, asked.part)
    found = read(name)
    if not path or not isinstance(found, Stored):
        return found
    return found._replace(held={f"{path}.{key}": held for key, held in found.held.items()})


def in_order(checked: Checked, arrays: Arrays, stored: Stored, layout: str | None) -> Arrays:
    """The weights for maps that are flattened in the written order."""
    orders = reordered(checked)
    held = {path: arrays.held[path] for path in checked.weights if path in arrays.held}
    touched = [path for path in orders if path in held]
    if not touched:
        return Arrays(held)
    layout = layout or stored.flatten
    if layout not in LAYOUTS:
        raise WeightsError(
            f"`{stored.name}` does not say how it flattens maps, which the order of `{touched[0]}` depends on: "
            "say `channels_first` for weights from PyTorch or torchvision, `channels_last` for ours"
        )
    if layout == "channels_first":
        require_reorderable(checked, orders)
        held.update({path: held[path].changed(orders[path].to_channels_last) for path in touched})
    return Arrays(held)


def require_reorderable(checked: Checked, orders: Reordered) -> None:
    if orders.lost:
        raise WeightsError(
            f"`{orders.lost[0]}` of `{checked.name}` takes values of a flattened map in their order, so that no "
            "order of weights makes up for maps flattened channels first"
        )


def load(checked: Checked, source: Path | Loading, layout: str | None = None) -> Arrays:
    """The weights of a file, by path, in the network's shapes. Raises WeightsError with what does not fit."""
    return fitted(checked, as_loading(source, layout)).arrays


def load_into(module: Any, checked: Checked, source: Path | Loading, layout: str | None = None) -> Report:
    """Fill a lowered network; what a partial load leaves out stays as it is."""
    import torch

    found = fitted(checked, as_loading(source, layout))
    state = {name: torch.from_numpy(array) for name, array in found.arrays.items()}
    module.load_state_dict(state, strict=found.report.complete and as_loading(source).part is None)
    return found.report


def as_loading(source: Path | Loading, layout: str | None = None) -> Loading:
    asked = source if isinstance(source, Loading) else Loading(source)
    return asked if layout is None else asked._replace(layout=layout)
