"""A trained model at work: a run folder, a file with weights, or ONNX, and how it wants its pictures."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from ...compiler.diagnostics import UserError
from ...compiler.graph import Checked
from ...compiler.recipes.steps import Normalize, Step
from ..augment import sizing
from ..augment.whiten import whitens
from ..batches.stock import Wanted
from ..devices.available import allow_tf32
from ..devices.layout import laid_out
from ..jobs.job import evaluation, recipe_of
from ..lowering.lower import lower
from ..measuring.criterion import several
from ..measuring.losses import ACTIVATIONS, activated, probabilities
from ..run.run_folder import RUN
from ..weights import load_into
from .given import BRIGHT

Predict = Callable[[Tensor], Tensor]
"""From prepared examples (N, C, spatial...) to probabilities (N, classes, spatial...), of tags, or to values."""


class Preparation(NamedTuple):
    """What a network takes and what its outputs mean."""

    classes: tuple[str, ...]
    steps: tuple[Step, ...]
    wanted: Wanted
    head: str | None
    """The activation that ends the first output, where a loss contains it."""
    task: str = "classification"

    @property
    def brightest(self) -> float:
        """What no float of a picture is above: far beyond the mean that is subtracted, or beyond 1."""
        means = [abs(n) for step in self.steps if isinstance(step, Normalize) for n in step.statistics[0]]
        return BRIGHT * max([1.0, *means])

    @classmethod
    def of(cls, config: dict[str, Any]) -> Preparation:
        """As `config.json` says."""
        steps = evaluation(recipe_of(config))
        wanted = Wanted(tuple(config["input"]), config["to_255"])
        task = config.get("task", "classification")
        return cls(tuple(config["data"]["classes"]), steps, wanted, config["head"], task)


class Trained(NamedTuple):
    """A network at work. `device` is where `predict` takes examples; it gives what it found to the CPU."""

    predict: Predict
    preparation: Preparation
    device: torch.device = torch.device("cpu")


def from_weights(checked: Checked, weights: str | Path, preparation: Preparation, device: torch.device) -> Trained:
    """The lowered network with the weights of a file, in full precision."""
    net = lower(checked, seed=None, head="folded")
    load_into(net, checked, weights)
    net = laid_out(net).to(device).eval()
    allow_tf32(device.type, False)
    folded = net.folded[0]

    @torch.inference_mode()
    def predict(x: Tensor) -> Tensor:
        return meant(preparation.task, several(net(x))[0], folded).cpu()

    return Trained(predict, preparation, device)


PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}
"""What computes on a device in ONNX Runtime."""


def from_onnx(path: str, device: str = "auto") -> Trained:
    """An exported run, by ONNX Runtime; how pictures are prepared stands in its metadata."""
    try:
        import onnxruntime
    except ImportError:
        raise UserError("ONNX Runtime is not installed: `pip install cnnc[onnxruntime]`") from None
    if not Path(path).is_file():
        raise FileNotFoundError(2, "No such file or directory", path)
    there = [kind for kind, name in PROVIDERS.items() if name in onnxruntime.get_available_providers()]
    kind = {"auto": there[-1], "gpu": "cuda"}.get(device, device)
    if kind not in there:
        raise UserError(f"the ONNX Runtime that is installed has no device `{device}`, only {', '.join(there)}")
    try:
        session = onnxruntime.InferenceSession(path, providers=list(dict.fromkeys([PROVIDERS[kind], PROVIDERS["cpu"]])))
    except Exception as error:  # onnxruntime raises classes of its own for each kind of fault
        raise UserError(f"{path}: ONNX Runtime cannot read it: {str(error).splitlines()[0]}") from None
    found = session.get_modelmeta().custom_metadata_map.get(RUN)
    if found is None:
        raise UserError(f"{path}: it does not say how pictures are prepared: export it from a run, `cnnc export RUN`")
    decoded = session.get_inputs()[0].type == "tensor(uint8)"
    preparation = Preparation.of(json.loads(found))
    if decoded:  # of what `evaluate:` does only the sizes are not in the file
        sizes = tuple(step for step in preparation.steps if sizing(step))
        preparation = preparation._replace(steps=sizes, wanted=preparation.wanted._replace(to_255=False))
    if any(map(whitens, preparation.steps)):
        raise UserError(f"{path}: ONNX lacks what `standardize zca=true` measured: give the run folder")
    name = session.get_inputs()[0].name

    def predict(x: Tensor) -> Tensor:
        given = x.mul(255).round().to(torch.uint8).movedim(1, -1) if decoded else x
        (output, *_) = session.run(None, {name: np.ascontiguousarray(given.numpy())})
        return meant_whole(preparation.task, torch.from_numpy(output), preparation.head)

    return Trained(predict, preparation)


VALUES = ("regression", "reconstruction", "embedding")
"""Tasks whose outputs are what they are, no probabilities."""


def meant(task: str, output: Tensor, folded: str | None) -> Tensor:
    """Probabilities or values, from an output without the activation that ends it."""
    if task in VALUES:
        return activated(output.float(), folded)
    return torch.sigmoid(output.float()) if task == "tagging" else probabilities(output, folded)


def meant_whole(task: str, output: Tensor, head: str | None) -> Tensor:
    """The same from an output that has its activation, as exported models give it."""
    if task in VALUES:
        return output
    if task == "tagging":
        return output if head == "sigmoid" else torch.sigmoid(output)
    if output.shape[1] == 1:
        yes = output if head == "sigmoid" else torch.sigmoid(output)
        return torch.cat([1 - yes, yes], 1)
    return output if head in ACTIVATIONS else output.softmax(1)
