"""Syntax -> recipe: the entries of a `train:` block, read by the vocabulary of `recipes` and held against the model."""

from __future__ import annotations

from typing import Any

from . import syntax as s
from .bind import Binder
from .budget import Budget
from .declared import spelled
from .diagnostics import Diagnostics
from .evaluate import CONSTANTS, Evaluator
from .fault import Fault, did_you_mean
from .graph import Checked
from .library import FUNCTIONS
from .ops.record import Record
from .patterns import against_model
from .recipes import ENTRIES, PARTS, Entry
from .recipes.base import kinds
from .recipes.consistent import consistent
from .recipes.record import Phase, Recipe, Said
from .recipes.steps import SHORT, Affine, Steps
from .scope import FileScope, Scope
from .source import Span
from .values import Builtin, Given, Poisoned, Symbol, describe


def recipe(train: s.Train, file: FileScope, checked: Checked | None, diagnostics: Diagnostics) -> Recipe:
    """Read one `train` block. What is wrong goes to `diagnostics`, and the entry is left out."""
    reader = Reader(file, diagnostics)
    found = reader.block(train)
    if checked is not None:
        against_model(found, checked, diagnostics)
    return found


class Words(Evaluator):
    """Evaluates the arguments of entries: a name that nothing else is known by stands for itself."""

    def name(self, expr: s.Name, scope: Scope) -> Any:
        binding = scope.find(expr.id)
        if binding is None and expr.id not in CONSTANTS:
            return Symbol(expr.id)
        return super().name(expr, scope)

    def apply(self, expr: s.Apply, scope: Scope) -> Any:
        """A function of the library where one is called; alone, as in `reduce=sum`, its name is a word."""
        name = expr.function.id if isinstance(expr.function, s.Name) else ""
        if name not in FUNCTIONS or scope.find(name) is not None:
            return super().apply(expr, scope)
        args = tuple(self(a.value, scope) for a in expr.args if a.name is None)
        named = [a.name for a in expr.args if a.name is not None]
        return self.call_builtin(Builtin(name, FUNCTIONS[name]), args, named, expr.span)


