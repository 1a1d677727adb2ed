"""Weights & Biases and MLflow, the packages themselves, without a network: files here, a database there."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cnnc.compiler.recipes import course
from cnnc.runtime.logs import About, Watching
from cnnc.runtime.logs.opening import open_log
from cnnc.runtime.run.display import Display

from tests.training.tiny import MODEL

from .test_logs import EXPECTED, ROW

ROOT = Path(__file__).parents[2]
LONG = "x" * 7000


def about(folder: Path, **settings: str) -> About:
    return About(str(folder), "net-1", "net-1-2026", {"batch": "batch 100", **settings})


def watching(part: Any, about: About) -> Watching:
    return Watching(Display(quiet=True), [open_log(part, about)])


def environment() -> dict[str, str]:
    """That of a process of its own, which does not talk to the service of this one."""
    return {name: value for name, value in os.environ.items() if name != "WANDB_SERVICE"} | {"PYTHONPATH": str(ROOT)}


def interrupted_and_gone_on(folder: Path, log: str) -> None:
    """A run that is stopped by Ctrl-C in its fourth epoch, and goes on to its end."""
    (folder / "tiny.cnn").write_text(MODEL)
    python = [sys.executable, "-u", "-m", "cnnc", "train"]
    how = ["--no-report", "--no-progress", "--device", "cpu"]
    run: dict[str, Any] = {"cwd": folder, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True,
                           "env": environment()}  # fmt: skip
    with subprocess.Popen([*python, "tiny.cnn", "--epochs", "40", "--log", log, "--out", "run", *how], **run) as first:
        assert first.stdout is not None
        said = ""
        for line in first.stdout:
            said += line
            if line.split()[:2] == ["epoch", "4/40"]:
                first.send_signal(signal.SIGINT)
    assert first.returncode == 130, said
    second = subprocess.run([*python, "--resume", "run", *how], **run)
    assert second.returncode == 0, second.stdout
    assert "no numbers to" not in said + second.stdout
    assert "no more numbers" not in said + second.stdout


def test_a_table_has_all_epochs_of_a_run_that_goes_on(tmp_path: Path) -> None:
    interrupted_and_gone_on(tmp_path, "csv=log.csv")
    with (tmp_path / "log.csv").open() as lines:
        assert [float(row["epoch"]) for row in csv.DictReader(lines)] == list(range(1, 41))


# --- MLflow -----------------------------------------------------------------------------------------------------------


@pytest.fixture(params=["files", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A client of an empty store."""
    mlflow = pytest.importorskip("mlflow")
    if request.param == "sqlite":
        pytest.importorskip("sqlalchemy")
        pytest.importorskip("alembic")
    uri = (tmp_path / "mlruns").as_uri() if request.param == "files" else f"sqlite:///{tmp_path / 'mlflow.db'}"
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    monkeypatch.chdir(tmp_path)
    mlflow.set_tracking_uri(uri)
    yield mlflow.MlflowClient()
    mlflow.set_tracking_uri(None)


def runs(store: Any, name: str) -> list[Any]:
    return list(store.search_runs([store.get_experiment_by_name(name).experiment_id]))


def test_mlflow_has_the_numbers_under_their_names(store: Any, tmp_path: Path) -> None:
    watch = watching(course.Mlflow(experiment="flowers"), about(tmp_path))
    watch.epoch(ROW, False)
    watch.close("interrupted")
    (run,) = runs(store, "flowers")
    assert run.data.metrics == EXPECTED
    assert run.data.params == {"batch": "batch 100"}
    assert (run.info.run_name, run.info.status) == ("net-1", "KILLED")
    assert [one.step for one in store.get_metric_history(run.info.run_id, "val/loss")] == [30]


def test_a_run_that_goes_on_goes_on_in_mlflow(store: Any, tmp_path: Path) -> None:
    for steps, state in ((30, "interrupted"), (60, "finished")):
        watch = watching(course.Mlflow(experiment="flowers"), about(tmp_path))
        watch.epoch({**ROW, "steps": steps}, False)
        watch.close(state)
    (run,) = runs(store, "flowers")
    assert run.info.status == "FINISHED"
    assert [one.step for one in store.get_metric_history(run.info.run_id, "lr")] == [30, 60]


