"""Strings, numbers, sizes, signs and brackets as they are written elsewhere; see slips.py."""

from __future__ import annotations

import re
import unicodedata

from .diagnostics import Diagnostic
from .expected import Stop, quoted
from .layout import CLOSING
from .source import Span

# --- strings, numbers, sizes and signs


def quotes(at: Stop) -> Diagnostic | None:
    text = at.token.text
    if at.before.type == "STRING" and at.before.text.endswith('\\"') and at.before.span.end == at.token.span.start:
        return at.say('a string cannot hold `"`, and `\\` means nothing in it', at.before.span)
    if at.token.type != "UNKNOWN":
        return None
    if text.startswith('"""'):
        return at.say('this `"""` is never closed', at.token.span._replace(end=at.token.span.start + 3))
    if text.startswith('"'):
        return at.say("this string is never closed", help='a string ends in its line: `"..."`')
    if text.startswith("'"):
        inner = text[1:].rstrip("'")
        return at.say("a string stands in double quotes", help=f'write `"{inner}"`' if len(inner) < 60 else "")
    return None


TIMES = "\N{MULTIPLICATION SIGN}"


def sizes(at: Stop) -> Diagnostic | None:
    """`3X3`, `1xk`, `2x`, `3x3conv`, or with the sign for times"""
    span = at.token.span
    if at.token.type != "UNKNOWN":
        return None
    text = at.token.text
    if text == TIMES and at.before.type == "NUMBER":
        span, text = at.before.span.to(span), at.before.text + "x" + at.rest.split(",")[0].strip()
    parts = re.split("[xX]", text)
    if len(parts) < 2 or not parts[0].isdigit():
        return None
    if not parts[-1]:
        return at.say(f"a size is missing at the end of {quoted(text)}", help=f"write `{text.lower()}{parts[0]}`")
    closed = all(part.isdigit() for part in parts)
    if not closed and not all(re.fullmatch(r"\d+|[A-Za-z_]\w*", part) for part in parts):
        return None
    meant = ("x" if closed else " x ").join(parts)
    return at.say(f"{quoted(span.text)} is no size", span, help=f"write `{meant}`")


def numbers(at: Stop) -> Diagnostic | None:
    """`.5`, `1.`"""
    if at.token.type == "NUMBER" and at.before.type == "DOT":
        whole = at.before.span.to(at.token.span)
        return at.say("a number begins with a digit", whole, help=f"write `0{whole.text}`")
    if at.token.type == "UNKNOWN" and at.token.text.isdigit() and re.match(r"\.(?!\d)", at.rest):
        whole = at.token.span._replace(end=at.token.span.end + 1)
        return at.say("a number does not end in a point", whole, help=f"write `{at.token.text}.0` or `{at.token.text}`")
    return None


SIGNS = {
    ";": "a statement ends with its line, a comment begins with `#`",
    "\\": "a line goes on behind `,` or `->`, or inside brackets",
    "&": "write `and`",
    "|": "write `or`",
    "!": "write `not`",
    "^": "write `**` for a power",
    TIMES: "write `x` between sizes, `*` between numbers",
    "\N{RIGHTWARDS ARROW}": "write `->`",
    "\N{MINUS SIGN}": "write `-`",
    "\N{EN DASH}": "write `-`",
    "\N{LEFT DOUBLE QUOTATION MARK}": 'write `"`',
    "\N{RIGHT DOUBLE QUOTATION MARK}": 'write `"`',
    "\N{DOUBLE LOW-9 QUOTATION MARK}": 'write `"`',
    "\N{NO-BREAK SPACE}": "write a plain space",
    "\N{ZERO WIDTH NO-BREAK SPACE}": "the mark belongs at the very start of a file",
}


def signs(at: Stop) -> Diagnostic | None:
    """What no terminal fits."""
    if at.token.type != "UNKNOWN":
        return None
    text = at.token.text
    strange = next((c for c in text if not c.isascii() or not c.isprintable()), "")
    if strange:
        kind = "a name is made of ASCII letters, digits and `_`" if text[0].isalpha() else ""
        start = at.token.span.start + text.index(strange)
        span = at.token.span._replace(start=start, end=start + 1)
        return at.say(f"{_described(strange)} means nothing here", span, help=SIGNS.get(strange, kind))
    if text[0].isdigit():
        return at.say(f"{quoted(text)} is neither a number nor a name")
    return at.say(f"{quoted(text)} means nothing here", help=SIGNS.get(text, ""))


def _described(sign: str) -> str:
    """``U+00D7 (multiplication sign)``, with the sign itself in front where it can be shown."""
    name = unicodedata.name(sign, "")
    point = f"U+{ord(sign):04X}" + (f" ({name.lower()})" if name else "")
    return f"`{sign}`, {point}," if sign.isprintable() else point


# --- brackets


def closers(at: Stop) -> Diagnostic | None:
    opener = CLOSING.get(at.token.type)
    if opener is None or (at.brackets and at.brackets[-1].text == opener):
        return None
    if not at.brackets:
        return at.say(f"`{at.token.text}` closes nothing") if "COMMA" in at.wanted or not at.line else None
    return at.say(f"`{at.brackets[-1].text}` is closed by `{at.token.text}`", label="opened by another bracket")


def braces(at: Stop) -> Diagnostic | None:
    """`residual {`"""
    opened = at.brackets[-1] if at.brackets else at.token
    if opened.text != "{" or at.first.type == "LET" or not _ends_line(opened.span):
        return None
    return at.say("a body does not stand in braces", opened.span, help="end the line in `:`, and indent the body")


def unclosed(at: Stop) -> Diagnostic | None:
    """The text, or the next statement, is reached inside a bracket."""
    if not at.brackets:
        return None
    opened = at.brackets[-1]
    same = at.token.type == "COLON" and opened.text == "("
    if same or at.token.type == "_NL" or _outside(at):
        return at.say(f"`{opened.text}` is never closed", opened.span)
    return None


def _outside(at: Stop) -> bool:
    """The token begins a line that stands no deeper than the statement."""
    source, start, _ = at.token.span
    _, column = source.place(start)
    blank = not source.text[start - column + 1 : start].strip()
    return blank and start != at.first.span.start and column <= at.first.span.column


def _ends_line(span: Span) -> bool:
    source, _, end = span
    return re.compile(r"[ \t]*(#[^\n]*)?\r?(\n|\Z)").match(source.text, end) is not None
