"""The examples: in order without a word, formatted, documented, each model held to a figure worked out in its file."""

from __future__ import annotations

from pathlib import Path

import pytest
from cnnc.compiler.format import format
from cnnc.compiler.parse import parse
from cnnc.compiler.pipeline import Options, check_path, compile_path, needs_arguments
from cnnc.compiler.source import Source

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
FILES = sorted([*EXAMPLES.glob("*.cnn"), *EXAMPLES.glob("lectures/*.cnn")])


def test_there_are_examples() -> None:
    assert len(FILES) >= 30


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_an_example_is_in_order(path: Path) -> None:
    assert check_path(str(path)) == []
    text = path.read_text(encoding="utf-8")
    assert format(parse(Source(path.name, text))) == text
    assert text.startswith('"""')


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_model_of_an_example_is_held_to_figures(path: Path) -> None:
    models = [model for model in compile_path(str(path)).file.models if not needs_arguments(model)]
    for model in models:
        checked = compile_path(str(path), Options(model=model.name)).checked
        assert checked.graph.expectations, model.name
