"""Checking costs the same for each layer, however many there are."""

from __future__ import annotations

import pytest

from benchmarks.linear import FORMS, SIZES, measured


@pytest.mark.proof
def test_the_cost_of_a_layer_does_not_grow_with_their_number() -> None:
    growth = measured(3)
    for form in FORMS:
        smallest = growth.costs[form, SIZES[0]]
        for size in SIZES:
            assert growth.costs[form, size] <= 1.5 * smallest, (form, size, growth)
    assert growth.costs["plain", SIZES[-1]] <= 250, growth
    assert growth.peak <= 1500, growth
