"""Small networks drawn by chance, for what must hold of all of them."""

from __future__ import annotations

from hypothesis import strategies as some

KEEPING = [
    "conv 4, 3x3, pad=same", "conv 4, 2x3, pad=same, dilation=2, act=relu", "conv 4, 3x3, pad=1, groups=2, bias=false",
    "depthwise_conv 3x3, pad=same", "separable_conv 4, 3x3, pad=same", "batchnorm", "layernorm", "relu", "gelu",
    "silu -> relu6", "sigmoid", "leaky_relu 0.1", "maxpool 3, stride=1, pad=same", "avgpool 3, stride=1, pad=1",
    "dropout 0.5", "local_conv 4, 3x3, pad=same", "softmax", "prelu", "depthwise_conv 3, pad=1, act=sigmoid",
    "scale 0.5", "identity",
]  # fmt: skip
CHANGING = [
    "conv 6, 3x3, stride=2, pad=same", "conv 6, 2x3, pad=1", "conv_transpose 5, 3x3, stride=2, pad=same",
    "maxpool 2, pad=same", "maxpool 3, stride=2, pad=1, ceil=true", "avgpool 3, stride=2, pad=same", "upsample 2",
    "zeropad 1", "adaptive_avgpool 3",
]  # fmt: skip
SHAPES = [
    "    {changing} -> conv 4, 1x1",
    "    {keeping} -> {other}",
    "    residual:\n        {keeping} -> {other}\n    relu",
    "    concat:\n        branch: {keeping}\n        branch: {other}\n    conv 4, 1x1",
    "    {keeping} as {name}\n    {other}\n    add {name}",
]


@some.composite
def networks(draw: some.DrawFn) -> str:
    """A few layers, residuals and branches on a small map of 4 channels, then a head."""
    lines = ["model Chance:", f"    input {draw(some.integers(9, 14))}x{draw(some.integers(9, 14))}x4"]
    for i in range(draw(some.integers(1, 5))):
        changing, keeping, other = (draw(some.sampled_from(kind)) for kind in (CHANGING, KEEPING, KEEPING))
        shape = draw(some.sampled_from(SHAPES))
        lines.append(shape.format(changing=changing, keeping=keeping, other=other, name=f"v{i}"))
    return "\n".join([*lines, "    global_avgpool -> dense 3 -> softmax", ""])
