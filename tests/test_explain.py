"""Explanations: arithmetic worked out by hand, and held to what the operators themselves compute."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from cnnc.compiler.backends.explain import explain_layer, explain_word
from cnnc.compiler.backends.explain.arithmetic import sizes
from cnnc.compiler.backends.explain.layer import UnknownLayerError
from cnnc.compiler.backends.explain.words import STATEMENTS, nearest
from cnnc.compiler.codes import CODES
from cnnc.compiler.ops import INITIALIZERS, OPERATORS
from cnnc.compiler.ops.geometry import sides
from cnnc.compiler.pipeline import compile_text
from cnnc.compiler.recipes import ENTRIES, PARTS

from cnnc.cli import main


def explained(shape: str, call: str) -> str:
    """The explanation of one layer put on an input."""
    checked = compile_text(f"model M:\n    input {shape}\n    {call} as it\n").checked
    return explain_layer(checked, "it")


WORKED = {
    ("224x224x3", "conv 64, 7x7, stride=2, pad=3"): [
        "height    floor((224 + 2*3 - 7) / 2) + 1 = 112",
        "64 * 3 * 7 * 7 = 9,408   output channels x input channels x window",
        "9,408 + 64 = 9,472",
        "9,408 weights * 112 * 112 places = 118,013,952",
        "1 + (7 - 1) * 1 = 7   step 1 * 2 = 2",
        "fan in 147, fan out 3,136",
    ],
    ("224x224x3", "conv 8, 3x3, stride=2, pad=same"): [
        "height    ceil(224 / 2) = 112",
        "max((112 - 1) * 2 + 3 - 224, 0) = 1: 0 before, 1 after   the odd place comes after",
    ],
    ("32x32x16", "conv 32, 3x3, dilation=2, groups=4"): [
        "(3 - 1) * 2 + 1 = 5   3 taps, 2 apart",
        "floor((32 - 5) / 1) + 1 = 28",
        "32 * 4 * 3 * 3 = 1,152   output channels x input channels / 4 groups x window",
    ],
    ("100x8", "conv 4, 5, pad=causal"): ["length    floor((100 + 4 + 0 - 5) / 1) + 1 = 100"],
    ("10x10x4", "maxpool 3, stride=2, ceil=true"): ["height    ceil((10 - 3) / 2) + 1 = 5"],
    ("5x5x4", "maxpool 2, stride=2, pad=1, ceil=true"): [
        "height    ceil((5 + 2*1 - 2) / 2) + 1 - 1 = 3   the last window would begin behind the map and is left out"
    ],
    ("14x14x64", "conv_transpose 32, 2x2, stride=2"): [
        "height    (14 - 1) * 2 + 2 = 28",
        "64 * 32 * 2 * 2 = 8,192   input channels x output channels x window",
        "8,192 weights * 14 * 14 places of the input = 1,605,632",
    ],
    ("14x14x64", "conv_transpose 32, 3x3, stride=2, pad=same"): ["(14 - 1) * 2 + 3 - 1 = 28   `pad=same`: 14 * 2"],
    ("55x55x16", "local_conv 16, 7x7, stride=2, act=leaky_relu(0.1), bias_init=constant(0.5)"): [
        "act=leaky_relu(slope=0.1), bias_init=constant(value=0.5)",
        "height    floor((55 - 7) / 2) + 1 = 25",
        "25 * 25 * 16 * 16 * 7 * 7 = 7,840,000   places x output channels x input channels x window",
        "7,840,000 + 10,000 = 7,850,000",
        "7,840,000 weights = 7,840,000   biases not counted",
    ],
    ("7x7x512", "flatten"): ["7 * 7 * 512 = 25,088   in the written order"],
    ("25088", "dense 4096, init=he_normal"): [
        "4,096 * 25,088 = 102,760,448   outputs x inputs, begins he_normal (fan in 25,088, fan out 4,096)",
        "102,760,448 weights = 102,760,448",
    ],
    ("8x8x16", "batchnorm"): ["16 + 16 + 16 + 16 = 64   32 trainable", "running_var   16", "not trained"],
    ("7x7x512", "global_avgpool"): ["one number for each channel over all 49 places", "field  all   global"],
    ("16x16x8", "upsample 2"): ["height    16 * 2 = 32"],
    ("16x16x8", "zeropad 3"): ["height    16 + 6 = 22"],
}
"""Worked out with pencil and paper from the documentation of Keras and PyTorch."""


@pytest.mark.parametrize(("shape", "call"), WORKED)
def test_worked_examples(shape: str, call: str) -> None:
    text = explained(shape, call)
    for line in WORKED[shape, call]:
        assert line in text


def examples() -> list[str]:
    return sorted({example for op in OPERATORS.values() for example in op.examples})


@pytest.mark.parametrize("example", examples())
def test_the_arithmetic_of_every_operator_ends_where_its_facts_do(example: str) -> None:
    shapes, _, call = example.partition(": ")
    names = [f"v{i}" for i, _ in enumerate(shapes.split(", "))]
    inputs = "".join(f"    {name} = input {shape}\n" for name, shape in zip(names, shapes.split(", "), strict=True))
    flow = names[0] if len(names) == 1 else f"({', '.join(names)})"
    checked = compile_text(f"model M:\n{inputs}    {flow} -> {call} as it\n").checked
    node = next(node for node in checked.nodes if node.path == "it")
    made = node.facts.output
    expected = dict(zip(sides(made.rank), made.spatial, strict=True)) if 0 < made.rank < 4 else {}
    expected["channels"] = made.channels
    for title, formula, _ in sizes(node.op, node.shapes, made):
        if title in expected:
            found = re.search(r"(?:= )?(\?|[\d,]+)(?:, [^\d]*)?$", formula)
            assert found, formula
            assert found[1].replace(",", "") == str(expected[title])
    assert explain_layer(checked, "it").startswith("it: ")


BLOCKS = """
block unit(width):
    conv width, 3x3, pad=same as first
    relu

