"""The one Numba decorator of the house, and its policy.

Every kernel is compiled lazily at its first call (no eager signatures: they cost
seconds at import), releases the GIL (threads are the default engine), and never uses
``fastmath`` or ``parallel``: results must not depend on the machine's mood. Compiled
code is cached on disk beside the module or under ``NUMBA_CACHE_DIR``; set
``OCEANDATA_NUMBA_CACHE=0`` where the file system is shared between nodes. Numba checks
only the file that a kernel stands in, so a kernel would keep the old code of a helper
in another file; here compiled code is valid for one state of the whole package.
"""

from __future__ import annotations

import functools
import hashlib
import os
from pathlib import Path

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
        return lambda f: _stamped(numba.njit(**options)(f))
    return _stamped(numba.njit(**options)(function))


def _stamped(kernel):
    """Make the kernel's compiled code on disk depend on every file of the package."""
    files = getattr(getattr(kernel, "_cache", None), "_cache_file", None)
    if hasattr(files, "_source_stamp"):
        files._source_stamp = (files._source_stamp, _sources())
    return kernel


@functools.cache
def _sources() -> str:
    """Digest of the source files of this package."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()
