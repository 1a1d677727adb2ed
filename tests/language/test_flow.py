"""How values flow: chains, names, merges, residuals, loops."""

from __future__ import annotations

import pytest
from cnnc.compiler.ops import OPERATORS

from . import body, edges, model, paths, refused, rows, shapes


def test_a_chain_is_the_same_as_lines() -> None:
    assert edges(body("conv 8, 3x3 -> relu -> maxpool 2")) == edges(body("conv 8, 3x3\nrelu\nmaxpool 2"))


def test_a_name_put_aside_leaves_the_flow_where_it_was() -> None:
    net = body("conv 8, 1x1\nside = input -> conv 8, 1x1\nrelu\nadd side")
    assert {("conv1", "relu1"), ("input", "side"), ("relu1", "add1"), ("side", "add1")} <= edges(net)


def test_a_merge_in_the_flow_takes_the_flow_first() -> None:
    net = body("conv 3, 1x1\nsubtract input")
    (node,) = [n for n in net.nodes if n.op.word == "subtract"]
    assert [port.node.path for port in node.inputs] == ["conv1", "input"]


def test_values_in_front_are_merged_without_the_flow() -> None:
    net = body("conv 3, 1x1 as a\nconv 3, 1x1 as b\n(a, b) -> add")
    (node,) = [n for n in net.nodes if n.op.word == "add"]
    assert [port.node.path for port in node.inputs] == ["a", "b"]


def test_branches_start_from_one_value_and_are_merged_in_order() -> None:
    net = body("relu\nconcat:\n    branch: conv 1, 1x1\n    branch: identity\n    branch: conv 2, 1x1")
    (node,) = [n for n in net.nodes if n.op.word == "concat"]
    assert [port.node.path for port in node.inputs] == ["conv1", "identity1", "conv2"]
    assert shapes(net) == [(32, 32, 1 + 3 + 2)]


def test_an_empty_branch_is_the_value_itself() -> None:
    net = body("concat:\n    branch: conv 8, 1x1\n    branch:\n        if false: relu")
    (node,) = [n for n in net.nodes if n.op.word == "concat"]
    assert [port.node.path for port in node.inputs] == ["conv1", "input"]


def test_input_is_what_came_into_the_block_also_deep_inside() -> None:
    net = model("""
block part(width):
    conv width, 1x1
    residual:
        conv width, 1x1
        concat:
            branch: conv width - 3, 1x1
            branch: input -> identity
model Net:
    input 8x8x3
    part 7
""")
    assert ("input", "part1.identity1") in edges(net)


@pytest.mark.parametrize("place", ["first", "last"])
def test_the_place_of_a_shortcut_orders_the_rows_and_not_the_sum(place: str) -> None:
    lines = ["    conv 8, 1x1 as main", "    shortcut: conv 8, 1x1 as short"]
    net = body("residual:\n" + "\n".join(reversed(lines) if place == "first" else lines))
    (add,) = [n for n in net.nodes if n.op.word == "add"]
    assert {port.node.path for port in add.inputs} == {"main", "short"}
    assert rows(net) == (["input", "short", "main", "add1"] if place == "first" else ["input", "main", "short", "add1"])


def test_the_flow_behind_a_shortcut_goes_on_as_before() -> None:
    net = body("residual:\n    conv 3, 1x1 as a\n    shortcut: identity as s\n    conv 3, 1x1 as b")
    assert {("input", "a"), ("a", "b"), ("input", "s"), ("b", "add1"), ("s", "add1")} == edges(net)


def test_a_residual_that_does_not_hold_keeps_its_body_alone() -> None:
    net = body("residual when=false, drop=0.2:\n    conv 3, 1x1")
    assert paths(net) == ["conv1"]


def test_stochastic_depth_belongs_to_the_sum() -> None:
    net = body("residual when=true, drop=0.2:\n    conv 3, 1x1")
    (add,) = [n for n in net.nodes if n.op.word == "add"]
    assert add.op == OPERATORS["add"](drop=0.2)


