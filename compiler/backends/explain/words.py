"""A code of a diagnostic, or a word of the language -> what it means."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ...codes import CODES, ERRORS
from ...declared import meaning, signature, spelled, takes, told
from ...fault import did_you_mean
from ...ops import INITIALIZERS, OPERATORS
from ...ops.base import Op
from ...ops.record import Record
from ...recipes import ENTRIES, PARTS

SECTIONS = {
    "Names": ("as",),
    "Branches and merges": ("branch",),
    "Residuals": ("residual", "shortcut"),
    "Blocks and models": ("model", "block", "input", "output", "share"),
    "Loops, conditions, values": ("for", "repeat", "if", "elif", "else", "let"),
    "Defaults, imports, figures": ("defaults", "import", "from", "expect", "allow"),
    "Paths": ("group", "sequential"),
    "Recipes": ("train", "phase"),
}
"""The section of the reference in which each statement is told."""

STATEMENTS = {word: section for section, words in SECTIONS.items() for word in words}
REFERENCE = Path(__file__).parents[3] / "grammar" / "REFERENCE.md"


def explain_word(word: str) -> str | None:
    """What the word means, all that it means; None where it is no word of the language and no code."""
    code = word.strip().partition("[")[2].rstrip("]:") or word.strip()
    if code in CODES:
        kind = "error" if code in ERRORS else "warning"
        return f"{kind}[{code}]\n\n{CODES[code].strip()}"
    pages = ["\n".join(page(place, cls)) for place, cls in records(word)]
    if isinstance(ENTRIES.get(word), dict):
        pages.append(f"{word}, in recipes, is one of\n  " + "\n  ".join(choices(word)))
    if word in STATEMENTS:
        pages.append(section(STATEMENTS[word]))
    return "\n\n\n".join(pages) or None


def nearest(word: str) -> str:
    """The word that may be meant, as a question; empty where none is near."""
    known = [*CODES, *OPERATORS, *STATEMENTS, *INITIALIZERS, *ENTRIES]
    known += [name for words in tables() for name in words]
    known += [name for words in PARTS.values() for name in words]
    return did_you_mean(word, known)


def tables() -> Iterator[dict[str, type[Record]]]:
    """The words of the entries that choose by their first."""
    yield from (found for found in ENTRIES.values() if isinstance(found, dict))  # type: ignore[misc]


def records(word: str) -> Iterator[tuple[str, type[Record]]]:
    """What is declared under a word, and where it stands when it is no operator."""
    if word in OPERATORS:
        yield "", OPERATORS[word]
    if word in INITIALIZERS:
        yield "an initialiser: how weights begin", INITIALIZERS[word]
    entry = ENTRIES.get(word)
    if isinstance(entry, type):
        yield "an entry of recipes", entry
    for words in tables():
        if word in words:
            yield "an entry of recipes", words[word]
    for kind, parts in PARTS.items():
        if word in parts:
            yield f"a {kind.replace('_', ' ')}, in recipes", parts[word]


def choices(entry: str) -> Iterator[str]:
    """The words of an entry that chooses, each with its first sentence."""
    words: dict[str, type[Record]] = ENTRIES[entry]  # type: ignore[assignment]
    wide = max(map(len, words))
    for word, cls in words.items():
        first = told(cls).split("\n\n")[0].replace("\n", " ")
        yield f"{word:<{wide}}  {first}"


def page(place: str, cls: type[Record]) -> Iterator[str]:
    """From the declaration."""
    yield signature(cls)
    yield from [f"  {place}"] if place else []
    yield f"\n{told(cls)}"
    if cls.fields:
        yield "\narguments"
        fields = {spelled(cls, name): field for name, field in cls.fields.items()}
        wide = max(map(len, fields))
        for name, field in fields.items():
            yield f"  {name:<{wide}}  {meaning(field)}\n  {'':<{wide}}    {takes(field)}"
    if issubclass(cls, Op) and cls.torch_differs:
        yield f"\nPyTorch differs: {cls.torch_differs}"
    if issubclass(cls, Op) and cls.examples:
        yield "\nexamples, behind the shape they are put on"
        yield from (f"  {example}" for example in cls.examples)


def section(title: str) -> str:
    """A section of the reference."""
    text = REFERENCE.read_text("utf-8")
    return text[text.index(f"## {title}\n") :].partition("\n## ")[0].strip()
