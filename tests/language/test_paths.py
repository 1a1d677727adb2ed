"""Paths: the labels of the enclosing instances joined by dots, then the own name."""

from __future__ import annotations

from . import body, model, paths


def test_layers_without_a_label_have_their_kind_and_a_number_in_written_order() -> None:
    net = body("conv 8, 3x3 -> batchnorm -> relu\nconv 8, 3x3 -> batchnorm -> relu")
    assert paths(net) == ["conv1", "bn1", "relu1", "conv2", "bn2", "relu2"]


def test_loops_conditions_and_bodies_without_a_label_add_nothing() -> None:
    net = body("""
for i in range(2):
    if i == 1:
        conv 8, 3x3, pad=same
concat:
    branch: conv 8, 1x1
    branch: conv 8, 1x1
residual:
    conv 16, 1x1
    shortcut: conv 16, 1x1
""")
    assert paths(net) == ["conv1", "conv2", "conv3", "concat1", "conv4", "conv5", "add1"]


def test_an_instance_of_a_block_has_the_name_of_the_block_and_a_number() -> None:
    net = model("""
block basic(width):
    conv width, 3x3 -> batchnorm
model Net:
    input 32x32x3
    basic 8
    basic 8
""")
    assert paths(net) == ["basic1.conv1", "basic1.bn1", "basic2.conv1", "basic2.bn1"]


def test_the_paths_of_torchvision_s_first_stage() -> None:
    """The names of torchvision's resnet18: conv1, bn1, layer1.0.conv1, ..., layer2.0.downsample.0, fc."""
    net = model("""
block basic(width, stride=1):
    residual:
        conv width, 3x3, stride=stride, pad=1, bias=false -> batchnorm -> relu
        conv width, 3x3, pad=1, bias=false -> batchnorm
        shortcut as downsample:
            if stride != 1:
                conv width, 1x1, stride=stride, bias=false as "0" -> batchnorm as "1"
    relu
model Net:
    input 32x32x3
    conv 8, 7x7, stride=2, pad=3, bias=false -> batchnorm -> relu
    for stage in range(2):
        for i in range(2):
            basic 8 * 2**stage, 2 if i == 0 and stage > 0 else 1 as "layer{stage + 1}.{i}"
    global_avgpool -> dense 10 as fc
""")
    weighted = [node.path for node in net.nodes if node.facts.weights]
    blocks = ["layer1.0", "layer1.1", "layer2.0", "layer2.1"]
    expected = ["conv1", "bn1"]
    for block in blocks:
        expected += [f"{block}.{name}" for name in ("conv1", "bn1", "conv2", "bn2")]
        if block == "layer2.0":
            expected += ["layer2.0.downsample.0", "layer2.0.downsample.1"]
    assert weighted == [*expected, "fc"]


def test_a_label_binds_to_the_last_call_before_it() -> None:
    assert paths(body("conv 8, 3x3 -> batchnorm as n")) == ["conv1", "n"]


def test_a_name_put_aside_labels_the_last_call() -> None:
    net = body("side = input -> conv 8, 1x1 -> relu\nconv 8, 1x1\nadd side")
    assert paths(net) == ["conv1", "side", "conv2", "add1"]


def test_a_name_put_aside_gives_way_to_a_label() -> None:
    net = body("side = input -> conv 8, 1x1 as head\nconv 8, 1x1\nadd side")
    assert paths(net) == ["head", "conv1", "add1"]


def test_a_label_on_a_merge_opens_a_scope_and_names_its_row() -> None:
    net = body("concat as m:\n    branch: conv 8, 1x1\n    branch: conv 8, 1x1 as b")
    assert paths(net) == ["m.conv1", "m.b", "m"]


def test_a_label_on_a_branch_opens_a_scope() -> None:
    net = body("concat:\n    branch as left: conv 8, 1x1\n    branch as right: conv 8, 1x1")
    assert paths(net) == ["left.conv1", "right.conv1", "concat1"]


def test_a_group_puts_its_body_under_one_path() -> None:
    net = body("group as features:\n    conv 8, 3x3 -> relu\nglobal_avgpool")
    assert paths(net) == ["features.conv1", "features.relu1", "global_avgpool1"]


def test_an_indexed_name_is_a_path_with_its_index() -> None:
    net = body("for i in range(2):\n    conv 8, 3x3 as c[i]")
    assert paths(net) == ["c.0", "c.1"]


def test_a_plain_label_in_a_loop_gets_a_number_from_its_second_turn_on() -> None:
    net = body("for i in range(3):\n    conv 8, 3x3 as c")
    assert paths(net) == ["c", "c2", "c3"]


def test_automatic_names_leave_out_those_given_by_hand() -> None:
    assert paths(body("conv 8, 3x3 as conv1\nconv 8, 3x3")) == ["conv1", "conv2"]


def test_a_variant_adds_no_component_and_a_model_inside_another_one() -> None:
    text = """
model Plain(width):
    input 32x32x3
    conv width, 3x3
model Small = Plain 8
model Outer:
    input 32x32x3
    Small as inner
    Small
"""
    assert paths(model(text, model="Small")) == ["conv1"]
    assert paths(model(text.replace("    Small\n", "    relu\n"))) == ["inner.conv1", "relu1"]
