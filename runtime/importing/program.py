"""PyTorch modules -> exported programs -> layers: what `cnnc import package.module:factory` reads."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from itertools import product
from typing import Any

import torch
from torch import nn

from ...compiler.decompile import Network
from ...compiler.diagnostics import UserError
from ...compiler.shape import Shape
from .reader import Reader

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
    for _, shape in given:
        if None in shape:
            raise UserError(f"{source}: torch.export needs a known input size, found {shape}")
    program = exported(module.eval(), given, source)
    return Reader(program, module).network(source, name, [shape for _, shape in given])


def exported(module: nn.Module, shapes: Shapes, source: str) -> Any:
    """The program, with inputs of numbers; where it takes none, with whole numbers for those without places."""
    first: Exception | None = None
    for whole in product(*([False, True] if shape.rank == 0 else [False] for _, shape in shapes)):
        examples = [(name, example(shape, kind)) for (name, shape), kind in zip(shapes, whole)]
        given = tuple(x for name, x in examples if not name), {name: x for name, x in examples if name}
        try:
            return torch.export.export(module, *given)
        except Exception as wrong:
            first = first or wrong
    lines = str(first).strip().splitlines() or [type(first).__name__]
    told = ", ".join(str(shape) for _, shape in shapes)
    several = "inputs" if len(shapes) > 1 else "an input"
    raise UserError(f"{source}: torch.export cannot follow it with {several} of {told}: {lines[0]}") from None


def example(shape: Shape, whole: bool) -> torch.Tensor:
    sizes = (BATCH, shape[-1] or 1, *(n or 1 for n in shape[:-1]))
    return torch.zeros(sizes, dtype=torch.long if whole else torch.float32)
