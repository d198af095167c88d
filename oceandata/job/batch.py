"""The batch script of a job: plain text that follows from its options alone."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from oceandata.errors import JobError

ENGINES = ("mpi", "threads", "dask")
_TIME = re.compile(r"(\d+-)?\d+(:\d\d){0,2}")
_WORD = re.compile(r"[A-Za-z0-9_.,+-]+")
_SIZE = re.compile(r"\d+[KMGT]?")


@dataclass(frozen=True)
class Batch:
    """What to ask Slurm for, and what to run there.

    ``setup`` holds lines put before the work, such as ``module load python``;
    ``arguments`` are further ones of ``oceandata run``; ``python`` starts Python.
    """

    nodes: int = 1
    ntasks_per_node: int = 1
    cpus_per_task: int = 1
    time: str = "1:00:00"
    engine: str = "mpi"
    mpi: str = "pmi2"
    partition: str | None = None
    account: str | None = None
    mem_per_cpu: str = "4G"
    setup: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    python: str = "python"

    def __post_init__(self):
        faults = []
        for name in ("nodes", "ntasks_per_node", "cpus_per_task"):
            value = getattr(self, name)
            if not isinstance(value, int) or value < 1:
                faults.append(f"{name} must be a whole number from 1, got {value!r}")
        if not _TIME.fullmatch(self.time):
            faults.append(f"time must be like 2:00:00 or 1-12:00:00, got {self.time!r}")
        if self.engine not in ENGINES:
            faults.append(f"engine must be one of {ENGINES}, got {self.engine!r}")
        if not _SIZE.fullmatch(self.mem_per_cpu):
            faults.append(f"mem_per_cpu must be like 4G, got {self.mem_per_cpu!r}")
        for name in ("mpi", "partition", "account"):
            value = getattr(self, name)
            if value is not None and not _WORD.fullmatch(value):
                faults.append(f"{name} must be one word, got {value!r}")
        if self.engine == "threads" and (self.nodes, self.ntasks_per_node) != (1, 1):
            faults.append(
                "engine='threads' runs in one process on one node; got "
                f"nodes={self.nodes}, ntasks_per_node={self.ntasks_per_node}. "
                "Use cpus_per_task for more threads, or engine='mpi'"
            )
        if faults:
            raise JobError("; ".join(faults))

    @property
    def tasks(self) -> int:
        return self.nodes * self.ntasks_per_node

    @property
    def cores(self) -> int:
        return self.tasks * self.cpus_per_task

    @property
    def seconds(self) -> int:
        """The time limit; Slurm reads ``90`` as minutes and ``1:30`` as 90 s."""
        days, _, rest = self.time.rpartition("-")
        parts = [int(part) for part in rest.split(":")]
        if days:
            units = (3600, 60, 1)
        else:
            units = {1: (60,), 2: (60, 1), 3: (3600, 60, 1)}[len(parts)]
        used = sum(p * u for p, u in zip(parts, units, strict=False))
        return used + 86400 * int(days or 0)


CACHE = """\
# Compiled kernels go to a folder that only this job uses, on a disk of each node: on a
# shared file system many ranks would write the same cache at once.
private="${SLURM_TMPDIR:-${TMPDIR:-/tmp}}/oceandata-numba-$SLURM_JOB_ID"
export NUMBA_CACHE_DIR="${NUMBA_CACHE_DIR-$private}"
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1
# srun no longer takes this over from sbatch by itself (Slurm 22.05 and later)
export SRUN_CPUS_PER_TASK="${SLURM_CPUS_PER_TASK:-1}"
"""

WARM = """\
# once a node, not once a rank; WARM=no leaves it to the ranks
[ "${WARM:-yes}" = no ] || srun --mpi=none \\
    --nodes="$SLURM_NNODES" --ntasks="$SLURM_NNODES" "$PYTHON" -m oceandata.job.warm
"""

REQUEUE = """\
# Before the time limit Slurm sends USR1 to this shell. It is handed to the run, which
# ends the pieces in work, begins no other and leaves with 75; the job goes back into
# the queue and, when it starts again, computes only what is missing. Should a piece
# take longer than GRACE, the job goes back without waiting: finished pieces are kept.
told=
run=
timer=
# shellcheck disable=SC2317  # called by trap
hand_on() {
    told=yes
    echo "time is nearly over: stopping the run"
    kill -USR1 "$run" 2>/dev/null || true
    (sleep "${GRACE:-75}" && scontrol requeue "$SLURM_JOB_ID") &
    timer=$!
}
trap hand_on USR1
"${command[@]}" &
run=$!
code=0
wait "$run" || code=$?
while kill -0 "$run" 2>/dev/null; do # a signal ends wait, not the run
    code=0
    wait "$run" || code=$?
