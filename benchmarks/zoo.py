"""The whole zoo, checked and summed up in one process, against Keras building one of its largest networks.

Ours reads every file anew, with all it imports, and makes the text of its summary; Keras, already imported, builds
EfficientNetV2-L and makes the text of its summary. Both run in turn; seconds are processor time, of all threads.

    python -m benchmarks.zoo [--runs 2] [--no-keras]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable
from statistics import median

from cnnc.compiler.backends.summary import summary_text
from cnnc.compiler.pipeline import check_path, compile_path

from cnnc.catalogue import catalogue

LARGE = "keras/efficientnetv2l"
KERAS = """
import time, keras
for _ in range(2):
    start = time.process_time()
    keras.applications.EfficientNetV2L(weights=None).summary(print_fn=lambda text: None)
    print(time.process_time() - start)
    keras.backend.clear_session()
"""
SLOWEST = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--runs", type=int, default=2)
    parser.add_argument("--no-keras", action="store_true", help="ours alone")
    args = parser.parse_args()
    names = [entry.name for entry in catalogue()]
    ours: dict[str, list[float]] = {name: [] for name in names}
    theirs: list[list[float]] = []
    for _ in range(args.runs):
        for name in names:
            ours[name].append(seconds(lambda name=name: checked_and_summed_up(name)))  # type: ignore[misc]
        if not args.no_keras:
            theirs.append(keras_seconds())
    tell({name: median(times) for name, times in ours.items()}, [median(times) for times in zip(*theirs)])


def checked_and_summed_up(name: str) -> None:
    """What `cnnc check` and `cnnc summary` do with one file; nothing may be wrong with it."""
    assert check_path(f"zoo:{name}") == [], name
    summary_text(compile_path(f"zoo:{name}").checked)


def keras_seconds() -> list[float]:
    """What Keras takes for the first time and again, in a process of its own: its objects would slow ours down."""
    env = {"KERAS_BACKEND": "jax", **os.environ}
    made = subprocess.run([sys.executable, "-c", KERAS], capture_output=True, text=True, check=True, env=env)
    return [float(line) for line in made.stdout.split()]


def seconds(work: Callable[[], None]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def tell(ours: dict[str, float], theirs: list[float]) -> None:
    """`theirs`: the first time and again, where Keras was measured."""
    total = sum(ours.values())
    print(
        f"check and summary of all {len(ours)} files of the zoo: {total:.2f} s, {1e3 * total / len(ours):.0f} ms a file"
    )
    for name in sorted(ours, key=lambda name: -ours[name])[:SLOWEST]:
        print(f"{1e3 * ours[name]:8.0f} ms  {name}")
    for when, spent in zip(("for the first time", "again"), theirs):
        ratios = f"{spent / total:.2f} times our whole zoo, {spent / ours[LARGE]:.0f} times {LARGE}"
        print(f"Keras, EfficientNetV2-L {when}: {spent:.2f} s, {ratios}")


if __name__ == "__main__":
    main()
