"""How long `import oceandata` and `oceandata --version` take, medians of many runs."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

RUNS = 15
IMPORT_BUDGET = 0.3
VERSION_BUDGET = 0.5


def median_seconds(*arguments: str, runs: int = RUNS) -> float:
    """Median wall time of a fresh interpreter with these arguments."""
    spans = []
    for _ in range(runs + 1):
        start = time.perf_counter()
        subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
        spans.append(time.perf_counter() - start)
    return statistics.median(spans[1:])


def startup(runs: int = RUNS) -> dict[str, float]:
    """Seconds of bare Python, of the import over it, of the command in all."""
    bare = median_seconds("-c", "pass", runs=runs)
    loaded = median_seconds("-c", "import oceandata", runs=runs)
    version = median_seconds("-m", "oceandata.cli", "--version", runs=runs)
    return {"bare python": bare, "import": loaded - bare, "--version": version}


def main() -> int:
    """Print the figures; 1 if a budget is exceeded."""
    found = startup()
    for name, span in found.items():
        print(f"{name:12} {1000 * span:7.1f} ms")
    kept = found["import"] <= IMPORT_BUDGET and found["--version"] <= VERSION_BUDGET
    print("within budget" if kept else "over budget: import 300 ms, --version 500 ms")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
