"""Checked -> source of other frameworks, as a good engineer would write it."""

from __future__ import annotations

from ...graph import Checked


def source(checked: Checked, target: str, doc: str = "") -> str:
    """The model as source of `torch` or `keras`, under the documentation of its file; CompileError for what cannot be
    said there."""
    if target == "torch":
        from .torch import emit_torch

        return emit_torch(checked, doc)
    from .keras import emit_keras

    return emit_keras(checked, doc)
