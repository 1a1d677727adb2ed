"""`input`: what a model takes, and what came into the enclosing block or model."""

from __future__ import annotations

from typing import Any

from . import syntax as s
from .fault import Fault
from .nodes import Nodes
from .ops.structure import Input
from .place import Place
from .shape import Shape
from .source import Span
from .values import POISON, ports


class Inputs(Nodes):
    """Inputs declared, and values at the head of a chain."""

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
