"""Runs that two processes share, each with its part of the weights: `python -m tests.training.two_ranks OUT NAME...`

Imports take most of the time of a small run, so several runs follow each other in the same processes.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from cnnc.runtime.data import Dataset
from cnnc.runtime.devices import portions
from cnnc.runtime.devices.engine import Engine
from cnnc.runtime.devices.ranks import Ranks, found_ranks
from cnnc.runtime.run.run_folder import RunFolder, Unwritten
from cnnc.runtime.training.train import Trainer

from . import generated, models
from .trial import Silent, job_of


class Case(NamedTuple):
    """A run, as `trained` takes it."""

    text: str
    data: Callable[[], Dataset]
    sets: tuple[str, ...]


DEEP = """
block unit(width):
    residual:
        conv width, 3x3, pad=same, bias=false -> batchnorm -> elu
        conv width, 3x3, pad=same, bias=false -> batchnorm
        shortcut:
            if input.channels != width:
                conv width, 1x1
    elu

model Net(classes=10):
    input 8x8x1
    normalize
    conv 8, 3x3, pad=same, l2=1e-3 as stem -> batchnorm as norm -> elu
    for width in [8, 12]:
        unit width
    conv 16, 3x3, stride=2, pad=same -> layernorm -> elu
    separable_conv 16, 3x3, pad=same, l1=1e-4 -> batchnorm -> elu
    global_avgpool
    dense classes as head -> softmax
"""
"""Branches, layers within a layer, a view that is written over (layernorm -> elu), statistics that are measured.

No relu: a value that passes its kink, which sums in another order may decide, makes more than a small difference."""

AUXILIARY = """
model Net(classes=10):
    input 8x8x1
    conv 8, 3x3, pad=same -> relu as early
    early -> conv 16, 3x3, stride=2, pad=same -> relu
    global_avgpool
    dense classes -> softmax as head
    early -> global_avgpool -> dense 32, act=relu -> dense 3 as unused
    output head, unused
"""
"""One output leads to no loss."""

TWICE = """
model Net(classes=10):
    input 8x8x1
    conv 8, 3x3, pad=same -> relu as x
    share step = conv 8, 3x3, pad=same
    x -> step -> relu -> step -> relu
    conv 16, 3x3, stride=2, pad=same -> relu
    global_avgpool
    dense classes -> softmax
"""
"""A layer that runs twice."""

PHASES = f"""{DEEP}
train:
    data digits
    phase warm:
        params "stem", "unit1*", freeze=true
        optimizer sgd, lr=0.05, momentum=0.9
        epochs 1
    phase tune:
        optimizer adam, lr=0.003, eps=1e-3
        schedule plateau, patience=1, factor=0.5
        epochs 1
"""

BORDERS = "loss=binary_cross_entropy, weight_map=border(w0=5, sigma=3)"
PLAIN = ("epochs=1", "batch=97", "augment=none", "precision=fp32")
SGD = (*PLAIN, "optimizer=sgd, lr=0.05, momentum=0.9, weight_decay=1e-4")

# where a step is a gradient over its own size, `eps` keeps what rounding makes of the smallest from counting as much
CASES = {
    "sgd": Case(DEEP, generated.digits, (*SGD, "clip=norm=0.5", "average=ema, decay=0.9")),
    "parts": Case(TWICE, generated.digits, (*SGD, "batch.split=2", 'params="step", lr=0.01', "clip=value=0.01")),
    "frozen": Case(DEEP, generated.digits, (*SGD, 'params="stem", "norm", "unit*", "conv1.weight", freeze=true')),
    "lamb": Case(TWICE, generated.digits, (*PLAIN, "optimizer=lamb, lr=0.01, eps=1e-2, weight_decay=0.01")),
    "adamw": Case(DEEP, generated.digits, (*PLAIN, "optimizer=adamw, lr=0.003, eps=1e-3", "average=polyak")),
    "rmsprop": Case(DEEP, generated.digits, (*PLAIN, "optimizer=rmsprop, lr=0.001, momentum=0.9, eps=1e-3")),
    "adagrad": Case(DEEP, generated.digits, (*PLAIN, "optimizer=adagrad, lr=0.01, eps=1e-3")),
    "adadelta": Case(DEEP, generated.digits, (*PLAIN, "optimizer=adadelta, lr=1")),
    "auxiliary": Case(AUXILIARY, generated.digits, SGD),
    "twice": Case(TWICE, generated.digits, SGD),
    "vae": Case(models.VAE, generated.digits, (*PLAIN, "optimizer=sgd, lr=1e-4, momentum=0.9")),
    "phases": Case(PHASES, generated.digits, ("batch=97", "augment=none", "precision=fp32", "average=ema, decay=0.9")),
    "masks": Case(models.UNET, lambda: generated.shapes(60, classes=3), (*SGD, "batch=15", BORDERS)),
}


PARTS = {"sgd": 3, "auxiliary": 1, "twice": 1, "vae": 2}
"""Few large units: by itself so small a network is taken layer by layer."""


def run(name: str, out: Path, ranks: Ranks) -> None:
    case = CASES[name]
    portions.PARTS = PARTS.get(name, 16)
    job = job_of(case.text, case.data(), *case.sets)
    engine = Engine("cpu", "fp32", ranks=ranks, several=len(job.checked.outputs) > 1)
    folder = RunFolder(out / name) if ranks.first else Unwritten(out / name)
    (out / name).mkdir(exist_ok=True, parents=True)
    trainer = Trainer(job, folder, engine, Silent())
    if folder.checkpoint.exists():
        trainer.restore()
    else:
        trainer.prepare()
    trainer.run()
    sizes = {path: weight.to_local().numel() for path, weight in trainer.net.named_parameters()}  # type: ignore[attr-defined]
    (out / name / f"sizes{ranks.rank}.json").write_text(json.dumps(sizes))


def main() -> None:
    ranks = found_ranks(2, None)._replace(split=True)
    for name in sys.argv[2:]:
        run(name, Path(sys.argv[1]), ranks)


if __name__ == "__main__":
    main()
