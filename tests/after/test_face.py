"""`cnnc.train` and what it gives back."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cnnc.runtime.run.display import Display
from PIL import Image
from safetensors.numpy import load_file

import cnnc
from cnnc.run import literal, written
from tests.training.tiny import MODEL


def test_a_run_says_how_it_went(run: cnnc.Run) -> None:
    assert run.state == "finished"
    assert [row["epoch"] for row in run.rows] == [1, 2, 3, 4, 5, 6]
    assert run.metrics["accuracy"] == pytest.approx(max(row["val_accuracy"] for row in run.rows), abs=0.02)
    assert run.config["model"] == "Tiny"
    assert f"accuracy {100 * run.metrics['accuracy']:.2f} %" in repr(run)
    assert run.best.is_file()
    assert run.report.is_file()


def test_settings_reach_the_recipe(run: cnnc.Run) -> None:
    entries = {entry["is"]: entry for entry in run.config["recipe"]["entries"]}
    assert (entries["optimizer"]["lr"], entries["epochs"]["count"]) == (0.03, 6)


def test_pictures_come_in_many_forms(run: cnnc.Run, digits: list[Path]) -> None:
    by_path = run.predict(digits[:4])
    images = [Image.open(path) for path in digits[:4]]
    arrays = np.stack([np.asarray(image) for image in images])
    assert [a.name for a in by_path] == [str(path) for path in digits[:4]]
    for found in (run.predict(images), run.predict(arrays[..., None]), run.predict(list(arrays))):
        assert [a.top for a in found] == [a.top for a in by_path]
    assert run.predict(str(digits[0]))[0].label == by_path[0].label
    assert by_path[0].confidence == by_path[0].top[0][1]
    with pytest.raises(cnnc.UserError, match="has 3 dimensions, a batch 4, found 1"):
        run.predict(np.zeros(5))


def test_arrays_that_are_no_pictures_are_refused(run: cnnc.Run, digits: list[Path]) -> None:
    array = np.asarray(Image.open(digits[0]))[..., None]
    for wrong, told in (
        (array.astype(np.int64), 'these are numbers of int64: `.astype."uint8".`'),
        (array.astype(np.uint16), "numbers of uint16"),
        (array.astype(np.complex64), "these are numbers of complex64"),
        (np.full((8, 8, 1), np.nan), "values that are no numbers"),
        (np.zeros((0, 8, 1), np.uint8), "0x8x1 holds nothing"),
        ([], "the list is empty"),
        (None, "paths, folders, pictures of PIL or arrays, found None"),
        (3, "paths, folders, pictures of PIL or arrays, found int"),
        (digits[0].read_bytes(), "or arrays, found bytes: `PIL.Image.open.io.BytesIO.content..` reads it"),
        (io.BytesIO(digits[0].read_bytes()), "or arrays, found BytesIO: `PIL.Image.open` reads it"),
    ):
        with pytest.raises(cnnc.UserError, match=told):
            run.predict(wrong)
    assert run.predict(array / 255)[0].confidence == pytest.approx(run.predict(array)[0].confidence)


def test_paths_and_pictures_go_together(run: cnnc.Run, digits: list[Path]) -> None:
    expected = run.predict(digits[:3])
    found = run.predict([digits[0], Image.open(digits[1]), str(digits[2])])
    assert [one.name for one in found] == [str(digits[0]), "[1]", str(digits[2])]
    for one, other in zip(found, expected, strict=True):
        assert one.label == other.label
        assert one.confidence == pytest.approx(other.confidence, abs=1e-5)


@pytest.mark.parametrize("top", [0, -1])
def test_no_class_is_not_told(run: cnnc.Run, digits: list[Path], top: int) -> None:
    with pytest.raises(cnnc.UserError, match=f"`top` is at least 1, found {top}"):
        run.predict(digits[0], top=top)


def test_floats_are_brightness_from_0_to_1(run: cnnc.Run, digits: list[Path]) -> None:
    pixels = np.array(Image.open(digits[0]))
    assert run.predict(pixels.astype(np.float32) / 255)[0].label == run.predict(pixels)[0].label
    with pytest.raises(cnnc.UserError, match=r"brightness from 0 to 1; these run to \d+: divide them by 255"):
        run.predict(pixels.astype(np.float32))


def test_one_log_needs_no_list(tmp_path: Path) -> None:
    (tmp_path / "tiny.cnn").write_text(MODEL)
    told = tmp_path / "rows.csv"
    cnnc.train(tmp_path / "tiny.cnn", epochs=1, log=f"csv={told}", quiet=True, report=False, out=tmp_path / "run")
    assert told.read_text().startswith("step,epoch,")


def test_probabilities_are_those_of_the_network_itself(run: cnnc.Run, digits: list[Path]) -> None:
    """Computed by hand from the module: brightness from 0 to 1, normalised as the recipe says, softmax."""
    import torch

    said = next(e for e in run.config["recipe"]["entries"] if e["is"] == "evaluate")["steps"][0]
    x = torch.from_numpy(np.asarray(Image.open(digits[0]), np.float32))[None, None] / 255
    with torch.no_grad():
        expected = run.torch().eval()((x - said["mean"][0]) / said["std"][0])[0]
    found = dict(run.predict(digits[0], top=10)[0].top)
    assert [found[str(i)] for i in range(10)] == pytest.approx(expected.tolist(), abs=1e-5)


def test_eval_agrees_with_the_metrics(run: cnnc.Run) -> None:
    found = run.eval()
    assert found["accuracy"] == run.metrics["accuracy"]
    assert found["loss"] == pytest.approx(run.metrics["loss"], rel=1e-4)
    assert found["confusion"] == run.metrics["confusion"]


def test_an_exported_run_is_used_without_it(run: cnnc.Run, digits: list[Path], tmp_path: Path) -> None:
    from cnnc.runtime.inference.answers import answers
    from cnnc.runtime.inference.given import given
    from cnnc.runtime.inference.trained import from_onnx

    run.export(tmp_path / "tiny.onnx")
    found = list(answers(from_onnx(str(tmp_path / "tiny.onnx")), given(digits, 3), 10))
    for answer, expected in zip(found, run.predict(digits, top=10), strict=True):
        assert dict(answer.top) == pytest.approx(dict(expected.top), abs=1e-5)


def test_a_network_with_parameters_is_trained(tmp_path: Path) -> None:
    text = MODEL.replace("classes=10", "classes=10, width=8").replace("conv 8,", "conv width,")
    run = cnnc.train(cnnc.loads(text, width=3), epochs=1, quiet=True, report=False, out=tmp_path / "run")
    assert run.network.as_dict()["layers"][1]["output_shape"] == [None, 8, 8, 3]


def test_the_stop_button_saves_and_resume_goes_on_exactly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tiny.cnn").write_text(MODEL)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # sums in one order
    before = signal.getsignal(signal.SIGINT)
    whole = cnnc.train(tmp_path / "tiny.cnn", quiet=True, report=False, out=tmp_path / "whole")
    with monkeypatch.context() as during:
        during.setattr(Display, "epoch", lambda *_: os.kill(os.getpid(), signal.SIGINT))
        stopped = cnnc.train(tmp_path / "tiny.cnn", quiet=True, report=False, out=tmp_path / "stopped")
    assert stopped.state == "interrupted"
    assert (len(stopped.rows), stopped.metrics) == (1, {})
    assert signal.getsignal(signal.SIGINT) is before
    resumed = stopped.resume(quiet=True, report=False)
    assert resumed.state == "finished"
    ours, theirs = load_file(resumed.last), load_file(whole.last)
    assert all(np.array_equal(ours[name], theirs[name]) for name in theirs)


def test_it_runs_in_a_thread(tmp_path: Path) -> None:
    (tmp_path / "tiny.cnn").write_text(MODEL)
    found: list[cnnc.Run] = []
    how: dict[str, Any] = {"epochs": 1, "quiet": True, "report": False, "out": tmp_path / "run"}
    thread = threading.Thread(target=lambda: found.append(cnnc.train(tmp_path / "tiny.cnn", **how)))
    thread.start()
    thread.join()
    assert found[0].state == "finished"


def test_no_control_codes_where_there_is_no_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "tiny.cnn").write_text(MODEL)
    cnnc.train(tmp_path / "tiny.cnn", epochs=1, report=False, out=tmp_path / "run")
    said = capsys.readouterr().out
    assert "epoch 1/1  loss" in said
    assert "held-out accuracy" in said
    assert "\x1b" not in said


def test_mistakes_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(cnnc.UserError, match="no such folder of a run"):
        cnnc.open_run("nowhere")
    with pytest.raises(cnnc.UserError, match="nowhere"):
        cnnc.train("zoo:lenet5", "nowhere", quiet=True)
    with pytest.raises(cnnc.CompileError) as caught:
        cnnc.train("zoo:lenet5", optimzer="sgd")
    assert caught.value.diagnostics[0].help == "did you mean `optimizer`?"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.1, "0.1"),
        (True, "true"),
        (None, "none"),
        ((1, 2), "(1, 2)"),
        ((1,), "(1,)"),
        (["a"], '["a"]'),
        ("sgd", "sgd"),
        ({"mixup": 0.2, "cutmix": 1}, "mixup=0.2, cutmix=1"),
    ],
)
def test_values_of_python_in_the_language(value: object, text: str) -> None:
    assert written(value) == text
    assert literal("sgd") == '"sgd"'


def test_asking_for_names_loads_nothing_heavy() -> None:
    names = "cnnc.train, cnnc.Run, cnnc.open_run"
    program = f"import sys, cnnc; {names}; print({{'torch', 'numpy', 'matplotlib'}} & set(sys.modules))"
    made = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert made.stdout.strip() == "set()"
