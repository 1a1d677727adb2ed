"""ONNX files, whoever wrote them: exporters of PyTorch, of Keras, and our own."""

from .reader import read

__all__ = ["read"]