def test_the_shortcut_belongs_to_the_innermost_residual() -> None:
    net = body("residual:\n    residual:\n        conv 3, 1x1 as a\n        shortcut: relu as s")
    assert edges(net) == {
        ("input", "a"),
        ("input", "s"),
        ("a", "add1"),
        ("s", "add1"),
        ("add1", "add2"),
        ("input", "add2"),
    }


def test_a_bare_indexed_name_is_all_of_them_in_the_order_of_their_indices() -> None:
    net = body("c[2] = input -> conv 2, 1x1\nc[0] = input -> conv 1, 1x1\nc[1] = input -> conv 3, 1x1\nc -> concat")
    (node,) = [n for n in net.nodes if n.op.word == "concat"]
    assert [port.node.path for port in node.inputs] == ["c.0", "c.1", "c.2"]


def test_indexed_names_of_two_levels_flatten_in_a_merge() -> None:
    net = body("for i in range(2):\n    for j in range(2):\n        conv 1, 1x1 as c[i][j]\nc -> concat")
    (node,) = [n for n in net.nodes if n.op.word == "concat"]
    assert [port.node.path for port in node.inputs] == ["c.0.0", "c.0.1", "c.1.0", "c.1.1"]


def test_what_a_condition_binds_is_seen_behind_it_and_what_a_loop_binds_is_not() -> None:
    assert shapes(body("if true:\n    conv 3, 1x1 as a\nadd a")) == [(32, 32, 3)]
    assert refused("model N:\n    input 8\n    repeat 1:\n        dense 8 as a\n    add a\n") == [("unknown-name", 5)]


def test_a_number_may_share_its_name_with_a_layer() -> None:
    """`dropout dropout`: at the head of a call numbers are not looked at."""
    net = model("model Net(dropout=0.3):\n    input 8\n    dense 3 -> dropout dropout\n")
    assert net.nodes[-1].op == OPERATORS["dropout"](p=0.3)


def test_a_block_may_give_several_values() -> None:
    net = model("""
block encoder(latent):
    dense 16 as code
    mean = code -> dense latent
    logvar = code -> dense latent + 1
    output mean, logvar
model Net:
    input 8
    m, v = input -> encoder 2
    output v, m
""")
    assert [(o.name, tuple(o.port.shape)) for o in net.outputs] == [("v", (3,)), ("m", (2,))]


def test_outputs_are_named_by_their_values_and_else_by_their_layer() -> None:
    assert [o.name for o in body("dense 3 as a\nrelu as b\noutput a, b", "8").outputs] == ["a", "b"]
    assert [o.name for o in body("dense 3 -> softmax", "8").outputs] == ["softmax1"]


def test_what_reaches_no_output_is_no_part_of_the_model() -> None:
    net = body("conv 8, 3x3\ninput -> conv 4, 3x3 as last")
    assert paths(net) == ["last"]


def test_one_set_of_weights_for_all_uses_of_a_shared_part() -> None:
    net = model("""
model Twins:
    left = input 28x28x1
    right = input 14x14x1
    share embed = conv 4, 3x3 -> global_avgpool
    a = left -> embed
    b = right -> embed
    (a, b) -> subtract
""")
    assert net.params == 3 * 3 * 1 * 4 + 4
    assert len([n for n in net.nodes if n.op.word == "conv"]) == 2
    assert len([layer for layer in net.layers if layer.node.op.word == "conv"]) == 1


def test_the_summary_lists_by_decreasing_distance_from_the_outputs_then_as_written() -> None:
    """The rule of Keras: depth first, order of creation among layers of one depth."""
    net = body("""
conv 8, 1x1 as a
side = input -> conv 8, 1x1 -> relu -> tanh
a -> sigmoid as s
(s, side) -> add
""")
    assert rows(net) == ["input", "conv1", "a", "relu1", "side", "s", "add1"]
