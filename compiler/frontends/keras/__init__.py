"""Keras models by their configuration: `.keras` archives and what `model.to_json()` gives. Keras is not needed."""

from .reader import read

__all__ = ["read"]
