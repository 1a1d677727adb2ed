"""What `cnnc diff` says of two networks. The figures are those of the papers, or counted by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cnnc.compiler.backends.diff import Comparison, compare, comparison_dict, comparison_text
from cnnc.compiler.pipeline import compile_path, compile_text

from cnnc.cli import main

BASE = """
block unit(width):
    conv width, 3x3, pad=1 -> batchnorm -> relu

model Net:
    input 32x32x3
    unit 8
    unit 8
    unit 8
    global_avgpool
    dense 10
"""


def between(before: str, after: str) -> Comparison:
    return compare(compile_text(before).checked, compile_text(after).checked)


def kinds(found: Comparison) -> list[tuple[str, str]]:
    return [(single.kind, single.node.path) for single in found.singles]


def test_a_network_does_not_differ_from_itself() -> None:
    found = between(BASE, BASE)
    assert found.same
    assert "no layer differs" in comparison_text(found)


def test_names_and_the_way_of_writing_make_no_difference() -> None:
    """The same layers with the same arguments, written without the block."""
    plain = BASE.replace("    unit 8\n", "    conv 8, (3, 3), pad=(1, 1), stride=1 -> batchnorm -> relu\n").replace(
        "(3, 3)", "3"
    )
    assert between(BASE, plain).same


def test_a_layer_put_in_makes_no_other_one_new() -> None:
    found = between(BASE, BASE.replace("    global_avgpool\n", "    dropout 0.5 -> global_avgpool\n"))
    assert kinds(found) == [("added", "dropout1")]
    assert not found.resized


def test_a_layer_taken_out() -> None:
    found = between(BASE.replace("    global_avgpool\n", "    maxpool 2 -> global_avgpool\n"), BASE)
    assert kinds(found) == [("removed", "maxpool1")]


def test_arguments_before_and_after() -> None:
    found = between(BASE, BASE.replace("dense 10", "dense 12, bias=false"))
    (single,) = found.singles
    assert single.kind == "changed"
    assert single.arguments == (("out", "10", "12"), ("bias", "true", "false"))
    assert found.changes[0].params == 8 * 12 - (8 * 10 + 10)


def test_what_happened_in_every_instance_of_a_block_is_told_once() -> None:
    found = between(BASE, BASE.replace("-> relu", "-> swish -> dropout 0.1"))
    text = comparison_text(found)
    assert "~ unit.swish1: layer relu -> swish, 3 times" in text
    assert "+ in unit: dropout 0.1, 3 times" in text
    assert len(found.changes) == 2


def test_layers_with_other_names_are_counted() -> None:
    """They compute alike, but weights that are found by name do not fit."""
    text = "model Net:\n    input 8\n    dense 4 as {}\n    relu\n"
    found = between(text.format("first"), text.format("head"))
    assert found.same
    assert found.renamed == (("first", "head"),)
    assert "1 layer with weights has another name: first -> head" in comparison_text(found)
    assert not between(text.format("first"), text.format("first")).renamed


def test_numbers_that_grow_from_stage_to_stage_are_one_change() -> None:
    """Wide ResNet-50-2 (Zagoruyko and Komodakis, 2016): the inner convolutions are twice as wide, in 16 blocks."""
    found = compare(compile_path("zoo:resnet50").checked, compile_path("zoo:wide_resnet50_2").checked)
    lines = comparison_text(found).splitlines()
    assert any(
        "bottleneck.conv2: out 64 -> 128, 128 -> 256, 256 -> 512, 512 -> 1024, 16 times" in line for line in lines
    )
    assert {single.kind for single in found.singles} == {"changed"}
    assert found.after.params - found.before.params == 68_951_464 - 25_610_152


def test_squeeze_and_excitation_is_what_se_resnet_adds() -> None:
    """Hu et al. (2017), section 4: 2 / 16 * N * C^2 weights more in every stage, 2.5 million in ResNet-50."""
    found = compare(compile_path("zoo:resnet50").checked, compile_path("zoo:se_resnet50").checked)
    assert {single.kind for single in found.singles} == {"added"}
    (change,) = found.changes
    assert len(change.runs) == 16
    stages = ((3, 256), (4, 512), (6, 1024), (3, 2048))
    weights = sum(n * 2 * c * c // 16 for n, c in stages)
    biases = sum(n * (c + c // 16) for n, c in stages)
    assert change.params == weights + biases


def test_layers_that_only_follow_are_counted_and_not_listed() -> None:
    found = between(BASE, BASE.replace("input 32x32x3", "input 64x64x3"))
    assert kinds(found) == [("changed", "input")]
    assert len(found.resized) == 9
    assert "9 layers with other shapes only" in comparison_text(found)


def test_another_wiring_of_the_same_layers() -> None:
    before = "model Net:\n    input 8x8x4\n    conv 4, 1x1 as a\n    conv 4, 1x1 as b\n    add a\n"
    found = between(before, before.replace("add a", "add input"))
    assert kinds(found) == [("moved", "add1")]


def test_the_order_of_operands_counts_where_it_means_something() -> None:
    text = (
        "model Net:\n    input 8x8x4\n    conv 4, 1x1 as a\n    input -> conv 4, 3x3, pad=1 as b\n    (a, b) -> add\n"
    )
    turned = text.replace("(a, b)", "(b, a)")
    assert not kinds(between(text, turned))
    assert kinds(between(text.replace("add", "subtract"), turned.replace("add", "subtract"))) == [
        ("moved", "subtract1")
    ]


def test_multiply_accumulates_of_both() -> None:
    found = between(BASE, BASE.replace("    unit 8\n    unit 8\n", "    unit 8\n", 1))
    assert found.before.macs == 32 * 32 * 9 * 8 * (3 + 8 + 8) + 80
    assert found.after.macs == 32 * 32 * 9 * 8 * (3 + 8) + 80


def test_large_networks_are_aligned_too() -> None:
    """DenseNet-201 has 16 dense layers of 7 rows more in its third block, and so a wider transition behind it."""
    found = compare(compile_path("zoo:densenet169").checked, compile_path("zoo:densenet201").checked)
    by_kind = {kind: [s for s in found.singles if s.kind == kind] for kind in ("added", "changed")}
    assert len(found.singles) == sum(map(len, by_kind.values()))
    assert len(by_kind["added"]) == 16 * 7
    assert [s.arguments for s in by_kind["changed"]] == [(("out", "640", "896"),)]


# --- the command ------------------------------------------------------------------------------------------------------


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    one, other = tmp_path / "one.cnn", tmp_path / "other.cnn"
    one.write_text(BASE, "utf-8")
    other.write_text(BASE.replace("dense 10", "dense 11"), "utf-8")
    return str(one), str(other)


def test_the_exit_status_is_git_s(files: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    one, other = files
    assert main(["diff", one, other]) == 0
    assert main(["diff", one, other, "--exit-code"]) == 1
    assert main(["diff", one, one, "--exit-code"]) == 0
    assert "~ dense: out 10 -> 11" in capsys.readouterr().out


def test_json_for_other_programs(files: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", *files, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["same"] is False
    assert found["after"]["params"] - found["before"]["params"] == 9
    (change,) = found["changes"]
    assert change["arguments"] == [{"argument": "out", "before": "10", "after": "11"}]
    assert change["after"]["output_shape"] == [None, 11]


def test_parameters_of_one_side(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "net.cnn"
    path.write_text("model Net(width=4):\n    input 8x8x3\n    conv width, 3x3\n", "utf-8")
    assert main(["diff", str(path), str(path), "--after-param", "width=6"]) == 0
    assert "out 4 -> 6" in capsys.readouterr().out


def test_what_is_wrong_with_a_side_is_told(files: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", files[0], "nowhere.cnn"]) == 1
    assert main(["diff", files[0]]) == 2
    assert "AFTER" in capsys.readouterr().err


def test_nothing_is_lost_in_json() -> None:
    found = between(BASE, BASE.replace("pad=1", "pad=2"))
    listed = comparison_dict(found)["changes"]
    assert len(listed) == len(found.singles) + len(found.resized)
