"""Checked -> a Keras 3 functional model as source, that runs on any of Keras's backends."""

from .model import emit_keras as emit_keras
