"""Weights that torchvision publishes, by their name: `ResNet34_Weights.IMAGENET1K_V1`, or `resnet34` for the best."""

from __future__ import annotations

import re
import sys
from contextlib import redirect_stdout
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from .held import WeightsError
from .stored import Stored
from .torch_file import tensors

DENSE_LAYER = re.compile(r"(\.denselayer\d+\.(?:norm|relu|conv))\.([12]\.)")
"""Published DenseNets write `conv.1` for what is now `conv1`."""

RENORMALISED = (
    "torchvision's {} turns pictures normalised for ImageNet into (x - 0.5) / 0.5 before its first layer: "
    "feed them so, `normalize mean=[0.5, 0.5, 0.5], std=[0.5, 0.5, 0.5]`"
)
"""What torchvision does to the input of networks whose weights come from TensorFlow."""


def published(name: str) -> Stored:
    """The weights of that name, downloaded where they are not on the disk yet; WeightsError where that fails."""
    weights = entry(name)
    try:
        with redirect_stdout(sys.stderr):  # torch.hub says there what it downloads
            state = weights.get_state_dict(progress=False, check_hash=True)
    except (OSError, RuntimeError) as error:  # of urllib for the network, of torch.hub for a wrong hash
        raise WeightsError(f"`torchvision:{name}` cannot be downloaded ({error}): {by_hand(weights.url)}") from error
    held = {DENSE_LAYER.sub(r"\1\2", key): array for key, array in tensors(state, name).items()}
    return Stored(f"torchvision:{weights}", held, "channels_first", notes(weights))


def entry(name: str) -> Any:
    """The record of torchvision's; WeightsError with the nearest name."""
    import torchvision.models as models

    try:
        return models.get_weight(name) if "." in name else models.get_model_weights(name).DEFAULT
    except (ValueError, KeyError, AttributeError):
        raise WeightsError(f"torchvision publishes no weights `{name}`{nearest(name, models)}") from None


def nearest(name: str, models: Any) -> str:
    known = models.list_models()
    model = name.lower().partition("_weights")[0]
    if "." in name and (near := [n for n in known if n.replace("_", "") == model.replace("_", "")]):
        return f": there are {', '.join(map(str, models.get_model_weights(near[0])))}"
    close = get_close_matches(model, known, n=1)
    return f": did you mean `torchvision:{close[0]}`?" if close else ""


def by_hand(url: str) -> str:
    """Where to put which file on a machine without a network."""
    from torch import hub

    place = Path(hub.get_dir()) / "checkpoints" / url.rpartition("/")[2]
    return f"put the file {url} at {place}, or give its path"


def family(weights: Any) -> str:
    return type(weights).__name__.removesuffix("_Weights")


def notes(weights: Any) -> tuple[str, ...]:
    name = family(weights)
    return (RENORMALISED.format(name),) if name in ("GoogLeNet", "Inception_V3") else ()
