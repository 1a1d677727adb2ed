"""A whole model as a file of Keras."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ....graph import Checked
from ..blocks import Blocks
from ..code import MISSING, Call, Code, Hole, Leaf, Named
from ..entries import Body, Unlike
from ..parts import Anatomy, Apart, Part
from ..public import public
from ..text import docstring, read_pieces, snake
from .bodies import Builder, apart, brought
from .functions import Function, Made
from .row import Path

TITLE = "Written by `cnnc emit keras`."

PIECES = read_pieces(__package__)
"""What Keras lacks: classes and functions by name, as source."""


def emit_keras(checked: Checked, doc: str = "") -> str:
    """The source of the model; `doc` is the documentation of its file."""
    try:
        return Model(checked, apart).text(doc)
    except Unlike:  # blocks that are entangled: one function for all
        return Model(checked, lambda frame, nodes: True).text(doc)


class Model(Blocks[Made]):
    """The functions of a model."""

    taken = frozenset({"keras", "layers", "ops", "name", "x", "inputs", *PIECES})

    def __init__(self, checked: Checked, apart: Apart) -> None:
        anatomy = Anatomy(checked, apart)
        self.brought = brought(anatomy)
        super().__init__(checked, anatomy)

    def body(self, part: Part) -> Body:
        return Builder(part, self.anatomy, self.make, self.brought).body()

    def written(self, bodies: Sequence[Body], name: str, doc: str) -> Made:
        root = bodies[0].part is self.anatomy.root
        function = Function(bodies, self.anatomy, public(self.anatomy) if root else frozenset())
        return function.model(name, self.checked.name, doc) if root else function.written(name, doc)

    def build(self, made: Made, leaves: Sequence[Leaf], part: Part, around: Part) -> Code:
        args: list[Code] = [Hole(n) for n in range(len(part.reads))]
        required = [leaf for leaf in leaves if leaf.default is MISSING]
        for position, leaf in enumerate(leaves):
            by_place = leaf.default is MISSING and (position == 0 or (position == 1 and len(required) <= 2))
            args.append(leaf if by_place else Named(made.params[position].name, leaf))
        args.append(Named("name", Leaf(Path(around.name(part.path)), "name", part.frame.span)))
        return Call(made.name, tuple(args))

    def title(self, name: str) -> str:
        return snake(name)

    # --- the file -----------------------------------------------------------------------------------------------------

    def text(self, doc: str) -> str:
        blocks = ["\n".join(made.text) for made in self.made]
        code = "\n\n\n".join([*self.pieces(), *blocks, self.demonstration()])
        return f"{self.head(code, doc.strip() or self.checked.name)}\n\n\n{code}\n"

    def head(self, code: str, doc: str) -> str:
        title = "\n".join(docstring(f"{doc}\n\n{TITLE}", 0)).strip()
        standard = [f"import {name}" for name in ("itertools", "math") if re.search(rf"\b{name}\.", code)]
        names = [name for name in ("layers", "ops") if re.search(rf"(?<![.\w]){name}\.", code)]
        imports = [*standard, *([""] if standard else []), "import keras"]
        if names:
            imports.append(f"from keras import {', '.join(names)}")
        return "\n".join([title, "", *imports])

    def pieces(self) -> Iterator[str]:
        """The classes and functions that Keras lacks and the model needs, in the order of their table."""
        wanted = needed(set().union(*(bare("\n".join(made.text)) for made in self.made)))
        yield from (text for name, text in PIECES.items() if name in wanted)

    def demonstration(self) -> str:
        return f'if __name__ == "__main__":\n    {self.made[-1].name}().summary()'


def bare(text: str) -> set[str]:
    """The names in a text that are not attributes, such as `layers.Conv2D`."""
    return set(re.findall(r"(?<![.\w])\w+", text))


def needed(names: set[str]) -> set[str]:
    """The pieces among the names, and those that they need in turn."""
    found: set[str] = set()
    waiting = [name for name in PIECES if name in names]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += [other for other in PIECES if other in bare(PIECES[name])]
    return found
