"""`standardize zca=true`: mean and principal components of the examples to learn from, kept in the run.

Keras's ImageDataGenerator does the same with `zca_whitening`, but for directions in which no training example differs:
there is nothing to divide by, and they are left out.
"""

from __future__ import annotations

from itertools import takewhile

import numpy as np
import torch
from torch import Tensor

from ...compiler.diagnostics import UserError
from ...compiler.recipes.record import Recipe
from ...compiler.recipes.steps import Standardize
from ..augment.tone import of_samples
from ..augment.whiten import Whitening, whitens
from ..batches.feed import Feed
from ..batches.stock import Wanted
from ..devices.engine import Engine
from ..jobs.job import Job, evaluation
from ..jobs.stages import even, parted
from ..run.run_folder import RunFolder
from ..weights.safetensors_file import tensors

BATCH = 1024
ROUNDING = 16 * torch.finfo(torch.float32).eps
"""The share of the greatest singular value up to which another is nothing but rounding of the examples."""


def settled(job: Job, folder: RunFolder, engine: Engine) -> Whitening | None:
    """What the run uses from its first step to its last: read from its folder, else measured by the first process."""
    if not any(map(whitens, evaluation(job.recipe))):
        return None
    if not engine.ranks.first:
        sizes = np.prod(job.input, dtype=int)
        found = Whitening(torch.empty(job.input[-1]), torch.empty(sizes, sizes))
    elif folder.whitening.exists():
        found = kept(folder, job.recipe)  # type: ignore[assignment]
    else:
        found = measured(job)
        folder.write_weights(folder.whitening, found._asdict())
    return Whitening(*map(engine.together.from_first, found))


def kept(folder: RunFolder, recipe: Recipe) -> Whitening | None:
    """What the run measured. UserError where it is lost."""
    if not any(map(whitens, evaluation(recipe))):
        return None
    if not folder.whitening.exists():
        raise UserError(f"{folder.whitening} is not there: `standardize zca=true` of the run needs it")
    found, _ = tensors(folder.whitening)
    return Whitening(*(torch.from_numpy(found[name].read()) for name in Whitening._fields))


def measured(job: Job) -> Whitening:
    """Over all examples to learn from, as they reach the step through `evaluate:`, in double precision."""
    chain = evaluation(job.recipe)
    before = tuple(takewhile(lambda step: not whitens(step), chain))
    step = chain[len(before)]
    assert isinstance(step, Standardize)
    feed = Feed(job.data.train, before, Wanted(job.input), job.seed)
    count = len(feed)
    values = int(np.prod(job.input))
    total, products = torch.zeros(values, dtype=torch.float64), torch.zeros(values, values, dtype=torch.float64)
    parts = parted(np.arange(count), even(count, BATCH))
    for batch in feed.batches((0, positions) for positions in parts):
        x = of_samples(step, batch.x).flatten(1).double()
        total += x.sum(0)
        products.addmm_(x.T, x)
    mean = total.view(job.input[-1], -1).mean(1) / count * step.center
    center = mean.repeat_interleave(values // len(mean))
    crossed = torch.outer(total, center)
    products += count * torch.outer(center, center) - crossed - crossed.T
    return Whitening(mean.float(), matrix(products, count, step.epsilon).float())


def matrix(products: Tensor, count: int, epsilon: float) -> Tensor:
    """From the products of centered values, summed over the examples: what makes values uncorrelated, each of
    deviation 1, and moves them as little as that allows."""
    squares, directions = torch.linalg.eigh(products)
    singular = squares.clamp_min(0).sqrt()
    scale = torch.where(singular > ROUNDING * singular.max(), count**0.5 / (singular + epsilon), 0.0)
    found: Tensor = (directions * scale) @ directions.T
    return found
