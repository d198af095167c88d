"""MPI for reductions: who computes what, and how states meet. The only mpi4py.

Programs are started as ``mpiexec -n N python -m mpi4py script.py``, so that a rank
that raises stops all ranks instead of leaving them waiting.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np

_LAUNCHERS = (
    ("SLURM_STEP_NUM_TASKS", "srun"),
    ("PMI_SIZE", "the launcher"),
    ("OMPI_COMM_WORLD_SIZE", "mpiexec"),
)


def world() -> Any:
    """MPI's world communicator; a ``RuntimeError`` that says what to install."""
    try:
        from mpi4py import MPI
    except ImportError as error:
        raise RuntimeError(
            "the MPI engine needs mpi4py and an MPI library: "
            "pip install 'oceandata-hpc[mpi]'"
        ) from error
    return MPI.COMM_WORLD


def check_launcher(size: int | None = None, environ: dict | None = None) -> None:
    """Refuse N silent singletons: the launcher's tasks must equal the ranks.

    ``size`` and ``environ`` default to the world's size and ``os.environ``.
    """
    environ = os.environ if environ is None else environ
    size = world().Get_size() if size is None else size
    for variable, launcher in _LAUNCHERS:
        text = environ.get(variable, "")
        if text.isdigit() and int(text) != size:
            raise RuntimeError(
                f"{launcher} started {text} tasks ({variable}), but MPI sees {size} "
                "ranks; every task would do all the work alone. Start it with a "
                "matching process manager: srun --mpi=pmi2 (mpich wheel), "
                "srun --mpi=pmix (Open MPI), or the library's own mpiexec"
            )
        if text.isdigit():
            return


def shares(cost: np.ndarray, size: int) -> np.ndarray:
    """Bounds of contiguous shares of about equal cost: (n,) -> (size + 1,) int64.

    Share r is pieces [bounds[r], bounds[r + 1]); some are empty when size > n.
    """
    total = np.concatenate([[0], np.cumsum(np.maximum(cost, 1))])
    goals = total[-1] * np.arange(1, size) / size
    cuts = np.searchsorted((total[:-1] + total[1:]) / 2, goals)
    return np.concatenate([[0], cuts, [cost.size]]).astype(np.int64)


def tree_plan(bounds: np.ndarray) -> list[tuple[int, int, int, int]]:
    """Combinations of the fixed tree as (level, node, left rank, right rank).

    The owner of a node is the owner of its first piece. Nodes without a sibling pass
    up unchanged and are not listed.
    """
    n = int(bounds[-1])
    owner = np.searchsorted(bounds, np.arange(n), side="right") - 1
    plan, level = [], 0
    while owner.size > 1:
        for node in range(owner.size // 2):
            plan.append((level, node, int(owner[2 * node]), int(owner[2 * node + 1])))
        owner = owner[::2]
        level += 1
    return plan


def fold_over_ranks(
    comm: Any,
    states: dict[int, Any],
    bounds: np.ndarray,
    combine: Callable[[Any, Any], Any],
) -> Any:
    """Fold states that lie on several ranks; the result goes to every rank.

    ``states`` holds this rank's pieces by number. The tree is that of ``fold``.
    """
    rank = comm.Get_rank()
    n = int(bounds[-1])
    held = {(0, k): state for k, state in states.items()}
    level_width, level = n, 0
    plan = tree_plan(bounds)
    step = 0
    while level_width > 1:
        while step < len(plan) and plan[step][0] == level:
            _, node, left, right = plan[step]
            step += 1
            if rank == left:
                first = held.pop((level, 2 * node))
                if right == rank:
                    second = held.pop((level, 2 * node + 1))
                else:
                    second = comm.recv(source=right, tag=level)
                held[level + 1, node] = combine(first, second)
            elif rank == right:
                comm.send(held.pop((level, 2 * node + 1)), dest=left, tag=level)
        if level_width % 2:
            lone = held.pop((level, level_width - 1), None)
            if lone is not None:
                held[level + 1, level_width // 2] = lone
        level_width = (level_width + 1) // 2
        level += 1
    root = int(np.searchsorted(bounds, 0, side="right") - 1)
    return comm.bcast(held.get((level, 0)), root=root)
