"""From `log` of a recipe to the logs: one rule for each kind, and which package it wants."""

from __future__ import annotations

from functools import singledispatch
from importlib.util import find_spec

from ...compiler.diagnostics import UserError
from ...compiler.recipes import course
from ...compiler.recipes.base import Part
from ...compiler.recipes.record import Recipe
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


def open_logs(recipe: Recipe, about: About) -> list[Log]:
    return [open_log(part, about) for part in wanted(recipe)]


@singledispatch
def open_log(part: Part, about: About) -> Log:
    """The log that a word of `log` means."""
    raise NotImplementedError(part.word)


@open_log.register
def _(part: course.Csv, about: About) -> Log:
    from .table import Table

    return Table(part.path)


@open_log.register
def _(part: course.TensorBoard, about: About) -> Log:
    from .tensorboard import Events

    return Events(f"{part.path}/{about.name}" if part.path else f"{about.folder}/tensorboard", about.settings)


@open_log.register
def _(part: course.Wandb, about: About) -> Log:
    from .online import Wandb

    return Wandb(part.project or "cnnc", about)


@open_log.register
def _(part: course.Mlflow, about: About) -> Log:
    from .online import Mlflow

    return Mlflow(part.experiment or "cnnc", about)


def as_part(text: str) -> str:
    """`tensorboard=DIR`, as `--log` takes it, in the language of recipes: `tensorboard("DIR")`."""
    word, equals, where = text.partition("=")
    quoted = where.replace("\\", "\\\\").replace('"', '\\"')
    return f'{word}("{quoted}")' if equals else word
