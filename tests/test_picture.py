"""Pictures of windows: how many touch each place, by hand and by convolving ones, and what cannot be drawn."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from itertools import product
from pathlib import Path

import pytest
import torch
from cnnc.compiler.backends.explain.layer import named
from cnnc.compiler.backends.explain.picture import picture
from cnnc.compiler.backends.explain.windows import PictureError, windows
from cnnc.compiler.pipeline import compile_text

from cnnc.cli import main

SVG = "{http://www.w3.org/2000/svg}"


def drawn(shape: str, call: str) -> str:
    checked = compile_text(f"model M:\n    input {shape}\n    {call} as it\n").checked
    return picture(named(checked, "it"))


def numbers(shape: str, call: str) -> list[list[int]]:
    """How many windows touch each place of the map they lie over."""
    checked = compile_text(f"model M:\n    input {shape}\n    {call} as it\n").checked
    found = windows(named(checked, "it").node)
    return [
        [found.rows.touching(row) * found.columns.touching(column) for column in range(found.columns.size)]
        for row in range(found.rows.size)
    ]


def test_three_by_three_with_stride_three_leaves_a_row_and_a_column_out() -> None:
    rows = numbers("7x7x1", "conv 1, 3x3, stride=3")
    assert rows == [[1] * 6 + [0]] * 6 + [[0] * 7]
    text = drawn("7x7x1", "conv 1, 3x3, stride=3")
    assert text.count('class="never"') == 13
    assert "one more window does not fit, 1 row and 1 column at the end left over" in text
    assert text.count('<rect class="missing"') == 1


def test_corners_of_a_padded_map_are_seen_by_fewer_windows() -> None:
    assert numbers("5x5x1", "conv 1, 3x3, pad=1") == [
        [4, 6, 6, 6, 4], [6, 9, 9, 9, 6], [6, 9, 9, 9, 6], [6, 9, 9, 9, 6], [4, 6, 6, 6, 4],
    ]  # fmt: skip


SLID = [
    ((9, 7), 3, 2, 1, 1), ((8, 8), 3, 1, 0, 2), ((10, 6), 5, 3, 2, 1), ((6, 9), 2, 2, 1, 3), ((12, 12), 4, 1, 3, 1),
]  # fmt: skip


@pytest.mark.parametrize(("map_size", "size", "stride", "pad", "dilation"), SLID)
def test_numbers_are_those_of_the_transposed_convolution_of_ones(
    map_size: tuple[int, int], size: int, stride: int, pad: int, dilation: int
) -> None:
    """The gradient of the sum of a convolution of ones counts the windows of every place."""
    x = torch.ones(1, 1, *map_size, requires_grad=True)
    torch.conv2d(x, torch.ones(1, 1, size, size), None, stride, pad, dilation).sum().backward()
    assert x.grad is not None
    call = f"conv 1, {size}, stride={stride}, pad={pad}, dilation={dilation}"
    shape = "x".join(map(str, (*map_size, 1)))
    assert numbers(shape, call) == x.grad[0, 0].int().tolist()


@pytest.mark.parametrize(("size", "pad", "extra"), [(3, 1, 1), (4, 1, 0), (2, 0, 0), (3, 0, 0)])
def test_a_transposed_convolution_writes_places_unequally_often(size: int, pad: int, extra: int) -> None:
    """The checkerboard of Odena et al. (2016): put down ones."""
    made = torch.conv_transpose2d(torch.ones(1, 1, 4, 4), torch.ones(1, 1, size, size), None, 2, pad, extra)
    call = f"conv_transpose 1, {size}, stride=2, pad={pad}, output_pad={extra}"
    assert numbers("4x4x1", call) == made[0, 0].int().tolist()


CALLS = ("conv 2, 3x3, stride=2, pad=same", "maxpool 2", "conv_transpose 2, 3, stride=2, pad=same", "avgpool 3, pad=1",
         "maxpool 3, stride=2, ceil=true", "depthwise_conv 3, dilation=2")  # fmt: skip


@pytest.mark.parametrize(("shape", "call"), list(product(("9x8x3", "9x3"), CALLS)))
def test_every_place_is_a_square_inside_the_picture(shape: str, call: str) -> None:
    call = call.replace("3x3", "3")
    root = ET.fromstring(drawn(shape, call))
    width, height = map(float, root.attrib["viewBox"].split()[2:])
    squares = [e for e in root.iter(f"{SVG}rect") if "x" in e.attrib]
    assert squares
    for square in squares:
        assert 0 <= float(square.attrib["x"]) <= width - float(square.attrib["width"])
        assert 0 <= float(square.attrib["y"]) <= height - float(square.attrib["height"])
    assert len([e for e in squares if "fill" in e.attrib]) == 3  # three windows, three places


@pytest.mark.parametrize(
    ("shape", "call", "message"),
    [
        ("64x64x3", "conv 8, 3x3", "a map of 64x64, border included, is too large to draw: at most 40x40"),
        ("8x8x8x3", "conv 8, 3", "a map of three dimensions cannot be drawn"),
        ("8x8x3", "relu", "`relu` has no window to draw"),
        ("?x?x3", "conv 8, 3", "the size of ?x?x3 must be known to draw its windows: give it with `--input`"),
    ],
)
def test_what_cannot_be_drawn_is_said(shape: str, call: str, message: str) -> None:
    with pytest.raises(PictureError, match=re.escape(message)):
        drawn(shape, call)


NET = "model Net:\n    input 7x7x1\n    conv 1, 3x3, stride=3 as a\n"


@pytest.fixture
def net(tmp_path: Path) -> str:
    path = tmp_path / "net.cnn"
    path.write_text(NET, "utf-8")
    return str(path)


def test_the_command_writes_a_file(net: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "a.svg"
    assert main(["explain", net, "a", "--picture", str(out)]) == 0
    assert capsys.readouterr().out == f"wrote {out}\n"
    assert ET.parse(out).getroot().tag == f"{SVG}svg"


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["a", "--picture", "a.png"], 2, "ends in .svg, found `a.png`"),
        (["--picture", "a.svg"], 2, "--picture draws a layer"),
        (["b", "--picture", "a.svg"], 1, "Net has no layer `b`"),
        (["input", "--picture", "a.svg"], 1, "`input` has no window to draw"),
    ],
)
def test_slips_of_the_command_line(
    net: str, words: list[str], status: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", net, *words]) == status
    assert message in capsys.readouterr().err


def test_strict_makes_a_fault_of_a_warning(net: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", net]) == 0
    assert main(["check", "--strict", net]) == 1
    assert main(["check", "--strict", "--allow", "kernel-tiling", net]) == 0
    assert "the last place is never seen" in capsys.readouterr().err
