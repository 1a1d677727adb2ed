"""Emitted Keras models learn: what chance does in training is drawn anew in each step, and not outside it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from cnnc.compiler.pipeline import compile_text

from .written import keras_model

ROWS = {
    "sample_normal": ["mean = input -> dense 6", "spread = input -> dense 6", "mean -> sample_normal spread"],
    "depth": ["residual drop=0.5:", "    dense 4"],
    "dropout": ["dropout 0.5"],
    "spatial": ["spatial_dropout 0.5"],
    "noise": ["gaussian_noise 0.5"],
    "gaussian": ["gaussian_dropout 0.5"],
    "alpha": ["alpha_dropout 0.5"],
    "codes": ["rbf 3"],
    "weight_norm": ["conv 4, 3x3, weight_norm=true, pad=1"],
}
"""Lines on vectors of 4, or on maps of 5x5x4 where they need places."""
PLACED = ("spatial", "weight_norm")
STEADY = ("codes", "weight_norm")


@pytest.mark.parametrize("name", ROWS)
def test_it_learns_and_draws_in_training_only(name: str) -> None:
    import keras

    shape = (5, 5, 4) if name in PLACED else (4,)
    rows = [f"input {'x'.join(map(str, shape))}", *ROWS[name], *(["flatten"] if name in PLACED else []), "dense 2"]
    checked = compile_text("".join(f"{row}\n" for row in ["model A:", *(f"    {row}" for row in rows)])).checked
    keras.utils.set_random_seed(0)
    model = keras_model(checked)
    x, y = np.random.default_rng(0).random((8, *shape), "float32"), np.zeros((8, 2), "float32")
    model.compile(keras.optimizers.SGD(0.01), "mse")
    told = model.fit(x, y, batch_size=4, epochs=20, verbose=0).history["loss"]
    assert told[-1] < told[0]
    assert same(model, x, training=False)
    assert same(model, x, training=True) == (name in STEADY)


def same(model: Any, x: Any, *, training: bool) -> bool:
    import keras

    first, second = (keras.ops.convert_to_numpy(model(x, training=training)) for _ in range(2))
    return bool((first == second).all())
