"""ONNX, straight from the graph: no framework is loaded."""

from .emitter import Emitter
from .form import OPSET, OPSETS, PRECISIONS, Form, Preprocessing
from .model import draft
from .write import build, export

__all__ = ["OPSET", "OPSETS", "PRECISIONS", "Emitter", "Form", "Preprocessing", "build", "draft", "export"]
