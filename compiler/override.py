"""`--set key=value`: a recipe changed from outside, in the language of recipes."""

from __future__ import annotations

import re

from . import syntax as s
from .diagnostics import CompileError, Diagnostic, Diagnostics
from .fault import Fault, did_you_mean
from .parse import parse
from .recipe import Reader
from .recipes import ENTRIES, Entry
from .recipes.base import kinds
from .recipes.record import Phase, Recipe, Said
from .scope import FileScope
from .source import Source, Span


def overridden(recipe: Recipe, texts: list[str], *, whole: bool) -> Recipe:
    """The recipe with changes such as `batch=32`, `schedule=cosine, warmup=2`, `clip=none` (`whole` entries) or
    `optimizer.lr=0.01` (single arguments, made once the defaults are filled in); of one phase where its name comes
    first: `tune.optimizer.lr=1e-4`. Raises CompileError."""
    for text in texts:
        key, equals, value = (part.strip() for part in text.partition("="))
        if not key or not equals or not value:
            raise refused(text, "a change is written KEY=VALUE, such as `optimizer.lr=0.01`")
        name, _, rest = key.partition(".")
        phase = next((phase for phase in recipe.phases if phase.name == name and name not in ENTRIES), None)
        if phase is None:
            recipe = one(recipe, texts, text, key, value, whole=whole)
        else:
            inner = one(Recipe(said=phase.said), texts, text, rest, value, whole=whole, phase=phase.name)
            recipe = recipe._replace(
                phases=tuple(p._replace(said=inner.said) if p is phase else p for p in recipe.phases)
            )
    return recipe


def one(recipe: Recipe, texts: list[str], text: str, key: str, value: str, *, whole: bool, phase: str = "") -> Recipe:
    """The recipe, or what a `phase` of it says, with one change."""
    entry, dot, argument = key.partition(".")
    if entry not in ENTRIES:
        phases = [phase.name for phase in recipe.phases]
        known = [*ENTRIES, *phases]
        hint = did_you_mean(entry, known) or f"there are {', '.join([*sorted(ENTRIES), *phases])}"
        raise refused(text, f"a recipe has no entry `{entry}`" if entry else f"what of the phase `{phase}`?", hint)
    if phase and any(kind.whole for kind in kinds(entry)):
        raise refused(text, f"`{entry}` holds for the whole run, not for one phase")
    if bool(dot) == whole:
        return recipe
    if entry in LENGTHS and value != "none":
        recipe = without_other(recipe, text, texts, entry)
    return changed(recipe, text, entry, argument, value) if dot else replaced(recipe, entry, value)


CHAINS = ("augment", "evaluate")
"""Entries whose value is steps; `none` of them is a value as well."""
LENGTHS = {"epochs": "steps", "steps": "epochs"}
"""The two ways to say how long a run is: who asks for one does not want the other."""


def without_other(recipe: Recipe, text: str, texts: list[str], entry: str) -> Recipe:
    """The recipe without the other length, which would decide in place of the one asked for."""
    other = LENGTHS[entry]
    for one in texts:
        key, _, value = (part.strip() for part in one.partition("="))
        if key in (other, f"{other}.count") and value != "none":
            raise refused(text, "a run is as long as `epochs` or as `steps` say: both are given")

    def kept(said: tuple[Said, ...]) -> tuple[Said, ...]:
        return tuple(s for s in said if s.entry.entry != other or getattr(s.entry, "steps", None))

    return recipe._replace(
        said=kept(recipe.said), phases=tuple(phase._replace(said=kept(phase.said)) for phase in recipe.phases)
    )


def replaced(recipe: Recipe, entry: str, value: str) -> Recipe:
    """The recipe with other entries of one kind, or with none."""
    fresh = () if value == "none" and entry not in CHAINS else read(written(entry, value)).said
    phases = tuple(Phase(p.name, without(p.said, entry)) for p in recipe.phases)
    return recipe._replace(said=without(recipe.said, entry) + fresh, phases=phases)


