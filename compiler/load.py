"""Files -> what they define: reading, parsing, imports, file-level lets and defaults."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from . import syntax as s
from .bind import Binder
from .budget import Budget
from .diagnostics import CompileError, Diagnostics
from .elsewhere import Written, pattern_names
from .evaluate import Evaluator
from .fault import Fault, did_you_mean
from .limits import DEPTH, FILES
from .locate import Origin, target
from .ops.base import OPERATORS
from .parse import parse
from .reading import read_source
from .scope import Binding, FileScope, Scope, rebound
from .source import Span
from .values import POISON, Definition, Function, Given, Poisoned


class Training(NamedTuple):
    """A recipe as written, and the file whose names it knows."""

    written: s.Train
    home: FileScope

    @property
    def name(self) -> str | None:
        return self.written.name

    @property
    def model(self) -> str | None:
        """The model it is for, where it says so."""
        return self.written.model


class File:
    """One file read: its syntax, its scope, its models and recipes."""

    __slots__ = ("models", "module", "path", "recipes", "scope")

    def __init__(self, path: Path | None, module: s.Module) -> None:
        self.path = path
        self.module = module
        self.scope = FileScope(module.source.name)
        self.models: list[Definition] = []
        self.recipes: list[Training] = []
        """Those imported and its own, in the order written."""

    @property
    def doc(self) -> str:
        return next((item.text for item in self.module.items if isinstance(item, s.Doc)), "")


class Loader:
    """Reads a file and what it imports, each file once."""

    def __init__(self, diagnostics: Diagnostics, words: frozenset[str], root: Path) -> None:
        self.diagnostics = diagnostics
        self.root = root
        self.files: dict[Path, File] = {}
        self.loading: list[Path] = []
        self.evaluate = Evaluator(Budget(), words)

    def load(self, path: Path, shown: str) -> File:
        """The file at a path; CompileError where it cannot be read or parsed."""
        real = path.resolve()
        if real in self.files:
            return self.files[real]
        self.loading.append(real)
        try:
            file = self.define(real, parse(read_source(path, shown)))
        finally:
            self.loading.pop()
        self.files[real] = file
        return file

    def define(self, path: Path | None, module: s.Module) -> File:
        """What a parsed file defines."""
        file = File(path, module)
        for item in module.items:
            try:
                self.item(item, file)
            except Fault as fault:
                self.report(fault)
                self.poison(item, file)
        self.evaluate_lets(file)
        return file

    def report(self, fault: Fault) -> None:
        self.diagnostics.error(
            fault.code, fault.message, fault.span, label=fault.label, notes=fault.notes, help=fault.help
        )

    def item(self, item: s.Item, file: File) -> None:
        if isinstance(item, s.Import):
            self.imports(item, file)
        elif isinstance(item, (s.Model, s.Block, s.Variant)):
            if isinstance(item, s.Variant) and item.call.label is not None:
                raise Fault("variant", "a variant has no label: its name stands in front", item.call.label.span)
            definition = Definition(item, file.scope)
            self.define_name(item.name, definition, item.span, file)
            if not isinstance(item, s.Block):
                file.models.append(definition)
        elif isinstance(item, s.Train):
            self.add_recipe(Training(item, file.scope), item.span, file)

    def define_name(self, name: str, definition: Definition, span: Span, file: File) -> None:
        self.require_new(name, span, file)
        if name in OPERATORS:
            self.diagnostics.warning("shadowed-layer", f"this hides the layer `{name}` in this file", span)
        file.scope.definitions[name] = definition

    def require_new(self, name: str, span: Span, file: File) -> None:
        """Fault where the file knows the name already."""
        earlier = file.scope.definitions.get(name)
        if earlier is not None:
            raise Fault("rebound", f"`{name}` is defined already", span,
                        notes=(f"first defined at {earlier.written.span.place}",))  # fmt: skip

    def add_recipe(self, recipe: Training, span: Span, file: File) -> None:
        """Take in a recipe; a model has one of each name."""
        for earlier in file.recipes:
            if (earlier.name, earlier.model) == (recipe.name, recipe.model):
                called = f"recipe `{recipe.name}`" if recipe.name else "recipe without a name"
                note = f"first defined at {earlier.written.span.place}"
                raise Fault("rebound", f"there is a {called} already", span, notes=(note,))
        file.recipes.append(recipe)

    # --- imports ------------------------------------------------------------------------------------------------------

    def imports(self, item: s.Import, file: File) -> None:
        try:
            other = self.imported(item, file)
        except CompileError as error:
            for diagnostic in error.diagnostics:
                self.diagnostics.add(diagnostic)
            other = None
        for name in item.names:
            try:
                if other is not None:
                    self.take(name, item, other, file)
                    continue
            except Fault as fault:
                self.report(fault)
            file.scope.lets.setdefault(name.alias or name.name, Scope.poisoned(name.span))

    def take(self, name: s.Imported, item: s.Import, other: File, file: File) -> None:
        """Know one name of another file in this one: a block or model, a `let`, a recipe."""
        alias = name.alias or name.name
        definition = other.scope.definitions.get(name.name)
        bound = other.scope.lets.get(name.name)
        recipe = next((r for r in other.recipes if r.name == name.name), None)
        if definition is not None:
            self.define_name(alias, definition, name.span, file)
        elif bound is not None:
            self.bind_let(alias, bound, name.span, file)
        elif recipe is not None:
            self.add_recipe(recipe._replace(written=replace(recipe.written, name=alias)), name.span, file)
        else:
            known = [*other.scope.definitions, *other.scope.lets, *(r.name for r in other.recipes if r.name)]
            hint = did_you_mean(name.name, known)
            raise Fault("import", f"{item.path.value} defines no `{name.name}`", name.span, help=hint)

    def bind_let(self, name: str, bound: Binding, span: Span, file: File) -> None:
        """Know another file's `let` in this one."""
        self.require_new(name, span, file)
        if name in file.scope.lets:
            raise rebound(name, file.scope.lets[name], span)
        bound.read = True
        file.scope.lets[name] = Binding(bound.value, span, "let")

    def imported(self, item: s.Import, file: File) -> File:
        path, shown = target(item, self.origin(file))
        real = path.resolve()
        if real in self.loading:
            chain = " -> ".join(p.name for p in [*self.loading[self.loading.index(real) :], real])
            raise Fault("import", f"files import each other: {chain}", item.path.span)
        if len(self.loading) >= DEPTH:
            raise Fault("limit", f"files imported by each other more than {DEPTH} deep", item.path.span)
        if len(self.files) + len(self.loading) >= FILES:
            raise Fault("limit", f"more than {FILES} files", item.path.span)
        try:
            return self.load(path, shown)
        except OSError as wrong:
            raise Fault("import", f"{shown} cannot be read: {wrong.strerror}", item.path.span) from None

    def origin(self, file: File) -> Origin:
        """Where the imports of a file start from."""
        folder = file.path.parent if file.path is not None else self.root
        return Origin(file.module.source.name, folder, self.root)

    # --- lets and defaults --------------------------------------------------------------------------------------------

    def evaluate_lets(self, file: File) -> None:
        scope = Scope(file.scope)
        scope.names = file.scope.lets
        lets = tuple(item for item in file.module.items if isinstance(item, (s.Let, s.LetFunction)))
        scope.body = Written(lets)
        for item in lets:
            try:
                self.let(item, file, scope)
            except Fault as fault:
                self.report(fault)
                self.poison(item, file)
            except Poisoned:
                self.poison(item, file)
        for defaults in file.module.items:
            if isinstance(defaults, s.Defaults):
                self.defaults(defaults, file, scope)

    def let(self, item: s.Let | s.LetFunction, file: File, scope: Scope) -> None:
        for name in names_of(item):
            self.require_new(name, item.span, file)
        if isinstance(item, s.Let):
            self.evaluate.bind_pattern(item.pattern, self.evaluate(item.value, scope), scope, "let")
        else:
            scope.bind(item.name, Function(item, scope), item.span, "let")

    def poison(self, item: s.Item, file: File) -> None:
        """What an item would have bound is POISON."""
        for name in names_of(item):
            file.scope.lets.setdefault(name, Scope.poisoned(item.span))

    def defaults(self, item: s.Defaults, file: File, scope: Scope) -> None:
        for statement in item.body:
            try:
                self.default(statement, file, scope)
            except Fault as fault:
                self.report(fault)
            except Poisoned:
                continue

    def default(self, statement: s.Statement, file: File, scope: Scope) -> None:
        """One line of `defaults:`: a layer and named arguments."""
        call = statement.chain.steps[0] if isinstance(statement, s.Flow) else None
        if not isinstance(call, s.Call) or not isinstance(call.head, s.Name) or len(statement.chain.steps) != 1:  # type: ignore[union-attr]
            raise Fault("type", "a line of `defaults:` is a layer with arguments: `conv bias=false`", statement.span)
        cls = OPERATORS.get(call.head.id)
        if cls is None:
            block = call.head.id in file.scope.definitions
            hint = "a block has its defaults behind its parameters" if block else did_you_mean(call.head.id, OPERATORS)
            raise Fault("unknown-layer", f"there is no layer `{call.head.id}`", call.head.span, help=hint)
        binder = Binder(cls)
        table: dict[str, tuple[Any, Span]] = file.scope.defaults.setdefault(call.head.id, {})
        for argument in call.args:
            if argument.name is None:
                raise Fault("type", "defaults are given by name: `conv bias=false`", argument.span)
            value = self.evaluate(argument.value, scope)
            if value is POISON:
                continue
            binder.take(Given(argument.name, value, argument.span))
            if argument.name in table:
                raise Fault("rebound", f"the default of `{argument.name}` is given twice", argument.span)
            table[argument.name] = (value, argument.span)


def names_of(item: s.Item) -> list[str]:
    """The names an item would have bound."""
    if isinstance(item, s.Let):
        return pattern_names(item.pattern)
    if isinstance(item, s.Import):
        return [name.alias or name.name for name in item.names]
    return [item.name] if isinstance(item, s.LetFunction) else []
