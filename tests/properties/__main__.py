"""Thousands of networks before their judges: `python -m tests.properties --count 2000 --seed 7`.

Prints how many were held against whom, which operators were drawn and which were not, and every counterexample shrunk
to the lines that it needs. Exit status 1 if there is one.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator

os.environ.setdefault("KERAS_BACKEND", "torch")  # nothing is compiled for each new shape

import torch
from cnnc.compiler.ops import OPERATORS
from cnnc.compiler.pipeline import compile_text

from .chance import network
from .hold import EVERY, UNSAID, held
from .shrink import shrunk


def main(words: list[str] | None = None) -> int:
    args = parsed(words)
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    count: Counter[str] = Counter()
    drawn: Counter[str] = Counter()
    started, found = time.monotonic(), 0
    for seed in range(args.seed, args.seed + args.count):
        text = network(seed)
        drawn.update({node.op.word for node in compile_text(text).checked.nodes})
        for judge, wrong in judged(text, args.judge, count):
            found += 1
            tell(seed, judge, text, wrong)
        if args.every and (seed + 1 - args.seed) % args.every == 0:
            print(f"... {seed + 1 - args.seed}, {found} wrong", file=sys.stderr, flush=True)
    report(args, count, drawn, found, time.monotonic() - started)
    return int(found > 0)


def parsed(words: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.properties", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--count", type=int, default=1000, help="how many networks (default: 1000)")
    parser.add_argument("--seed", type=int, default=0, help="the first seed; the others follow it (default: 0)")
    parser.add_argument("--judge", action="append", choices=EVERY, help="only this judge; may be given more than once")
    parser.add_argument("--every", type=int, default=0, metavar="N", help="tell after every N networks where it is")
    args = parser.parse_args(words)
    args.judge = args.judge or list(EVERY)
    return args


def judged(text: str, judges: list[str], count: Counter[str]) -> Iterator[tuple[str, Exception]]:
    """The judges that do not agree; how often each was asked is counted."""
    for judge in judges:
        try:
            said = held(text, judge)
        except Exception as wrong:
            yield judge, wrong
        else:
            count[judge if said else f"{judge}{UNSAID}"] += 1


def fails(judge: str, kind: type[Exception]) -> Callable[[str], bool]:
    """Whether a text is still a counterexample of the same kind."""

    def asked(text: str) -> bool:
        try:
            compile_text(text)
        except Exception:
            return False
        try:
            held(text, judge)
        except Exception as wrong:
            return type(wrong) is kind
        return False

    return asked


def tell(seed: int, judge: str, text: str, wrong: Exception) -> None:
    """A counterexample, as it may be kept in the tests."""
    print(f"seed {seed}, {judge}: {type(wrong).__name__}: {first_lines(wrong)}")
    print(shrunk(text, fails(judge, type(wrong))), flush=True)


def first_lines(wrong: Exception) -> str:
    return " | ".join(line.strip() for line in str(wrong).strip().splitlines()[:4])


def report(args: argparse.Namespace, count: Counter[str], drawn: Counter[str], found: int, seconds: float) -> None:
    """What ran."""
    print(f"{args.count} networks, seeds {args.seed} to {args.seed + args.count - 1}, {seconds:.0f} seconds")
    for judge in args.judge:
        unsaid = count[f"{judge}{UNSAID}"]
        print(f"  {judge}: {count[judge]} agree" + (f", {unsaid} refused by name" if unsaid else ""))
    words = {op.word for op in OPERATORS.values()}
    rarest = ", ".join(f"{word} {number}" for word, number in drawn.most_common()[-5:])
    print(f"  operators drawn: {len(words & drawn.keys())} of {len(words)}; the rarest: {rarest}")
    if words - drawn.keys():
        print(f"  not drawn: {', '.join(sorted(words - drawn.keys()))}")
    print(f"  counterexamples: {found}")


if __name__ == "__main__":
    sys.exit(main())
