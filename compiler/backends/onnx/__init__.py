"""ONNX, straight from the graph: no framework is loaded."""

from .emitter import Emitter
from .form import OPSET, OPSETS, PRECISIONS, Affine, Form, Mixed, Preprocessing, Sample
from .model import draft
from .write import build, export

__all__ = [
    "OPSET", "OPSETS", "PRECISIONS", "Affine", "Emitter", "Form", "Mixed", "Preprocessing", "Sample", "build", "draft",
    "export",
]  # fmt: skip
