"""Training where the network runs elsewhere than its batches are made, on a device made for tests: see device.py."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from shutil import which
from typing import Any

import numpy as np
import pytest
from cnnc.runtime.data import Held

from ..shell import ROOT
from ..training import generated as made
from ..training import models


def path() -> str:
    """With the tools of this installation, of which ninja is one."""
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])


HEADERS = Path(sysconfig.get_paths()["include"]) / "Python.h"
TOOLS = which("g++") and which("ninja", path=path()) and HEADERS.is_file()
pytestmark = pytest.mark.skipif(not TOOLS, reason="wants g++, ninja and the headers of Python")

PER_EPOCH = {"item": 2, "copy to the CPU": 60, "copy from the CPU": 0}
"""Waits that an epoch may have: to measure, and to write the best weights."""


@pytest.fixture(scope="session")
def there(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a process that has the device, which is built once, and kept where pytest keeps things."""
    cache = getattr(pytestconfig, "cache", None)
    built = cache.mkdir("twin") if cache is not None else tmp_path_factory.mktemp("twin")
    return {**os.environ, "TORCH_EXTENSIONS_DIR": str(built), "OMP_NUM_THREADS": "1", "PATH": path()}


def said(there: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=there, text=True, timeout=900, capture_output=True
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


REFUSED = """
import torch
from tests.twin.device import waits
x = torch.ones(4, 3, device="twin")
def error(what):
    try: what()
    except (RuntimeError, TypeError) as error: return str(error)
    return ""
assert "same device" in error(lambda: x + torch.ones(3)), "a tensor of the CPU"
assert "same device" in error(lambda: torch.cat([x, torch.ones(4, 3)]))
assert "same device" in error(lambda: torch.nn.functional.conv2d(x[None, None], torch.ones(1, 1, 2, 2)))
assert "numpy" in error(lambda: x.numpy())
picture, functional = torch.ones(1, 3, 8, 8, dtype=torch.uint8, device="twin"), torch.nn.functional
for antialias in (False, True):
    for mode in ("bilinear", "bicubic"):
        assert "not implemented for 'Byte'" in error(
            lambda: functional.interpolate(picture, (4, 4), mode=mode, antialias=antialias)
        )
assert not error(lambda: functional.interpolate(picture, (4, 4), mode="nearest-exact"))
whole = torch.ones(1, 4, 4, dtype=torch.long, device="twin")
for what in (lambda: whole @ whole, lambda: functional.max_pool2d(whole, 2), lambda: functional.avg_pool2d(whole, 2)):
    assert "not implemented for 'Long'" in error(what)
assert not error(lambda: x[torch.tensor([0, 2])]) and not error(lambda: x * torch.tensor(2.0))
waits()
x.sum().item()
x.cpu()
torch.ones(3).to("twin")
x[x > 0]
found = waits()
assert set(found) >= {"item", "copy to the CPU", "copy from the CPU", "aten::index"}, found
torch.ones(3).to("twin", non_blocking=True)
torch.empty(4, 3, pin_memory=True).copy_(x, non_blocking=True)
torch.where(x > 0, x.flip(1), x)
assert not waits()
"""


def test_the_device_refuses_what_a_gpu_refuses_and_counts_waits(there: dict[str, str]) -> None:
    said(there, "-c", REFUSED)


RESIZED = """
import torch
from tests.twin.device import DEVICE
from torchvision.transforms.v2 import functional
from cnnc.runtime.batches.tensors import resized

for sizes in ((16, 12), (31, 9), (60, 70)):
    x = torch.randint(256, (2, 3, 40, 30), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    there = resized(x.to(DEVICE), *sizes)
    wanted = functional.resize(x, list(sizes))
    assert there.dtype == torch.uint8 and there.device.type == DEVICE
    assert (there.cpu().int() - wanted.int()).abs().max() <= 1  # the last bit of rounding is each one's own
"""


def test_pictures_of_bytes_are_resized_there_as_torchvision_resizes_them(there: dict[str, str]) -> None:
    said(there, "-c", RESIZED)


AFTER = """
import contextlib, io, json, sys
from pathlib import Path
import numpy as np
from PIL import Image
from tests.twin.device import DEVICE
from cnnc.cli import main

def cnnc(*arguments):
    told = io.StringIO()
    with contextlib.redirect_stdout(told):
        assert main([*arguments]) == 0, arguments
    return told.getvalue()

folder, pictures = Path(sys.argv[1]), Path(sys.argv[1]) / "pictures"
pictures.mkdir()
rng = np.random.default_rng(0)
for number in range(3):
    Image.fromarray(rng.integers(0, 255, (8, 8), np.uint8)).save(pictures / f"{number}.png")
for name, more in (("classes", []), ("masks", ["--data", str(folder / "shapes.npz")])):
    run, text = str(folder / name), str(folder / f"{name}.cnn")
    cnnc("train", text, *more, "--device", DEVICE, "--epochs", "2", "--out", run, "--no-progress")
    assert (folder / name / "report.html").exists()
    assert DEVICE in (folder / name / "environment.json").read_text()
    for command in (["eval", run, "--json"], ["predict", run, str(pictures), "--csv", "-o", str(folder / "painted")]):
        here, there = (cnnc(*command, "--device", device) for device in ("cpu", DEVICE))
        if command[0] == "predict":
            here, there = (x.replace("-2.png", ".png") for x in (here, there))  # the masks, painted twice
        else:
            here, there = ({k: v for k, v in json.loads(x).items() if "second" not in k} for x in (here, there))
        assert here == there, (here, there)
"""


def test_what_was_learned_there_is_measured_and_used_there(there: dict[str, str], tmp_path: Path) -> None:
    """Pages and predictions too."""
    shapes = made.shapes(24)
    masks = shapes.train.masks
    assert isinstance(shapes.train.examples, Held)
    assert isinstance(masks, Held)
    np.savez(tmp_path / "shapes.npz", x=shapes.train.examples.arrays, masks=masks.arrays)
    (tmp_path / "classes.cnn").write_text(models.CLASSIFIER)
    (tmp_path / "masks.cnn").write_text(models.UNET)
    said(there, "-c", AFTER, str(tmp_path))


def test_what_is_learned_there_is_what_is_learned_here_and_no_step_waits(there: dict[str, str]) -> None:
    """Equal to the bit, since the CPU computes for both."""
    found = [json.loads(line) for line in said(there, "-m", "tests.twin.elsewhere").splitlines()]
    assert len(found) > 20
    assert [one for one in found if one["on"] != ["twin:0"]] == []
    assert [one for one in found if not alike(one)] == []
    assert [one for one in found if waiting(one)] == []


def alike(case: dict[str, Any]) -> bool:
    """Whether both learned the same. Bytes that are resized are rounded by each device in its own way."""
    here, there = case["losses"]
    if case["case"] == "resized":
        return here == pytest.approx(there, rel=1e-2)
    return here == there and not case["apart"]


def waiting(case: dict[str, Any]) -> bool:
    """Whether more was waited for than the two epochs explain by which the runs differ."""
    assert case["steps"] > 2 * PER_EPOCH["item"]
    return any(count > 2 * PER_EPOCH.get(what, 0) for what, count in case["waits"].items())


def test_a_run_that_was_stopped_there_goes_on_to_the_same_weights(there: dict[str, str]) -> None:
    """Dropout, averages, parts of batches, steps that are drawn, pictures that processes read."""
    cases = ("adam", "adamw", "crop", "masks", "files")
    lines = said(there, "-m", "tests.twin.elsewhere", "--interrupted", *cases).splitlines()
    assert {one["case"]: one["apart"] for one in map(json.loads, lines)} == dict.fromkeys(cases, 0.0)
