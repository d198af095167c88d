"""Run every benchmark and print one Markdown page.

``make bench`` runs this with the peers' interpreter in ``OCEANDATA_PEERS``. Each
benchmark is a script of its own that compares answers before times and prints a
Markdown table; ``--quick`` passes small sizes.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def machine() -> str:
    """CPU, cores and memory, in words."""
    model = next(
        (
            line.split(":", 1)[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    cores, python = len(os.sched_getaffinity(0)), platform.python_version()
    return f"{model}, {cores} cores, {memory:.0f} GiB, Python {python}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="benchmarks to run, without bench_")
    parser.add_argument("--quick", action="store_true", help="small sizes")
    options = parser.parse_args()
    scripts = sorted(HERE.glob("bench_*.py"))
    if options.names:
        wanted = {f"bench_{name}.py" for name in options.names}
        scripts = [script for script in scripts if script.name in wanted]
    print(f"# Benchmarks\n\nMachine: {machine()}\n", flush=True)
    failed = 0
    for script in scripts:
        print(f"## {script.stem.removeprefix('bench_')}\n", flush=True)
        command = [sys.executable, str(script)]
        if options.quick:
            command.append("--quick")
        failed += subprocess.run(command).returncode != 0
        print(flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
