"""`--recipe` and `--phase`: figures of a network as a recipe trains it, with what it freezes left as it is."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .compiler.pipeline import Compiled

OWN = ""
"""`--recipe` without a name."""


def add_freezing(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--recipe",
        nargs="?",
        const=OWN,
        metavar="NAME",
        help="freeze what this recipe freezes, the file's own unless named",
    )
    parser.add_argument("--phase", metavar="NAME", help="freeze what this phase of the recipe freezes")


def frozen(args: Namespace, found: Compiled) -> frozenset[str]:
    """The weights that the recipe asked for leaves as they are."""
    if args.recipe is None and args.phase is None:
        return frozenset()
    from .compiler.chosen import chosen, in_phase
    from .compiler.chosen import frozen as held

    recipe = chosen(found, args.recipe or None)
    if args.phase is not None:
        recipe = in_phase(recipe, args.phase)
    return held(recipe, found.checked)
