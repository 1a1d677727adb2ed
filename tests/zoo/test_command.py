"""`cnnc zoo`."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from cnnc.compiler.locate import bundled
from cnnc.compiler.pipeline import compile_text

from cnnc.cli import main
from cnnc.commands.zoo import catalogue, in_order

from .tables import MODELS


def test_every_file_has_a_year_and_a_paper() -> None:
    found = catalogue()
    assert sorted(entry.name for entry in found) == sorted(MODELS)
    assert [entry.name for entry in found if not (1980 < entry.year < 2030 and entry.title and entry.prose)] == []


def test_numbers_are_ordered_by_size_and_folders_stand_last() -> None:
    names = ["keras/resnet50", "resnet101", "vgg_c", "resnet18", "alexnet"]
    assert sorted(names, key=in_order) == ["alexnet", "resnet18", "resnet101", "vgg_c", "keras/resnet50"]


def test_a_line_has_name_parameters_work_input_year_and_paper(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["zoo", "list", "alexnet", "Two", "227x227"]) == 0
    head, line = capsys.readouterr().out.splitlines()
    assert head.split() == ["model", "parameters", "MACs", "input", "year", "paper"]
    assert line.split("  ")[0] == "alexnet_two_gpus"
    assert line.split()[1:5] == ["60,965,224", "724M", "227x227x3", "2012"]
    assert line.endswith("Convolutional Neural Networks (Krizhevsky, Sutskever, Hinton)")


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["zoo", "--json", "lenet5", "distances"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["year"], found["total_params"], found["trainable_params"]) == (1998, 60_840, 60_000)
    assert found["inputs"] == [[None, 32, 32, 1]]
    assert found["outputs"] == [[None, 10]]


def test_show_prints_the_file_below_its_figures(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["zoo", "show", "zoo:lenet5"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("# LeNet5: 32x32x1 -> 10\n# 61,706 parameters, 61,706 of them trained\n# 416,520 multiply")
    assert text.endswith(bundled("lenet5").read_text())
    assert compile_text(text).checked.params == 61_706


def test_what_is_not_there_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["zoo", "show", "resnet35"]) == 1
    assert "the zoo has no `resnet35`: did you mean `resnet" in capsys.readouterr().err
    assert main(["zoo", "show"]) == 2
    assert main(["zoo", "nonsense"]) == 2
    assert "nothing in the zoo has `nonsense`" in capsys.readouterr().err


def test_no_framework_is_loaded() -> None:
    program = (
        "import sys; from cnnc.cli import main; main(['zoo', 'lenet5']);"
        "sys.exit(bool({'torch', 'numpy', 'onnx', 'networkx', 'rich', 'keras'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", program], stdout=subprocess.DEVNULL, timeout=60).returncode == 0


def test_every_command_tells_what_the_zoo_lacks(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["summary", "zoo:vgg_b"]) == 1
    assert capsys.readouterr().err == "cnnc: the zoo has no `vgg_b`: did you mean `vgg_c`?\n"
    assert main(["check", "zoo:../compiler/nothing"]) == 1
    assert capsys.readouterr().err == "cnnc: the zoo has no `../compiler/nothing`: `cnnc zoo` lists all\n"


def test_what_a_bundled_file_imports_is_shown_as_bundled(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["summary", "zoo:resnet18", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {layer["file"] for layer in found["layers"]} == {"zoo:blocks/resnet.cnn"}
