"""A whole model as a file of PyTorch."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from importlib.resources import files

from .... import syntax as s
from ....graph import Checked
from ....values import Definition
from ..code import Code, Leaf
from ..entries import Body, Unlike
from ..parts import Anatomy, Part
from ..solve import ABSENT, Param
from .bodies import body
from .classes import Class, Made, build, docstring

TITLE = "Written by `cnnc emit torch`."


def emit_torch(checked: Checked, doc: str = "") -> str:
    """The source of the model; `doc` is the documentation of its file."""
    return Model(checked, doc).text()


class Model:
    def __init__(self, checked: Checked, doc: str) -> None:
        self.checked = checked
        self.doc = doc
        self.anatomy = Anatomy(checked)
        self.classes: list[Made] = []
        self.homes: dict[int, tuple[Made, int]] = {}
        """The class of each part, and its number among the instances."""
        self.calls: dict[int, dict[tuple[int, int], s.Call]] = {}
        for parts in ordered(self.anatomy.root):
            self.block(parts)
        self.root = self.classes[-1]

    # --- blocks -------------------------------------------------------------------------------------------------------

    def block(self, parts: Sequence[Part]) -> None:
        """The classes of all instances of one block."""
        bodies = [body(part, self.anatomy, self.make) for part in parts]
        clusters = self.clusters(bodies)
        for number, cluster in enumerate(clusters):
            name = self.class_name(cluster, clusters, number)
            writer = Class(cluster, self.anatomy, self.public(parts[0]))
            made = writer.written(name, self.documentation(parts[0]))
            self.classes.append(made)
            for i, one in enumerate(cluster):
                self.homes[id(one.part)] = (made, i)

    def clusters(self, bodies: Sequence[Body]) -> list[list[Body]]:
        """Instances that one class can stand for: all if that goes, else groups of like ones."""
        if self.fit(bodies):
            return [list(bodies)]
        groups: dict[Hashable, list[Body]] = defaultdict(list)
        for one in bodies:
            groups[signature(one)].append(one)
        found: list[list[Body]] = []
        for group in groups.values():
            parts = [group] if self.fit(group) else [[one] for one in group]
            for part in parts:
                home = next((cluster for cluster in found if self.fit([*cluster, *part])), None)
                if home is None:
                    found.append(list(part))
                else:
                    home += part
        return found

    def fit(self, bodies: Sequence[Body]) -> bool:
        try:
            Class(bodies, self.anatomy).written("", "")
        except Unlike:
            return False
        return True

    def make(self, part: Part, around: Part) -> Code:
        """The code that builds an inner instance."""
        made, number = self.homes[id(part)]
        given = self.given(part, around)
        leaves = [self.leaf(param, number, given) for param in made.params]
        return build(made, number, leaves)

    def leaf(self, param: Param, number: int, given: dict[str, s.Expr]) -> Leaf:
        value = param.values[number]
        if value is ABSENT:
            value = param.default
        channels = param.comes_in if param.comes_in >= 0 else None
        return Leaf(value, param.name, given.get(param.name), channels, param.default)

    def given(self, part: Part, around: Part) -> dict[str, s.Expr]:
        """What a block's call says for its parameters, as written."""
        home = next((f for f in (part.frame.parent or part.frame).outward() if f.written is not None), None)
        written = part.frame.written
        if home is not around.frame or written is None or isinstance(home.written, s.Variant):
            return {}
        call = self.calls_of(home.written).get((part.frame.span.start, part.frame.span.end))
        if call is None:
            return {}
        names = [p.name for p in written.params]
        positions = iter(names)
        return {arg.name or next(positions, ""): arg.value for arg in call.args}

    def calls_of(self, written: s.Block | s.Model) -> dict[tuple[int, int], s.Call]:
        if id(written) not in self.calls:
            from ..explain import Terms

            self.calls[id(written)] = Terms(written, [{}], lambda name: None).calls
        return self.calls[id(written)]

    def public(self, part: Part) -> frozenset[str]:
        """The parameters of the model that stay parameters: what only sets the size of its result."""
        return frozenset()

    # --- names --------------------------------------------------------------------------------------------------------

    def class_name(self, cluster: Sequence[Body], clusters: Sequence[Sequence[Body]], number: int) -> str:
        part = cluster[0].part
        name = camel(part.frame.name if part.path else self.checked.name)
        if len(clusters) > 1:
            name += self.distinction(cluster)
        taken = {made.name for made in self.classes} | {"Tensor", "OrderedDict"} | PIECES.keys()
        if not part.path and name in taken:
            name += "Model"
        stem, number = name, 2
        while name in taken:
            name, number = f"{stem}{number}", number + 1
        return name

    def distinction(self, cluster: Sequence[Body]) -> str:
        """What blocks the instances were given, if they were given the same."""
        given = [tuple(v.name for _, v in one.part.frame.bindings if isinstance(v, Definition)) for one in cluster]
        return "".join(camel(name) for name in given[0]) if len(set(given)) == 1 else ""

    def documentation(self, part: Part) -> str:
        written = part.frame.written
        if not part.path:
            return self.checked.doc
        if written is None:
            return ""
        return next((item.text for item in written.body if isinstance(item, s.Doc)), "")

    # --- the file -----------------------------------------------------------------------------------------------------

    def text(self) -> str:
        blocks = ["\n".join(made.text) for made in self.classes]
        pieces = list(self.pieces())
        code = "\n\n\n".join([*pieces, *blocks, self.demonstration()])
        return f"{self.head(code)}\n\n\n{code}\n"

    def head(self, code: str) -> str:
        doc = self.doc.strip() or self.checked.name
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
        wanted = set().union(*(made.uses for made in self.classes))
        for name, text in reversed(PIECES.items()):
            if name in wanted:
                wanted |= set(re.findall(r"\w+", text))
        for name, text in PIECES.items():
            if name in wanted:
                yield text

    def demonstration(self) -> str:
        return "\n".join(
            [
                'if __name__ == "__main__":',
                f"    model = {self.root.name}()",
                "    parameters = sum(p.numel() for p in model.parameters())",
                '    print(f"{parameters:,} trained parameters")',
            ]
        )