done
[ -z "$timer" ] || kill "$timer" 2>/dev/null || true
if [ -n "$told" ] && [ "$code" -ne 0 ]; then
    if [ "${SLURM_RESTART_COUNT:-0}" -lt "${MOST_RESTARTS:-20}" ]; then
        echo "stopped with code $code: back into the queue"
        scontrol requeue "$SLURM_JOB_ID"
        sleep 60
    fi
    echo "started ${MOST_RESTARTS:-20} times again: giving up" >&2
fi
"""

DASK = """\
# One scheduler on this node, a worker in every task; they meet through a file.
meeting="$PWD/.dask-scheduler-$SLURM_JOB_ID.json"
rm -f "$meeting"
export DASK_DISTRIBUTED__WORKER__DAEMON=False
"$PYTHON" -m dask scheduler --scheduler-file "$meeting" --port 0 --no-dashboard \\
    --no-show &
scheduler=$!
srun --mpi=none --kill-on-bad-exit=0 "$PYTHON" -m dask worker \\
    --scheduler-file "$meeting" --nthreads "${SLURM_CPUS_PER_TASK:-1}" --no-nanny \\
    --no-dashboard --local-directory "${SLURM_TMPDIR:-${TMPDIR:-/tmp}}" \\
    --death-timeout 120 &
workers=$!
# shellcheck disable=SC2317  # called by trap
close() {
    kill "$workers" "$scheduler" 2>/dev/null || true
    rm -f "$meeting"
}
trap close EXIT
for _ in $(seq 240); do
    [ -s "$meeting" ] && break
    sleep 0.5
done
"""


def script_text(job: Path, batch: Batch) -> str:
    """The script that runs the job file `job` (absolute) as `batch` says.

    Examples
    --------
    >>> print(script_text(Path("/data/a.toml"), Batch())[:11])
    #!/bin/bash
    """
    quote, stem = shlex.quote, job.stem
    head = [
        "#!/bin/bash",
        f"# {job.name} under Slurm, as written by oceandata submit",
        f"#SBATCH --job-name={_word(stem)}",
        f"#SBATCH --nodes={batch.nodes}",
        f"#SBATCH --ntasks-per-node={batch.ntasks_per_node}",
        f"#SBATCH --cpus-per-task={batch.cpus_per_task}",
        f"#SBATCH --mem-per-cpu={batch.mem_per_cpu}",
        f"#SBATCH --time={batch.time}",
        f"#SBATCH --output={_word(stem)}-%j.log",
        "#SBATCH --open-mode=append",
        "#SBATCH --requeue",
        "#SBATCH --signal=B:USR1@120",
    ]
    for name in ("partition", "account"):
        if value := getattr(batch, name):
            head.append(f"#SBATCH --{name}={value}")
    body = ["set -euo pipefail", f"cd {quote(str(job.parent))}", *batch.setup]
    body.append(f"PYTHON={quote(batch.python)}")
    words = " ".join(map(quote, (job.name, *batch.arguments)))
    run = f'"$PYTHON" -m oceandata run {words} --engine {batch.engine}'
    if batch.engine == "mpi":
        start = f'srun --mpi={batch.mpi} --kill-on-bad-exit=1 "$PYTHON" -m mpi4py'
        run = run.replace('"$PYTHON"', start, 1)
    if batch.engine == "dask":
        run += ' --scheduler-file "$meeting"'
    parts = ["\n".join(head), "\n".join(body), CACHE + WARM.rstrip()]
    if batch.engine == "dask":
        parts.append(DASK.rstrip())
    parts += [f"command=({run})", REQUEUE.rstrip()]
    parts.append('echo "ended with code $code"\nexit "$code"')
    return "\n\n".join(parts) + "\n"


def _word(text: str) -> str:
    """A name that #SBATCH lines take, which know no quotes."""
    return re.sub(r"[^A-Za-z0-9_.+-]", "_", text)
