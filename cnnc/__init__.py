"""cnnc: convolutional networks as text, checked before any framework loads.

    import cnnc

    net = cnnc.load("zoo:resnet34", classes=10)
    net.summary()
    module = net.torch()
    run = cnnc.train(net, data="flowers/", epochs=30)
    run.predict("rose.jpg")

Nothing heavy is imported before it is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .compiler.diagnostics import CompileError, Diagnostic, UserError
    from .network import Network, load, loads
    from .run import Run, open_run, train
    from .runtime.weights import Loading

__all__ = ["CompileError", "Diagnostic", "Loading", "Network", "Run", "UserError", "load", "loads", "open_run", "train"]

_HOMES = {
    "CompileError": "compiler.diagnostics",
    "Diagnostic": "compiler.diagnostics",
    "Loading": "runtime.weights",
    "Network": "network",
    "Run": "run",
    "UserError": "compiler.diagnostics",
    "load": "network",
    "loads": "network",
    "open_run": "run",
    "train": "run",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used."""
    from importlib import import_module

    if name in _HOMES:
        return getattr(import_module(f".{_HOMES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
