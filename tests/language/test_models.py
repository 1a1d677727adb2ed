"""Models: their parameters, inputs, variants, and one inside another."""

from __future__ import annotations

import pytest
from cnnc.compiler.diagnostics import CompileError
from cnnc.compiler.pipeline import Options, check_text, compile_text
from cnnc.compiler.shape import Shape

from . import edges, model, paths, refused, shapes

FAMILY = """
model Plain(widths, classes=10):
    input 32x32x3
    for width in widths:
        conv width, 3x3, pad=same
    global_avgpool
    dense classes
    expect output=classes
model Small = Plain [8]
model Large(wide=16) = Plain [wide, wide]
model Tiny = Small classes=2
"""


def test_the_last_model_is_the_one_compiled_unless_another_is_asked_for() -> None:
    assert model(FAMILY).name == "Tiny"
    assert model(FAMILY, model="Large").name == "Large"


def test_a_variant_fixes_parameters_and_leaves_the_others_open() -> None:
    assert shapes(model(FAMILY, model="Small")) == [(10,)]
    assert shapes(model(FAMILY, model="Small", params={"classes": 5})) == [(5,)]
    assert shapes(model(FAMILY, model="Tiny")) == [(2,)]
    assert model(FAMILY, model="Large", params={"wide": 4}).params == (27 + 1) * 4 + (36 + 1) * 4 + (4 + 1) * 10


def test_a_parameter_from_outside_wins_over_what_a_variant_fixed() -> None:
    assert shapes(model(FAMILY, model="Tiny", params={"classes": 7})) == [(7,)]


def test_a_parameter_that_is_not_there_is_refused() -> None:
    assert refused(FAMILY, params={"width": 3})[0][0] == "unknown-argument"


def test_a_model_that_is_not_there_is_refused_with_the_nearest() -> None:
    with pytest.raises(CompileError) as caught:
        compile_text(FAMILY, options=Options(model="Smal"))
    assert [(d.code, d.help) for d in caught.value.diagnostics] == [("no-model", "did you mean `Small`?")]


def test_a_model_with_open_parameters_is_checked_by_its_variants_alone() -> None:
    assert check_text(FAMILY) == []
    assert refused(FAMILY, model="Plain")[0][0] == "missing-argument"


def test_figures_of_a_variant_are_its_own() -> None:
    text = FAMILY + 'model Held = Plain [8]:\n    """Doc."""\n    expect params=314\n'
    assert model(text).params == 27 * 8 + 8 + 8 * 10 + 10 == 314
    assert model(text).doc == "Doc."
    assert refused(text.replace("314", "315")) == [("expect", 14)]


def test_figures_are_held_only_as_declared() -> None:
    text = "model Net(n=3):\n    input 8\n    dense n\n    expect params=27\n"
    assert shapes(model(text, params={"n": 4})) == [(4,)]
    assert shapes(model(text, inputs={"": Shape((9,))})) == [(3,)]


def test_the_shape_of_an_input_from_outside() -> None:
    text = "model Net:\n    input 8x8x3\n    conv 4, 3x3\n"
    assert shapes(model(text, inputs={"": Shape((10, 12, 3))})) == [(8, 10, 4)]
    assert shapes(model(text, inputs={"input": Shape((None, None, 3))})) == [(None, None, 4)]
    assert refused(text, inputs={"": Shape((10, 3))}) == [("rank", 2)]


def test_the_shape_of_one_of_several_inputs() -> None:
    text = "model Net:\n    a = input 8\n    b = input 9\n    (a, b) -> concat\n"
    assert shapes(model(text, inputs={"b": Shape((2,))})) == [(10,)]


def test_an_input_that_is_not_there_is_refused() -> None:
    assert refused("model Net:\n    input 8\n    relu\n", inputs={"c": Shape((2,))}) == [("input", 1)]


def test_a_shape_without_a_name_is_for_the_only_input() -> None:
    text = "model Net:\n    a = input 8\n    b = input 9\n    (a, b) -> concat\n"
    assert refused(text, inputs={"": Shape((2,))}) == [("input", 1)]


