"""Fully connected layers and what leads to them."""

from .harness import Row

ROWS = [
    Row("dense", "12: dense 5", lambda k: k.layers.Dense(5)),
    Row("dense-without-bias", "12: dense 5, bias=false", lambda k: k.layers.Dense(5, use_bias=False)),
    Row("flatten", "3x4x2: flatten", lambda k: k.layers.Flatten()),
]
