"""Everything that compiler/habits.py knows is told where it is typed, and what it suggests works."""

from __future__ import annotations

import re

import pytest
from cnnc.compiler.calls import ITEMS, WORDS
from cnnc.compiler.diagnostics import Diagnostic
from cnnc.compiler.habits import ARGUMENTS, LAYERS, NAMES
from cnnc.compiler.ops import OPERATORS
from cnnc.compiler.pipeline import check_text

BODY = "model Net:\n    input 32x32x3\n    {}\n"
CALLS = {
    "dense": "global_avgpool\n    {}",
    "embedding": "global_avgpool -> stop_gradient\n    {}",
    "reshape": "zeropad 12 -> avgpool 8 -> conv 64, 1x1\n    {}",
    "groupnorm": "conv 64, 1x1\n    {}",
}
"""What must stand in front of some suggestions so that they fit."""


def told(line: str) -> list[Diagnostic]:
    return check_text(BODY.format(line))


@pytest.mark.parametrize("name", sorted(ARGUMENTS))
def test_arguments_of_other_frameworks_are_refused_with_what_to_write(name: str) -> None:
    (found,) = told(f"softsign {name}=1")
    assert (found.code, found.help) == ("unknown-argument", ARGUMENTS[name])


@pytest.mark.parametrize("name", sorted(NAMES))
def test_names_of_python_are_refused_with_what_to_write(name: str) -> None:
    (found,) = told(f"conv {name}, 3x3")
    assert (found.code, found.help) == ("unknown-name", NAMES[name])


@pytest.mark.parametrize("name", sorted(LAYERS))
def test_layers_of_other_frameworks_are_refused_with_ours(name: str) -> None:
    (found,) = told(name)
    assert (found.code, found.help) == ("unknown-layer", f"write `{LAYERS[name]}`")
    assert LAYERS[name] in (*OPERATORS, *WORDS, *ITEMS)


@pytest.mark.parametrize("text", sorted({t for help in ARGUMENTS.values() for t in re.findall(r"`(\w+ [^`]*)`", help)}))
def test_calls_that_are_suggested_compile(text: str) -> None:
    word = text.split()[0]
    if word in ("input", "params", "as"):
        return
    assert [d for d in told(CALLS.get(word, "{}").format(text)) if d.severity == "error"] == []


@pytest.mark.parametrize("text", sorted({t for help in ARGUMENTS.values() for t in re.findall(r"`(\w+)=", help)}))
def test_arguments_that_are_suggested_exist(text: str) -> None:
    fields = {name for op in OPERATORS.values() for name in op.fields} | {"std", "low", "high"}
    assert text in fields
