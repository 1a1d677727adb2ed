"""Which recipe of a file is meant, which phase of it, and which weights it leaves as they are."""

from __future__ import annotations

from .diagnostics import Diagnostics, UserError
from .graph import Checked
from .load import Training
from .patterns import matching
from .pipeline import Compiled
from .recipe import recipe as read_recipe
from .recipes.learning import Params
from .recipes.record import Recipe


def chosen(compiled: Compiled, name: str | None) -> Recipe:
    """The recipe asked for by name; else the file's own, the one without a name or the last; empty where it has none.

    Recipes that a file imports are taken by name only.
    """
    there = [r for r in compiled.file.recipes if r.model in (None, compiled.checked.name)]
    own = [r for r in there if r.home is compiled.file.scope]
    found = [r for r in there if r.name == name] if name is not None else [r for r in own if r.name is None] or own
    if name is not None and not found:
        names = ", ".join(f"`{r.name}`" for r in there if r.name) or "none has a name"
        raise UserError(f"the file has no recipe `{name}` for `{compiled.checked.name}`: {names}")
    return read(found[-1], compiled.checked) if found else Recipe()


def read(training: Training, checked: Checked) -> Recipe:
    """A recipe held against the model it is for. CompileError where it does not fit."""
    diagnostics = Diagnostics()
    found = read_recipe(training.written, training.home, checked, diagnostics)
    diagnostics.raise_if_failed()
    return found


def in_phase(recipe: Recipe, name: str) -> Recipe:
    """What holds in the phase of that name."""
    names = [phase.name for phase in recipe.phases]
    if name not in names:
        known = ", ".join(f"`{n}`" for n in names) or "it has none"
        raise UserError(f"the recipe has no phase `{name}`: {known}")
    return recipe.within(recipe.phases[names.index(name)])


def frozen(recipe: Recipe, checked: Checked) -> frozenset[str]:
    """The paths of the weights that `params ..., freeze=true` holds; where several say something, the last one wins."""
    found: dict[str, bool] = {}
    for said in recipe.all(Params):
        for pattern in said.patterns if said.freeze is not None else ():
            found.update(dict.fromkeys(matching(pattern, checked), bool(said.freeze)))
    return frozenset(path for path, held in found.items() if held)
