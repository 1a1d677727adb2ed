"""How fast an answer comes: torchvision eager and compiled, ONNX Runtime on torch's export and on ours, torch on ours.

All hold the same weights, answer the same pictures and run in turn within one process; told are medians, and how many
times faster than torchvision's eager network each is.

    python -m benchmarks.inference [--compile] [--threads 1] [--batch 1,8] [NAME...]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

import numpy as np
import onnxruntime
import torch
import torchvision
from cnnc.compiler.graph import Checked
from cnnc.compiler.pipeline import compile_path
from cnnc.runtime.lowering.export import export_onnx
from cnnc.runtime.lowering.folded import folded
from cnnc.runtime.lowering.lower import lower
from torch import Tensor, nn

Answer = Callable[[], object]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", default=["resnet50"], metavar="NAME", help="of torchvision and of the zoo")
    parser.add_argument("--batch", default="1,8", help="examples at once (1,8)")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--compile", action="store_true", help="torch.compile as well, which takes minutes")
    parser.add_argument("--seconds", type=float, default=30.0, help="for each table")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    for name in args.names:
        for batch in map(int, args.batch.split(",")):
            table(name, batch, args)


def table(name: str, batch: int, args: argparse.Namespace) -> None:
    print(f"{name}, batch {batch}, {args.threads} threads", flush=True)
    with tempfile.TemporaryDirectory() as folder, torch.inference_mode():
        made = dict(contenders(name, batch, Path(folder), args))
        times = in_turn(made, args.seconds)
    first = next(iter(times.values()))
    for what, found in times.items():
        print(f"  {what:44} {1e3 * found:9.2f} ms  {first / found:6.2f} x", flush=True)


def contenders(name: str, batch: int, folder: Path, args: argparse.Namespace) -> Iterator[tuple[str, Answer]]:
    """Everything that answers, by what it is."""
    torch.manual_seed(0)
    theirs = torchvision.models.get_model(name, weights=None).eval()
    checked = compile_path(f"zoo:{name}").checked
    arrays = {path: theirs.state_dict()[path].numpy() for path in checked.weights}
    x = torch.randn(batch, 3, 224, 224)
    yield "torchvision", lambda: theirs(x)
    yield from on_torch("torchvision", theirs, x, args)
    export_theirs(theirs, x, folder / "theirs.onnx")
    yield "ONNX Runtime, torch's export", session(folder / "theirs.onnx", x, args)
    export_onnx(checked, folder / "ours.onnx", arrays)
    yield "ONNX Runtime, cnnc export", session(folder / "ours.onnx", x, args)
    export_onnx(checked, folder / "folded.onnx", arrays, fold=True)
    yield "ONNX Runtime, cnnc export --fold", session(folder / "folded.onnx", x, args)
    yield from on_torch("cnnc", lowered(checked, arrays), x, args)
    small, weights = folded(checked, arrays)
    yield from on_torch("cnnc, folded", lowered(small, weights), x, args)


def lowered(checked: Checked, weights: object) -> nn.Module:
    net = lower(checked, seed=None).eval()
    net.load_state_dict({path: torch.from_numpy(np.array(weights[path])) for path in checked.weights})  # type: ignore[index]
    return net


def on_torch(what: str, net: nn.Module, x: Tensor, args: argparse.Namespace) -> Iterator[tuple[str, Answer]]:
    """A network of torch in the layouts and numbers that pay."""
    import copy

    last = x.contiguous(memory_format=torch.channels_last)
    fast = copy.deepcopy(net).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    yield f"{what}, channels last", lambda: fast(last)
    half, narrow = copy.deepcopy(fast).bfloat16(), last.bfloat16()
    yield f"{what}, channels last, bf16", lambda: half(narrow)
    if args.compile:
        quick = torch.compile(fast, fullgraph=True, options={"freezing": True})
        yield f"{what}, channels last, compiled", lambda: quick(last)


def export_theirs(net: nn.Module, x: Tensor, path: Path) -> None:
    """By the exporter that traces, which needs nothing beside torch."""
    torch.onnx.export(net, (x,), str(path), dynamo=False)


def session(path: Path, x: Tensor, args: argparse.Namespace) -> Answer:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = args.threads
    options.log_severity_level = 3
    found = onnxruntime.InferenceSession(str(path), options, ["CPUExecutionProvider"])
    fed = {found.get_inputs()[0].name: x.numpy()}
    return lambda: found.run(None, fed)


def in_turn(made: dict[str, Answer], seconds: float) -> dict[str, float]:
    """The median seconds of each, all of them measured round after round."""
    for answer in made.values():
        answer()
        answer()
    times: dict[str, list[float]] = {name: [] for name in made}
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(next(iter(times.values()))) < 5:
        for name, answer in made.items():
            start = time.perf_counter()
            answer()
            times[name].append(time.perf_counter() - start)
    return {name: median(found) for name, found in times.items()}


if __name__ == "__main__":
    main()
