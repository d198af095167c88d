"""A private Slurm of two nodes on this machine, for tests.

Everything lies in one temporary folder: configuration, munge key and socket, spool,
logs; ports are free ones. Neither ``/etc/slurm`` nor a munge of the system is touched.
Start one by hand with ``python tests/slurm_local.py``: it prints the variable to set
and stops at the end of its input.
"""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

INSTALL = (
    "no Slurm: apt-get install -y --no-install-recommends "
    "slurmctld slurmd slurm-client munge"
)
PROGRAMS = ("slurmctld", "slurmd", "munged", "sbatch", "srun", "sinfo", "scontrol")
ENDED = ("COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL", "OUT_OF_MEMORY")

CONF = """\
ClusterName=local
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ctld}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket={root}/munge/munge.socket
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/backfill
SchedulerParameters=bf_interval=1,sched_interval=1
SlurmdParameters=config_overrides
ReturnToService=2
SlurmctldPidFile={root}/slurmctld.pid
SlurmdPidFile={root}/slurmd.%n.pid
StateSaveLocation={root}/state
SlurmdSpoolDir={root}/spool.%n
SlurmctldLogFile={root}/log/slurmctld.log
SlurmdLogFile={root}/log/slurmd.%n.log
SlurmctldTimeout=30
SlurmdTimeout=300
KillWait=3
MinJobAge=300
"""
NODE = (
    "NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs={cpus} "
    "Boards=1 SocketsPerBoard=1 CoresPerSocket={cpus} ThreadsPerCore=1 "
    "RealMemory=64000 State=UNKNOWN\n"
)


# Each node gets a /dev/shm of its own, as two machines have: MPICH names its segments
# there after the job's number, and one left by a killed job stops its namesake.
_OWN_MEMORY = ("unshare", "-m", "sh", "-c")
_OWN_MEMORY += ('mount -t tmpfs tmpfs /dev/shm; exec "$@"', "sh")


class NoSlurm(RuntimeError):
    """Slurm is not installed, or does not start here; the message says why."""


