"""MPI without labels or disks: ranks, who computes what, and how states meet.

The modules ``mpi`` (who is there, shares), ``mpi_work`` (pieces handed out),
``mpi_states`` (states combined over ranks) and ``mpi_rows`` (ragged gather) are the
only ones that know mpi4py, and load it when they are called.
"""

from __future__ import annotations

import importlib.metadata
import os
from typing import Any

import numpy as np

from oceankernels.mpi_rows import gather_rows

__all__ = ["check_launcher", "gather_rows", "shares", "world"]

_OWN_LAUNCHERS = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE")
_LAUNCHERS = (
    ("SLURM_STEP_NUM_TASKS", "srun"),
    ("OMPI_COMM_WORLD_SIZE", "mpiexec"),
    ("PMI_SIZE", "the launcher"),
)


def world() -> Any:
    """MPI's world communicator; a ``RuntimeError`` that says what to install."""
    try:
        _short_addresses()
        from mpi4py import MPI
    except ImportError as error:
        raise RuntimeError(
            "the MPI engine needs mpi4py and an MPI library: "
            "pip install 'oceandata-hpc[mpi]'"
        ) from error
    return MPI.COMM_WORLD


def _short_addresses() -> None:
    """Let the MPICH of PyPI use libfabric when ``srun --mpi=pmi2`` has started it.

    With UCX, MPICH 5.0 tells the other ranks 4 kB from where its address of some 300
    bytes begins, in lines of up to 1,080 bytes in which only runs of zeros are short.
    Slurm 22.05 reads 1,023 bytes of a line and takes the rest for another request:
    MPI_Init then fails or hangs, the more often the more memory was used before.
    libfabric's address has 16 bytes. A choice made by the user stands; an MPICH of the
    cluster is left alone, since it may have been built without libfabric.
    """
    if not {"SLURM_JOB_ID", "PMI_FD"} <= os.environ.keys():
        return
    try:
        importlib.metadata.version("mpich")
    except importlib.metadata.PackageNotFoundError:
        return
    os.environ.setdefault("MPIR_CVAR_CH4_NETMOD", "ofi")


def check_launcher(size: int | None = None, environ: dict | None = None) -> None:
    """Refuse silent singletons: MPI must not see fewer ranks than were started.

    More ranks than ``srun`` started are right: an ``mpiexec`` inside a batch step
    starts them itself, or has ``srun`` start one helper a node. If the variable of
    the library's own launcher agrees with the ranks, an outer one says nothing.

    ``size`` and ``environ`` default to the world's size and ``os.environ``.
    """
    environ = os.environ if environ is None else environ
    size = world().Get_size() if size is None else size
    if size > 1 and str(size) in (environ.get(name) for name in _OWN_LAUNCHERS):
        return
    for variable, launcher in _LAUNCHERS:
        text = environ.get(variable, "")
        if text.isdigit() and int(text) > size:
            raise RuntimeError(
                f"{launcher} started {text} tasks ({variable}), but MPI sees {size} "
                f"rank{'s' if size > 1 else ''}; every task would do all the work "
                "alone. Launcher and MPI library must speak the same protocol: "
                "srun --mpi=pmi2 (mpich wheel, Intel MPI), srun --mpi=pmix (Open MPI), "
                "or the library's own mpiexec; srun --mpi=list shows what is there"
            )


def shares(cost: np.ndarray, size: int) -> np.ndarray:
    """Bounds of contiguous shares of about equal cost: (n,) -> (size + 1,) int64.

    Share r is pieces [bounds[r], bounds[r + 1]); some are empty when size > n.
    """
    total = np.concatenate([[0], np.cumsum(np.maximum(cost, 1))])
    goals = total[-1] * np.arange(1, size) / size
    cuts = np.searchsorted((total[:-1] + total[1:]) / 2, goals)
    return np.concatenate([[0], cuts, [cost.size]]).astype(np.int64)
