"""What this process may use: cores, memory, and which rank it is."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")
_LAUNCHER_SIZE = ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_SIZE", "MPI_LOCALNRANKS")


def default_workers() -> int:
    """Threads to use: min(affinity, cgroup quota, SLURM_CPUS_PER_TASK), at least 1."""
    limits = [len(os.sched_getaffinity(0))]
    quota = _cpu_quota()
    if quota:
        limits.append(quota)
    slurm = os.environ.get("SLURM_CPUS_PER_TASK", "")
    if slurm.isdigit():
        limits.append(int(slurm))
    return max(1, min(limits))


def _cgroup_folders() -> list[Path]:
    """Folders of this process's cgroup (version 2) up to the root."""
    try:
        lines = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        return [_CGROUP]
    inner = next((x.split("::", 1)[1] for x in lines if x.startswith("0::")), "/")
    folder = _CGROUP / inner.lstrip("/")
    return [folder, *(p for p in folder.parents if p.is_relative_to(_CGROUP))]


def _cpu_quota() -> int | None:
    quotas = []
    for folder in _cgroup_folders():
        try:
            quota, period = (folder / "cpu.max").read_text().split()[:2]
        except (OSError, ValueError):
            continue
        if quota != "max":
            quotas.append(max(1, int(quota) // int(period)))
    return min(quotas, default=None)


def memory_budget() -> int:
    """Bytes this process may use: the least of RAM, cgroup limit and Slurm's limit."""
    limits = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for folder in _cgroup_folders():
        try:
            text = (folder / "memory.max").read_text().strip()
        except OSError:
            continue
        if text.isdigit():
            limits.append(int(text))
    slurm = os.environ.get("SLURM_MEM_PER_NODE", "")
    if slurm.isdigit() and int(slurm) > 0:
        limits.append(int(slurm) << 20)
    return min(limits)


def under_mpi() -> bool:
    """Was this process started as one of several ranks, or did it load MPI itself?"""
    if "mpi4py.MPI" in sys.modules:
        return True
    return any(os.environ.get(name, "1") not in ("", "1") for name in _LAUNCHER_SIZE)


def mpi_rank() -> int:
    """Rank of this process; 0 outside MPI. Loads MPI only where it was started."""
    if not under_mpi():
        return 0
    from oceankernels.mpi import world

    return world().Get_rank()


def mpi_size() -> int:
    """Number of ranks; 1 outside MPI."""
    if not under_mpi():
        return 1
    from oceankernels.mpi import world

    return world().Get_size()


def barrier() -> None:
    """Wait for all ranks; nothing outside MPI."""
    if under_mpi():
        from oceankernels.mpi import world

        world().Barrier()
