"""Files -> what they define: reading, parsing, imports, file-level lets and defaults."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from . import syntax as s
from .bind import Binder
from .budget import Budget
from .diagnostics import CompileError, Diagnostics, UserError
from .elsewhere import Written, pattern_names
from .evaluate import Evaluator
from .fault import Fault, did_you_mean
from .limits import DEPTH, FILES
from .ops.base import OPERATORS
from .parse import parse
from .reading import read_source
from .scope import FileScope, Scope
from .source import Span
from .values import POISON, Definition, Function, Given, Poisoned

ZOO = Path(__file__).resolve().parent.parent / "zoo"
if not ZOO.is_dir() or not (ZOO / "blocks").is_dir():
    ZOO = Path(__file__).resolve().parent.parent.parent / "zoo"


def beside(name: str, text: str) -> str:
    """The name under which a file is shown that another one, shown as `name`, imports by a relative path."""
    scheme = "zoo:" if name.startswith("zoo:") else ""
    return scheme + os.path.normpath(os.path.join(os.path.dirname(name.removeprefix(scheme)), text))


class File:
    """One file read: its syntax and its scope."""

    __slots__ = ("models", "module", "path", "scope", "trains")

    def __init__(self, path: Path | None, module: s.Module) -> None:
        self.path = path
        self.module = module
        self.scope = FileScope(module.source.name)
        self.models: list[Definition] = []
        self.trains: list[s.Train] = [item for item in module.items if isinstance(item, s.Train)]

    @property
    def doc(self) -> str:
        return next((item.text for item in self.module.items if isinstance(item, s.Doc)), "")


def locate(name: str) -> tuple[Path, Path]:
    """The path of `zoo:NAME` or of a file, and the folder its imports may not leave.

    For a bundled model that is the zoo. For another file it is the working directory where the file lies under it, and
    the file's own folder otherwise. UserError where the zoo has no such model.
    """
    if name.startswith("zoo:"):
        return in_zoo(name[4:]), ZOO
    path = Path(os.path.abspath(name))
    real = path.resolve()
    if real.is_relative_to(ZOO):
        return path, ZOO
    here = Path.cwd().resolve()
    return path, here if real.is_relative_to(here) else real.parent


def bundled(name: str) -> Path:
    """The file of a bundled model; `.cnn` may be left out."""
    return ZOO / (name if name.endswith(".cnn") else f"{name}.cnn")


def in_zoo(name: str) -> Path:
    """The file of a bundled model that is there; UserError otherwise."""
    path = bundled(name)
    if path.is_file() and path.resolve().is_relative_to(ZOO):
        return path
    known = [found.relative_to(ZOO).with_suffix("").as_posix() for found in ZOO.rglob("*.cnn")]
    raise UserError(f"the zoo has no `{name}`: {did_you_mean(name, known) or '`cnnc zoo` lists all'}")


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

    def define_name(self, name: str, definition: Definition, span: Span, file: File) -> None:
        earlier = file.scope.definitions.get(name)
        if earlier is not None:
            raise Fault("rebound", f"`{name}` is defined already", span,
                        notes=(f"first defined at {earlier.written.span.place}",))  # fmt: skip
        if name in OPERATORS:
            self.diagnostics.warning("shadowed-layer", f"this hides the layer `{name}` in this file", span)
        file.scope.definitions[name] = definition

    # --- imports ------------------------------------------------------------------------------------------------------

    def imports(self, item: s.Import, file: File) -> None:
        try:
            other = self.imported(item, file)
        except CompileError as error:
            for diagnostic in error.diagnostics:
                self.diagnostics.add(diagnostic)
            other = None
        for name in item.names:
            if other is None:
                file.scope.lets[name.alias or name.name] = Scope.poisoned(name.span)
                continue
            definition = other.scope.definitions.get(name.name)
            if definition is None:
                hint = did_you_mean(name.name, other.scope.definitions)
                self.report(Fault("import", f"{item.path.value} defines no `{name.name}`", name.span, help=hint))
                file.scope.lets[name.alias or name.name] = Scope.poisoned(name.span)
                continue
            self.define_name(name.alias or name.name, definition, name.span, file)

    def imported(self, item: s.Import, file: File) -> File:
        path, shown = self.target(item, file)
        real = path.resolve()
        if real in self.loading:
            chain = " -> ".join(p.name for p in [*self.loading[self.loading.index(real) :], real])
            raise Fault("import", f"files import each other: {chain}", item.path.span)
        if len(self.loading) >= DEPTH:
            raise Fault("limit", f"files imported by each other more than {DEPTH} deep", item.path.span)
        if len(self.files) + len(self.loading) >= FILES:
            raise Fault("limit", f"more than {FILES} files", item.path.span)
        if not path.is_file():
            raise Fault("import", f"there is no file {shown}", item.path.span, help=self.near(path))
        try:
            return self.load(path, shown)
        except OSError as wrong:
            raise Fault("import", f"{shown} cannot be read: {wrong.strerror}", item.path.span) from None

    def target(self, item: s.Import, file: File) -> tuple[Path, str]:
        """Where an import points: below the root, a .cnn file, nothing else."""
        text = item.path.value
        if not text.endswith(".cnn") and not text.startswith("zoo:"):
            raise Fault("import", f'only .cnn files are imported, found "{text}"', item.path.span)
        if text.startswith("zoo:"):
            path, root = bundled(text[4:]), ZOO
            shown = text
        else:
            if "://" in text:
                raise Fault("import", f'an import names a file, found "{text}"', item.path.span)
            if os.path.isabs(text) or "\\" in text or "\0" in text:
                raise Fault("import", "an import is relative to its file and written with `/`", item.path.span)
            folder = file.path.parent if file.path is not None else self.root
            path = Path(os.path.normpath(folder / text))
            root = ZOO if folder.is_relative_to(ZOO) else self.root
            shown = beside(file.module.source.name, text)
        if not path.resolve().is_relative_to(root):
            note = "imports stay below the working directory, or below the folder of a file outside it"
            message = f'"{text}" leaves the folder that imports may come from'
            raise Fault("import", message, item.path.span, notes=(note,))
        return path, shown

    def near(self, path: Path) -> str:
        folder = path.parent
        names = sorted(p.name for p in folder.glob("*.cnn"))[:1000] if folder.is_dir() else []
        return did_you_mean(path.name, names)

    # --- lets and defaults --------------------------------------------------------------------------------------------

    def evaluate_lets(self, file: File) -> None:
        scope = Scope(file.scope)
        scope.names = file.scope.lets
        lets = tuple(item for item in file.module.items if isinstance(item, (s.Let, s.LetFunction)))
        scope.body = Written(lets)
        for item in lets:
            try:
                self.let(item, scope)
            except Fault as fault:
                self.report(fault)
                self.poison(item, file)
            except Poisoned:
                self.poison(item, file)
        for defaults in file.module.items:
            if isinstance(defaults, s.Defaults):
                self.defaults(defaults, file, scope)

    def let(self, item: s.Let | s.LetFunction, scope: Scope) -> None:
        for name in names_of(item):
            definition = scope.file.definitions.get(name)
            if definition is not None:
                raise Fault("rebound", f"`{name}` is defined already", item.span,
                            notes=(f"first defined at {definition.written.span.place}",))  # fmt: skip
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
