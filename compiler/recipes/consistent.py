"""What no single argument of an entry or a step can be blamed for: several that do not go together."""

from __future__ import annotations

from ..fault import Fault
from ..ops.record import Record
from ..source import Span
from .course import Batch, Clip, Mix
from .data import Data
from .learning import SGD, Adam, Params
from .steps import Resize


def consistent(made: Record, span: Span) -> None:
    """Fault where arguments of it do not go together."""
    if type(made) is Adam and made.weight_decay:
        hint = "`adamw` decays the weights beside the gradient, which is nearly always meant"
        raise Fault("recipe", "`adam` with `weight_decay` can mean two things", span, help=hint)
    if isinstance(made, SGD) and made.nesterov and not made.momentum:
        hint = "`optimizer sgd, momentum=0.9, nesterov=true`"
        raise Fault("recipe", "`nesterov=true` looks ahead along the momentum, of which there is none", span, help=hint)
    if isinstance(made, Params) and made.freeze is None and made.lr is None and made.weight_decay is None:
        hint = "`freeze=true`, `lr=1e-4` or `weight_decay=0`"
        raise Fault("recipe", "`params` says nothing of these weights", span, help=hint)
    if isinstance(made, (Data, Resize)):
        sized(made, span)
    if isinstance(made, Batch) and made.split > made.size:
        raise Fault("bad-argument", f"`split={made.split}` makes more parts than there are examples, {made.size}", span)
    if isinstance(made, Clip) and made.norm is None and made.value is None:
        raise Fault("recipe", "`clip` has no bound", span, help="`clip norm=1`, or `clip value=0.5`")
    if isinstance(made, Mix) and not made.mixup and not made.cutmix:
        raise Fault("recipe", "`mix` mixes nothing", span, help="`mix mixup=0.2`, `mix cutmix=1`, or both")


def sized(made: Data | Resize, span: Span) -> None:
    """A size, a longest side, or a shorter side and a longer one."""
    size, longest = made.size, made.longest
    if isinstance(made, Resize) and size is None and longest is None:
        hint = "`resize 256` is the shorter side, `resize longest=256` the longer, `resize 224x224` both"
        raise Fault("missing-argument", "`resize` needs a size", span, help=hint)
    if size is None or longest is None:
        return
    if len(size) == 2:
        message = f"`longest={longest}` stands beside one side, `size` {size[0]} x {size[1]} leaves nothing open"
        raise Fault("bad-argument", message, span)
    if longest <= size[0]:
        message = f"`longest={longest}` is not above the shorter side, {size[0]}"
        raise Fault("bad-argument", message, span, help=f"`longest={longest}` alone is the longer side")
