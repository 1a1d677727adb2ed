"""ONNX, straight from the graph: no framework is loaded."""

from .emitter import Emitter
from .model import OPSET, build

__all__ = ["OPSET", "Emitter", "build"]
