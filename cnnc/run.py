"""The Python face of training: begin a run, open one, use what it learned."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cached_property
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .compiler.pipeline import Compiled, Options, compile_path, compile_text
from .network import Network

if TYPE_CHECKING:
    import torch

    from .runtime.data import Split
    from .runtime.inference.answers import Answer, Mask
    from .runtime.inference.trained import Trained
    from .runtime.jobs.adapt import Changes
    from .runtime.jobs.job import Job
    from .runtime.run.display import Display
    from .runtime.run.history import History
    from .runtime.run.launch import Wish
    from .runtime.run.run_folder import RunFolder

    Where = str | PathLike[str]


def train(
    what: Where | Network,
    data: Where | None = None,
    *,
    epochs: int | None = None,
    batch: int | None = None,
    lr: float | None = None,
    seed: int | None = None,
    precision: str | None = None,
    freeze: str | Iterable[str] = (),
    recipe: str | None = None,
    params: Mapping[str, Any] | None = None,
    device: str = "auto",
    workers: int | None = None,
    compile: str | None = None,
    out: Where | None = None,
    log: str | Iterable[str] = (),
    report: bool = True,
    progress: bool = True,
    quiet: bool = False,
    **settings: Any,
) -> Run:
    """Train a network by the recipe of its file, as `cnnc train` does; returns the run, which is also a folder.

    `what` is a network, a path or `zoo:NAME` (then `params` are the model's parameters); `data` a folder of class
    folders or `"digits"`. Every other keyword is an entry of the recipe, in its language:

        cnnc.train("zoo:resnet18", data="flowers/", epochs=30, optimizer="sgd, lr=0.1, momentum=0.9", clip="norm=1")
        cnnc.train(net, data="digits", optimizer__lr=0.01, schedule="cosine, warmup=2", augment="none")

    `freeze` are paths of weights that are left as they are, or `"backbone"` for all but the head, as to fine-tune with
    `weights="from=imagenet, partial=true"`. `workers` are processes that read files, `compile` is `"default"`,
    `"graphs"` or `"tune"` of torch.compile, as `--workers` and `--compile` say. `log` takes what `--log` does, such as
    `["tensorboard"]`. The first Ctrl-C (the stop button of a notebook) saves and returns a run that can `resume()`; the
    second raises KeyboardInterrupt. Raises CompileError and UserError for what is wrong with model, recipe or data.
    """
    from .runtime.run import launch
    from .runtime.run.display import display

    short = {"epochs.count": epochs, "batch.size": batch, "optimizer.lr": lr, "seed.number": seed,
             "precision.what": precision}  # fmt: skip
    sets = [f"{key}={written(value)}" for key, value in short.items() if value is not None]
    sets += [f"{key.replace('__', '.')}={written(value)}" for key, value in settings.items()]
    wish = wished(what, params or {}, sets, log)
    held = (freeze,) if isinstance(freeze, str) else tuple(freeze)
    source = None if data is None else fspath(data)
    asked = wish.asked._replace(recipe=recipe, data=source, device=device, freeze=held)
    with display(quiet, progress) as shown:
        wish = wish._replace(asked=asked, out=None if out is None else fspath(out))
        job, folder, changes = launch.begun(wish, version())
        launch.introduce(job, changes, shown)
        return carried_out(job, folder, shown, report=report, workers=workers, compile=compile)


def open_run(path: Where, device: str = "auto") -> Run:
    """A run by its folder, finished or not; `device` is where it will predict. UserError where it is none."""
    run = Run(path, device)
    run._folder.read_config()
    return run


def carried_out(
    job: Job, folder: RunFolder, shown: Display, *,
    resume: bool = False, report: bool = True, workers: int | None = None, compile: str | None = None,
) -> Run:  # fmt: skip
    from .runtime.run import launch
    from .runtime.run.interrupt import raise_interrupt

    conduct = launch.Conduct(leave=raise_interrupt, workers=workers, compile=compile)
    outcome = launch.carried_out(job, folder, shown, conduct, resume=resume)
    if outcome.figures is None:
        shown.say(f"interrupted after {outcome.epoch} epochs: `resume()` goes on")
        return Run(folder.path, job.device)
    if report:
        launch.story_told(job, folder, shown)
    shown.say(f"held-out {outcome.told}, epoch {outcome.epoch}, {outcome.seconds:.0f} s")
    return Run(folder.path, job.device)


class Run:
    """A training run. What it says is read from its folder, so that it stays true while the run goes on elsewhere.

    `device` is where `predict`, `masks` and `eval` compute: `cpu`, `cuda`, `mps`, or `auto` for the best there is.
    """

    def __init__(self, path: Where, device: str = "auto") -> None:
        self.folder, self.device = Path(path), device

    # --- what it says -------------------------------------------------------------------------------------------------

    @property
    def past(self) -> History:
        """All that its folder says."""
        from .runtime.run.history import history

        return history(self._folder)

    @property
    def config(self) -> dict[str, Any]:
        """Model, data and recipe as they were resolved: `config.json`."""
        return self._folder.read_config()

    @property
    def state(self) -> str:
        """`running`, `finished`, `interrupted` or `failed`."""
        return self.past.status

    @property
    def metrics(self) -> dict[str, Any]:
        """The figures of the weights that were kept, on the held-out examples; empty before the end."""
        return self.past.metrics

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The figures of each epoch."""
        return list(self.past.rows)

    @property
    def best(self) -> Path:
        """The file of the weights that were kept."""
        return self._folder.best

    @property
    def last(self) -> Path:
        """The file of the weights at the end."""
        return self._folder.last

    @property
    def report(self) -> Path:
        """The page that shows it all."""
        return self._folder.report

    # --- what it learned ----------------------------------------------------------------------------------------------

    @cached_property
    def network(self) -> Network:
        """The network as it was trained, with the classes and the input size of its data."""
        from .runtime.run.reopen import asked

        options = asked(self.config)
        path = str(self._folder.model)
        return Network(compile_path(path, options), path, options)

    def torch(self, weights: Where | None = None, device: Any = None) -> torch.nn.Module:
        """A torch module with the weights that were kept."""
        return self.network.torch(weights or self.best, device)

    def predict(self, what: Any, top: int = 5) -> list[Answer]:
        """The most probable classes of pictures: paths, folders, pictures of PIL, arrays (H, W, C) or a list of them.

        An answer has a `name`, `label`, `confidence` and `top`, pairs of a class and its probability; or of a value's
        name and the value, where values were learned.
        """
        from .runtime.inference.answers import answers

        return list(answers(self._trained, self._given(what), top))

    def masks(self, what: Any) -> list[Mask]:
        """The class at every place, where that was learned: `numbers` is (H, W), `shares` tells how much is of each."""
        from .runtime.inference.answers import masks

        return list(masks(self._trained, self._given(what)))

    def eval(self, data: Where | None = None) -> dict[str, Any]:
        """The figures of `cnnc eval --json`, on the held-out examples or on other data."""
        from .runtime.inference.answers import judged
        from .runtime.inference.opened import data_for, measured_on

        name = None if data is None else fspath(data)
        if self._trained.preparation.task != "classification":
            from .runtime.inference.measured import measured

            return measured(self._folder, None, name, self.device).as_dict()
        return judged(self._trained, measured_on(data_for(self.config, name, self._folder), name)).as_dict()

    def export(self, path: Where, **options: Any) -> None:
        """Write ONNX with the weights that were kept, and what `cnnc predict` must know in its metadata."""
        from .runtime.run.run_folder import RUN

        properties = {RUN: json.dumps(self.config)}
        self.network.export(path, self.best, properties=properties, **options)

    def resume(
        self, *, device: str = "auto", workers: int | None = None, compile: str | None = None, report: bool = True,
        progress: bool = True, quiet: bool = False,
    ) -> Run:  # fmt: skip
        """Go on with a run that was interrupted, exactly."""
        from .runtime.run import launch
        from .runtime.run.display import display

        with display(quiet, progress) as shown:
            folder = self._folder
            job = launch.resumed(folder, device)
            return carried_out(job, folder, shown, resume=True, report=report, workers=workers, compile=compile)

    def _given(self, what: Any) -> Split:
        from .runtime.inference.given import given

        wanted = self._trained.preparation
        return given(what, len(wanted.wanted.shape), wanted.brightest)

    @property
    def _folder(self) -> RunFolder:
        from .runtime.run.run_folder import RunFolder

        return RunFolder(self.folder)

    @cached_property
    def _trained(self) -> Trained:
        from .runtime.inference.opened import trained_run

        return trained_run(str(self.folder), None, self.device)[0]

    def __repr__(self) -> str:
        past = self.past
        score = f", {past.score.name} {past.score} after epoch {past.best_epoch}" if past.score else ""
        return f"<cnnc.Run {past.name}: {past.model} on {past.data}, {past.status}{score}>"


# --- from Python to what the command line says ------------------------------------------------------------------------


def wished(what: Where | Network, params: Mapping[str, Any], sets: list[str], log: str | Iterable[str]) -> Wish:
    """What is to be trained, as `cnnc train` would be told."""
    from .runtime.jobs.adapt import Changes
    from .runtime.jobs.prepare import Asked
    from .runtime.logs import as_part
    from .runtime.run.launch import Wish

    logs = ", ".join(map(as_part, (log,) if isinstance(log, str) else log))
    said = (*sets, *([f"log={logs}"] if logs else ()))
    if not isinstance(what, Network):
        given = Changes(tuple(f"{name}={literal(value)}" for name, value in params.items()))
        return Wish(fspath(what), lambda changes: compile_path(fspath(what), changed(Options(), changes)), given,
                    Asked(sets=said))  # fmt: skip
    if params:
        raise TypeError("the parameters of a network are given where it is loaded")
    options = what.options
    given = Changes(
        tuple(f"{name}={literal(value)}" for name, value in options.params.items()),
        tuple(f"{name}={shape}" if name else str(shape) for name, shape in options.inputs.items()),
    )

    def compile(changes: Changes) -> Compiled:
        wanted = changed(options, changes)
        source = what.compiled.file
        if source.path is not None:
            return compile_path(what.origin, wanted)
        return compile_text(source.module.source.text, what.origin, wanted)

    return Wish(what.origin, compile, given, Asked(sets=said))


def changed(options: Options, changes: Changes) -> Options:
    """The options with parameters and inputs as the data ask for them."""
    from .runtime.run.reopen import asked

    found = asked({"model": options.model, "params": changes.params, "inputs": changes.inputs})
    return found._replace(allow=options.allow)


def written(value: Any) -> str:
    """A setting in the language of recipes; text is taken to be written in it, `{"norm": 1}` is `norm=1`."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name}={literal(one)}" for name, one in value.items())
    return value if isinstance(value, str) else literal(value)


def literal(value: Any) -> str:
    """A value of Python as the language of .cnn writes it."""
    if value is None or isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, tuple)):
        inner = ", ".join(map(literal, value))
        return f"[{inner}]" if isinstance(value, list) else f"({inner}{',' * (len(value) == 1)})"
    return json.dumps(value) if isinstance(value, str) else str(value)


def version() -> str:
    from .cli import version

    return version()
