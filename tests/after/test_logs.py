"""Where the numbers of a run go: the same numbers everywhere, and no log ends a run."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cnnc.compiler.override import read
from cnnc.compiler.recipes import course
from cnnc.runtime.logs import About, Watching, as_part, open_logs, settings
from cnnc.runtime.logs.opening import open_log
from cnnc.runtime.run.display import Display
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.tensorflow_stub.errors import OutOfRangeError
from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import PyRecordReader_New

import cnnc

ROW = {
    "epoch": 2, "steps": 30, "lr": 0.01, "loss": 0.5, "accuracy": 0.9, "val_loss": 0.6, "val_accuracy": 0.8,
    "images_per_second": 7.0,
}  # fmt: skip
EXPECTED = {
    "epoch": 2, "lr": 0.01, "train/loss": 0.5, "train/accuracy": 0.9, "val/loss": 0.6, "val/accuracy": 0.8,
    "images_per_second": 7.0,
}  # fmt: skip


def about(folder: Path) -> About:
    return About(str(folder), "net-1", "net-1-2026", {"batch": "batch 100"})


def next_record(records: PyRecordReader_New) -> bool:
    try:
        records.GetNext()
    except OutOfRangeError:
        return False
    return True


def test_tensorboard_reads_what_metrics_csv_says(run: cnnc.Run) -> None:
    """Read back by TensorBoard's own reader of records, which checks their sums."""
    (file,) = (run.folder / "tensorboard").iterdir()
    read: dict[str, dict[int, float]] = {}
    texts = set()
    records = PyRecordReader_New(str(file))
    while next_record(records):
        event = Event.FromString(records.record())
        for value in event.summary.value:
            if value.metadata.plugin_data.plugin_name == "text":
                texts.add(value.tag)
            else:
                read.setdefault(value.tag, {})[event.step] = value.simple_value
    with (run.folder / "metrics.csv").open() as lines:
        rows = list(csv.DictReader(lines))
    for name, tag in {"loss": "train/loss", "val_loss": "val/loss", "val_accuracy": "val/accuracy", "lr": "lr"}.items():
        expected = {int(row["steps"]): float(row[name]) for row in rows}
        assert read[tag] == pytest.approx(expected, rel=1e-6)
    assert "settings" in texts


def test_a_table_has_a_row_for_each_epoch(tmp_path: Path) -> None:
    log = open_log(course.Csv(path=str(tmp_path / "sub" / "log.csv")), about(tmp_path))
    watch = Watching(Display(quiet=True), [log])
    watch.epoch(ROW, False)
    watch.epoch({**ROW, "steps": 60, "val_iou": 0.5}, True)
    watch.epoch({**ROW, "steps": 90}, True)
    with (tmp_path / "sub" / "log.csv").open() as lines:
        rows = list(csv.DictReader(lines))
    assert [(row["step"], row["val/iou"]) for row in rows] == [("30", ""), ("60", "0.5"), ("90", "")]
    for row in rows:
        assert {name: float(row[name]) for name in EXPECTED} == EXPECTED


def test_a_table_of_a_run_that_goes_on_keeps_what_was_before(tmp_path: Path) -> None:
    """Epochs behind the place from which it goes on are those that it has now; another run begins anew."""
    path = tmp_path / "log.csv"

    def epochs(about: About, *losses: tuple[int, float]) -> list[tuple[float, float]]:
        watch = Watching(Display(quiet=True), [open_log(course.Csv(path=str(path)), about)])
        for steps, loss in losses:
            watch.epoch({**ROW, "steps": steps, "loss": loss}, False)
        watch.close("finished")
        with path.open() as lines:
            return [(int(row["step"]), float(row["train/loss"])) for row in csv.DictReader(lines)]

    new = about(tmp_path)
    had = tuple((steps, {**EXPECTED, "train/loss": loss}) for steps, loss in ((30, 3.0), (60, 2.0), (90, 1.0)))
    assert epochs(new, (30, 3.0), (60, 2.0), (90, 1.0)) == [(30, 3.0), (60, 2.0), (90, 1.0)]
    gone_on = [(30, 3.0), (60, 2.0), (90, 1.5), (120, 0.5)]
    assert epochs(new._replace(before=had), (90, 1.5), (120, 0.5)) == gone_on
    assert epochs(new._replace(before=had)) == [(30, 3.0), (60, 2.0), (90, 1.0)]
    assert epochs(new, (30, 3.0)) == [(30, 3.0)]


