"""Picture -> one HTML page that folds and unfolds by itself; it needs neither `dot` nor a network."""

from __future__ import annotations

import json
from collections.abc import Iterator
from html import escape
from importlib.resources import files
from typing import Any

from ...webpage import webpage
from . import look
from .picture import Picture, bypass, deepest, leaves
from .tree import Box, Cell, Part


def html(picture: Picture) -> str:
    """The whole page. Every text of the model is escaped or set as text by the script."""
    checked = picture.checked
    macs = "" if checked.macs is None else f" · {checked.macs:,} multiply-accumulates"
    shown = [*leaves(picture.root, lambda _: True)]
    body = _asset("body.html").format(
        name=escape(look.cut(checked.name)),
        figures=f"{checked.params:,} parameters{macs}",
        legend="".join(
            f'<span><i style="background:{f.fill};border-color:{f.line}"></i>{f.name}</span>'
            for f in look.used_families(shown)
        ),
        depths=_depths(picture),
        model=_json(_Model(picture).data()),
    )
    script = _asset("layout.js") + _asset("page.js")
    return webpage(look.cut(checked.name), _asset("page.css"), body.rstrip("\n"), script)


def _asset(name: str) -> str:
    return files(__package__).joinpath(name).read_text("utf-8")


def _json(data: Any) -> str:
    """JSON that cannot end the script element it stands in."""
    return json.dumps(data, ensure_ascii=True, separators=(",", ":")).replace("<", "\\u003c")


def _depths(picture: Picture) -> str:
    options = "".join(f'<option value="{d}">{d}</option>' for d in range(1, deepest(picture.root) + 1))
    return f'<option value="" selected disabled>auto</option>{options}'


class _Model:
    """The picture as the script wants it: parts by number, arcs between the innermost."""

    def __init__(self, picture: Picture) -> None:
        self.picture = picture
        self.whole = Picture(picture.checked, picture.folded, picture.root, lambda _: True)
        self.ids: dict[Part, int] = {}
        self.shared = look.shared_paths(picture.checked)
        self.outputs: dict[Part | None, list[str]] = {}
        for output in picture.checked.outputs:
            self.outputs.setdefault(self.whole.drawn(output.port.node), []).append(output.name)

    def data(self) -> dict[str, Any]:
        parts = list(self.parts(self.picture.root, None))
        arcs = [[self.ids[a.source], self.ids[a.target], ", ".join(map(str, a.shapes))] for a in self.whole.arcs]
        opened = [n for part, n in self.ids.items() if isinstance(part, Box) and self.picture.is_open(part)]
        families = {f.name: [f.fill, f.line] for f in (*look.FAMILIES.values(), look.INPUT, look.OTHER)}
        return {
            "root": 0,
            "parts": parts,
            "arcs": arcs,
            "open": opened,
            "families": families,
            "dark": look.INPUT.name,
        }

    def parts(self, part: Part, parent: int | None) -> Iterator[dict[str, Any]]:
        number = self.ids[part] = len(self.ids)
        record = self.record(part) | {"id": number, "parent": parent, "children": []}
        yield record
        for inner in part.parts if isinstance(part, Box) else ():
            record["children"].append(len(self.ids))
            yield from self.parts(inner, number)

    def record(self, part: Part) -> dict[str, Any]:
        """What the page says of one part."""
        first = part.nodes[0]
        around = bypass(part) if part is not self.picture.root else None
        record: dict[str, Any] = {
            "kind": "cell",
            "title": "",
            "place": "",
            "path": first.path,
            "lines": [],
            "shapes": look.shape_line(part),
            "params": look.params(part),
            "macs": look.macs(part),
            "times": part.times,
            "shared": max(self.shared.get(node.path, 1) for node in part.nodes),
            "source": f"{first.span.source.name}:{first.span.line}",
            "bypass": around.word if around else "",
            "output": ", ".join(self.outputs.get(part, ())),
        }
        if isinstance(part, Cell):
            return record | {"lines": [[line.text, line.family.name] for line in look.cell_lines(part)]}
        where = part.frame.span if part.frame else first.span
        return record | {
            "kind": part.kind,
            "title": look.title(part) or "repeated",
            "place": look.place(part),
            "path": part.path,
            "source": f"{where.source.name}:{where.line}",
        }
