"""The one Numba decorator of the house, and its policy.

Every kernel is compiled lazily at its first call (no eager signatures: they cost
seconds at import), releases the GIL (threads are the default engine), and never uses
``fastmath`` or ``parallel``: results must not depend on the machine's mood. Compiled
code is cached on disk beside the module or under ``NUMBA_CACHE_DIR``; set
``OCEANDATA_NUMBA_CACHE=0`` where the file system is shared between nodes.
"""

from __future__ import annotations

import os

import numba

CACHE = os.environ.get("OCEANDATA_NUMBA_CACHE", "1") != "0"


def jit(function=None, *, inline=False, borrow=False):
    """Compile a kernel lazily, without the GIL, strictly IEEE.

    ``inline=True`` asks LLVM to inline small helpers into their callers.
    ``borrow=True`` is for kernels that allocate nothing (Numba refuses otherwise):
    arrays stay their caller's and are not reference-counted. Where tuples of arrays
    go through several small functions, counting took 87 % of the time.
    """
    options = {"nogil": True, "cache": CACHE}
    if borrow:
        options["_nrt"] = False
    if inline:
        options["forceinline"] = True
    if function is None:
        return numba.njit(**options)
    return numba.njit(**options)(function)
