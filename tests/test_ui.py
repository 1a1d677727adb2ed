"""Every case of tests/ui: the right codes at the marked places, and the text that stands beside it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from cnnc.compiler.codes import CODES
from cnnc.compiler.diagnostics import Diagnostic
from cnnc.compiler.pipeline import check_text
from cnnc.compiler.render import render

FOLDER = Path(__file__).parent / "ui"
MARK = re.compile(r"[ \t]*#! (?P<told>[^\n]*)$")
TOLD = re.compile(r"(?P<warning>warning )?(?P<code>[a-z-]+)(?: (?P<text>.*))?")
HEAD = re.compile(r"(?P<name>.*?)(?: \[(?P<option>[^\]]*)\])?")
SHAPE = re.compile(r"[0-9?x]+")


class Mark(NamedTuple):
    """One finding: its line, severity and code, and what is underlined in that line (None where it is not said)."""

    line: int
    severity: str
    code: str
    text: str | None


class Case(NamedTuple):
    topic: str
    name: str
    text: str
    marks: list[Mark]

    def __str__(self) -> str:
        return f"{self.topic}: {self.name}"


def cases() -> Iterator[Case]:
    for path in sorted(FOLDER.glob("*.cnn")):
        for part in re.split(r"^### ", path.read_text("utf-8"), flags=re.MULTILINE)[1:]:
            head, _, written = part.partition("\n")
            match = HEAD.fullmatch(head.strip())
            assert match is not None
            yield read_case(path.stem, match["name"], match["option"] or "", written.rstrip("\n") + "\n")


def read_case(topic: str, name: str, option: str, written: str) -> Case:
    """A case with its marks cut off; `option` is a shape where the text is the body of a model with that input."""
    above = [f"model Case:\n    input {option}"] if SHAPE.fullmatch(option) else []
    margin = "    " if above else ""
    marks, lines = [], above
    for number, line in enumerate(written.split("\n"), 1 + 2 * len(above)):
        match = MARK.search(line)
        if match:
            marks += [mark(number, told) for told in match["told"].split(" ; ")]
            line = line[: match.start()]
        lines.append(margin + line if line else "")
    return Case(topic, name, "\n".join(lines), marks)


def mark(number: int, told: str) -> Mark:
    match = TOLD.fullmatch(told.strip())
    assert match is not None, told
    return Mark(number, "warning" if match["warning"] else "error", match["code"], match["text"])


def told(case: Case) -> list[Diagnostic]:
    return check_text(case.text, f"{case.topic}.cnn")


def found(case: Case) -> list[Mark]:
    """What the compiler says of a case, in the form of marks; the text of several lines is that of the first."""
    return [Mark(d.span.line, d.severity, d.code, d.span.text.split("\n")[0].rstrip()) for d in told(case)]


def printed(found: list[Diagnostic]) -> str:
    return "\n\n".join(render(d) for d in found)


def golden(topic: str) -> dict[str, str]:
    path = FOLDER / f"{topic}.txt"
    if not path.exists():
        return {}
    parts = re.split(r"^### ", path.read_text("utf-8"), flags=re.MULTILINE)[1:]
    return {name.strip(): text.strip("\n") for name, _, text in (part.partition("\n") for part in parts)}


ALL = list(cases())
GOLDEN = {topic: golden(topic) for topic in {case.topic for case in ALL}}


@pytest.mark.parametrize("case", ALL, ids=str)
def test_codes_stand_on_the_marked_places(case: Case) -> None:
    marks = sorted(case.marks, key=lambda m: m[:3])
    said = sorted(found(case), key=lambda m: m[:3])
    assert len(marks) == len(said), said
    for wanted, there in zip(marks, said):
        assert there == (wanted if wanted.text is not None else wanted._replace(text=there.text))


@pytest.mark.skipif("UPDATE_UI" in os.environ, reason="the texts are being written")
@pytest.mark.parametrize("case", [c for c in ALL if c.marks], ids=str)
def test_the_text_is_the_one_beside_it(case: Case) -> None:
    assert printed(told(case)) == GOLDEN[case.topic].get(case.name)


def test_names_are_unique_and_no_text_is_left_over() -> None:
    for topic, texts in GOLDEN.items():
        names = [case.name for case in ALL if case.topic == topic]
        assert len(names) == len(set(names))
        assert set(texts) <= set(names)


def test_every_code_has_a_case() -> None:
    outside_of_text = {"file", "encoding"}
    assert set(CODES) - outside_of_text == {code for case in ALL for code in (m.code for m in case.marks)}


@pytest.mark.skipif("UPDATE_UI" not in os.environ, reason="only on demand")
def test_write_the_texts() -> None:
    for topic in GOLDEN:
        parts = [f"### {case.name}\n{printed(told(case))}\n" for case in ALL if case.topic == topic and case.marks]
        (FOLDER / f"{topic}.txt").write_text("\n".join(parts), "utf-8")
