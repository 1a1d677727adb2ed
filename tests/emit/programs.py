"""Small programs drawn by chance: a block with parameters, conditions and branches, called in many ways."""

from __future__ import annotations

from hypothesis import strategies as some

STEPS = [
    "conv width, 3x3, stride=stride, pad=1{name} -> batchnorm -> relu",
    "conv width, window, pad=same{name} -> relu",
    "depthwise_conv window, stride=stride, pad=window // 2{name} -> batchnorm -> act",
    "if flag: conv width, 1x1, bias=false{name} -> batchnorm",
    "if flag: relu",
    "if stride != 1: maxpool 2, pad=same",
    "if flag:\n        avgpool stride, stride=stride, pad=same -> leaky_relu 0.1 * width",
    "if input.channels != width: conv width, 1x1{name}",
    "if flag:\n        conv width, 3x3, pad=1{name} -> relu\n    else:\n        conv width, 1x1{name}",
    "residual:\n        conv width, 1x1 -> batchnorm -> act\n        conv width, 3x3, stride=stride, pad=1{name}\n"
    "        shortcut:\n            conv width, 1x1, stride=stride -> batchnorm",
    "residual:\n        conv 2 * width, 1x1 -> relu -> conv width, 3x3, stride=stride, pad=1\n"
    "        shortcut:\n            if stride != 1 or here.channels != width:\n"
    "                conv width, 1x1, stride=stride as \"cut.0\"",
    "residual when=flag:\n        depthwise_conv 3x3, pad=1 -> act{name}",
    "concat:\n        branch: conv width, 1x1, act=relu\n        branch: maxpool 3, stride=1, pad=same\n"
    "        branch: conv 2, 1x1 -> conv width // 2, 3x3, pad=same",
    "multiply:\n        branch: identity\n        branch: global_avgpool keep=true -> conv_like",
    "group as g{number}:\n        conv width, 3x3, pad=1 as \"0\" -> batchnorm as \"1\"\n        if flag: relu\n"
    "        conv width, 1x1 as \"{{3 if flag else 2}}\"",
    "dropout 0.1 * width / 8",
    "inner width{name}",
]  # fmt: skip
"""Statements of a block; `{name}` takes a label."""

INNER = [
    "    conv n, 1x1 -> relu",
    "    batchnorm\n    if n > 5: conv n, 3x3, pad=same",
    '    conv n, 3x3, pad=1 as "0" -> batchnorm as "1" -> relu',
    "    let half = n // 2\n    conv half, 1x1 -> relu\n    conv n, 3x3, pad=1, bias=n > 5",
]
CALLS = [
    "part {w}",
    "part {w}, stride=2",
    "part {w}, flag=true",
    "part {w}, window={k}, act=silu",
    "part {w} as v{i}",
    "for i in range({n}): part {w} + 2 * i, flag=i % 2 == 0",
    'for i in range({n}): part {w} as "stage{i}.{{i}}"',
    "for k in range({n} + 2):\n        residual:\n"
    "            depthwise_conv 3x3, pad=1 + k % 4, dilation=1 + k % 4 -> relu\n        batchnorm",
    "repeat {n}: part {w}",
    "part {w}, stride=2 as v{i}\n    part {w}\n    add v{i}",
]


@some.composite
def programs(draw: some.DrawFn) -> str:
    """A model of 4 channels in whose stages are one block."""
    steps = []
    for number in range(draw(some.integers(1, 4))):
        step = (
            draw(some.sampled_from(STEPS)).replace("here.", "input.")
            if number == 0
            else draw(some.sampled_from([s for s in STEPS if "here." not in s]))
        )
        name = draw(some.sampled_from(["", "", f" as step{number}", f' as "deep.{number}"']))
        steps.append("    " + step.format(name=name, number=number).replace("conv_like", "sigmoid"))
    calls = []
    for i in range(draw(some.integers(1, 5))):
        call = draw(some.sampled_from(CALLS))
        numbers = {"w": draw(some.sampled_from([4, 4, 6, 8])), "k": draw(some.sampled_from([1, 3, 5])), "i": i}
        calls.append("    " + call.format(n=draw(some.integers(1, 4)), **numbers))
    return "\n".join(
        [
            "block inner(n):", draw(some.sampled_from(INNER)), "",
            "block part(width, stride=1, flag=false, window=3, act=relu):", *steps, "",
            "model Drawn(classes=3):", "    input 16x16x4", *calls,
            "    global_avgpool -> dense classes -> softmax", "",
        ]
    )  # fmt: skip
