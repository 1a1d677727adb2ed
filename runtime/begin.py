"""What weights begin with beside the model's own initialisers: `init` and `weights` of the recipe."""

from __future__ import annotations

from typing import Any

import torch

from ..compiler.diagnostics import UserError
from ..compiler.ops.base import Weight
from ..compiler.ops.initializers import VarianceScaling
from ..compiler.recipe import matching
from ..compiler.recipes.learning import Init, Weights
from .initialize import initialize
from .job import Job
from .network import Network
from .weights import read


def begin(net: Network, job: Job) -> None:
    """Fill the network as the recipe says, on top of what it begins with."""
    for entry in job.recipe.all(Init):
        chosen = {path: job.checked.weights[path]._replace(init=how(entry)) for path in covered(entry, job)}
        initialize(net, chosen, job.seed)
    for loading in job.recipe.all(Weights):
        load_part(net, loading, job.checked.weights)


def how(entry: Init) -> Any:
    """The initialiser, with the `mode` of the entry where it is variance scaling."""
    scaling = getattr(entry.how, "as_scaling", entry.how)
    if entry.mode is None or not isinstance(scaling, VarianceScaling):
        return entry.how
    return scaling.changed(mode=entry.mode)


def covered(entry: Init, job: Job) -> list[str]:
    """The weights an `init` means: those of convolutions and dense layers where it says nothing."""
    weights = job.checked.weights
    if entry.of is None:
        return [path for path, weight in weights.items() if weight.fans]
    return [path for pattern in entry.of for path in matching(pattern, weights)]


def load_part(net: Network, entry: Weights, weights: dict[str, Weight]) -> None:
    """Copy the weights of a part from a file in which they bear the whole path, or the path within the part."""
    stored = read(entry.source).arrays
    paths = matching(entry.part, weights) if entry.part else list(weights)
    state = net.state_dict()
    for path in paths:
        name = path if path in stored else path.removeprefix(f"{entry.part}.")
        if name not in stored or stored[name].shape != weights[path].shape:
            raise UserError(f"{entry.source}: no weight {path} of {'x'.join(map(str, weights[path].shape))}")
        state[path].copy_(torch.from_numpy(stored[name]))
