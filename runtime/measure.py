"""How well a network does: loss, accuracy, top-k and confusion over a split, each example counted once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from .criterion import Criterion, Outputs, probabilities
from .engine import Engine
from .feed import Feed, even
from .figures import Figures

BATCH = 256


def several(found: Any) -> Outputs:
    """The outputs as a tuple."""
    return found if isinstance(found, tuple) else (found,)


@torch.no_grad()
def answers(
    module: nn.Module, feed: Feed, engine: Engine, limit: int | None = None
) -> Iterator[tuple[Outputs, Tensor]]:
    """Outputs and labels, batch by batch, in the order of the split; in inference mode."""
    module.eval()
    parts = np.array_split(np.arange(len(feed)), even(len(feed), BATCH))[:limit]
    for batch in feed.batches((0, positions) for positions in parts):
        with engine.numbers():
            outputs = several(module(engine.moved(batch.x)))
        yield outputs, engine.moved(batch.y)


@torch.no_grad()
def measure(
    module: nn.Module,
    feed: Feed,
    engine: Engine,
    criterion: Criterion,
    folded: str | None,
    classes: int,
    top: tuple[int, ...] = (),
    limit: int | None = None,
) -> Figures:
    """Go over a split once; `limit` is a number of batches."""
    confusion = torch.zeros(classes * classes, dtype=torch.int64)
    loss, count, hits = 0.0, 0, dict.fromkeys(top, 0)
    for outputs, y in answers(module, feed, engine, limit):
        loss += float(criterion(outputs, y)) * len(y)
        count += len(y)
        found = probabilities(outputs[0], folded)
        confusion += torch.bincount((y * classes + found.argmax(1)).cpu(), minlength=classes * classes)
        for k in top:
            best = found.topk(min(k, found.shape[1]), 1).indices
            hits[k] += int((best == y[:, None]).any(1).sum())
    table = confusion.view(classes, classes).numpy()
    shares = {k: n / max(count, 1) for k, n in hits.items()}
    return Figures(count, loss / max(count, 1), float(np.trace(table)) / max(count, 1), table, shares)
