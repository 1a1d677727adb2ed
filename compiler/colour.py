"""Text as terminals colour it."""

from __future__ import annotations


def painted(text: str, codes: str, color: bool = True) -> str:
    """The text under the codes of a colour or a weight of letters, as it is where they are empty."""
    return f"\x1b[{codes}m{text}\x1b[0m" if color and codes else text


def bold(text: str, color: bool = True) -> str:
    return painted(text, "1", color)
