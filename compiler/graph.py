"""The network: nodes in written order, each with its operator, its inputs and what follows from them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from .ops.base import Facts, Op, weight_key
from .shape import Shape, total
from .source import Frame, Span

if TYPE_CHECKING:
    from .syntax import Train


class Port(NamedTuple):
    """One output of one node: the value that travels along an edge."""

    node: Node
    index: int  # type: ignore[assignment]  # the method of tuples by this name is not missed

    @property
    def shape(self) -> Shape:
        return self.node.facts.outputs[self.index]


class Node:
    """One use of an operator. `inputs`, in order, are the truth about edges.

    `path` is the dotted name: the `state_dict` prefix of its weights, the row of the summary, the ONNX node name. Uses
    of one `share`d layer are several nodes with one path. `serial` is the position in the written order. `defaulted`
    names the arguments that came from `defaults:`.
    """

    __slots__ = ("defaulted", "facts", "frame", "inputs", "op", "path", "serial", "shared", "span", "spans")

    def __init__(
        self,
        serial: int,
        op: Op,
        inputs: tuple[Port, ...],
        facts: Facts,
        path: str,
        span: Span,
        frame: Frame,
        *,
        shared: bool = False,
        spans: Mapping[str, Span] | None = None,
        defaulted: frozenset[str] = frozenset(),
    ) -> None:
        self.serial = serial
        self.op = op
        self.inputs = inputs
        self.facts = facts
        self.path = path
        self.span = span
        self.frame = frame
        self.shared = shared
        self.spans: Mapping[str, Span] = spans or {}
        self.defaulted = defaulted

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """The shapes of the inputs."""
        return tuple(p.shape for p in self.inputs)

    @property
    def type(self) -> str:
        """The name of the Keras class that does the same."""
        return self.op.keras(self.shapes)

    def __repr__(self) -> str:
        return f"Node({self.serial} {self.path} {self.op!r})"


class Output(NamedTuple):
    """One result of the network and the name it is known by."""

    name: str
    port: Port


class Expectation(NamedTuple):
    """`expect params=..., output=...`, evaluated."""

    figures: dict[str, Any]
    spans: dict[str, Span]
    span: Span


class Allowance(NamedTuple):
    """Warnings that are meant to be, for the nodes with serial numbers from `first` up to, not including, `last`."""

    codes: frozenset[str]
    first: int
    last: int


class Graph:
    """An expanded model: every block inlined, every loop unrolled, every shape known. Not yet checked as a whole."""

    def __init__(
        self,
        name: str,
        file: str,
        nodes: list[Node],
        inputs: tuple[Node, ...],
        outputs: tuple[Output, ...],
        span: Span,
        doc: str = "",
        expectations: tuple[Expectation, ...] = (),
        values: dict[str, Any] | None = None,
        allowed: Iterable[str] = (),
        allowances: Iterable[Allowance] = (),
    ) -> None:
        self.name = name
        self.file = file
        self.nodes = nodes
        self.inputs = inputs
        self.outputs = outputs
        self.span = span
        self.doc = doc
        self.expectations = expectations
        self.values = values or {}
        """The named values of the model's body, by name, for recipes (`on=main`) and inner access."""
        self.allowed = frozenset(allowed)
        self.allowances = tuple(allowances)
        self.parameters: dict[str, Any] = {}
        """What the model's parameters were bound to."""

    def allows(self, code: str, node: Node) -> bool:
        """Whether the model, or the block the node stands in, says that a warning is meant to be."""
        inner = (a for a in self.allowances if a.first <= node.serial < a.last)
        return code in self.allowed or any(code in allowance.codes for allowance in inner)


class Layer(NamedTuple):
    """One row of the summary: a node, or all uses of one shared layer (`nodes`, in written order)."""

    nodes: tuple[Node, ...]

    @property
    def node(self) -> Node:
        return self.nodes[0]

    @property
    def name(self) -> str:
        return self.nodes[0].path

    @property
    def macs(self) -> int | None:
        """Of all uses together; None where a size is open."""
        return total(node.facts.macs for node in self.nodes)


class Checked:
    """A graph that passed every check. Backends accept nothing else.

    `nodes` are those that reach an output, in written order, which is an order of evaluation. `layers` are the rows of
    the summary in Keras's order.
    """

    def __init__(
        self, graph: Graph, nodes: tuple[Node, ...], layers: tuple[Layer, ...], recipes: tuple[Train, ...] = ()
    ):
        self.graph = graph
        self.name = graph.name
        self.file = graph.file
        self.doc = graph.doc
        self.inputs = graph.inputs
        self.outputs = graph.outputs
        self.nodes = nodes
        self.layers = layers
        self.recipes = recipes

    @cached_property
    def params(self) -> int:
        """All parameters as Keras counts them, the statistics of batch normalisation included."""
        return sum(layer.node.facts.params for layer in self.layers)

    @cached_property
    def trainable(self) -> int:
        return sum(layer.node.facts.trainable for layer in self.layers)

    @cached_property
    def macs(self) -> int | None:
        """Multiply-accumulates of convolutions and dense layers for one example; None where a size is open."""
        return total(layer.macs for layer in self.layers)

    @cached_property
    def weights(self) -> dict[str, Any]:
        """Every weight by its path: the names and shapes of the torch `state_dict` and of the ONNX initialisers."""
        return {
            weight_key(layer.name, name): weight
            for layer in self.layers
            for name, weight in layer.node.facts.weights.items()
        }

    @cached_property
    def looked_up(self) -> frozenset[Node]:
        """The inputs that hold whole numbers, such as token ids: all that feed a layer which looks things up."""
        return frozenset(
            node.inputs[i].node for node in self.nodes for i in node.op.whole_inputs if i < len(node.inputs)
        )
