"""The device `twin`, for torch and for `--device`: a GPU for tests, as slow as the CPU that computes for it.

Importing it builds it (half a minute, once), so it is imported in processes of their own: torch takes one such device.
It shows what a GPU would show of tensors on the wrong device and of waiting; nothing of its kernels or numbers.
"""

from __future__ import annotations

import types
from pathlib import Path

import cnnc.runtime.devices.available as available
import cnnc.runtime.devices.engine as engine
import torch
from cnnc.runtime.training import optimize
from lightning_fabric import connector
from lightning_fabric.accelerators import ACCELERATOR_REGISTRY, Accelerator
from lightning_fabric.strategies.single_device import SingleDeviceStrategy
from torch.utils import cpp_extension

HERE = Path(__file__).parent
DEVICE = "twin"

_built = cpp_extension.load("cnnc_twin", [str(HERE / "twin.cpp")], extra_cflags=["-O1"])
waits = _built.waits
"""How often the CPU had to wait since it was asked last, by what for."""


class Chosen:
    """The only one."""

    def __init__(self, device: object) -> None: ...

    def __enter__(self) -> None: ...

    def __exit__(self, *what: object) -> None: ...


class Twin(Accelerator):
    """For Fabric."""

    def setup_device(self, device: torch.device) -> None: ...

    def teardown(self) -> None: ...

    @staticmethod
    def parse_devices(devices: object) -> list[int]:
        return [0]

    @staticmethod
    def get_parallel_devices(devices: object) -> list[torch.device]:
        return [torch.device(DEVICE, 0)]

    @staticmethod
    def auto_device_count() -> int:
        return 1

    @staticmethod
    def is_available() -> bool:
        return True

    @staticmethod
    def name() -> str:
        return DEVICE


def module() -> types.ModuleType:
    """`torch.twin`"""
    found = types.ModuleType("torch.twin")
    found.__dict__.update(
        is_available=lambda: True, is_initialized=lambda: True, device_count=lambda: 1, current_device=lambda: 0,
        set_device=lambda device: None, _is_in_bad_fork=lambda: False, manual_seed=lambda seed: None,
        manual_seed_all=lambda seed: None, synchronize=lambda *device: None, device=Chosen,
        get_amp_supported_dtype=lambda: [torch.bfloat16, torch.float16],
    )  # fmt: skip
    return found


def begin() -> None:
    """Make it known to torch, to Fabric and to cnnc."""
    _built.begin()
    torch.utils.rename_privateuse1_backend(DEVICE)
    torch._register_device_module(DEVICE, module())
    torch.utils.generate_methods_for_privateuse1_backend(for_storage=True)
    ACCELERATOR_REGISTRY.register(DEVICE, Twin)
    theirs, ours = connector._Connector._choose_strategy, available.found_device
    connector._Connector._choose_strategy = lambda self: (  # type: ignore[method-assign]
        SingleDeviceStrategy(torch.device(DEVICE, 0)) if self._accelerator_flag == DEVICE else theirs(self)
    )
    for home in (available, engine):
        home.found_device = lambda wanted: torch.device(DEVICE) if wanted == DEVICE else ours(wanted)
    optimize.FUSED.add(DEVICE)


begin()
