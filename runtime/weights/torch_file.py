"""PyTorch's files: a `state_dict`, perhaps inside a checkpoint. No code in them is ever run."""

from __future__ import annotations

import pickle
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .held import Held, WeightsError
from .stored import Stored

INSIDE = ("state_dict", "model_state_dict", "model", "net", "weights")
"""Under which keys checkpoints hold their `state_dict`."""

WRAPPERS = re.compile(r"^(module\.|_orig_mod\.)+")
"""What data parallelism and `torch.compile` put before every name."""

HUB = re.compile(r"-[0-9a-f]{8}$")
"""The names of files that PyTorch's hub publishes end in the beginning of their hash."""


def read_checkpoint(path: Path) -> Stored:
    """The `state_dict` of a file; WeightsError where there is none, or more than numbers."""
    import torch

    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, UnicodeDecodeError, ValueError, KeyError) as error:
        reason = str(error).partition("\n")[0].partition(". ")[0]
        raise WeightsError(f"`{path}` is neither safetensors nor a checkpoint of weights alone: {reason}") from error
    state = next((found[key] for key in INSIDE if isinstance(found, dict) and isinstance(found.get(key), dict)), found)
    return Stored(str(path), tensors(state, str(path)), layout(state, path.stem))


def tensors(state: Any, name: str) -> dict[str, Held]:
    """The tensors of a `state_dict` by name."""
    import torch

    if not isinstance(state, dict) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise WeightsError(f"`{name}` holds no `state_dict`: a mapping from names to tensors")
    return {WRAPPERS.sub("", key): held(tensor) for key, tensor in state.items()}


def held(tensor: Any) -> Held:
    return Held(tuple(tensor.shape), lambda: (tensor.float() if tensor.is_floating_point() else tensor).numpy())


def layout(state: Mapping[str, Any], stem: str) -> str | None:
    """How the maker flattens maps: a `state_dict` of ours says so, other modules of PyTorch's do it channels first.

    None of a bare mapping, of which nobody knows who made it.
    """
    from ..network import FLATTENS

    modules: Mapping[str, Mapping[str, Any]] = getattr(state, "_metadata", None) or {}
    said = [str(module[FLATTENS]) for module in modules.values() if FLATTENS in module]
    if said:
        return said[0]
    counted = any(name.endswith(".num_batches_tracked") for name in state)
    return "channels_first" if modules or counted or HUB.search(stem) else None
