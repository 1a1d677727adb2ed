"""What weights begin with beside the model's own initialisers: `init` and `weights` of the recipe."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...compiler.ops.initializers import VarianceScaling
from ...compiler.patterns import matching
from ...compiler.recipes.learning import Init, Weights
from ..jobs.job import Job
from ..lowering.initialize import initialize
from ..lowering.network import Network
from ..weights import Loading, load_into


def begin(net: Network, job: Job, say: Callable[[str], None] = lambda text: None) -> None:
    """Fill the network as the recipe says, on top of what it begins with; what came of it is said."""
    for entry in job.recipe.all(Init):
        chosen = {path: job.checked.weights[path]._replace(init=how(entry)) for path in covered(entry, job)}
        initialize(net, chosen, job.seed)
    for source in job.recipe.all(Weights):
        for line in load_into(net, job.checked, loading(source)).lines():
            say(f"  {line}")


def loading(entry: Weights) -> Loading:
    """What the entry asks for."""
    return Loading(entry.source, partial=entry.partial, adapt=entry.adapt, part=entry.part)


def how(entry: Init) -> Any:
    """The initialiser, with the `mode` of the entry where it is variance scaling."""
    scaling = getattr(entry.how, "as_scaling", entry.how)
    if entry.mode is None or not isinstance(scaling, VarianceScaling):
        return entry.how
    return scaling.changed(mode=entry.mode)


def covered(entry: Init, job: Job) -> list[str]:
    """The weights an `init` means: those of convolutions and dense layers where it says nothing."""
    if entry.of is None:
        return [path for path, weight in job.checked.weights.items() if weight.fans]
    return [path for pattern in entry.of for path in matching(pattern, job.checked)]
