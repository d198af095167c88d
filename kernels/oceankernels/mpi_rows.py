"""Large messages, and tables of unequal length gathered on one rank.

MPI counts in int32: whatever is larger than :data:`BLOCK` goes in several messages.
Arrays inside a Python object travel beside its pickle, without a copy.
"""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np

BLOCK = 1 << 30
"""Bytes of one message, at most; below 2^31."""
_TAG = 7003


def gather_rows(
    columns: dict[str, np.ndarray], *, comm: Any = None
) -> dict[str, np.ndarray] | None:
    """Tables of all ranks as one table on rank 0, in the order of the ranks.

    Columns are one-dimensional, of equal length within a rank; every rank has the same
    names and dtypes (texts of fixed width may differ in width). Rank 0 receives into
    the result, so it holds the table once. Other ranks get None. Which rank computed
    a row may change from run to run: sort the rows by what they mean.

    Raises ``ValueError`` on every rank, naming the rank and the fault.
    """
    from oceankernels.mpi import world

    comm = world() if comm is None else comm
    arrays = {name: np.ascontiguousarray(values) for name, values in columns.items()}
    told = comm.allgather({n: (a.shape, a.dtype) for n, a in arrays.items()})
    dtypes = _check_tables(told)
    rows = [next(iter(table.values()))[0][0] if table else 0 for table in told]
    out = {}
    for name, dtype in dtypes.items():
        mine = arrays[name].astype(dtype, copy=False)
        if comm.Get_rank():
            _send_bytes(comm, _bytes(mine), 0)
            continue
        out[name] = np.empty(sum(rows), dtype)
        out[name][: rows[0]] = mine
        at = rows[0]
        for rank in range(1, comm.Get_size()):
            _receive_bytes(comm, _bytes(out[name][at : at + rows[rank]]), rank)
            at += rows[rank]
    return None if comm.Get_rank() else out


def _check_tables(told: list[dict[str, tuple]]) -> dict[str, np.dtype]:
    """The dtype of each column; every rank finds the same faults."""
    dtypes: dict[str, np.dtype] = {n: dtype for n, (_, dtype) in told[0].items()}
    for rank, table in enumerate(told):
        if list(table) != list(dtypes):
            raise ValueError(
                f"rank {rank} has the columns {list(table)}, rank 0 {list(dtypes)}"
            )
        shapes = {shape for shape, _ in table.values()}
        if len(shapes) > 1 or any(len(shape) != 1 for shape in shapes):
            found = {name: shape for name, (shape, _) in table.items()}
            raise ValueError(
                "columns must be one-dimensional and equally long; "
                f"rank {rank} has {found}"
            )
        for name, (_, dtype) in table.items():
            both = (dtypes[name].kind, dtype.kind)
            if dtype.hasobject or (dtype != dtypes[name] and both[0] != both[1]):
                raise ValueError(
                    f"column {name!r} must have one fixed dtype on all ranks; rank "
                    f"{rank} has {dtype}, rank 0 {dtypes[name]}"
                )
            if dtype != dtypes[name] and dtype.kind not in "US":
                raise ValueError(
                    f"column {name!r} is {dtype} on rank {rank} and {dtypes[name]} on "
                    "rank 0; convert it before"
                )
            dtypes[name] = np.result_type(dtypes[name], dtype)
    return dtypes


def _bytes(array: np.ndarray) -> np.ndarray:
    """The memory of a contiguous array."""
    return array.view(np.uint8) if array.size else np.empty(0, np.uint8)


def _send_bytes(comm: Any, raw: Any, dest: int) -> None:
    for request in _start_bytes(comm, raw, dest):
        request.Wait()


def _start_bytes(comm: Any, raw: Any, dest: int) -> list[Any]:
    return [
        comm.Isend(raw[at : at + BLOCK], dest, _TAG) for at in range(0, len(raw), BLOCK)
    ]


def _receive_bytes(comm: Any, raw: Any, source: int) -> None:
    for at in range(0, len(raw), BLOCK):
        comm.Recv(raw[at : at + BLOCK], source, _TAG)


def packed(value: Any) -> tuple[bytes, list[Any]]:
    """A pickle, and the memory of the arrays in it, not copied."""
    buffers: list[pickle.PickleBuffer] = []
    head = pickle.dumps(value, protocol=5, buffer_callback=buffers.append)
    return head, [buffer.raw() for buffer in buffers]


def swap(comm: Any, value: Any, dest: int, source: int) -> Any:
    """Send an object to one rank while another's comes in."""
    head, raws = packed(value)
    first = comm.isend((head, [len(raw) for raw in raws]), dest, _TAG)
    rest = [request for raw in raws for request in _start_bytes(comm, raw, dest)]
    found = receive(comm, source)
    first.wait()
    for request in rest:
        request.Wait()
    return found


def send(comm: Any, value: Any, dest: int) -> None:
    """Send an object of any size; see :func:`receive`."""
    head, raws = packed(value)
    comm.send((head, [len(raw) for raw in raws]), dest, _TAG)
    for raw in raws:
        _send_bytes(comm, raw, dest)


def receive(comm: Any, source: int) -> Any:
    """An object that was sent by :func:`send` or :func:`swap`."""
    head, sizes = comm.recv(source=source, tag=_TAG)
    raws = [np.empty(size, np.uint8) for size in sizes]
    for raw in raws:
        _receive_bytes(comm, raw, source)
    return pickle.loads(head, buffers=raws)


def broadcast(comm: Any, value: Any = None, *, limit: int) -> tuple[Any, bool]:
    """Rank 0's object on every rank if it takes at most ``limit`` bytes.

    Returns the object (None on the other ranks if it is larger) and whether it came.
    """
    head, raws = packed(value) if comm.Get_rank() == 0 else (b"", [])
    size = len(head) + sum(len(raw) for raw in raws)
    plan = (head, [len(raw) for raw in raws]) if size <= limit else None
    plan = comm.bcast(plan)
    if plan is None:
        return (None if comm.Get_rank() else value), False
    if comm.Get_rank():
        raws = [np.empty(size, np.uint8) for size in plan[1]]
    for raw in raws:
        for at in range(0, len(raw), BLOCK):
            comm.Bcast(raw[at : at + BLOCK])
    return (pickle.loads(plan[0], buffers=raws) if comm.Get_rank() else value), True
