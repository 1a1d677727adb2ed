"""Program -> text in the one layout."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from ..format import format
from ..ops.base import OPERATORS
from ..ops.geometry import Padding
from ..parse import parse
from ..source import Source
from .blocks import Program
from .defaults import file_defaults
from .items import ENTRY, FLOW, UNSET, Block, Body, Code, Here, Item, Loop, Param, Shared, Use, named, shortened, walk
from .labels import label_text
from .naming import RESERVED, model_name, unique
from .network import Network, Ref
from .spelling import argument, spelled, told

WIDE = 100
"""Columns that a chain may fill; the formatter allows a few more."""

SHORT = 4
"""Calls that a body behind its colon may have."""

OPENERS = {"input", "conv", "depthwise_conv", "separable_conv", "conv_transpose", "dense", "maxpool", "avgpool",
           "concat", "add", "multiply", "global_avgpool", "global_maxpool", "upsample", "zeropad", "adaptive_avgpool",
           "flatten", "adaptive_maxpool", "split", "average", "reshape", "lrn"}  # fmt: skip
"""The calls that begin a line; normalisation and activations stand behind them."""

IDENTIFIER = re.compile(r"[A-Za-z_]\w*\Z")


def written(program: Program, name: str, origin: str) -> str:
    """The file. Raises CompileError where the text is none of ours, which would be a fault of this module."""
    return format(parse(Source(name, _Writer(program, origin).text())))


class Lines:
    """Text with its indentation; calls gather in a chain until something else is written."""

    def __init__(self, depth: int = 0) -> None:
        self.depth = depth
        self.lines: list[str] = []
        self.chain: list[str] = []
        self.only_calls = True

    def call(self, text: str, opens: bool) -> None:
        """A call: in the line that is open, or in a new one."""
        room = self.depth + len(" -> ".join([*self.chain, text])) <= WIDE
        alone = len(self.chain) == 1 and self.chain[0].startswith(("zeropad", "flatten", "reflection_pad"))
        if self.chain and ((opens and not alone) or not room):
            self.flush()
        self.chain.append(text)

    def line(self, text: str) -> None:
        self.flush()
        self.only_calls = False
        self.lines.append(" " * self.depth + text)

    def flush(self) -> None:
        if self.chain:
            self.lines.append(" " * self.depth + " -> ".join(self.chain))
            self.chain = []

    def body(self, head: str, inner: Lines, *, inline: bool) -> None:
        """A head with its body, behind the colon where it is one short chain."""
        inner.flush()
        text = " -> ".join(line.strip() for line in inner.lines)
        short = text.count(" -> ") < SHORT and self.depth + len(head) + 1 + len(text) <= WIDE
        if inline and inner.only_calls and short:
            self.line(f"{head} {text}")
            return
        self.line(head)
        self.lines += inner.lines


class _Scope:
    """The names of one block or model: values that are called by name, and the paths given so far."""

    def __init__(self, taken: Iterable[str], names: dict[Ref, str] | None = None) -> None:
        self.taken = set(taken)
        self.names: dict[Ref, str] = dict(names or {})
        self.wanted: set[Ref] = set()
        self.results: set[Ref] = set()

    def name(self, ref: Ref, stem: str) -> str:
        if ref not in self.names:
            self.names[ref] = unique("out" if ref in self.results else stem, self.taken)
            self.taken.add(self.names[ref])
        return self.names[ref]


class _Writer:
    def __init__(self, program: Program, origin: str) -> None:
        self.program = program
        self.network: Network = program.network
        self.origin = origin
        self.defaults = file_defaults(program)
        self.blocks = {block.name: block for block in program.blocks}
        self.shares = {share.name for share in program.shares}

    def text(self) -> str:
        parts = [f'"""{self.origin}"""'] if self.origin else []
        if self.defaults:
            parts.append("\n".join(["defaults:", *self.default_lines()]))
        parts += ["\n".join(self.block(block)) for block in self.program.blocks]
        parts.append("\n".join(self.model()))
        return "\n\n".join(parts) + "\n"

    def default_lines(self) -> list[str]:
        heads = dict.fromkeys(head for head, _ in self.defaults)
        return [
            f"    {head} " + ", ".join(f"{n}={spelled(v)}" for (h, n), v in self.defaults.items() if h == head)
            for head in heads
        ]

    def block(self, block: Block) -> list[str]:
        params = ", ".join(self.param(p) for p in block.params)
        lines = Lines(4)
        taken = {*self.blocks, *(p.name for p in block.params)}
        scope = _Scope(taken)
        self.sequence(block.items, lines, scope)
        lines.flush()
        head = f"block {block.name}({params}):" if params else f"block {block.name}:"
        return [head, *lines.lines]

    @staticmethod
    def param(param: Param) -> str:
        return param.name if param.default is UNSET else f"{param.name}={spelled(param.default)}"

    def model(self) -> list[str]:
        lines, name = Lines(4), model_name(self.network.name)
        scope = _Scope({*self.blocks, *self.shares, name})
        inputs = [n for n, layer in enumerate(self.network.layers) if layer.op.word == "input"]
        if len(inputs) == 1:
            scope.names[Ref(inputs[0])] = "input"
        flows = self.program.flows
        several = len(self.network.outputs) > 1
        if several:
            scope.wanted |= set(self.network.outputs)
            scope.results = set(self.network.outputs)
        scope.wanted |= {s for flow in flows for s in named(flow)}
        for share in self.program.shares:
            lines.line(self.share(share))
        for flow in flows:
            self.sequence(flow, lines, scope, sole_input=len(inputs) == 1)
        if several or self.elsewhere():
            lines.line("output " + ", ".join(scope.name(ref, "out") for ref in self.network.outputs))
        lines.flush()
        return [f"model {name}:", *lines.lines]

    def share(self, share: Shared) -> str:
        """`share encoder = conv 64, 3x3 -> relu`, with labels of its own."""
        scope = _Scope(set())
        uses = [item for item in share.items if isinstance(item, Use)]
        labels = [self.labelled(item, Ref(-1), scope)[0] if len(uses) > 1 else "" for item in uses]
        texts = [self.call(item, scope) + label for item, label in zip(uses, labels)]
        return f"share {share.name} = {' -> '.join(texts)}"

    def elsewhere(self) -> bool:
        """Whether the only output is not what the flow ends in."""
        flow = self.program.flows[0]
        return bool(flow) and self.network.outputs[0] != Ref(flow[-1].layers[-1])

    # --- sequences

    def sequence(
        self, items: Sequence[Item], lines: Lines, scope: _Scope, *, sole_input: bool = True
    ) -> None:  # fmt: skip
        scope.wanted |= set(named(items))
        for item in items:
            if isinstance(item, Use):
                self.use(item, lines, scope, sole_input)
            elif isinstance(item, Body):
                self.with_body(item, lines, scope)
            else:
                self.loop(item, lines, scope)
            value = Ref(item.layers[-1]) if item.layers else None
            if not isinstance(item, Use) and value in scope.wanted and value is not None:
                lines.line(f"as {scope.name(value, 'skip')}")

    def use(self, item: Use, lines: Lines, scope: _Scope, sole_input: bool) -> None:
        """A call, or a value put aside where it has several outputs or is one of several inputs."""
        ref = Ref(item.layers[-1]) if item.layers else Ref(-1)
        if item.head == "input":
            shape = spelled(dict(item.args)["shape"])
            lines.line(f"input {shape}" if sole_input else f"{self.input_name(ref, scope)} = input {shape}")
            return
        text = self.call(item, scope)
        start = self.start(item, scope)
        if item.outputs > 1:
            names = [scope.name(Ref(ref.layer, i), f"part{i + 1}") for i in range(item.outputs)]
            lines.line(f"{', '.join(names)} = {start}{text}")
            return
        label, name = self.labelled(item, ref, scope)
        opens = bool(start) or item.head in OPENERS or item.head not in OPERATORS
        if start:
            lines.flush()
            lines.only_calls = lines.only_calls and not lines.lines
        lines.call(f"{start}{text}{label}", opens)
        if name:
            lines.line(f"as {name}")

    def input_name(self, ref: Ref, scope: _Scope) -> str:
        return scope.name(ref, self.network.layers[ref.layer].path.replace(".", "_") or "input1")

    def labelled(self, item: Use, ref: Ref, scope: _Scope) -> tuple[str, str]:
        """What follows the call: ` as label`, and the name for a line of its own where the label is none."""
        wanted = ref in scope.wanted
        path = label_text(item.label)
        if not path:
            return (f" as {scope.name(ref, 'skip')}", "") if wanted else ("", "")
        if not IDENTIFIER.match(path) or path in scope.taken or path in RESERVED | OPERATORS.keys():
            return f' as "{path}"', scope.name(ref, "skip") if wanted else ""
        scope.taken.add(path)
        if wanted:
            scope.names[ref] = path
        return f" as {path}", ""

    def call(self, item: Use, scope: _Scope) -> str:
        """`conv 64, 3x3`, with the value beside the flow where there is one."""
        if item.head in self.shares:
            return item.head
        if item.head in self.blocks:
            texts = self.block_arguments(item, scope)
        else:
            operand = self.operand(item, scope)
            texts = told(item.head, operand, self.defaults)
        inputs = self.plain_inputs(item)
        beside = inputs[1:] if inputs[:1] == [FLOW] else []
        texts = [*(self.value(s, scope) for s in beside), *texts]
        return f"{item.head} {', '.join(texts)}" if texts else item.head

    def block_arguments(self, item: Use, scope: _Scope) -> list[str]:
        params = self.blocks[item.head].params
        given = dict(item.args)
        texts, positional = [], True
        for param in sorted(params, key=lambda p: p.default is not UNSET):
            value = given[param.name]
            if param.default is not UNSET and value == param.default and not isinstance(value, Code):
                positional = False
                continue
            text = self.value(value, scope) if isinstance(value, (Ref, Here)) else spelled(value)
            by_name = param.default is not UNSET or not positional
            texts.append(f"{param.name}={text}" if by_name else text)
        return texts

    def operand(self, item: Use, scope: _Scope) -> tuple[tuple[str, Any], ...]:
        """The arguments, those that are positions of inputs as names of values."""
        return tuple(
            (name, Code(self.value(item.inputs[value], scope))) if self.refers(item, name, value) else (name, value)
            for name, value in item.args
        )

    @staticmethod
    def refers(item: Use, name: str, value: Any) -> bool:
        """Whether an argument is another input, as in `upsample to=c3`."""
        cls = OPERATORS.get(item.head)
        whole = isinstance(value, int) and not isinstance(value, bool)
        return cls is not None and name in cls.fields and "Operand" in cls.fields[name].type and whole

    def plain_inputs(self, item: Use) -> list[Any]:
        """The inputs that no argument refers to."""
        told_ = {value for name, value in item.args if self.refers(item, name, value)}
        return [source for i, source in enumerate(item.inputs) if i not in told_]

    def value(self, source: Any, scope: _Scope) -> str:
        if source == ENTRY:
            return "input"
        return scope.name(source, "skip") if isinstance(source, Ref) else str(source)

    def start(self, item: Use, scope: _Scope) -> str:
        """What the chain begins with: nothing where the flow goes on."""
        inputs = self.plain_inputs(item)
        if inputs[0] == FLOW:
            return ""
        names = [self.value(s, scope) for s in inputs]
        return f"({', '.join(names)}) -> " if len(names) > 1 else f"{names[0]} -> "

    # --- bodies

    def with_body(self, item: Body, lines: Lines, scope: _Scope) -> None:
        item, label = self.opened_whole(item, scope)
        inner = Lines(lines.depth + 4)
        if item.head == "residual":
            options = [f"{name}={spelled(v)}" for name, v in item.args if v != 0]
            self.sequence(item.branches[0], inner, scope)
            if item.shortcut is not None:
                self.shortcut(item, inner, scope)
            lines.body(headed("residual", options, label), inner, inline=item.shortcut is None)
            return
        for branch in item.branches:
            body, own_label = self.opened(branch, scope)
            own = Lines(inner.depth + 4)
            self.sequence(body, own, scope)
            inner.body(f"branch{own_label}:", own, inline=True)
        lines.line(headed(item.head, told(item.head, item.args, self.defaults), label))
        lines.lines += inner.lines

    def shortcut(self, item: Body, inner: Lines, scope: _Scope) -> None:
        body, label = self.opened(item.shortcut or (), scope)
        own = Lines(inner.depth + (8 if item.condition else 4))
        self.sequence(body, own, scope)
        if item.condition is None:
            inner.body(f"shortcut{label}:", own, inline=True)
            return
        cases = Lines(inner.depth + 4)
        cases.body(f"if {item.condition}:", own, inline=True)
        inner.line(f"shortcut{label}:")
        inner.lines += cases.lines

    def opened_whole(self, item: Body, scope: _Scope) -> tuple[Body, str]:
        """A body of several labels that all begin alike, with what they begin with said once."""
        if item.head == "residual":
            return item, ""
        branches, label = self.opened(tuple(i for branch in item.branches for i in branch), scope)
        if not label:
            return item, ""
        found = iter(branches)
        return replace(item, branches=tuple(tuple(next(found) for _ in branch) for branch in item.branches)), label

    def opened(self, items: tuple[Item, ...], scope: _Scope) -> tuple[tuple[Item, ...], str]:
        """The items of a branch with what their labels begin with said once, where there are several."""
        labels = [i.label for i in walk(items) if isinstance(i, Use) and (i.label or self.weighted(i))]
        if len(labels) < 2 or any(len(label) < 2 for label in labels) or len({label[0] for label in labels}) > 1:
            return items, ""
        text = label_text(labels[0][:1])
        if not IDENTIFIER.match(text) or text in RESERVED | OPERATORS.keys() | scope.taken:
            return items, ""
        scope.taken.add(text)
        return shortened(items, 1), f" as {text}"

    def weighted(self, item: Use) -> bool:
        """Whether a call has weights, and so a path that matters."""
        return any(self.network.layers[n].facts.weights for n in item.layers)

    def loop(self, item: Loop, lines: Lines, scope: _Scope) -> None:
        inner = Lines(lines.depth + 4)
        self.sequence(item.items, inner, scope)
        if item.names:
            names = ", ".join(item.names)
            lines.body(f"for {names} in {self.rows(item)}:", inner, inline=False)
        elif item.counter:
            ends = [spelled(item.stop)] if item.start == 0 else [spelled(item.start), spelled(item.stop)]
            lines.body(f"for {item.counter} in range({', '.join(ends)}):", inner, inline=False)
        else:
            lines.body(f"repeat {spelled(item.count)}:", inner, inline=False)

    @staticmethod
    def rows(item: Loop) -> str:
        """The table of a loop, on several lines where it is long."""
        rows = [", ".join(cell(v) for v in row) for row in item.rows]
        if len(item.names) > 1:
            rows = [f"({row})" for row in rows]
        short = sum(map(len, rows)) + 2 * len(rows) <= 80
        return f"[{', '.join(rows)}]" if short else "[\n" + ",\n".join(f"        {row}" for row in rows) + ",\n    ]"


def cell(value: Any) -> str:
    """A value in a row of a table: sizes in brackets, as rows are."""
    sizes = isinstance(value, tuple) and not isinstance(value, Padding) and all(isinstance(n, int) for n in value)
    return argument("stride", value) if sizes else spelled(value)


def headed(word: str, texts: list[str], label: str) -> str:
    """`residual drop=0.1 as x:`"""
    return f"{word} {', '.join(texts)}{label}:" if texts else f"{word}{label}:"
