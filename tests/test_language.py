"""Small texts through the whole compiler: what they mean, and how often a mistake is told."""

from __future__ import annotations

import pytest
from cnnc.compiler.diagnostics import CompileError
from cnnc.compiler.pipeline import compile_text


def refused(text: str) -> list[str]:
    """The messages of a text that does not compile."""
    with pytest.raises(CompileError) as caught:
        compile_text(text)
    return [diagnostic.message for diagnostic in caught.value.diagnostics]


def test_a_mistake_in_a_block_is_told_once_and_not_again_of_what_rests_on_it() -> None:
    """The second turn asks for the channels of what the first could not make."""
    text = """
model M:
    input 8x8x3
    for i in range(2):
        body 4 as "b{i}"

block body(width):
    if input.channels != width: conv width, 1x1
    nonsense 3
"""
    assert refused(text) == ["there is no layer, block or value called `nonsense`"]
