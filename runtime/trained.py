"""A trained model at work: a run folder, a file with weights, or ONNX, and how it wants its pictures."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..compiler.diagnostics import UserError
from ..compiler.graph import Checked
from ..compiler.recipes.steps import Step
from .data import Split
from .data.dataset import Array
from .data.files import Pictures
from .data.picture import plain
from .feed import Feed, Wanted, even
from .job import evaluation, recipe_of
from .judged import Judged
from .losses import ACTIVATIONS, probabilities
from .lower import lower
from .measure import several
from .weights import load_into

BATCH = 64
PART = 512
"""Examples between two looks at the clock."""

Predict = Callable[[Tensor], Tensor]
"""From prepared pictures (N, C, H, W) to probabilities (N, classes)."""


class Preparation(NamedTuple):
    """What a network takes and what its outputs mean."""

    classes: tuple[str, ...]
    steps: tuple[Step, ...]
    wanted: Wanted
    head: str | None

    @classmethod
    def of(cls, config: dict[str, Any]) -> Preparation:
        """As `config.json` says."""
        steps = evaluation(recipe_of(config))
        wanted = Wanted(tuple(config["input"]), config["to_255"])
        return cls(tuple(config["data"]["classes"]), steps, wanted, config["head"])


class Trained(NamedTuple):
    """A network ready to classify."""

    predict: Predict
    preparation: Preparation


class Answer(NamedTuple):
    """The classes of one picture and their probabilities, the most probable first."""

    name: str
    top: tuple[tuple[str, float], ...]

    @property
    def label(self) -> str:
        """The most probable class."""
        return self.top[0][0]

    @property
    def confidence(self) -> float:
        """Its probability."""
        return self.top[0][1]


class Loaded(NamedTuple):
    """Examples that lie in memory, each of its own size."""

    names: tuple[str, ...]
    arrays: tuple[Array, ...]

    def __len__(self) -> int:
        return len(self.arrays)

    def load(self, number: int) -> Array:
        return self.arrays[number]

    def name(self, number: int) -> str:
        return self.names[number]

    def split(self) -> Split:
        """All of them, without labels."""
        numbers = np.arange(len(self))
        return Split(self, numbers, np.zeros(len(self), np.int64))


def from_weights(checked: Checked, weights: str | Path, preparation: Preparation) -> Trained:
    """The lowered network with the weights of a file, in full precision."""
    net = lower(checked, seed=None, head="folded")
    load_into(net, checked, weights)
    net.eval()
    folded = net.folded[0]

    @torch.inference_mode()
    def predict(x: Tensor) -> Tensor:
        return probabilities(several(net(x))[0], folded)

    return Trained(predict, preparation)


def from_onnx(path: str) -> Trained:
    """An exported run, by ONNX Runtime; how pictures are prepared stands in its metadata."""
    try:
        import onnxruntime
    except ImportError:
        raise UserError("ONNX Runtime is not installed: `pip install cnnc[onnxruntime]`") from None
    if not Path(path).is_file():
        raise FileNotFoundError(2, "No such file or directory", path)
    try:
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises classes of its own for each kind of fault
        raise UserError(f"{path}: ONNX Runtime cannot read it: {str(error).splitlines()[0]}") from None
    found = session.get_modelmeta().custom_metadata_map.get("cnnc.run")
    if found is None:
        raise UserError(f"{path}: it does not say how pictures are prepared: export it from a run, `cnnc export RUN`")
    preparation = Preparation.of(json.loads(found))
    name = session.get_inputs()[0].name

    def predict(x: Tensor) -> Tensor:
        (output, *_) = session.run(None, {name: np.ascontiguousarray(x.numpy())})
        return finished(torch.from_numpy(output), preparation.head)

    return Trained(predict, preparation)


def finished(output: Tensor, head: str | None) -> Tensor:
    """Probabilities from an output that has its last activation."""
    if output.shape[-1] == 1:
        yes = output if head == "sigmoid" else torch.sigmoid(output)
        return torch.cat([1 - yes, yes], 1)
    return output if head in ACTIVATIONS else output.softmax(-1)


def pictures(paths: Sequence[str]) -> Split:
    """Files, and the picture files in folders, as a split without labels."""
    found: list[Path] = []
    for text in paths:
        path = Path(text)
        if path.is_dir():
            found.extend(Pictures.below(path))
        elif path.is_file():
            found.append(path)
        else:
            raise FileNotFoundError(2, "No such file or directory", text)
    if not found:
        raise UserError(f"no picture in {', '.join(paths)}")
    numbers = np.arange(len(found))
    return Split(Pictures(found), numbers, np.zeros(len(found), np.int64))


def given(what: Any, rank: int) -> Split:
    """What Python hands over: paths, pictures of PIL, arrays of `rank` dimensions or a batch of such, or a list."""
    several = what if isinstance(what, (list, tuple)) else [what]
    if all(isinstance(one, (str, os.PathLike)) for one in several):
        return pictures([os.fspath(one) for one in several])
    arrays = [array for one in several for array in as_arrays(one, rank)]
    return Loaded(tuple(f"[{i}]" for i in range(len(arrays))), tuple(arrays)).split()


def as_arrays(one: Any, rank: int) -> Iterator[Array]:
    """The examples in one thing; gray pictures may come without channels."""
    if hasattr(one, "getexif"):  # a picture of PIL
        yield np.atleast_3d(np.array(plain(one)))
        return
    found = np.asarray(one)
    if found.ndim == rank + 1:
        yield from found
    elif found.ndim in (rank, rank - 1):
        yield found if found.ndim == rank else found[..., None]
    else:
        raise UserError(f"an example has {rank} dimensions, a batch {rank + 1}, found {found.ndim}")


def classify(trained: Trained, split: Split, top: int = 5) -> Iterator[Answer]:
    """The most probable classes of each picture, in order."""
    classes = trained.preparation.classes
    for positions, found in shares(trained, split):
        best = found.topk(min(top, found.shape[1]), 1)
        for position, values, indices in zip(positions, best.values.tolist(), best.indices.tolist()):
            name = split.examples.name(int(split.numbers[position]))
            yield Answer(name, tuple((class_name(classes, i), v) for i, v in zip(indices, values)))


def class_name(classes: tuple[str, ...], number: int) -> str:
    return classes[number] if number < len(classes) else str(number)


def shares(trained: Trained, split: Split) -> Iterator[tuple[NDArray[np.int64], Tensor]]:
    """Positions and probabilities, batch by batch."""
    preparation = trained.preparation
    feed = Feed(split, preparation.steps, preparation.wanted, 0)
    parts = np.array_split(np.arange(len(split)), even(len(split), BATCH))
    for batch in feed.batches((0, positions) for positions in parts):
        yield batch.positions, trained.predict(batch.x)


def judged(trained: Trained, split: Split, seconds: float | None = None) -> Judged:
    """What the model says of each example; of as many as that takes, in random order, where time is given."""
    order = np.arange(len(split))
    if seconds is not None:
        order = np.random.default_rng(0).permutation(order)
    classes, began, parts = trained.preparation.classes, time.perf_counter(), []
    for some in np.array_split(order, even(len(order), PART)) if seconds is not None else [order]:
        part = split.at(some)
        parts += [Judged.of(classes, some[at], part.labels[at], found) for at, found in shares(trained, part)]
        if seconds is not None and time.perf_counter() - began > seconds:
            break
    return Judged.together(classes, parts)
