"""What the tests of Slurm share: a sea, its store, a job file, the reference result."""

from __future__ import annotations

import sys
from pathlib import Path

import oceandata as od
from oceandata.job import run_job

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = ROOT / "slurm"
JOB = """\
[job]
title = "A small sea under Slurm"

[store]
path = "{store}"

[region]
box = [117, 31, 127, 41]
step = 0.5

[[step]]
name = "hours"
use = "vessel_hours"
gap = "1h"
by = ["class"]

[[product]]
kind = "netcdf"
of = "hours"
path = "hours.nc"
"""
WRAPPER = """\
#!/bin/sh
# {python}, but oceandata runs with the pieces of slow_python.py
case "$2" in
mpi4py) shift 4; exec "{python}" -m mpi4py "{slow}" "$@" ;;
oceandata) shift 2; exec "{python}" "{slow}" "$@" ;;
*) exec "{python}" "$@" ;;
esac
"""


class World:
    """A folder with a sea, a store of it, and what threads make of it."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.sea = od.simulate_sea(folder / "sea", positions=16_000, seed=5, days=8)
        self.store = folder / "sea.store"
        od.create_store(self.store).ingest(self.sea.files)
        self.job = self.job_file("reference")
        run_job(self.job)
        self.reference = self.step("reference")

    def job_file(self, name: str, store: Path | None = None) -> Path:
        """A job file in a folder of its own, which will hold its output."""
        path = self.folder / name / "hours.toml"
        path.parent.mkdir()
        path.write_text(JOB.format(store=store or self.store))
        return path

    def step(self, name: str) -> bytes:
        """The result of a job as bytes: every value and the account."""
        from oceandata.job.results import load_grid

        grid = load_grid(self.folder / name / "output" / "steps" / "hours.nc")
        values = [grid[v].values.tobytes() for v in ("vessel_hours", "withheld")]
        account = {k: v for k, v in grid.attrs.items() if k.endswith("_us")}
        return b"".join(values) + repr(sorted(account.items())).encode()

    def log(self, name: str) -> str:
        """All that a job has printed."""
        logs = sorted((self.folder / name).glob("*.log"))
        return "\n".join(path.read_text(errors="replace") for path in logs)

    def wrapper(self) -> Path:
        """A Python that makes small pieces; see ``slow_python.py``."""
        path = self.folder / "slow-python"
        slow = ROOT / "tests" / "slow_python.py"
        path.write_text(WRAPPER.format(python=sys.executable, slow=slow))
        path.chmod(0o755)
        return path


def environment(**more: str) -> dict[str, str]:
    """For jobs: this tree, its compiled kernels, no minute of warming up."""
    paths = (ROOT, ROOT / "kernels", ROOT / "tests")
    return {
        "PYTHON": sys.executable,
        "PYTHONPATH": ":".join(map(str, paths)),
        "NUMBA_CACHE_DIR": "",
        "WARM": "no",
        **more,
    }
