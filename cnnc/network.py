"""The Python face: a compiled network and what can be made of it."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any

from .compiler.pipeline import Compiled, Options, compile_path, compile_text
from .compiler.shape import Shape

if TYPE_CHECKING:
    import networkx
    import torch

    from .compiler.diagnostics import Diagnostic
    from .compiler.graph import Checked
    from .runtime.weights import Loading


def load(
    path: str | PathLike[str], *, model: str | None = None, inputs: Mapping[str, tuple[int | None, ...]] | None = None,
    **params: Any,
) -> Network:  # fmt: skip
    """The network of a .cnn file or of `zoo:NAME`.

    `model` picks one of several in the file, `inputs` sets input shapes by name ("" for the only one), other keyword
    arguments are the model's parameters. Raises CompileError, whose `diagnostics` say what is wrong and where.
    """
    options = _options(model, inputs, params)
    return Network(compile_path(fspath(path), options), fspath(path), options)


def loads(
    text: str, *, model: str | None = None, inputs: Mapping[str, tuple[int | None, ...]] | None = None, **params: Any
) -> Network:
    """As `load`, for the text itself."""
    options = _options(model, inputs, params)
    return Network(compile_text(text, "<text>", options), "<text>", options)


def _options(model: str | None, inputs: Mapping[str, tuple[int | None, ...]] | None, params: dict[str, Any]) -> Options:
    return Options(model, params, {name: Shape(sizes) for name, sizes in (inputs or {}).items()})


class Network:
    """A checked network. Shapes have no batch and channels last; nothing but text has been loaded so far."""

    def __init__(self, compiled: Compiled, origin: str = "<text>", options: Options = Options()) -> None:  # noqa: B008
        self.checked: Checked = compiled.checked
        self.warnings: tuple[Diagnostic, ...] = compiled.warnings
        self.compiled = compiled
        self.origin, self.options = origin, options
        """What it was loaded from, and what was asked for: training may compile it once more, for the data."""

    @property
    def name(self) -> str:
        return self.checked.name

    @property
    def params(self) -> int:
        """All parameters, as Keras counts them."""
        return self.checked.params

    @property
    def macs(self) -> int | None:
        """Multiply-accumulates for one example; None where a size is open."""
        return self.checked.macs

    @property
    def graph(self) -> networkx.DiGraph:
        """The graph for other programs: nodes with `op`, `type`, `shape`, `params`, `macs`, edges with `shape`."""
        from .compiler.backends.networkx_graph import to_networkx

        return to_networkx(self.checked)

    def summary(self, depth: int | None = None) -> None:
        """Print the layers as Keras does."""
        from .compiler.backends.summary import summary_text

        print(summary_text(self.checked, depth=depth))

    def as_dict(self) -> dict[str, Any]:
        """What `cnnc summary --json` prints."""
        from .compiler.backends.summary import summary_dict

        return summary_dict(self.checked)

    def source(self, target: str = "torch") -> str:
        """What `cnnc emit torch` or `cnnc emit keras` writes."""
        from .compiler.backends.emit import source

        return source(self.checked, target, self.compiled.file.doc)

    def torch(
        self,
        weights: str | PathLike[str] | Loading | None = None,
        device: Any = None,
        seed: int = 0,
        layout: str | None = None,
        hooks: bool = False,
    ) -> torch.nn.Module:
        """A torch module that takes and gives channels-first tensors; its `state_dict` has the paths of the graph.

        `weights` is a file (safetensors, PyTorch, Keras, npz), `torchvision:NAME`, `keras:NAME`, `imagenet` for
        what is published for the model, or a `cnnc.Loading` that says more, such as `partial`;
        `layout="channels_first"` says that whoever made it flattens maps as PyTorch does.
        Forward hooks reach every layer by its path; with `hooks` merges are modules too, and no value that a hook has
        seen is written over.
        """
        from .runtime.lowering.lower import lower

        module = lower(self.checked, seed=seed, device=device, hooks=hooks)
        if weights is not None:
            from .runtime.weights import load_into

            load_into(module, self.checked, weights, layout)
        return module

    def export(
        self, path: str | PathLike[str], weights: str | PathLike[str] | Loading | None = None, **options: Any
    ) -> None:
        """Write ONNX, straight from the graph; `weights` as for `torch`, without them initial values are drawn."""
        from .runtime.lowering.export import export_onnx

        export_onnx(self.checked, path, weights, **options)

    def __repr__(self) -> str:
        shapes = " -> ".join([", ".join(str(n.facts.output) for n in self.checked.inputs),
                              ", ".join(str(o.port.shape) for o in self.checked.outputs)])  # fmt: skip
        return f"<cnnc.Network {self.name}: {shapes}, {self.params:,} parameters>"
