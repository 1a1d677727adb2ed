"""Checked -> PyTorch source that needs nothing but torch."""

from .model import emit_torch as emit_torch