def ordered(root: Part) -> Iterator[list[Part]]:
    """The instances by block, each block behind those that it is made of."""
    groups: dict[Hashable, list[Part]] = defaultdict(list)
    for part in root.parts:
        groups[part.definition].append(part)
    inner = {
        definition: {item.definition for part in parts for item in part.items if isinstance(item, Part)}
        for definition, parts in groups.items()
    }
    done: set[Hashable] = set()

    def visit(definition: Hashable) -> Iterator[list[Part]]:
        if definition not in done:
            done.add(definition)
            for other in [d for d in groups if d in inner[definition]]:
                yield from visit(other)
            yield groups[definition]

    for definition in list(groups):
        if definition != root.definition:
            yield from visit(definition)
    yield from visit(root.definition)


def signature(one: Body) -> Hashable:
    """What instances have in common that one class can certainly stand for."""
    return tuple(
        (tuple(sorted(map(repr, entry.keys))), entry.name, len(entry.args), len(entry.makes)) for entry in one.entries
    )


def camel(name: str) -> str:
    """`dense_layer` as `DenseLayer`."""
    if not name.islower():
        found = re.sub(r"\W", "_", name)
        found = found[:1].upper() + found[1:]
    else:
        found = "".join(word[:1].upper() + word[1:] for word in re.split(r"[^A-Za-z0-9]+", name))
    return f"Net{found}" if not found[:1].isalpha() else found


def read_pieces() -> dict[str, str]:
    text = files(__package__).joinpath("pieces.txt").read_text("utf-8")
    found: dict[str, str] = {}
    for piece in text.strip().split("\n\n\n"):
        for number in ("1", "2", "3") if "{N}" in piece else ("",):
            code = piece.replace("{N}", number)
            name = re.match(r"(?:class|def) (\w+)", code)
            assert name is not None
            found[name[1]] = code
    return found


PIECES = read_pieces()
"""Classes and functions by name, as source."""
