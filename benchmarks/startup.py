"""Text to summary as a whole process: cnnc against Keras building and printing the same network."""

from __future__ import annotations

import sys

from .measure import interleaved, table

CNNC = [sys.executable, "-m", "cnnc"]
KERAS = "import keras; keras.applications.ResNet152(weights=None).summary()"
MODULES = "import sys; from cnnc.cli import main; main(['{command}', 'zoo:{model}']); print(*sys.modules)"


def main() -> None:
    print("ResNet-152, text to summary, whole process (median of 3 interleaved runs)")
    costs = interleaved(
        {
            "cnnc summary": [*CNNC, "summary", "zoo:resnet152"],
            "Keras (JAX backend)": [sys.executable, "-c", KERAS],
            "import keras": [sys.executable, "-c", "import keras"],
        },
        3,
        {"KERAS_BACKEND": "jax"},
    )
    table(costs, "cnnc summary")
    print("\nother commands, whole process (median of 5 interleaved runs)")
    costs = interleaved(
        {
            "python": [sys.executable, "-c", "pass"],
            "cnnc check resnet34": [*CNNC, "check", "zoo:resnet34"],
            "cnnc summary resnet34": [*CNNC, "summary", "zoo:resnet34"],
            "cnnc summary resnet152": [*CNNC, "summary", "zoo:resnet152"],
        },
        5,
    )
    table(costs, "cnnc check resnet34")


if __name__ == "__main__":
    main()
