"""`imagenet`: the published weights of this model, or of the model of the zoo that is a part of it.

Which those are is told by the file that the model comes from: `torchvision:NAME` for zoo/NAME.cnn, the best that
torchvision has for ImageNet; `keras:NAME` for zoo/keras/NAME.cnn.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from ...compiler.diagnostics import UserError
from ...compiler.graph import Checked
from ...compiler.locate import ZOO, locate
from ...compiler.ops.base import weight_key
from ...compiler.source import Frame
from .fit import wanted
from .held import WeightsError
from .keras_published import FILES
from .read import IMAGENET

BY_NAME = "say `torchvision:NAME` or `keras:NAME` for those of another model, or give a file"


class Origin(NamedTuple):
    """A published model in a network: the prefix of its weights, and the name of those published."""

    path: str
    weights: str


def imagenet(checked: Checked, part: str | None) -> tuple[str, str]:
    """The prefix of the weights that are meant, and the name of those published; WeightsError where there are none."""
    whom = f"`{checked.name}`" if part is None else f"`{part}` of `{checked.name}`"
    found = sorted(set(origins(checked, part)))
    if not found:
        raise WeightsError(f"neither torchvision nor Keras publishes weights for ImageNet of {whom}: {BY_NAME}")
    if len(found) > 1:
        places = ", ".join(f"`{origin.path}`" for origin in found)
        raise WeightsError(f"`{IMAGENET}` may mean several parts of {whom}: name one, {places}")
    return found[0]


def origins(checked: Checked, part: str | None) -> Iterator[Origin]:
    """The published models that the weights in question belong to, the outermost of each."""
    keys = set(wanted(checked, part))
    known: dict[Frame, Origin | None] = {}
    for layer in checked.layers:
        if not keys.intersection(weight_key(layer.name, name) for name in layer.node.facts.weights):
            continue
        frame = layer.node.frame
        if frame not in known:
            found = [Origin(f.path, name) for f in frame.outward() if (name := published_name(f))]
            known[frame] = found[-1] if found else None
        origin = known[frame]
        if origin is not None:
            yield origin


def published_name(frame: Frame) -> str | None:
    """The name of what is published for the model of a frame, by the file that declares it."""
    if frame.kind != "model":
        return None
    return next(filter(None, (named(source.name) for source in frame.declared)), None)


@cache
def named(source: str) -> str | None:
    try:
        path = locate(source)[0].resolve()
    except UserError:
        return None
    if path.parent == ZOO / "keras":
        return f"keras:{path.stem}" if path.stem in FILES else None
    return recommended(path.stem) if path.parent == ZOO else None


def recommended(name: str) -> str | None:
    """The weights that torchvision recommends, where they are for ImageNet."""
    import torchvision.models as models

    if name not in models.list_models(module=models):
        return None
    weights = models.get_model_weights(name).DEFAULT
    return f"torchvision:{weights}" if "IMAGENET" in weights.name else None
