"""Trainings on the CPU and on the device of device.py, side by side: what differs, and how often one waits.

    python -m tests.twin.elsewhere [--interrupted] [CASE...]

prints a line of JSON for each case.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import torch
from cnnc.runtime.data import Dataset
from cnnc.runtime.devices.engine import Engine
from cnnc.runtime.run.run_folder import RunFolder
from cnnc.runtime.training.train import Trainer

from ..data_sources.made import fill, opened
from ..training import generated as made
from ..training import models
from ..training.trial import Silent, Trial, job_of, trained
from .device import DEVICE, waits

EPOCHS = (1, 3)
"""Two runs, whose difference is that of steps alone."""
COLOURS = models.CLASSIFIER.replace("8x8x1", "16x16x3")
PAIRS = ("data=digits, sample=pairs()", "loss=contrastive, on=(a, b)", "batch=256")
BORDERS = ("loss=binary_cross_entropy, weight_map=border(w0=5, sigma=3)", "augment=hflip -> affine rotation=10")
DEEP = models.CLASSIFIER.replace("dense classes", "dropout 0.3 -> dense classes")


class Case(NamedTuple):
    """What is trained: a text, data, settings of its recipe."""

    text: str
    data: Dataset
    sets: tuple[str, ...] = ()
    model: str | None = None


def digits(*sets: str, text: str = models.CLASSIFIER) -> Case:
    return Case(text, made.digits(), ("augment=none", *sets))


def photos(*chain: str) -> Case:
    """Pictures in memory, larger than the network takes them."""
    return Case(COLOURS, made.photos(96, 24), (f"augment={' -> '.join(chain)}", "loss=cross_entropy", "batch=16"))


def cases(folder: Path) -> dict[str, Case]:
    """Every task, every step of augmentation, every optimizer and what else touches tensors."""
    for name in ("cat", "dog"):
        fill(folder / name, 20, (40, 30))
    files = opened(folder, split=0.7)
    return {
        "files": Case(COLOURS, files, ("augment=resized_crop 16 -> hflip -> color_jitter 0.3 -> erase", "batch=8")),
        "crop": photos("crop 16, pad=2", "hflip", "vflip", "normalize imagenet"),
        "place": photos("affine rotation=20, shear=5, shift=0.1, zoom=0.2", "elastic 2", "center_crop 16"),
        "resized": photos("resize 16", "hflip"),
        "colours": photos("crop 16", "brightness 0.3", "contrast 0.3", "saturation 0.3", "hue 0.1", "exposure 1.5"),
        "more colours": photos("crop 16", "lighting 0.1", "channel_shift 20", "trivial_augment", "standardize"),
        "two": photos("crop 16", "histogram_match", "noise 0.1", "erase", "normalize imagenet"),
        "masks": Case(models.UNET, made.shapes(40), ("augment=hflip -> affine rotation=10 -> elastic 2", "batch=8")),
        "borders": Case(models.UNET, made.shapes(40, classes=3), (*BORDERS, "batch=8, split=2")),
        "series": Case(models.SERIES, made.series(60), ("batch=16",)),
        "volumes": Case(models.VOLUMES, made.volumes(32, 16), ("augment=hflip", "batch=8")),
        "values": Case(models.VALUES, made.values(80), ("batch=16",)),
        "tags": Case(models.TAGS, made.tags(80), ("batch=16",)),
        "given back": Case(models.AUTOENCODER, made.digits(), ("augment=noise 0.1 -> erase", "batch=256")),
        "variational": Case(models.VAE, made.digits(), ("batch=256",)),
        "triplets": Case(models.EMBEDDING, made.digits(), ("data=digits, sample=triplets()",)),
        "all pairs": Case(models.EMBEDDING, made.digits(), ("loss=contrastive", "batch=64"), model="Single"),
        "pairs": Case(models.EMBEDDING, made.digits(), PAIRS, model="Twins"),
        "sgd": digits("optimizer=sgd, lr=0.05, momentum=0.9, nesterov=true", "clip=norm=1", "schedule=cosine"),
        "adam": digits("optimizer=adam, lr=1e-3", "batch=256, split=4", "average=ema, decay=0.9", text=DEEP),
        "adamw": digits("mix=one_of, mixup=0.2, cutmix=1.0", "loss=cross_entropy, smoothing=0.1", "batch=128"),
        "rmsprop": digits("optimizer=rmsprop, lr=1e-3", "average=polyak", "batch=128"),
        "adagrad": digits("optimizer=adagrad, lr=1e-2", "clip=value=0.1", "batch=128"),
        "lamb": digits("optimizer=lamb, lr=1e-2", "metrics=top(3)", "batch=128"),
    }  # fmt: skip


def compared(name: str, case: Case, folder: Path) -> dict[str, Any]:
    """The largest difference of a weight, and the waits of a step."""
    runs: dict[str, Trial] = {}
    waited: list[tuple[int, dict[str, int]]] = []
    for epochs in EPOCHS:
        for device in ("cpu", DEVICE):
            waits()
            where, sets = folder / f"{name} {device} {epochs}", (*case.sets, f"epochs={epochs}")
            runs[device] = trained(where, case.text, case.data, *sets, model=case.model, device=device)
        waited.append((runs[DEVICE].trainer.position.step, waits()))
    here, there = (runs[device].trainer.net.state_dict() for device in ("cpu", DEVICE))
    apart = max(float((here[key] - there[key].cpu()).abs().max()) for key in here)
    (few, before), (many, after) = waited
    more = {what: after.get(what, 0) - before.get(what, 0) for what in after}
    figures = [runs[device].rows[-1]["loss"] for device in ("cpu", DEVICE)]
    devices = {str(value.device) for value in there.values()}
    return {"case": name, "apart": apart, "losses": figures, "steps": many - few, "waits": more, "on": sorted(devices)}


def interrupted(name: str, case: Case, folder: Path) -> dict[str, Any]:
    """How far the weights of a run that was stopped within an epoch and went on are from those of one that was not."""
    sets, where = (*case.sets, "epochs=2"), folder / f"{name} in two"
    whole = trained(folder / f"{name} whole", case.text, case.data, *sets, model=case.model, device=DEVICE)
    job = job_of(case.text, case.data, *sets, model=case.model)
    where.mkdir()
    stops = iter([False] * 3 + [True])
    first = Trainer(job, RunFolder(where), Engine(DEVICE, "fp32"), Silent(), lambda: next(stops))
    first.prepare()
    assert first.run().figures is None
    second = Trainer(job, RunFolder(where), Engine(DEVICE, "fp32"), Silent())
    second.restore()
    second.run()
    here, there = whole.trainer.net.state_dict(), second.net.state_dict()
    return {"case": name, "apart": max(float((here[key] - there[key]).abs().max()) for key in here)}


def main(wanted: list[str]) -> None:
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        for name, case in cases(Path(folder) / "files").items():
            if "--interrupted" in wanted and name in wanted:
                print(json.dumps(interrupted(name, case, Path(folder))), flush=True)
            elif not wanted or name in wanted:
                print(json.dumps(compared(name, case, Path(folder))), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
