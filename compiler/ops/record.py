"""Frozen records of declared arguments: what operators, activations, initialisers and the words of recipes are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from inspect import get_annotations
from typing import Any, ClassVar, TypeVar


class _Required:
    """The default of an argument that must be given."""

    def __repr__(self) -> str:
        return "REQUIRED"


REQUIRED: Any = _Required()


class Arg:
    """The declaration of one argument: what the reference says of it and what the binder checks."""

    __slots__ = ("above", "below", "choices", "default", "doc", "later", "max", "min", "name", "position", "type")

    def __init__(
        self,
        doc: str,
        default: Any = REQUIRED,
        min: float | None = None,
        max: float | None = None,
        choices: tuple[str, ...] = (),
        position: bool = True,
        above: float | None = None,
        below: float | None = None,
        later: bool = False,
    ) -> None:
        self.name = ""
        self.type = ""
        self.doc = doc
        self.default = default
        self.min = min
        self.max = max
        self.above = above
        self.below = below
        self.choices = choices
        self.position = position
        self.later = later

    @property
    def required(self) -> bool:
        return self.default is REQUIRED


def arg(
    doc: str,
    *,
    default: Any = REQUIRED,
    min: float | None = None,
    max: float | None = None,
    above: float | None = None,
    below: float | None = None,
    choices: tuple[str, ...] = (),
) -> Any:
    """An argument that may be given by position, in the order of declaration, or by name."""
    return Arg(doc, default, min, max, choices, True, above, below)


def option(
    doc: str,
    *,
    default: Any = REQUIRED,
    min: float | None = None,
    max: float | None = None,
    above: float | None = None,
    below: float | None = None,
    choices: tuple[str, ...] = (),
    later: bool = False,
) -> Any:
    """An argument that is given by name only; `later`: it is checked, and not carried out yet."""
    return Arg(doc, default, min, max, choices, False, above, below, later)


class Record:
    """A frozen record whose fields are the `arg`s and `option`s of its class body, `arg`s first.

    Built without `dataclasses`, whose generated code would cost a third of a second of start-up for all operators.
    The type of a field is its annotation as text; compiler/bind.py has a converter for each.
    """

    word: ClassVar[str] = ""
    later: ClassVar[bool] = False
    """Whether it is checked, and not carried out yet."""
    fields: ClassVar[Mapping[str, Arg]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        fields = dict(cls.fields)
        annotations = get_annotations(cls)
        for name, declared in list(cls.__dict__.items()):
            if isinstance(declared, Arg):
                declared.name = name
                declared.type = annotations[name]
                fields[name] = declared
                delattr(cls, name)
        cls.fields = dict(sorted(fields.items(), key=lambda item: not item[1].position))

    def __init__(self, **values: Any) -> None:
        given = self.__dict__
        for name, field in self.fields.items():
            value = values.pop(name, field.default)
            if value is REQUIRED:
                raise TypeError(f"{type(self).__name__} needs `{name}`")
            given[name] = value
        if values:
            raise TypeError(f"{type(self).__name__} has no argument {', '.join(values)}")

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen")

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash((type(self), *self.__dict__.values()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in self.__dict__.items())})"

    def changed(self: R, **values: Any) -> R:
        """The same record with some fields replaced."""
        return type(self)(**{**self.__dict__, **values})

    def told(self) -> Iterator[tuple[str, Any]]:
        """The arguments that differ from their defaults, for messages and diagrams."""
        for name, field in self.fields.items():
            value = self.__dict__[name]
            if field.required or value != field.default:
                yield name, value


R = TypeVar("R", bound=Record)
