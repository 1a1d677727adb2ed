"""Factors and summands: constant, trained, measured."""

import numpy as np

from .harness import Row

MEAN, VARIANCE = [0.3, -0.2, 0.5], [0.25, 4.0, 0.09]


def measured(k):
    class Measured(k.layers.Normalization):
        """Takes its statistics from its weights, which the harness has set."""

        def call(self, inputs):
            self.finalize_state()
            return super().call(inputs)

    return Measured()


def torch_affine():
    import torch

    class Affine(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.ones(3))
            self.bias = torch.nn.Parameter(torch.zeros(3))

        def forward(self, x):
            return torch.einsum("nchw,c->nchw", x, self.weight) + self.bias[:, None, None]

    return Affine()


def torch_factor():
    import torch

    class Factor(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.ones(3, 1, 1))

        def forward(self, x):
            return torch.einsum("nchw,c->nchw", x, self.weight[:, 0, 0])

    return Factor()


ROWS = [
    Row("scale", "4x5x3: scale 0.17", lambda k: lambda x: k.ops.multiply(x, 0.17), type="Multiply"),
    Row("offset", "4x5x3: offset 3", lambda k: lambda x: k.ops.add(x, 3.0), type="Add"),
    Row("offset-below-zero", "4x5x3: offset -0.25", lambda k: lambda x: k.ops.add(x, -0.25), type="Add"),
    Row("rescale", "4x5x3: rescale 1 / 127.5, offset=-1", lambda k: k.layers.Rescaling(1 / 127.5, -1)),
    Row("rescale-channels", "4x5x3: rescale [1, 2, 3], offset=[0, 0.5, -1]",
        lambda k: k.layers.Rescaling([1.0, 2.0, 3.0], [0.0, 0.5, -1.0])),
    Row("rescale-vector", "3: rescale [1, 2, 3]", lambda k: k.layers.Rescaling([1.0, 2.0, 3.0])),
    Row("normalize-given", "4x5x3: normalize mean=[0.3, -0.2, 0.5], std=[0.5, 2, 0.3]",
        lambda k: k.layers.Normalization(mean=MEAN, variance=VARIANCE)),
    Row("normalize-one", "4x5x3: normalize mean=0.3, std=0.5",
        lambda k: k.layers.Normalization(mean=0.3, variance=0.25, axis=None)),
    Row("normalize-vector", "3: normalize mean=[0.3, -0.2, 0.5], std=[0.5, 2, 0.3]",
        lambda k: k.layers.Normalization(mean=MEAN, variance=VARIANCE)),
    Row("normalize-measured", "4x5x3: normalize", measured, type="Normalization", params=7),
    Row("normalize-measured-vector", "3: normalize", measured, type="Normalization"),
    Row("channel_affine", "4x5x3: channel_affine", torch=torch_affine, params=6, type="ChannelAffine"),
    Row("layer_scale", "4x5x3: layer_scale", torch=torch_factor, params=3, type="LayerScale"),
    Row("sample_normal", "3, 3: (a, b) -> sample_normal", expected=lambda mean, logvar: mean, type="Sampling"),
    Row("sample_normal-flow", "3, 3: a -> sample_normal b", expected=lambda mean, logvar: mean),
    Row("stop_gradient", "4x5x3: stop_gradient", expected=lambda x: np.asarray(x), type="StopGradient"),
]  # fmt: skip
