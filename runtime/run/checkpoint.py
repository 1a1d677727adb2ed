"""Files to go on from: weights, optimizer and position. Nothing in them is ever run as code.

A checkpoint is sealed: a mark, the SHA-256 of what follows, and that. The one before is kept until the next is written,
flushed and read back, so that there is always one that is whole, whenever the power goes.
"""

from __future__ import annotations

import hashlib
import io
import os
import pickle
from pathlib import Path
from typing import Any

import torch

from ...compiler.diagnostics import UserError
from ..weights.replace import flushed, sync_folder

MARK = b"cnnc-ck1"
DIGEST = 32


class Damaged(Exception):
    """A file that is not what was written."""


def before(path: Path) -> Path:
    """Where the checkpoint before stands: `last.ckpt` and `last.before.ckpt`."""
    return path.with_name(f"{path.stem}.before{path.suffix}")


def write(path: Path, state: dict[str, Any]) -> None:
    """Write tensors, numbers, strings, lists and maps of these. OSError where it cannot be; what was there stays."""
    buffer = io.BytesIO()
    torch.save(state, buffer)
    new = path.with_name(f"{path.stem}.new{path.suffix}")
    try:
        flushed(new, sealed(buffer.getvalue()))
        opened(new)
    except Damaged as error:
        new.unlink(missing_ok=True)
        raise OSError(f"what was written reads back otherwise: {error}") from None
    except BaseException:
        new.unlink(missing_ok=True)
        raise
    if path.exists():
        os.replace(path, before(path))
    os.replace(new, path)
    sync_folder(path.parent)


def read(path: Path) -> tuple[dict[str, Any], str]:
    """What `write` wrote last that is whole, and a word where that is not the newest. UserError where there is none."""
    wrong: list[str] = []
    for candidate in (path, before(path)):
        try:
            found: dict[str, Any] = torch.load(io.BytesIO(opened(candidate)), map_location="cpu", weights_only=True)
            return found, f"{wrong[0]}: going on from {candidate.name}" if wrong else ""
        except FileNotFoundError:
            wrong.append(f"{candidate}: there is no checkpoint yet")
        except (Damaged, pickle.UnpicklingError, RuntimeError, EOFError) as error:
            wrong.append(f"{candidate}: {str(error).splitlines()[0]}")
    raise UserError(f"{wrong[0]}: begin the run anew")


def sealed(content: bytes) -> bytes:
    return MARK + hashlib.sha256(content).digest() + content


def opened(path: Path) -> bytes:
    """The content of a sealed file. Damaged where it is another."""
    data = path.read_bytes()
    head = len(MARK) + DIGEST
    if not data.startswith(MARK):
        raise Damaged("no checkpoint of cnnc")
    if hashlib.sha256(data[head:]).digest() != data[len(MARK) : head]:
        raise Damaged("the checkpoint is damaged")
    return data[head:]
