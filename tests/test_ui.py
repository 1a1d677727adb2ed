"""Every case of tests/ui: the right codes on the marked lines, and the text that stands beside it."""

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
MARK = re.compile(r"[ \t]*#!(?P<codes>[^\n]*)$")


class Case(NamedTuple):
    topic: str
    name: str
    text: str
    marks: list[tuple[int, str, str]]
    """(line, severity, code), in order."""

    def __str__(self) -> str:
        return f"{self.topic}: {self.name}"


def cases() -> Iterator[Case]:
    for path in sorted(FOLDER.glob("*.cnn")):
        for part in re.split(r"^### ", path.read_text("utf-8"), flags=re.M)[1:]:
            name, _, written = part.partition("\n")
            yield read_case(path.stem, name.strip(), written.rstrip("\n") + "\n")


def read_case(topic: str, name: str, written: str) -> Case:
    marks = []
    lines = []
    for number, line in enumerate(written.split("\n"), 1):
        match = MARK.search(line)
        if match:
            marks += [(number, *severity(code)) for code in match["codes"].split(",")]
            line = line[: match.start()]
        lines.append(line)
    return Case(topic, name, "\n".join(lines), marks)


def severity(code: str) -> tuple[str, str]:
    words = code.split()
    return ("warning", words[1]) if words[0] == "warning" else ("error", words[0])


def told(case: Case) -> list[Diagnostic]:
    return check_text(case.text, f"{case.topic}.cnn")


def printed(found: list[Diagnostic]) -> str:
    return "\n\n".join(render(d) for d in found)


def golden(topic: str) -> dict[str, str]:
    path = FOLDER / f"{topic}.txt"
    if not path.exists():
        return {}
    parts = re.split(r"^### ", path.read_text("utf-8"), flags=re.M)[1:]
    return {name.strip(): text.strip("\n") for name, _, text in (part.partition("\n") for part in parts)}


ALL = list(cases())
GOLDEN = {topic: golden(topic) for topic in {case.topic for case in ALL}}


@pytest.mark.parametrize("case", ALL, ids=str)
def test_codes_stand_on_the_marked_lines(case: Case) -> None:
    found = sorted((d.span.line, d.severity, d.code) for d in told(case))
    assert found == sorted(case.marks)


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
    assert set(CODES) - outside_of_text == {code for case in ALL for _, _, code in case.marks}


@pytest.mark.skipif("UPDATE_UI" not in os.environ, reason="only on demand")
def test_write_the_texts() -> None:
    for topic in GOLDEN:
        parts = [f"### {case.name}\n{printed(told(case))}\n" for case in ALL if case.topic == topic and case.marks]
        (FOLDER / f"{topic}.txt").write_text("\n".join(parts), "utf-8")
