"""What every form of the report says: the figures at its head and the rules they were counted by."""

from __future__ import annotations

from collections.abc import Iterator

from ...census import depth, units, weighted
from ...figures import grouped, memory, short
from .measure import Report
from .memory import BFLOAT16, FLOAT32, Memory

RULES = (
    "Parameters are counted as Keras does: batch normalisation has 4 per channel, 2 of them not trained.",
    "MACs are multiply-accumulates of convolutions and dense layers for one example, biases not counted; "
    "FLOPs are 2 x MACs.",
    "Values are the numbers all layers write for one example. Training keeps them; inference frees each after its last "
    "use, in the written order.",
    "The field is what one place sees of the input, borders not cut off; `all` is mixed in by global pooling and such.",
    "bf16 trains with values in bfloat16; weights, gradients and Adam's two numbers a weight stay in float32.",
)


def headline(report: Report) -> Iterator[tuple[str, str, str]]:
    """Title, figure and note of what matters most."""
    figures, checked = report.figures, report.checked
    trained = "all trainable" if figures.trainable == figures.params else f"{grouped(figures.trainable)} trainable"
    yield "parameters", grouped(figures.params), f"{trained}, {memory(figures.params * FLOAT32)} in float32"
    flops = None if figures.macs is None else 2 * figures.macs
    yield "MACs", grouped(figures.macs), f"{short(flops)} FLOPs for one example"
    yield "layers", grouped(figures.layers), f"{weighted(checked)} with a kernel, {depth(checked)} on the longest path"
    yield "units", grouped(units(checked)), "numbers that layers with a kernel make"
    yield "trained weights", grouped(report.tensors), "kernels and biases apart"
    inputs = ", ".join(str(node.facts.output) for node in checked.inputs)
    outputs = ", ".join(str(output.port.shape) for output in checked.outputs)
    yield "values", grouped(figures.values), f"from {inputs} to {outputs}"
    yield "receptive field", str(report.field), jump_note(report)
    peak = report.values.peak
    at = f"at `{report.values.peak_at}`" if report.values.peak_at else ""
    yield "peak", grouped(peak), f"values alive at once at inference, {at}".rstrip(", ")


def jump_note(report: Report) -> str:
    jump = report.field.jump
    if not jump:
        return ""
    return f"with a step of {'x'.join(str(step) for step in jump)}"


def memories(report: Report) -> Iterator[tuple[str, Memory]]:
    """What is told of memory, by title."""
    yield "inference, fp32", report.inference(FLOAT32)
    yield "inference, bf16", report.inference(BFLOAT16)
    yield "training, fp32", report.training(FLOAT32)
    yield "training, bf16", report.training(BFLOAT16)