BACKBONE = """
model Backbone:
    input 64x64x3
    for i, width in enumerate([8, 16]):
        conv width, 3x3, pad=same -> relu as c[i]
    global_avgpool as pooled
    dense 100
"""


def test_a_model_is_cut_at_a_name() -> None:
    net = model(BACKBONE + 'model Cut:\n    input 32x32x3\n    Backbone until="pooled" as body\n    dense 5\n')
    assert paths(net) == ["body.conv1", "body.c.0", "body.conv2", "body.c.1", "body.pooled", "dense1"]
    assert shapes(net) == [(5,)]


@pytest.mark.parametrize("until", ["conv2", "c.0"])
def test_a_model_is_cut_at_a_path(until: str) -> None:
    net = model(BACKBONE + f'model Cut:\n    input 32x32x3\n    Backbone until="{until}"\n    relu as last\n')
    assert (f"Backbone1.{until}", "last") in edges(net)


def test_a_model_is_cut_at_an_indexed_name() -> None:
    net = model(BACKBONE + 'model Cut:\n    input 32x32x3\n    Backbone until="c[0]" as body\n    relu as last\n')
    assert paths(net) == ["body.conv1", "body.c.0", "last"]


def test_a_model_cut_at_the_result_of_a_block_has_its_sizes() -> None:
    net = model("""
model Two:
    input 8x8x3
    unit 4 as first
    as c[0]
    unit 5

block unit(width):
    conv width, 1x1

model Cut:
    input 8x8x3
    Two until="c[0]" as body
    half

block half:
    conv input.channels // 2, 1x1
""")
    assert shapes(net) == [(8, 8, 2)]


@pytest.mark.parametrize("until", ["c[2]", "c[x]", "c[", "pooled[0]", "c[0][0]"])
def test_a_model_is_not_cut_where_nothing_is_bound(until: str) -> None:
    text = BACKBONE + f'model Cut:\n    input 32x32x3\n    Backbone until="{until}" as body\n'
    assert refused(text) == [("unknown-name", 10)]


def test_a_cut_leaves_nothing_behind_that_is_warned_of() -> None:
    text = BACKBONE + 'model Cut:\n    input 32x32x3\n    Backbone until="conv1"\n    relu\n'
    assert compile_text(text).warnings == ()


def test_inner_values_of_an_instance() -> None:
    net = model(
        BACKBONE
        + """
model Pyramid:
    input 64x64x3
    Backbone until="pooled" as body
    (body.c[0], body.c[1]) -> concat as both
    body.c -> concat as all
    output both, all
"""
    )
    assert shapes(net) == [(64, 64, 24), (64, 64, 24)]


def test_a_model_of_several_inputs_inside_another() -> None:
    net = model("""
model Pair:
    a = input 8
    b = input 9
    (a, b) -> concat
model Net:
    p = input 8
    q = input 9
    (p, q) -> Pair
    dense 2
""")
    assert shapes(net) == [(2,)]
    assert {("p", "Pair1.concat1"), ("q", "Pair1.concat1")} <= edges(net)


def test_defaults_fill_in_what_a_call_leaves_out() -> None:
    net = model("""
defaults:
    conv bias=false, pad=same
model Net:
    input 8x8x3
    conv 4, 3x3
    conv 4, 3x3, bias=true, pad=valid
""")
    assert [node.facts.params for node in net.nodes] == [0, 27 * 4, 36 * 4 + 4]
    assert shapes(net) == [(6, 6, 4)]


def test_a_block_passed_with_arguments_keeps_them_and_its_call_may_change_them() -> None:
    net = model("""
block unit(width, kernel=1):
    conv width, kernel
block twice(part):
    part 4
    part 5, kernel=2
model Net:
    input 8x8x3
    twice unit(kernel=3)
""")
    assert [node.op.size for node in net.nodes if node.op.word == "conv"] == [(3,), (2,)]  # type: ignore[attr-defined]
