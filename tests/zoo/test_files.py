"""Every file of the zoo: in order without a word, formatted, documented by the convention, held to figures."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from cnnc.compiler import syntax as s
from cnnc.compiler.format import format
from cnnc.compiler.locate import ZOO
from cnnc.compiler.parse import parse
from cnnc.compiler.pipeline import check_path
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


@pytest.mark.parametrize("name", MODELS)
def test_the_header_names_paper_authors_and_year(name: str) -> None:
    first = module(name).items[0]
    assert isinstance(first, s.Doc)
    title, _, prose = first.text.partition("\n\n")
    assert re.match(r"[^()]+ \([^()]+, (19|20)\d\d\)[.,]", " ".join(title.split())), title
    assert prose.strip()


@pytest.mark.parametrize("name", MODELS)
def test_a_model_is_held_to_figures(name: str) -> None:
    bodies = [item.body for item in module(name).items if isinstance(item, (s.Model, s.Variant))]
    first = [statement.chain.steps[0] for statement in bodies[-1] if isinstance(statement, s.Flow)]
    heads = [step.head for step in first if isinstance(step, s.Call)]
    assert any(isinstance(head, s.Name) and head.id == "expect" for head in heads)
