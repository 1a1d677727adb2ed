"""Every file of the zoo: in order without a word, formatted, documented by the convention, held to figures."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from cnnc.compiler import syntax as s
from cnnc.compiler.format import format
from cnnc.compiler.locate import ZOO
from cnnc.compiler.parse import parse
from cnnc.compiler.pipeline import check_path, compile_path
from cnnc.compiler.reading import read_source

from .tables import FILES, MODELS

FIRST = {"lenet5", "alexnet", "alexnet_two_gpus", "zfnet", "vgg11", "vgg_a_lrn", "vgg13", "vgg_c", "vgg16", "vgg19",
         "googlenet", "googlenet_paper", "resnet18", "resnet34", "resnet50", "resnet101", "resnet152", "unet",
         "mnist_convnet", "cats_vs_dogs"}  # fmt: skip


def module(name: str) -> s.Module:
    path = ZOO / f"{name}.cnn"
    return parse(read_source(path, name))


def test_the_first_zoo_is_there() -> None:
    assert set(MODELS) >= FIRST


@pytest.mark.parametrize("name", FILES)
def test_check_has_nothing_to_say(name: str) -> None:
    assert check_path(f"zoo:{name}") == []


@pytest.mark.parametrize("name", FILES)
def test_files_are_formatted(name: str) -> None:
    text = Path(ZOO / f"{name}.cnn").read_text(encoding="utf-8")
    assert format(module(name)) == text
    assert max(map(len, text.splitlines())) <= 120


def header(name: str) -> tuple[str, str]:
    """The first lines up to an empty one, and what comes behind them, of the documentation a file begins with."""
    first = module(name).items[0]
    assert isinstance(first, s.Doc)
    title, _, prose = first.text.partition("\n\n")
    return " ".join(title.split()), prose


@pytest.mark.parametrize("name", MODELS)
def test_the_header_names_paper_authors_and_year_and_tells_what_it_is(name: str) -> None:
    title, prose = header(name)
    assert re.match(r"[^()]+ \([^()]+, (19|20)\d\d\)[.,]", title), title
    assert len(prose.partition("Task:")[0].split()) >= 8, "a sentence at least"


@pytest.mark.parametrize("name", sorted(set(FILES) - set(MODELS)))
def test_blocks_tell_what_they_are(name: str) -> None:
    title, prose = header(name)
    assert title.endswith(".")
    assert prose.strip()


@pytest.mark.parametrize("name", MODELS)
def test_a_model_is_held_to_its_parameters_and_its_output(name: str) -> None:
    graph = compile_path(f"zoo:{name}").checked.graph
    figures = {figure for expectation in graph.expectations for figure in expectation.figures}
    assert figures & {"params", "trainable"}
    assert figures & {"output", "outputs"}


@pytest.mark.parametrize("name", MODELS)
def test_variants_of_a_family_are_a_few_lines(name: str) -> None:
    """What is made of a family in blocks/, and has no block of its own, is written in a line and its figures."""
    items = module(name).items
    models = [item for item in items if isinstance(item, (s.Model, s.Variant))]
    if all(isinstance(item, (s.Doc, s.Import, s.Variant)) for item in items):
        assert len(models) == 1
        assert models[0].span.text.count("\n") <= 5
