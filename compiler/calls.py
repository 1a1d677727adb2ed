"""One call of a chain: a value, a layer, a block or model, or a shared part."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from . import syntax as s
from .fault import Fault, did_you_mean
from .habits import LAYERS
from .inputs import Inputs
from .instances import Instances
from .ops.base import OPERATORS, Op
from .place import NOTHING, Place
from .source import Span
from .values import (
    POISON,
    Definition,
    Given,
    Instance,
    Poisoned,
    Several,
    Shared,
    Symbol,
    describe,
    is_value,
    is_values,
    ports,
)

WORDS = ("repeat", "branch", "residual", "shortcut", "output", "expect", "allow", "group", "sequential")
"""Words of a body, which only begin a line."""
ITEMS = ("model", "block", "train", "defaults", "import")
"""Words that begin an item of a file."""


class Calls(Instances, Inputs):
    """How the steps of a chain become nodes."""

    def step(self, step: s.Step, place: Place, current: Any, first: bool, name: str | None = None) -> Any:
        if isinstance(step, s.Group):
            value: Any = Several(self.evaluate(item, place.scope) for item in step.items)
            for item, thing in zip(step.items, value):
                if not is_values(thing):
                    raise Fault("type", f"a value of the network is wanted, found {describe(thing)}", item.span)
            self.name_value(step.label, value, place)
            return value
        return self.call(step, place, current, first, name)

    def call(self, call: s.Call, place: Place, current: Any, first: bool, name: str | None) -> Any:
        callee = self.head(call.head, place)
        if callee is POISON:
            raise Poisoned
        if isinstance(callee, type):
            return self.layer(callee, (), call, place, current, name)
        if isinstance(callee, Symbol):
            bound = [Given(None, v, call.head.span) for v in callee.args]
            bound += [Given(n, v, call.head.span) for n, v in callee.named]
            return self.layer(OPERATORS[callee.word], bound, call, place, current, name)
        if isinstance(callee, Definition):
            return self.instance(callee, call, place, current, name)
        if isinstance(callee, Shared):
            return self.use_shared(callee, call, place, current)
        if callee is INPUT:
            return self.input(call, place, first, name)
        return self.value(callee, call, place, first)

    # --- heads --------------------------------------------------------------------------------------------------------

    def head(self, head: s.Expr, place: Place) -> Any:
        """What is called. At the head of a call numbers, strings and lists are not looked at (they may share a name
        with a layer), only values, blocks, models, layers and what was passed as one of these."""
        if not isinstance(head, s.Name):
            value = self.evaluate(head, place.scope)
            if callable_value(value):
                return value
            raise Fault("type", f"{describe(value)} cannot be called", head.span)
        word = head.id
        if word == "input":
            return INPUT
        binding = place.scope.find(word)
        if binding is not None and callable_value(binding.value):
            binding.read = True
            return binding.value
        if word in place.scope.file.definitions:
            return place.scope.file.definitions[word]
        cls = OPERATORS.get(word)
        if cls is None:
            raise self.unknown_head(word, place, head.span)
        return cls

    def unknown_head(self, word: str, place: Place, span: Span) -> Fault:
        if word in WORDS:
            return Fault("word", f"`{word}` stands at the beginning of a line of its own", span)
        if word in ITEMS:
            return Fault("word", f"`{word}` stands at the left margin of a file, not in a body", span)
        binding = place.scope.find(word)
        if binding is not None:
            return Fault("type", f"`{word}` is {describe(binding.value)}, which cannot be called", span)
        if word in LAYERS:
            hint = f"write `{LAYERS[word]}`"
        else:
            known = [*OPERATORS, *WORDS, *place.scope.visible()]
            hint = did_you_mean(word, known)
        unknown = self.evaluate.unknown(word, place.scope, span)
        if unknown.code == "not-defined":
            return unknown
        return Fault("unknown-layer", f"there is no layer, block or value called `{word}`", span, help=hint)

    # --- layers -------------------------------------------------------------------------------------------------------

    def layer(
        self, cls: type[Op], bound: Iterable[Given], call: s.Call, place: Place, current: Any, name: str | None
    ) -> Any:
        """A call of an operator."""
        given = [*bound, *self.given(call, place, cls)]
        taken = list(ports(current)) if current is not NOTHING else []
        if cls.kind == "merge" and len(taken) == 1:
            self.one_beside(cls, given, call)
        defaults = place.scope.file.defaults.get(cls.word, NO_DEFAULTS)
        result = self.seen.bind(cls, given, defaults, len(taken), call.span)
        taken += result.operands
        if current is NOTHING and cls.takes.min > 0:
            raise nothing_to_start_from(call, place, name)
        return self.node(result.op, taken, call, place, name, result.spans, result.defaulted)

    def one_beside(self, cls: type[Op], given: list[Given], call: s.Call) -> None:
        """A merge in the flow takes one value beside it: `add a, b` would be current + a + b."""
        beside = [g for g in given if g.name is None and is_values(g.value)]
        if len(beside) > 1:
            names = ", ".join(g.span.text for g in beside)
            help = f"`({names}) -> {cls.word}` merges these alone; with the flow, name it and put it in front"
            message = f"`{cls.word} {names}` would merge the current value as well"
            raise Fault("merge-operands", message, call.span, help=help)

    def node(
        self,
        op: Op,
        taken: list[Any],
        call: s.Call,
        place: Place,
        name: str | None,
        spans: dict[str, Span],
        defaulted: frozenset[str] = frozenset(),
    ) -> Any:
        """Add the operator to the graph, under its label or an automatic name, and name its result."""
        if POISON in taken:
            raise Poisoned
        self.check_count(op, taken, call)
        path = self.path(call.label, name, op.short, place)
        result = self.add(op, tuple(taken), call.span, place, path, spans, defaulted)
        self.name_value(call.label, result, place)
        return result

    def check_count(self, op: Op, taken: list[Any], call: s.Call) -> None:
        least, most = op.takes
        if len(taken) < least:
            raise Fault("too-few-values", f"`{op.word}` takes {least} values, {len(taken)} came in", call.span)
        if most is not None and len(taken) > most:
            wanted = "one value" if most == 1 else f"{most} values"
            help = "several values can only meet a merge such as `concat` or `add`" if most == 1 else ""
            raise Fault("too-many-values", f"`{op.word}` takes {wanted}, {len(taken)} came in", call.span, help=help)


class _Input:
    """The word `input` at the head of a call."""


INPUT = _Input()

NO_DEFAULTS: dict[str, tuple[Any, Span]] = {}


def nothing_to_start_from(call: s.Call, place: Place, name: str | None) -> Fault:
    """A layer where no value is: at the start, after `=`, in a block or a branch that was given none."""
    word, text, span = call.head.span.text, call.span.text, call.span
    frame = place.frame
    if name is not None or place.flow is not NOTHING:
        name = name or "NAME"
        help = f"in the flow write `{text} as {name}`; aside, begin with a value: `{name} = OTHER -> {text}`"
    elif frame.kind == "branch":
        help = "a branch begins with what its merge begins with, or with a value of its own: `OTHER -> ...`"
    elif frame.kind == "block":
        word, span = frame.name, frame.span
        help = f"begin with a value: `OTHER -> {span.text}`"
    elif place.body.inputs:
        help = f"the model has several inputs: begin with the one that is meant, `NAME -> {text}`"
    else:
        help = "declare first what comes in: `input 224x224x3`"
    return Fault("no-current-value", f"`{word}` has no value to start from", span, help=help)


def callable_value(value: Any) -> bool:
    """What may stand at the head of a call."""
    if isinstance(value, Symbol):
        return value.word in OPERATORS
    return isinstance(value, (Definition, Shared, Instance)) or is_value(value) or is_values(value)
