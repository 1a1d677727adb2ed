"""The model and the data brought together: which parameters and input size of the model the data ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from ...compiler.diagnostics import CompileError
from ...compiler.graph import Checked
from ...compiler.ops.base import Op
from ...compiler.ops.scale import Normalize, Rescale
from ...compiler.pipeline import Compiled
from ...compiler.recipes import steps
from ...compiler.recipes.data import Data
from ...compiler.recipes.record import Recipe
from ...compiler.shape import Shape
from ..data import DataError, Dataset
from .task import Classification, Embedding, Task, sampler, task_of

SMALL = (32, 48, 64, 96, 128, 160)
"""Input sizes tried for pictures that are far smaller than what the model declares."""
OPEN = 224
"""The side given to inputs of open size."""
MULTIPLES = (1, 8, 16, 32)
"""What the sides of other examples are rounded up to, in turn, where a network cannot take them as they are."""


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
    task: Task


def adapt(compiled: Compiled, data: Dataset, recipe: Recipe, given: Changes, compile: Compile) -> Adapted:
    """Give the model the classes and the input size of the data, where its parameters allow. DataError otherwise.

    `given` is what the user asked for: it stays.
    """
    declared = compiled.checked
    task = task_of(declared, data, recipe)
    require_inputs(declared, data, recipe)
    params, told = parameters(declared, task, given)
    errors: list[CompileError] = []
    for shape in [None] if given.inputs else shapes(declared.inputs[0].facts.output, data, task, recipe):
        changes = Changes(params, given.inputs if shape is None else for_all(declared, shape))
        try:
            found = compiled if changes == given else compile(changes)
        except CompileError as error:
            errors.append(error)
            continue
        require_width(found.checked, task, declared)
        if shape is not None:
            told.append(f"input: {declared.inputs[0].facts.output} in the file, {shape} for {size(data)}")
        told += lost(found.checked, data)
        return Adapted(found, changes, tuple(told), task_of(found.checked, data, recipe))
    raise without_parameter(declared, task, errors[-1])


def for_all(checked: Checked, shape: Shape) -> tuple[str, ...]:
    """The shape for every input."""
    if len(checked.inputs) == 1:
        return (str(shape),)
    return tuple(f"{node.path}={shape}" for node in checked.inputs)


# --- inputs -----------------------------------------------------------------------------------------------------------


def require_inputs(checked: Checked, data: Dataset, recipe: Recipe) -> None:
    """As many inputs as the data have, of their rank."""
    needed = 1 + len(data.train.others)
    several = len(checked.inputs)
    if several != needed and (sampler(recipe) is None or several not in (1, 2, 3)):
        names = ", ".join(f"`{node.path}`" for node in checked.inputs)
        hint = ": say how they are put together, as with `data ..., sample=pairs()`" if several in (2, 3) else ""
        raise DataError(f"`{checked.name}` has the inputs {names}; the data have {needed} for each example{hint}")
    shape = checked.inputs[0].facts.output
    rank = 2 if data.shape is None else len(data.shape) - 1
    if shape.rank != rank:
        raise DataError(f"`{checked.name}` takes {KINDS[shape.rank]}, {shape}; the data are {size(data)}")


KINDS = {0: "vectors", 1: "series", 2: "pictures", 3: "volumes"}
"""What examples are, by rank."""


def shapes(declared: Shape, data: Dataset, task: Task, recipe: Recipe) -> Iterator[Shape | None]:
    """Input shapes to try, in order; None is the one that is declared."""
    size, rank = said_size(recipe), 2 if data.shape is None else len(data.shape) - 1
    if size is not None and declared.rank == rank and rank > 1:
        slices = data.shape[:-3] if data.shape is not None else ()
        whole = Shape((*slices, *size, channels_of(declared, data)))
        yield None if whole == declared else whole
        return
    if declared.rank == rank == 2:
        yield from of_pictures(declared, data, task)
        return
    assert data.shape is not None
    if tuple(declared) == tuple(data.shape):
        yield None
        return
    for multiple in MULTIPLES:
        yield Shape((*(-(-n // multiple) * multiple for n in data.shape[:-1]), data.shape[-1]))


def channels_of(declared: Shape, data: Dataset) -> int:
    """Those of the model where pictures can be turned into it: gray into colours and back."""
    channels = declared.channels
    return channels if channels in (1, 3) and data.channels in (1, 3) else data.channels


def lost(checked: Checked, data: Dataset) -> list[str]:
    """That colours are, where the model takes gray pictures."""
    shape = checked.inputs[0].facts.output
    if shape.rank != 2 or shape.channels != 1 or data.channels != 3:
        return []
    return [
        f"colours become gray, which `{checked.name}` takes: `--input {'x'.join(map(str, shape.spatial))}x3` keeps them"
    ]


def said_size(recipe: Recipe) -> tuple[int, int] | None:
    """Height and width that `augment:` or `data ..., size=` brings pictures and slices to; None where neither does."""
    chain, data = recipe.one(steps.Augment), recipe.one(Data)
    for step in reversed(chain.steps if chain is not None else ()):
        if isinstance(step, (steps.Crop, steps.CenterCrop, steps.ResizedCrop)) or (
            isinstance(step, steps.Resize) and step.one_size
        ):
            assert step.size is not None
            return step.size[0], step.size[-1]
    size = data.size if data is not None and data.size is not None else ()
    return (size[0], size[1]) if len(size) == 2 else None


def of_pictures(declared: Shape, data: Dataset, task: Task) -> Iterator[Shape | None]:
    """The declared size, a small one for pictures that are far smaller."""
    height, wide, _ = declared
    channels = channels_of(declared, data)
    if None not in declared and not far_smaller(data, declared) and channels == declared.channels:
        yield None
        return
    if None in declared and data.shape is not None and not isinstance(task, (Classification, Embedding)):
        for multiple in MULTIPLES[1:]:
            yield Shape((*(-(-n // multiple) * multiple for n in data.shape[:-1]), channels))
    if None in declared or far_smaller(data, declared):
        for side in SMALL if data.shape is not None and max(data.shape[:2]) <= SMALL[0] else (OPEN,):
            if (height is None or side < height) and (wide is None or side < wide):
                yield Shape((side, side, channels))
    whole = Shape((height or OPEN, wide or OPEN, channels))
    yield None if whole == declared else whole


def far_smaller(data: Dataset, declared: Shape) -> bool:
    """Whether enlarging the pictures to the declared size would be wasted work: four times and more."""
    return data.shape is not None and 4 * max(data.shape[:2]) < min(n for n in declared.spatial if n is not None)


def size(data: Dataset) -> str:
    """`pictures of 8x8x1`"""
    if data.shape is None:
        return "pictures of any size"
    return f"{KINDS[len(data.shape) - 1]} of {'x'.join(map(str, data.shape))}"


def wants_255(checked: Checked) -> bool:
    """Whether the model itself brings values from 0..255 down: all that reads the input is such a `rescale`."""
    found = readers(checked)
    return bool(found) and all(isinstance(op, Rescale) and max(op.scale) <= 0.02 for op in found)


def normalizes(checked: Checked) -> bool:
    """Whether the model itself normalises what it takes."""
    found = readers(checked)
    return bool(found) and all(isinstance(op, Normalize) for op in found)


def readers(checked: Checked) -> list[Op]:
    """The operators that read the first input."""
    source = checked.inputs[0]
    return [node.op for node in checked.nodes if any(port.node is source for port in node.inputs)]


# --- outputs ----------------------------------------------------------------------------------------------------------


def require_pictures(checked: Checked) -> None:
    """One input for pictures, and a first output that is a vector of classes."""
    shape = checked.inputs[0].facts.output
    if len(checked.inputs) != 1 or shape.rank != 2:
        shapes = ", ".join(f"`{node.path}` {node.facts.output}" for node in checked.inputs)
        raise DataError(f"`{checked.name}` takes {shapes}: one picture, height x width x channels, is expected")
    output = checked.outputs[0].port.shape
    if output.rank != 0:
        raise DataError(f"`{checked.name}` gives {output}: a vector of classes is expected")


def width(checked: Checked) -> int:
    """The values, or channels, of the first output."""
    return checked.outputs[0].port.shape.channels or 0


def parameters(checked: Checked, task: Task, given: Changes) -> tuple[tuple[str, ...], list[str]]:
    """The parameters of the model with the width that the data ask for, and a line where that is a change."""
    allowed, found = task.widths(), width(checked)
    if not allowed or found in allowed:
        return given.params, []
    if any(text.partition("=")[0].strip() == task.parameter for text in given.params):
        raise DataError(
            f"the model has {found:,} {task.parameter} by `-p {task.parameter}`, the data have {allowed[0]:,}"
        )
    told = f"{task.parameter}: {found:,} in the file, {allowed[0]} in the data"
    return (*given.params, f"{task.parameter}={allowed[0]}"), [told]


def require_width(found: Checked, task: Task, declared: Checked) -> None:
    allowed = task.widths()
    if allowed and width(found) not in allowed:
        raise DataError(
            f"`{declared.name}` gives {width(found):,} values with `{task.parameter}={allowed[0]}`, "
            f"the data have {allowed[0]:,} {task.parameter}"
        )


def without_parameter(checked: Checked, task: Task, error: CompileError) -> Exception:
    """The reason why no changed model was found: a missing parameter in our words, else the compiler's."""
    name = task.parameter
    if name and any(d.code == "unknown-argument" and name in d.message for d in error.diagnostics):
        return DataError(
            f"`{checked.name}` gives {width(checked):,} {name}, the data have {task.widths()[0]:,}: "
            f"give the model a parameter `{name}`, as in `model {checked.name}({name}={width(checked)}):`"
        )
    return error
