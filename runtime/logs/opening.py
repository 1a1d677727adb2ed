"""From `log` of a recipe to the logs: one rule for each kind, and which package it wants."""

from __future__ import annotations

from collections.abc import Callable
from functools import singledispatch
from importlib.util import find_spec

from ...compiler.diagnostics import UserError
from ...compiler.recipes import course
from ...compiler.recipes.base import Part
from ...compiler.recipes.record import Recipe, told
from .base import About, Log

PACKAGES = {"tensorboard": "tensorboard", "wandb": "wandb", "mlflow": "mlflow"}
"""What has to be installed for which word."""


def wanted(recipe: Recipe) -> tuple[Part, ...]:
    """What a recipe says of logs."""
    return tuple(part for entry in recipe.all(course.Logging) for part in entry.logs)


def require(recipe: Recipe) -> None:
    """UserError where a package is missing: before the run begins."""
    for part in wanted(recipe):
        package = PACKAGES.get(part.word)
        if package is not None and find_spec(package) is None:
            raise UserError(f"`log {part.word}` wants the package {package}, which is not installed: "
                            f"`pip install {package}`")  # fmt: skip


def open_logs(recipe: Recipe, about: About, say: Callable[[str], None]) -> list[Log]:
    """The logs of a recipe. One that cannot begin is told and left out: the run matters more."""
    found = []
    for part in wanted(recipe):
        try:
            found.append(open_log(part, about))
        except Exception as error:  # whatever a service or a disk may raise: no key, no network, no room
            first = (str(error).strip().splitlines() or [""])[0]
            say(f"no numbers to {part.word}: {type(error).__name__}: {first}")
    return found


def settings(recipe: Recipe) -> dict[str, str]:
    """What a recipe says, for people: each entry by its name, those of a phase behind the name of the phase."""
    whole = [("", recipe.said), *((f"{phase.name}/", phase.said) for phase in recipe.phases)]
    found: dict[str, list[str]] = {}
    for before, entries in whole:
        for said in entries:
            found.setdefault(before + said.entry.entry, []).append(told(said.entry))
    return {name: "; ".join(lines) for name, lines in found.items()}


@singledispatch
def open_log(part: Part, about: About) -> Log:
    """The log that a word of `log` means."""
    raise NotImplementedError(part.word)


@open_log.register
def _(part: course.Csv, about: About) -> Log:
    from .table import Table

    return Table(part.path, about.before)


@open_log.register
def _(part: course.TensorBoard, about: About) -> Log:
    from .tensorboard import Events

    return Events(f"{part.path}/{about.name}" if part.path else f"{about.folder}/tensorboard", about.settings)


@open_log.register
def _(part: course.Wandb, about: About) -> Log:
    from .online import Wandb

    return Wandb(part.project, about)


@open_log.register
def _(part: course.Mlflow, about: About) -> Log:
    from .online import Mlflow

    return Mlflow(part.experiment, about)


def as_part(text: str) -> str:
    """`tensorboard=DIR`, as `--log` takes it, in the language of recipes: `tensorboard("DIR")`."""
    word, equals, where = text.partition("=")
    quoted = where.replace("\\", "\\\\").replace('"', '\\"')
    return f'{word}("{quoted}")' if equals else word
