"""Weights on disk: safetensors and PyTorch checkpoints in, safetensors out. Only checkpoints load torch."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..compiler.diagnostics import UserError
from ..compiler.graph import Checked
from .flattened import reordered

Array = np.ndarray[Any, Any]
Arrays = dict[str, Array]

OURS = {"producer": "cnnc", "flatten": "channels_last"}
"""What our files say of themselves: a flattened map lies in the written order, so nothing is to be permuted."""

LAYOUTS = ("channels_first", "channels_last")

SHOWN = 5
"""Misfits that a message spells out."""


class WeightsError(UserError):
    """Weights that cannot be read, or are not those of the network."""


class Stored(NamedTuple):
    """What a file of weights holds."""

    name: str
    arrays: Arrays
    metadata: Mapping[str, str]


def load(checked: Checked, path: str | os.PathLike[str], layout: str | None = None) -> Arrays:
    """The weights of a file, by path, in the network's shapes. Raises WeightsError with what does not fit.

    `layout` is the order in which whoever made the file flattens maps: `channels_first` for PyTorch and torchvision,
    `channels_last` for ours. Our own safetensors say so themselves; elsewhere it must be said if the network
    flattens a map.
    """
    stored = read(path)
    fitting(checked, stored)
    arrays = {path: stored.arrays[path] for path in checked.weights}
    orders = reordered(checked)
    if not orders:
        return arrays
    layout = layout or stored.metadata.get("flatten")
    if layout not in LAYOUTS:
        raise WeightsError(
            f"`{stored.name}` does not say how it flattens maps, which the order of `{next(iter(orders))}` depends on: "
            "say `channels_first` for weights from PyTorch or torchvision, `channels_last` for ours"
        )
    if layout == "channels_first":
        arrays.update({path: order.to_channels_last(arrays[path]) for path, order in orders.items()})
    return arrays


def load_into(module: Any, checked: Checked, path: str | os.PathLike[str], layout: str | None = None) -> None:
    """Fill a lowered network with the weights of a file; as `load`."""
    import torch

    arrays = load(checked, path, layout)
    module.load_state_dict({name: torch.from_numpy(array) for name, array in arrays.items()})


def fitting(checked: Checked, stored: Stored) -> None:
    """WeightsError unless the file holds exactly the network's weights."""
    misfits = list(differences(checked, stored.arrays))
    if misfits:
        more = [f"and {len(misfits) - SHOWN} more"] if len(misfits) > SHOWN else []
        lines = "".join(f"\n  {line}" for line in misfits[:SHOWN] + more)
        raise WeightsError(f"`{stored.name}` does not hold the weights of `{checked.name}`:{lines}")


def differences(checked: Checked, arrays: Mapping[str, Array]) -> Iterator[str]:
    """What is missing, what has another shape, what the network has not; one line each."""
    for path, weight in checked.weights.items():
        if path not in arrays:
            yield f"{path}: {sizes(weight.shape)} in the network, missing in the file"
        elif arrays[path].shape != weight.shape:
            yield f"{path}: {sizes(weight.shape)} in the network, {sizes(arrays[path].shape)} in the file"
    for path in arrays:
        if path not in checked.weights:
            yield f"{path}: {sizes(arrays[path].shape)} in the file, unknown to the network"


def sizes(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) or "one number"


# --- files ------------------------------------------------------------------------------------------------------------


def read(path: str | os.PathLike[str]) -> Stored:
    """The arrays of a .safetensors file or of a PyTorch checkpoint, without torch's `num_batches_tracked`."""
    file = Path(path)
    with file.open("rb"):
        pass  # an OSError that names the file, before a library says it in its own way
    found, metadata = read_safetensors(file) if file.suffix == ".safetensors" else (read_checkpoint(file), {})
    kept = {name: array for name, array in found.items() if not name.endswith("num_batches_tracked")}
    return Stored(str(path), kept, metadata)


def read_safetensors(file: Path) -> tuple[Arrays, Mapping[str, str]]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, framework="numpy") as opened:
            return {name: opened.get_tensor(name) for name in opened.keys()}, opened.metadata() or {}  # noqa: SIM118
    except SafetensorError as error:
        raise WeightsError(f"`{file}` is no safetensors file: {error}") from error


def read_checkpoint(file: Path) -> Arrays:
    """A `state_dict` saved by torch, perhaps inside a checkpoint; code in the file is never run."""
    import pickle

    import torch

    try:
        found = torch.load(file, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError) as error:
        raise WeightsError(
            f"`{file}` is neither safetensors nor a checkpoint of weights alone: {first(error)}"
        ) from error
    for key in ("state_dict", "model_state_dict", "model"):
        if isinstance(found, dict) and isinstance(found.get(key), dict):
            found = found[key]
    if not isinstance(found, dict) or not all(isinstance(v, torch.Tensor) for v in found.values()):
        raise WeightsError(f"`{file}` holds no `state_dict`: a mapping from names to tensors")
    return {name.removeprefix("module."): tensor.float().numpy() for name, tensor in found.items()}


def first(error: Exception) -> str:
    """The first sentence of a library's message."""
    return str(error).partition("\n")[0].partition(". ")[0]


def save(path: str | os.PathLike[str], weights: Mapping[str, Any], metadata: Mapping[str, str] | None = None) -> None:
    """Write arrays or tensors as safetensors: all of the file or nothing of it."""
    from safetensors.numpy import save as encoded

    arrays = {name: np.ascontiguousarray(as_array(value)) for name, value in weights.items()}
    replace(Path(path), encoded(arrays, {**OURS, **(metadata or {})}))


def as_array(value: Any) -> Array:
    return np.asarray(value if isinstance(value, np.ndarray) else value.detach().cpu())


def replace(path: Path, data: bytes) -> None:
    """Write a file beside `path` and move it there, so that a crash leaves the old one or the new one."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o666 & ~umask())
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def umask() -> int:
    """The process's file mode mask, which can only be read by setting it."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