class Reader:
    """Reads one `train` block; a statement that cannot be read is told and passed over."""

    def __init__(self, file: FileScope, diagnostics: Diagnostics) -> None:
        self.diagnostics = diagnostics
        self.evaluate = Words(Budget(), frozenset())
        self.scope = Scope(file)

    def block(self, train: s.Train) -> Recipe:
        phases: list[Phase] = []
        said = self.body(train.body, phases)
        return Recipe(train.name or "", train.model or "", said, tuple(phases), train.span)

    def body(self, statements: tuple[s.Statement, ...], phases: list[Phase] | None) -> tuple[Said, ...]:
        """The entries of a body. `phases` collects those of a recipe; None inside a phase."""
        found: list[Said] = []
        for statement in statements:
            try:
                said = self.statement(statement, phases)
                if said is not None:
                    once(said, found)
                    found.append(said)
            except Fault as fault:
                self.diagnostics.error(
                    fault.code, fault.message, fault.span, label=fault.label, notes=fault.notes, help=fault.help
                )
            except Poisoned:
                continue
        return tuple(found)

    def statement(self, statement: s.Statement, phases: list[Phase] | None) -> Said | None:
        match statement:
            case s.Doc():
                return None
            case s.Let():
                value = self.evaluate(statement.value, self.scope)
                self.evaluate.bind_pattern(statement.pattern, value, self.scope, "let")
                return None
            case s.Flow(chain=s.Chain(steps=(s.Call(head=s.Name()) as call,))):
                return self.entry(call, statement, phases)
        raise not_an_entry(statement)

    def entry(self, call: s.Call, statement: s.Flow, phases: list[Phase] | None) -> Said | None:
        assert isinstance(call.head, s.Name)
        word = call.head.id
        if call.label is not None:
            raise Fault("recipe", "an entry of a recipe has no name", call.label.span)
        if word == "phase" and phases is not None:
            phases.append(self.phase(call, statement.body))
            return None
        cls = ENTRIES.get(word)
        if cls is None:
            hint = did_you_mean(word, ENTRIES) or f"there are {', '.join(f'`{w}`' for w in sorted(ENTRIES))}"
            raise Fault("unknown-entry", f"a recipe has no entry `{word}`", call.head.span, help=hint)
        if phases is None and any(kind.whole for kind in kinds(word)):
            message = f"`{word}` holds for the whole run, not for one phase"
            raise Fault("recipe", message, call.span, help="it stands beside the phases")
        if not isinstance(cls, dict) and issubclass(cls, Steps):
            return Said(self.steps(cls, call, statement.body), statement.span)
        if statement.body is not None:
            raise Fault("recipe", f"`{word}` takes no body", call.span)
        return Said(self.record(*self.choice(word, cls, call)), statement.span)

    def phase(self, call: s.Call, body: tuple[s.Statement, ...] | None) -> Phase:
        """`phase NAME:`"""
        named = len(call.args) == 1 and call.args[0].name is None and isinstance(call.args[0].value, s.Name)
        if not named or body is None:
            raise Fault("recipe", "a phase has a name and a body: `phase warm:`", call.span)
        name = call.args[0].value
        assert isinstance(name, s.Name)
        return Phase(name.id, self.body(body, None))

    # --- entries ------------------------------------------------------------------------------------------------------

    def choice(self, word: str, cls: Any, call: s.Call) -> tuple[type[Entry], Any, Span]:
        """The class of the entry and the arguments that are left for it."""
        if not isinstance(cls, dict):
            return cls, call.args, call.span
        there = ", ".join(f"`{w}`" for w in cls)
        if not call.args or call.args[0].name is not None:
            message = f"`{word}` begins with what kind: `{word} {next(iter(cls))}`"
            raise Fault("missing-argument", message, call.span, help=f"there are {there}")
        first = call.args[0]
        value = self.evaluate(first.value, self.scope)
        if not isinstance(value, Symbol) or value.word not in cls:
            near = did_you_mean(value.word, cls) if isinstance(value, Symbol) else ""
            hint = near or f"there are {there}"
            raise Fault("unknown-word", f"`{word}` does not know {describe(value)}", first.span, help=hint)
        if value.args or value.named:
            raise Fault("recipe", f"the arguments follow a comma: `{word} {value.word}, ...`", first.span)
        return cls[value.word], call.args[1:], call.span

    def record(self, cls: type[Any], args: tuple[s.Arg, ...], span: Span) -> Any:
        """Make an entry or a step of its arguments."""
        binder = Binder(cls)
        for given in self.gathered(cls, [self.given(cls, a) for a in args]):
            binder.take(given)
        for name, field in cls.fields.items():
            if field.required and name not in binder.values:
                raise missing(cls, name, span)
        made: Record = cls(**binder.finish(span))
        consistent(made, span)
        return made

    def argument(self, cls: type[Any], arg: s.Arg, field: str) -> Any:
        """The value of one argument alone."""
        binder = Binder(cls)
        binder.take(self.given(cls, arg)._replace(name=field))
        return binder.values[field]

    def given(self, cls: type[Any], arg: s.Arg) -> Given:
        renamed = getattr(cls, "renamed", {})
        return Given(renamed.get(arg.name, arg.name), self.evaluate(arg.value, self.scope), arg.span)

    def gathered(self, cls: type[Any], given: list[Given]) -> list[Given]:
        """The positional arguments as one, where the entry takes any number; each is tried alone for its own place."""
        many = getattr(cls, "many", "")
        several = [g for g in given if g.name is None]
        if not many or not several:
            return given
        for one in several:
            Binder(cls).take(one._replace(name=many))
        span = several[0].span.to(several[-1].span)
        return [Given(many, [g.value for g in several], span), *(g for g in given if g.name is not None)]

    # --- augment and evaluate -----------------------------------------------------------------------------------------

    def steps(self, cls: type[Steps], call: s.Call, body: tuple[s.Statement, ...] | None) -> Steps:
        """Steps from a body, or from the short form `augment hflip=0.5, rotation=20`."""
        if body is None:
            return cls(steps=tuple(self.short(call)))
        if call.args:
            raise Fault("recipe", f"`{cls.entry}:` takes its steps in the body", call.args[0].span)
        if [statement.span.text for statement in body] == ["none"]:
            return cls(steps=())
        return cls(steps=tuple(self.record(*self.step(written)) for statement in body for written in chain(statement)))

    def step(self, call: s.Call) -> tuple[type[Any], tuple[s.Arg, ...], Span]:
        head = call.head
        word = head.id if isinstance(head, s.Name) else head.span.text
        table = PARTS["step"]
        if word not in table:
            hint = did_you_mean(word, table) or f"there are {', '.join(f'`{w}`' for w in table)}"
            raise Fault("unknown-word", f"`augment` has no step `{word}`", head.span, help=hint)
        return table[word], call.args, call.span

    def short(self, call: s.Call) -> list[Any]:
        """One step for each argument in the order written; the parts of an affine map become one."""
        made: list[Any] = []
        whole: dict[str, Any] = {}
        for arg in call.args:
            if arg.name is None:
                hint = f"steps stand in a body: `{word_of(call)}: {arg.span.text}`"
                raise Fault("recipe", f"`{word_of(call)}` takes no arguments by position", arg.span, help=hint)
            given = Given(None, self.evaluate(arg.value, self.scope), arg.span)
            word = SHORT.get(arg.name, arg.name)
            if word == "affine":
                if not whole:
                    made.append(None)
                whole[arg.name] = given._replace(name=arg.name)
            elif given.value is not False:
                made.append(self.short_step(word, given))
        return [self.affine(whole, call.span) if step is None else step for step in made]

    def short_step(self, word: str, given: Given) -> Any:
        name = s.Name(word, given.span)
        cls, _, span = self.step(s.Call(name, (), None, given.span))
        binder = Binder(cls)
        values = given.value if isinstance(given.value, tuple) and len(binder.open) > 1 else (given.value,)
        for value in () if given.value is True else values:
            binder.take(given._replace(value=value))
        return cls(**binder.finish(span))

    def affine(self, whole: dict[str, Given], span: Span) -> Affine:
        binder = Binder(Affine)
        for given in whole.values():
            binder.take(given)
        return Affine(**binder.finish(span))


