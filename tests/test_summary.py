"""The summary, held against texts that Keras itself printed (tests/data/summaries)."""

from __future__ import annotations

import io
import json
import re
import time
from pathlib import Path

import pytest
import rich.console
import rich.table
import rich.text
from cnnc.compiler.backends.summary import summary_json, summary_text
from cnnc.compiler.graph import Checked, Node, Port
from cnnc.compiler.ops import OPERATORS
from cnnc.compiler.pipeline import compile_text
from cnnc.compiler.shape import Shape
from cnnc.compiler.table import Column, boxed, fitted
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.graphs import Builder, Stub

DATA = Path(__file__).parent / "data" / "summaries"


def printed(name: str) -> str:
    return (DATA / f"{name}.txt").read_text(encoding="utf-8").rstrip("\n")


def convnet(size: tuple[int, int, int], widths: list[int], dense: list[int], last_pool: bool) -> Checked:
    """Chollet's convnets: convolutions and poolings in turn, then dense layers, named as Keras names them."""
    net = Builder("sequential")
    flow = net.input(*size)
    for i, width in enumerate(widths):
        suffix = f"_{i}" * bool(i)
        flow = net.add(OPERATORS["conv"](out=width, size=(3,)), flow, path=f"conv2d{suffix}")
        if last_pool or i + 1 < len(widths):
            height, wide, _ = flow.facts.output
            pooled = Stub("MaxPooling2D", (Shape((height // 2, wide // 2, width)),))
            flow = net.add(pooled, flow, path=f"max_pooling2d{suffix}")
    flow = net.add(OPERATORS["flatten"](), flow, path="flatten")
    for i, width in enumerate(dense):
        flow = net.add(OPERATORS["dense"](out=width), flow, path="dense" + f"_{i}" * bool(i))
    return net.checked(flow)


CONVNETS = {
    "mnist_convnet": convnet((28, 28, 1), [32, 64, 64], [64, 10], last_pool=False),
    "catsdogs_convnet": convnet((150, 150, 3), [32, 64, 128, 128], [512, 1], last_pool=True),
}


@pytest.mark.parametrize("name", CONVNETS)
def test_sequential_models_print_as_in_keras(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    net = CONVNETS[name]
    assert summary_text(net, width=100, inputs=False) == printed(name)
    assert summary_text(net, width=100, inputs=False, trainable=True) == printed(f"{name}_trainable")
    monkeypatch.setenv("COLUMNS", "80")
    assert summary_text(net, inputs=False) == printed(f"{name}_default")


def application(name: str) -> Checked:
    """A model of keras.applications as its table of rows tells it."""
    net = Builder(name)
    made: dict[str, Node] = {}
    for path, type, sizes, params, trainable, inputs in json.loads((DATA / f"{name}.json").read_text()):
        if type == "InputLayer":
            made[path] = net.input(*sizes, path=path)
        else:
            stub = Stub(type, (Shape(sizes),), params, trainable)
            made[path] = net.add(stub, *(made[i] for i in inputs), path=path)
    return net.checked(net.nodes[-1])


@pytest.mark.parametrize("name", ["resnet50", "inceptionv3"])
@pytest.mark.parametrize("line", [100, 76])
def test_functional_models_print_as_in_keras(name: str, line: int) -> None:
    head, foot = printed(name if line == 100 else f"{name}_default").split("\n[...]\n")
    text = summary_text(application(name), width=line)
    lines, first, last = text.split("\n"), head.split("\n"), foot.split("\n")
    assert lines[1 : len(first)] == first[1:]
    assert lines[-len(last) :] == last


SHARED = """
model Shared:
    a = input 8x8x3
    b = input 6x6x3
    share f = conv 2, 3x3
    share g = global_avgpool
    x = a -> f
    y = b -> f
    gx = x -> g
    gy = y -> g
    s = (gx, gy) -> add
    q = (s, s) -> add
    z = y -> conv 5, 1x1 as p
    output q, z
"""

OPEN = """
model Open:
    i = input ?x?x3
    i -> conv 4, 3x3 as c -> global_maxpool as gm
"""


@pytest.mark.parametrize(("name", "text", "line"), [("shared", SHARED, 100), ("open", OPEN, 60)])
def test_shared_layers_and_open_sizes_print_as_in_keras(name: str, text: str, line: int) -> None:
    """From the text on: names, order and connections are the compiler's own."""
    assert summary_text(compile_text(text).checked, width=line) == printed(name)


CELL = st.text("ab ,()[]1", max_size=40).map(str.strip)
TABLES = st.lists(st.integers(4, 30), min_size=1, max_size=4).flatmap(
    lambda widths: st.tuples(st.just(widths), st.lists(st.tuples(*[CELL] * len(widths)), min_size=1, max_size=4))
)


@given(TABLES, st.integers(30, 100))
@settings(max_examples=150, deadline=None)
def test_tables_are_laid_out_as_rich_does_it(table: tuple[list[int], list[tuple[str, ...]]], line: int) -> None:
    widths, rows = table
    line = min(line, sum(widths) + 3 * len(widths) + 1)  # wider than its columns no table is drawn
    narrow = fitted(widths, line)
    assume(sum(narrow) + 3 * len(narrow) + 1 == line)
    theirs = rich.table.Table(width=line, show_lines=True)
    for width, justify in zip(widths, ("left", "right", "center", "left"), strict=False):
        theirs.add_column("A heading", width=width, justify=justify)  # type: ignore[arg-type]
    for row in rows:
        theirs.add_row(*(rich.text.Text(cell) for cell in row))
    console = rich.console.Console(width=line, color_system=None, file=io.StringIO())
    with console.capture() as capture:
        console.print(theirs)
    columns = [Column("A heading", *spec) for spec in zip(narrow, "<>^<", strict=False)]
    assert "\n".join(boxed(columns, rows)) + "\n" == capture.get()


def siamese() -> Checked:
    """Two inputs through one shared layer of two outputs, then a merge of three values."""
    net = Builder()
    left, right = net.input(8, 8, 3, path="left"), net.input(4, 4, 3, path="right")
    halves = Stub("Split", (Shape((8, 2)), Shape((8, 1))), 30, 20, 100)
    a, b = (net.add(halves, value, path="halves") for value in (left, right))
    merge = net.add(Stub("Concatenate", (Shape((8, 5)),)), Port(a, 0), Port(b, 0), Port(b, 1), path="all")
    return net.checked(merge, Port(a, 1))


def test_shared_layers_and_several_outputs_are_told_as_keras_tells_them() -> None:
    lines = summary_text(siamese(), width=108).split("\n")
    cells = [[cell.strip() for cell in line.strip("│").split("│")] for line in lines if line.startswith("│")]
    assert ["left (InputLayer)", "(None, 8, 8, 3)", "0", "-"] in cells
    shared = next(i for i, row in enumerate(cells) if row[0] == "halves (Split)")
    assert " ".join(filter(None, (row[1] for row in cells[shared : shared + 2]))) == "[(None, 8, 2), (None, 8, 1)]"
    assert cells[shared][3] == "left[0][0], right[0][0]"
    assert f"{cells[-2][3]} {cells[-1][3]}" == "halves[0][0], halves[1][0], halves[1][1]"
    assert lines[-3:] == [
        " Total params: 30 (120.00 B)",
        " Trainable params: 20 (80.00 B)",
        " Non-trainable params: 10 (40.00 B)",
    ]


def test_json_has_the_promised_keys() -> None:
    told = json.loads(summary_json(siamese()))
    assert list(told) == [
        *("model", "file", "inputs", "outputs", "layers"),
        *("total_params", "trainable_params", "non_trainable_params", "macs"),
    ]
    assert told["inputs"] == [{"name": "left", "shape": [None, 8, 8, 3]}, {"name": "right", "shape": [None, 4, 4, 3]}]
    assert told["outputs"] == [{"name": "all", "shape": [None, 8, 5]}, {"name": "halves", "shape": [None, 8, 1]}]
    assert told["layers"][2] == {
        "name": "halves",
        "type": "Split",
        "output_shape": [[None, 8, 2], [None, 8, 1]],
        "params": 30,
        "trainable_params": 20,
        "macs": 200,
        "inputs": ["left", "right"],
        "file": "models/hand.cnn",
        "line": 1,
    }
    assert told["macs"] == 200
    assert told["non_trainable_params"] == 10


def residual_net() -> Checked:
    """conv, two residual blocks (each a block inside), dense: parameters 10 + 2 * (20 + 3) + 5."""
    net = Builder()
    flow = net.add(Stub("Conv2D", (Shape((8, 8, 4)),), 10, macs=7), net.input(8, 8, 3), path="conv1")
    for i in range(2):
        outer = net.block("basic", f"stage.{i}")
        inner = net.block("unit", f"stage.{i}.unit", net.block("", f"stage.{i}", outer, kind="residual"))
        conv = net.add(Stub("Conv2D", (Shape((8, 8, 4)),), 20, macs=9), flow, path=f"stage.{i}.unit.conv", frame=inner)
        norm = net.add(Stub("Norm", (Shape((8, 8, 4)),), 3, 1), conv, path=f"stage.{i}.norm", frame=outer)
        flow = net.add(Stub("Add", (Shape((8, 8, 4)),)), norm, flow, path=f"stage.{i}.add", frame=outer)
    return net.checked(net.add(Stub("Dense", (Shape((2,)),), 5, macs=None), flow, path="fc"))


def test_blocks_fold_to_one_row_and_totals_stay() -> None:
    told = json.loads(summary_json(residual_net(), depth=1))
    assert [(row["name"], row["type"], row["params"], row["trainable_params"]) for row in told["layers"]] == [
        ("input", "InputLayer", 0, 0),
        ("conv1", "Conv2D", 10, 10),
        ("stage.0", "basic", 23, 21),
        ("stage.1", "basic", 23, 21),
        ("fc", "Dense", 5, 5),
    ]
    assert [row["inputs"] for row in told["layers"]] == [[], ["input"], ["conv1"], ["stage.0"], ["stage.1"]]
    assert told["layers"][3]["output_shape"] == [None, 8, 8, 4]
    assert [row["macs"] for row in told["layers"]] == [0, 7, 9, 9, None]
    assert (told["total_params"], told["macs"]) == (61, None)
    names = [row["name"] for row in json.loads(summary_json(residual_net(), depth=2))["layers"]]
    assert names[2:5] == ["stage.0.unit", "stage.0.norm", "stage.0.add"]


def test_connections_show_only_where_the_rows_are_no_chain() -> None:
    assert "Connected to" in summary_text(residual_net())
    assert "Connected to" not in summary_text(residual_net(), depth=1)


def test_colours_change_no_letter() -> None:
    plain, colored = (summary_text(residual_net(), width=100, color=color) for color in (False, True))
    assert re.sub(r"\x1b\[[\d;]*m", "", colored) == plain
    assert "\x1b[38;5;34m8\x1b[0m" in colored


def test_a_hundred_thousand_layers_take_seconds() -> None:
    net = Builder()
    flow = net.input(4)
    for i in range(100_000):
        flow = net.add(Stub("Dense", (Shape((4,)),), 1), flow, path=f"dense{i}")
    start = time.perf_counter()
    text = summary_text(net.checked(flow), width=76)
    assert text.count("\n") > 200_000
    assert time.perf_counter() - start < 20


FACES = """
block embedding(width):
    conv width, 3x3
    global_avgpool

model Faces:
    a = input 8x8x3
    b = input 8x8x3
    share embed = embedding 4
    x = a -> embed
    y = b -> embed
    (x, y) -> subtract as apart
"""


def test_a_shared_block_folds_to_one_row() -> None:
    rows = json.loads(summary_json(compile_text(FACES).checked, depth=1))["layers"]
    assert [(row["name"], row["type"], row["params"], row["inputs"]) for row in rows] == [
        ("a", "InputLayer", 0, []),
        ("b", "InputLayer", 0, []),
        ("embed", "embedding", 112, ["a", "b"]),
        ("apart", "Subtract", 0, ["embed", "embed"]),
    ]
    assert "embed[0][0], embed[1][0]" in summary_text(compile_text(FACES).checked, 1, 140)


STEM = """
model Stem:
    input 32x32x3
    sequential as stem:
        conv 8, 4x4, stride=4 -> layernorm
        inner as deep
    conv 4, 1x1 as head

block inner:
    conv 8, 1x1 -> relu
"""


@pytest.mark.parametrize("depth", [None, 1, 2])
def test_a_sequential_is_one_row_at_any_depth(depth: int | None) -> None:
    """By hand: 3 * 16 * 8 + 8, 2 * 8 and 8 * 8 + 8; MACs of the two convolutions at 8x8 places."""
    told = json.loads(summary_json(compile_text(STEM).checked, depth=depth))
    assert [(row["name"], row["type"], row["params"], row["inputs"]) for row in told["layers"]] == [
        ("input", "InputLayer", 0, []),
        ("stem", "Sequential", 392 + 16 + 72, ["input"]),
        ("head", "Conv2D", 36, ["stem"]),
    ]
    assert told["layers"][1]["macs"] == 64 * (384 + 64)
