"""ONNX, straight from the graph: no framework is loaded."""

from .emitter import Emitter
from .model import OPSET, build
from .write import export

__all__ = ["OPSET", "Emitter", "build", "export"]
