"""The tables in tests/zoo/data/keras, made from Keras itself: `python -m tests.zoo.make_keras_tables [NAME ...]`.

No weights are downloaded. One file for each model of keras.applications, as it is built without an argument, and
MobileNetV3 once more at 224x224: its totals, and its rows in the order of `summary()`. A row is the name, the class,
the output shape without the batch, the parameters, the trainable ones, the numbers of the rows it takes, and the
arguments that no count of parameters shows.
"""

from __future__ import annotations

import gzip
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data" / "keras"

TOLD = {
    "kernel_size", "pool_size", "strides", "padding", "dilation_rate", "groups", "use_bias", "activation", "cropping",
    "epsilon", "momentum", "scale", "center", "offset", "mean", "variance", "max_value", "negative_slope", "threshold",
    "rate", "noise_shape", "keepdims", "target_shape", "axis", "init_values",
}  # fmt: skip
"""The arguments that are kept, by Keras's names."""


def main() -> None:
    os.environ["KERAS_BACKEND"] = "jax"
    DATA.mkdir(parents=True, exist_ok=True)
    for name, build, arguments in models():
        if not sys.argv[1:] or name in sys.argv[1:]:
            write(DATA / f"{name}.json.gz", table(build, arguments))


def models() -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """Name of the file, what builds the network, and how."""
    import keras

    for name in dir(keras.applications):
        if name[0].isupper():
            build = getattr(keras.applications, name)
            yield name.lower(), build, {}
            if name.startswith("MobileNetV3"):  # open sizes where nothing is said
                yield f"{name.lower()}@224", build, {"input_shape": (224, 224, 3)}


def table(build: Any, arguments: dict[str, Any]) -> dict[str, Any]:
    import keras

    with without_weights():
        net = build(weights=None, **arguments)
    numbers = {operation.name: i for i, operation in enumerate(net._operations)}
    found = {
        "rows": [row(operation, numbers) for operation in net._operations],
        "params": net.count_params(),
        "trainable": size(net.trainable_weights),
    }
    keras.backend.clear_session()
    return found


@contextmanager
def without_weights() -> Iterator[None]:
    """Variables keep their shapes and get no values: in a stateless scope Keras puts the drawing off, to its end."""
    import keras
    from keras.src.backend.common import global_state

    with keras.StatelessScope():
        yield
        global_state.set_global_attribute("uninitialized_variables", [])


def row(operation: Any, numbers: dict[str, int]) -> list[Any]:
    params = operation.count_params() if hasattr(operation, "count_params") else 0
    trainable = size(getattr(operation, "trainable_weights", ()))
    (node,) = operation._inbound_nodes
    inputs = [numbers[tensor._keras_history.operation.name] for tensor in node.input_tensors]
    shape = list(node.output_tensors[0].shape[1:])
    return [operation.name, type(operation).__name__, shape, params, trainable, inputs, arguments_of(operation, node)]


def arguments_of(operation: Any, node: Any) -> dict[str, Any]:
    """What the layer was built with; of a bare operation such as `x + 3`, the number."""
    if not hasattr(operation, "count_params"):
        return {"numbers": [value for value in node.arguments.args if isinstance(value, (int, float))]}
    if not hasattr(operation, "get_config") or type(operation).__name__ in ("Sequential", "InputLayer"):
        return {}
    return {key: value for key, value in operation.get_config().items() if key in TOLD}


def size(weights: Any) -> int:
    return sum(prod(weight.shape) for weight in weights)


def write(path: Path, content: Any) -> None:
    """Without a time in it, so that equal tables are equal files."""
    text = json.dumps(content, separators=(",", ":"), sort_keys=True, default=list)
    path.write_bytes(gzip.compress(text.encode(), mtime=0))


if __name__ == "__main__":
    main()