def word_of(call: s.Call) -> str:
    """The first word of an entry."""
    return call.head.span.text


def missing(cls: type[Any], name: str, span: Span) -> Fault:
    """An argument that must be given and is not."""
    word, comma = spelled(cls, name), "," if " " in cls.word else ""
    field = cls.fields[name]
    example = name.upper() if field.position else f"{word}=..."
    return Fault(
        "missing-argument", f"`{cls.word}` needs `{word}`: {field.doc}", span,
        help=f"write `{cls.word}{comma if not field.position else ''} {example}`",
    )  # fmt: skip


def chain(statement: s.Statement) -> tuple[s.Call, ...]:
    """The calls of one line of steps."""
    if isinstance(statement, s.Doc):
        return ()
    if isinstance(statement, s.Flow) and statement.body is None:
        calls = tuple(step for step in statement.chain.steps if isinstance(step, s.Call) and step.label is None)
        if len(calls) == len(statement.chain.steps):
            return calls
    raise Fault("recipe", "a step is wanted here, such as `hflip 0.5`", statement.span)


def not_an_entry(statement: s.Statement) -> Fault:
    """What stands in a recipe and is no entry."""
    hint = ""
    if isinstance(statement, s.Side):
        hint = f"an entry has no `=`: `{statement.targets[0].span.text} {statement.chain.span.text}`"
    return Fault("recipe", "a recipe holds entries such as `batch 64`", statement.span, help=hint)


def once(said: Said, earlier: list[Said]) -> None:
    """Refuse a second entry of a kind that is said once."""
    word, apart = said.entry.entry, said.entry.apart
    if said.entry.repeated and not apart:
        return
    for other in earlier:
        if apart and other.entry.entry == word and getattr(other.entry, apart) != getattr(said.entry, apart):
            continue
        if other.entry.entry == word or {other.entry.entry, word} == {"epochs", "steps"}:
            assert said.span is not None
            assert other.span is not None
            message = (
                f"`{word}` is said twice"
                if other.entry.entry == word
                else "a recipe is so many epochs or so many steps long"
            )
            raise Fault("entry-twice", message, said.span, notes=(f"first at {other.span.place}",))
