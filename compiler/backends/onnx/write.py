"""An ONNX model on disk: checked, its weights written one after another, all of it or nothing."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from math import prod
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
import onnx
from onnx import ModelProto, StringStringEntryProto, TensorProto, helper

from ...graph import Checked
from .emitter import Weights
from .form import Form
from .model import Draft, draft

LIMIT = 2**31 - 2**20
"""Bytes that fit into one file of protocol buffers; beyond it the weights go into a second file."""

ALIGNED = 4096
"""Where weights begin in a file of their own, so that it can be mapped into memory."""

GRAPH = ModelProto.DESCRIPTOR.fields_by_name["graph"].number
INITIALIZER = onnx.GraphProto.DESCRIPTOR.fields_by_name["initializer"].number
RAW = TensorProto.DESCRIPTOR.fields_by_name["raw_data"].number


def export(
    checked: Checked,
    path: str | os.PathLike[str],
    weights: Weights,
    form: Form = Form(),  # noqa: B008
    properties: Mapping[str, str] = {},
) -> None:
    """Write the network as ONNX, its numbers taken from `weights` by path (float32, PyTorch's layout).

    The weights stream into the file one by one; over 2 GB they stand in `PATH.data` beside it. `properties` join the
    model's metadata. See `draft` for the rest.
    """
    made = draft(checked, weights, form)
    made.model.metadata_props.extend(StringStringEntryProto(key=k, value=v) for k, v in properties.items())
    write(made, Path(path))


def build(checked: Checked, weights: Weights, form: Form = Form()) -> ModelProto:  # noqa: B008
    """The network as an ONNX model with its weights inside."""
    made = draft(checked, weights, form)
    made.model.graph.initializer.extend(
        onnx.numpy_helper.from_array(made.array(name), name) for name in made.held
    )  # fmt: skip
    return made.model


def write(made: Draft, path: Path) -> None:
    """Check a model and put it at `path`, so that a crash leaves what was there before."""
    check(made)
    try:
        write_beside(made, path)
    except OSError as error:  # which names the file beside it, or none
        raise OSError(error.errno, error.strerror, str(path)) from None


def write_beside(made: Draft, path: Path) -> None:
    """Into a folder beside `path`, and from there to `path`."""
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder:
        new = Path(folder) / path.name
        if made.model.ByteSize() + sum(size(made, name) for name in made.held) < LIMIT:
            write_whole(made, new)
        else:
            write_apart(made, new, f"{path.name}.data")
            os.replace(new.with_name(f"{path.name}.data"), path.with_name(f"{path.name}.data"))
        os.replace(new, path)


def check(made: Draft) -> None:
    """ONNX's full check with the weights as inputs: all that it tells of a graph but their numbers."""
    model = ModelProto()
    model.CopyFrom(made.model)
    kind = made.precision.kind
    model.graph.input.extend(helper.make_tensor_value_info(name, kind, shape) for name, shape in made.held.items())
    onnx.checker.check_model(model, full_check=True)


def size(made: Draft, name: str) -> int:
    """The bytes of a weight's numbers."""
    return prod(made.held[name]) * made.precision.dtype.itemsize


# --- one file ---------------------------------------------------------------------------------------------------------


class Entry(NamedTuple):
    """One weight among the initialisers of a graph: what stands before its numbers, and their name and size."""

    head: bytes
    name: str
    size: int


def write_whole(made: Draft, path: Path) -> None:
    """The model as one message: what it says of itself, then the graph, whose last part are the weights."""
    around = ModelProto()
    around.CopyFrom(made.model)
    around.ClearField("graph")
    graph = made.model.graph.SerializeToString()
    entries = list(initializers(made))
    with path.open("wb") as file:
        file.write(around.SerializeToString())
        file.write(opened(GRAPH, len(graph) + sum(len(entry.head) + entry.size for entry in entries)))
        file.write(graph)
        for entry in entries:
            file.write(entry.head)
            put(made, entry.name, file)
        sync(file)


def initializers(made: Draft) -> Iterator[Entry]:
    """The weights as parts of the graph, without their numbers."""
    for name, shape in made.held.items():
        count = size(made, name)
        tensor = TensorProto(name=name, dims=shape, data_type=made.precision.kind).SerializeToString()
        tensor += opened(RAW, count)
        yield Entry(opened(INITIALIZER, len(tensor) + count) + tensor, name, count)


def opened(field: int, length: int) -> bytes:
    """The beginning of a field of protocol buffers that is so many bytes long."""
    return varint(field << 3 | 2) + varint(length)


def varint(number: int) -> bytes:
    """A whole number in groups of seven bits, the lowest first, each but the last marked."""
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    found.append(number)
    return bytes(found)


def put(made: Draft, name: str, file: BinaryIO) -> None:
    """The numbers of a weight, in the order of bytes that ONNX wants, the lowest first."""
    array = made.array(name)
    little = array if sys.byteorder == "little" else array.byteswap()
    file.write(little.reshape(-1).view(np.uint8).data)


def sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


# --- two files --------------------------------------------------------------------------------------------------------


def write_apart(made: Draft, path: Path, location: str) -> None:
    """The model, and beside it the numbers of its weights, each from the beginning of a page on."""
    model = ModelProto()
    model.CopyFrom(made.model)
    with path.with_name(location).open("wb") as file:
        for name, shape in made.held.items():
            file.seek(-(-file.tell() // ALIGNED) * ALIGNED)
            tensor = model.graph.initializer.add(name=name, dims=shape, data_type=made.precision.kind)
            tensor.data_location = TensorProto.EXTERNAL
            place = {"location": location, "offset": str(file.tell()), "length": str(size(made, name))}
            tensor.external_data.extend(StringStringEntryProto(key=k, value=v) for k, v in place.items())
            put(made, name, file)
        sync(file)
    path.write_bytes(model.SerializeToString())
