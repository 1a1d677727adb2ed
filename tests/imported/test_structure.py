"""A network taken apart to its layers is written again as a person would write it.

The texts are written by hand, in the one layout; each is compiled, stripped of all its structure, and must come back.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from cnnc.compiler.decompile import Builder, Decompiled, Network, Ref, canonical, decompile, make
from cnnc.compiler.decompile import match as matching
from cnnc.compiler.graph import Checked
from cnnc.compiler.ops.structure import Input
from cnnc.compiler.pipeline import compile_path, compile_text

TEXTS = {
    "a chain": """
model Net:
    input 32x32x3
    conv 16, 3x3, pad=1 -> batchnorm -> relu
    maxpool 2x2
    conv 32, 3x3, stride=2, pad=(1, 2) -> relu
    global_avgpool -> dropout 0.5
    dense 10 -> softmax
""",
    "residual blocks in two stages": """
block residual_block(width, stride=1):
    residual:
        conv width, 3x3, stride=stride, pad=1 -> batchnorm -> relu
        conv width, 3x3, pad=1 -> batchnorm
        shortcut:
            if input.channels != width: conv width, 1x1, stride=2 -> batchnorm
    relu

model Net:
    input 32x32x3
    conv 16, 3x3, pad=1 -> batchnorm -> relu
    repeat 3:
        residual_block 16
    for width in [32, 64]:
        residual_block width, stride=2
        repeat 2:
            residual_block width
    global_avgpool
    dense 10
""",
    "a shortcut that the stride tells": """
block residual_block(stride=1):
    residual:
        batchnorm -> relu
        conv 16, 3x3, stride=stride, pad=1 -> batchnorm
        shortcut:
            if stride != 1: maxpool 1x1, stride=2

model Net:
    input 32x32x3
    conv 16, 3x3, pad=1
    repeat 2:
        repeat 3:
            residual_block
        residual_block stride=2
    global_avgpool
    dense 10
""",
    "branches": """
block inception(width, width2, width3):
    concat:
        branch: conv width, 1x1, act=relu
        branch: conv width2, 1x1, act=relu -> conv width3, 3x3, pad=1, act=relu
        branch: maxpool 3x3, stride=1, pad=1 -> conv width, 1x1, act=relu

model Net:
    input 32x32x3
    inception 16, 8, 24
    inception 32, 12, 48
    maxpool 2x2
    inception 64, 24, 96
    global_avgpool
    dense 10
""",
    "ways that part once more": """
block inception:
    conv 8, 1x1 -> relu as skip
    input -> conv 4, 1x1 -> relu as skip2
    conv 4, 1x3, pad=(0, 1) -> relu as skip3
    skip2 -> conv 4, 3x1, pad=(1, 0) -> relu as skip4
    (skip, skip3, skip4) -> concat

model Net:
    input 32x32x3
    conv 16, 3x3, pad=1 -> tanh
    inception
    maxpool 2x2
    inception
    avgpool 2x2
    inception
    global_avgpool
    dense 10
""",
    "defaults": """
defaults:
    conv bias=false

model Net:
    input 32x32x3
    conv 8, 3x3 -> relu
    conv 8, 5x5 -> tanh
    conv 12, 7x7 -> elu
    conv 4, 1x1, bias=true
""",
    "a long connection has a name": """
model Net:
    input 32x32x3
    conv 8, 3x3, pad=1 -> relu as skip
    maxpool 2x2
    conv 16, 3x3, pad=1 -> relu as skip2
    maxpool 2x2
    conv 32, 3x3, pad=1 -> relu
    upsample 2
    concat skip2
    conv 16, 3x3, pad=1 -> relu
    upsample 2
    concat skip
    conv 4, 1x1
""",
    "several inputs and outputs": """
model Net:
    left = input 8x8x3
    right = input 8x8x3
    (left, right) -> concat
    conv 8, 3x3 -> relu as skip
    global_avgpool
    dense 10 as out
    skip -> conv 2, 1x1 as out2
    output out, out2
""",
    "shared weights": """
model Net:
    share shared = conv 8, 3x3 -> relu -> global_avgpool
    left = input 8x8x3
    left -> shared as skip
    right = input 8x8x3
    right -> shared as skip2
    (skip, skip2) -> subtract -> abs
    dense 1
""",
    "shared weights of several outputs": """
model Net:
    share shared = conv 4, 1x1 -> relu -> conv 2, 1x1
    share shared2 = conv 8, 1x1
    input 8x8x3
    conv 8, 3x3 -> relu as skip
    shared as out
    skip -> shared2 -> relu as skip2
    shared as out2
    skip2 -> shared2 -> tanh
    shared as out3
    output out, out2, out3
""",
    "shared weights in branches": """
model Net:
    share shared = conv 3, 3x3, pad=1
    input 8x8x3
    repeat 2:
        residual: shared -> relu -> shared
    concat:
        branch: shared -> relu
        branch: shared -> conv 2, 1x1
""",
    "parts of the channels": """
model Net:
    input 8x8x4
    part1, part2 = input -> split 2
    part2 -> conv 2, 1x1 as skip
    (part1, skip) -> concat -> channel_shuffle 2
