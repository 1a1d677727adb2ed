"""examples/lectures/README.md is true: its commands print what is shown, its pictures are those that are drawn
(`UPDATE_README=1` writes the outputs anew)."""

from __future__ import annotations

import os
import re

import pytest

from cnnc.cli import main
from tests.shell import ROOT, commands, output, write_outputs

LECTURES = ROOT / "examples" / "lectures"
PAGE = LECTURES / "README.md"

PICTURES = {
    "same": ("03_padding", "Same"),
    "keras_at_stride_two": ("03_padding", "KerasAtStrideTwo"),
    "stride_three": ("02_output_size", "StrideThree"),
    "checkerboard": ("15_transposed", "Odd"),
}


@pytest.mark.skipif("UPDATE_README" in os.environ, reason="it is being written")
@pytest.mark.parametrize("match", commands(PAGE), ids=lambda m: m["command"])
def test_commands_print_what_is_shown(match: re.Match[str]) -> None:
    assert output(match["command"]) == match["output"]


@pytest.mark.parametrize("name", PICTURES)
def test_pictures_are_those_that_are_drawn(name: str, tmp_path: os.PathLike[str]) -> None:
    file, model = PICTURES[name]
    path = os.path.join(tmp_path, "drawn.svg")
    assert main(["explain", str(LECTURES / f"{file}.cnn"), "layer", "--model", model, "--picture", path]) == 0
    with open(path, encoding="utf-8") as drawn:
        assert drawn.read() == (LECTURES / "pictures" / f"{name}.svg").read_text("utf-8")


def test_every_file_is_listed_and_every_link_leads_somewhere() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", PAGE.read_text("utf-8"))
    assert {path.name for path in LECTURES.glob("*.cnn")} <= set(links)
    assert {path.stem for path in (LECTURES / "pictures").iterdir()} == set(PICTURES)
    for link in links:
        assert (LECTURES / link).exists(), link


@pytest.mark.skipif("UPDATE_README" not in os.environ, reason="only on demand")
def test_write_the_outputs() -> None:
    write_outputs(PAGE)
