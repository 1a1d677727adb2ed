"""`Resize` in all its forms: what is read computes what ONNX Runtime computes, and the rest is refused."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cnnc.compiler.frontends import onnx as frontend
from cnnc.compiler.frontends.unread import Unreadable

from .graphs import agreeing, lines, real, whole, written

PLACES = ("half_pixel", "pytorch_half_pixel", "half_pixel_symmetric", "asymmetric", "align_corners")
ROUNDING = ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil")
MODES = [*(f'mode="nearest", nearest_mode="{r}"' for r in ROUNDING), 'mode="linear"', 'mode="cubic"']
ASKED: dict[str, tuple[str, dict[str, Any]]] = {
    "twice": ("x, , s", {"s": real(1, 1, 2, 2)}),
    "half": ("x, , s", {"s": real(1, 1, 0.5, 0.5)}),
    "cut": ("x, , s", {"s": real(1, 1, 1.5, 1.5)}),
    "odd": ("x, , , z", {"z": whole(1, 2, 10, 16)}),
}
INPUT = "float[1,2,7,8] x"
FORMS = list(product(PLACES, MODES, ASKED))


@pytest.mark.parametrize(("places", "mode", "asked"), FORMS, ids=["-".join(map(str, form)) for form in FORMS])
def test_the_same_values_or_a_refusal(places: str, mode: str, asked: str, tmp_path: Path) -> None:
    inputs, numbers = ASKED[asked]
    how = f'{mode}, coordinate_transformation_mode="{places}"'
    path = written(tmp_path, INPUT, f"y = Resize<{how}>({inputs})", 19, **numbers)
    try:
        agreeing(path, 1e-4)
    except Unreadable as refused:
        assert "Resize `y`" in str(refused)  # noqa: PT017  # either is right, other values are not


NEAR = 'mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor"'
LINEAR = 'mode="linear", coordinate_transformation_mode="pytorch_half_pixel"'
SAID = [
    ("upsample 2", NEAR, "x, , s", {"s": real(1, 1, 2, 2)}),
    ("upsample to=10x16, mode=nearest_floor", NEAR, "x, , , z", {"z": whole(1, 2, 10, 16)}),
    ("upsample 3, mode=bilinear", LINEAR, "x, , s", {"s": real(1, 1, 3, 3)}),
    ("upsample to=14x24, mode=bilinear", f"{LINEAR}, axes=[3,2]", "x, , , z", {"z": whole(24, 14)}),
    (
        "upsample 2, mode=bicubic",
        'mode="cubic", cubic_coeff_a=-0.5, exclude_outside=1',
        "x, , s",
        {"s": real(1, 1, 2, 2)},
    ),
    ("upsample 2, mode=bilinear", f"{LINEAR}, antialias=1", "x, , s", {"s": real(1, 1, 2, 2)}),
]


@pytest.mark.parametrize(("text", "how", "inputs", "numbers"), SAID, ids=[row[0] for row in SAID])
def test_it_reads_as_if_written(text: str, how: str, inputs: str, numbers: dict[str, Any], tmp_path: Path) -> None:
    path = written(tmp_path, INPUT, f"y = Resize<{how}>({inputs})", 19, **numbers)
    agreeing(path, 1e-4)
    assert lines(path) == text


REFUSED = [
    ("with 7 x 1.5 cut down to 10", LINEAR, "x, , s", {"s": real(1, 1, 1.5, 1.5)}),
    ("smoothes what it makes smaller", f"{LINEAR}, antialias=1", "x, , , z", {"z": whole(1, 2, 4, 4)}),
    (
        "its sizes are bounds",
        f'{LINEAR}, axes=[2,3], keep_aspect_ratio_policy="not_larger"',
        "x, , , z",
        {"z": whole(9, 9)},
    ),
    ("repeats the edge", 'mode="cubic", exclude_outside=1', "x, , s", {"s": real(1, 1, 2, 2)}),
    ("it makes more channels", NEAR, "x, , s", {"s": real(1, 2, 1, 1)}),
    (
        "the nearest place by `half_pixel` and `ceil`",
        'mode="nearest", nearest_mode="ceil"',
        "x, , s",
        {"s": real(1, 1, 2, 2)},
    ),
]


@pytest.mark.parametrize(("text", "how", "inputs", "numbers"), REFUSED, ids=[row[0] for row in REFUSED])
def test_other_values_are_refused(text: str, how: str, inputs: str, numbers: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match=text):
        frontend.read(written(tmp_path, INPUT, f"y = Resize<{how}>({inputs})", 19, **numbers))


def test_channels_last_are_resized_where_they_lie(tmp_path: Path) -> None:
    body = "t = Transpose<perm=[0,3,1,2]>(x) p = MaxPool<kernel_shape=[1,1]>(t) u = Transpose<perm=[0,2,3,1]>(p)"
    path = written(tmp_path, "float[1,7,8,2] x", f"{body} y = Resize<{NEAR}>(u, , s)", s=np.float32([1, 2, 3, 1]))
    agreeing(path)
    assert lines(path) == "maxpool 1x1 | upsample 2x3"
