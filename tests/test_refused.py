"""What is refused: each mistake in its own words at its own place, all of them in one run, and hostile texts soon."""

from __future__ import annotations

import time

import pytest
from cnnc.compiler import syntax as s
from cnnc.compiler.diagnostics import CompileError, Diagnostic
from cnnc.compiler.limits import LINE, TEXT
from cnnc.compiler.parse import parse
from cnnc.compiler.source import Source


def read(text: str) -> s.Module:
    return parse(Source("test.cnn", text))


def refused(text: str) -> tuple[Diagnostic, ...]:
    with pytest.raises(CompileError) as caught:
        read(text)
    return caught.value.diagnostics


def in_model(line: str) -> str:
    return f"model A:\n    input 3x3\n    {line}\n    relu\n"


SLIPS = [
    # the line, what is marked, the message, the help
    ("data 'digits'", "'digits'", "a string stands in double quotes", 'write `"digits"`'),
    ("dropout .5", ".5", "a number begins with a digit", "write `0.5`"),
    ("dropout 1.", "1.", "a number does not end in a point", "write `1.0` or `1`"),
    ("maxpool 3x3 stride=2", "", "a comma is missing in front of `stride`", "write `maxpool 3x3, stride=2`"),
    ("conv 64 3x3 -> relu", "", "a comma is missing in front of `3x3`", "write `conv 64, 3x3 -> relu`"),
    ("repeat 3 relu", "", "a body begins behind `:`", "write `repeat 3:`"),
    ("conv(64, 3x3)", "(", "the arguments of `conv` stand behind a space, without brackets", "write `conv 64, 3x3`"),
    (
        "a = Conv2D(64, 3)(y)",
        "(",
        "the arguments of `Conv2D` stand behind a space, without brackets",
        "write `y -> Conv2D 64, 3`",
    ),
    ("conv (64, 3x3", "(", "`(` is never closed", ""),
    ("for i in range(3: relu", "(", "`(` is never closed", ""),
    ("conv [1, 2)", ")", "`[` is closed by `)`", ""),
    ("conv 1)", ")", "`)` closes nothing", ""),
    ("relu // text", "//", "a comment begins with `#`", "`//` divides and rounds down"),
    ("conv 64 // of the text", "//", "a comment begins with `#`", "`//` divides and rounds down"),
    ("relu; relu", ";", "`;` means nothing here", "a statement ends with its line, a comment begins with `#`"),
    ("conv 64, 1xk", "1xk", "`1xk` is no size", "write `1 x k`"),
    ("conv 64, 3X3", "3X3", "`3X3` is no size", "write `3x3`"),
    ("conv 64, 3\u00d73", "3\u00d7", "`3\u00d7` is no size", "write `3x3`"),
    ("conv 64, 2x", "2x", "a size is missing at the end of `2x`", "write `2x2`"),
    ("conv 64, 3x3conv", "3x3conv", "`3x3conv` is neither a number nor a name", ""),
    ("a == b", "==", "`==` compares", "write `=` to bind a name"),
    ("if a = b: c", "=", "`=` binds a name", "write `==` to compare"),
    ("a := b", ":=", "`:=` means nothing here", "write `=`"),
    ("a += b", "+", "nothing is bound twice", "give the new value a name of its own"),
    ("a = b => c", "=>", "`=>` means nothing here", "write `->`"),
    ('data "a', '"a', "this string is never closed", 'a string ends in its line: `"..."`'),
    ('data "a\\"b"', '"a\\"', 'a string cannot hold `"`, and `\\` means nothing in it', ""),
    ("residual {", "{", "a body does not stand in braces", "end the line in `:`, and indent the body"),
    ("let a 3", "3", "`=` is missing", "write `let a = 3`"),
    ("conv 64, in=5", "in", "`in` is a word of the language and cannot be a name", ""),
    ("conv 64,", ",", "a line that ends in `,` goes on in the next only if that stands deeper", ""),
    ("conv 64 ->", "->", "a line that ends in `->` goes on in the next only if that stands deeper", ""),
    ("-> relu", "->", "a line cannot begin with `->`", "end the line before in `->`, and indent this one deeper"),
    ("conv a not in b", "not", "`not` stands in front of a comparison", "write `not a in ...`"),
    ("elif a: b", "elif", "there is no `if` above this `elif`", ""),
    ('a as "b{c"', "{", "`{` is never closed in this label", ""),
    ('a as "b}"', "}", "`}` closes nothing in this label", ""),
    (
        "conv \u0430",
        "\u0430",
        "`\u0430`, U+0430 (cyrillic small letter a), means nothing here",
        "a name is made of ASCII letters, digits and `_`",
    ),
    ("conv\u00a064", "\u00a0", "U+00A0 (no-break space) means nothing here", "write a plain space"),
    ("conv \ud800", "\ud800", "U+D800 means nothing here", ""),
    ("conv 64, stride=, pad=1", ",", "expected a value, found `,`", ""),
    ("a, b", "", "expected `=` or `,`, found the end of the line", ""),
    ("conv ]", "]", "`]` closes nothing", ""),
    ("conv 123456789012345678901", "123456789012345678901", "a number of more than 20 digits", ""),
    ("conv 1e999", "1e999", "`1e999` is more than a number can hold", ""),
]


@pytest.mark.parametrize(("line", "marked", "message", "help"), SLIPS, ids=[ascii(line) for line, *_ in SLIPS])
def test_a_slip(line: str, marked: str, message: str, help: str) -> None:
    (found,) = [d for d in refused(in_model(line)) if d.severity == "error"]
    assert (found.message, found.help, found.span.text, found.span.line) == (message, help, marked, 3)