def test_weights_and_biases_gets_the_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in, for where it is not installed; the package itself: test_online.py."""
    said: list[Any] = []
    its = SimpleNamespace(
        log=said.append, finish=lambda exit_code: said.append(exit_code),
        define_metric=lambda name, step_metric: said.append((name, step_metric)),
    )  # fmt: skip
    monkeypatch.setitem(sys.modules, "wandb", SimpleNamespace(init=lambda **how: said.append(how) or its))
    watch = Watching(Display(quiet=True), [open_log(course.Wandb(project="flowers"), about(tmp_path))])
    watch.epoch(ROW, False)
    watch.close("finished")
    how, steps, numbers, code = said
    assert (how["project"], how["name"], how["id"], how["resume"]) == ("flowers", "net-1", "net-1-2026", "allow")
    assert how["config"] == {"batch": "batch 100"}
    assert (steps, numbers, code) == (("*", "steps"), {**EXPECTED, "steps": 30}, 0)


def test_a_log_that_cannot_begin_is_told_and_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: Any) -> None:
        raise ValueError("no key\nand much more")

    monkeypatch.setitem(sys.modules, "wandb", SimpleNamespace(init=refuse))
    monkeypatch.chdir(tmp_path)
    recipe = read('train:\n    log wandb, csv("log.csv")\n')
    said: list[str] = []
    (log,) = open_logs(recipe, about(tmp_path), said.append)
    assert type(log).__name__ == "Table"
    assert said == ["no numbers to wandb: ValueError: no key"]


def test_settings_hold_every_entry_of_every_phase() -> None:
    recipe = read("train:\n    loss cross_entropy\n    loss mse, weight=0.5\n    phase warm:\n        epochs 2\n")
    found = settings(recipe)
    assert "cross_entropy" in found["loss"]
    assert "mse" in found["loss"]
    assert found["warm/epochs"] == "epochs 2"


def test_a_log_that_fails_is_left_alone(capsys: pytest.CaptureFixture[str]) -> None:
    closed = []

    class Full:
        def numbers(self, step: int, numbers: Any) -> None:
            raise OSError(28, "No space left on device")

        def close(self, state: str) -> None:
            closed.append(state)

    watch = Watching(Display(), [Full()])
    watch.epoch(ROW, False)
    watch.close("finished")
    assert capsys.readouterr().out.count("No space left on device") == 1
    assert closed == []


def test_a_package_that_is_missing_is_told_before_anything_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cnnc.runtime.logs.opening.find_spec", lambda name: None)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(cnnc.UserError, match="pip install wandb"):
        cnnc.train("zoo:lenet5", epochs=1, log=["wandb=flowers"], quiet=True)
    assert not list(tmp_path.iterdir())


def test_options_become_words_of_the_recipe() -> None:
    assert [as_part(text) for text in ("tensorboard", "tensorboard=a b", 'csv=x"y.csv')] == [
        "tensorboard", 'tensorboard("a b")', 'csv("x\\"y.csv")',
    ]  # fmt: skip


def test_a_word_that_is_no_log_is_told(tmp_path: Path) -> None:
    with pytest.raises(cnnc.CompileError) as caught:
        cnnc.train("zoo:lenet5", log=["tensorbord"], out=tmp_path / "run", quiet=True)
    assert "tensorboard" in str(caught.value)
