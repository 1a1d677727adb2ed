"""A counterexample without the lines that it does not need."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator


def shrunk(text: str, fails: Callable[[str], bool]) -> str:
    """The shortest text on the way down that still fails: lines left out, chains cut, arguments dropped."""
    changed = True
    while changed:
        changed = False
        for shorter in candidates(text):
            if fails(shorter):
                text, changed = shorter, True
                break
    return text


def candidates(text: str) -> Iterator[str]:
    """Texts that are a little smaller, the smallest first."""
    lines = text.split("\n")
    for size in (4, 2, 1):
        for start in range(1, len(lines) - size + 1):
            yield "\n".join([*lines[:start], *lines[start + size :]])
    for number, line in enumerate(lines[1:], 1):
        for shorter in simpler(line):
            yield "\n".join([*lines[:number], shorter, *lines[number + 1 :]])


def simpler(line: str) -> Iterator[str]:
    """The line with a call of its chain or an argument left out."""
    calls = line.split(" -> ")
    if len(calls) > 1:
        for number in range(len(calls)):
            kept = [*calls[:number], *calls[number + 1 :]]
            yield " " * (len(line) - len(line.lstrip())) + " -> ".join(kept).lstrip()
    for found in re.finditer(r", \w+=(\([^()]*(\([^()]*\)[^()]*)*\)|\[[^\[\]]*\]|[^ ,]+)", line):
        yield line[: found.start()] + line[found.end() :]
