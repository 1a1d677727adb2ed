"""The arithmetic of one layer, the meaning of a diagnostic, the page of an operator: what `cnnc explain` prints."""

from .layer import explain_layer
from .words import explain_word

__all__ = ["explain_layer", "explain_word"]
