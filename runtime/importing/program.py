"""PyTorch modules -> exported programs -> layers: what `cnnc import package.module:factory` reads."""

from __future__ import annotations

import importlib
import logging
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import product
from typing import Any

import torch
from torch import nn

from ...compiler.decompile import Network
from ...compiler.diagnostics import UserError
from ...compiler.shape import Shape
from .anysize import SIDES, closed, common
from .reader import Reader
from .training import with_disturbances

BATCH = 2
"""Examples in the batch that is sent through: more than one, so that nothing takes it for a constant."""

Shapes = Sequence[tuple[str, Shape]]
"""The inputs of a module: the name of an argument of `forward`, or an empty one for the next, and the shape."""


def read_factory(name: str, shapes: Shapes) -> Network:
    """The network of `package.module:factory`, found from the working directory. UserError where there is none."""
    where, _, factory = name.partition(":")
    sys.path.insert(0, os.getcwd())
    try:
        made = getattr(importlib.import_module(where), factory)
    except ImportError as wrong:
        raise UserError(f"{name}: {wrong}") from None
    except AttributeError:
        raise UserError(f"{name}: the module `{where}` has no `{factory}`") from None
    except Exception as wrong:
        raise UserError(f"{name}: importing `{where}` raises {type(wrong).__name__}: {wrong}") from None
    finally:
        sys.path.pop(0)
    module = made if isinstance(made, nn.Module) else called(made, name)
    return read_module(module, shapes, name, type(module).__name__ if isinstance(made, nn.Module) else factory)


def called(made: Any, name: str) -> nn.Module:
    """The module that a factory makes without arguments."""
    try:
        module = made()
    except Exception as wrong:
        raise UserError(f"{name}: called without arguments it raises {type(wrong).__name__}: {wrong}") from None
    if not isinstance(module, nn.Module):
        raise UserError(f"{name}: it gives a `{type(module).__name__}`, no torch.nn.Module")
    return module


def read_module(module: nn.Module, shapes: Shape | Shapes, source: str, name: str) -> Network:
    """The network of a module in evaluation mode, for inputs of these shapes (channels last, without the batch)."""
    given: Shapes = [("", shapes)] if isinstance(shapes, Shape) else shapes
    module.eval()
    read = read_open if any(None in shape for _, shape in given) else read_closed
    calm = read(module, given, source, name)
    return with_disturbances(calm, module, lambda: read(module, given, source, name, training=True))


def read_closed(module: nn.Module, shapes: Shapes, source: str, name: str, *, training: bool = False) -> Network:
    """The network for inputs of known sizes."""
    program = exported(module, shapes, source)
    there = larger(module, shapes, source) if asks_for_sizes(program) else None
    return Reader(program, module, there, training=training).network(source, name, [shape for _, shape in shapes])


def read_open(module: nn.Module, shapes: Shapes, source: str, name: str, *, training: bool = False) -> Network:
    """The network for inputs of any size: read at several of them."""
    sides = [[(word, closed(shape, side)) for word, shape in shapes] for side in SIDES]
    programs = [program for given in sides if (program := tried(module, given, source)) is not None]
    if len(programs) < 2:
        exported(module, sides[0], source)
        raise UserError(f"{source}: it does not take inputs of any size: give one with --input")
    pairs = zip(programs, [programs[1], programs[0], *programs[1:2] * len(programs)])
    readers = [Reader(here, module, there, training=training) for here, there in pairs]
    read = [reader.network(source, name, of(reader.program, shapes)) for reader in readers]
    return common(read, [shape for _, shape in shapes], source)


def of(program: Any, shapes: Shapes) -> list[Shape]:
    """The shapes of the inputs that a program was made for."""
    names = program.graph_signature.user_inputs
    made = {node.name: node.meta["val"].shape for node in program.graph.nodes if node.op == "placeholder"}
    return [Shape((*made[word][2:], made[word][1])) for word, _ in zip(names, shapes)]


SIZED = ("upsample", "scatter", "unpool", "narrow", "matmul")


def asks_for_sizes(program: Any) -> bool:
    """Whether a size stands in the program that may be that of another value."""
    return any(word in str(node.target) for node in program.graph.nodes for word in SIZED)


def larger(module: nn.Module, shapes: Shapes, source: str) -> Any:
    """The program for inputs twice as large; None where they cannot be."""
    return tried(module, [(word, Shape((*(2 * (n or 1) for n in shape.spatial), shape[-1]))) for word, shape in shapes],
                 source)  # fmt: skip


def tried(module: nn.Module, shapes: Shapes, source: str) -> Any:
    """The program for inputs of these shapes; None where it does not take them."""
    try:
        return exported(module, shapes, source)
    except UserError:
        return None


def exported(module: nn.Module, shapes: Shapes, source: str) -> Any:
    """The program, with inputs of numbers; where it takes none, with whole numbers for those without places."""
    first: Exception | None = None
    for whole in product(*([False, True] if shape.rank == 0 else [False] for _, shape in shapes)):
        examples = [(name, example(shape, kind)) for (name, shape), kind in zip(shapes, whole)]
        given = tuple(x for name, x in examples if not name), {name: x for name, x in examples if name}
        try:
            with silent("torch._subclasses.fake_tensor"):
                return torch.export.export(module, *given)
        except Exception as wrong:
            first = first or wrong
    lines = str(first).strip().splitlines() or [type(first).__name__]
    told = ", ".join(str(shape) for _, shape in shapes)
    several = "inputs" if len(shapes) > 1 else "an input"
    raise UserError(f"{source}: torch.export cannot follow it with {several} of {told}: {lines[0]}") from None


@contextmanager
def silent(name: str) -> Iterator[None]:
    """A logger that says nothing: what went wrong is told once, by us."""
    logger = logging.getLogger(name)
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before


def example(shape: Shape, whole: bool) -> torch.Tensor:
    sizes = (BATCH, shape[-1] or 1, *(n or 1 for n in shape[:-1]))
    return torch.zeros(sizes, dtype=torch.long if whole else torch.float32)
