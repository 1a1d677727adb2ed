"""Too little memory, in words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from ...compiler.diagnostics import UserError

SAID = (
    "can't allocate memory", "out of memory", "not enough memory", "cublas_status_alloc_failed",
    "cudnn_status_alloc_failed",
)  # fmt: skip
"""How torch's allocators and the libraries under it say it, in lower case."""


@contextmanager
def memory_for(batch: int) -> Iterator[None]:
    """Inside, running out of memory is told with the way out: a smaller batch, or the same in parts."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not starved(error):
            raise
        way = f"`--batch {max(batch // 2, 1)}`, or the same batch in parts with `--set batch.split=2`"
        raise UserError(f"a step of {batch} examples does not fit into the memory: try {way}") from error


def starved(error: Exception) -> bool:
    """Whether memory was the matter."""
    return isinstance(error, (MemoryError, torch.OutOfMemoryError)) or any(word in str(error).lower() for word in SAID)
