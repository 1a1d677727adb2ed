"""What an operator is: a frozen record of its arguments with one rule, input shapes -> facts.

An operator is declared once, by subclassing `Op` under `@operator("word")`. From the declaration follow how it is
called, its argument checks and "did you mean", its row in the summary, its weights and MACs, its page in the reference.
Each backend adds one rule of its own, by `functools.singledispatch` on the class.

Operators know nothing of places in a text: they raise `OpError`, the checker turns it into a diagnostic.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from math import prod
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeVar

from ..shape import Shape
from .record import Record, arg, option

if TYPE_CHECKING:
    from typing_extensions import dataclass_transform
else:

    def dataclass_transform(**_: Any) -> Callable[[T], T]:
        return lambda thing: thing


T = TypeVar("T")


class OpError(Exception):
    """Something an operator cannot do. `arg` names the guilty argument, None where the input itself is the matter."""

    def __init__(
        self,
        message: str,
        arg: str | None = None,
        *,
        code: str = "shape-mismatch",
        label: str = "",
        help: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.arg = arg
        self.code = code
        self.label = label
        self.help = help


class Initializer(Record):
    """How a weight begins; subclasses stand in initializers.py, values are drawn by the runtime."""


Operand = int
"""Another value of the network, as an argument: its position among the operator's inputs."""


class Weight(NamedTuple):
    """One named array of a layer, in PyTorch's layout, so that names and shapes are those of a `state_dict`.

    `fans` are (fan in, fan out) as Keras computes them for the layer, which variance-scaling initialisers ask for.
    Weights that are not `trainable` are buffers (statistics, fixed kernels).
    """

    shape: tuple[int, ...]
    trainable: bool = True
    init: Initializer | None = None
    fans: tuple[int, int] | None = None

    @property
    def size(self) -> int:
        return prod(self.shape)

    @property
    def is_vector(self) -> bool:
        """One number for each channel, as biases and gains have it: one dimension, or sizes of 1 behind the first."""
        return len(self.shape) == 1 or (bool(self.shape) and not self.fans and self.size == self.shape[0])


BARE = ""
"""The name of a weight that is all of its layer, as torchvision's `features.1.0.layer_scale`: its key is the path."""


def weight_key(path: str, name: str) -> str:
    """The key of a weight in `state_dict` and among the ONNX initialisers, from the path of its layer and its name."""
    return path if name == BARE else f"{path}.{name}"


class Window(NamedTuple):
    """What one output place sees of the input, per spatial dimension: the receptive field of one layer.

    `size` counts input places from first to last (dilation included), `stride` is the step in the input from one output
    place to the next (below 1 where the layer enlarges), `before` how far the first window begins before the map.
    """

    size: tuple[int, ...]
    stride: tuple[Fraction | int, ...]
    before: tuple[int, ...]


EVERYTHING = Window((), (), ())
"""The window of layers that see the whole map: global pooling, flatten, dense over a flattened map."""


class Facts(NamedTuple):
    """What follows from the arguments and the input shapes.

    `weights` are by name; one that is all of its layer is named BARE and has no other beside it.
    `macs` are the multiply-accumulates of convolutions and dense layers for one example, biases not counted; None where
    a size is open. `window` None means that every place sees only itself.
    """

    outputs: tuple[Shape, ...]
    weights: Mapping[str, Weight] = {}
    macs: int | None = 0
    window: Window | None = None

    @property
    def output(self) -> Shape:
        return self.outputs[0]

    @property
    def params(self) -> int:
        return sum(w.size for w in self.weights.values())

    @property
    def trainable(self) -> int:
        return sum(w.size for w in self.weights.values() if w.trainable)


class Maker(NamedTuple):
    """Where an input comes from: the operator that made it, the shapes of that one's inputs, and what it is."""

    op: Op
    inputs: tuple[Shape, ...]
    shape: Shape


class Takes(NamedTuple):
    """How many values an operator takes, the flow included. `max` None means any number."""

    min: int = 1
    max: int | None = 1


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(arg, option))
class Op(Record):
    """One layer or operation. Subclasses declare arguments and `facts`; `word` is what users type."""

    takes: ClassVar[Takes] = Takes()
    short: ClassVar[str] = ""
    """The stem of automatic names (`bn1`), the word itself where empty."""
    family: ClassVar[str] = ""
    """The chapter of the reference: convolution, pooling, normalization, activation, ..."""
    examples: ClassVar[tuple[str, ...]] = ()
    """One or two uses, for the reference, as (`16x16x3`, `conv 8, 3x3`) written `16x16x3: conv 8, 3x3`."""
    torch_differs: ClassVar[str] = ""
    """Where PyTorch's default is another than ours, in one sentence for the reference."""
    kind: ClassVar[str] = "layer"
    """`activation` for what may stand behind `act=`, `merge` for what may head branches, else `layer`."""
    whole_inputs: ClassVar[tuple[int, ...]] = ()
    """Positions of the inputs that hold whole numbers (token ids, places), not measures."""
    whole_outputs: ClassVar[tuple[int, ...]] = ()
    """Positions of the outputs that hold whole numbers."""

    def facts(self, inputs: tuple[Shape, ...]) -> Facts:
        raise NotImplementedError

    def keras(self, inputs: tuple[Shape, ...]) -> str:
        """The name of the Keras class that does the same; a name of the same style where Keras has none."""
        raise NotImplementedError

    def completed(self, makers: tuple[Maker, ...]) -> tuple[Op, tuple[tuple[int, int], ...]]:
        """The operator as it follows from what made its inputs, and what it takes besides: of which input the maker's
        which input. Asked only where `whole_inputs` hold numbers that mean something by their origin."""
        return self, ()

    def warnings(self, inputs: tuple[Shape, ...]) -> Iterator[tuple[str, str, str]]:
        """What is legal but suspicious: (code, message, name of the argument or empty)."""
        return iter(())


OPERATORS: dict[str, type[Op]] = {}
INITIALIZERS: dict[str, type[Initializer]] = {}

C = TypeVar("C", bound=type)


def operator(word: str, *others: str) -> Callable[[C], C]:
    """Register a class under the word that users type, and under others as common (`silu` for `swish`)."""

    def register(cls: C) -> C:
        cls.word = word  # type: ignore[attr-defined]
        if not cls.short:  # type: ignore[attr-defined]
            cls.short = word  # type: ignore[attr-defined]
        for name in (word, *others):
            OPERATORS[name] = cls
        return cls

    return register


def initializer(word: str) -> Callable[[C], C]:
    """Register an initialiser under the word that users type behind `init=`."""

    def register(cls: C) -> C:
        cls.word = word  # type: ignore[attr-defined]
        INITIALIZERS[word] = cls
        return cls

    return register
