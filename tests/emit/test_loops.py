"""Loops of the file are loops of the source: what they carry, what they collect, and arguments that vary."""

from __future__ import annotations

import re

import pytest
from cnnc.compiler.backends.emit import source
from cnnc.compiler.backends.emit.code import shortest
from cnnc.compiler.backends.emit.runs import progression
from cnnc.compiler.graph import Checked
from cnnc.compiler.pipeline import compile_path, compile_text

from .written import hold_keras, hold_torch

GATES = """
defaults:
    conv pad=causal

model Gates:
    input 40x8
    for i in range(12):
        residual:
            multiply as z:
                branch: conv 8, 2, dilation=2**(i % 4), act=tanh
                branch: conv 8, 2, dilation=2**(i % 4), act=sigmoid
            skip[i] = z -> conv 6, 1
            conv 8, 1
    relu as last
    skip -> add -> relu -> conv 3, 1 as out
    last -> conv 3, 1 as also
    (out, also) -> add
"""

LISTS = """
defaults:
    conv pad=causal

block gate(width, dilation):
    multiply:
        branch: conv width, 2, dilation=dilation, act=tanh as filter
        branch: conv width, 2, dilation=dilation, act=sigmoid as gate

model Lists:
    input 40x4
    for i in range(12):
        residual:
            gate 4, 2**(i % 4) as gates[i]
            skip[i] = gates[i] -> conv 4 * 2**(i % 6), 1
            gates[i] -> conv 4, 1 as back[i]
    skip -> concat
    for i in range(5):
        conv 4 * 2**i, 3, pad=same as wide[i]
    allow "unused-layer"
"""

GROUPS = GATES.replace("multiply as z:", "multiply as gate[i]:").replace("= z ->", "= gate[i] ->")

TEXTS = {
    "groups in a list": GROUPS,
    "groups that are not alike, in lists of lists": """
model A:
    input 16x16x3
    for i in range(4):
        concat as mix[i]:
            branch: conv 4, 3x3, pad=same -> batchnorm
            branch: conv 4 * 2**i, 1x1
    for i in range(3):
        for j in range(4):
            add as grid[i][j]:
                branch: conv 4 + i, 3x3, pad=same as left
                branch: conv 4 + i, 1x1, bias=false as right
    concat as last:
        branch: conv 4, 1x1 as one
        branch:
            concat as two:
                branch: conv 4, 1x1 as one
                branch: conv 4, 3x3, pad=same as other
""",
    "lists of what grows": LISTS,
    "a residual and skips": GATES,
    "two values": """
model A:
    input 9x9x4
    input -> conv 4, 1x1 as a[0]
    input -> conv 4, 1x1 -> relu as b[0]
    for i in range(5):
        (a[i], b[i]) -> add -> conv 4, 3x3, pad=same -> relu as c[i]
        (b[i], c[i]) -> multiply as b[i + 1]
        c[i] -> sigmoid as a[i + 1]
    (a[5], b[5]) -> concat
""",
    "two values that change places": """
model A:
    input 9x9x4
    input -> conv 4, 1x1 as f[0]
    input -> conv 4, 1x1 -> relu as f[1]
    for i in range(6):
        (f[i], f[i + 1]) -> subtract -> conv 4, 1x1 -> tanh as f[i + 2]
    (f[6], f[7]) -> concat
""",
    "what is read of some turns": """
model A:
    input 16x16x3
    for i in range(5):
        conv 4, 3x3, pad=same -> relu as e[i]
        sigmoid
    e[1] -> conv 4, 1x1 as one
    e[3] -> conv 4, 1x1 as three
    (one, three, e[4]) -> concat
""",
    "another way behind the loop": """
model A:
    input 16x16x3
    conv 4, 1x1 as stem
    for i in range(5):
        conv 4, 3x3, pad=same, dilation=i + 1 as step[i]
        relu as c[i]
        (c[i], stem) -> add -> tanh
    sigmoid as d
    (d, c[4], stem) -> concat
""",
    "branches side by side": """
model A:
    input 16x16x3
    conv 6, 1x1 as stem
    concat:
        branch: stem -> conv 4, 1x1 -> relu
        for i in range(4):
            branch: stem -> conv 4, 3x3, dilation=2 * (i + 1), pad=same -> batchnorm -> relu
    conv 2, 1x1
""",
    "loops in loops": """
model A:
    input 16x16x3
    conv 6, 1x1
    for i in range(4):
        for k in range(4):
            conv 6, 3x3, pad=same -> relu
        batchnorm -> tanh
""",
    "results of several": """
block both(n):
    conv n, 3x3, pad=same as first
    relu -> conv n, 1x1 as second
    second

model A:
    input 16x16x3
    conv 6, 1x1
    for i in range(5):
        both 6 as d[i]
    (d[0].first, d[1].first, d[2].first, d[3].first, d[4].first) -> add
""",
}


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in TEXTS.items()])
def test_what_loops_make_is_what_the_network_makes(text: str) -> None:
    checked = compile_text(text).checked
    hold_torch(checked)
    hold_keras(checked)


