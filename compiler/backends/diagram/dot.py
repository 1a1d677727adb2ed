"""Picture -> DOT, the language of Graphviz. Identifiers are numbered, so that no name of a model can break out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import count, pairwise

from .columns import PAGE, Plan, plan
from .labels import cell_label, closed_label, door_label, heading, hung, title_label
from .look import cut, shared_paths
from .picture import Arc, Picture, bypass, leaves
from .tree import Box, Cell, Part

FONT = "Helvetica,Arial,sans-serif"
SIGNS = {"add": "+", "multiply": "*"}
"""What stands beside a way around; else the word of the merge."""

SKIP = "#a83d75"
TAILS = {"TB": ":box:s", "LR": ":box:e"}
"""Where arcs leave the inner of the two tables of a label that a shape hangs from."""


def dot(
    picture: Picture,
    *,
    direction: str = "TB",
    shapes: bool = True,
    page: bool = False,
    dpi: int | None = None,
    pack: bool = True,
) -> str:
    """The picture as DOT text. `page` shrinks it to a sheet of A4; without `pack` the columns share their ranks."""
    size = f' size="{PAGE[0]},{PAGE[1]}" margin=0.3' if page else ""
    sheet = f"{size} dpi={dpi}" if dpi else size
    return "\n".join(_Dot(picture, direction, shapes).lines(sheet, pack)) + "\n"


class _Dot:
    def __init__(self, picture: Picture, direction: str, shapes: bool) -> None:
        self.picture = picture
        self.direction = direction
        self.shapes = shapes
        self.clusters = count(1)
        self.shared = shared_paths(picture.checked)
        self.plan: Plan = plan(picture)
        self.roomy = self.plan.upward or len(self.plan.columns) + len(self.plan.asides) == 1

    def lines(self, sheet: str, pack: bool) -> Iterator[str]:
        yield "digraph {"
        yield from self.settings(sheet, pack)
        columns = [*_Drawing(self, self.picture, "n").columns(self.plan), *self.insets()]
        # from left to right columns become rows, which are packed from the foot of the page up
        for column in columns if self.direction == "TB" or self.plan.upward else reversed(columns):
            yield from column
        yield "}"

    def insets(self) -> Iterator[list[str]]:
        """The insets, those of one column held one below the other by an arc that is not seen."""
        for k, column in enumerate(self.plan.asides):
            drawings = [_Drawing(self, inset, f"i{k}_{n}_") for n, inset in enumerate(column)]
            lines = [line for drawing in drawings for line in drawing.aside()]
            held = [f"  {a.last} -> {b.prefix}in [style=invis]" for a, b in pairwise(drawings)]
            yield lines + held

    def settings(self, sheet: str, pack: bool) -> Iterator[str]:
        """Columns are unconnected: `pack` lays out each by itself and sets them side by side, tops level. It crashes
        together with `newrank`, which a U needs for its levels."""
        across = "array_it99" if self.direction == "TB" else "array_cil1"
        packed = f"pack=28 packmode={across}" if pack else ""
        order = "newrank=true" if self.plan.upward else packed
        yield f'  graph [rankdir={self.direction} {order} nodesep=0.22 ranksep=0.24 fontname="{FONT}"{sheet}'
        yield f"    fontsize=15 labelloc=t labeljust=l pad=0.2 label=<{title_label(self.picture)}>]"
        yield f'  node [shape=plain fontname="{FONT}" fontsize=10]'
        yield f'  edge [fontname="{FONT}" fontsize=9 color="#4b5563" fontcolor="#4b5563" arrowsize=0.6]'


class _Drawing:
    """One connected picture in the text: the whole model, or an inset."""

    def __init__(self, page: _Dot, picture: Picture, prefix: str) -> None:
        self.page = page
        self.picture = picture
        self.prefix = prefix
        self.names: dict[Part, str] = {part: f"{prefix}{k}" for k, part in enumerate(picture.parts)}
        self.telling: dict[Part, Arc] = {}
        """The arc that bears the shape of what a part gives: the first that is no skip."""
        for arc in sorted(picture.arcs, key=lambda arc: arc.skip):
            self.telling.setdefault(arc.source, arc)
        self.outputs: dict[Part | None, list[str]] = {}
        for output in picture.checked.outputs:
            self.outputs.setdefault(picture.drawn(output.port.node), []).append(output.name)

    def columns(self, plan: Plan) -> Iterator[list[str]]:
        """The model by columns; a value that goes from one to another is taken up there under the same number."""
        column = {
            leaf: k
            for k, parts in enumerate(plan.columns)
            for part in parts
            for leaf in leaves(part, self.picture.is_open)
        }
        links = _Links(() if plan.upward else self.picture.arcs, column)
        for k, parts in enumerate(plan.columns):
            yield [
                f'  subgraph cluster_column{k} {{ peripheries=0 margin=0 label=""',
                *(line for part in parts for line in self.part(part, "    ")),
                *links.circles(k),
                "  }",
            ]
        yield [f"  {{ rank=same {self.names[left]} {self.names[right]} }}" for left, right in plan.level]
        yield [f"  {self.tail(source)} -> {links.foot(source)}" for source in links.numbers]
        yield [self.wire(arc, plan, links) for arc in self.picture.arcs]

    def wire(self, arc: Arc, plan: Plan, links: _Links) -> str:
        """An arc within a column, from the circle that takes it up, or between the arms of a U."""
        start, end = links.column[arc.source], links.column[arc.target]
        if start != end and not plan.upward:
            return f"  {links.head(arc)} -> {self.names[arc.target]} [{' '.join(self.style(arc)[: arc.skip])}]"
        return self.arc(arc, across=start != end, upward=plan.upward and start == 1)

    def aside(self) -> Iterator[str]:
        """A block in full, with the doors through which its values come and go."""
        yield f"  subgraph cluster_{self.prefix} {{"
        yield '    style="rounded,filled" fillcolor="#f8fafc" color="#64748b" fontsize=11 margin=10 peripheries=1'
        yield f"    labeljust=l label=<{heading(self.picture.root, inset=True)}>"
        for part in self.picture.root.parts:
            yield from self.part(part, "    ")
        entries, exits = self.picture.doors()
        yield f"    {self.prefix}in [label=<{door_label('in', entries.values())}>]"
        if exits:
            yield f"    {self.prefix}out [label=<{door_label('out', exits.values())}>]"
        for part in entries:
            yield f"    {self.prefix}in -> {self.names[part]}"
        for part in exits:
            yield f"    {self.tail(part)} -> {self.prefix}out"
        for arc in self.picture.arcs:
            yield self.arc(arc)
        yield "  }"

    @property
    def last(self) -> str:
        return f"{self.prefix}out" if self.picture.doors()[1] else self.names[self.picture.parts[-1]]

    def part(self, part: Part, indent: str) -> Iterator[str]:
        if isinstance(part, Box) and self.picture.is_open(part):
            yield from self.box(part, indent)
            return
        name, results = self.names[part], self.outputs.get(part, [])
        if isinstance(part, Cell):
            label = cell_label(part, results, self.page.shared)
            yield f"{indent}{name} [label=<{hung(label, self.given(part)) if self.hangs(part) else label}>]"
            return
        yield f"{indent}{name} [label=<{closed_label(part, results, self.page.shared, self.page.shapes)}>]"
        around = bypass(part)
        if around:
            yield f"{indent}{self.loop(name, around.word)}"

    def loop(self, name: str, word: str) -> str:
        """The mark of a way around inside a closed box."""
        side = "e" if self.page.direction == "TB" else "s"
        return f'{name}:{side} -> {name}:{side} [label="{SIGNS.get(word, word)}" color="{SKIP}"]'

    def box(self, box: Box, indent: str) -> Iterator[str]:
        if len(box.parts) == 1 and box.times == 1:
            yield from self.part(box.parts[0], indent)
            return
        style = "rounded,dashed" if box.kind == "repeat" else "rounded"
        yield f"{indent}subgraph cluster_{next(self.page.clusters)} {{"
        yield f'{indent}  style="{style}" color="#9ca3af" fontsize=11 margin=9 peripheries=1 labeljust=l'
        yield f"{indent}  label=<{heading(box)}>"
        for inner in box.parts:
            yield from self.part(inner, indent + "  ")
        yield f"{indent}}}"

    def arc(self, arc: Arc, *, across: bool = False, upward: bool = False) -> str:
        ends = [self.tail(arc.source), self.names[arc.target]]
        style = self.style(arc)
        if across:
            style.append("constraint=false")
        elif upward:
            ends.reverse()
            style.append("dir=back")
        return f"  {' -> '.join(ends)} [{' '.join(style)}]"

    def style(self, arc: Arc) -> list[str]:
        """Colour of a skip; at one arc of each part, the shape, where arcs have room for labels."""
        style = [f'color="{SKIP}" penwidth=1.2'] if arc.skip else []
        given = self.given(arc.source) if self.page.roomy and self.telling.get(arc.source) is arc else ""
        return [*style, f'label="  {given}"'] if given else style

    def given(self, source: Part) -> str:
        """The shape of what a cell gives, where it is not what it takes; a closed box has both inside."""
        if not self.page.shapes or isinstance(source, Box) or not source.nodes[0].inputs:
            return ""
        shapes = dict.fromkeys(source.nodes[-1].facts.outputs)
        return "" if set(shapes) <= {source.nodes[0].shapes[0]} else cut(", ".join(map(str, shapes)))

    def tail(self, source: Part) -> str:
        """Where arcs begin: at the box itself, beside the shape that hangs below it."""
        return self.names[source] + (TAILS[self.page.direction] if self.hangs(source) else "")

    def hangs(self, source: Part) -> bool:
        """Whether the shape hangs below the node. Packed columns keep no room for labels of arcs."""
        return not self.page.roomy and source in self.telling and bool(self.given(source))


class _Links:
    """Numbered circles that carry a value from the foot of one column to the head of another."""

    def __init__(self, arcs: tuple[Arc, ...], column: Mapping[Part, int]) -> None:
        self.column = column
        self.numbers: dict[Part, int] = {}
        self.heads: dict[int, dict[Part, None]] = {}
        for arc in arcs:
            if column[arc.source] != column[arc.target]:
                self.numbers.setdefault(arc.source, len(self.numbers) + 1)
                self.heads.setdefault(column[arc.target], {})[arc.source] = None

    def circles(self, column: int) -> Iterator[str]:
        """The circles in one column."""
        for source, number in self.numbers.items():
            if self.column[source] == column:
                yield _circle(f"leave{number}", number)
        for source in self.heads.get(column, ()):
            yield _circle(f"enter{self.numbers[source]}_{column}", self.numbers[source])

    def foot(self, source: Part) -> str:
        return f"leave{self.numbers[source]}"

    def head(self, arc: Arc) -> str:
        return f"enter{self.numbers[arc.source]}_{self.column[arc.target]}"


def _circle(name: str, number: int) -> str:
    shape = "shape=circle width=0.24 fixedsize=true style=filled fillcolor=black fontcolor=white fontsize=9"
    return f'    {name} [{shape} label="{number}"]'
