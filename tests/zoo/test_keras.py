"""zoo/keras/NAME.cnn against keras.applications: the rows of `summary()` one by one, with their arguments."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from cnnc.compiler.backends.summary import Row, summary_rows, summary_text
from cnnc.compiler.graph import Checked
from cnnc.compiler.pipeline import Options, compile_path
from cnnc.compiler.shape import Shape

from .keras_arguments import told
from .tables import DATA, MODELS

PRINTED = Path(__file__).parents[1] / "data" / "summaries"
TABLES = sorted(path.name.removesuffix(".json.gz") for path in (DATA / "keras").glob("*.json.gz"))
COMMUTATIVE = ("Add", "Multiply")
"""Here the order of the inputs, which Keras's models differ in among themselves, changes nothing."""


def table(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(gzip.decompress((DATA / "keras" / f"{name}.json.gz").read_bytes()))
    return found


def net(name: str) -> Checked:
    """`NAME@224` is NAME with pictures of 224x224."""
    file, _, size = name.partition("@")
    inputs = {"": Shape((int(size), int(size), 3))} if size else {}
    return compile_path(f"zoo:keras/{file}", Options(inputs=inputs)).checked


def test_every_model_of_keras_is_there() -> None:
    assert {f"keras/{name}" for name in TABLES if "@" not in name} == {name for name in MODELS if "keras/" in name}
    assert len(TABLES) == 40 + 2


@pytest.mark.parametrize("name", TABLES)
def test_rows_are_keras_s(name: str) -> None:
    """Class, output shape, parameters, trainable ones, inputs, and the arguments that no count shows."""
    checked, expected = net(name), table(name)
    ours, theirs = our_rows(checked), expected["rows"]
    for (label, *found), (keras_name, *wanted) in zip(ours, theirs):
        assert plain(*found) == plain(*wanted), f"{label}, in Keras {keras_name}"
    assert len(ours) == len(theirs)
    assert (checked.params, checked.trainable) == (expected["params"], expected["trainable"])


def our_rows(checked: Checked) -> list[list[Any]]:
    rows = summary_rows(checked)
    numbers = {row.name: i for i, row in enumerate(rows)}
    said = {layer.name: told(layer.node) for layer in checked.layers}
    return [
        [
            row.name,
            row.type,
            list(row.shapes[0]),
            row.params,
            row.trainable,
            taken(row, numbers),
            said.get(row.name, {}),
        ]
        for row in rows
    ]


def taken(row: Row, numbers: dict[str, int]) -> list[int]:
    return [numbers[link.name] for link in row.links]


def plain(kind: str, *figures: Any) -> list[Any]:
    """A row without what makes no difference."""
    *counts, inputs, arguments = figures
    kept = {name: rounded(value) for name, value in arguments.items() if name != "axis" and value != []}
    if kept.get("kernel_size") == [1, 1]:
        del kept["padding"]  # nothing hangs over
    return [kind, *counts, sorted(inputs) if kind in COMMUTATIVE else inputs, kept]


def rounded(value: Any) -> Any:
    """To nine digits, since we keep deviations where Keras keeps variances."""
    if isinstance(value, list):
        return [rounded(item) for item in value]
    return float(f"{value:.9g}") if isinstance(value, float) else value


@pytest.mark.parametrize("name", ["resnet50", "inceptionv3"])
def test_the_text_is_keras_s(name: str) -> None:
    """Under Keras's names, character by character; the middle of what Keras printed was left out."""
    checked = net(name)
    for layer, row in zip(checked.layers, table(name)["rows"]):
        layer.node.path = row[0]
    text = summary_text(checked, width=100).partition("\n")[2]
    head, foot = (PRINTED / f"{name}.txt").read_text(encoding="utf-8").partition("\n")[2].split("\n[...]\n")
    assert text.startswith(head)
    assert text.endswith(foot.rstrip("\n"))


WIDTHS = [
    ("mobilenet", {0.25: 475_544, 0.5: 1_342_536, 0.75: 2_601_976}),
    ("mobilenetv2", {0.35: 1_691_208, 0.75: 2_663_064, 1.4: 6_156_712}),
    ("mobilenetv3large", {0.5: 2_702_512, 0.75: 4_012_616, 1.4: 10_049_024}),
    ("mobilenetv3small", {0.5: 1_599_720, 0.75: 2_051_552, 1.4: 4_411_352}),
]
"""What Keras counts at other values of `alpha`."""


@pytest.mark.parametrize(("name", "counts"), WIDTHS)
def test_width_multipliers(name: str, counts: dict[float, int]) -> None:
    found = {a: compile_path(f"zoo:keras/{name}", Options(params={"alpha": a})).checked.params for a in counts}
    assert found == counts
