"""Normalisation."""

import numpy as np

from .harness import Row


def divided(x, k, alpha, beta, size, average=False):
    """The formula of local response normalisation, section 3.3 of the AlexNet paper."""
    channels, half = x.shape[-1], size // 2
    out = np.empty_like(x)
    for i in range(channels):
        window = x[..., max(0, i - half) : min(channels - 1, i + half) + 1]
        total = (window**2).sum(-1) / (size if average else 1)
        out[..., i] = x[..., i] / (k + alpha * total) ** beta
    return out


def torch_lrn():
    import torch

    return torch.nn.LocalResponseNorm(5, alpha=2.0, beta=0.6, k=1.5)


def torch_layer(name, *args, **named):
    def make():
        import torch

        return getattr(torch.nn, name)(*args, **named)

    return make


def torch_response():
    import torch

    class GRN(torch.nn.Module):
        """The formula of the paper, on channels-first maps."""

        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.zeros(6))
            self.bias = torch.nn.Parameter(torch.zeros(6))

        def forward(self, x):
            x = x.permute(0, 2, 3, 1)
            length = torch.norm(x, p=2, dim=(1, 2), keepdim=True)
            share = length / (length.mean(dim=-1, keepdim=True) + 1e-6)
            return (self.weight * (x * share) + self.bias + x).permute(0, 3, 1, 2)

    return GRN()


ROWS = [
    Row("batchnorm", "4x3x6: batchnorm", lambda k: k.layers.BatchNormalization(),
        torch_layer("BatchNorm2d", 6, eps=1e-3)),
    Row("batchnorm-vector", "6: batchnorm", lambda k: k.layers.BatchNormalization()),
    Row("batchnorm-1d", "5x6: batchnorm", lambda k: k.layers.BatchNormalization()),
    Row("batchnorm-3d", "2x3x4x6: batchnorm", lambda k: k.layers.BatchNormalization()),
    Row("batchnorm-open", "?x?x6: batchnorm", lambda k: k.layers.BatchNormalization()),
    Row("batchnorm-no-scale", "4x3x6: batchnorm scale=false", lambda k: k.layers.BatchNormalization(scale=False)),
    Row("batchnorm-no-center", "4x3x6: batchnorm center=false", lambda k: k.layers.BatchNormalization(center=False)),
    Row("batchnorm-bare", "4x3x6: batchnorm scale=false, center=false",
        lambda k: k.layers.BatchNormalization(scale=False, center=False)),
    Row("batchnorm-eps", "4x3x6: batchnorm eps=0.1", lambda k: k.layers.BatchNormalization(epsilon=0.1)),
    Row("layernorm", "4x3x6: layernorm", lambda k: k.layers.LayerNormalization()),
    Row("layernorm-vector", "6: layernorm eps=1e-5", lambda k: k.layers.LayerNormalization(epsilon=1e-5),
        torch_layer("LayerNorm", 6)),
    Row("layernorm-no-scale", "5x6: layernorm scale=false", lambda k: k.layers.LayerNormalization(scale=False)),
    Row("layernorm-no-center", "5x6: layernorm center=false", lambda k: k.layers.LayerNormalization(center=False)),
    Row("rmsnorm", "4x3x6: rmsnorm", lambda k: k.layers.RMSNormalization()),
    Row("rmsnorm-vector", "6: rmsnorm eps=0.1", lambda k: k.layers.RMSNormalization(epsilon=0.1),
        torch_layer("RMSNorm", 6, eps=0.1)),
    Row("groupnorm", "4x3x64: groupnorm", lambda k: k.layers.GroupNormalization()),
    Row("groupnorm-3", "4x3x6: groupnorm 3", lambda k: k.layers.GroupNormalization(3),
        torch_layer("GroupNorm", 3, 6, eps=1e-3)),
    Row("groupnorm-no-scale", "5x6: groupnorm 2, scale=false", lambda k: k.layers.GroupNormalization(2, scale=False)),
    Row("groupnorm-vector", "6: groupnorm 2", lambda k: k.layers.GroupNormalization(2)),
    Row("instancenorm", "4x3x6: instancenorm", lambda k: k.layers.GroupNormalization(groups=-1),
        torch_layer("InstanceNorm2d", 6, eps=1e-3, affine=True), type="InstanceNormalization"),
    Row("instancenorm-bare", "4x3x6: instancenorm scale=false, center=false", type="InstanceNormalization",
        torch=torch_layer("InstanceNorm2d", 6, eps=1e-3)),
    Row("lrn-paper", "4x3x7: lrn 5, alpha=0.4, beta=0.75, k=2", expected=lambda x: divided(x, 2, 0.4, 0.75, 5)),
    Row("lrn-average", "4x3x7: lrn 5, alpha=2, beta=0.6, k=1.5, average=true", torch=torch_lrn,
        expected=lambda x: divided(x, 1.5, 2, 0.6, 5, average=True)),
    Row("lrn-1d", "6x7: lrn 3, alpha=0.4, k=1", expected=lambda x: divided(x, 1, 0.4, 0.75, 3)),
    Row("lrn-3d", "2x3x2x7: lrn 3, alpha=0.4, k=1", expected=lambda x: divided(x, 1, 0.4, 0.75, 3)),
    Row("l2_normalize", "6: l2_normalize", lambda k: k.layers.UnitNormalization()),
    Row("l2_normalize-map", "4x3x6: l2_normalize", lambda k: k.layers.UnitNormalization()),
    Row("l2_normalize-zero", "6: scale 0 -> l2_normalize", expected=lambda x: 0 * x),
    Row("response_norm", "4x3x6: response_norm", torch=torch_response, params=12, type="GlobalResponseNormalization"),
]  # fmt: skip
