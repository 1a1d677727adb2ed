"""Checked -> the picture that is asked for, or the deepest that one page carries, with closed blocks opened aside."""

from __future__ import annotations

from ...graph import Checked
from .columns import plan
from .fold import Folded, fold, unfolded
from .picture import Picture, deepest, leaves, opener
from .series import alike, stretched
from .tree import Box, Part, tree

READABLE = 56
"""Nodes that one page shows legibly: the depth chosen where none is asked for stays below."""

LEGIBLE = 0.5
"""The scale at which a page is still legible: letters of ten points shown at five."""

MOST = 600
"""Nodes a picture may have at all; `dot` takes minutes for more and nobody can read it."""


class TooLarge(Exception):
    """More nodes than a picture may have."""

    def __init__(self, nodes: int) -> None:
        super().__init__(f"the picture would have {nodes:,} nodes, at most {MOST} can be drawn")
        self.nodes = nodes


def picture(
    checked: Checked, depth: int | None = None, *, folding: bool = True, stack: bool = True, limit: int = MOST
) -> Picture:
    """The picture of a model: blocks open to `depth` (1: only the model itself), or as far as one page carries."""
    made = _chosen(checked, folding, stack) if depth is None else _asked(checked, folding, stack, depth)
    if len(made.parts) > limit:
        raise TooLarge(len(made.parts))
    return made


def _asked(checked: Checked, folding: bool, stack: bool, depth: int) -> Picture:
    folded = _folded(checked, folding, stack, loops=False)
    return _to_depth(checked, folded, folded.root, depth)


def _folded(checked: Checked, folding: bool, stack: bool, loops: bool) -> Folded:
    root = tree(checked, stack=stack, loops=loops)
    return fold(checked, root) if folding else unfolded(root)


def _chosen(checked: Checked, folding: bool, stack: bool) -> Picture:
    """As deep as stays readable. Where the outermost level alone is too long, runs of one block are put together; where
    that is not enough, the turns of loops become boxes; after that, stretches of layers."""
    folded = _folded(checked, folding, stack, loops=False)
    made = _deepest_readable(checked, folded, folded.root) or _deepest_readable(checked, folded, alike(folded.root))
    if made is None:
        folded = _folded(checked, folding, stack, loops=True)
        made = _deepest_readable(checked, folded, alike(folded.root))
    return _with_insets(made or _to_depth(checked, folded, stretched(alike(folded.root), READABLE), 1))


def _deepest_readable(checked: Checked, folded: Folded, root: Box) -> Picture | None:
    for depth in range(deepest(root), 0, -1):
        if sum(1 for _ in leaves(root, opener(root, depth))) <= READABLE:
            made = _to_depth(checked, folded, root, depth)
            if depth == 1 or scale(made) >= LEGIBLE:
                return made
    return None


def scale(made: Picture) -> float:
    """How large the picture can be shown on a page."""
    return plan(made).scale


def _to_depth(checked: Checked, folded: Folded, root: Box, depth: int) -> Picture:
    return Picture(checked, folded, root, opener(root, depth))


def _with_insets(made: Picture) -> Picture:
    """Beside the whole, one of each kind of closed block in full, as many as the page still carries."""
    room = READABLE + READABLE // 2 - len(made.parts)
    found: dict[str, list[Box]] = {}
    for part in made.parts:
        box = sample(part)
        if box is not None:
            found.setdefault(box.title, []).append(box)
    for boxes in found.values():
        inset = Picture(made.checked, made.folded, max(boxes, key=lambda b: len(b.nodes)), lambda _: True)
        if 1 < len(inset.parts) <= room:
            before, made.insets = made.insets, (*made.insets, inset)
            if scale(made) < LEGIBLE:
                made.insets = before
            else:
                room -= len(inset.parts)
    return made


def sample(part: Part) -> Box | None:
    """The block that a closed part shows one or several of."""
    if isinstance(part, Box) and part.kind == "series":
        return sample(part.parts[0])
    return part if isinstance(part, Box) and part.title else None
