"""A layer on its way into a model that is all Keras's own: its row as data, its activation as a layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import singledispatch
from typing import Any, NamedTuple

from ....keras_initializers import in_keras
from ....keras_layout import Variable
from ....ops import activation as act
from ....ops.base import Op, OpError, Weight
from ....ops.initializers import beginning as initial
from ....shape import Shape
from ..code import Call, Code, Leaf, Named, Raw
from .activation import WORDS
from .row import Row, row


class Tensor(NamedTuple):
    """A value in the model for Keras: the layer, which of its calls, which of its outputs."""

    name: str
    call: int
    index: int  # type: ignore[assignment]  # the method of tuples by this name is not missed
    shape: Shape
    dtype: str = "float32"


class Numbers(NamedTuple):
    """An array among the arguments of an operation, as nested lists."""

    value: Any
    dtype: str = "float32"


Kept = Mapping[str, Variable]
"""The variables of a layer in order, by the keys of our weights."""


class Placed(NamedTuple):
    """A layer, what it takes, and what puts layers into the model."""

    to: Row
    tensors: Sequence[Tensor]
    add: Callable[..., Tensor]

    @property
    def x(self) -> Tensor:
        return self.tensors[0]

    @property
    def shape(self) -> Shape:
        return self.to.node.facts.outputs[0]

    def put(
        self,
        kind: str,
        args: Any = None,
        *,
        shape: Shape | None = None,
        part: str = "",
        keeps: Kept | None = None,
        **config: Any,
    ) -> Tensor:
        """A layer of Keras on `args`, the input where nothing is said; `part` names one that is not the last, `keeps`
        says which weights lie in it."""
        name = f"{self.to.node.path}.{part}" if part else self.to.node.path
        given = [self.x] if args is None else [args]
        return self.add(kind, name, config, given, self.shape if shape is None else shape, keeps=keeps or {})

    def apply(self, kind: str, *args: Any, shape: Shape | None = None, part: str = "", **more: Any) -> Tensor:
        """An operation of Keras, which is no layer: `more` are arguments of the call, `config` those of its making."""
        name = f"{self.to.node.path}.{part}" if part else self.to.node.path
        config = more.pop("config", {})
        return self.add(kind, name, config, list(args), self.shape if shape is None else shape, **more)


def lacking(op: Op) -> OpError:
    return OpError(f"Keras has no layer that does this `{op.word}`")


@singledispatch
def stands_for(op: Op, at: Placed) -> Tensor | tuple[Tensor, ...]:
    """What stands for an operator, each of its outputs where layers of their own make them; OpError for what Keras
    lacks."""
    return called(op, row(op, at.to), at)


# --- rows as data -----------------------------------------------------------------------------------------------------

POSITIONS = {
    "Conv": ("filters", "kernel_size"), "SeparableConv": ("filters", "kernel_size"),
    "DepthwiseConv": ("kernel_size",), "Dense": ("units",), "MaxPooling": ("pool_size",),
    "AveragePooling": ("pool_size",), "Embedding": ("input_dim", "output_dim"), "Dropout": ("rate",),
    "SpatialDropout": ("rate",), "AlphaDropout": ("rate",), "GaussianDropout": ("rate",), "GaussianNoise": ("stddev",),
    "ZeroPadding": ("padding",), "Cropping": ("cropping",), "Reshape": ("target_shape",), "Permute": ("dims",),
    "Rescaling": ("scale", "offset"), "UpSampling": ("size",), "Resizing": ("height", "width"),
    "GroupNormalization": ("groups",), "Activation": ("activation",),
}  # fmt: skip
"""The arguments of Keras's classes that rows give by position, by the name without its rank."""


def called(op: Op, code: Code, at: Placed) -> Tensor:
    """A row of the source that calls a layer of Keras's own."""
    made = code.head if isinstance(code, Call) else None
    if not isinstance(made, Call) or not known(made):
        raise lacking(op)
    config = arguments(made)
    then = getattr(op, "act", None)
    outer = then if then is not None and isinstance(config.get("activation"), Raw) else None
    if outer is not None:
        config["activation"] = None
    args: Any = list(at.tensors) if listed(code) else at.x
    kind = str(made.head)
    if not any(weight.trainable for weight in at.to.node.facts.weights.values()) and at.to.node.facts.weights:
        config["trainable"] = kind.endswith("Normalization")
    inner = at.put(kind, args, **config)
    return inner if outer is None else activated(outer, at, inner)


def known(made: Call) -> bool:
    """Whether a layer is one of Keras's."""
    return isinstance(made.head, str) and made.head.startswith("layers.")


def listed(code: Code) -> bool:
    """Whether a layer takes its inputs as a list."""
    first = code.args[0] if isinstance(code, Call) and code.args else None
    return isinstance(first, Call) and first.brackets == "[]"


