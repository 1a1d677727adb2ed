"""The lowered network: a torch module whose tree is that of the paths and whose `forward` is generated source."""

from __future__ import annotations

import linecache
from collections.abc import Callable, Container, Iterator
from itertools import count
from keyword import iskeyword
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from ...compiler.shape import Shape

NUMBERS = count(1)

FLATTENS = "cnnc.flatten"
"""Where the metadata of a `state_dict` say in which order the network flattens maps."""


class Scope(nn.Module):
    """A stretch of a path, such as `layer1` in `layer1.0.conv1`: no layer, but what layers stand in.

    `scope["conv1"]` is a part of it, `scope[0]` that of the path `0`, `scope[-1]` the last one.
    """

    def __getitem__(self, name: str | int) -> Any:
        if isinstance(name, int):
            name = str(name) if name >= 0 else list(self._modules)[name]
        return self._modules[name] if name in self._modules else self._parameters[name]

    def get_submodule(self, target: str) -> nn.Module:
        """The part at a path; torch's own knows none under names of its methods, such as `double`."""
        found: nn.Module = self
        for step in target.split(".") if target else ():
            if step not in found._modules:
                raise AttributeError(f"`{type(self).__name__}` has no part `{target}`")
            found = found._modules[step]  # type: ignore[assignment]
        return found

    def __iter__(self) -> Iterator[Any]:
        return iter(self._modules.values())

    def register_forward_hook(self, *args: Any, **named: Any) -> Any:
        self.refuse_hooks()
        return super().register_forward_hook(*args, **named)

    def register_forward_pre_hook(self, *args: Any, **named: Any) -> Any:
        self.refuse_hooks()
        return super().register_forward_pre_hook(*args, **named)

    def register_full_backward_hook(self, *args: Any, **named: Any) -> Any:
        self.refuse_hooks()
        return super().register_full_backward_hook(*args, **named)

    def refuse_hooks(self) -> None:
        """A hook of a scope would never run: its layers are called one by one."""
        parts = ", ".join(self._modules)
        raise TypeError(f"a hook here would never run: this is no layer, but where these stand: {parts}")


class Face(NamedTuple):
    """What a network shows to the outside. Shapes are as written: channels last, no batch, None where open."""

    name: str
    input_names: tuple[str, ...]
    input_shapes: tuple[Shape, ...]
    whole: tuple[bool, ...]
    """For each input whether it takes whole numbers (torch.int64), such as token ids."""
    output_names: tuple[str, ...]
    output_shapes: tuple[Shape, ...]
    folded: tuple[str | None, ...]
    """For each output the activation left out because the loss contains it: `softmax`, `sigmoid`, ... or None."""


class Network(Scope):
    """A compiled network.

    Takes one tensor per input and gives a tensor, or a tuple in the order of `output_names` where there are several.
    Tensors have batch and channels first, (N, C), (N, C, L), (N, C, H, W) or (N, C, D, H, W), in any memory format.
    `code` is the source of `forward`. Parts may be exchanged (`net.fc = nn.Linear(512, 10)`), the whole be pickled,
    copied and compiled.
    """

    def __init__(self, face: Face, code: str) -> None:
        super().__init__()
        self.face = face
        self.code = code
        self._run = built(code, face.name)

    def refuse_hooks(self) -> None:
        """The network as a whole is called."""

    def _get_name(self) -> str:
        return self.face.name

    def extra_repr(self) -> str:
        """The shapes as the file writes them: `224x224x3 -> 1000`."""
        shapes = (self.face.input_shapes, self.face.output_shapes)
        return " -> ".join(", ".join(map(str, side)) for side in shapes)

    def forward(self, *inputs: Tensor, **named: Tensor) -> Any:
        return self._run(self, *inputs, **named)

    @property
    def input_names(self) -> tuple[str, ...]:
        return self.face.input_names

    @property
    def output_names(self) -> tuple[str, ...]:
        return self.face.output_names

    @property
    def folded(self) -> tuple[str | None, ...]:
        return self.face.folded

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        """Beside torch's version of the module the `state_dict` tells that maps are flattened in the written order."""
        super()._save_to_state_dict(destination, prefix, keep_vars)
        modules = getattr(destination, "_metadata", {})
        modules.get(prefix[:-1], {})[FLATTENS] = "channels_last"

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_run"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)  # type: ignore[no-untyped-call]
        self._run = built(self.code, self.face.name)


def built(code: str, name: str) -> Callable[..., Any]:
    """The function `forward` of a source text, which tracebacks and debuggers can show."""
    file = f"<cnnc {name} {next(NUMBERS)}>"
    linecache.cache[file] = (len(code), None, code.splitlines(keepends=True), file)
    space: dict[str, Any] = {"torch": torch}
    exec(compile(code, file, "exec"), space)
    forward: Callable[..., Any] = space["forward"]
    return forward


def place(root: Scope, path: str, part: nn.Module | nn.Parameter) -> None:
    """Put a module or a bare parameter at its dotted path, making the scopes on the way."""
    *way, name = path.split(".")
    at: nn.Module = root
    for step in way:
        at = at._modules.setdefault(step, Scope()) or at
    if isinstance(part, nn.Parameter):
        at._parameters[name] = part
        return
    held = at._modules.get(name)
    if held is not None:  # a scope of this name came first: its parts move into the layer
        part._modules.update(held._modules)
        part._parameters.update(held._parameters)
    at._modules[name] = part


OWN = frozenset({"face", "code", "training"})
"""Attributes of the instance, beside those of the class."""


def access(start: str, path: str, layers: Container[str] = (), scope: str = "") -> str:
    """The source that reaches the module `path` from a variable, which stands for `scope`.

    In brackets what is no identifier or a word of torch's; what lies inside one of the `layers` is asked of torch.
    """
    source, way = start, f"{scope}." if scope else ""
    for step in path.split("."):
        source += part(step, inside=way[:-1] in layers)
        way += f"{step}."
    return source


def part(step: str, inside: bool) -> str:
    """The source that goes one step down a path: from a layer where `inside`, which has attributes of its own."""
    if inside:
        return f"._modules[{step!r}]"
    if step.isidentifier() and not iskeyword(step) and not hasattr(Network, step) and step not in OWN:
        return f".{step}"
    return f"[{step}]" if step.isdigit() and str(int(step)) == step else f"[{step!r}]"
