"""A second look at the held-out examples, one by one, with the weights that were kept."""

from __future__ import annotations

from ..data import Dataset
from ..reopen import compiled
from ..run_folder import RunFolder, task_word
from .tell import Seen

SECONDS = 15.0
"""For all of it; of larger data as many examples as that allows."""


def look(folder: RunFolder, data: Dataset) -> Seen | None:
    """What the model says of them; None where it does not classify single examples."""
    config = folder.read_config()
    if task_word(str(folder)) != "classification" or len(compiled(folder, config).checked.inputs) > 1:
        return None
    from ..answers import judged
    from ..opened import trained_run

    trained, _ = trained_run(str(folder), None)
    return judged(trained, data.held, SECONDS), data.held
