"""Keras's layers -> the paths of a network: by name where all agree, else by class and order.

Keras's files do not know our paths. What decides is said in the result's `notes`; layouts are changed on the way.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from ...compiler.graph import Checked, Layer
from ...compiler.keras_layout import Variable, keras_class, keras_variables
from ...compiler.ops.base import weight_key
from .fit import wanted
from .held import Held, WeightsError, sizes
from .keras_groups import groups, snake_case
from .stored import KerasLayer, Layered, Stored

Pairs = list[tuple[Layer, KerasLayer]]


def matched(checked: Checked, file: Layered, *, part: str | None = None, partial: bool = False) -> Stored:
    """The arrays of a Keras file under our paths and in our layout; those of nobody under their place in the file.

    `part` looks only for layers below a path. WeightsError where the layers do not correspond, unless `partial`.
    """
    file = gathered(((layer.name, layer) for layer in checked.layers), file)
    keys = set(wanted(checked, part))
    ours = {group: layer for group, layer in groups(checked).items() if keys.intersection(weights(layer))}
    by_name, by_order = pairs_by_name(ours.values(), file), pairs_by_order(ours, file)
    pairs, how = (by_name, "name") if len(by_name) >= len(by_order) else (by_order, "class and order")
    if not partial and (len(pairs) < len(ours) or (part is None and len(pairs) < len(file.layers))):
        raise WeightsError(unlike(checked, ours.values(), file))
    held = {key: array for pair in pairs for key, array in paired(*pair, file.name)}
    taken = {theirs.group for _, theirs in pairs}
    rest = {f"{layer.group}/{key}": array for layer in file.layers if layer.group not in taken
            for key, array in layer.variables.items()}  # fmt: skip
    return Stored(file.name, {**held, **rest}, "channels_last", (f"Keras's layers were found by {how}",))


def gathered(ours: Iterable[tuple[str, Layer]], file: Layered) -> Layered:
    """With one layer for those that each hold a weight of one of ours, and are named after it: `conv1.bias`. `ours` are
    by the names that they have there."""
    stored = {layer.name: layer for layer in file.layers}
    found: dict[str, KerasLayer | None] = {}
    for name, layer in ours:
        expected = {weight_key(name, variable.weight): variable for variable in keras_variables(layer)}
        if name not in stored and expected and stored.keys() >= expected.keys():
            arrays = {key: only(stored[key]).folded(variable.shape) for key, variable in expected.items()}
            first, *others = expected
            found[first] = KerasLayer(stored[first].group, name, stored[first].kind, arrays)
            found.update(dict.fromkeys(others))
    layers = (found.get(layer.name, layer) for layer in file.layers)
    return file._replace(layers=tuple(layer for layer in layers if layer is not None)) if found else file


def only(layer: KerasLayer) -> Held:
    """The array of a layer that has one."""
    (array,) = layer.variables.values()
    return array


def weights(layer: Layer) -> Iterator[str]:
    return (weight_key(layer.name, name) for name in layer.node.facts.weights)


# --- which layer is which ---------------------------------------------------------------------------------------------


def pairs_by_name(ours: Iterable[Layer], file: Layered) -> Pairs:
    """The layers whose names are equal, dots and strokes written as `_`."""
    named = {plain(layer.name): layer for layer in file.layers}
    if len(named) < len(file.layers):
        return []
    return [(layer, named[plain(layer.name)]) for layer in ours if plain(layer.name) in named]


def plain(name: str) -> str:
    return name.replace(".", "_").replace("/", "_")


def pairs_by_order(ours: Mapping[str, Layer], file: Layered) -> Pairs:
    """The layers of each class in order, for the classes of which there are equally many; of older files, which name no
    classes, all layers in order."""
    theirs = {layer.group: layer for layer in file.layers}
    if ours.keys() == theirs.keys():
        return [(layer, theirs[group]) for group, layer in ours.items()]
    if not all(layer.kind for layer in file.layers):
        return list(zip(ours.values(), file.layers)) if len(ours) == len(file.layers) else []
    mine, others = by_class(ours.values()), by_kind(file.layers)
    alike = [kind for kind, layers in mine.items() if len(layers) == len(others.get(kind, ()))]
    if not file.ordered and len(alike) == len(mine):
        require_one_container(file)
    return [pair for kind in alike for pair in zip(mine[kind], others[kind])]


def by_class(layers: Iterable[Layer]) -> dict[str, list[Layer]]:
    found: dict[str, list[Layer]] = defaultdict(list)
    for layer in layers:
        found[snake_case(keras_class(layer))].append(layer)
    return found


def by_kind(layers: Iterable[KerasLayer]) -> dict[str, list[KerasLayer]]:
    found: dict[str, list[KerasLayer]] = defaultdict(list)
    for layer in layers:
        found[layer.kind].append(layer)
    return found


def require_one_container(file: Layered) -> None:
    """WeightsError where layers of one class stand in several models, of which the file does not say which is first."""
    for kind, layers in by_kind(file.layers).items():
        places = {layer.group.rpartition("/")[0] for layer in layers}
        if len(places) > 1:
            raise WeightsError(
                f"`{file.name}` has layers `{kind}` in {' and in '.join(f'`{place}`' for place in sorted(places))}, "
                "and does not say in which order: save the whole model as .keras, which does"
            )


def unlike(checked: Checked, ours: Iterable[Layer], file: Layered) -> str:
    """How the layers of both differ in number, class by class."""
    mine, others = by_class(ours), by_kind(file.layers)
    if "" in others:
        counts = [("all classes", sum(map(len, mine.values())), len(file.layers))]
    else:
        counts = [(kind, len(mine.get(kind, ())), len(others.get(kind, ()))) for kind in sorted({*mine, *others})]
    lines = [f"{kind}: {m} layers with weights in the network, {n} in the file" for kind, m, n in counts if m != n]
    return "\n  ".join([f"`{file.name}` does not hold the weights of `{checked.name}`:", *lines])


# --- the numbers of one layer -----------------------------------------------------------------------------------------


def paired(layer: Layer, theirs: KerasLayer, name: str) -> Iterator[tuple[str, Held]]:
    """The weights of a layer by our path and in our layout."""
    expected = keras_variables(layer)
    if len(expected) != len(theirs.variables):
        raise WeightsError(
            f"`{name}`: `{theirs.name}` has {len(theirs.variables)} arrays ({', '.join(shapes(theirs))}), "
            f"the layer {layer.name} takes {len(expected)} ({', '.join(variable.name for variable in expected)})"
        )
    for variable, held in zip(expected, theirs.variables.values()):
        shape = layer.node.facts.weights[variable.weight].shape
        yield weight_key(layer.name, variable.weight), laid_out(held, variable, shape)


def shapes(layer: KerasLayer) -> Iterator[str]:
    return (sizes(held.shape) for held in layer.variables.values())


def laid_out(held: Held, variable: Variable, shape: tuple[int, ...]) -> Held:
    """In our layout; of another shape than expected as far as the axes go."""
    if held.shape == variable.shape:
        return held.moved(variable.axes).folded(shape)
    return held.moved(variable.axes) if len(held.shape) == len(variable.axes) else held
