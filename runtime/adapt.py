"""The model and the data brought together: which parameters and input size of the model the data ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from ..compiler.diagnostics import CompileError
from ..compiler.graph import Checked
from ..compiler.ops.scale import Rescale
from ..compiler.pipeline import Compiled
from ..compiler.shape import Shape
from .data import DataError, Dataset

SMALL = (32, 48, 64, 96, 128, 160)
"""Input sizes tried for pictures that are far smaller than what the model declares."""

OPEN = 224
"""The side given to inputs of open size."""


class Changes(NamedTuple):
    """What is given to the model in place of what it declares, as on the command line."""

    params: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()


Compile = Callable[[Changes], Compiled]


class Adapted(NamedTuple):
    """The model as it will be trained, what was changed for that, and one line for each change."""

    compiled: Compiled
    changes: Changes
    told: tuple[str, ...]


def adapt(compiled: Compiled, data: Dataset, given: Changes, compile: Compile) -> Adapted:
    """Give the model the classes and the input size of the data, where its parameters allow. DataError otherwise.

    `given` is what the user asked for: it stays.
    """
    declared = compiled.checked
    require_pictures(declared)
    params, told = given.params, []
    if width(declared) != len(data.classes) and not (width(declared) == 1 and len(data.classes) == 2):
        params = with_classes(declared, data, given)
        told.append(f"classes: {width(declared):,} in the file, {len(data.classes)} in the data")
    errors: list[CompileError] = []
    for shape in [None] if given.inputs else shapes(declared.inputs[0].facts.output, data):
        changes = Changes(params, given.inputs if shape is None else (str(shape),))
        try:
            found = compiled if changes == given else compile(changes)
        except CompileError as error:
            errors.append(error)
            continue
        require_classes(found.checked, data, declared)
        if shape is not None:
            told.append(f"input: {declared.inputs[0].facts.output} in the file, {shape} for pictures of {size(data)}")
        return Adapted(found, changes, tuple(told))
    raise unknown_classes(declared, data, errors[-1])


def require_pictures(checked: Checked) -> None:
    """One input for pictures, and a first output that is a vector of classes."""
    if len(checked.inputs) != 1:
        names = ", ".join(f"`{node.path}`" for node in checked.inputs)
        raise DataError(f"`{checked.name}` has the inputs {names}: only models with one input are trained yet")
    shape = checked.inputs[0].facts.output
    if shape.rank != 2:
        raise DataError(
            f"`{checked.name}` takes {shape}: only models of pictures, height x width x channels, are trained yet"
        )
    output = checked.outputs[0].port.shape
    if output.rank != 0:
        raise DataError(f"`{checked.name}` gives {output}: only models that give a vector of classes are trained yet")


def width(checked: Checked) -> int:
    """The values of the first output."""
    return checked.outputs[0].port.shape.channels or 0


def with_classes(checked: Checked, data: Dataset, given: Changes) -> tuple[str, ...]:
    if any(text.partition("=")[0].strip() == "classes" for text in given.params):
        raise DataError(
            f"the model has {width(checked):,} classes by `-p classes`, the data have {len(data.classes):,}"
        )
    return (*given.params, f"classes={len(data.classes)}")


def require_classes(found: Checked, data: Dataset, declared: Checked) -> None:
    if width(found) not in (len(data.classes), 1 if len(data.classes) == 2 else len(data.classes)):
        raise DataError(
            f"`{declared.name}` gives {width(found):,} values with `classes={len(data.classes)}`, "
            f"the data have {len(data.classes):,} classes"
        )


def unknown_classes(checked: Checked, data: Dataset, error: CompileError) -> Exception:
    """The reason why no changed model was found: a missing parameter in our words, else the compiler's."""
    if any(d.code == "unknown-argument" and "classes" in d.message for d in error.diagnostics):
        return DataError(
            f"`{checked.name}` gives {width(checked):,} classes, the data have {len(data.classes):,}: "
            f"give the model a parameter `classes`, as in `model {checked.name}(classes={width(checked)}):`"
        )
    return error


def shapes(declared: Shape, data: Dataset) -> Iterator[Shape | None]:
    """Input shapes to try, in order; None is the one that is declared."""
    height, wide, channels = declared
    if None not in declared and not far_smaller(data, declared):
        yield None
        return
    channels = channels or data.channels
    for side in SMALL if data.shape is not None and max(data.shape[:2]) <= SMALL[0] else (OPEN,):
        if (height is None or side < height) and (wide is None or side < wide):
            yield Shape((side, side, channels))
    yield None if None not in declared else Shape((height or OPEN, wide or OPEN, channels))


def far_smaller(data: Dataset, declared: Shape) -> bool:
    """Whether enlarging the pictures to the declared size would be wasted work: four times and more."""
    return data.shape is not None and 4 * max(data.shape[:2]) < min(n for n in declared.spatial if n is not None)


def size(data: Dataset) -> str:
    return "x".join(map(str, data.shape)) if data.shape is not None else "any size"


def wants_255(checked: Checked) -> bool:
    """Whether the model itself brings values from 0..255 down: all that reads the input is such a `rescale`."""
    source = checked.inputs[0]
    readers = [node.op for node in checked.nodes if any(port.node is source for port in node.inputs)]
    return bool(readers) and all(isinstance(op, Rescale) and max(op.scale) <= 0.02 for op in readers)
