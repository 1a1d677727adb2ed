"""The promises of the command line and the Python face, as another program relies on them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import cnnc

ROOT = Path(__file__).resolve().parent.parent
NET = """
model Net(classes=10, width=8):
    input 32x32x3
    conv width, 3x3, pad=same as stem -> batchnorm -> relu
    residual:
        conv width, 3x3, pad=same
    global_avgpool
    dense classes -> softmax as softmax

model Other:
    input ?x?x3
    conv 4, 3x3
"""


def run(*words: str, text: str | None = None, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cnnc", *words], input=text, cwd=cwd, capture_output=True, text=True, timeout=120
    )


def summary(*words: str, text: str = NET) -> dict[str, Any]:
    done = run("summary", "-", "--json", *words, text=text)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_summary_json_has_the_promised_keys() -> None:
    found = summary("--model", "Net")
    assert list(found) == [
        "model", "file", "inputs", "outputs", "layers",
        "total_params", "trainable_params", "non_trainable_params", "macs",
    ]  # fmt: skip
    assert found["model"] == "Net"
    assert found["inputs"] == [{"name": "input", "shape": [None, 32, 32, 3]}]
    assert found["outputs"] == [{"name": "softmax", "shape": [None, 10]}]
    stem = next(layer for layer in found["layers"] if layer["name"] == "stem")
    assert stem == {
        "name": "stem", "type": "Conv2D", "output_shape": [None, 32, 32, 8], "params": 3 * 3 * 3 * 8 + 8,
        "trainable_params": 3 * 3 * 3 * 8 + 8, "macs": 3 * 3 * 3 * 8 * 32 * 32, "inputs": ["input"], "file": "<stdin>",
        "line": 4,
    }  # fmt: skip
    statistics = 2 * 8
    assert found["non_trainable_params"] == statistics
    assert found["total_params"] == found["trainable_params"] + statistics


def test_rows_stand_by_decreasing_distance_from_the_outputs() -> None:
    text = """
model M:
    x = input 8x8x4
    long = x -> conv 4, 1 as first -> conv 4, 1 as second
    short = x -> conv 4, 1 as third
    (short, long) -> add
"""
    names = [layer["name"] for layer in summary(text=text)["layers"]]
    assert names == ["x", "first", "second", "third", "add1"]


def test_the_example_of_resnet34() -> None:
    done = run("summary", "zoo:resnet34", "--json")
    found = json.loads(done.stdout)
    assert (found["total_params"], found["trainable_params"], found["non_trainable_params"]) == (
        21_814_696,
        21_797_672,
        17_024,
    )
    conv = next(layer for layer in found["layers"] if layer["name"] == "layer1.0.conv1")
    assert (conv["params"], conv["macs"], conv["inputs"]) == (36_864, 115_605_504, ["maxpool"])
    assert conv["file"].endswith("blocks/resnet.cnn")
    assert found["outputs"] == [{"name": "softmax", "shape": [None, 1000]}]


def test_options_shared_by_all_commands() -> None:
    assert summary("--model", "Net", "-p", "classes=3", "-p", "width=4")["outputs"][0]["shape"] == [None, 3]
    assert summary("--input", "20x24x3")["layers"][-1]["output_shape"] == [None, 18, 22, 4]
    assert summary()["layers"][0]["output_shape"] == [None, None, None, 3]  # the last model, open sizes are null


def test_check_json() -> None:
    done = run("check", "-", "--json", text="model M:\n    input 8x8x3\n    cov 3, 3x3\n")
    (found,) = json.loads(done.stdout)
    assert done.returncode == 1
    assert found["severity"] == "error"
    assert found["code"] == "unknown-layer"
    assert (found["line"], found["column"], found["end_line"], found["end_column"]) == (3, 5, 3, 8)
    assert found["help"] == "did you mean `conv`?"
    assert set(found) == {
        "severity", "code", "message", "file", "line", "column", "end_line", "end_column", "notes", "help",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["check", "zoo:lenet5"], 0),
        (["check", "no/such/file.cnn"], 1),
        (["summary", "examples/broken/stride.cnn"], 1),
        (["summary"], 2),
        (["sumary", "zoo:lenet5"], 2),
        (["summary", "zoo:lenet5", "--no-such-option"], 2),
        (["summary", "zoo:lenet5", "--input", "32by32"], 2),
        (["--help"], 0),
        (["summary", "--help"], 0),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_exit_status(words: list[str], status: int) -> None:
    done = run(*words)
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr


def test_every_command_has_help() -> None:
    from cnnc.cli import COMMANDS

    for command in COMMANDS:
        done = run(command, "--help")
        assert done.returncode == 0, (command, done.stderr)
        assert done.stdout.startswith(f"usage: cnnc {command}")


def test_interrupt_is_130_without_a_traceback(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "cnnc", "summary", "-"], cwd=ROOT, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background job ignores it
    )  # fmt: skip
    time.sleep(4)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in errors


def test_a_reader_that_leaves_is_no_error() -> None:
    done = subprocess.run(
        f"{sys.executable} -m cnnc summary zoo:resnet152 | head -3",
        shell=True,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr


def test_no_colours_where_there_is_no_terminal() -> None:
    done = run("check", "examples/broken/stride.cnn")
    assert "\x1b" not in done.stdout + done.stderr


def test_python_face() -> None:
    net = cnnc.loads(NET, model="Net", classes=3)
    assert net.as_dict()["outputs"][0]["shape"] == [None, 3]
    assert set(net.graph) == {layer["name"] for layer in net.as_dict()["layers"]}
    with pytest.raises(cnnc.CompileError) as error:
        cnnc.loads("model M:\n    input 8x8x3\n    conv 3, 9x9\n")
    (found,) = error.value.diagnostics
    assert found.code == "window-too-large"
    assert "window-too-large" in str(error.value)


def test_nothing_heavy_is_loaded_before_it_is_used() -> None:
    code = "import sys, cnnc; cnnc.load('zoo:resnet34').as_dict(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    loaded = set(done.stdout.split())
    assert not loaded & {"torch", "numpy", "onnx", "networkx", "tqdm", "matplotlib"}, done.stderr


def test_files_are_left_as_they_are_when_formatting_is_interrupted(tmp_path: Path) -> None:
    file = tmp_path / "net.cnn"
    file.write_text("model M:\n  input 8x8x3\n  relu\n")
    assert run("fmt", "--check", str(file)).returncode == 1
    assert run("fmt", str(file)).returncode == 0
    assert file.read_text() == "model M:\n    input 8x8x3\n    relu\n"
    assert run("fmt", "--check", str(file)).returncode == 0
    assert os.listdir(tmp_path) == ["net.cnn"]