def arguments(made: Call) -> dict[str, Any]:
    """What a layer is built with, its name aside, and how weights begin by classes that the file brings."""
    name = str(made.head).removeprefix("layers.").replace("Transpose", "")
    names = POSITIONS.get(name[:-2] if name.endswith(("1D", "2D", "3D")) else name, ())
    found: dict[str, Any] = {}
    for position, arg in enumerate(made.args):
        key, code = (arg.name, arg.code) if isinstance(arg, Named) else (names[position], arg)
        if key.endswith("initializer"):
            begins = beginning(code)
            found |= {} if begins is None else {key: begins}
        elif key != "name":
            found[key] = plainly(code)
    return found


def begun(weight: Weight) -> Any:
    """How a weight begins, as data; None where Keras lacks it."""
    theirs = in_keras(initial(weight))
    if theirs is None:
        return None
    config = {"module": "keras.initializers", "class_name": theirs.name, "config": theirs.arguments}
    return {**config, "registered_name": None}


def beginning(code: Code) -> Any:
    """An initialiser as data; None for one that is not Keras's."""
    if not isinstance(code, Call):
        return plainly(code)
    module, _, name = str(code.head).rpartition(".")
    config = {arg.name: plainly(arg.code) for arg in code.args}
    return {"module": module, "class_name": name, "config": config, "registered_name": None} if module else None


def plainly(code: Code) -> Any:
    """A piece of source as data: tuples are lists."""
    if isinstance(code, Leaf):
        return as_lists(code.value)
    if isinstance(code, Call) and not code.head:
        return [plainly(arg) for arg in code.args]
    raise AssertionError(code)


def as_lists(value: Any) -> Any:
    if isinstance(value, (tuple, list)):
        return [as_lists(item) for item in value]
    return value


# --- activations ------------------------------------------------------------------------------------------------------


@stands_for.register
def function(op: act.Function, at: Placed) -> Tensor:
    made = row(op, at.to)
    layer = made.head if isinstance(made, Call) else None
    plain = isinstance(layer, Call) and known(layer) and Raw not in map(type, arguments(layer).values())
    return called(op, made, at) if plain else activated(op, at, at.x, own=True)


def activated(op: Op, at: Placed, x: Tensor, *, own: bool = False) -> Tensor:
    """An activation as a layer behind another, or as one of its own."""
    part = "" if own else "act"
    layer = as_layer(op)
    if layer is not None:
        kind, config = layer
        return at.put(f"layers.{kind}", x, part=part, **config)
    operation = as_operation(op)
    if operation is not None:
        kind, config = operation
        return at.apply(f"ops.{kind}", x, part=part, config=config)
    if isinstance(op, (act.ScaledSigmoid, act.ScaledTanh)):
        word = "tanh" if isinstance(op, act.ScaledTanh) else "sigmoid"
        steep = at.put("layers.Rescaling", x, part="slope", scale=op.slope, offset=0.0)
        bent = at.put("layers.Activation", steep, part="act" if own else "bend", activation=word)
        return at.put("layers.Rescaling", bent, part=part, scale=op.amplitude, offset=0.0)
    raise lacking(op)


def as_layer(op: Op) -> tuple[str, dict[str, Any]] | None:
    if type(op) in WORDS:
        return "Activation", {"activation": WORDS[type(op)]}
    if isinstance(op, act.ReLU):
        return "ReLU", {"max_value": op.max, "negative_slope": op.slope, "threshold": op.threshold}
    if isinstance(op, act.LeakyReLU):
        return "LeakyReLU", {"negative_slope": op.slope}
    if isinstance(op, act.ELU):
        return "ELU", {"alpha": op.alpha}
    return None


def as_operation(op: Op) -> tuple[str, dict[str, Any]] | None:
    """Functions of Keras's that no layer calls with these numbers."""
    found: dict[type[Op], Callable[[Any], tuple[str, dict[str, Any]]]] = {
        act.GELU: lambda op: ("nn.Gelu", {"approximate": op.approximate}),
        act.CELU: lambda op: ("nn.Celu", {"alpha": op.alpha}),
        act.GLU: lambda op: ("nn.Glu", {"axis": -1}),
        act.SoftShrink: lambda op: ("nn.SoftShrink", {"threshold": op.threshold}),
        act.HardShrink: lambda op: ("nn.HardShrink", {"threshold": op.threshold}),
        act.Threshold: lambda op: ("nn.Threshold", {"threshold": op.at, "default_value": op.otherwise}),
        act.Clip: lambda op: ("numpy.Clip", {"x_min": op.low, "x_max": op.high}),
        act.Abs: lambda op: ("numpy.Absolute", {}),
        act.Square: lambda op: ("numpy.Square", {}),
    }
    rule = found.get(type(op))
    return None if rule is None else rule(op)


@stands_for.register
def glu(op: act.GLU, at: Placed) -> Tensor:
    return activated(op, at, at.x, own=True)
