"""The report: its figures against published ones, its page against the browser's rules."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest
from cnnc.compiler.backends.report import Report
from cnnc.compiler.backends.report.data import report_csv, report_json
from cnnc.compiler.backends.report.maps import maps_table
from cnnc.compiler.backends.report.measure import walk
from cnnc.compiler.backends.report.memory import training, values
from cnnc.compiler.backends.report.page import report_page
from cnnc.compiler.backends.report.text import bar, report_text
from cnnc.compiler.figures import memory, percent, short
from cnnc.compiler.graph import Checked
from cnnc.compiler.pipeline import compile_text
from cnnc.compiler.shape import Shape

from cnnc.cli import main
from tests.graphs import Builder, Stub

SCRIPT = Path(__file__).parents[1] / "compiler/backends/report/page.js"

RESNET18 = '''
"""Deep Residual Learning (He et al., 2015), with the names of torchvision."""

defaults:
    conv bias=false

model ResNet18(classes=1000):
    input 224x224x3
    conv 64, 7x7, stride=2, pad=3 as conv1 -> batchnorm as bn1 -> relu
    maxpool 3x3, stride=2, pad=1
    for stage, width in enumerate([64, 128, 256, 512]):
        for i in range(2):
            basic width, stride=2 if stage > 0 and i == 0 else 1 as "layer{stage + 1}.{i}"
    global_avgpool
    dense classes as fc

block basic(width, stride=1):
    residual:
        conv width, 3x3, stride=stride, pad=1 as conv1 -> batchnorm as bn1 -> relu
        conv width, 3x3, pad=1 as conv2 -> batchnorm as bn2
        shortcut as downsample:
            if stride != 1 or input.channels != width:
                conv width, 1x1, stride=stride as "0" -> batchnorm as "1"
    relu
'''


@pytest.fixture(scope="module")
def resnet18() -> Report:
    return Report(compile_text(RESNET18).checked, 32)


def parts(report: Report) -> dict[str, dict[str, object]]:
    return {part["name"]: part for part in json.loads(report_json(report))["parts"]}


def test_totals_are_those_of_torchvision(resnet18: Report) -> None:
    """11,689,512 parameters and 1.814 GMACs are published; 9,600 statistics come on top as Keras counts."""
    told = json.loads(report_json(resnet18))
    assert (told["trainable_params"], told["params"]) == (11_689_512, 11_689_512 + 9_600)
    assert told["macs"] == 1_814_073_344
    assert told["flops"] == 2 * 1_814_073_344
    assert told["receptive_field"] == {"size": [435, 435], "jump": [32.0, 32.0], "whole_input": False}


def test_stages_and_blocks_are_summed_up(resnet18: Report) -> None:
    """Parameters of layer1 to layer4 in torchvision: sum(p.numel() for p in model.layer1.parameters()), and so on."""
    found = parts(resnet18)
    trained = {name: found[name]["trainable_params"] for name in ("layer1", "layer2", "layer3", "layer4")}
    assert trained == {"layer1": 147_968, "layer2": 525_568, "layer3": 2_099_712, "layer4": 8_393_728}
    assert found["layer2.0"]["type"] == "basic"
    assert found["layer2"]["type"] == ""
    assert found["layer2.0.downsample"]["params"] == 64 * 128 + 4 * 128
    assert found["layer2.0"]["output"] == "28x28x128"


def test_no_layer_is_counted_twice(resnet18: Report) -> None:
    layers = [line for _, line in walk(resnet18.root) if line.layer]
    assert len(layers) == len(resnet18.checked.layers) == resnet18.figures.layers
    assert sum(line.figures.params for line in layers) == resnet18.figures.params
    assert sum(line.figures.values or 0 for line in layers) == resnet18.figures.values


def chain(*sizes: int) -> Builder:
    net = Builder()
    flow = net.input(sizes[0])
    for i, size in enumerate(sizes[1:]):
        flow = net.add(Stub("Dense", (Shape((size,)),)), flow, path=f"d{i}")
    return net


def test_peak_of_a_chain_is_its_largest_pair_of_neighbours() -> None:
    net = chain(10, 50, 30, 60, 5)
    found = values(net.checked(net.nodes[-1]))
    assert (found.kept, found.peak, found.peak_at) == (155, 90, "d2")


def test_a_skip_stays_alive_until_it_is_read() -> None:
    net = chain(10, 40, 20, 40)
    net.add(Stub("Add", (Shape((40,)),)), net.nodes[1], net.nodes[3], path="add")
    found = values(net.checked(net.nodes[-1]))
    assert (found.peak, found.peak_at) == (120, "add")


def test_outputs_stay_alive_to_the_end() -> None:
    net = chain(10, 100, 2, 3)
    found = values(net.checked(net.nodes[-1], net.nodes[1]))
    assert found.peak == 110
    wide = chain(10, 100, 2, 50)
    assert values(wide.checked(wide.nodes[-1], wide.nodes[1])).peak == 152


def test_views_take_no_memory() -> None:
    checked = compile_text("model M:\n    input 4x4x8\n    relu\n    flatten\n    dropout 0.5\n    dense 10\n").checked
    found = values(checked)
    assert (found.kept, found.peak) == (128 + 128 + 128 + 10, 256)


def test_memory_of_training() -> None:
    """A weight takes 4 bytes, its gradient 4, Adam 8; values 2 bytes each in bfloat16."""
    checked = compile_text("model M:\n    input 100\n    dense 10\n").checked
    taken = training(checked, checked.trainable, values(checked), 16, 2)
    assert taken == (1010 * 4, 1010 * 4, 1010 * 8, 110 * 16 * 2)
    assert taken.total == 1010 * 16 + 3520


def test_open_sizes_give_question_marks_not_errors() -> None:
    report = Report(
        compile_text("model M:\n    input ?x?x3\n    conv 8, 3x3, pad=same\n    global_avgpool\n").checked, 1
    )
    told = json.loads(report_json(report))
    assert (told["macs"], told["peak_values"]) == (None, None)
    assert re.search(r"MACs +\?", report_text(report))
    assert "?" in report_page(report)


def test_text_folds(resnet18: Report) -> None:
    text = report_text(resnet18, depth=1)
    assert re.search(r"^layer1 .* 148,480 ", text, re.MULTILINE)
    assert "layer1.0" not in text
    assert not re.search(r"^  0 basic", text, re.MULTILINE)
    assert re.search(r"^  0 basic", report_text(resnet18, depth=2), re.MULTILINE)


def test_csv_has_one_row_for_each_layer(resnet18: Report) -> None:
    rows = list(csv.DictReader(io.StringIO(report_csv(resnet18))))
    assert len(rows) == len(resnet18.checked.layers)
    conv1 = next(row for row in rows if row["name"] == "conv1")
    assert (conv1["params"], conv1["macs"], conv1["field"]) == ("9408", "118013952", "7x7")


def test_csv_holds_no_formulas() -> None:
    net = Builder()
    net.add(Stub("=cmd|x", (Shape((1,)),)), net.input(1), path="=1+1")
    rows = list(csv.reader(io.StringIO(report_csv(Report(net.checked(net.nodes[-1]), 1)))))
    assert rows[2][:2] == ["'=1+1", "'=cmd|x"]


def test_the_script_is_javascript() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node here")
    subprocess.run([node, "--check", str(SCRIPT)], check=True, timeout=20)


@pytest.mark.parametrize("name", ["r.html", "r.json", "r.csv", "r.txt"])
def test_the_command_writes_every_form(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "net.cnn").write_text(RESNET18)
    assert main(["report", str(tmp_path / "net.cnn"), "-o", str(tmp_path / name)]) == 0
    assert capsys.readouterr().out == f"wrote {tmp_path / name}\n"
    assert "layer2.0.conv1" in (tmp_path / name).read_text() or name == "r.txt"


def test_the_command_refuses_what_it_cannot_write(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "net.cnn").write_text(RESNET18)
    assert main(["report", str(tmp_path / "net.cnn"), "-o", "r.pdf"]) == 2
    assert main(["report", str(tmp_path / "net.cnn"), "--batch", "0"]) == 2
    assert main(["report", str(tmp_path / "net.cnn"), "-o", str(tmp_path / "no" / "r.html")]) == 1
    assert "Traceback" not in capsys.readouterr().err


class Page(HTMLParser):
    """The tags of a page, checked to close in order."""

    VOID = frozenset({"meta", "input", "br"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_and_needs_nothing_else(resnet18: Report) -> None:
    text = report_page(resnet18)
    page = Page(text)
    assert page.open == []
    assert sum(tag == "tr" for tag, _ in page.tags) >= len(resnet18.checked.layers)
    loading = [attrs for tag, attrs in page.tags if "src" in attrs or tag in ("link", "iframe", "img")]
    assert loading == []
    assert [attrs["href"] for tag, attrs in page.tags if tag == "a" and not (attrs["href"] or "").startswith("#")] == []
    assert "http" not in re.sub(r'http-equiv="[^"]*"', "", text)
    ids = {attrs.get("id") for _, attrs in page.tags}
    assert all((attrs["href"] or "")[1:] in ids for tag, attrs in page.tags if tag == "a")


def hostile() -> Checked:
    evil = "</script><script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
    net = Builder(evil)
    frame = net.block(evil, evil)
    net.add(Stub(evil, (Shape((9,)),), 7), net.input(9), path=f"{evil}.{evil}", frame=frame)
    checked = net.checked(net.nodes[-1])
    checked.doc = checked.file = evil
    return checked


def test_hostile_names_stay_text() -> None:
    text = report_page(Report(hostile(), 1))
    page = Page(text)
    assert page.open == []
    assert sum(tag == "script" for tag, _ in page.tags) == 1
    assert not any(tag == "img" or any(name.startswith("on") for name in attrs) for tag, attrs in page.tags)


def test_a_labelled_merge_and_what_it_merges_share_a_part() -> None:
    net = Builder()
    x = net.input(8, 8, 3)
    one = net.add(Stub("Conv2D", (Shape((8, 8, 4)),), 5), x, path="mixed.conv1")
    two = net.add(Stub("Conv2D", (Shape((8, 8, 4)),), 6), x, path="mixed.conv2")
    net.add(Stub("Concatenate", (Shape((8, 8, 8)),)), one, two, path="mixed")
    report = Report(net.checked(net.nodes[-1]), 1)
    assert [(level, line.path, line.figures.params) for level, line in walk(report.root)] == [
        (0, "input", 0),
        (0, "mixed", 11),
        (1, "mixed.conv1", 5),
        (1, "mixed.conv2", 6),
        (1, "mixed", 0),
    ]
    assert next(iter(parts(report).values()))["output"] == "8x8x8"


def test_figures_are_written_as_people_write_them() -> None:
    assert [short(n) for n in (0, 7, 999, 1000, 12_345, 999_600, 25_636_712, 3_857_973_248, None)] == [
        *("0", "7", "999", "1k", "12.3k", "1M", "25.6M", "3.86G", "?")
    ]
    assert [memory(n) for n in (0, 1023, 1024, 102_546_848)] == ["0.00 B", "1023.00 B", "1.00 KB", "97.80 MB"]
    assert [percent(*pair) for pair in ((1, 3), (1, 10_000), (0, 5), (5, None))] == ["33.3 %", "<0.1 %", "", ""]
    assert bar(1, 2) == "████      50.0 %"


def test_depth_counts_the_deepest_branch_only() -> None:
    text = "model Net:\n    input 8x8x2\n    conv 2, 3x3, pad=1\n    residual:\n"
    text += "        conv 2, 1x1\n        conv 2, 1x1, bias=false\n        shortcut: conv 2, 1x1\n"
    text += "    side = input -> conv 1, 1x1 -> relu\n    concat side\n"
    told = json.loads(report_json(Report(compile_text(text).checked, 1)))
    assert (told["depth"], told["weighted_layers"]) == (3, 5)
    assert told["units"] == 4 * 8 * 8 * 2 + 8 * 8
    assert told["trained_weights"] == 2 + 2 + 1 + 2 + 2


def test_what_a_recipe_freezes_is_not_trained() -> None:
    checked = compile_text("model Net:\n    input 4\n    dense 3 as a\n    dense 2 as b\n").checked
    report = Report(checked, 1, frozenset({"a.weight", "a.bias"}))
    told = json.loads(report_json(report))
    assert (told["trainable_params"], told["params"], told["trained_weights"]) == (8, 23, 2)
    assert report.training(4).gradients == 8 * 4


def test_the_table_of_feature_maps() -> None:
    text = "model Net:\n    input 9x9x2\n    conv 4, 3x3 as a -> leaky_relu 0.1 as b\n    maxpool 3x2, stride=2 as c\n"
    text += "    conv 6, 3x1, pad=same as d -> relu\n    flatten\n    dense 3 as e -> softmax\n"
    lines = [line.split() for line in maps_table(compile_text(text).checked).splitlines()]
    assert lines[0] == ["Layer", "Type", "Maps", "Size", "Kernel", "Stride", "Activation"]
    assert lines[2:] == [
        ["input", "InputLayer", "2", "9x9", "-", "-", "-"],
        ["a", "Conv2D", "4", "7x7", "3x3", "1", "leaky_relu(0.1)"],
        ["c", "MaxPooling2D", "4", "3x3", "3x2", "2", "-"],
        ["d", "Conv2D", "6", "3x3", "3x1", "1", "relu"],
        ["e", "Dense", "3", "-", "-", "-", "softmax"],
    ]


def test_an_activation_that_is_not_the_only_reader_has_a_row_of_its_own() -> None:
    text = "model Net:\n    input 8\n    dense 3 as a -> relu as b\n    concat a\n"
    text += "    dense 2 as c -> tanh as d\n    output c, d\n"
    names = [line.split()[0] for line in maps_table(compile_text(text).checked).splitlines()[2:]]
    assert names == ["input", "a", "b", "concat1", "c", "d"]


def test_the_table_of_feature_maps_goes_with_no_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "--maps", "--json", "zoo:lenet5"]) == 2
    assert "--maps prints a table, it does not go with --json" in capsys.readouterr().err
