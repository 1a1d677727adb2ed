"""Pieces of text that the sources share."""

from __future__ import annotations

import re
from importlib.resources import files
from textwrap import wrap
from typing import Any

from .code import MARGIN, MISSING, WIDTH, Call, literal
from .entries import Slot
from .params import Param


def place_of(key: Any) -> tuple[int, int] | None:
    """The span of the call that an entry comes from."""
    while isinstance(key, tuple) and key and isinstance(key[0], tuple):
        key = key[0]
    return (key[1], key[2]) if isinstance(key, tuple) and len(key) == 4 else None


def stem(slot: Slot) -> str:
    """A word for a slot."""
    call = slot.first.call
    if not slot.first.weighted and slot.first.part is None and isinstance(call, Call) and call.head == "+":
        return "residual"
    return re.sub(r"\W", "_", slot.first.name.rpartition(".")[2]).strip("_") or "part"


def parameter(param: Param, *, annotated: bool = True) -> str:
    """As it stands in the head of a function."""
    if not annotated:
        return param.name if param.default is MISSING else f"{param.name}={literal(param.default)}"
    default = "" if param.default is MISSING else f" = {literal(param.default)}"
    hint = param.hint
    if param.default is None and "None" not in hint:
        hint += " | None"
    return f"{param.name}: {hint}{default}"


def docstring(doc: str, indent: int = 1) -> list[str]:
    """A documentation string, its paragraphs filled anew, and an empty line behind it."""
    if not doc.strip():
        return []
    margin = MARGIN * indent
    escaped = doc.strip().replace("\\", "\\\\").replace('"""', "'''")
    found: list[str] = []
    for paragraph in re.split(r"\n\s*\n", escaped):
        text = " ".join(paragraph.split())
        room = WIDTH - len(margin) - 3
        found += ["", *wrap(text, room)] if found else wrap('"""' + text, room)
    end = ' """' if found[-1].endswith('"') else '"""'
    return [*(margin + line if line else "" for line in found[:-1]), margin + found[-1] + end, ""]


def camel(name: str) -> str:
    """`dense_layer` as `DenseLayer`."""
    if not name.islower():
        found = re.sub(r"\W", "_", name)
        found = found[:1].upper() + found[1:]
    else:
        found = "".join(word[:1].upper() + word[1:] for word in re.split(r"[^A-Za-z0-9]+", name))
    return f"Net{found}" if not found[:1].isalpha() else found


def snake(name: str) -> str:
    """`ResNet-50` as `resnet_50`."""
    found = re.sub(r"\W", "_", name).lower()
    return f"net_{found}" if not found[:1].isalpha() else found


def read_pieces(package: str) -> dict[str, str]:
    """Classes and functions by name, as source; `{N}` stands for each number of spatial dimensions."""
    text = files(package).joinpath("pieces.txt").read_text("utf-8")
    found: dict[str, str] = {}
    for piece in text.strip().split("\n\n\n"):
        for number in ("1", "2", "3") if "{N}" in piece else ("",):
            code = piece.replace("{N}", number)
            name = re.match(r"(?:class|def) (\w+)", code)
            assert name is not None
            found[name[1]] = code
    return found
