"""PyTorch's files: a `state_dict`, perhaps inside a checkpoint. No code in them is ever run."""

from __future__ import annotations

import pickle
import re
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .held import Held, WeightsError
from .stored import Stored

INSIDE = ("state_dict", "model_state_dict", "model", "net", "weights", "module", "ema", "ema_state_dict", "model_ema",
          "state_dict_ema")  # fmt: skip
"""Under which keys checkpoints hold their `state_dict`, averaged weights behind those that were averaged."""

CODE = re.compile(r"GLOBAL ([\w.]+) (?:was not an allowed global|whose module)")
"""How PyTorch names what it would have to run."""

WRAPPERS = re.compile(r"^(module\.|_orig_mod\.)+")
"""What data parallelism and `torch.compile` put before every name."""

HUB = re.compile(r"-[0-9a-f]{8}$")
"""The names of files that PyTorch's hub publishes end in the beginning of their hash."""


def read_checkpoint(path: Path) -> Stored:
    """The `state_dict` of a file; WeightsError where there is none, or more than numbers."""
    import torch

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = torch.load(path, map_location="cpu", weights_only=True)
    except BROKEN as error:
        message = f"`{path}` is neither safetensors nor a checkpoint of weights alone: {reason(error)}"
        raise WeightsError(message) from error
    states = dict(inside(found, ""))
    if not states:
        raise WeightsError(f"`{path}` holds no `state_dict`: a mapping from names to tensors")
    key, state = next(iter(states.items()))
    others = ", ".join(f"`{name}`" for name in states if name != key)
    notes = (f"these are `{key}` of the file, which also holds {others}",) if others else ()
    return Stored(str(path), tensors(state, str(path)), layout(state, path.stem), notes)


BROKEN = (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError, TypeError, AttributeError, IndexError)
"""What comes of files that are damaged, or no checkpoints."""


def reason(error: Exception) -> str:
    """What is wrong, in a few words."""
    if isinstance(error, EOFError) and not str(error):
        return "it is empty or ends too soon"
    code = CODE.search(str(error))
    if code is not None:
        return f"it holds `{code[1]}`, and no code of a file is run; save the `state_dict()` alone"
    first = str(error).partition("\n")[0].partition(". ")[0]
    return "it cannot be read without running code" if first.startswith("Weights only load failed") else first


def inside(found: Any, name: str) -> Iterator[tuple[str, Any]]:
    """The mappings from names to tensors in a checkpoint, by the keys that lead there."""
    if not isinstance(found, dict):
        return
    if found and all(is_tensor(value) for value in found.values()):
        yield name, found
        return
    for key in INSIDE:
        if isinstance(found.get(key), dict):
            yield from inside(found[key], f"{name}.{key}".lstrip("."))


def is_tensor(value: Any) -> bool:
    import torch

    return isinstance(value, torch.Tensor)


def tensors(state: Any, name: str) -> dict[str, Held]:
    """The tensors of a `state_dict` by name."""
    if not isinstance(state, dict) or not all(is_tensor(value) for value in state.values()):
        raise WeightsError(f"`{name}` holds no `state_dict`: a mapping from names to tensors")
    return {WRAPPERS.sub("", str(key)): held(tensor, f"`{key}` of `{name}`") for key, tensor in state.items()}


def held(tensor: Any, what: str) -> Held:
    """WeightsError for tensors that are no plain numbers."""
    import torch

    if tensor.layout != torch.strided or tensor.is_quantized or tensor.is_complex() or tensor.is_meta:
        kind = "complex" if tensor.is_complex() else "without numbers" if tensor.is_meta else "sparse or quantized"
        raise WeightsError(f"{what} is {kind}, and no array of plain numbers")
    return Held(tuple(tensor.shape), lambda: (tensor.float() if tensor.is_floating_point() else tensor).numpy())


def layout(state: Mapping[str, Any], stem: str) -> str | None:
    """How the maker flattens maps: a `state_dict` of ours says so, other modules of PyTorch's do it channels first.

    None of a bare mapping, of which nobody knows who made it.
    """
    from ..lowering.network import FLATTENS

    modules: Mapping[str, Mapping[str, Any]] = getattr(state, "_metadata", None) or {}
    said = [str(module[FLATTENS]) for module in modules.values() if FLATTENS in module]
    if said:
        return said[0]
    counted = any(str(name).endswith(".num_batches_tracked") for name in state)
    return "channels_first" if modules or counted or HUB.search(stem) else None
