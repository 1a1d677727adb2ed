"""A whole model as a file of PyTorch."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from ....graph import Checked
from ....shape import Shape
from ..blocks import Blocks
from ..code import Code, Leaf
from ..entries import Body, Unlike
from ..parts import Anatomy, Apart, Part
from ..public import public
from ..text import camel, docstring, read_pieces
from .bodies import Builder
from .classes import Class, Made, build
from .sequence import numbered

TITLE = "Written by `cnnc emit torch`."

PIECES = read_pieces(__package__)
"""What PyTorch lacks: classes and functions by name, as source."""


def emit_torch(checked: Checked, doc: str = "") -> str:
    """The source of the model; `doc` is the documentation of its file."""
    try:
        return Model(checked, numbered).text(doc)
    except Unlike:  # blocks that are entangled: one class for all
        return Model(checked, lambda frame, nodes: True).text(doc)


class Model(Blocks[Made]):
    """The classes of a model."""

    taken = frozenset({"Tensor", "OrderedDict", *PIECES})

    def __init__(self, checked: Checked, apart: Apart) -> None:
        super().__init__(checked, Anatomy(checked, apart))

    def body(self, part: Part) -> Body:
        return Builder(part, self.anatomy, self.make).body()

    def written(self, bodies: Sequence[Body], name: str, doc: str) -> Made:
        root = bodies[0].part is self.anatomy.root
        made = Class(bodies, self.anatomy, public(self.anatomy) if root else frozenset())
        return made.written(name, doc or (flow(self.checked) if root else ""))

    def build(self, made: Made, leaves: Sequence[Leaf], part: Part, around: Part) -> Code:
        return build(made, leaves)

    def title(self, name: str) -> str:
        return camel(name)

    # --- the file -----------------------------------------------------------------------------------------------------

    def text(self, doc: str) -> str:
        blocks = ["\n".join(made.text) for made in self.made]
        code = "\n\n\n".join([*self.pieces(), *blocks, self.demonstration()])
        return f"{self.head(code, doc.strip() or self.checked.name)}\n\n\n{code}\n"

    def head(self, code: str, doc: str) -> str:
        title = "\n".join(docstring(f"{doc}\n\n{TITLE}", 0)).strip()
        imports = ["from __future__ import annotations", ""]
        if re.search(r"\bmath\.", code):
            imports += ["import math"]
        if "OrderedDict" in code:
            imports += ["from collections import OrderedDict"]
        if len(imports) > 2:
            imports += [""]
        if re.search(r"\btorch\.", code):
            imports += ["import torch"]
        if re.search(r"\bF\.", code):
            imports += ["import torch.nn.functional as F"]
        imports += ["from torch import Tensor, nn"]
        return "\n".join([title, "", *imports])

    def pieces(self) -> Iterator[str]:
        """The classes and functions that PyTorch lacks and the model needs, in the order of their table."""
        wanted = set().union(*(made.uses for made in self.made))
        for name, text in reversed(PIECES.items()):
            if name in wanted:
                wanted |= set(re.findall(r"\w+", text))
        yield from (text for name, text in PIECES.items() if name in wanted)

    def demonstration(self) -> str:
        return "\n".join(
            [
                'if __name__ == "__main__":',
                f"    model = {self.made[-1].name}()",
                "    parameters = sum(p.numel() for p in model.parameters())",
                '    print(f"{parameters:,} trained parameters")',
            ]
        )


SIZES = {1: ("L",), 2: ("H", "W"), 3: ("D", "H", "W")}
"""PyTorch's letters for sizes that are open."""


def flow(checked: Checked) -> str:
    """What goes in and comes out, in PyTorch's letters: `(N, 3, 224, 224) -> (N, 1000)`."""
    several = len(checked.inputs) > 1, len(checked.outputs) > 1
    taken = [(node.path, sizes(node.facts.output, SIZES)) for node in checked.inputs]
    given = [(name, sizes(port.shape, {})) for name, port in checked.outputs]
    sides = [", ".join(f"{n} {s}" if many else s for n, s in side) for side, many in zip((taken, given), several)]
    return " -> ".join(sides)


def sizes(shape: Shape, letters: Mapping[int, Sequence[str]]) -> str:
    """A shape with the examples first, channels next; open sizes by their letters, or as dots where they have none."""
    names = letters.get(shape.rank, ("...",) * shape.rank)
    spatial = [name if size is None else str(size) for name, size in zip(names, shape.spatial)]
    spatial = ["..."] if "..." in spatial else spatial
    return f"({', '.join(['N', 'C' if shape.channels is None else str(shape.channels), *spatial])})"
