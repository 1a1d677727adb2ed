"""Convolution."""

from .harness import Row

ROWS = [
    Row("conv", "9x8x3: conv 8, 3x3", lambda k: k.layers.Conv2D(8, 3)),
    Row("conv-same-stride", "9x8x3: conv 8, 3x3, stride=2, pad=same", lambda k: k.layers.Conv2D(8, 3, 2, "same")),
    Row("conv-1d-causal", "12x3: conv 5, 4, pad=causal", lambda k: k.layers.Conv1D(5, 4, padding="causal")),
    Row("conv-3d-groups", "5x6x7x4: conv 6, 2, groups=2", lambda k: k.layers.Conv3D(6, 2, groups=2)),
]
