"""`cnnc zoo`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cnnc.compiler.locate import ZOO, bundled
from cnnc.compiler.ops.base import Op
from cnnc.compiler.pipeline import compile_path, compile_text

from cnnc.catalogue import KINDS, TASKS, Entry, Figures, catalogue, figures_of, in_order, index, scores
from cnnc.cli import main

from .tables import MODELS


def test_every_file_has_a_year_and_a_paper() -> None:
    found = catalogue()
    assert sorted(entry.name for entry in found) == sorted(MODELS)
    assert [entry.name for entry in found if not (1980 < entry.year < 2030 and entry.title and entry.prose)] == []


def test_numbers_are_ordered_by_size_and_folders_stand_last() -> None:
    names = ["keras/resnet50", "resnet101", "vgg_c", "resnet18", "alexnet"]
    assert sorted(names, key=in_order) == ["alexnet", "resnet18", "resnet101", "vgg_c", "keras/resnet50"]


def test_a_line_has_name_parameters_work_input_accuracy_year_task_and_paper(capsys: pytest.CaptureFixture[str]) -> None:
    """ResNet-50's weights: torchvision says 80.858 and 95.434 for the newer of two sets."""
    assert main(["zoo", "list", "resnet50", "bottlenecks", "lighting"]) == 2
    assert main(["zoo", "list", "bottlenecks", "of", "ResNet-34", "25,636,712"]) == 0
    head, line = capsys.readouterr().out.splitlines()
    assert head.split() == ["model", "parameters", "MACs", "input", "top-1", "top-5", "year", "task", "paper"]
    assert line.split()[:9] == [
        "resnet50", "25,610,152", "4.09G", "224x224x3", "80.9", "95.4", "2015", "image", "classification"
    ]  # fmt: skip
    assert line.endswith("Deep Residual Learning for Image Recognition (He, Zhang, Ren, Sun)")


