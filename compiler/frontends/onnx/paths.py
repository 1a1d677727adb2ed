"""Names of ONNX nodes and weights -> dotted paths, as frameworks leave them."""

from __future__ import annotations

import re
from collections.abc import Sequence

NUMBERED = re.compile(r"^(onnx::|_v_|val_)|^\d+$|::")
"""Names that an exporter made up."""

ENDINGS = ("weight", "bias", "running_mean", "running_var", "weight_g", "weight_v", "kernel", "gamma", "beta", "mean",
           "variance", "depthwise.weight", "pointwise.weight")  # fmt: skip


def path_of(node: str, weights: Sequence[str]) -> str:
    """The path of the layer a node is: from its weights where these have names, else from its own scopes."""
    for name in weights:
        if name and not NUMBERED.search(name):
            return weight_path(name)
    return scope_path(node)


def weight_path(name: str) -> str:
    """`layer1.0.conv1.weight` without what the weight is."""
    for ending in sorted(ENDINGS, key=len, reverse=True):
        if name.endswith("." + ending):
            return name[: -len(ending) - 1]
    return name if "/" not in name else scope_path(name)


def scope_path(name: str) -> str:
    """`/layer1/layer1.0/conv1/Conv` as `layer1.0.conv1`: each scope repeats the one that it stands in."""
    components: list[str] = []
    *scopes, _ = name.split("/") if "/" in name else [name, ""]
    for scope in filter(None, scopes):
        if components and scope.startswith(components[-1] + "."):
            components[-1] = scope
        else:
            components.append(scope)
    return ".".join(components)


MODULES = ("pytorch", "cnnc")
"""Producers whose names are those of modules."""


def keepable(paths: Sequence[str], producer: str) -> bool:
    """Whether the paths of a network's layers with weights are names of modules: all there, each once, plain."""
    plain = all(re.fullmatch(r"[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)*", path) for path in paths)
    dotted = sum("." in path for path in paths) * 2 >= len(paths)
    return bool(paths) and plain and (dotted or producer in MODULES) and len(set(paths)) == len(paths)
