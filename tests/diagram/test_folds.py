"""What a diagram folds: runs, repeats, blocks, and what it does not."""

from __future__ import annotations

import pytest
from cnnc.compiler.backends.diagram import TooLarge, dot, picture
from cnnc.compiler.backends.diagram.look import cell_lines
from cnnc.compiler.backends.diagram.picture import bypass
from cnnc.compiler.backends.diagram.tree import Box, Cell

from .networks import (
    DENSENET,
    FACENET,
    GOOGLENET,
    RESNET,
    UNET,
    VGG,
    boxes,
    compiled,
)


def test_resnet34_is_drawn_by_stages() -> None:
    """The table of the paper: stages of 3, 4, 6 and 3 blocks, from the second on with a projection first."""
    made = picture(compiled(RESNET))
    stages = [(box.times, len(box.parts)) for box in boxes(made.root) if box.title == "basic"]
    assert stages == [(3, 3), (1, 4), (3, 3), (1, 4), (5, 3), (1, 4), (2, 3)]
    assert len(made.parts) < 40


@pytest.mark.parametrize("depths", [[2, 2, 2, 2], [3, 8, 36, 3]])
def test_depth_of_a_resnet_does_not_lengthen_its_picture(depths: list[int]) -> None:
    made = picture(compiled(RESNET, depths=depths))
    assert [box.times for box in boxes(made.root) if box.title == "basic"] == [
        depths[0], 1, depths[1] - 1, 1, depths[2] - 1, 1, depths[3] - 1]  # fmt: skip


def test_conv_norm_relu_share_a_node_unless_asked() -> None:
    made = picture(compiled(RESNET))
    stem = made.parts[1]
    assert isinstance(stem, Cell)
    assert [line.text for line in cell_lines(stem)] == ["conv 64, 7x7 /2", "batchnorm", "relu"]
    alone = picture(compiled(RESNET), 2, stack=False)
    assert all(len(part.nodes) == 1 for part in alone.parts)


def test_vgg_counts_equal_convolutions() -> None:
    """conv3: 256 from 128, then two alike; conv4 the same; conv5: three alike (table 1, column D)."""
    made = picture(compiled(VGG))
    told = [(cell_lines(p)[0].text, p.times) for p in made.parts if isinstance(p, Cell)]
    convolutions = [(int(text.split()[1][:-1]), times) for text, times in told if text.startswith("conv")]
    equal = [(64, 1), (64, 1), (128, 1), (128, 1), (256, 1), (256, 2), (512, 1), (512, 2), (512, 3)]
    assert convolutions == equal


def test_googlenet_is_nine_inceptions_and_one_in_full() -> None:
    made = picture(compiled(GOOGLENET))
    assert sum(isinstance(p, Box) and p.title == "inception" for p in made.parts) == 9
    assert {inset.root.title for inset in made.insets} == {"inception", "side_head"}
    inset = next(i for i in made.insets if i.root.title == "inception")
    assert len(inset.parts) == 4 + 3 + 1  # figure 2b: six convolutions and a pooling, and the concatenation


def test_repeats_need_equal_wiring() -> None:
    """Parallel towers are no repeats, however equal."""
    made = picture(compiled(FACENET))
    assert all(part.times == 1 for box in boxes(made.root) for part in box.parts)
    assert sum(box.title == "embed" for box in boxes(made.root)) == 3


def test_value_read_from_afar_ends_a_run() -> None:
    text = """
model Far:
    input 8x8x4
    for i in range(5):
        conv 4, 3x3, pad=same as c[i]
    for i in reversed(range(5)):
        conv 4, 3x3, pad=same -> add c[i]
"""
    made = picture(compiled(text))
    assert [part.times for part in made.parts].count(1) == len(made.parts)
    assert sum(arc.skip for arc in made.arcs) == 5


ONE_STATE = """
model One:
    input 8x8x4
    conv 4, 3x3, pad=same as a
    conv 4, 1x1 as b
    relu as r1
    (a, r1) -> add as s1
    relu as r2
    (s1, r2) -> add
"""

TWO_STATES = """
model Two:
    input 8x8x4
    conv 4, 3x3, pad=same as a
    c1 = a -> relu
    d1 = a -> conv 4, 1x1
    c2 = c1 -> relu
    d2 = d1 -> conv 4, 1x1
    (c2, d2) -> add
"""


@pytest.mark.parametrize("text", [ONE_STATE, TWO_STATES])
def test_turns_take_one_value_for_one_value(text: str) -> None:
    """A first turn that is fed by two values is no picture of turns that hand on one, nor the other way round."""
    made = picture(compiled(text), 9, stack=False)
    assert all(part.times == 1 for box in boxes(made.root) for part in box.parts)


def test_alike_layers_are_gathered_where_a_page_overflows() -> None:
    made = picture(compiled(DENSENET))
    assert [p.times for p in made.parts if isinstance(p, Box) and p.kind == "series"] == [6, 12, 24, 16]
    assert all(bypass(p) for p in made.parts if isinstance(p, Box))


def test_unet_stands_on_two_arms() -> None:
    made = picture(compiled(UNET))
    skips = [arc for arc in made.arcs if arc.skip]
    assert len(skips) == 4
    assert dot(made).count("rank=same") == 4


def test_no_fold_draws_everything() -> None:
    checked = compiled(RESNET)
    made = picture(checked, 9, folding=False, stack=False)
    assert len(made.parts) == len(checked.nodes)


def test_too_many_nodes_are_refused() -> None:
    text = "model Long:\n    input 8x8x4\n" + "".join(f"    conv {4 + i}, 1x1\n" for i in range(700))
    with pytest.raises(TooLarge, match="701 nodes"):
        picture(compiled(text), 1)
    assert len(picture(compiled(text)).parts) < 60
