"""A network split over the processes of a run: each keeps its share of every weight (FSDP2).

Weights are put together layer by layer where they are needed, forward and backward, and let go again. Between steps
a weight is a `DTensor`: a share of its rows (its first size), here called split; its gradient and what the optimizer
remembers are split the same way. Statistics are buffers, which every process has whole.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, distributed, nn
from torch.optim import Optimizer

from ...compiler.diagnostics import UserError
from ...compiler.graph import Checked

if TYPE_CHECKING:  # torch's modules take a second to load: only those who split wait for it
    from torch.distributed.device_mesh import DeviceMesh

PARTS = 16
"""About so many units are put together in turn: the fewer, the fewer messages; the more, the less memory."""

Layers = list[tuple[str, nn.Module]]
"""Layers by their paths."""


# --- what is put together at once -------------------------------------------------------------------------------------


def split(net: nn.Module, checked: Checked, mesh: DeviceMesh) -> None:
    """Leave each process its share of the network, which comes to its device.

    A unit is put together when the first of its layers runs. What is in no unit is so as long as the network runs.
    """
    from torch.distributed.fsdp import FSDPModule, fully_shard

    warnings.filterwarnings("ignore", "FSDP2-wrapped module")  # of views that are written over: see `together_again`
    for unit in units(layers(net, checked)):
        parts = [part for _, part in unit]
        require_names(unit)
        fully_shard(parts if len(parts) > 1 else parts[0], mesh=mesh, reshard_after_forward=True)
        for part in parts:
            part.register_forward_hook(together_again)
    require_names([("", net)])
    fully_shard(net, mesh=mesh, reshard_after_forward=True)
    for part in net.modules():
        if isinstance(part, FSDPModule) and mesh.device_type == "cpu":
            part.set_force_sum_reduction_for_comms(True)  # older gloo has sums, but no means


def layers(net: nn.Module, checked: Checked) -> Layers:
    """The layers that run once in a step, each by itself, in written order."""
    uses = Counter(node.path for node in checked.nodes if node.facts.weights)
    parts = dict(net.named_modules())
    alone = [path for path, count in uses.items() if count == 1 and path in parts]
    inside = {path for path in alone for other in uses if other.startswith(f"{path}.") or path.startswith(f"{other}.")}
    return [(path, parts[path]) for path in alone if path not in inside and count(parts[path])]


def units(found: Layers) -> Iterator[Layers]:
    """Neighbours, whole blocks where they are small enough."""
    most = sum(count(part) for _, part in found) // PARTS
    unit: Layers = []
    for piece in pieces(found, most):
        if unit and size(unit) + size(piece) > most:
            yield unit
            unit = []
        unit = unit + piece
    if unit:
        yield unit


def pieces(found: Layers, most: int) -> Iterator[Layers]:
    """The blocks, which are the layers side by side in one scope; the large ones layer by layer."""
    for _, run in groupby(found, lambda layer: layer[0].rpartition(".")[0]):
        block = list(run)
        yield from [block] if size(block) <= most else [[layer] for layer in block]


def size(unit: Layers) -> int:
    return sum(count(part) for _, part in unit)


def count(part: nn.Module) -> int:
    """The numbers in its weights."""
    return sum(weight.numel() for weight in part.parameters())


def require_names(unit: Layers) -> None:
    """UserError where a name in the file is a word of torch's that the split layer answers to."""
    from torch.distributed.fsdp import FSDPModule

    for path, part in unit:
        own = (*part._modules, *part._parameters)
        strange = [name for name in own if hasattr(FSDPModule, name) and not hasattr(nn.Module, name)]
        if strange:
            where = f"{path}.{strange[0]}" if path else strange[0]
            raise UserError(f"`--strategy fsdp` wants another name for `{where}`: torch has a function of this name")


def together_again(part: nn.Module, inputs: Any, output: Any) -> None:
    """Before gradients go back through the layer, its weights are there.

    Torch sees to that at the last layer of a unit only; which may lead to no loss, or give a view that is written over.
    """
    from torch.distributed.fsdp import FSDPModule

    if isinstance(output, Tensor) and output.requires_grad:
        node = (output if output._base is None else output._base).grad_fn
        if node is not None and isinstance(part, FSDPModule):
            node.register_prehook(lambda gradients: part.unshard())


# --- shares and wholes ------------------------------------------------------------------------------------------------


def parted(x: Any) -> bool:
    """Whether this is a share, a `DTensor`."""
    return hasattr(x, "full_tensor")


def own(x: Any) -> Tensor:
    """The share of this process, in place; what is not split as it is."""
    found: Tensor = x.to_local() if parted(x) else x
    return found


@torch.no_grad()
def fill(there: Any, whole: Tensor) -> None:
    """Copy a whole tensor; where it is split, the share of this process."""
    if parted(there):
        share, mesh = there.to_local(), there.device_mesh
        rows = -(-len(whole) // mesh.size())
        share.copy_(whole[rows * mesh.get_local_rank() :][: len(share)])
    else:
        there.copy_(whole)


def wholes(found: Any, wanted: bool) -> Any:
    """Maps and lists of tensors, put together in memory of the CPU where that is `wanted`. All processes call it."""
    if parted(found):
        whole = found.full_tensor()
        return whole.cpu() if wanted else None
    if isinstance(found, Mapping):
        return {key: wholes(value, wanted) for key, value in found.items()}
    if isinstance(found, (list, tuple)):
        return [wholes(value, wanted) for value in found]
    return found


WAYS = ("fused", "foreach")
"""How torch computes a step, which an optimizer remembers of itself."""


def known(optimizer: Optimizer, state: dict[str, Any]) -> dict[str, Any]:
    """What an optimizer remembers, to be computed with the way of this one."""
    ways = ({way: group[way] for way in WAYS if way in group} for group in optimizer.param_groups)
    return {**state, "param_groups": [{**group, **way} for group, way in zip(state["param_groups"], ways)]}


def shares(optimizer: Optimizer, state: dict[str, Any]) -> dict[str, Any]:
    """What a whole optimizer remembers, ready for one whose weights are split."""
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    found = {
        number: {name: share(value, weights[number]) for name, value in values.items()}
        for number, values in state["state"].items()
    }
    return {**state, "state": found}


@torch.no_grad()
def share(value: Any, weight: Tensor) -> Any:
    """The share of what is remembered for each number of a weight."""
    if not isinstance(value, Tensor) or value.shape != weight.shape:
        return value
    found = torch.zeros_like(weight, dtype=value.dtype)
    fill(found, value)
    return found


@torch.no_grad()
def from_first(there: Mapping[str, Tensor], whole: Mapping[str, Tensor]) -> None:
    """Fill with the whole tensors that the first process has, one after another."""
    first = distributed.get_rank() == 0
    for name, value in there.items():
        passed = torch.empty(value.shape, dtype=value.dtype, device=value.device)
        if first:
            passed.copy_(whole[name])
        distributed.broadcast(passed, 0)
        fill(value, passed)
