"""Where the numbers of a run go beside its folder: a table, TensorBoard, Weights & Biases, MLflow."""

from .base import About, Log, Watching, named
from .opening import as_part, open_logs, require, settings

__all__ = ["About", "Log", "Watching", "as_part", "named", "open_logs", "require", "settings"]
