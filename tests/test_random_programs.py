"""Random programs, right in form and wild in meaning: each compiles or is refused with diagnostics, nothing else."""

from __future__ import annotations

import random

import pytest
from cnnc.compiler.ops import INITIALIZERS, OPERATORS
from cnnc.compiler.pipeline import check_text
from cnnc.compiler.render import as_dict, render

NAMES = ["a", "b", "c", "n", "width", "part", "Net", "input", "relu", "conv", "max", "same", "e", "train"]
NUMBERS = [
    "0",
    "1",
    "2",
    "3",
    "8",
    "64",
    "-1",
    "2.5",
    "1e-3",
    "1e30",
    "999999999999",
    "3x3",
    "1x7",
    "?x3",
    "8x8x3",
    "?",
]
WORDS = [*OPERATORS, *INITIALIZERS, "valid", "same", "causal", "height", "true", "false", "none"]
OPERATORS_BETWEEN = ["+", "-", "*", "/", "//", "%", "**", "==", "<", ">=", "in", "and", "or", "x"]
FUNCTIONS = ["min", "max", "abs", "ceil", "round", "sqrt", "len", "range", "sum", "enumerate", "zip", "reversed",
             "linspace", "round_to", "f", "part", "leaky_relu", "normal"]  # fmt: skip


CALLS = [example.partition(": ")[2] for op in OPERATORS.values() for example in op.examples if ": " in example]
CALLS += ["relu", "conv 8, 3x3, pad=same", "conv 8, 1x1", "maxpool 2", "part 1", "add input", "dense 4", "flatten"] * 8

HEADS = ["concat:", "add as a:", "residual:", "residual when={}:", "shortcut:", "branch:", "group as g:", "repeat {}:",
         "for i in {}:", "for i, j in {}:", "if {}:"]  # fmt: skip


class Writer:
    """Writes one program."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.sense = self.chance.choice([0.5, 0.9, 0.97])
        """How often a call or an expression is one that could well stand there."""
        self.names = 0

    def program(self) -> str:
        items = [self.item() for _ in range(self.chance.randint(0, 4))]
        return "\n".join([*items, self.model("Net")]) + "\n"

    def item(self) -> str:
        kind = self.chance.randrange(6)
        if kind == 0:
            return f"let {self.name()} = {self.expr(3)}"
        if kind == 1:
            return f"let f(a, b={self.expr(1)}) = {self.expr(3)}"
        if kind == 2:
            return f"defaults:\n    {self.word()} {self.args(named=True)}"
        if kind == 3:
            return f"model {self.name()}(n={self.expr(1)}) = {self.call()}"
        if kind == 4:
            return f"train:\n    {self.pick(['data', 'loss', 'optimizer', 'epochs', 'params', 'batch'])} {self.args()}"
        return f"block part(a, n={self.expr(1)}):\n" + self.body(1, 2)

    def model(self, name: str) -> str:
        head = self.pick(["8x8x3", "32x32x16", "16", "?x?x3", "100x8", "8x8x8x2", "n"])
        return f"model {name}(n={self.expr(1)}):\n    input {head}\n" + self.body(1, 3)

    def body(self, depth: int, levels: int) -> str:
        margin = "    " * depth
        return "\n".join(margin + self.statement(depth, levels) for _ in range(self.chance.randint(1, 4)))

    def statement(self, depth: int, levels: int) -> str:
        kind = self.chance.randrange(12)
        if kind < 5 or levels == 0:
            return self.chain()
        if kind == 5:
            return f"{self.name()} = {self.pick(['a', 'input', '(a, b)', 'c[0]'])} -> {self.chain()}"
        if kind == 6:
            return f"let {self.pick(['n', 'k', 'i, j'])} = {self.expr(2)}"
        if kind == 7:
            return f"share part = {self.chain()}"
        if kind == 8:
            return self.pick(["output a", "output a, b", "as a", "as e[0]", 'allow "checkerboard"', "expect params=3"])
        return f"{self.pick(HEADS).format(self.expr(2))}\n{self.body(depth + 1, levels - 1)}"

    def chain(self) -> str:
        return " -> ".join(self.call() for _ in range(self.chance.randint(1, 3)))

    def call(self) -> str:
        if self.chance.random() < self.sense:
            return self.pick(CALLS) + self.pick(["", "", "", f" as {self.name()}"])
        label = self.pick(["", "", "", " as a", " as e[i]", ' as "p.{n}"', " as b"])
        return f"{self.pick([*OPERATORS, 'part', 'a', 'input', 'Net', 'e[0]', 'a.c'])} {self.args()}".rstrip() + label

    def args(self, *, named: bool = False) -> str:
        given = [] if named else [self.expr(2) for _ in range(self.chance.choice([0, 1, 1, 2, 2, 3]))]
        fields = [name for op in OPERATORS.values() for name in op.fields]
        given += [f"{self.pick(fields)}={self.expr(2)}" for _ in range(self.chance.choice([0, 0, 1, 2]) + named)]
        return ", ".join(given)

    def expr(self, depth: int) -> str:
        if self.chance.random() < self.sense:
            return self.pick(["1", "2", "3", "n", "n + 1", "[1, 2]", "range(2)", "true"])
        kind = self.chance.randrange(11) if depth else self.chance.randrange(4)
        inner = [self.expr(depth - 1) for _ in range(3)] if kind > 3 else []
        match kind:
            case 0 | 1:
                return self.pick(NUMBERS)
            case 2:
                return self.pick([*NAMES, self.word()])
            case 3:
                return self.pick(
                    ['"text"', "500 steps", "[]", "{}", "[1, 2]", "(1, 2)", "e[0]", "input.channels", "a.b"]
                )
            case 4:
                return f"({inner[0]} {self.pick(OPERATORS_BETWEEN)} {inner[1]})"
            case 5:
                return f"[{inner[0]}, {inner[1]}]"
            case 6:
                return f"({inner[0]}, {inner[1]})"
            case 7:
                return f"{self.pick(FUNCTIONS)}({inner[0]}, {inner[1]})"
            case 8:
                return f"({inner[0]} if {inner[1]} else {inner[2]})"
            case 9:
                return f"[{inner[0]} for k in {inner[1]} if {inner[2]}]"
        return self.pick([f"({inner[0]})[{inner[1]}]", f"(-{inner[0]})", f"(not {inner[0]})", f"({inner[0]})[1:]"])

    def name(self) -> str:
        if self.chance.random() < self.sense:
            self.names += 1
            return f"v{self.names}"
        return self.pick(["a", "b", "c", "n", "k", "Net", "part", "e[0]", "e[i]"][: self.chance.choice([7, 9])])

    def word(self) -> str:
        return self.pick(WORDS)

    def pick(self, choices: list[str]) -> str:
        return self.chance.choice(choices)


@pytest.mark.parametrize("seed", range(20))
def test_random_programs_compile_or_are_refused(seed: int) -> None:
    for number in range(40):
        text = Writer(seed * 1000 + number).program()
        for found in check_text(text):
            assert render(found)
            assert as_dict(found)["line"] <= text.count("\n") + 1
