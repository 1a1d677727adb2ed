"""What people write by habit, from Python, Keras or elsewhere: told in their words, with the line that was meant.

Each slip is a function from the place where the parser stopped to a diagnostic, or None where it is something else.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Optional

from .diagnostics import Diagnostic
from .expected import RESERVED, VALUES, Stop, quoted
from .misspelled import braces, closers, numbers, quotes, signs, sizes, unclosed
from .source import Span

Slip = Callable[[Stop], Optional[Diagnostic]]


def slip(stop: Stop) -> Diagnostic | None:
    """What the first habit that explains the stop has to say."""
    return next((said for habit in SLIPS if (said := habit(stop)) is not None), None)


# --- arguments


def called_with_brackets(at: Stop) -> Diagnostic | None:
    """`conv(64, 3x3)`, `x = Conv2D(64, 3)(y)`"""
    if at.token.type != "_TOUCHING_LPAR" or at.before.type != "NAME":
        return None
    inner = re.match(r"([^()]*)\)(?:\(([A-Za-z_][\w.]*)\))?", at.rest)
    plain = inner[1].strip() if inner else ""
    call = f"{at.before.text} {plain}".rstrip()
    meant = f"{inner[2]} -> {call}" if inner and inner[2] else call
    help = f"write `{meant}`" if inner and len(meant) < 80 else ""
    return at.say(f"the arguments of `{at.before.text}` stand behind a space, without brackets", help=help)


def missing_comma(at: Stop) -> Diagnostic | None:
    """`maxpool 3x3 stride=2`"""
    if at.token.type not in VALUES or "COMMA" not in at.wanted or at.before.type not in ENDS:
        return None
    source, start, end = at.first.span.to(at.before.span)
    after = at.token.text + at.rest.split("#")[0].rstrip()
    meant = f"{source.text[start:end]}, {after}"
    help = f"write `{meant}`" if len(meant) < 80 and "\n" not in meant else ""
    return at.say(f"a comma is missing in front of {quoted(at.token.text)}", Span(source, end, end), help=help)


ENDS = frozenset({"NAME", "NUMBER", "STRING", "SIZES", "OPEN", "UNIT", "RPAR", "RSQB", "RBRACE"})


def keyword(at: Stop) -> Diagnostic | None:
    """`conv 64, in=5`, `let for = 3`"""
    if at.token.type in ("ELIF", "ELSE") and not at.line:
        return at.say(f"there is no `if` above this `{at.token.text}`")
    if at.token.type in RESERVED and "NAME" in at.wanted:
        return at.say(f"`{at.token.text}` is a word of the language and cannot be a name")
    return None


def else_if(at: Stop) -> Diagnostic | None:
    if at.before.type == "ELSE" and at.token.type == "IF":
        return at.say("`else if` is one word here", at.before.span.to(at.token.span), help="write `elif`")
    return None


def not_in(at: Stop) -> Diagnostic | None:
    if at.token.type == "NOT" and re.match(r" +in\b", at.rest) and at.before.type == "NAME":
        return at.say("`not` stands in front of a comparison", help=f"write `not {at.before.text} in ...`")
    return None


# --- statements


def assignments(at: Stop) -> Diagnostic | None:
    """`a := b`, `a += b`, `a == b`, `if a = b`, `a => b`"""
    two = at.before.text + at.token.text if at.before.span.end == at.token.span.start else ""
    next_equal = at.rest.startswith("=")
    if two == ":=":
        return at.say("`:=` means nothing here", at.before.span.to(at.token.span), help="write `=`")
    if at.token.type == "EQUAL" and at.rest.startswith(">"):
        return at.say("`=>` means nothing here", at.token.span._replace(end=at.token.span.end + 1), help="write `->`")
    if (at.token.type in ("PLUS", "TIMES", "POWER") and next_equal) or two == "-=":
        return at.say("nothing is bound twice", help="give the new value a name of its own")
    if at.token.text == "==" and "EQUAL" in at.wanted:
        return at.say("`==` compares", help="write `=` to bind a name")
    if at.token.type == "EQUAL" and at.first.type in ("IF", "ELIF"):
        return at.say("`=` binds a name", help="write `==` to compare")
    return None


def let_without_equal(at: Stop) -> Diagnostic | None:
    """`let x 3`"""
    if at.first.type != "LET" or len(at.line) != 2 or at.token.type not in VALUES:
        return None
    return at.say("`=` is missing", help=f"write `let {at.before.text} = {at.token.text}{at.rest.rstrip()}`")


def comments(at: Stop) -> Diagnostic | None:
    """`conv 64  // text`"""
    slashes = [t for t in (*at.line, at.token) if t.text == "//"]
    if slashes and (at.token is slashes[-1] or at.before.type == "NAME" or at.before is slashes[-1]):
        return at.say("a comment begins with `#`", slashes[-1].span, help="`//` divides and rounds down")
    return None


def leading_arrow(at: Stop) -> Diagnostic | None:
    if (at.token.type == "ARROW" and not at.line) or (at.token.type == "_INDENT" and at.rest.startswith("->")):
        return at.say("a line cannot begin with `->`", help="end the line before in `->`, and indent this one deeper")
    return None


def trailing_comma(at: Stop) -> Diagnostic | None:
    if at.token.type == "_NL" and at.before.type in ("COMMA", "ARROW"):
        sign = at.before.text
        return at.say(f"a line that ends in `{sign}` goes on in the next only if that stands deeper", at.before.span)
    return None


PYTHON = {
    "def": "write `block NAME(width):`",
    "class": "write `model NAME:`",
    "from": 'write `import NAME from "file.cnn"`',
    "module": "write `model NAME:`",
    "network": "write `model NAME:`",
    "net": "write `model NAME:`",
}


def deeper(at: Stop) -> Diagnostic | None:
    if at.token.type != "_INDENT":
        return None
    if not at.line:
        return at.say("the first line of a file is not indented")
    return at.say("this line stands deeper than the one above, which begins no body", help="a body begins behind `:`")


def python(at: Stop) -> Diagnostic | None:
    """`def f(x):`, `class Net(nn.Module):`, `import torch`, or a layer at the left margin."""
    if at.first.type == "IMPORT" and "FROM" in at.wanted:
        name = at.line[1].text if len(at.line) > 1 else "NAME"
        return at.say("an import says where from", help=f'write `import {name} from "file.cnn"`')
    if at.line or "MODEL" not in at.wanted or at.token.type != "NAME":
        return None
    if at.token.text in PYTHON:
        return at.say(f"`{at.token.text}` means nothing here", help=PYTHON[at.token.text])
    message = f"{quoted(at.token.text)} stands outside of any model or block"
    return at.say(message, help="indent it below `model NAME:`")


def missing_colon(at: Stop) -> Diagnostic | None:
    """`repeat 3 relu`, `if a relu`"""
    if at.token.type not in ("NAME", "_NL") or "COLON" not in at.wanted or at.brackets:
        return None
    if at.first.text != "repeat" and at.first.type not in ("IF", "ELIF", "ELSE", "FOR", "MODEL", "BLOCK", "TRAIN"):
        return None
    start, end = at.first.span.start, at.before.span.end
    head = at.before.span.source.text[start:end]
    place = Span(at.before.span.source, end, end)
    return at.say("a body begins behind `:`", place, help=f"write `{head}:`" if len(head) < 60 else "")


SLIPS: tuple[Slip, ...] = (
    closers, comments, let_without_equal, else_if, missing_colon, braces, unclosed, quotes, sizes, numbers, signs,
    called_with_brackets, keyword, not_in, assignments, leading_arrow, deeper, trailing_comma, python, missing_comma,
)  # fmt: skip
"""In the order they are tried: the more particular first."""
