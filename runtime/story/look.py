"""A second look at the held-out examples, one by one, with the weights that were kept."""

from __future__ import annotations

from ..data import Dataset
from ..run.reopen import compiled
from ..run.run_folder import RunFolder, task_word
from .gallery import Seen, galleries

SECONDS = 15.0
"""For all of it; of larger data as many examples as that allows."""


def look(folder: RunFolder, data: Dataset, device: str = "auto") -> Seen | None:
    """What the model says of them; None where it takes several inputs, and pairs and triplets are no examples."""
    config = folder.read_config()
    if len(compiled(folder, config).checked.inputs) > 1:
        return None
    if task_word(str(folder)) != "classification":
        from .glimpse import glimpses

        return Seen(glimpses(folder, data, device), len(data.held))
    from ..inference.answers import judged
    from ..inference.opened import trained_run

    trained, _ = trained_run(str(folder), None, device)
    found = judged(trained, data.held, SECONDS)
    return Seen(galleries(found, data.held), len(data.held), found)
