"""Whether the processes of a run can share its work."""

from __future__ import annotations

from ...compiler.diagnostics import UserError
from ...compiler.recipes.data import Data, Triplets
from ..data.dataset import fingerprint
from ..devices.ranks import Ranks
from ..devices.together import Together
from ..jobs.job import Job
from ..jobs.stages import Stage


def require_alike(job: Job, together: Together) -> None:
    """UserError in every process where not all of them have the data of the first."""
    if not together.agree(fingerprint(job.data)):
        raise UserError("the processes of the run found different data: all must be able to read the same files")


def require_enough(found: tuple[Stage, ...], job: Job, ranks: Ranks) -> None:
    """UserError where the processes cannot share each batch."""
    least = min(batch for stage in found for batch in stage.sizes(len(job.data.train)))
    if least < ranks.total:
        raise UserError(f"a batch of {least} examples cannot be shared by {ranks.total} processes")
    said = job.recipe.one(Data)
    if said is not None and isinstance(said.sample, Triplets) and not ranks.alone:
        raise UserError(f"batches of a few classes belong together: {ranks.total} processes cannot share them")