def loops(checked: Checked, target: str) -> list[str]:
    return re.findall(r"^ *(for .*):$", source(checked, target), re.MULTILINE)


def test_a_loop_carries_the_residual_and_collects_the_skips() -> None:
    text = source(compile_text(GATES).checked, "torch")
    assert (
        """
        skips = []
        for i in range(12):
            z = getattr(self, f"z{i + 1}" if i else "z")
            out = F.pad(x, (2 ** (i % 4), 0))
            branch2 = torch.sigmoid(z["conv2"](out))
            out = torch.tanh(z["conv1"](out)) * branch2
            skips.append(self.skip[i](out))
            x = x + getattr(self, f"conv{i + 1}")(out)
"""
        in text
    )
    assert "sum(skips)" in text
    assert loops(compile_text(GATES).checked, "keras") == ["for i in range(12)"]


@pytest.mark.parametrize(("name", "most"), [("wavenet", 70), ("tcn", 80)])
def test_a_model_of_loops_is_short(name: str, most: int) -> None:
    for target in ("torch", "keras"):
        body = source(compile_path(f"zoo:{name}").checked, target).partition("def tcn" if name == "tcn" else "\0")
        assert len((body[2] or body[0]).splitlines()) <= most


def test_a_list_of_what_grows_is_a_comprehension() -> None:
    text = source(compile_text(LISTS).checked, "torch")
    assert "nn.ModuleList(Gate(2 ** (i % 4), (2 ** (i % 4), 0)) for i in range(12))" in text
    assert "nn.ModuleList(nn.Conv1d(4, 4 * 2 ** (i % 6), 1) for i in range(12))" in text
    assert "*(nn.Conv1d(4 * 2**i, 8 * 2**i, 3, padding=1) for i in range(4))," in text


def test_a_list_of_groups_is_a_comprehension() -> None:
    text = source(compile_text(GROUPS).checked, "torch")
    assert (
        """
        self.gate = nn.ModuleList(
            nn.ModuleDict(
                {
                    "conv1": nn.Conv1d(8, 8, 2, dilation=2 ** (i % 4)),
                    "conv2": nn.Conv1d(8, 8, 2, dilation=2 ** (i % 4)),
                },
            )
            for i in range(12)
        )
"""
        in text
    )
    assert ".append(nn." not in text


def test_a_list_is_gone_through() -> None:
    assert "for layer in self.e" in loops(compile_path("zoo:road_unet").checked, "torch")


# --- words and numbers ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "target", "line"),
    [
        ("siamese_koch", "torch", "def forward(self, left: Tensor, right: Tensor) -> Tensor:"),
        ("vae", "torch", "mean, logvar = self.encoder1(x)"),
        ("vae", "keras", 'mean, logvar = encoder(inputs, name="encoder1")'),
        ("googlenet", "torch", "return softmax, aux1, aux2"),
        ("convnext_base", "torch", "nn.Sequential(*(InvertedBottleneck(512, (6 + i) / 70) for i in range(27))),"),
        ("pilotnet", "torch", "x = F.relu(self.conv1(x * (2 / 255) - 1.0))"),
        ("wavenet", "torch", "self.skip = nn.ModuleList(nn.Conv1d(32, 512, 1) for _ in range(30))"),
    ],
)
def test_words_of_the_file_and_short_numbers(name: str, target: str, line: str) -> None:
    lines = source(compile_path(f"zoo:{name}").checked, target).splitlines()
    assert line in [text.strip() for text in lines]


def test_a_fraction_is_the_number_to_its_last_digit() -> None:
    numbers = [1 / 255, 0.1 * 3 / 17, 0.1 + 0.2, 1e-30, 2 / 3, 0.1, -1 / 3, 123456.789012345, 1e-12, 0.123456789012345]
    for number in numbers:
        assert eval(shortest(number)) == pytest.approx(number, rel=1e-15, abs=0)
    assert [shortest(number) for number in (1 / 255, 0.1 * 3 / 17, 0.1 + 0.2)] == ["1 / 255", "3 / 170", "0.3"]


def test_fractions_grow() -> None:
    drops = [0.2 * i / 35 for i in range(3, 12)]
    code = progression([shortest(drop) for drop in drops])
    assert code == "(3 + i) / 175"
    assert [eval(code, {"i": i}) for i in range(len(drops))] == pytest.approx(drops, rel=1e-15)


def test_a_residual_that_is_never_left_out_is_one_of_its_block() -> None:
    text = source(compile_path("zoo:convnext_tiny").checked, "torch")
    assert text.count("class InvertedBottleneck") == 1
    assert "if drop > 0:" in text
