"""Other arrangements of the same values."""

import numpy as np

from .harness import Row


def torch_shuffle():
    import torch

    return torch.nn.ChannelShuffle(3)


ROWS = [
    Row("flatten", "3x4x2: flatten", lambda k: k.layers.Flatten()),
    Row("flatten-1d", "3x4: flatten", lambda k: k.layers.Flatten()),
    Row("flatten-3d", "2x3x4x2: flatten", lambda k: k.layers.Flatten()),
    Row("flatten-vector", "5: flatten", lambda k: k.layers.Flatten()),
    Row("reshape", "24: reshape 3x4x2", lambda k: k.layers.Reshape((3, 4, 2))),
    Row("reshape-map", "3x4x2: reshape 6x4", lambda k: k.layers.Reshape((6, 4))),
    Row("reshape-vector", "1x1x7: reshape 7", lambda k: k.layers.Reshape((7,))),
    Row("reshape-square", "7: reshape 1x1x7", lambda k: k.layers.Reshape((1, 1, 7))),
    Row("reshape-follows", "3x4x2: reshape (none, 2)", lambda k: k.layers.Reshape((-1, 2)), shape="12x2"),
    Row("reshape-open", "?x4x2: reshape (none, 8)", lambda k: k.layers.Reshape((-1, 8)), shape="?x8"),
    Row("reshape-3d", "24: reshape 2x3x2x2", lambda k: k.layers.Reshape((2, 3, 2, 2))),
    Row("permute", "5x4: permute (2, 1)", lambda k: k.layers.Permute((2, 1))),
    Row("permute-2d", "5x4x3: permute (2, 3, 1)", lambda k: k.layers.Permute((2, 3, 1))),
    Row("permute-same", "5x4x3: permute (1, 2, 3)", lambda k: k.layers.Permute((1, 2, 3))),
    Row("take_channels", "3x4x6: take_channels [4, 0, 0, 5]",
        lambda k: lambda x: k.ops.take(x, [4, 0, 0, 5], axis=-1), type="Take"),
    Row("split", "3x4x6: split 3", lambda k: lambda x: k.ops.split(x, 3, axis=-1), type="Split"),
    Row("split-vector", "6: split 2", lambda k: lambda x: k.ops.split(x, 2, axis=-1)),
    Row("split-once", "3x4x6: split 1", lambda k: lambda x: x),
    Row("channel_shuffle", "3x4x6: channel_shuffle 3", torch=torch_shuffle, type="ChannelShuffle", shape="3x4x6"),
    Row("channel_shuffle-vector", "6: channel_shuffle 2",
        expected=lambda x: x[:, [0, 3, 1, 4, 2, 5]].astype(np.float32)),
]  # fmt: skip
