"""Some held-out examples beside what was found: masks, examples given back, values, tags."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import singledispatch

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ..batches.tensors import IGNORED
from ..data import Dataset
from ..inference.measured import Work, at_work
from ..inference.paint import as_picture
from ..jobs import task as of
from ..measuring.criterion import several
from ..measuring.losses import activated, probabilities
from ..run.run_folder import RunFolder
from .gallery import Gallery, Prediction
from .thumbnail import at_size, picture

COUNT = 12
ACROSS = 3
GAP = 6
"""Pixels between pictures that belong together."""


@torch.inference_mode()
def glimpses(folder: RunFolder, data: Dataset, device: str) -> tuple[Gallery, ...]:
    """One gallery, drawn by chance; none where nothing can be seen of the task."""
    work = at_work(folder, None, data, device)
    chance = np.random.default_rng(0).permutation(len(data.held))[:COUNT]
    batch = work.engine.at_hand(work.feed.batch(0, chance))
    found = several(work.net(*batch.inputs))[0].float().cpu()
    known = batch.clean if isinstance(work.job.task, of.Reconstruction) and batch.clean is not None else batch.y
    known = known.cpu()
    shown = tuple(glimpse(work.job.task, work, int(position), x, y) for position, x, y in zip(chance, found, known))
    wide = isinstance(work.job.task, (of.Segmentation, of.Reconstruction))
    title = {"segmentation": "Example, known, found", "reconstruction": "Example, given back"}
    seen = tuple(one for one in shown if one is not None)
    name = title.get(work.job.task.word, "Drawn by chance")
    return (Gallery(name, seen, ACROSS if wide else 8),) if seen else ()


@singledispatch
def glimpse(task: of.Task, work: Work, position: int, found: Tensor, known: Tensor) -> Prediction | None:
    """One example: `found` is what the network gives, `known` what is held against it."""
    return None


@glimpse.register
def masked(task: of.Segmentation, work: Work, position: int, found: Tensor, known: Tensor) -> Prediction:
    name, example = loaded(work, position)
    taken = probabilities(found[None], work.net.folded[0])[0].argmax(0)
    counted = known != IGNORED
    right = float((taken == known)[counted].float().mean()) if counted.any() else 0.0
    masks = [painted(known.clamp_min(0)), painted(taken)]
    return Prediction(name, beside([example, *masks]), f"{100 * right:.1f} % of the places right")


@glimpse.register
def given_back(task: of.Reconstruction, work: Work, position: int, found: Tensor, known: Tensor) -> Prediction:
    name, example = loaded(work, position)
    back = activated(found, work.net.folded[0])
    error = float((back - known).abs().mean())
    shown = picture(back.movedim(0, -1).numpy())
    return Prediction(name, beside([example, shown]), f"mean error {error:.3g}")


@glimpse.register
def valued(task: of.Regression, work: Work, position: int, found: Tensor, known: Tensor) -> Prediction:
    name, example = loaded(work, position)
    said = ", ".join(f"{value:.3g}" for value in activated(found, work.net.folded[0]).tolist()[:4])
    true = ", ".join(f"{value:.3g}" for value in known.tolist()[:4])
    return Prediction(name, beside([example]), said, f"is {true}")


@glimpse.register
def tagged(task: of.Tagging, work: Work, position: int, found: Tensor, known: Tensor) -> Prediction:
    name, example = loaded(work, position)
    said, true = (
        ", ".join(tag for tag, there in zip(task.classes, row) if there) or "none" for row in (found > 0, known > 0.5)
    )
    return Prediction(name, beside([example]), said, "" if said == true else f"is {true}", said == true)


def loaded(work: Work, position: int) -> tuple[str, Image.Image]:
    """The name of an example of the held-out ones, and what it looks like."""
    held = work.job.data.held
    number = int(held.numbers[position])
    return held.examples.name(number), picture(held.examples.load(number))


def painted(mask: Tensor) -> Image.Image:
    """A mask in its colours; of a volume the middle, of a series a stripe."""
    flat = mask[len(mask) // 2] if mask.ndim == 3 else mask if mask.ndim == 2 else mask[None].expand(8, -1)
    return at_size(as_picture(flat.numpy().astype(np.uint8)).convert("RGB"))


def beside(pictures: Sequence[Image.Image]) -> bytes:
    """Pictures in a row, as PNG."""
    width = sum(one.width for one in pictures) + GAP * (len(pictures) - 1)
    row = Image.new("RGB", (width, max(one.height for one in pictures)), "white")
    left = 0
    for one in pictures:
        row.paste(one.convert("RGB"), (left, 0))
        left += one.width + GAP
    made = io.BytesIO()
    row.save(made, "png")
    return made.getvalue()
