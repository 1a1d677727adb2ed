"""`cnnc summary` against what `model.summary()` of a live Keras model prints, character by character, up to the names.

Every row of ours is given the name of Keras's row, and the inputs of sums and products Keras's order, which changes
nothing. The texts are then equal, with all that is wrapped and cut.
"""

from __future__ import annotations

import os
from typing import Any

import pytest
from cnnc.compiler.backends import summary
from cnnc.compiler.backends.summary import Row, summary_rows, summary_text
from cnnc.compiler.graph import Checked
from cnnc.compiler.pipeline import compile_text

from .make_keras_tables import models, without_weights
from .test_keras import COMMUTATIVE, TABLES, net

os.environ.setdefault("KERAS_BACKEND", "jax")

QUICK = ("mobilenet", "mobilenetv3small@224")
LENGTHS = (76, 100, 160)
"""Lengths of a line: narrow, as in the stored texts, and one at which little is cut."""


@pytest.fixture(autouse=True)
def wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keras cuts its lines at the terminal's end."""
    monkeypatch.setenv("COLUMNS", str(max(LENGTHS)))


def keras_text(theirs: Any, length: int) -> str:
    parts: list[str] = []
    theirs.summary(line_length=length, print_fn=lambda text, line_break=False: parts.append(text))
    return "".join(parts).rstrip("\n")


def our_text(checked: Checked, theirs: Any, length: int, monkeypatch: pytest.MonkeyPatch) -> str:
    """Our text under Keras's names; a Sequential prints no rows of inputs."""
    listed = summary_rows(checked)
    sequential = type(theirs).__name__ == "Sequential"
    shown = [row for row in listed if not (sequential and row.type == "InputLayer")]
    operations = theirs.layers if sequential else theirs._operations
    names = {row.name: operation.name for row, operation in zip(shown, operations, strict=True)}
    inputs = {
        operation.name: inputs_of(operation) for operation in operations if type(operation).__name__ in COMMUTATIVE
    }
    rows = [renamed(row, names, inputs) for row in listed]
    with monkeypatch.context() as patch:
        patch.setattr(summary, "summary_rows", lambda *_: rows)
        patch.setattr(checked, "name", theirs.name)
        return summary_text(checked, width=length, inputs=not sequential)


def renamed(row: Row, names: dict[str, str], inputs: dict[str, list[str]]) -> Row:
    links = [link._replace(name=names.get(link.name, link.name)) for link in row.links]
    name = names.get(row.name, row.name)
    if row.type in COMMUTATIVE and sorted(link.name for link in links) == sorted(inputs.get(name, [])):
        links.sort(key=lambda link: inputs[name].index(link.name))
    return row._replace(name=name, links=tuple(links))


def inputs_of(operation: Any) -> list[str]:
    (node,) = operation._inbound_nodes
    return [tensor._keras_history.operation.name for tensor in node.input_tensors]


def conv_and_dense(keras: Any) -> Any:
    """The digits' convnet of Chollet's book."""
    k = keras.layers
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            k.Conv2D(32, 3, activation="relu"), k.MaxPooling2D(2),
            k.Conv2D(64, 3, activation="relu"), k.MaxPooling2D(2),
            k.Conv2D(64, 3, activation="relu"),
            k.Flatten(), k.Dense(64, activation="relu"), k.Dense(10, activation="softmax"),
        ]
    )  # fmt: skip


CONV_AND_DENSE = """
model Digits:
    input 28x28x1
    conv 32, 3x3, act=relu -> maxpool 2
    conv 64, 3x3, act=relu -> maxpool 2
    conv 64, 3x3, act=relu
    flatten
    dense 64, act=relu
    dense 10, act=softmax
"""


def over_time(keras: Any) -> Any:
    """Causal windows over a series of open length, no two layers of one kind."""
    k = keras.layers
    return keras.Sequential(
        [
            keras.Input((None, 9)),
            k.Conv1D(32, 5, padding="causal", dilation_rate=2), k.BatchNormalization(), k.ReLU(6.0), k.Dropout(0.2),
            k.GlobalMaxPooling1D(), k.Dense(3),
        ]
    )  # fmt: skip


OVER_TIME = """
model Series:
    input ?x9
    conv 32, 5, pad=causal, dilation=2 -> batchnorm -> relu6 -> dropout 0.2
    global_maxpool
    dense 3
"""


def two_ways(keras: Any) -> Any:
    """Two inputs, a shared layer, branches, two outputs."""
    k = keras.layers
    left, right = keras.Input((16, 16, 3)), keras.Input((16, 16, 3))
    shared = k.Conv2D(8, 3, padding="same", use_bias=False)
    both = k.Concatenate()([shared(left), shared(right)])
    side = k.GlobalAveragePooling2D()(both)
    deep = k.DepthwiseConv2D(3, padding="same", strides=2)(both)
    out = k.Dense(5, activation="softmax")(k.Flatten()(k.Add()([deep, k.AveragePooling2D(2)(both)])))
    return keras.Model([left, right], [out, k.Dense(2)(side)])


TWO_WAYS = """
model TwoWays:
    left = input 16x16x3
    right = input 16x16x3
    share windows = conv 8, 3x3, pad=same, bias=false
    a = left -> windows
    b = right -> windows
    (a, b) -> concat as both
    depthwise_conv 3x3, pad=same, stride=2 as deep
    pooled = both -> avgpool 2
    (deep, pooled) -> add
    flatten
    dense 5, act=softmax as out
    side = both -> global_avgpool -> dense 2
    output out, side
"""

BY_HAND = {
    "sequential": (conv_and_dense, CONV_AND_DENSE),
    "series": (over_time, OVER_TIME),
    "graph": (two_ways, TWO_WAYS),
}


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("name", BY_HAND)
def test_written_both_ways(name: str, length: int, monkeypatch: pytest.MonkeyPatch) -> None:
    import keras

    build, text = BY_HAND[name]
    theirs = build(keras)
    assert our_text(compile_text(text).checked, theirs, length, monkeypatch) == keras_text(theirs, length)


def applications() -> list[Any]:
    return [
        pytest.param(name, marks=() if name in QUICK else pytest.mark.proof)
        for name in (*QUICK, *(name for name in TABLES if name not in QUICK))
    ]


@pytest.mark.parametrize("name", applications())
def test_a_model_of_keras_applications(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    build, arguments = next((build, arguments) for known, build, arguments in models() if known == name)
    with without_weights():
        theirs = build(weights=None, **arguments)
    for length in LENGTHS:
        assert our_text(net(name), theirs, length, monkeypatch) == keras_text(theirs, length)
