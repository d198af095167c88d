"""Run a command with the loopback interface up, in whatever network there is.

Inside ``unshare -rn`` there is no network at all, not even loopback, which MPI and
dask need between their own processes. Usage: offline.py COMMAND [ARGUMENT ...]
"""

import contextlib
import fcntl
import os
import socket
import struct
import sys

_GET_FLAGS, _SET_FLAGS, _UP = 0x8913, 0x8914, 1


def loopback_up() -> None:
    """Set the flag IFF_UP of ``lo``; silently leaves a machine as it is."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s,
        contextlib.suppress(OSError),
    ):
        request = struct.pack("16sh14x", b"lo", 0)
        answer = fcntl.ioctl(s, _GET_FLAGS, request)
        (flags,) = struct.unpack_from("h", answer, 16)
        if not flags & _UP:
            fcntl.ioctl(s, _SET_FLAGS, struct.pack("16sh14x", b"lo", flags | _UP))


if __name__ == "__main__":
    loopback_up()
    os.execvp(sys.argv[1], sys.argv[1:])