model Net(width=8):
    input 16x16x3
    for i in range(2):
        unit width * 2**i as "stage{i}"
    conv 4, 1x1
"""


def test_the_way_in_is_told() -> None:
    text = explain_layer(compile_text(BLOCKS, "net.cnn").checked, "stage1.first")
    assert "net.cnn:3:5" in text
    assert "in block `unit(width=16)`, called at net.cnn:9:9" in text
    assert "from `stage0.relu1`" in text
    assert "read by  `stage1.relu1`" in text


def test_a_part_is_explained_by_what_it_holds() -> None:
    text = explain_layer(compile_text(BLOCKS, "net.cnn").checked, "stage0")
    assert text.startswith("stage0: block `unit(width=8)`, 2 layers")
    assert re.search(r"parameters +224", text)
    assert re.search(r"MACs +55,296", text)


def test_an_unknown_layer_gets_a_suggestion() -> None:
    checked = compile_text(BLOCKS).checked
    with pytest.raises(UnknownLayerError, match=r"no layer `first`: there is `stage0.first`, `stage1.first`"):
        explain_layer(checked, "first")
    with pytest.raises(UnknownLayerError, match=r"did you mean `stage0.relu1`\?"):
        explain_layer(checked, "stage0.relu")
    with pytest.raises(UnknownLayerError, match=r"`cnnc summary` lists them"):
        explain_layer(checked, "zzz")


def test_shared_layers_show_every_use() -> None:
    lines = ("a = input 8x8x3", "b = input 6x6x3", "share f = conv 2, 3x3", "x = a -> f", "y = b -> f", "output x, y")
    checked = compile_text("model M:\n" + "".join(f"    {line}\n" for line in lines)).checked
    told = explain_layer(checked, "f")
    assert "shape of use 1" in told
    assert "floor((6 - 3) / 1) + 1 = 4" in told
    assert told.count("54 weights *") == 2


WORDS = {*OPERATORS, *INITIALIZERS, *ENTRIES, *(word for table in PARTS.values() for word in table), *STATEMENTS}
WORDS |= {word for found in ENTRIES.values() if isinstance(found, dict) for word in found}


def test_every_code_and_every_word_has_a_page() -> None:
    for word in [*CODES, *WORDS]:
        told = explain_word(word)
        assert told
        assert len(told) > 20


def test_every_word_of_the_grammar_has_a_page() -> None:
    """Those between values, such as `and`, are told with the values."""
    grammar = (Path(__file__).parents[1] / "grammar" / "cnn.lark").read_text("utf-8")
    words = set(re.findall(r'"([a-z]{2,})"', grammar))
    assert len(words) > 10
    assert {word for word in words if explain_word(word) is None} <= {"and", "or", "not", "in"}


def test_all_that_a_word_means_is_told() -> None:
    told = explain_word("csv") or ""
    assert "a log, in recipes" in told
    assert "a source, in recipes" in told
    assert "one name or several such as [width, height]" in told
    assert "adamw  " in (explain_word("optimizer") or "")
    assert (explain_word("adamw") or "").startswith("optimizer adamw, lr=")
    assert (explain_word("shortcut") or "").startswith("## Residuals")


def test_the_bounds_of_an_argument_are_told() -> None:
    told = explain_word("dropout") or ""
    assert "a number, at least 0 and at most 1" in told
    assert (explain_word("error[shape-mismatch]:") or "").startswith("error[shape-mismatch]")
    assert (explain_word("huge-dense") or "").startswith("warning[huge-dense]")
    assert explain_word("nonsense") is None
    assert nearest("shape-mismtach") == "did you mean `shape-mismatch`?"


def test_the_page_of_an_operator_shows_how_it_is_called() -> None:
    told = (explain_word("maxpool") or "").split("\n")
    assert told[0] == "maxpool size, stride=none, pad=valid, ceil=false"
    assert any(line.startswith("  ceil ") for line in told)


def test_arguments_have_the_words_by_which_they_are_given() -> None:
    told = (explain_word("weights") or "").split("\n")
    assert "from=..." in told[0]
    assert any(line.startswith("  from ") for line in told)


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "net.cnn"
    file.write_text(BLOCKS)
    assert main(["explain", str(file), "conv1", "-p", "width=4"]) == 0
    assert "4 * 8 * 1 * 1 = 32" in capsys.readouterr().out
    assert main(["explain", str(file), "conv9"]) == 1
    assert "did you mean `conv1`?" in capsys.readouterr().err
    assert main(["explain", "shape-mismatch"]) == 0
    capsys.readouterr()
    assert main(["explain", "optimizer", "adamw"]) == 0
    assert capsys.readouterr().out.startswith("optimizer adamw, lr=")
    assert main(["explain", str(file)]) == 2
    assert main(["explain", "shape-mismtach"]) == 2
