"""Several processes are one run: the same curve, every example once, one folder; and none stays behind alone."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from cnnc.compiler.diagnostics import UserError
from cnnc.runtime.devices.available import cores
from cnnc.runtime.devices.ranks import Ranks, found_ranks
from cnnc.runtime.devices.together import look_after
from cnnc.runtime.jobs.stages import stages
from cnnc.runtime.training.train import require_enough
from safetensors.numpy import load_file

from cnnc.cli import main

from ..data_sources.made import fill
from . import generated
from .tiny import MODEL, cnnc, command, written
from .trial import job_of

TEXT = (
    MODEL.replace(" -> dropout 0.1", "")
    .replace("adamw, lr=0.01, weight_decay=0.01", "sgd, lr=0.1, momentum=0.9")
    .replace("batch 100", "batch 97\n    precision fp32")
)
"""Batches of odd size; no dropout, which each process draws for itself; no optimizer that divides by small numbers."""


MEETING = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29500"}


def test_what_started_us_says_who_we_are() -> None:
    elastic = {"TORCHELASTIC_RUN_ID": "a", "LOCAL_WORLD_SIZE": "4", "WORLD_SIZE": "8", "RANK": "5", "LOCAL_RANK": "1"}
    slurm = {"SLURM_PROCID": "3", "SLURM_NTASKS": "4", "SLURM_JOB_NAME": "train"}
    several = slurm | {"SLURM_STEP_NUM_TASKS": "4"}
    assert found_ranks(None, None, {}) == Ranks(0, 1, 1)
    assert found_ranks(2, None, {}) == Ranks(0, 2, 1)
    assert found_ranks(2, None, {"LOCAL_RANK": "1", "NODE_RANK": "0"}) == Ranks(1, 2, 1)
    assert found_ranks(2, 2, MEETING | {"NODE_RANK": "1"}) == Ranks(2, 2, 2)
    assert found_ranks(None, None, elastic) == found_ranks(4, 2, elastic) == Ranks(5, 4, 2)
    assert found_ranks(2, 2, slurm) == Ranks(3, 2, 2)
    assert found_ranks(None, None, slurm) == found_ranks(1, None, several) == Ranks(0, 1, 1)
    with pytest.raises(UserError, match=r"srun started 4 processes: `--devices N --nodes M` makes them one run"):
        found_ranks(None, None, several)
    with pytest.raises(UserError, match="nothing says where 2 machines meet"):
        found_ranks(1, 2, {"NODE_RANK": "1"})
    with pytest.raises(UserError, match=r"4 processes of torchrun .* ask for 2"):
        found_ranks(2, None, elastic)
    with pytest.raises(UserError, match=r"4 tasks of SLURM .* ask for 8"):
        found_ranks(8, 1, slurm)


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_each_example_is_somebodys(count: int) -> None:
    shares = [Ranks(rank, count, 1).share(np.arange(20)) for rank in range(count)]
    assert np.concatenate(shares).tolist() == list(range(20))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


def close(first: Path, second: Path) -> None:
    """Weights equal but for the order of sums."""
    one, two = load_file(first / "last.safetensors"), load_file(second / "last.safetensors")
    assert one.keys() == two.keys()
    for name, value in one.items():
        np.testing.assert_allclose(two[name], value, rtol=2e-3, atol=2e-4, err_msg=name)


def test_two_processes_learn_what_one_does(tmp_path: Path) -> None:
    model = written(tmp_path, TEXT)
    two = ("--devices", 2)
    for out, more in (("one", ()), ("two", two), ("split", (*two, "--strategy", "fsdp"))):
        made = cnnc("train", model, "--out", out, "--device", "cpu", "--epochs", 1, *more, cwd=tmp_path)
        assert made.returncode == 0, made.stderr
        assert made.stderr == ""
        assert made.stdout.count("held-out accuracy") == 1
        same(tmp_path / "one", tmp_path / out)
    assert "2 processes, each with a share of the weights on CPU" in made.stdout


def same(first: Path, second: Path) -> None:
    """The same curve, figures and weights."""
    close(first, second)
    one, two = (json.loads((run / "metrics.json").read_text()) for run in (first, second))
    assert two["examples"] == one["examples"] == sum(map(sum, two["confusion"]))
    assert two["loss"] == pytest.approx(one["loss"], rel=1e-3)
    rows = [(run / "metrics.csv").read_text().splitlines()[1].split(",")[:4] for run in (first, second)]
    np.testing.assert_allclose(np.array(rows[1], float), np.array(rows[0], float), rtol=1e-3)


def machines(folder: Path, *commands: tuple[list[str], dict[str, str]]) -> list[str]:
    """What the processes say, each of which might run on a machine of its own."""
    begun = [
        subprocess.Popen(
            command, cwd=folder, env={**os.environ, "OMP_NUM_THREADS": "1", **more},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        for command, more in commands
    ]  # fmt: skip
    said = [one.communicate(timeout=240)[0] for one in begun]
    assert [one.returncode for one in begun] == [0] * len(begun), said
    return said


def free_port() -> str:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return str(found.getsockname()[1])


def task_of_slurm(number: int, port: str) -> dict[str, str]:
    """What `srun --nodes=2 --ntasks-per-node=1` tells a task."""
    return {
        "SLURM_JOB_ID": "4711", "SLURM_JOB_NAME": "train", "SLURM_NTASKS": "2", "SLURM_NTASKS_PER_NODE": "1",
        "SLURM_NNODES": "2", "SLURM_STEP_NUM_TASKS": "2", "SLURM_NODELIST": "127.0.0.1", "SLURM_LOCALID": "0",
        "SLURM_PROCID": str(number), "SLURM_NODEID": str(number), "MASTER_PORT": port,
    }  # fmt: skip


@pytest.mark.proof
@pytest.mark.parametrize("how", ["torchrun", "slurm", "by hand"])
def test_two_machines_learn_what_one_process_does(how: str, tmp_path: Path) -> None:
    """Two that meet at an address; here both are this one."""
    model = written(tmp_path, TEXT)
    run, port = ("train", model, "--device", "cpu", "--epochs", 1, "--out"), free_port()
    assert cnnc(*run, "one", cwd=tmp_path).returncode == 0
    if how == "torchrun":
        place = ["--nnodes=2", "--nproc-per-node=1", "--master-addr=127.0.0.1", f"--master-port={port}"]
        start = [sys.executable, "-m", "torch.distributed.run", *place]
        commands = [([*start, f"--node-rank={i}", *command(*run, "two")[1:]], {}) for i in range(2)]
    elif how == "slurm":
        commands = [(command(*run, "two", "--nodes", 2), task_of_slurm(i, port)) for i in range(2)]
    else:
        here = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
        commands = [(command(*run, "two", "--nodes", 2), {**here, "NODE_RANK": str(i)}) for i in range(2)]
    first, second = machines(tmp_path, *commands)
    assert "waiting for all 2 processes on 2 machines" in first
    assert "2 processes, each on CPU" in first
    assert second == ""
    same(tmp_path / "one", tmp_path / "two")


@pytest.mark.proof
@pytest.mark.parametrize("wait", [0, 30])
def test_who_waits_for_another_machine_can_be_ended(wait: float, tmp_path: Path) -> None:
    """While torch is loaded, and while it waits."""
    arguments = command("train", written(tmp_path, TEXT), "--device", "cpu", "--nodes", 2)
    waiting = {**os.environ, **MEETING, "MASTER_PORT": free_port(), "NODE_RANK": "0"}
    process = subprocess.Popen(arguments, cwd=tmp_path, env=waiting, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert any("waiting for all 2 processes" in line for line in process.stdout)
    time.sleep(wait)
    process.terminate()
    try:
        assert process.wait(20) in (-signal.SIGTERM, 128 + signal.SIGTERM)
    finally:
        process.kill()


@pytest.mark.proof
def test_a_job_of_slurm_with_several_tasks_may_train_alone(tmp_path: Path) -> None:
    """The script of `sbatch --ntasks=2` is one process."""
    alone = task_of_slurm(0, "0") | {"SLURM_STEP_NUM_TASKS": "1"}
    del alone["SLURM_NTASKS_PER_NODE"]
    run = command("train", written(tmp_path, TEXT), "--device", "cpu", "--epochs", 1, "--out", "one")
    assert "held-out accuracy" in machines(tmp_path, (run, alone))[0]


def started(folder: Path, *more: object) -> subprocess.Popen[str]:
    """A run of two processes, past its second epoch."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}
    arguments = command("train", written(folder, TEXT), "--out", "run", "--device", "cpu", "--devices", 2, *more)
    process = subprocess.Popen(
        arguments, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith(("epoch  2", "epoch 2")):
            break
    return process


def children(process: int) -> list[int]:
    found = subprocess.run(["pgrep", "-P", str(process)], capture_output=True, text=True)
    return [int(word) for word in found.stdout.split()]


def gone(process: int) -> bool:
    """Whether it ended within some seconds."""
    until = time.monotonic() + 20
    while Path(f"/proc/{process}").exists() and time.monotonic() < until:
        time.sleep(0.1)
    return not Path(f"/proc/{process}").exists()


def test_only_one_looks_after_the_processes() -> None:
    """Lightning's observer kills this process where it is the first to see that another is gone."""
    children = [subprocess.Popen([sys.executable, "-c", ""])]
    look_after(children)
    assert children == []


@pytest.mark.proof
@pytest.mark.parametrize("strategy", ["ddp", "fsdp"])
def test_a_rank_that_is_killed_ends_the_run_which_goes_on_later(strategy: str, tmp_path: Path) -> None:
    whole = cnnc("train", written(tmp_path, TEXT), "--out", "one", "--device", "cpu", "--epochs", 12, cwd=tmp_path)
    assert whole.returncode == 0, whole.stderr
    process = started(tmp_path, "--save-every", 7, "--epochs", 12, "--strategy", strategy)
    os.kill(children(process.pid)[0], signal.SIGKILL)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "rank 1 was ended by signal 9: ending the others; `--resume` goes on" in errors
    assert "Traceback" not in errors
    resumed = cnnc("train", "--resume", "run", cwd=tmp_path)
    assert resumed.returncode == 0, resumed.stderr
    one, run = (json.loads((tmp_path / name / "metrics.json").read_text()) for name in ("one", "run"))
    assert run["steps"] == one["steps"]
    assert run["loss"] == pytest.approx(one["loss"], rel=0.1)


@pytest.mark.proof
def test_the_first_rank_takes_the_others_along(tmp_path: Path) -> None:
    process = started(tmp_path, "--epochs", 400)
    (other,) = children(process.pid)
    process.kill()
    process.wait()
    assert gone(other)


@pytest.mark.proof
@pytest.mark.parametrize(("strategy", "again"), [("ddp", ""), ("fsdp", " --strategy fsdp")])
def test_a_wish_to_one_process_stops_all_of_them(strategy: str, again: str, tmp_path: Path) -> None:
    process = started(tmp_path, "--epochs", 400, "--strategy", strategy)
    process.send_signal(signal.SIGTERM)
    rest, errors = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM, errors
    assert f"cnnc train --resume run --devices 2{again}`" in rest


@pytest.mark.proof
def test_torchrun_starts_us_too(tmp_path: Path) -> None:
    model = written(tmp_path, TEXT)
    arguments = command("train", model, "--out", "run", "--device", "cpu", "--epochs", 1)[1:]
    made = subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", *arguments],
        cwd=tmp_path, env={**os.environ, "OMP_NUM_THREADS": "1"}, capture_output=True, text=True, timeout=200,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    assert "2 processes" in made.stdout
    assert made.stdout.count("held-out accuracy") == 1


def in_the_second(folder: Path, what: str) -> dict[str, str]:
    """The environment in which the second process does something before anything else."""
    (folder / "site").mkdir()
    (folder / "site" / "sitecustomize.py").write_text(
        f"import os\nif os.environ.get('LOCAL_RANK') == '1':\n    {what}\n"
    )
    return {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(folder / "site")}


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("os._exit(3)", "cnnc: rank 1 ended with status 3: ending the others"),
        ("os.remove('data/cat/000.png')", "cnnc: the processes of the run found different data: all must be able"),
    ],
)
def test_a_process_that_fails_at_the_start_is_told(what: str, told: str, tmp_path: Path) -> None:
    for name in ("cat", "dog"):
        fill(tmp_path / "data" / name, 10, (8, 8))
    arguments = command("train", written(tmp_path, TEXT), "--data", "data", "--device", "cpu", "--devices", 2,
                        "--batch", 4, "--epochs", 1)  # fmt: skip
    made = subprocess.run(
        arguments, cwd=tmp_path, env=in_the_second(tmp_path, what), capture_output=True, text=True, timeout=100
    )
    assert made.returncode == 1, made.stderr
    assert told in made.stderr
    assert "Traceback" not in made.stderr


def test_a_batch_must_reach_for_all() -> None:
    job = job_of(TEXT, generated.digits(), "batch=1")
    with pytest.raises(UserError, match="a batch of 1 examples cannot be shared by 2 processes"):
        require_enough(stages(job.recipe, len(job.data.train)), job, Ranks(0, 2, 1))


def test_there_are_no_more_processes_than_cores(tmp_path: Path) -> None:
    """They would wait for each other, without a word."""
    made = cnnc("train", written(tmp_path), "--devices", 999, "--device", "cpu", "--out", "run", cwd=tmp_path)
    assert made.returncode == 1
    assert made.stderr == f"cnnc: `--devices 999` on the CPU: each process takes a core, and there are {cores()}\n"
    assert not (tmp_path / "run").exists()


def test_devices_are_counted_from_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "tiny.cnn", "--devices", "none"]) == 2
    assert "a number from 1 is wanted, not `none`" in capsys.readouterr().err
