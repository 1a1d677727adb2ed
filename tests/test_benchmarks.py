"""Every benchmark still finds what it measures: they run by hand only."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

import benchmarks

FILES = sorted(Path(benchmarks.__path__[0]).glob("[a-z]*.py"))


@pytest.mark.parametrize("name", [file.stem for file in FILES])
def test_a_benchmark_finds_what_it_measures(name: str) -> None:
    assert import_module(f"benchmarks.{name}").__doc__
