"""The compiler on one page.

text --parse--> Module --define--> File --expand--> Graph --check--> Checked --> backends
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from .budget import Budget
from .check import check
from .diagnostics import CompileError, Diagnostic, Diagnostics
from .expand import Expander
from .expansion import Request
from .fault import did_you_mean
from .graph import Checked
from .limits import TOGETHER
from .load import File, Loader, Training
from .locate import locate
from .parse import collector_paused, parse
from .reading import standard_input
from .shape import Shape
from .source import Source, Span
from .syntax import Name, Variant
from .values import Definition
from .words import WORDS

FIRST_MODEL = "write `model NAME:` and its layers below it"


class Options(NamedTuple):
    """What is asked for from outside: which model, its parameters, shapes of its inputs ("" for the only one), warnings
    that are not wanted."""

    model: str | None = None
    params: Mapping[str, Any] = {}
    inputs: Mapping[str, Shape] = {}
    allow: frozenset[str] = frozenset()


class Compiled(NamedTuple):
    """A model that passed every check, the warnings about it, and the file it stands in."""

    checked: Checked
    warnings: tuple[Diagnostic, ...]
    file: File


def compile_path(name: str, options: Options = Options()) -> Compiled:  # noqa: B008
    """Compile a model of a file, of `zoo:NAME`, or of standard input for `-`. Raises CompileError."""
    with collector_paused():
        diagnostics = Diagnostics(options.allow)
        return _compile(_load(name, diagnostics), diagnostics, options)


def compile_text(text: str, name: str = "<text>", options: Options = Options()) -> Compiled:  # noqa: B008
    """Compile a model of a text; its imports are relative to the working directory. Raises CompileError."""
    with collector_paused():
        diagnostics = Diagnostics(options.allow)
        file = Loader(diagnostics, WORDS, Path.cwd().resolve()).define(None, parse(Source(name, text)))
        return _compile(file, diagnostics, options)


def check_path(name: str, options: Options = Options()) -> list[Diagnostic]:  # noqa: B008
    """Everything there is to say about a file: all its models that need no parameter, and its recipes."""
    with collector_paused():
        diagnostics = Diagnostics(options.allow)
        try:
            file = _load(name, diagnostics)
        except CompileError as error:
            return list(error.diagnostics)
        except OSError as wrong:
            message = f"the file cannot be read: {(wrong.strerror or 'it is none').lower()}"
            return [Diagnostic("error", "file", message, Span(Source(name, ""), 0, 0))]
        return _check_file(file, diagnostics, options)


def check_text(text: str, name: str = "<text>", options: Options = Options()) -> list[Diagnostic]:  # noqa: B008
    """As `check_path`, for a text."""
    with collector_paused():
        diagnostics = Diagnostics(options.allow)
        try:
            file = Loader(diagnostics, WORDS, Path.cwd().resolve()).define(None, parse(Source(name, text)))
        except CompileError as error:
            return list(error.diagnostics)
        return _check_file(file, diagnostics, options)


def _load(name: str, diagnostics: Diagnostics) -> File:
    """A file by its path, a bundled one, or what comes in by the pipe."""
    if name == "-":
        return Loader(diagnostics, WORDS, Path.cwd().resolve()).define(None, parse(standard_input()))
    path, root = locate(name)
    return Loader(diagnostics, WORDS, root).load(path, name)


def _check_file(file: File, diagnostics: Diagnostics, options: Options) -> list[Diagnostic]:
    """Check the model asked for, or all that need no parameter, and the recipes for them."""
    if not file.module.items:
        diagnostics.error("no-model", "the file is empty", Span(file.module.source, 0, 0), help=FIRST_MODEL)
    chosen = file.models if options.model is None else [_choose(file, diagnostics, options)]
    budget = Budget()
    checked = {}
    for definition in chosen:
        if needs_arguments(definition):
            continue
        if budget.layers > TOGETHER:
            message = f"the models before this one have more than {TOGETHER:,} layers together"
            help = f"check it alone: `--model {definition.name}`"
            diagnostics.error("limit", message, definition.written.span, help=help)
            break
        checked[definition.name] = _expand(definition, file, diagnostics, options, budget)
    for training in file.recipes:
        _check_recipe(training, file, checked, diagnostics)
    return diagnostics.sorted()


def _check_recipe(
    training: Training, file: File, checked: Mapping[str, Checked | None], diagnostics: Diagnostics
) -> None:  # fmt: skip
    """Read a recipe and hold it against the model it is for: the one it names, or the last of the file."""
    from .recipe import recipe

    names = [d.name for d in file.models]
    if training.model is not None and training.model not in names:
        help = did_you_mean(training.model, names)
        message = f"the file has no model `{training.model}`"
        diagnostics.error("no-model", message, training.written.span, help=help)
        return
    name = training.model or (names[-1] if names else "")
    recipe(training.written, training.home, checked.get(name), diagnostics)


def _compile(file: File, diagnostics: Diagnostics, options: Options) -> Compiled:
    definition = _choose(file, diagnostics, options)
    checked = _expand(definition, file, diagnostics, options)
    diagnostics.raise_if_failed()
    if checked is None:
        raise CompileError(diagnostics.sorted())
    return Compiled(checked, tuple(diagnostics.sorted()), file)


def _expand(
    definition: Definition, file: File, diagnostics: Diagnostics, options: Options, together: Budget | None = None
) -> Checked | None:  # fmt: skip
    """Expand and check one model; what it cost goes to the budget of all models of its file."""
    own = Diagnostics(options.allow)
    expander = Expander(Request(definition, options.params, options.inputs), own, WORDS)
    graph = expander.model()
    if together is not None:
        together.layers += expander.budget.layers + expander.budget.turns
    checked = None
    if graph is not None and not own.failed:
        graph.parameters = dict(options.params)
        as_declared = not options.params and not options.inputs
        recipes = tuple(t.written for t in file.recipes if t.model in (None, definition.name))
        checked = check(graph, own, cuts=expander.cuts, as_declared=as_declared, recipes=recipes)
    for found in own.sorted():
        diagnostics.add(found)
    return checked


def _choose(file: File, diagnostics: Diagnostics, options: Options) -> Definition:
    """The model asked for, the only one, or the last one."""
    span = Span(file.module.source, 0, 0)
    if not file.models:
        if not diagnostics.failed:
            diagnostics.error("no-model", "the file has no `model`", span, help=FIRST_MODEL)
        raise CompileError(diagnostics.sorted())
    if options.model is None:
        return file.models[-1]
    for definition in file.models:
        if definition.name == options.model:
            return definition
    names = [d.name for d in file.models]
    hint = did_you_mean(options.model, names) or f"there are {', '.join(names)}"
    diagnostics.error("no-model", f"the file has no model `{options.model}`", span, help=hint)
    raise CompileError(diagnostics.sorted())


def needs_arguments(definition: Definition) -> bool:
    """Whether a model has parameters without values: then it is only for variants and other models."""
    return bool(open_parameters(definition, set()))


def open_parameters(definition: Definition, seen: set[str]) -> list[str]:
    """The parameters that must be given, of the model or of the one that it is a variant of."""
    written = definition.written
    open_ = [p.name for p in written.params if p.default is None]
    if not isinstance(written, Variant) or not isinstance(written.call.head, Name) or definition.name in seen:
        return open_
    under = definition.home.definitions.get(written.call.head.id)
    if under is None:
        return open_
    positions = sum(a.name is None for a in written.call.args)
    given = {p.name for p in under.written.params[:positions]} | {a.name for a in written.call.args}
    return open_ + [name for name in open_parameters(under, {*seen, definition.name}) if name not in given]
