"""The reference is true: blocks compile, refused ones show their real message, tables are the declarations."""

from __future__ import annotations

import re
from typing import NamedTuple

import pytest
from cnnc.compiler.pipeline import check_text
from cnnc.compiler.render import render
from cnnc.grammar.reference import REFERENCE, filled

PAGE = REFERENCE.read_text("utf-8")
BLOCK = re.compile(
    r"^```cnn(?P<refused> refused)?\n(?P<code>.*?)^```\n(?:```text\n(?P<message>.*?)^```\n)?", re.MULTILINE | re.DOTALL
)
WHOLE = re.compile(r"^(model|block|let|defaults|import|train)\b", re.MULTILINE)
STARTS = "model Example:\n    input 32x32x16\n"


class Example(NamedTuple):
    line: int
    text: str
    message: str | None


def examples() -> list[Example]:
    found = []
    for match in BLOCK.finditer(PAGE):
        code = match["code"]
        text = code if WHOLE.search(code) else STARTS + "".join(f"    {line}\n" for line in code.splitlines())
        message = (match["message"] or "") if match["refused"] else None
        found.append(Example(PAGE.count("\n", 0, match.start()) + 1, text, message))
    return found


@pytest.mark.parametrize("example", examples(), ids=lambda e: f"line{e.line}")
def test_blocks_compile_or_are_refused_with_the_message_shown(example: Example) -> None:
    told = "\n\n".join(render(d) for d in check_text(example.text, "example.cnn"))
    assert told.strip() == (example.message or "").strip()


def test_there_are_both_kinds() -> None:
    kinds = [e.message is None for e in examples()]
    assert kinds.count(True) > 80
    assert kinds.count(False) >= 6


def test_tables_are_those_of_the_declarations() -> None:
    assert filled(PAGE) == PAGE, "run `python -m cnnc.grammar.reference`"
