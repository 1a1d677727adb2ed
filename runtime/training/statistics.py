"""`normalize` layers without numbers: their statistics are measured on the training data (Keras: `adapt`)."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import torch
from torch import Tensor, nn

from ...compiler.graph import Checked
from ..batches.feed import Feed
from ..devices.engine import Engine
from ..jobs.stages import even, parted
from ..lowering.rules.scale import Measured

BATCH = 256


class Enough(Exception):
    """The rest of the network need not run."""


class Reached:
    """Keeps the values on their way into the layer. `whole`: the network must run to its end, since it is split."""

    x: Tensor

    def __init__(self, *, whole: bool) -> None:
        self.whole = whole

    def __call__(self, part: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        self.x = inputs[0]
        if not self.whole:
            raise Enough


def measure_statistics(net: nn.Module, checked: Checked, feed: Feed, engine: Engine) -> None:
    """Fill the mean and variance of each such layer, in the order in which values pass them; those loaded stay."""
    for layer in checked.layers:
        part = net.get_submodule(layer.name) if layer.node.facts.weights.keys() == STATISTICS else None
        if isinstance(part, Measured) and not part.count.any():
            fill(part, net, feed, engine)


STATISTICS = {"mean", "variance", "count"}


@torch.no_grad()
def fill(part: Measured, net: nn.Module, feed: Feed, engine: Engine) -> None:
    """Mean and variance of each channel over all training examples, which the processes share, added up in double
    precision."""
    training = net.training
    net.eval()
    reached = Reached(whole=engine.ranks.split)
    sums, count = torch.zeros(2, len(part.mean), dtype=torch.float64, device=part.mean.device), 0
    hook = part.register_forward_pre_hook(reached)
    plan = parted(np.arange(len(feed)), even(len(feed), BATCH * engine.ranks.total))
    for batch, positions in zip(feed.batches((0, engine.ranks.passed(every)) for every in plan), plan):
        with suppress(Enough):
            net(*engine.at_hand(batch).inputs)
        if len(engine.ranks.share(positions)):
            x = reached.x.double().movedim(1, -1).flatten(0, -2)
            sums += torch.stack([x.sum(0), x.square().sum(0)])
            count += len(x)
    hook.remove()
    net.train(training)
    *found, total = engine.together.sums(*sums.flatten().tolist(), count)
    mean, square = (torch.tensor(found, dtype=torch.float64) / total).chunk(2)
    part.mean.copy_(mean)
    part.variance.copy_((square - mean.square()).clamp_min(0))
    part.count.fill_(total)
