"""Small networks built by hand, for tests of what comes after the compiler."""

from __future__ import annotations

from cnnc.compiler.graph import Checked, Graph, Layer, Node, Output, Port
from cnnc.compiler.ops.base import Facts, Op, Takes, Weight, Window
from cnnc.compiler.ops.structure import Input
from cnnc.compiler.shape import Shape
from cnnc.compiler.source import Frame, Source, Span

SOURCE = Source("models/hand.cnn", "model Hand:\n    input 8x8x3\n    conv 4, 3x3\n")
SPAN = Span(SOURCE, 0, 10)


class Stub(Op):
    """A layer of which only the outcome is told: Keras class, shapes, parameters."""

    word = "stub"
    takes = Takes(0, None)

    def __init__(
        self,
        type: str,
        outputs: tuple[Shape, ...],
        params: int = 0,
        trainable: int | None = None,
        macs: int | None = 0,
        window: Window | None = None,
    ) -> None:
        frozen = params - (params if trainable is None else trainable)
        weights = {"weight": Weight((params - frozen,)), "frozen": Weight((frozen,), trainable=False)}
        told = Facts(outputs, {name: weight for name, weight in weights.items() if weight.size}, macs, window)
        self.__dict__.update(type=type, told=told)

    def facts(self, inputs: tuple[Shape, ...]) -> Facts:
        return self.__dict__["told"]  # type: ignore[no-any-return]

    def keras(self, inputs: tuple[Shape, ...]) -> str:
        return str(self.__dict__["type"])


class Builder:
    """Adds nodes one after the other and closes them into a Checked, whose rows stand in the order of adding."""

    def __init__(self, name: str = "Hand", source: Source = SOURCE) -> None:
        self.name = name
        self.span = Span(source, 0, 10)
        self.root = Frame("model", name, self.span, None)
        self.nodes: list[Node] = []

    def block(self, name: str, path: str, parent: Frame | None = None, kind: str = "block") -> Frame:
        return Frame(kind, name, self.span, parent or self.root, path)

    def add(
        self, op: Op, *inputs: Node | Port, path: str, frame: Frame | None = None, span: Span | None = None
    ) -> Node:
        ports = tuple(value if isinstance(value, Port) else Port(value, 0) for value in inputs)
        facts = op.facts(tuple(port.shape for port in ports))
        node = Node(len(self.nodes), op, ports, facts, path, span or self.span, frame or self.root)
        self.nodes.append(node)
        return node

    def input(self, *sizes: int | None, path: str = "input") -> Node:
        return self.add(Input(Shape(sizes)), path=path)

    def checked(self, *outputs: Node | Port) -> Checked:
        ports = [value if isinstance(value, Port) else Port(value, 0) for value in outputs]
        named = tuple(Output(port.node.path, port) for port in ports)
        inputs = tuple(node for node in self.nodes if isinstance(node.op, Input))
        graph = Graph(self.name, self.span.source.name, self.nodes, inputs, named, self.span)
        shared: dict[str, list[Node]] = {}
        for node in self.nodes:
            shared.setdefault(node.path, []).append(node)
        return Checked(graph, tuple(self.nodes), tuple(Layer(tuple(nodes)) for nodes in shared.values()))