FILES = [
    ("def f(x):\n    return x\n", 1, "`def` means nothing here", "write `block NAME(width):`"),
    ("class Net(nn.Module):\n    a = 3\n", 1, "`class` means nothing here", "write `model NAME:`"),
    ("import torch\n", 1, "an import says where from", 'write `import torch from "file.cnn"`'),
    ("from torch import nn\n", 1, "`from` means nothing here", 'write `import NAME from "file.cnn"`'),
    ("conv 64, 3x3\n", 1, "`conv` stands outside of any model or block", "indent it below `model NAME:`"),
    ("model A\n    relu\n", 1, "the line below stands deeper, but no `:` begins a body", "write `model A:`"),
    (
        "model A:\n    concat\n        branch: relu\n",
        2,
        "the line below stands deeper, but no `:` begins a body",
        "write `concat:`",
    ),
    (
        "model A:\nmodel B:\n    relu\n",
        1,
        "the body of this `:` is missing",
        "it stands in the lines below, four spaces deeper",
    ),
    ("model A:", 1, "the body of this `:` is missing", "it stands in the lines below, four spaces deeper"),
    (
        "model A:\n    let a = 3\n        relu\n    relu\n",
        3,
        "this line stands deeper than the one above, which begins no body",
        "a body begins behind `:`",
    ),
    (
        "model A:\n    conv 64\n        -> relu\n",
        3,
        "a line cannot begin with `->`",
        "end the line before in `->`, and indent this one deeper",
    ),
    (
        "model A:\n\trelu\n\trepeat 3:\n\t\trelu\n",
        2,
        "a tab stands in front of the line",
        "indent by four spaces; most editors can turn tabs into spaces",
    ),
    ("model A:\n    relu\n  relu\n    relu\n", 3, "this line is indented by 2, the bodies around it by 0 and 4", ""),
    ('"""text\nmodel A:\n    relu\n', 1, 'this `"""` is never closed', ""),
    ("let t = [\n    (1, 2),\n    (1 2),\n    (3, 4),\n]\n", 3, "a comma is missing in front of `2`", ""),
    ("model A:\n    if a: b\n    else if c: d\n    else: e\n", 3, "`else if` is one word here", "write `elif`"),
    ("let t = [1, 2\nmodel A:\n    relu\n", 1, "`[` is never closed", ""),
    ("let t = (\n", 1, "`(` is never closed", ""),
    ("  model A:\n    relu\n", 1, "the first line of a file is not indented", ""),
    ("model A:\n    conv \x00\n", 2, "U+0000 means nothing here", ""),
]


@pytest.mark.parametrize(("text", "line", "message", "help"), FILES, ids=[ascii(text) for text, *_ in FILES])
def test_one_mistake_is_told_once(text: str, line: int, message: str, help: str) -> None:
    found = refused(text)
    assert [(d.span.line, d.message) for d in found] == [(line, message)]
    assert found[0].help == help or not help


def test_all_independent_mistakes_are_told() -> None:
    text = (
        "model A:\n    concat\n        branch: relu )\n        branch: conv 64 3x3\n    for i in range(3)\n"
        "        relu\n"
        "    if a b:\n        relu\n    elif c:\n        relu\n    else:\n        relu\n    relu.\n    relu\n"
        "let t = [1, 2\nblock b:\n    conv 'a'\n"
    )
    assert [d.span.line for d in refused(text)] == [2, 3, 4, 5, 7, 13, 15, 17]


def test_no_more_than_twenty() -> None:
    assert len(refused("model A:\n" + "    conv 64 3x3\n" * 100)) == 20


# --- limits and hostile texts

HOSTILE = {
    "a long line": "a" * (LINE + 1),
    "a long text": "#\n" * (TEXT // 2 + 1),
    "open brackets": "let a = " + "(\n" * 10_000,
    "chains of minus": "let a = " + "- " * 9_000 + "1",
    "chains of minus over lines": "let a = (" + "-\n" * 100_000 + "1)",
    "chains of not": "let a = " + "not " * 4_000 + "1",
    "chains of powers": "let a = " + "2**" * 5_000 + "1",
    "chains of choices": "let a = " + "a if b else " * 1_500 + "c",
    "chains of indices": "let a = e" + "[0]" * 5_000,
    "chains of members": "let a = (e" + ".a\n" * 30_000 + ")",
    "bodies in bodies": "model A:\n" + "".join(" " * (i + 1) + "a:\n" for i in range(500)),
    "many items": "let a = [" + "1,\n" * 200_000 + "]",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_text_is_refused_soon(name: str) -> None:
    start = time.process_time()
    (found,) = refused(HOSTILE[name])
    assert found.code == "limit"
    assert time.process_time() - start < 6  # seconds of a busy machine; about one of a quiet one


@pytest.mark.parametrize(
    "text",
    [
        bytes(range(256)).decode("latin-1") * 50, "'\n" * 5_000, "((([{" * 100, "model A:\n" + " a\n  b\n" * 5_000,
        '"' * 999, "\r" * 999, "\x00" * 999, ")" * 999, "\ud800" * 99, "{" * 99, "model " * 999,
        "\\", "\tx", "x", "?" * 9,
    ],
)  # fmt: skip
def test_rubbish_is_refused(text: str) -> None:
    assert refused(text)


def test_deep_but_honest() -> None:
    read("let a = " + "(" * 90 + "1" + ")" * 90 + "\n" + "let b = " + " + ".join(["1"] * 3_000) + "\n")
