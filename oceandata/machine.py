"""What this process may use: cores, memory, and which rank it is."""

from __future__ import annotations

import functools
import logging
import os
import shutil
import sys
from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")
_LAUNCHER_SIZE = ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_SIZE", "MPI_LOCALNRANKS")
LOGIN_WORKERS = 2
LOGIN_BYTES = 2 << 30
"""What a process may use on a login node, which it shares with everybody."""


def login_node() -> bool:
    """Is this the login node of a Slurm cluster, where no one should compute?

    Taken for one: a machine with ``srun`` and ``sinfo`` on the path, outside of any
    job. A workstation from which jobs are submitted looks the same; there
    ``OCEANDATA_LOGIN_LIMITS=0`` lifts the limits, as ``--force`` does for one command.
    """
    if os.environ.get("OCEANDATA_LOGIN_LIMITS", "1") == "0":
        return False
    if os.environ.get("SLURM_JOB_ID"):
        return False
    return bool(shutil.which("srun") and shutil.which("sinfo"))


@functools.cache
def _tell_of_limits() -> None:
    logging.getLogger("oceandata").warning(
        "this looks like the login node of a cluster (srun is here, SLURM_JOB_ID is "
        "not set): using at most %d threads and %d GB. Submit a job (oceandata submit, "
        "salloc); if this machine is your own, set OCEANDATA_LOGIN_LIMITS=0 or add "
        "--force",
        LOGIN_WORKERS,
        LOGIN_BYTES >> 30,
    )


def allowed_workers(asked: int | None) -> int:
    """The threads asked for, or the default; on a login node two at most."""
    workers = asked or default_workers()
    if workers > LOGIN_WORKERS and login_node():
        _tell_of_limits()
        return LOGIN_WORKERS
    return workers


def default_workers() -> int:
    """Threads to use, at least 1: the least of these.

    Affinity, cgroup quota, ``SLURM_CPUS_PER_TASK``, and two on a login node.
    """
    limits = [len(os.sched_getaffinity(0))]
    quota = _cpu_quota()
    if quota:
        limits.append(quota)
    slurm = os.environ.get("SLURM_CPUS_PER_TASK", "")
    if slurm.isdigit():
        limits.append(int(slurm))
    if min(limits) > LOGIN_WORKERS and login_node():
        _tell_of_limits()
        limits.append(LOGIN_WORKERS)
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
    """Bytes this process may use: the least of RAM, cgroup, Slurm and login limits."""
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
    if login_node():
        _tell_of_limits()
        limits.append(LOGIN_BYTES)
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
