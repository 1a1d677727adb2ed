"""The processes that share a run: how many there are, and which of them this is. Known before torch is loaded."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...compiler.diagnostics import UserError

Positions = NDArray[np.int64]


class Ranks(NamedTuple):
    """One process for each device of each node; `rank` counts them all from 0. The first one writes and speaks.

    `split`: each keeps only its share of the weights.
    """

    rank: int = 0
    devices: int = 1
    nodes: int = 1
    split: bool = False

    @property
    def total(self) -> int:
        return self.devices * self.nodes

    @property
    def alone(self) -> bool:
        return self.total == 1

    @property
    def first(self) -> bool:
        return self.rank == 0

    def shares(self, positions: Positions) -> list[Positions]:
        """Who gets which examples of a batch: nearly as many each, in order."""
        return np.array_split(positions, self.total)

    def share(self, positions: Positions) -> Positions:
        """The examples of this process."""
        return positions if self.alone else self.shares(positions)[self.rank]

    def passed(self, positions: Positions) -> Positions:
        """What this process brings through the network of a batch that is only measured: its share, or one example
        where that is empty, since all go through the network together."""
        share = self.share(positions)
        return share if len(share) else positions[:1]


FIRST = "CNNC_FIRST_RANK"
"""Where a process finds the number of the one that started it."""
ALONE = Ranks()
"""One process, on one device."""


def found_ranks(devices: int | None, nodes: int | None, env: Mapping[str, str] = os.environ) -> Ranks:
    """What `--devices` and `--nodes` ask for, or torchrun says. UserError where what started us says otherwise."""
    if "TORCHELASTIC_RUN_ID" in env:
        return by_torchrun(devices, nodes, env)
    if devices is nodes is None:
        require_unshared(env)
    devices, nodes = devices or 1, nodes or 1
    ranks = Ranks(0, devices, nodes)
    if ranks.alone:
        return ranks
    if "LOCAL_RANK" not in env and under_slurm(env):
        require("tasks of SLURM (`srun --ntasks`)", int(env["SLURM_NTASKS"]), ranks.total)
        return ranks._replace(rank=int(env["SLURM_PROCID"]))
    if nodes > 1 and not {"MASTER_ADDR", "MASTER_PORT", "NODE_RANK"} <= env.keys():
        raise UserError(f"nothing says where {nodes} machines meet: start us with torchrun or srun on each of them")
    return ranks._replace(rank=int(env.get("NODE_RANK", 0)) * devices + int(env.get("LOCAL_RANK", 0)))


def by_torchrun(devices: int | None, nodes: int | None, env: Mapping[str, Any]) -> Ranks:
    local, total = int(env["LOCAL_WORLD_SIZE"]), int(env["WORLD_SIZE"])
    require("processes of torchrun on a node (`--nproc-per-node`)", local, devices or local)
    require("nodes of torchrun (`--nnodes`)", total // local, nodes or total // local)
    return Ranks(int(env["RANK"]), local, total // local)


def require_unshared(env: Mapping[str, str]) -> None:
    """UserError where `srun` started several of us and nothing says whether they share one run."""
    tasks = int(env.get("SLURM_STEP_NUM_TASKS", 1))
    if tasks > 1 and under_slurm(env):
        hint = "`--devices N --nodes M` makes them one run, `--devices 1` a run each"
        raise UserError(f"srun started {tasks} processes: {hint}")


def under_slurm(env: Mapping[str, str]) -> bool:
    """Whether `srun` started us; in an interactive shell its variables are there as well."""
    return "SLURM_PROCID" in env and env.get("SLURM_JOB_NAME") not in ("bash", "interactive")


def require(what: str, found: int, asked: int) -> None:
    if found != asked:
        raise UserError(f"there are {found} {what}, but `--devices` and `--nodes` ask for {asked}")
