"""One file to go on from: weights, optimizer and position, written whole; nothing in it is ever run as code."""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import Any

import torch

from ..compiler.diagnostics import UserError
from .weights import replace


def write(path: Path, state: dict[str, Any]) -> None:
    """Write tensors, numbers, strings, lists and maps of these."""
    buffer = io.BytesIO()
    torch.save(state, buffer)
    replace(path, buffer.getvalue())


def read(path: Path) -> dict[str, Any]:
    """What `write` wrote. UserError where there is nothing to go on from."""
    try:
        found: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise UserError(f"{path}: there is no checkpoint yet: begin the run anew") from None
    except (pickle.UnpicklingError, RuntimeError, EOFError) as error:
        raise UserError(f"{path}: no checkpoint of cnnc ({str(error).splitlines()[0]})") from None
    return found
