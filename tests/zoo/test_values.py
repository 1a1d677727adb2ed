"""torchvision's networks and ours: weights saved by torch, loaded as `--weights` loads them, give the same outputs.

One small network of some families runs always, all of them run as a proof; docs/parity.md has the table.
"""

from __future__ import annotations

import pytest

from .parity import LIMIT, TOLD_APART, torchvision_parity
from .theirs import TORCHVISION

QUICK = ("mnasnet0_5", "shufflenet_v2_x0_5", "squeezenet1_1")

ALL = [name if name in QUICK else pytest.param(name, marks=pytest.mark.proof) for name in TORCHVISION]


@pytest.mark.parametrize("name", ALL)
def test_torchvisions_weights_give_torchvisions_values(name: str) -> None:
    found = torchvision_parity(name)
    assert found.error < LIMIT
    assert found.spread > TOLD_APART
