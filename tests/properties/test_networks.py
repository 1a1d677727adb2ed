"""Networks drawn by chance before their judges: what the text says is what runs, whichever way it goes.

Run once: seeds 0 to 1999 and 20000 to 21999 with all judges but Keras, 40000 to 41249 and 50000 to 50499 with Keras on
PyTorch as well. Every counterexample that they gave is kept below, shrunk to the lines that matter, and each seed that
gave one was asked again. `make test` runs the first seeds, `make proof` 3000.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from cnnc.compiler.ops import OPERATORS
from cnnc.compiler.pipeline import compile_text

from .chance import network
from .hold import held
from .judges import JUDGES, agree, case, ours
from .keras_judge import keras_values

QUICK, AT_A_TIME, PROOF = 120, 20, 3000


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.parametrize("judge", JUDGES)
@pytest.mark.parametrize("first", range(0, QUICK, AT_A_TIME))
def test_the_judges_agree(first: int, judge: str) -> None:
    for seed in range(first, first + AT_A_TIME):
        held(network(seed), judge)


@pytest.mark.proof
@pytest.mark.parametrize("judge", JUDGES)
@pytest.mark.parametrize("first", range(QUICK, PROOF, AT_A_TIME))
def test_the_judges_agree_about_thousands(first: int, judge: str) -> None:
    for seed in range(first, first + AT_A_TIME):
        held(network(seed), judge)


@pytest.mark.proof
@pytest.mark.parametrize("first", range(0, 200, AT_A_TIME))
def test_keras_agrees(first: int) -> None:
    for seed in range(first, first + AT_A_TIME):
        held(network(seed), "keras")


def test_a_vector_and_a_map_are_summed_as_keras_does_it() -> None:
    """Found at seed 17: the emitted sum with `drop` lined up other axes."""
    drawn = case("model Found:\n    a = input 3x4x6\n    b = input 6\n    (a, b) -> add drop=0.2\n")
    agree(keras_values(drawn), ours(drawn))


def test_the_same_seed_draws_the_same() -> None:
    assert network(5) == network(5)
    assert len({network(seed) for seed in range(50)}) > 45


def test_every_operator_is_drawn() -> None:
    seen: set[str] = set()
    for seed in range(1000):
        for node in compile_text(network(seed)).checked.nodes:
            seen.add(node.op.word)
        if seen >= {op.word for op in OPERATORS.values()}:
            return
    pytest.fail(f"not drawn: {sorted({op.word for op in OPERATORS.values()} - seen)}")


COUNTEREXAMPLES = {
    "numbers between 0.1 and 10 with many digits were not spelled": (
        "imported", "input 12x4", "layer_scale", "flatten -> dense 2"),
    "a merge of parts of one value in another order": (
        "imported", "input 9x4", "as v", "p, q = v -> split 2", "(q, p) -> concat"),
    "a factor behind a summand is not the normalisation's": (
        "imported", "input 4", "batchnorm scale=false", "layer_scale"),
    "bare weights in a list": (
        "emitted", "input 8", "for i in range(2):", "    layer_scale as v[i]", "    dense 8"),
    "a slope for each value of a map that is a cube": (
        "emitted", "input 4x4x4", "prelu per=value"),
    "a border before an average over windows of one": (
        "runtime", "input 6x10x2", "zeropad (0, 1)", "avgpool 1, stride=2, pad=same, count_pad=false"),
    "a border of zeros before a maximum of what is below zero": (
        "runtime", "input 5x3x4", "abs -> scale -1", "zeropad (0, 1)",
        "maxpool (2, 3), stride=2, pad=same, ceil=true"),
    "interpolation between layers that are channels last": (
        "runtime", "input 10x8x2", "layernorm", "upsample (2, 1), mode=bilinear", "flatten -> dense 2"),
    "a new place right between two old ones": (
        "runtime", "input 30x27x4", "upsample to=9x7"),
    "sizes of two axes behind a layer that is channels last": (
        "runtime", "input 7x7x4", "dense 5, per_place=true", "upsample to=5x5", "flatten"),
    "one shared layer had two borders in numbers": (
        "imported", "input 3x2x6", "share v = conv 6, 3, stride=2, pad=same, dilation=2",
        "add:", "    branch: v -> global_avgpool", "    branch: avgpool (3, 2) -> v -> global_avgpool"),
    "Keras takes a factor for sparse": (
        "keras", "input 10x6x6", "scale 0.5", "local_conv 3, 3"),
    "Keras takes no dilation beside a stride": (
        "keras", "input 9x6x2", "conv 6, (3, 1), stride=2, dilation=2"),
    "one shared pool had two names and two borders": (
        "keras", "input 6x7x3", "share v = maxpool 3, pad=same, ceil=true", "v -> v"),
    "one shared pool of the file's own": (
        "keras", "input 8x8x2", "share v = l2pool (2, 3), pad=same", "v -> v"),
    "PyTorch mirrors no map that is a cube and has its channels last": (
        "keras", "input 5x4x6x6", "reflection_pad 1"),
}  # fmt: skip
"""What was found, and who found it in which network."""


@pytest.mark.parametrize("what", COUNTEREXAMPLES)
def test_counterexamples(what: str) -> None:
    judge, *lines = COUNTEREXAMPLES[what]
    assert held("model Found:\n" + "".join(f"    {line}\n" for line in lines), judge)


@pytest.mark.parametrize(
    "chain", ["layer_scale -> scaled_tanh", "layer_scale -> dense 8", 'layer_scale as "0" -> dense 8']
)
def test_a_bare_weight_beside_other_layers_in_a_group(chain: str) -> None:
    held(f"model Found:\n    input 8\n    group as g:\n        {chain}\n", "emitted")
