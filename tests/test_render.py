"""A diagnostic as text, against what was written by hand, and as a dictionary."""

from __future__ import annotations

import re

import pytest
from cnnc.compiler.diagnostics import CompileError, Diagnostic
from cnnc.compiler.render import WIDTH, as_dict, columns, printable, render
from cnnc.compiler.source import Frame, Source, Span

TEXT = "\n" * 8 + "        basic 128, stride=2\n" + "\n" * 4 + "    residual:\n        a\n"


def marked(text: str, part: str, name: str = "models/mynet.cnn") -> Span:
    start = text.index(part)
    return Span(Source(name, text), start, start + len(part))


def diagnostic(span: Span, label: str = "", frame: Frame | None = None, help: str = "") -> Diagnostic:
    return Diagnostic("error", "shape-mismatch", "the branches of `add` disagree", span, label, (), help, frame)


def block(parent: Frame | None = None) -> Frame:
    root = parent or Frame("model", "Net", marked(TEXT, "basic"), None)
    bound = (("width", 128), ("stride", 2))
    return Frame("block", "basic", marked(TEXT, "basic 128"), root, "", bound)


def lines(d: Diagnostic) -> list[str]:
    return render(d).split("\n")


def test_the_example_of_the_documentation() -> None:
    found = diagnostic(
        marked(TEXT, "residual"),
        "the body gives 28x28x128, the shortcut 56x56x64",
        block(),
        "give it a `shortcut:` that ends in 28x28x128, such as `conv 128, 1x1, stride=2`",
    )
    assert (
        render(found)
        == """\
error[shape-mismatch]: the branches of `add` disagree
  --> models/mynet.cnn:14:5
   |
14 |     residual:
   |     ^^^^^^^^ the body gives 28x28x128, the shortcut 56x56x64
   |
   = in block `basic(width=128, stride=2)`, called at models/mynet.cnn:9:9
   = help: give it a `shortcut:` that ends in 28x28x128, such as `conv 128, 1x1, stride=2`"""
    )


def test_a_span_of_several_lines_shows_the_first_and_the_last() -> None:
    text = "conv 64,\n  3x3,\n  pad=1\n"
    assert lines(diagnostic(marked(text, "64,\n  3x3,\n  pad"), "here"))[2:] == [
        "  |",
        "1 | conv 64,",
        "  |      ^^^",
        "  | ...",
        "3 |   pad=1",
        "  |   ^^^ here",
    ]


def test_a_place_without_text_has_a_mark() -> None:
    assert lines(diagnostic(Span(Source("a", "relu"), 4, 4)))[3:] == ["1 | relu", "  |     ^"]
    assert lines(diagnostic(Span(Source("a", ""), 0, 0)))[3:] == ["1 |", "  | ^"]


@pytest.mark.parametrize(
    ("text", "part", "shown", "mark"),
    [
        ("\tconv bad", "bad", "    conv bad", "         ^^^"),
        ('a "\u6f22\u5b57" bad', "bad", 'a "\u6f22\u5b57" bad', "         ^^^"),
        ('a "\u6f22\u5b57"', "\u5b57", 'a "\u6f22\u5b57"', "     ^^"),
        ("e\u0301 bad", "bad", "e\u0301 bad", "  ^^^"),
        ("a\x1b[31m bad", "bad", "a\ufffd[31m bad", "       ^^^"),
        ("\u202e\ud800 bad", "bad", "\ufffd\ufffd bad", "   ^^^"),
        ("relu bad\r\n", "bad", "relu bad", "     ^^^"),
    ],
)
def test_the_mark_stands_below_the_text(text: str, part: str, shown: str, mark: str) -> None:
    assert lines(diagnostic(marked(text, part)))[3:] == [f"1 | {shown}", f"  | {mark}"]


@pytest.mark.parametrize("before", [0, 50, 110, 5000])
@pytest.mark.parametrize("after", [0, 50, 5000])
def test_a_long_line_is_cut_to_a_window(before: int, after: int) -> None:
    shown, mark = lines(diagnostic(marked("a" * before + "#bad#" + "b" * after, "#bad#")))[3:]
    assert columns(shown) <= WIDTH + 4
    assert shown[mark.index("^") :].startswith("#bad#")
    assert mark.count("^") == 5


def test_a_long_mark_is_cut_too() -> None:
    shown, mark = lines(diagnostic(marked("x" + "a" * 5000 + "y", "a" * 5000)))[3:]
    assert columns(shown) <= WIDTH + 4
    assert len(mark) <= len(shown)


def test_the_way_in_is_told_innermost_first() -> None:
    turn = Frame("loop", "for", marked(TEXT, "residual"), block(), "", (("i", 3),), 3)
    again = Frame("loop", "repeat", marked(TEXT, "residual"), Frame("branch", "branch", turn.span, turn), "", (), 1)
    assert lines(diagnostic(marked(TEXT, "a\n"), frame=again))[-3:] == [
        "   = in turn 2 of the loop at models/mynet.cnn:14",
        "   = in the turn `i=3` of the loop at models/mynet.cnn:14",
        "   = in block `basic(width=128, stride=2)`, called at models/mynet.cnn:9:9",
    ]


def test_a_long_way_is_cut_in_the_middle() -> None:
    frame = None
    for i in range(30):
        frame = Frame("loop", "for", marked(TEXT, "residual"), frame, "", (("i", i),), i)
    way = [line for line in lines(diagnostic(marked(TEXT, "basic"), frame=frame)) if " = " in line]
    assert len(way) == 9
    assert way[4] == "   = ... 22 more ..." or way[4].endswith("... 22 more ...")
    assert "`i=29`" in way[0]
    assert "`i=0`" in way[-1]


def test_colours_change_nothing_else() -> None:
    found = diagnostic(marked(TEXT, "residual"), "label", block(), "help")
    colored = render(found, color=True)
    assert colored != render(found)
    assert [line.rstrip() for line in re.sub(r"\x1b\[[\d;]*m", "", colored).split("\n")] == lines(found)


def test_notes_and_several_errors() -> None:
    found = diagnostic(marked(TEXT, "residual"))._replace(notes=("one", "two"))
    assert lines(found)[-2:] == ["   = note: one", "   = note: two"]
    assert str(CompileError([found, found])) == f"{render(found)}\n\n{render(found)}"


def test_as_a_dictionary() -> None:
    found = diagnostic(marked(TEXT, "residual:\n"), "label", block())._replace(notes=("note",))
    assert as_dict(found) == {
        "severity": "error",
        "code": "shape-mismatch",
        "message": "the branches of `add` disagree",
        "file": "models/mynet.cnn",
        "line": 14,
        "column": 5,
        "end_line": 15,
        "end_column": 1,
        "notes": ["label", "in block `basic(width=128, stride=2)`, called at models/mynet.cnn:9:9", "note"],
        "help": None,
    }


def test_what_cannot_be_shown() -> None:
    assert printable("a\tb\x00\u200b\n") == "a    b\ufffd\ufffd\n"
