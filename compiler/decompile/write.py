"""Program -> text in the one layout."""

from __future__ import annotations

from ..format import format
from ..parse import parse
from ..source import Source
from .calls import Calls, Scope
from .items import UNSET, Block, Param, Shared, Use, named
from .labels import label_text
from .lines import Lines
from .naming import model_name
from .network import Ref
from .program import Program
from .sequences import Sequences
from .spelling import spelled


def written(program: Program, name: str, origin: str) -> str:
    """The file. Raises CompileError where the text is none of ours, which would be a fault of this module."""
    return format(parse(Source(name, _File(program).text(origin))))


class _File:
    """The definitions of a file, one behind the other."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.network = program.network
        self.calls = Calls(program)
        self.sequences = Sequences(program.network, self.calls)

    def text(self, origin: str) -> str:
        parts = [f'"""{origin}"""'] if origin else []
        if self.calls.defaults:
            parts.append("\n".join(["defaults:", *self.default_lines()]))
        parts += ["\n".join(self.block(block)) for block in self.program.blocks]
        parts.append("\n".join(self.model()))
        return "\n\n".join(parts) + "\n"

    def default_lines(self) -> list[str]:
        defaults = self.calls.defaults
        return [
            f"    {head} " + ", ".join(f"{n}={spelled(v)}" for (h, n), v in defaults.items() if h == head)
            for head in dict.fromkeys(head for head, _ in defaults)
        ]

    def block(self, block: Block) -> list[str]:
        lines = Lines(4)
        self.sequences.write(block.items, lines, Scope({*self.calls.blocks, *(p.name for p in block.params)}))
        lines.flush()
        params = ", ".join(map(parameter, block.params))
        return [f"block {block.name}({params}):" if params else f"block {block.name}:", *lines.lines]

    def model(self) -> list[str]:
        lines, name = Lines(4), model_name(self.network.name)
        scope = self.model_scope(name)
        for share in self.program.shares:
            lines.line(self.share(share))
        for flow in self.program.flows:
            self.sequences.write(flow, lines, scope)
        if len(self.network.outputs) > 1 or self.elsewhere():
            lines.line("output " + ", ".join(scope.name(ref, "out") for ref in self.network.outputs))
        lines.flush()
        return [f"model {name}:", *lines.lines]

    def model_scope(self, name: str) -> Scope:
        """The model's names before its first line, and the values that will need one."""
        scope = Scope({*self.calls.blocks, *self.calls.shares, name})
        inputs = [n for n, layer in enumerate(self.network.layers) if layer.op.word == "input"]
        if len(inputs) == 1:
            scope.names[Ref(inputs[0])] = "input"
        if len(self.network.outputs) > 1:
            scope.results = set(self.network.outputs)
        scope.wanted = scope.results | {ref for flow in self.program.flows for ref in named(flow)}
        return scope

    def share(self, share: Shared) -> str:
        """`share encoder = conv 64, 3x3 -> relu`, with labels of its own."""
        scope = Scope()
        uses = [item for item in share.items if isinstance(item, Use)]
        labels = ["" if label_text(u.label) == share.name else scope.labelled(u, Ref(-1))[0] for u in uses]
        texts = [self.calls.text(use, scope) + label for use, label in zip(uses, labels)]
        return f"share {share.name} = {' -> '.join(texts)}"

    def elsewhere(self) -> bool:
        """Whether the only output is not what the flow ends in."""
        flow = self.program.flows[0]
        return bool(flow) and self.network.outputs[0] != Ref(flow[-1].layers[-1])


def parameter(param: Param) -> str:
    """`width`, or `stride=1`."""
    return param.name if param.default is UNSET else f"{param.name}={spelled(param.default)}"