def test_settings_that_are_said_otherwise_do_not_end_a_log(store: Any, tmp_path: Path) -> None:
    """Where the data lie is said in full by a run that goes on; MLflow takes no setting a second time."""
    for steps, data in ((30, 'folder("flowers")'), (60, 'folder("/home/me/flowers")')):
        watch = watching(course.Mlflow(experiment="flowers"), about(tmp_path, data=data))
        watch.epoch({**ROW, "steps": steps}, False)
        watch.close("finished")
    (run,) = runs(store, "flowers")
    assert run.data.params["data"] == 'folder("flowers")'
    assert [one.step for one in store.get_metric_history(run.info.run_id, "lr")] == [30, 60]


def test_long_settings_stand_whole_among_the_files(store: Any, tmp_path: Path) -> None:
    watching(course.Mlflow(), about(tmp_path, augment=LONG)).close("finished")
    (run,) = runs(store, "cnnc")
    assert run.data.params["augment"].startswith("xxx")
    assert run.data.params["augment"].endswith("…")
    assert LONG in Path(store.download_artifacts(run.info.run_id, "settings.json", str(tmp_path))).read_text()


def test_numbers_that_are_none_are_kept(store: Any, tmp_path: Path) -> None:
    watch = watching(course.Mlflow(), about(tmp_path))
    watch.epoch({**ROW, "loss": float("nan"), "val_loss": float("inf")}, False)
    assert watch.logs, "the log was not given up"
    (run,) = runs(store, "cnnc")
    assert run.data.metrics["train/loss"] != run.data.metrics["train/loss"]


def test_a_run_of_the_user_is_left_alone(store: Any, tmp_path: Path) -> None:
    mlflow = pytest.importorskip("mlflow")
    with mlflow.start_run() as mine:
        watch = watching(course.Mlflow(), about(tmp_path))
        watch.close("finished")
        assert mlflow.active_run().info.run_id == mine.info.run_id


def test_a_real_run_with_mlflow(store: Any, tmp_path: Path) -> None:
    interrupted_and_gone_on(tmp_path, "mlflow=flowers")
    (run,) = runs(store, "flowers")
    assert run.info.status == "FINISHED"
    assert run.data.params["epochs"] == "epochs 40"
    history = store.get_metric_history(run.info.run_id, "epoch")
    assert {int(one.value) for one in history} == set(range(1, 41))


# --- Weights & Biases -------------------------------------------------------------------------------------------------


@pytest.fixture
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("wandb")
    for name in ("WANDB_DIR", "WANDB_CONFIG_DIR", "WANDB_CACHE_DIR", "WANDB_DATA_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")


def written(folder: Path) -> bytes:
    """The records of all starts, which hold names and texts as they are."""
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*.wandb")))


def test_wandb_has_numbers_and_settings(offline: None, tmp_path: Path) -> None:
    watch = watching(course.Wandb(project="flowers"), about(tmp_path, augment=LONG))
    watch.epoch(ROW, False)
    assert watch.logs, "the log was not given up"
    assert watch.logs[0].run.summary["val/loss"] == 0.6  # type: ignore[attr-defined]
    watch.close("finished")
    content = written(tmp_path)
    for text in (b"flowers", b"net-1-2026", b"val/accuracy", b"batch 100"):
        assert text in content


def test_a_real_run_with_wandb(offline: None, tmp_path: Path) -> None:
    interrupted_and_gone_on(tmp_path, "wandb=flowers")
    folders = sorted((tmp_path / "run" / "wandb").glob("offline-run-*"))
    assert len(folders) == 2, "one for each start"
    idents = {folder.name.partition("-run-")[2].partition("-")[2] for folder in folders}
    assert len(idents) == 1, "which are one run for the service"
    assert written(tmp_path / "run").count(b"val/accuracy") > 40


def test_without_a_key_the_run_goes_on(offline: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WANDB_MODE")
    monkeypatch.setenv("WANDB_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    (tmp_path / "tiny.cnn").write_text(MODEL)
    done = subprocess.run(
        [sys.executable, "-m", "cnnc", "train", "tiny.cnn", "--epochs", "1", "--log", "wandb", "--no-report",
         "--no-progress"], cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        env=environment(),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "no numbers to wandb: UsageError: No API key configured" in done.stdout
