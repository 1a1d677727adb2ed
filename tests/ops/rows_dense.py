"""Fully connected layers."""

from .harness import Row


def torch_rbf():
    import torch

    class RBF(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("weight", torch.zeros(4, 12))

        def forward(self, x):
            return torch.cdist(x, self.weight) ** 2

    return RBF()


ROWS = [
    Row("dense", "12: dense 5", lambda k: k.layers.Dense(5), macs=60),
    Row("dense-without-bias", "12: dense 5, bias=false", lambda k: k.layers.Dense(5, use_bias=False)),
    Row("dense-per-place", "4x3x6: dense 5, per_place=true", lambda k: k.layers.Dense(5), macs=4 * 3 * 6 * 5),
    Row("dense-per-place-act", "7x6: dense 5, per_place=true, bias=false, act=relu",
        lambda k: k.layers.Dense(5, use_bias=False, activation="relu")),
    Row("dense-per-place-open", "?x?x6: dense 5, per_place=true", lambda k: k.layers.Dense(5)),
    Row("rbf", "12: rbf 4", torch=torch_rbf, params=48, shape="4", macs=0, type="RBF"),
]  # fmt: skip
