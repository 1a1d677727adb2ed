"""Temporary: reads the one-line texts of the rows until the pipeline can. Delete it then."""

from __future__ import annotations

import ast
import re

from cnnc.compiler.graph import Checked, Graph, Layer, Node, Output, Port
from cnnc.compiler.ops import INITIALIZERS, OPERATORS
from cnnc.compiler.ops.geometry import Padding
from cnnc.compiler.ops.structure import Input
from cnnc.compiler.shape import Shape
from cnnc.compiler.source import Frame, Source, Span

SPAN = Span(Source("row", ""), 0, 0)
FRAME = Frame("model", "Row", SPAN, None)


def compiled(text: str) -> Checked:
    nodes: list[Node] = []
    values: dict[str, Port] = {}
    counts: dict[str, int] = {}

    def put(op, inputs):
        facts = op.facts(tuple(p.shape for p in inputs))
        counts[op.short] = counts.get(op.short, 0) + 1
        number = counts[op.short]
        path = op.short if number == 1 else f"{op.short}{number}"
        nodes.append(Node(len(nodes), op, tuple(inputs), facts, path, SPAN, FRAME))
        return [Port(nodes[-1], i) for i in range(len(facts.outputs))]

    def call(step, flow):
        word, _, rest = step.partition(" ")
        cls = OPERATORS[word]
        inputs, given = list(flow), {}
        positional = [f for f in cls.fields.values() if f.position]
        rest = re.sub(r"(?<![\w.])(\d+(?:x\d+)+)(?!\w)", lambda m: "(" + m[1].replace("x", ",") + ",)", rest)
        tree = ast.parse(f"f({rest})", mode="eval").body
        for i, node in enumerate(tree.args):
            if isinstance(node, ast.Name) and node.id in values:
                inputs.append(values[node.id])
            else:
                field = positional[i]
                given[field.name] = convert(field, evaluate(node))
        for kw in tree.keywords:
            if isinstance(kw.value, ast.Name) and kw.value.id in values:
                given[kw.arg] = len(inputs)
                inputs.append(values[kw.value.id])
            else:
                given[kw.arg] = convert(cls.fields[kw.arg], evaluate(kw.value))
        return put(cls(**given), inputs)

    head, _, chain = text.partition(":")
    shapes = re.findall(r"[\dx?]+", head)
    for name, shape in zip("abcdefgh", shapes):
        sizes = [None if n == "?" else int(n) for n in shape.split("x")]
        (values[name],) = put(Input(Shape(sizes)), [])
        nodes[-1].path = name
    steps = [s.strip() for s in chain.strip().split("->")]
    flow = [values["a"]]
    if steps[0].startswith("("):
        flow = [values[n.strip()] for n in steps.pop(0)[1:-1].split(",")]
    elif steps[0] in values:
        flow = [values[steps.pop(0)]]
    for step in steps:
        flow = call(step, flow)
    outputs = tuple(Output(f"out{i}" if len(flow) > 1 else nodes[-1].path, p) for i, p in enumerate(flow))
    inputs = tuple(n for n in nodes if isinstance(n.op, Input))
    graph = Graph("Row", "row", nodes, inputs, outputs, SPAN)
    return Checked(graph, tuple(nodes), tuple(Layer((n,)) for n in nodes))


def evaluate(node):
    if isinstance(node, ast.Name):
        return {"true": True, "false": False, "none": None}.get(node.id, node.id)
    if isinstance(node, ast.Call):
        return (node.func.id, [evaluate(a) for a in node.args], {k.arg: evaluate(k.value) for k in node.keywords})
    if isinstance(node, (ast.Tuple, ast.List)):
        return tuple(evaluate(e) for e in node.elts)
    if isinstance(node, ast.UnaryOp):
        return -evaluate(node.operand)
    if isinstance(node, ast.BinOp):
        return eval(compile(ast.Expression(node), "row", "eval"))
    return node.value


def convert(field, value):
    kind = field.type
    if kind.startswith(("Activation", "Initializer")):
        if value is None:
            return None
        table = OPERATORS if kind.startswith("Activation") else INITIALIZERS
        word, args, named = value if isinstance(value, tuple) else (value, [], {})
        cls = table[word]
        names = [f.name for f in cls.fields.values() if f.position]
        given = {**dict(zip(names, args)), **named}
        return cls(**{k: convert(cls.fields[k], v) for k, v in given.items()})
    if kind.startswith("Padding"):
        if isinstance(value, str):
            return Padding(value)
        if isinstance(value, int):
            return Padding("explicit", ((value, value),), True)
        return Padding("explicit", tuple((v, v) if isinstance(v, int) else v for v in value))
    if kind.startswith("Pairs"):
        if isinstance(value, int):
            return ((value, value),)
        return tuple((v, v) if isinstance(v, int) else v for v in value)
    if kind.startswith(("Sizes", "Numbers", "Ints", "Dims")) and isinstance(value, (int, float)):
        return (value,)
    if kind.startswith("Numbers") and isinstance(value, tuple):
        return tuple(map(float, value))
    return value
