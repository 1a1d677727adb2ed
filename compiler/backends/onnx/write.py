"""An ONNX model on disk: checked, and all of it or nothing."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

import onnx
from onnx import ModelProto

from ...graph import Checked
from .emitter import Weights
from .model import OPSET, build

LIMIT = 2**31 - 2**20
"""Bytes that fit into one file of protocol buffers; beyond it the weights go into a second file."""


def export(
    checked: Checked,
    path: str | os.PathLike[str],
    weights: Weights,
    *,
    opset: int = OPSET,
    first_only: bool = False,
    properties: Mapping[str, str] = {},
) -> None:
    """Write the network as ONNX, its numbers taken from `weights` by path (float32, PyTorch's layout).

    The model holds its weights; over 2 GB they stand in `PATH.data` beside it. `properties` join the model's metadata.
    See `build` for the rest.
    """
    model = build(checked, weights, opset=opset, first_only=first_only)
    model.metadata_props.extend(onnx.StringStringEntryProto(key=k, value=v) for k, v in properties.items())
    write(model, Path(path))


def write(model: ModelProto, path: Path) -> None:
    """Check a model and put it at `path`, so that a crash leaves what was there before."""
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder:
        draft = Path(folder) / path.name
        if size(model) < LIMIT:
            onnx.checker.check_model(model, full_check=True)
            onnx.save_model(model, draft)
        else:
            onnx.save_model(model, draft, save_as_external_data=True, location=f"{path.name}.data")
            onnx.checker.check_model(draft, full_check=True)
            os.replace(f"{draft}.data", f"{path}.data")
        os.replace(draft, path)


def size(model: ModelProto) -> int:
    """Bytes of the weights, which are nearly all of a model."""
    return sum(len(tensor.raw_data) for tensor in model.graph.initializer)