""",
}


def taken_apart(checked: Checked, *, keep: bool = False) -> Network:
    """The layers of a compiled model, without anything that says how it was written."""
    build = Builder()
    at: dict[int, int] = {}
    owners: dict[str, int] = {}
    for node in checked.nodes:
        inputs = [Ref(at[port.node.serial], port.index) for port in node.inputs]
        if isinstance(node.op, Input):
            ref = build.input(node.facts.output, node.path)
        else:
            shares = owners.get(node.path) if node.shared else None
            ref = build.add(node.op, inputs, node.path, shares=shares)
            if node.facts.weights:
                owners.setdefault(node.path, ref.layer)
        at[node.serial] = ref.layer
    outputs = [Ref(at[output.port.node.serial], output.port.index) for output in checked.outputs]
    return build.network(checked.name, outputs, keeps_paths=keep)


def again(name: str, *, keep: bool = False) -> tuple[Checked, Decompiled]:
    checked = compile_path(name).checked
    return checked, decompile(taken_apart(checked, keep=keep))


@pytest.mark.parametrize("name", TEXTS)
def test_what_was_written_by_hand_comes_back(name: str) -> None:
    text = TEXTS[name].lstrip("\n")
    assert decompile(taken_apart(compile_text(text).checked)).text == text


ZOO = Path(__file__).parents[2] / "zoo"
MODELS = sorted(
    str(p.relative_to(ZOO).with_suffix("")) for folder in (ZOO, ZOO / "keras") for p in folder.glob("*.cnn")
)
SMALL = ["zoo:resnet18", "zoo:googlenet", "zoo:mobilenet_v3_small", "zoo:shufflenet_v2_x0_5", "zoo:unet", "zoo:tcn"]


@pytest.mark.parametrize("name", SMALL)
def test_paths_of_modules_stay(name: str) -> None:
    """With their paths kept, all weights have the names they had: a `state_dict` for the one fits the other."""
    checked, found = again(name, keep=True)
    assert found.level == "loops"
    assert found.checked.weights.keys() == checked.weights.keys()
    assert found.checked.params == checked.params


def test_paths_of_shared_layers_stay() -> None:
    text = """
model Net:
    share head = conv 4, 1x1 as conv1 -> relu -> conv 2, 1x1 as conv2
    share one = conv 8, 1x1 as "side.one"
    share stem = conv 8, 1x1
    input 8x8x3
    stem as a
    one as b
    a -> head as out
    b -> head -> conv 8, 1x1 -> one as out2
    a -> conv 3, 1x1 -> stem as out3
    output out, out2, out3
"""
    checked = compile_text(text).checked
    assert decompile(taken_apart(checked, keep=True)).checked.weights.keys() == checked.weights.keys()


@pytest.mark.parametrize(("name", "lines"), [("zoo:resnet50", 30), ("zoo:densenet121", 40), ("zoo:mobilenet_v2", 40),
                                             ("zoo:googlenet", 60)])  # fmt: skip
def test_repeated_structure_is_found(name: str, lines: int) -> None:
    checked, found = again(name)
    assert len(found.text.splitlines()) <= lines
    assert [n.op.word for n in found.checked.nodes].count("conv") == [n.op.word for n in checked.nodes].count("conv")


def test_a_file_that_is_another_network_is_noticed() -> None:
    """The last guard: what is written is compiled and held against the source."""
    checked = compile_text(TEXTS["a chain"]).checked
    other = compile_text(TEXTS["a chain"].replace("conv 32", "conv 33")).checked
    network = taken_apart(checked)
    assert len(matching.paths(network, checked)) == len(network.layers)
    with pytest.raises(matching.Mismatch):
        matching.paths(network, other)


def test_weights_that_are_shared_must_be_so_in_the_file() -> None:
    text = TEXTS["shared weights"]
    network = taken_apart(compile_text(text).checked)
    apart = text.replace("    share shared = conv 8, 3x3 -> relu -> global_avgpool\n", "").replace(
        "-> shared", "-> conv 8, 3x3 -> relu -> global_avgpool"
    )
    with pytest.raises(matching.Mismatch, match="weights of its own"):
        matching.paths(network, compile_text(apart).checked)


def test_operands_of_a_sum_may_change_places_and_others_not() -> None:
    def text(a: str, b: str, word: str) -> str:
        return (
            f"model Net:\n    input 8x8x4\n    conv 4, 1x1 as a\n    tanh as b\n    ({a}, {b}) -> {word}\n    relu\n"
            f'    allow "broadcast"\n'
        )

    for word, same in (("add", True), ("subtract", False)):
        network = taken_apart(compile_text(text("a", "b", word)).checked)
        turned = compile_text(text("b", "a", word)).checked
        if same:
            matching.paths(network, turned)
        else:
            with pytest.raises(matching.Mismatch):
                matching.paths(network, turned)


def test_one_spelling_of_arguments_that_mean_the_same() -> None:
    one, other = make("conv", out=4, size=(3, 3), stride=(2, 2)), make("conv", out=4, size=(3,), stride=(2,))
    assert one != other
    assert canonical(one) == canonical(other)
    assert canonical(make("maxpool", size=(2, 2), stride=(2, 2))) == canonical(make("maxpool", size=(2,)))


@pytest.mark.proof
@pytest.mark.parametrize("keep", [False, True])
def test_the_whole_zoo_is_written_again(keep: bool) -> None:
    """Every bundled model, with all its structure and with the figures it had."""
    for name in MODELS:
        checked = compile_path(f"zoo:{name}").checked
        network = taken_apart(checked, keep=keep)
        found = decompile(network)
        assert found.level == "loops", name
        assert (found.checked.params, found.checked.macs) == (checked.params, checked.macs), name
        if keep and len({layer.path for layer in network.layers}) == len(network.layers):
            assert found.checked.weights.keys() == checked.weights.keys(), name


def test_layers_that_reach_no_output_are_left_out() -> None:
    network = taken_apart(compile_text(TEXTS["a chain"]).checked)
    shorter = replace(network, outputs=(Ref(3),))
    assert decompile(shorter).checked.nodes[-1].op.word == "relu"
