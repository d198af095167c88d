"""Run a command with the loopback interface up, in whatever network there is.

Inside ``unshare -n`` there is no network at all, not even loopback, which MPI, dask and
Slurm need between their own processes. Slurm also asks the resolver for families of
addresses in use, and loopback's own does not count: it gets a second one, of a range
that is kept for examples (RFC 5737) and leads nowhere.

Usage: offline.py COMMAND [ARGUMENT ...]
"""

import contextlib
import fcntl
import os
import socket
import struct
import sys

_GET_FLAGS, _SET_FLAGS, _UP = 0x8913, 0x8914, 1
_SET_ADDRESS, _EXAMPLE = 0x8916, "192.0.2.1"


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
            address = struct.pack(
                "HH4s8x", socket.AF_INET, 0, socket.inet_aton(_EXAMPLE)
            )
            fcntl.ioctl(s, _SET_ADDRESS, struct.pack("16s16s8x", b"lo:1", address))


if __name__ == "__main__":
    loopback_up()
    os.execvp(sys.argv[1], sys.argv[1:])
