"""One call of a chain: a value, a layer, a block or model, or a shared part."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from . import syntax as s
from .expansion import Expansion
from .fault import Fault, did_you_mean
from .graph import Node, Port
from .habits import LAYERS
from .instances import Instances
from .limits import VALUES
from .ops.base import OPERATORS, Facts, Op, OpError
from .ops.structure import Input
from .place import NOTHING, Place
from .scope import Scope
from .shape import Shape
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


class Calls(Instances, Expansion):
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

    def value(self, value: Any, call: s.Call, place: Place, first: bool) -> Any:
        """A value at the head of a chain."""
        text = call.head.span.text
        if not first:
            raise Fault("type", f"`{text}` is a value: it can only begin a chain", call.span,
                        help=f"`concat {text}` or `add {text}` merges it with the current value")  # fmt: skip
        if call.args:
            raise Fault("type", f"`{text}` is a value and takes no arguments", call.span)
        self.name_value(call.label, value, place)
        return value

    def input(self, call: s.Call, place: Place, first: bool, name: str | None) -> Any:
        """`input 224x224x3` declares; `input` alone is what came into the enclosing block or model."""
        if not call.args:
            binding = place.scope.find("input")
            if binding is None:
                raise self.no_input(place, call.span)
            return self.value(binding.value, call, place, first)
        if not place.body.is_model:
            raise Fault("input", "a block declares no input: it takes what comes in", call.span,
                        help="`input` alone is the value that came in")  # fmt: skip
        if not first:
            raise Fault("input", "`input` with a shape begins a chain", call.span)
        return self.declare(call, place, name)

    def no_input(self, place: Place, span: Span) -> Fault:
        if len(place.body.inputs) > 1:
            return Fault("no-current-value", "the model has several inputs: name the one that is meant", span)
        return Fault("no-current-value", "nothing has come in here", span, help="declare it first: `input 224x224x3`")

    def declare(self, call: s.Call, place: Place, name: str | None) -> Any:
        """An input of the compiled model, or the value that takes its place where the model is part of another."""
        shape = self.input_shape(call, place)
        position = len(place.body.inputs)
        label = self.label_path(call.label, place) or (place.paths.join(name) if name else None)
        if not place.body.top:
            try:
                value = self.incoming(shape, place, position)
            except Fault:
                place.body.inputs.append(POISON)
                raise
        else:
            path = label or place.paths.named("input")
            value = self.add(Input(self.requested(path, shape, call)), (), call.span, place, path, {}, frozenset())
        place.body.inputs.append(value)
        if position == 0:
            place.scope.comes_in(value, call.span)
        else:
            place.scope.whole.names.pop("input", None)
        self.name_value(call.label, value, place)
        return value

    def input_shape(self, call: s.Call, place: Place) -> Shape:
        values = [self.evaluate(a.value, place.scope) for a in call.args]
        sizes = values[0] if len(values) == 1 else values
        sizes = sizes if isinstance(sizes, (tuple, list)) else (sizes,)
        if (
            not sizes
            or any(a.name is not None for a in call.args)
            or not all(n is None or (type(n) is int or (isinstance(n, float) and n.is_integer())) for n in sizes)
        ):
            raise Fault("type", "a shape such as 224x224x3 is wanted", call.span)
        shape = Shape(None if n is None else int(n) for n in sizes)
        if any(n is not None and n < 1 for n in shape):
            raise Fault("bad-argument", f"the sizes of an input are at least 1, found {shape}", call.span)
        if shape.rank > 3:
            raise Fault("rank", f"maps have up to 3 dimensions and channels, found {shape}", call.span)
        return shape

    def requested(self, path: str, shape: Shape, call: s.Call) -> Shape:
        """The shape given from outside (`--input`), which may change sizes, not the number of dimensions."""
        asked = self.request.inputs.get(path) or self.request.inputs.get("")
        if asked is None:
            return shape
        if len(asked) != len(shape):
            raise Fault("rank", f"`{path}` is declared as {shape}, {asked} is asked for", call.span)
        return asked

    def incoming(self, declared: Shape, place: Place, position: int) -> Any:
        """The value that a model called inside another takes for its input; what is wrong is told at that call."""
        arguments = place.body.arguments
        frame = next(f for f in place.frame.outward() if f.kind == "model")
        if position >= len(arguments):
            came = f"{len(arguments)} came in" if arguments else "none came in"
            raise Fault("no-current-value", f"`{frame.name}` takes at least {position + 1} values, {came}", frame.span)
        value = arguments[position]
        if value is POISON:
            return value
        shape = next(ports(value)).shape
        if len(shape) != len(declared) or (None not in (shape[-1], declared[-1]) and shape[-1] != declared[-1]):
            raise Fault("shape-mismatch", f"`{frame.name}` takes {declared}, {shape} comes in", frame.span)
        return value

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

    def add(
        self,
        op: Op,
        inputs: tuple[Port, ...],
        span: Span,
        place: Place,
        path: str,
        spans: dict[str, Span],
        defaulted: frozenset[str],
    ) -> Any:
        """A new node; its value, or Several where it has more outputs."""
        self.budget.layer(span)
        try:
            facts, new = self.seen.facts(op, tuple([p.node.facts.outputs[p.index] for p in inputs]))
        except OpError as wrong:
            raise Fault(
                wrong.code, wrong.message, spans.get(wrong.arg or "", span), label=wrong.label, help=wrong.help
            ) from None
        if new:
            check_sizes(op, facts, span)
        node = Node(
            len(self.nodes),
            op,
            inputs,
            facts,
            path,
            span,
            place.frame,
            shared=place.shared,
            spans=spans,
            defaulted=defaulted,
        )
        self.nodes.append(node)
        if type(op) is Input:
            self.inputs.append(node)
        result = Port(node, 0) if len(facts.outputs) == 1 else Several(Port(node, i) for i in range(len(facts.outputs)))
        self.found[path] = result
        return result

    # --- names --------------------------------------------------------------------------------------------------------

    def path(self, label: s.Label | None, name: str | None, kind: str, place: Place) -> str:
        """The path of a call: its label, the name it is put aside under, or its kind with a number."""
        if label is not None:
            return self.label_path(label, place) or ""
        if name is not None:
            return place.paths.named(name)
        return place.paths.auto(kind)

    def label_path(self, label: s.Label | None, place: Place) -> str | None:
        if label is None:
            return None
        if label.target is not None:
            return place.paths.named(self.target_name(label.target, place))
        parts = [p if isinstance(p, str) else written(self.evaluate(p, place.scope), p) for p in label.parts]
        return place.paths.exact("".join(parts))

    def name_value(self, label: s.Label | None, value: Any, place: Place) -> None:
        """Bind what `as name` names; a string is a path only."""
        if label is not None and label.target is not None:
            self.bind_target(label.target, value, place, "value")


class _Input:
    """The word `input` at the head of a call."""


INPUT = _Input()

NO_DEFAULTS: dict[str, tuple[Any, Span]] = {}


def check_sizes(op: Op, facts: Facts, span: Span) -> None:
    """No map without places, none beyond all memory."""
    for shape in facts.outputs:
        if any(n is not None and n < 1 for n in shape):
            raise Fault("window-too-large", f"nothing is left: `{op.word}` would give {shape}", span)
        if (shape.size or 0) > VALUES:
            raise Fault("limit", f"a map of more than {VALUES:,} values: {shape}", span)
    for weight in facts.weights.values():
        if weight.size > VALUES:
            raise Fault("limit", f"a weight of more than {VALUES:,} values: {Shape(weight.shape)}", span)


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


def written(value: Any, expr: s.Expr) -> str:
    """A value inside a label."""
    if value is POISON:
        raise Poisoned
    if isinstance(value, bool) or not isinstance(value, (int, str, float)):
        raise Fault("type", f"a number or string is wanted in a path, found {describe(value)}", expr.span)
    return str(value)


__all__ = ["NOTHING", "Calls", "Scope"]
