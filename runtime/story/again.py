"""The pictures and the page of a run made once more, from its folder."""

from __future__ import annotations

from ...compiler.diagnostics import UserError
from ..run.origin import recipe_in
from ..run.reopen import data_of
from ..run.run_folder import RunFolder
from .gallery import Seen
from .look import look
from .tell import tell


def again(folder: RunFolder) -> str:
    """Write them; what is said is why they show no single examples, where they do not."""
    seen: Seen | None = None
    why = "" if folder.best.exists() else "no weights yet: without single examples"
    if folder.best.exists():
        try:
            seen = look(folder, data_of(folder, recipe_in(folder)))
        except UserError as error:  # the data may have gone since
            why = f"without single examples: {error}"
    tell(folder, seen)
    return why
