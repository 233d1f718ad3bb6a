"""A Slurm of one node on this machine, for as long as the tests that use it run.

It needs Debian's ``slurm-wlm`` and ``munge``, and root. Ports are free ones, files lie in a folder
of the tests, and what is stopped in the end is what was started here.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

_PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scontrol", "sinfo")
_SBIN = "/usr/sbin"
PARTITION = "small"
_CONFIGURATION = """\
ClusterName=tests
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
SlurmctldPort={controller}
SlurmdPort={daemon}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=5
CredType=cred/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/builtin
SchedulerParameters=sched_interval=1,batch_sched_delay=0
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobRequeue=1
ReturnToService=2
KillWait=5
MinJobAge=600
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory={memory} State=UNKNOWN
PartitionName={partition} Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


@dataclass(frozen=True)
class Slurm:
    """A cluster that takes jobs.

    Attributes
    ----------
    folder : of its files.
    """

    folder: Path

    def run(self, *words: str) -> str:
        """What a command of Slurm prints."""
        return subprocess.run(words, check=True, capture_output=True, text=True, timeout=60).stdout

    @property
    def log(self) -> str:
        """What its parts have said, for a test that fails."""
        return "".join(
            f"--- {path.name}\n{path.read_text('utf-8', 'replace')[-3000:]}"
            for path in sorted(self.folder.glob("*.log"))
        )


@pytest.fixture(scope="session")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slurm]:
    """A Slurm of one node, which commands of these tests find by SLURM_CONF."""
    path = f"{os.environ.get('PATH', '')}:{_SBIN}"
    missing = [name for name in _PROGRAMS if shutil.which(name, path=path) is None]
    if missing:
        pytest.skip(f"needs Slurm and munge of Debian: there is no {', '.join(missing)}")
    if os.geteuid() != 0:
        pytest.skip("needs root, to start a Slurm")
    folder = tmp_path_factory.mktemp("slurm")
    started: list[subprocess.Popen[bytes]] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", path)
        for name in [name for name in os.environ if name.startswith(("SLURM_", "SBATCH_"))]:
            patch.delenv(name)
        patch.setenv("SLURM_CONF", str(folder / "slurm.conf"))
        try:
            _start(folder, started)
            yield Slurm(folder)
        finally:
            _stop(started)


def _start(folder: Path, started: list[subprocess.Popen[bytes]]) -> None:
    """Start the parts, each when the one before it answers."""
    for name in ("state", "spool"):
        (folder / name).mkdir()
    folder.chmod(0o755)
    key = folder / "munge.key"
    key.write_bytes(secrets.token_bytes(1024))
    key.chmod(0o400)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    controller, daemon = _free_ports(2)
    (folder / "slurm.conf").write_text(
        _CONFIGURATION.format(
            host=socket.gethostname().partition(".")[0],
            controller=controller,
            daemon=daemon,
            folder=folder,
            cpus=os.cpu_count(),
            memory=memory // 2,
            partition=PARTITION,
        )
    )
    munged = [
        "munged", "--foreground", "--force", f"--key-file={key}",
        f"--socket={folder}/munge.socket", f"--pid-file={folder}/munge.pid",
        f"--log-file={folder}/munge.log", f"--seed-file={folder}/munge.seed",
    ]  # fmt: skip
    _run(munged, folder, started)
    _until(lambda: (folder / "munge.socket").exists(), folder, "munged")
    _run(["slurmctld", "-D", "-f", f"{folder}/slurm.conf"], folder, started)
    _until(lambda: _says(["scontrol", "ping"], "UP"), folder, "slurmctld")
    _run(["slurmd", "-D", "-f", f"{folder}/slurm.conf"], folder, started)
    _until(lambda: _says(["sinfo", "-h", "-o", "%T"], "idle"), folder, "slurmd")


def _run(words: Sequence[str], folder: Path, started: list[subprocess.Popen[bytes]]) -> None:
    with (folder / f"{words[0]}.out.log").open("wb") as out:
        started.append(
            subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
            )
        )


def _stop(started: Sequence[subprocess.Popen[bytes]]) -> None:
    """Cancel what runs, then end each part, the last one first."""
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        subprocess.run(["scancel", "--user=root"], timeout=10, capture_output=True)
        time.sleep(0.5)
    for process in reversed(started):
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _until(check: object, folder: Path, name: str) -> None:
    assert callable(check)
    end = time.monotonic() + 30
    while not check():
        if time.monotonic() > end:
            pytest.fail(f"{name} does not answer:\n{Slurm(folder).log}")
        time.sleep(0.1)


def _says(words: Sequence[str], text: str) -> bool:
    found = subprocess.run(words, capture_output=True, text=True, timeout=20)
    return text in found.stdout


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
