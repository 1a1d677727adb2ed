"""A recipe as read: its entries in order, where they stand, and its form as JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, TypeVar

from ..declared import spelled
from ..ops.base import INITIALIZERS
from ..ops.record import Record
from ..source import Span
from .base import ENTRIES, PARTS, Entry, Part, chosen
from .steps import Steps
from .types import Length, Shift

E = TypeVar("E", bound=Entry)


class Said(NamedTuple):
    """One entry and where it was written; None where it is a default."""

    entry: Entry
    span: Span | None = None


class Phase(NamedTuple):
    """`phase NAME:`, what holds in it only."""

    name: str
    said: tuple[Said, ...]


class Recipe(NamedTuple):
    """`train [name] [for MODEL]:`"""

    name: str = ""
    model: str = ""
    said: tuple[Said, ...] = ()
    phases: tuple[Phase, ...] = ()
    span: Span | None = None

    def all(self, kind: type[E]) -> tuple[E, ...]:
        """The entries of a kind, in order; those of phases are not among them."""
        return tuple(said.entry for said in self.said if isinstance(said.entry, kind))

    def one(self, kind: type[E]) -> E | None:
        """The entry of a kind, the last where there are several."""
        found = self.all(kind)
        return found[-1] if found else None

    def everything(self) -> tuple[Said, ...]:
        """All entries, those of the phases last."""
        return self.said + tuple(said for phase in self.phases for said in phase.said)

    def having(self, entries: Iterable[Entry]) -> Recipe:
        """The recipe with more entries, at the end."""
        return self._replace(said=(*self.said, *(Said(entry) for entry in entries)))

    def within(self, phase: Phase) -> Recipe:
        """What holds in a phase: its entries in place of those of the recipe, `params` and the like behind them."""
        replaced = {said.entry.entry for said in phase.said if not lasting(said.entry)}
        kept = tuple(said for said in self.said if said.entry.entry not in replaced)
        return self._replace(said=kept + phase.said, phases=())


def lasting(entry: Entry) -> bool:
    """Whether a phase adds it to what the recipe says, in place of putting it instead."""
    return entry.entry in ("params", "weights", "init")


# --- as JSON ----------------------------------------------------------------------------------------------------------


def to_json(recipe: Recipe) -> dict[str, Any]:
    """What `config.json` holds; places in the text are left out."""
    return {
        "name": recipe.name,
        "model": recipe.model,
        "entries": [plain(said.entry) for said in recipe.said],
        "phases": [{"name": p.name, "entries": [plain(said.entry) for said in p.said]} for p in recipe.phases],
    }


def from_json(found: dict[str, Any]) -> Recipe:
    """The recipe that `to_json` wrote."""
    phases = tuple(Phase(p["name"], tuple(Said(entry_of(e)) for e in p["entries"])) for p in found["phases"])
    return Recipe(found["name"], found["model"], tuple(Said(entry_of(e)) for e in found["entries"]), phases)


def plain(value: Any) -> Any:
    """A value of an entry in JSON's types; records and lengths carry what they are under `is`."""
    if isinstance(value, Length):
        return {"is": "length", "number": value.number, "unit": value.unit}
    if isinstance(value, Shift):
        return {"is": "shift", "number": value.number, "unit": value.unit}
    if isinstance(value, Record):
        return {"is": kind_of(value), "word": word_of(value), **{k: plain(v) for k, v in value.__dict__.items()}}
    if isinstance(value, (tuple, list)):
        return [plain(item) for item in value]
    return value


def kind_of(record: Record) -> str:
    if isinstance(record, Entry):
        return record.entry
    return f"part {record.kind}" if isinstance(record, Part) else "initializer"


def word_of(record: Record) -> str:
    return chosen(type(record)) if isinstance(record, Entry) else record.word


def entry_of(found: dict[str, Any]) -> Entry:
    made = value_of(found)
    assert isinstance(made, Entry)
    return made


def value_of(found: Any) -> Any:
    """The value that `plain` wrote."""
    if isinstance(found, list):
        return tuple(value_of(item) for item in found)
    if not isinstance(found, dict):
        return found
    values = {name: value_of(v) for name, v in found.items() if name not in ("is", "word")}
    return maker(found["is"], found.get("word", ""))(**values)


def maker(kind: str, word: str) -> Callable[..., Any]:
    """The class of what stands in JSON."""
    if kind in ("length", "shift"):
        return Length if kind == "length" else Shift
    tables = {"initializer": INITIALIZERS, **ENTRIES, **{f"part {name}": table for name, table in PARTS.items()}}
    table: Any = tables[kind]
    made: Callable[..., Any] = table[word] if isinstance(table, dict) else table
    return made


# --- as text ----------------------------------------------------------------------------------------------------------


def told(record: Record) -> str:
    """As it would be written, without what is the default: `optimizer adamw, lr=0.002`."""
    if isinstance(record, Steps):
        return f"{record.entry}: " + (" -> ".join(told(step) for step in record.steps) or "none")
    given = [argument(record, name, value) for name, value in record.told()]
    if isinstance(record, Entry) and chosen(type(record)):
        return f"{record.entry} " + ", ".join([chosen(type(record)), *given])
    if isinstance(record, Part) and record.kind != "step":
        return f"{record.word}({', '.join(given)})" if given else record.word
    return f"{record.word} {', '.join(given)}".rstrip()


def argument(record: Record, name: str, value: Any) -> str:
    """One argument as it would be written."""
    if name == getattr(record, "many", ""):
        return ", ".join(map(shown, value))
    return shown(value) if record.fields[name].position else f"{spelled(type(record), name)}={shown(value)}"


def shown(value: Any) -> str:
    """A value of an entry as it would be written."""
    if isinstance(value, (Length, Shift)):
        return f"{value.number:g} {value.unit}".rstrip()
    if isinstance(value, Record):
        return told(value) if isinstance(value, Part) else value.word
    if isinstance(value, tuple):
        items = ", ".join(shown(item) for item in value)
        return items if len(value) == 1 else f"({items})"
    if isinstance(value, bool) or value is None:
        return str(value).lower() if value is not None else "none"
    if isinstance(value, str):
        return value if value.isidentifier() else f'"{value}"'
    return f"{value:.6g}"
