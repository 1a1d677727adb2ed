"""What a layer costs to check, in networks of 1,000 to 100,000 layers: written out, and as a loop."""

from __future__ import annotations

import gc
import resource
import time
from collections.abc import Callable
from statistics import median
from typing import NamedTuple

from cnnc.compiler.pipeline import check_text

SIZES = (1_000, 10_000, 100_000)
HEAD = "model Deep:\n    input 8x8x16\n"
LAYERS = ("conv 16, 3x3, pad=same", "batchnorm", "relu")


def plain(layers: int) -> str:
    """Each layer on a line of its own."""
    return HEAD + "".join(f"    {LAYERS[i % 3]}\n" for i in range(layers))


def loop(layers: int) -> str:
    """The same layers, written once."""
    return HEAD + f"    repeat {layers // 3}:\n" + "".join(f"        {layer}\n" for layer in LAYERS)


FORMS: dict[str, Callable[[int], str]] = {"plain": plain, "loop": loop}


class Growth(NamedTuple):
    """Microseconds of processor time for a layer, by the form of the text and the number of layers; the peak in MB."""

    costs: dict[tuple[str, int], float]
    peak: float


def seconds(text: str) -> float:
    """Processor time to check a text, of which nothing may be wrong."""
    gc.collect()
    start = time.process_time()
    told = check_text(text)
    spent = time.process_time() - start
    assert told == [], told[0]
    return spent


def measured(runs: int) -> Growth:
    """The median of some runs that take turns, after one that is not counted. Small texts are checked several times."""
    found: dict[tuple[str, int], list[float]] = {(form, size): [] for form in FORMS for size in SIZES}
    for run in range(runs + 1):
        for form, size in found:
            text, times = FORMS[form](size), max(1, 10_000 // size)
            spent = sum(seconds(text) for _ in range(times)) / times
            if run:
                found[form, size].append(spent / size * 1e6)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Growth({key: median(costs) for key, costs in found.items()}, peak)


def main() -> None:
    print("check, microseconds of processor time a layer (median of 3 interleaved runs)")
    growth = measured(3)
    print(f"{'layers':>10} " + " ".join(f"{form:>8}" for form in FORMS))
    for size in SIZES:
        print(f"{size:>10,} " + " ".join(f"{growth.costs[form, size]:8.1f}" for form in FORMS))
    print(f"peak memory: {growth.peak:.0f} MB")


if __name__ == "__main__":
    main()