def names(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    assert main(["zoo", "search", "--json", *arguments]) == 0
    return [entry["name"] for entry in json.loads(capsys.readouterr().out)]


def test_limits_keep_the_smaller_models(capsys: pytest.CaptureFixture[str]) -> None:
    """torchvision's SqueezeNets have 1,248,424 and 1,235,496 parameters, 0.82 and 0.35 billion MACs."""
    assert names(capsys, "squeezenet") == ["squeezenet1_0", "squeezenet1_1"]
    assert names(capsys, "squeezenet", "--max-params", "1_240_000") == ["squeezenet1_1"]
    assert names(capsys, "squeezenet", "--max-params", "1.235496M") == ["squeezenet1_1"]
    assert names(capsys, "squeezenet", "--max-macs", "0.5g") == ["squeezenet1_1"]


def test_an_open_size_keeps_no_limit_of_work(capsys: pytest.CaptureFixture[str]) -> None:
    """keras.applications.MobileNetV3Small is built for pictures of any size."""
    assert "keras/mobilenetv3small" in names(capsys, "MobileNetV3")
    assert "keras/mobilenetv3small" not in names(capsys, "MobileNetV3", "--max-macs", "1000T")


def test_the_order(capsys: pytest.CaptureFixture[str]) -> None:
    """DenseNet-121 and 169: 75.0 and 76.2 by keras.io, 74.4 and 75.6 by torchvision."""
    wanted = ["--max-params", "16M", "Densely"]
    best = ["keras/densenet169", "densenet169", "keras/densenet121", "densenet121"]
    assert names(capsys, *wanted, "--sort", "top1") == best
    smallest = ["densenet121", "keras/densenet121", "densenet169", "keras/densenet169"]
    assert names(capsys, *wanted, "--sort", "params") == smallest
    years = [entry["year"] for entry in told(capsys, "--sort", "year")]
    assert years == sorted(years)


def test_what_has_no_accuracy_stands_last(capsys: pytest.CaptureFixture[str]) -> None:
    found = [entry["scores"] for entry in told(capsys, "--sort", "top1")]
    assert found[0]
    assert not found[-1]
    first = [scores[0]["measured"].get("top1") for scores in found if scores and "top1" in scores[0]["measured"]]
    assert first == sorted(first, reverse=True)


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    assert main(["zoo", "--json", *arguments]) == 0
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return found


def test_a_task_selects(capsys: pytest.CaptureFixture[str]) -> None:
    assert set(names(capsys, "--task", "video")) >= {"s3d", "r3d_18", "mc3_18", "r2plus1d_18"}
    found = names(capsys, "--task", "segmentation")
    assert set(found) >= {"unet", "vnet", "fcn_resnet50", "deeplabv3_resnet50", "lraspp_mobilenet_v3_large"}
    assert "resnet50" not in found
    assert names(capsys, "--task", "detection") == ["yolov3"]


def test_a_wrong_command_line_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, message in [
        (["--max-params", "6Q"], "a number such as 5M, 1.2G or 25_000_000 is wanted, found `6Q`"),
        (["--task", "cooking"], "the zoo has no task `cooking`: there are classification, segmentation"),
        (["--sort", "size"], "invalid choice: 'size'"),
        (["vgg", "--max-params", "1k"], "nothing in the zoo has `vgg` and at most 1k parameters"),
    ]:
        assert main(["zoo", *arguments]) == 2
        assert message in capsys.readouterr().err


def test_the_index_is_what_the_compiler_finds() -> None:
    """`python -m cnnc.zoo.index` makes it anew; a file it does not know is compiled, which takes its time."""
    made = index()
    assert set(made) == set(MODELS)
    assert [entry.name for entry in catalogue() if made[entry.name]["digest"] != entry.digest] == []


@pytest.mark.parametrize("name", MODELS)
def test_a_model_is_what_the_list_tells(name: str) -> None:
    """The figures are the compiler's; where no task is told, one picture comes in and shares of classes come out."""
    checked = compile_path(f"zoo:{name}").checked
    assert Figures(**index()[name]["figures"]) == figures_of(checked)
    if "Task:" not in bundled(name).read_text(encoding="utf-8"):
        assert [node.facts.output.rank for node in checked.inputs] == [2]
        assert {output.port.shape.rank for output in checked.outputs} == {0}
        assert all(ends_in_shares(output.port.node.op) for output in checked.outputs)


def ends_in_shares(op: Op) -> bool:
    """Softmax, the sigmoid of two classes, or the distances of the first LeNet-5."""
    act = getattr(getattr(op, "act", None), "word", "")
    return op.word in ("softmax", "sigmoid", "rbf") or act in ("softmax", "sigmoid")


def test_a_changed_file_is_compiled(tmp_path: Path) -> None:
    text = bundled("lenet5").read_text(encoding="utf-8")
    path = tmp_path / "lenet5.cnn"
    path.write_text(text, encoding="utf-8")
    assert Entry("lenet5", path).figures.total_params == 61_706
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cnnc.catalogue.index", lambda: {"lenet5": {"digest": "another", "figures": {}}})
        assert Entry("lenet5", path).figures.total_params == 61_706


def test_the_list_compiles_nothing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("cnnc.catalogue.computed", pytest.fail)
    assert main(["zoo"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(MODELS) + 1


@pytest.mark.proof
def test_accuracies_are_those_of_torchvisions_weights() -> None:
    """Held against the weights themselves; none is loaded."""
    from .make_accuracy import keras_scores, torchvision_scores, written

    assert (ZOO / "accuracy.json").read_text(encoding="utf-8") == written({**torchvision_scores(), **keras_scores()})
    assert set(scores()) <= set(MODELS)


def test_every_model_tells_its_task() -> None:
    """Nothing said means pictures to classes; the words are from two lists, `video` and the like in front."""
    for entry in catalogue():
        *kind, task = entry.task.split()
        assert task in TASKS, entry.name
        assert len(kind) < 2, entry.name
        assert set(kind) <= set(KINDS), entry.name


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["zoo", "--json", "lenet5", "distances"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["task"], found["scores"]) == ("image classification", [])
    assert (found["year"], found["total_params"], found["trainable_params"]) == (1998, 60_840, 60_000)
    assert found["inputs"] == [[None, 32, 32, 1]]
    assert found["outputs"] == [[None, 10]]


def test_show_prints_the_file_below_its_figures(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["zoo", "show", "zoo:lenet5"]) == 0
    text = capsys.readouterr().out
    assert text.startswith(
        "# LeNet5: 32x32x1 -> 10, image classification\n# 61,706 parameters, 61,706 of them trained\n# 416,520 multiply"
    )
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
