"""Measure how fast a network answers: latency and throughput, by batch and by what runs it.

`eager` is torch as it is, `compiled` torch.compile, `onnxruntime` the exported model. Weights are drawn: they do not
change the speed. Each line is the median of many runs, and the times between which eight of ten of them lie.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .. import cli
from .eval import require_file

if TYPE_CHECKING:
    from ..compiler.graph import Checked
    from ..runtime.inference.bench import Missing, Timing, Wish

BACKENDS = ("eager", "compiled", "onnxruntime")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("measuring")
    group.add_argument("--batch", metavar="N,...", default="1,8", help="examples at once (default: 1,8)")
    group.add_argument("--backend", metavar="WHAT,...", default=",".join(BACKENDS),
                       help="eager, compiled, onnxruntime (default: all)")  # fmt: skip
    group.add_argument("--seconds", type=float, metavar="S", default=2.0, help="for each line (default: 2)")
    group.add_argument("--threads", type=int, metavar="N", help="CPU threads (default: all cores)")
    group.add_argument("--device", metavar="DEVICE", default="cpu", help="cpu, cuda, mps or auto (default: cpu)")
    group.add_argument("--precision", choices=("fp32", "bf16", "fp16"), default="fp32", help="of torch (default: fp32)")
    group.add_argument("--json", action="store_true", help="for programs")


def run(args: argparse.Namespace) -> int:
    wanted = asked(args)
    if args.file.endswith(".onnx"):
        raise cli.UsageError("a .cnn file or a run is measured, in ONNX Runtime as well: not what was exported from it")
    require_file(args.file)
    checked = cli.compiled(args).checked
    from ..runtime.devices.available import found_device
    from ..runtime.inference.bench import Wish, bench

    threads = set_threads(args.threads)
    wish = Wish(*wanted, found_device(args.device), args.precision, args.seconds)
    found = bench(checked, wish)
    if args.json:
        print(json.dumps({**about(checked, wish, threads), "lines": [as_dict(one) for one in found]}, indent=1))
        return cli.DONE
    print(told(checked, wish, threads), flush=True)
    for line in lines(found, checked):
        print(line, flush=True)
    return cli.DONE


def asked(args: argparse.Namespace) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Batches and backends. UsageError for others than there are."""
    sizes = [part.strip() for part in args.batch.split(",") if part.strip()]
    if not sizes or not all(size.isdigit() and int(size) for size in sizes):
        raise cli.UsageError(f"--batch takes whole numbers such as 1,8, found `{args.batch}`")
    words = [part.strip() for part in args.backend.split(",") if part.strip()]
    strange = [word for word in words if word not in BACKENDS]
    if strange or not words:
        raise cli.UsageError(f"--backend takes {', '.join(BACKENDS)}, found `{args.backend}`")
    if not args.seconds > 0 or (args.threads is not None and args.threads < 1):
        raise cli.UsageError("--seconds and --threads are more than 0")
    return tuple(map(int, sizes)), tuple(words)


def set_threads(wanted: int | None) -> int:
    import torch

    if wanted is not None:
        torch.set_num_threads(wanted)
    return int(torch.get_num_threads())


def about(checked: Checked, wish: Wish, threads: int) -> dict[str, Any]:
    from ..runtime.devices.available import versions
    from ..runtime.run.environment import installed, processor

    return {
        "model": checked.name, "input": [list(node.facts.output) for node in checked.inputs], "macs": checked.macs,
        "device": str(wish.device), "gpu": versions(wish.device), "processor": processor(), "threads": threads,
        "precision": wish.precision, "torch": installed("torch"), "onnxruntime": installed("onnxruntime"),
    }  # fmt: skip


def as_dict(line: Timing | Missing) -> dict[str, Any]:
    """In milliseconds, rounded to a tenth of a microsecond."""
    from ..runtime.inference.bench import Missing

    if isinstance(line, Missing):
        return line._asdict()
    times = {f"{name}_ms": round(1000 * getattr(line, name), 4) for name in ("median", "low", "high", "ready")}
    return {"backend": line.backend, "batch": line.batch, "runs": line.runs, **times,
            "per_second": round(line.per_second, 2)}  # fmt: skip


# --- as text ----------------------------------------------------------------------------------------------------------


def told(checked: Checked, wish: Wish, threads: int) -> str:
    """What is measured on what: `ResNet18, 224x224x3, 1.82G MACs; cpu, 2 threads, fp32`"""
    from ..compiler.figures import short
    from ..runtime.devices.available import versions

    shapes = ", ".join(str(node.facts.output) for node in checked.inputs)
    device = versions(wish.device).get("name", wish.device)
    place = f"{device}, {threads} thread{'s' * (threads != 1)}, {wish.precision}"
    return f"{checked.name}, {shapes}, {short(checked.macs)} MACs; {place}"


def lines(found: Iterator[Timing | Missing], checked: Checked) -> Iterator[str]:
    from ..runtime.inference.bench import Missing

    yield f"{'batch':>5}  {'backend':11}  {'median':>10}  {'8 of 10 runs':>21}  {'examples/s':>10}  {'GMAC/s':>8}  runs"
    for line in found:
        head = f"{line.batch:>5}  {line.backend:11}  "
        if isinstance(line, Missing):
            yield f"{head}{line.why}"
            continue
        rate = f"{line.per_second * checked.macs / 1e9:,.1f}" if checked.macs else "?"
        between = f"{1000 * line.low:.2f} to {1000 * line.high:.2f} ms"
        yield (f"{head}{1000 * line.median:>7.2f} ms  {between:>21}  {line.per_second:>10,.1f}  {rate:>8}  "
               f"{line.runs:,}")  # fmt: skip