def written(entry: str, value: str) -> str:
    """The recipe of one entry; `augment=hflip -> crop 28` holds steps."""
    if entry in CHAINS and not re.match(r"\w+\s*=", value):
        return f"train:\n    {entry}: {value}"
    return f"train: {entry} {value}"


def without(said: tuple[Said, ...], entry: str) -> tuple[Said, ...]:
    return tuple(one for one in said if one.entry.entry != entry)


def changed(recipe: Recipe, text: str, entry: str, argument: str, value: str) -> Recipe:
    """The recipe with one argument of its entries of a kind changed; an entry that is not there is made of it."""
    if not any(said.entry.entry == entry for said in recipe.everything()):
        if isinstance(ENTRIES[entry], dict):
            place = text.partition("=")[0].strip().removesuffix(f".{argument}")
            whose = "recipe" if place == entry else "phase"
            raise refused(text, f"the {whose} has no `{entry}`", f"say which: `--set {place}=...`")
        return recipe._replace(said=recipe.said + read(f"train: {entry} {argument}={value}").said)
    said = tuple(with_argument(one, text, entry, argument, value) for one in recipe.said)
    phases = tuple(
        Phase(p.name, tuple(with_argument(one, text, entry, argument, value) for one in p.said)) for p in recipe.phases
    )
    return recipe._replace(said=said, phases=phases)


def with_argument(said: Said, text: str, entry: str, argument: str, value: str) -> Said:
    """One entry with the argument changed, if it is of the kind."""
    made = said.entry
    if made.entry != entry:
        return said
    field = made.renamed.get(argument, argument)
    if field not in made.fields:
        hint = did_you_mean(argument, made.fields) or f"it has {', '.join(made.fields)}"
        raise refused(text, f"`{made.word}` has no argument `{argument}`", hint)
    return Said(made.changed(**{field: argument_of(type(made), argument, field, value)}), place_of(text))


def argument_of(cls: type[Entry], argument: str, field: str, value: str) -> object:
    """The value of one argument, checked as if it stood in a recipe."""
    statement = parsed(f"train: {cls.entry} {argument}={value}").body[0]
    diagnostics = Diagnostics()
    reader = Reader(FileScope("--set"), diagnostics)
    assert isinstance(statement, s.Flow)
    call = statement.chain.steps[0]
    assert isinstance(call, s.Call)
    try:
        return reader.argument(cls, call.args[0], field)
    except Fault as fault:
        raise CompileError([Diagnostic("error", fault.code, fault.message, fault.span, help=fault.help)]) from None


def parsed(text: str, option: str = "--set") -> s.Train:
    """A one-line `train:` as syntax."""
    (train,) = parse(Source(option, text + "\n")).items
    assert isinstance(train, s.Train)
    return train


UNQUOTED = re.compile(r"(?:\(|=)\s*([A-Za-z~.][\w~-]*[./\\][\w./\\~-]*)\s*[,)\n]")
"""What looks like a path and stands there as if it were a value."""


def read(text: str, option: str = "--set") -> Recipe:
    """A one-line `train:` as a recipe."""
    diagnostics = Diagnostics()
    found = Reader(FileScope(option), diagnostics).block(parsed(text, option))
    try:
        diagnostics.raise_if_failed()
    except CompileError as error:
        path = UNQUOTED.search(text + "\n")
        if path is None:
            raise
        hint = f'a path stands in quotes: `"{path[1]}"`'
        raise CompileError([one._replace(help=one.help or hint) for one in error.diagnostics]) from None
    return found


def refused(text: str, message: str, help: str = "") -> CompileError:
    return CompileError([Diagnostic("error", "recipe", message, place_of(text), help=help)])


def place_of(text: str) -> Span:
    """Where a change is written."""
    return Span(Source("--set", text), 0, len(text))
