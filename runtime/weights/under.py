"""Files of weights seen side by side: under their own names, or under the paths of a network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain

from ...compiler.graph import Checked
from ..lowering.flattened import reordered
from .fit import renamed
from .held import Array, Arrays, Held, WeightsError
from .load import Loading, fitted, in_order, opened, require_reorderable
from .read import read
from .stored import File, Layered, Stored

SAY = "say of which model with `--for FILE`"


def named(file: File) -> dict[str, Held]:
    """The arrays of a file under its own names."""
    if isinstance(file, Stored):
        return file.held
    pairs = (((layer.group, key), held) for layer in file.layers for key, held in layer.variables.items())
    return {f"{group}/{key}": held for (group, key), held in pairs}


def under(sources: Sequence[Loading], checked: Checked | None) -> list[dict[str, Held]]:
    """The arrays of several files under names that can be compared: the network's where one is given.

    WeightsError where they are of different kinds and no network brings them together.
    """
    if checked is not None:
        return [by_path(opened(loading, checked), loading, checked) for loading in sources]
    files = [read(loading.source) for loading in sources]
    if len({type(file) for file in files}) > 1:
        raise WeightsError(f"Keras's files know layers by their order, others by name: {SAY}")
    orders = {file.flatten for file in files if isinstance(file, Stored) and file.flatten}
    if len(orders) > 1:
        raise WeightsError(f"maps are flattened in different orders in the two files: {SAY}")
    return [named(file) for file in files]


def by_path(file: File, loading: Loading, checked: Checked) -> dict[str, Held]:
    """Under the network's paths and in its layout as far as they correspond, the rest under its own names."""
    if isinstance(file, Layered):
        from .keras_match import matched

        file = matched(checked, file, partial=True)
    names = renamed(file.held, checked.weights, None)
    paths = {name: path for path, name in names.items()}
    held = {paths.get(name, name): array for name, array in file.held.items()}
    fits = {path: held[path] for path in names if held[path].shape == tuple(checked.weights[path].shape)}
    return {**held, **in_order(checked, Arrays(fits), file, loading.layout).held}


def as_asked(loading: Loading, checked: Checked | None, flatten: str | None) -> tuple[Mapping[str, Array], str | None]:
    """The arrays for a file to be written, and how maps are flattened in them (None where nobody knows)."""
    if checked is None:
        return unchanged(read(loading.source), loading, flatten)
    found = fitted(checked, loading)
    if not found.report.complete:
        lacking = next(chain(found.report.begun, found.report.missing))
        raise WeightsError(f"`{found.report.source}` does not hold all weights of `{checked.name}`:\n  {lacking}")
    if flatten != "channels_first":
        return found.arrays, "channels_last"
    orders = reordered(checked)
    require_reorderable(checked, orders)
    held = dict(found.arrays.held)
    held.update({path: held[path].changed(order.to_channels_first) for path, order in orders.items()})
    return Arrays(held), flatten


def unchanged(file: File, loading: Loading, flatten: str | None) -> tuple[Mapping[str, Array], str | None]:
    """The arrays under their own names, in the order they have."""
    if isinstance(file, Layered):
        raise WeightsError(f"`{file.name}` knows layers by their order: {SAY}")
    order = loading.layout or file.flatten
    if flatten is not None and flatten != order:
        raise WeightsError(f"which weights run over flattened maps, only the model tells: {SAY}")
    return file.arrays, order
