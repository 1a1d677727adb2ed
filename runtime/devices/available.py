"""What this machine computes with: devices, kinds of numbers, cores."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from ...compiler.diagnostics import UserError

SHARE = 2.5e8
"""Multiply-accumulates of a step, forward, that are worth a thread: less is lost again in waiting for each other."""


class DeviceError(UserError):
    """A device or precision that this machine does not have."""


def threads(work: float) -> int:
    """What OMP_NUM_THREADS asks for, else the cores this process may use, fewer where a step is too small to share."""
    if fixed():
        return fixed()
    return min(cores(), max(math.ceil(work / SHARE), 1)) if work < math.inf else cores()


def fixed() -> int:
    """The threads that OMP_NUM_THREADS asks for, else 0: then nothing hangs on how busy the machine is, and two runs
    with one seed are equal to the bit."""
    asked = os.environ.get("OMP_NUM_THREADS", "")
    return int(asked) if asked.isdigit() else 0


def cores() -> int:
    """The CPU cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def found_device(wanted: str) -> torch.device:
    """`cpu`, `cuda`, `mps`, one of several GPUs as `cuda:1`, the best there is for `auto`. DeviceError for others."""
    there = devices()
    if wanted == "auto":
        return torch.device(there[-1].partition(":")[0])
    wanted = {"gpu": "cuda"}.get(wanted, wanted)
    if wanted not in there and wanted not in {name.partition(":")[0] for name in there}:
        raise DeviceError(f"there is no device `{wanted}` here, only {', '.join(f'`{name}`' for name in there)}")
    return torch.device(wanted)


def devices() -> list[str]:
    """What is there, the best last: `cpu`, then `cuda:0` and its like, or `mps`."""
    cuda = torch.cuda.device_count() if torch.cuda.is_available() else 0
    return ["cpu", *(f"cuda:{i}" for i in range(cuda)), *["mps"] * torch.backends.mps.is_available()]


def called(device: torch.device) -> str | None:
    """The name of a GPU."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else None


def wait_for(device: torch.device) -> None:
    """Until the device has done what was asked of it."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def allow_tf32(device: str, allowed: bool) -> None:
    """Whether convolutions and products of fp32 may be rounded to tf32 on a GPU."""
    if device == "cuda":
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = allowed


def choose_algorithms(device: str, deterministic: bool) -> None:
    """On a GPU the fastest convolutions, found by trying, as shapes stay the same; or only what always gives the
    same, for which cuBLAS wants to know before it begins."""
    if device != "cuda":
        return
    if deterministic:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(deterministic)
    torch.backends.cudnn.deterministic = deterministic
    torch.backends.cudnn.benchmark = not deterministic


@contextmanager
def algorithms_needed() -> Iterator[None]:
    """Inside, an operator that has no deterministic algorithm is told in words."""
    try:
        yield
    except RuntimeError as error:
        name, said, _ = str(error).partition(" does not have a deterministic implementation")
        if not said:
            raise
        raise DeviceError(
            f"`{name}` has no deterministic algorithm on this device: leave out `deterministic`"
        ) from None


def found_precision(wanted: str, device: str) -> str:
    if wanted == "mixed":
        return "bf16" if has_bf16(device) else "fp32"
    if wanted in ("fp16", "tf32") and device == "cpu":
        raise DeviceError(f"`precision {wanted}` wants a GPU; `bf16` and `fp32` run on a CPU")
    return wanted


def has_bf16(device: str) -> bool:
    """Whether bf16 is computed by the hardware: emulated it would be slower than fp32."""
    if device == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return device == "cpu" and bool(torch.cpu._is_avx512_bf16_supported())
