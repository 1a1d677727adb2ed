"""A run from its first word to its last, for the command line and for Python. Torch is loaded where it trains."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import chain, groupby
from shlex import quote
from typing import TYPE_CHECKING, NamedTuple

from ...compiler.backends.summary import learning
from ...compiler.chosen import frozen
from ...compiler.diagnostics import UserError
from ...compiler.recipes.course import Batch, Precision, Seed
from ...compiler.recipes.record import told
from .. import logs
from ..devices.ranks import ALONE, Ranks
from ..jobs.adapt import Changes, Compile
from ..jobs.job import Job, described
from ..jobs.prepare import Asked, prepare
from ..jobs.suitable import remarks, unlearned
from .display import Display
from .environment import environment
from .history import rows_of
from .interrupt import Stopping, leave_at_once, stoppable
from .origin import STAYED, Moved
from .reopen import reopened
from .run_folder import RunFolder, Unwritten, discard, keep_sources, new_run
from .state import following, read_state

if TYPE_CHECKING:
    from ..devices.engine import Engine
    from ..training.train import Outcome

Leave = Callable[[int], None]
"""What the second Ctrl-C does, given the number of the signal."""


class Wish(NamedTuple):
    """What is to be trained: the name of the file as it was given, how it compiles with changes, and what was asked."""

    name: str
    compile: Compile
    given: Changes = Changes()
    asked: Asked = Asked()
    out: str | None = None
    ranks: Ranks = ALONE


class Conduct(NamedTuple):
    """How a run behaves on its way, whatever it computes. `ranks`: the processes that share it; `workers`: those that
    read examples for each of them, None for as many as pay; `compile`: see faster.py."""

    save_every: int | None = None
    leave: Leave = leave_at_once
    ranks: Ranks = ALONE
    workers: int | None = None
    compile: str | None = None


def begun(wish: Wish, version: str) -> tuple[Job, RunFolder, tuple[str, ...]]:
    """A new run: its job, its folder with what stands in it before the first step, and the changes to the model."""
    job, changes = prepare(wish.compile(wish.given), wish.given, wish.asked, wish.compile)
    logs.require(job.recipe)
    if not wish.ranks.first:
        return job, Unwritten(), changes
    folder = new_run(job.checked.name, wish.out)
    try:
        keep_sources(folder, job.compiled.file, wish.name)
        folder.write_json(folder.config, described(job, version, wish.name))
    except BaseException:
        discard(folder)
        folder.release()
        raise
    return job, folder, changes


def resumed(folder: RunFolder, device: str, moved: Moved = STAYED) -> Job:
    """The job of a run that was interrupted; its folder is held, and says where its data are now."""
    folder.read_config()
    folder.hold()
    try:
        if folder.metrics.exists():
            hint = f"another can begin with its weights, `--weights {quote(str(folder.last))}`"
            raise UserError(f"{folder}: this run is finished, its result is in {folder.metrics}: {hint}")
        job = reopened(folder, device, moved)
        if moved:
            config = folder.read_config()
            found = described(job, config["cnnc"], config["file"])
            folder.write_json(folder.config, config | {name: found[name] for name in ("data", "recipe")})
        return job
    except BaseException:
        folder.release()
        raise


def introduce(job: Job, changes: tuple[str, ...], shown: Display) -> None:
    """Say what is going to happen: data, changes to the model, the whole recipe."""
    shown.say(f"{job.checked.name}: {job.task.word}, {weights_to_learn(job)} weights to learn")
    shown.say(f"  {job.data.told}")
    for note in job.data.notes:
        shown.say(f"  {note}")
    for line in changes:
        shown.say(f"  {line}")
    for said in job.recipe.said:
        shown.say(f"  {told(said.entry)}")
    for phase in job.recipe.phases:
        shown.say(f"  phase {phase.name}: " + "; ".join(told(said.entry) for said in phase.said))
    told_first = unlearned(job.recipe, job.checked), remarks(job.recipe, job.task, len(job.data.train))
    for remark in chain(*told_first):
        shown.say(f"  {remark}")


def weights_to_learn(job: Job) -> str:
    """How many of them, phase by phase where some are frozen."""
    recipe, checked, whole = job.recipe, job.checked, f"{job.checked.trainable:,}"
    parts = [recipe.within(phase) for phase in recipe.phases] or [recipe]
    counts = [count for count, _ in groupby(f"{learning(checked.layers, frozen(p, checked)):,}" for p in parts)]
    return whole if counts == [whole] else f"{', then '.join(counts)} of {whole}"


def carried_out(job: Job, folder: RunFolder, shown: Display, conduct: Conduct, *, resume: bool = False) -> Outcome:
    """Load torch, and train to the end or until somebody asks to stop."""
    try:
        return trained(job, folder, shown, conduct, resume=resume)
    finally:
        folder.release()


def trained(job: Job, folder: RunFolder, shown: Display, conduct: Conduct, *, resume: bool) -> Outcome:
    if conduct.ranks.nodes > 1:
        shown.say(f"  waiting for all {conduct.ranks.total} processes on {conduct.ranks.nodes} machines")
    alone = conduct.ranks.alone  # others may never come
    if not alone:
        os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")  # DDP warns of what is meant
    with stopping_by_signal(shown, conduct.leave, steps=alone) as stopping, following(folder) as state:
        with shown.waiting("loading torch"):
            from ..batches.readers import readers_needed
            from ..devices.available import algorithms_needed, versions
            from ..devices.faster import compiler_needed, require_whole
            from ..devices.together import joined
            from ..training.train import Trainer
            from .memory import memory_for

            engine = engine_of(job, conduct.ranks, conduct.compile)
        require_whole(conduct.compile, parts(job), engine.kind)
        stopping.steps = True
        about = {"device": engine.told, "gpu": versions(engine.device)}
        folder.add_environment(environment(sys.argv) | about)
        with (
            memory_for(batch(job)), readers_needed(), compiler_needed(), algorithms_needed(), joined(conduct.ranks),
            watching(job, folder, shown) as watch,
        ):  # fmt: skip
            trainer = Trainer(job, folder, engine, watch, stopping, conduct.save_every, conduct.workers)
            if resume:
                trainer.restore()
            else:
                trainer.prepare()
            shown.say(f"  {engine.told}")
            shown.say(f"  {folder}")
            shown.begin(sum(stage.steps for stage in trainer.stages), sum(stage.epochs for stage in trainer.stages))
            state.begun = True
            outcome = trainer.run()._replace(signal=stopping.asked)
            state.interrupted = outcome.figures is None
            watch.close("interrupted" if state.interrupted else "finished")
        engine.together.close()
        return outcome


@contextmanager
def watching(job: Job, folder: RunFolder, shown: Display) -> Iterator[logs.Watching]:
    """Inside, the display and the logs of the recipe listen."""
    before = read_state(folder.path)
    began = re.sub(r"\D", "", before.began)[:14] if before is not None else ""
    name, had = folder.path.name, epochs_before(folder)
    about = logs.About(str(folder), name, f"{name}-{began}", logs.settings(job.recipe), had)
    watch = logs.Watching(shown, logs.open_logs(job.recipe, about, shown.say) if folder.written else [])
    try:
        yield watch
    except BaseException:
        watch.close("failed")
        raise


def epochs_before(folder: RunFolder) -> tuple[tuple[int, dict[str, float]], ...]:
    """Steps and numbers of the epochs that a run had, for logs; none where its table was spoilt: it goes on without."""
    try:
        return tuple((int(row["steps"]), dict(logs.named(row))) for row in rows_of(folder.rows) if "steps" in row)
    except UserError:
        return ()


def story_told(job: Job, folder: RunFolder, shown: Display) -> None:
    """Pictures and page of a run that is over. It is not lost where they fail: that is said."""
    from ..story.look import look
    from ..story.tell import tell

    with shown.waiting("drawing"):
        try:
            tell(folder, look(folder, job.data, job.device))
        except Exception as error:  # the run is worth more than its pictures, whatever goes wrong with them
            again = f"try again with `cnnc runs report {quote(str(folder))}`"
            shown.say(f"no report: {type(error).__name__}: {error}; {again}")


def engine_of(job: Job, ranks: Ranks = ALONE, compile: str | None = None) -> Engine:
    """What the job runs on."""
    from ..devices.engine import Engine

    said, seed = job.recipe.one(Precision), job.recipe.one(Seed)
    several = len(job.checked.outputs) > 1
    precision = said.what if said is not None else "mixed"
    deterministic = seed is not None and seed.deterministic
    return Engine(
        job.device, precision, work(job), ranks, several=several, compile=compile, deterministic=deterministic
    )


def stopping_by_signal(shown: Display, leave: Leave, *, steps: bool) -> AbstractContextManager[Stopping]:
    return stoppable(shown.say, leave, steps=steps)


def work(job: Job) -> float:
    """Multiply-accumulates of one step, forward."""
    return float((job.checked.macs or 0) * batch(job))


def parts(job: Job) -> int:
    """Of a batch, at most."""
    return max((said.entry.split for said in job.recipe.everything() if isinstance(said.entry, Batch)), default=1)


def batch(job: Job) -> int:
    """Examples of a step, or of one of its parts."""
    said = job.recipe.one(Batch)
    return -(-said.size // said.split) if said is not None else 1