class LocalSlurm:
    """Slurm's daemons with two nodes of four cores, whatever the machine has."""

    def __init__(self, nodes: int = 2, cpus: int = 4):
        # short, since the path of a socket has at most 108 characters
        self.root = Path(tempfile.mkdtemp(prefix="ods-", dir="/tmp"))
        self.nodes, self.cpus = nodes, cpus
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("SLURM_")}
        self.env["SLURM_CONF"] = str(self.root / "slurm.conf")
        self.env["PATH"] = _path()
        self._requeued: dict[str, float] = {}  # when a job was first seen to wait

    def __enter__(self) -> LocalSlurm:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start munge, the controller and the nodes, or raise :class:`NoSlurm`."""
        if [name for name in PROGRAMS if not shutil.which(name, path=_path())]:
            raise NoSlurm(INSTALL)
        if os.getuid() != 0:
            raise NoSlurm("slurmd runs jobs as their user, for which it must be root")
        self._configure()
        munge = self.root / "munge"
        files = {"key-file": "munge.key", "socket": "munge.socket"}
        files |= {"pid-file": "munged.pid", "log-file": "munged.log"}
        files |= {"seed-file": "munged.seed"}
        options = [f"--{name}={munge / file}" for name, file in files.items()]
        self.call("munged", "--force", *options)
        self.call("slurmctld", "-i")
        for name in self._names():
            try:
                self.call(*_OWN_MEMORY, "slurmd", "-N", name)
            except NoSlurm as error:
                raise NoSlurm(f"{error}; slurmd needs the rights of root") from error
        deadline = time.monotonic() + 20
        while self.idle() < self.nodes:
            if time.monotonic() > deadline:
                raise NoSlurm(f"the nodes of Slurm do not come up: {self._logs()}")
            time.sleep(0.1)

    def idle(self) -> int:
        """Number of idle nodes."""
        command = ["sinfo", "-h", "-t", "idle", "-o", "%D"]
        done = subprocess.run(command, env=self.env, capture_output=True, text=True)
        return int(done.stdout.strip() or 0)

    def _names(self) -> list[str]:
        return [f"n{k + 1}" for k in range(self.nodes)]

    def _configure(self) -> None:
        for name in ("munge", "log", "state", *(f"spool.{n}" for n in self._names())):
            (self.root / name).mkdir()
        for folder in (self.root, self.root / "munge"):
            folder.chmod(0o755)
        key = self.root / "munge" / "munge.key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o400)
        host = socket.gethostname().partition(".")[0]
        first, *ports = free_ports(1 + self.nodes)
        user = _user()
        text = CONF.format(host=host, ctld=first, root=self.root, user=user)
        for name, port in zip(self._names(), ports, strict=True):
            text += NODE.format(name=name, host=host, port=port, cpus=self.cpus)
        text += f"PartitionName=test Nodes=n[1-{self.nodes}] Default=YES State=UP\n"
        Path(self.env["SLURM_CONF"]).write_text(text)

    def call(self, *command: str, timeout: float = 60) -> str:
        """Standard output of a command of Slurm; :class:`NoSlurm` if it fails."""
        done = subprocess.run(
            command, env=self.env, capture_output=True, text=True, timeout=timeout
        )
        if done.returncode:
            raise NoSlurm(f"{command[0]} failed: {done.stderr.strip()[-500:]}")
        return done.stdout.strip()

    def submit(self, script: Path, *options: str, folder: Path, **env: str) -> str:
        """The number of a job made of a script, or its array's."""
        done = subprocess.run(
            ["sbatch", "--parsable", *options, str(script)],
            env=self.env | env,
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip().partition(";")[0]

    def states(self, job: str) -> list[str]:
        """States of a job, or of each task of an array."""
        lines = self.call("scontrol", "show", "job", "-o", job).splitlines()
        return [_field(line, "JobState") for line in lines]

    def wait(self, job: str, timeout: float = 240) -> list[str]:
        """The states of a job when it has ended; it is cancelled at the deadline."""
        deadline = time.monotonic() + timeout
        while True:
            self.hurry(job)
            states = self.states(job)
            if all(state in ENDED for state in states):
                return states
            if time.monotonic() > deadline:
                self.call("scancel", job)
                raise TimeoutError(f"job {job} is {states} after {timeout} s")
            time.sleep(0.2)

    def hurry(self, job: str) -> None:
        """Let a requeued job start in five seconds: Slurm would wait two minutes.

        Sooner a node may refuse it, since it holds the job for ended ("credential
        revoked").
        """
        if "Reason=BeginTime" not in self.call("scontrol", "show", "job", "-o", job):
            self._requeued.pop(job, None)
        elif time.monotonic() > self._requeued.setdefault(job, time.monotonic()) + 5:
            self.call("scontrol", "update", f"JobId={job}", "StartTime=now")

    def stop(self) -> None:
        """End jobs and daemons, and remove the folder."""
        with contextlib.suppress(NoSlurm, OSError, subprocess.TimeoutExpired):
            self.call("scancel", "--user", _user(), timeout=5)
        files = [*self.root.glob("slurmd.*.pid"), self.root / "slurmctld.pid"]
        _end([*files, self.root / "munge" / "munged.pid"])
        shutil.rmtree(self.root, ignore_errors=True)

    def _logs(self) -> str:
        texts = [p.read_text(errors="replace") for p in self.root.glob("log/*.log")]
        return " | ".join(text[-300:] for text in texts)


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on at this moment."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def fixture():
    """The body of a fixture: a running Slurm, or a skip that says what to do."""
    import pytest

    local = LocalSlurm()
    try:
        local.start()
    except NoSlurm as error:
        local.stop()
        pytest.skip(str(error))
    except BaseException:
        local.stop()
        raise
    yield local
    local.stop()


@functools.cache
def _user() -> str:
    import pwd

    return pwd.getpwuid(os.getuid()).pw_name


def _path() -> str:
    """The search path with this Python's programs first and the daemons' folders."""
    return os.pathsep.join(
        [str(Path(sys.executable).parent), os.environ["PATH"], "/usr/sbin", "/sbin"]
    )


def _field(line: str, name: str) -> str:
    return line.partition(f"{name}=")[2].split(maxsplit=1)[0]


def _end(pid_files: list[Path]) -> None:
    """End the processes that files name; nothing of theirs will be read again."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        for file in pid_files:
            with contextlib.suppress(OSError, ValueError):
                os.kill(int(file.read_text()), number)
        time.sleep(1)


if __name__ == "__main__":
    with LocalSlurm() as running:
        print(f"export SLURM_CONF={running.env['SLURM_CONF']}", flush=True)
        sys.stdin.read()
