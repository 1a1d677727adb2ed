"""Noise in training."""

from __future__ import annotations

from ....decompile.network import Ref, make
from ...unread import Unread
from ..call import Call, ranked, reads


@reads("Dropout")
def dropout(call: Call) -> list[Ref]:
    """With a noise of one number for each example it is stochastic depth."""
    shape = call.config.get("noise_shape")
    if shape is None:
        return call.then(make("dropout", p=call.config["rate"]))
    if shape[1:] != [1] * len(call.shape):
        raise Unread(f"its noise_shape is {shape}")
    return call.then(make("drop_path", p=call.config["rate"]))


@reads(*ranked("SpatialDropout#D"), "AlphaDropout", "GaussianDropout")
def other_dropout(call: Call) -> list[Ref]:
    words = {"AlphaDropout": "alpha_dropout", "GaussianDropout": "gaussian_dropout"}
    return call.then(make(words.get(call.kind, "spatial_dropout"), p=call.config["rate"]))


@reads("GaussianNoise")
def gaussian_noise(call: Call) -> list[Ref]:
    return call.then(make("gaussian_noise", std=call.config["stddev"]))


@reads("StochasticDepth")
def drop_path(call: Call) -> list[Ref]:
    return call.then(make("drop_path", p=call.config.get("drop_path_rate", call.config.get("rate"))))
