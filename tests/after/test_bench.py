"""What `cnnc bench` prints follows from the times it took; what cannot be measured is part of the result."""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from cnnc.compiler.pipeline import Options, compile_path
from cnnc.runtime.devices import available
from cnnc.runtime.inference import bench
from cnnc.runtime.inference.bench import LEAST, WARM, Wish, spread, timed

from cnnc.cli import main

NET = """
model Net:
    input 8x8x3
    conv 4, 3x3
    global_avgpool
    dense 2

model Letters:
    input 6
    embedding 8, 4
    global_avgpool
    dense 2
"""


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bench") / "net.cnn"
    path.write_text(NET)
    return path


def test_the_spread_is_that_of_numpy() -> None:
    times = np.random.default_rng(0).random(101).tolist()
    assert spread(times) == pytest.approx(np.quantile(times, [0.5, 0.1, 0.9]))


def test_each_run_is_timed_after_some_to_warm_up() -> None:
    calls = []

    def once() -> None:
        calls.append(1)
        time.sleep(0.01)

    times = timed(once, seconds=0.0)
    assert len(times) == LEAST
    assert len(calls) == LEAST + WARM
    assert min(times) >= 0.01


def test_a_network_is_measured_as_it_is_fastest(net: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights lie as maps do and are not brought to other numbers each time; fp32 is no tf32."""
    asked = []
    monkeypatch.setattr(bench, "allow_tf32", lambda *given: asked.append(given))
    monkeypatch.setattr(bench, "choose_algorithms", lambda kind, deterministic: asked.append((kind, deterministic)))
    checked = compile_path(str(net), Options("Net")).checked
    for precision, kind in (("fp32", torch.float32), ("bf16", torch.bfloat16)):
        wish = Wish(precision=precision, seconds=0.0)
        made = bench.placed(checked, wish)
        assert all(p.dtype == kind and p.is_contiguous(memory_format=torch.channels_last)
                   for p in made.parameters() if p.ndim == 4)  # fmt: skip
        seen: list[torch.Tensor] = []
        made.register_forward_hook(lambda part, inputs, output, seen=seen: seen.extend([*inputs, output]))  # type: ignore[misc]
        bench.eager(made, checked, 2, wish, net.parent)()
        assert [x.dtype for x in seen] == [kind, kind]
    assert asked == [("cpu", False), ("cpu", False), ("cpu", False), ("cpu", True)]


def test_the_gpu_that_is_measured_is_named(
    net: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(available, "versions", lambda device: {"name": "NVIDIA H100"})
    arguments = ["bench", str(net), "--backend", "eager", "--batch", "1", "--seconds", "0.01", "--model", "Net"]
    assert main(arguments) == 0
    assert "MACs; NVIDIA H100, " in capsys.readouterr().out
    assert main([*arguments, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["gpu"] == {"name": "NVIDIA H100"}


def test_a_line_for_each_batch_and_backend(net: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--backend", "eager,onnxruntime", "--batch", "1,3", "--seconds", "0.02", "--model", "Net", "--json"]
    assert main(["bench", str(net), *arguments]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [(line["batch"], line["backend"]) for line in found["lines"]] == [
        (1, "eager"), (1, "onnxruntime"), (3, "eager"), (3, "onnxruntime"),
    ]  # fmt: skip
    assert found["macs"] == 4 * 6 * 6 * 27 + 4 * 2
    for line in found["lines"]:
        assert line["per_second"] == pytest.approx(1000 * line["batch"] / line["median_ms"], rel=0.05)
        assert line["low_ms"] <= line["median_ms"] <= line["high_ms"]


def test_ids_are_fed_as_ids(net: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--backend", "eager,onnxruntime", "--batch", "2", "--seconds", "0.02", "--json"]
    assert main(["bench", str(net), *arguments]) == 0
    assert ["median_ms" in line for line in json.loads(capsys.readouterr().out)["lines"]] == [True, True]


def test_what_cannot_be_measured_is_told(net: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--backend", "onnxruntime", "--batch", "1", "--precision", "bf16", "--model", "Net"]
    assert main(["bench", str(net), *arguments]) == 0
    assert "in fp32 only" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--batch", "0"], "--batch takes whole numbers"),
        (["--backend", "tvm"], "eager, compiled, onnxruntime"),
        (["--seconds", "0"], "more than 0"),
        (["--seconds", "nan"], "more than 0"),
    ],
)
def test_a_wrong_command_line(net: Path, arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", str(net), *arguments]) == 2
    assert told in capsys.readouterr().err


@pytest.mark.proof
def test_compiled(net: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", str(net), "--backend", "compiled", "--batch", "2", "--seconds", "0.1", "--model", "Net"]) == 0
    assert " ms " in capsys.readouterr().out
