"""Fill the generated parts of REFERENCE.md from the declarations: `python -m cnnc.grammar.reference`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from ..compiler import limits
from ..compiler.codes import WARNINGS
from ..compiler.declared import default, meaning, spelled, takes, told, usage
from ..compiler.ops.base import INITIALIZERS, OPERATORS, Op
from ..compiler.ops.record import Arg, Record
from ..compiler.recipes import ENTRIES, PARTS

REFERENCE = Path(__file__).with_name("REFERENCE.md")

LIMITS = (
    (limits.TEXT, "bytes of a file"),
    (limits.LINE, "characters of a line"),
    (limits.STATEMENT, "words and signs of a statement"),
    (limits.BRACKETS, "brackets open at one place"),
    (limits.INDENTATION, "bodies in each other"),
    (limits.EXPRESSION, "levels of an expression"),
    (limits.DIGITS, "digits of a number"),
    (limits.INTEGER, "the largest whole number, also as an intermediate result"),
    (limits.LAYERS, "layers of a model, expanded"),
    (limits.CALLS, "calls of blocks, models and `let` functions"),
    (limits.DEPTH, "calls within each other"),
    (limits.TURNS, "turns of loops and comprehensions"),
    (limits.ITEMS, "elements of a list"),
    (limits.CHARACTERS, "characters of a string"),
    (limits.VALUES, "values in one map or weight"),
    (limits.FILES, "files imported"),
)


def filled(text: str) -> str:
    """The page with its generated parts as the declarations have them now."""
    for name, part in parts().items():
        pattern = re.compile(rf"<!-- {name} -->\n.*?<!-- /{name} -->", re.DOTALL)
        text = pattern.sub(lambda _, name=name, part=part: f"<!-- {name} -->\n{part}\n<!-- /{name} -->", text)  # type: ignore[misc]
    return text


def parts() -> dict[str, str]:
    return {
        "recipes": "\n".join(recipes()),
        "limits": "\n".join(["| at most | of |", "| --- | --- |", *(f"| {n:,} | {what} |" for n, what in LIMITS)]),
        "layers": "\n".join(layers()),
        "initializers": "\n\n".join(f"**{usage(cls)}** {first_paragraph(cls)}" for cls in INITIALIZERS.values()),
        "warnings": "\n".join(f"- `{code}`: {first_of(text)}" for code, text in WARNINGS.items()),
    }


def recipes() -> Iterator[str]:
    """The entries of a recipe, then the words that stand inside them."""
    for name, found in ENTRIES.items():
        yield f"### {name.replace('_', ' ').capitalize()}\n"
        for cls in found.values() if isinstance(found, dict) else [found]:
            yield from described(cls)
    for kind, words in PARTS.items():
        yield f"### {kind.capitalize()}: words inside entries\n"
        for part in words.values():
            yield from described(part)


def described(cls: type[Record]) -> Iterator[str]:
    """Usage, meaning and arguments of a record."""
    yield f"#### `{usage(cls)}`\n"
    yield paragraphs(cls) + "\n"
    yield from arguments(cls)


def arguments(cls: type[Record]) -> Iterator[str]:
    if cls.fields:
        yield "| argument | takes | default | meaning |\n| --- | --- | --- | --- |"
        yield "\n".join(row(field, spelled(cls, name)) for name, field in cls.fields.items()) + "\n"


def layers() -> Iterator[str]:
    """A chapter for each family, a section for each operator."""
    families: dict[str, list[type[Op]]] = {}
    for word, cls in OPERATORS.items():
        if word == cls.word and cls not in families.setdefault(cls.family, []):
            families[cls.family].append(cls)
    for family, members in families.items():
        yield f"### {family.capitalize()}\n"
        for cls in members:
            yield from section(cls)


def section(cls: type[Op]) -> Iterator[str]:
    yield f"#### `{usage(cls)}`\n"
    yield paragraphs(cls) + "\n"
    if cls.torch_differs:
        yield f"PyTorch: {cls.torch_differs}\n"
    yield from arguments(cls)
    for example in cls.examples:
        yield f"```cnn\nmodel Example:\n{body(*example.split(': ', 1))}\n```\n"


def body(shapes: str, use: str) -> str:
    """`8x8x4` and `relu` as the body of a model; several shapes are inputs that are merged."""
    inputs = shapes.split(", ")
    if len(inputs) == 1:
        return f"    input {inputs[0]}\n    {use}"
    names = "abcdefgh"[: len(inputs)]
    declared = [f"    {name} = input {shape}" for name, shape in zip(names, inputs)]
    return "\n".join([*declared, f"    ({', '.join(names)}) -> {use}"])


def row(field: Arg, word: str) -> str:
    name = f"`{word}`" if field.position else f"`{word}=`"
    return f"| {name} | {takes(field)} | {unless_given(field)} | {meaning(field)} |".replace("\n", " ")


def unless_given(field: Arg) -> str:
    if field.required:
        return "must be given"
    return f"`{default(field)}`" if field.default is not None else ""


def paragraphs(cls: type[Record]) -> str:
    return told(cls)


def first_paragraph(cls: type[Record]) -> str:
    return first_of(paragraphs(cls))


def first_of(text: str) -> str:
    """The first paragraph, on one line."""
    return text.split("\n\n")[0].replace("\n", " ")


if __name__ == "__main__":
    REFERENCE.write_text(filled(REFERENCE.read_text("utf-8")), "utf-8")
    print(f"{REFERENCE.name} filled")
