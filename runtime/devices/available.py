"""What this machine computes with: devices, kinds of numbers, cores."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from ...compiler.diagnostics import UserError

CUBLAS = "CUBLAS_WORKSPACE_CONFIG"
"""By which cuBLAS is told, before its first product, to work in the same places each time."""
DRIVER = Path("/proc/driver/nvidia/version")
"""Where NVIDIA's driver says which one it is."""
CONTAINER = Path("/sys/fs/cgroup/memory.max")
"""Where a container says how much memory it may use: bytes, or `max`."""
LEAST = 2**32
"""Bytes of memory that a machine is taken to have which does not say."""
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


def memory() -> int:
    """Bytes of memory that this machine has, or that a container may use of it."""
    known = "SC_PHYS_PAGES" in getattr(os, "sysconf_names", ())
    there = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") if known else LEAST
    allowed = CONTAINER.read_text().strip() if CONTAINER.exists() else ""
    return min(there, int(allowed)) if allowed.isdigit() else there


def found_device(wanted: str) -> torch.device:
    """`cpu`, `cuda`, `mps`, one of several GPUs as `cuda:1`, which this process then takes, the best there is for
    `auto`. DeviceError for others."""
    there = devices()
    if wanted == "auto":
        return torch.device(there[-1].partition(":")[0])
    wanted = {"gpu": "cuda"}.get(wanted, wanted)
    if wanted not in there and wanted not in {name.partition(":")[0] for name in there}:
        raise DeviceError(f"there is no device `{wanted}` here, only {', '.join(f'`{name}`' for name in there)}")
    found = torch.device(wanted)
    take(found)
    return found


def devices() -> list[str]:
    """What is there, the best last: `cpu`, then `cuda:0` and its like, or `mps`."""
    cuda = torch.cuda.device_count() if torch.cuda.is_available() else 0
    return ["cpu", *(f"cuda:{i}" for i in range(cuda)), *["mps"] * torch.backends.mps.is_available()]


def require_places(kind: str, processes: int) -> None:
    """DeviceError where each process of this machine cannot have a device, or a core, of its own."""
    if kind == "cpu" and processes > cores():
        raise DeviceError(f"`--devices {processes}` on the CPU: each process takes a core, and there are {cores()}")
    there = torch.cuda.device_count() if kind == "cuda" else processes
    if processes > there:
        count = f"{there} GPU{'s' * (there != 1)}"
        hint = ": ask for GPUs by the node, `--gpus-per-node`, not by the task" if "SLURM_JOB_ID" in os.environ else ""
        raise DeviceError(f"`--devices {processes}`: this process sees {count}{hint}")


def take(device: torch.device) -> None:
    """Make it the GPU of this process, which random numbers, events and streams go by where none is named."""
    if device.type == "cuda" and device.index is not None:
        torch.cuda.set_device(device)


def versions(device: torch.device) -> dict[str, Any]:
    """What of a GPU and its libraries decides how numbers come out; empty for others."""
    if device.type != "cuda":
        return {}
    nccl = torch.cuda.nccl.version() if torch.distributed.is_nccl_available() else None  # type: ignore[no-untyped-call]
    return {
        "name": torch.cuda.get_device_name(device),
        "capability": torch.cuda.get_device_capability(device),
        "driver": DRIVER.read_text().splitlines()[0] if DRIVER.exists() else None,
        "cuda": torch.version.cuda,
        "cudnn": torch.backends.cudnn.version(),  # type: ignore[no-untyped-call]
        "nccl": nccl,
    }


def allow_tf32(device: str, allowed: bool) -> None:
    """Whether convolutions and products of fp32 may be rounded to tf32 on a GPU."""
    if device == "cuda":
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = allowed


def choose_algorithms(device: str, deterministic: bool) -> None:
    """On a GPU the fastest convolutions, found by trying, as shapes stay the same; or only what always gives the
    same, for which cuBLAS wants to know before it begins: it is told in any case, as a later run may want it."""
    if device != "cuda":
        return
    os.environ.setdefault(CUBLAS, ":4096:8")
    if deterministic != torch.are_deterministic_algorithms_enabled():
        torch.use_deterministic_algorithms(deterministic)
    # nothing is read here that was never written
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    torch.backends.cudnn.deterministic = deterministic
    torch.backends.cudnn.benchmark = not deterministic


@contextmanager
def algorithms_needed() -> Iterator[None]:
    """Inside, an operator that has no deterministic algorithm is told in words."""
    try:
        yield
    except RuntimeError as error:
        if CUBLAS in str(error):
            raise DeviceError(
                f"cuBLAS is deterministic only where `{CUBLAS}=:4096:8` is in the environment before torch begins"
            ) from None
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
