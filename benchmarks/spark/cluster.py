"""A Spark cluster of separate processes on this machine: a master and two workers, on 127.0.0.1, small."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

HOST: Final = "127.0.0.1"
_WORKERS: Final = 2
_SHORT: Final = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
_DEFAULTS: Final = {
    "spark.driver.host": HOST,
    "spark.driver.bindAddress": HOST,
    "spark.driver.memory": "768m",
    "spark.executor.memory": "512m",
    "spark.executor.cores": "1",
    "spark.ui.enabled": "false",
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.session.timeZone": "America/New_York",
    "spark.sql.files.maxPartitionBytes": "4m",
    # a short life on a busy machine: no second compiler, one thread that collects
    "spark.driver.extraJavaOptions": _SHORT,
    "spark.executor.extraJavaOptions": _SHORT,
    "spark.eventLog.compress": "false",
    # what is read in several stretches at once Spark does not count among the bytes that a task has read
    "spark.hadoop.parquet.hadoop.vectored.io.enabled": "false",
}


@dataclass(frozen=True)
class Cluster:
    """A running cluster: its master's URL, the process ids of its workers, and the folder of its event log."""

    master: str
    workers: tuple[int, ...]
    events: Path

    def kill_worker(self) -> tuple[int, ...]:
        """Kill the first worker and the executors that it started, without a chance to say so; give their ids."""
        worker = self.workers[0]
        ended = (worker, *children(worker))
        for pid in ended:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return ended


def children(parent: int) -> tuple[int, ...]:
    """Give the ids of the processes that a process started, and of those that they did."""
    found: list[int] = []
    for task in Path(f"/proc/{parent}/task").glob("*/children"):
        for pid in map(int, task.read_text().split()):
            found += [pid, *children(pid)]
    return tuple(found)


def cpu_seconds() -> float:
    """Give the seconds of one core that this process and all that it started have used, those that still run."""
    used = 0
    for pid in (os.getpid(), *children(os.getpid())):
        with contextlib.suppress(OSError):
            told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            used += int(told[11]) + int(told[12])
    return used / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def cluster(*, tells: bool = True) -> Iterator[Cluster]:
    """Start a cluster and set this process up to be its driver; end every process of it by its id at last.

    The session's time zone is New York's on purpose: nothing may depend on it. An event log is written where it
    ``tells``, for nearly as much of the driver's time as the queries of a small log.
    """
    import pyspark

    home = Path(pyspark.__file__).parent
    with tempfile.TemporaryDirectory(prefix="spark-") as text:
        folder = Path(text)
        events = folder / "events"
        events.mkdir()
        conf = {
            **_DEFAULTS,
            "spark.eventLog.enabled": str(tells).lower(),
            "spark.eventLog.dir": f"file://{events}",
            "spark.local.dir": str(folder / "local"),
        }
        (folder / "spark-defaults.conf").write_text("".join(f"{k} {v}\n" for k, v in conf.items()))
        ours = {
            "SPARK_DAEMON_JAVA_OPTS": _SHORT,
            "SPARK_CONF_DIR": str(folder), "SPARK_LOCAL_IP": HOST, "SPARK_DAEMON_MEMORY": "256m",
            "SPARK_HOME": str(home), "SPARK_WORKER_DIR": str(folder / "work"),
        }  # fmt: skip
        before = {name: os.environ.get(name) for name in ours}
        os.environ.update(ours)
        started: list[subprocess.Popen[bytes]] = []
        try:
            port, web = _free(), _free()
            master = f"spark://{HOST}:{port}"
            where = ["--host", HOST, "--port", str(port), "--webui-port", str(web)]
            started.append(_start(home, folder, "master.Master", where))
            _wait_for(port)
            for _ in range(_WORKERS):
                given = ["--host", HOST, "--webui-port", str(_free()), "--cores", "1", "--memory", "600m", master]
                started.append(_start(home, folder, "worker.Worker", given))
            yield Cluster(master, tuple(p.pid for p in started[1:]), events)
        finally:
            _end(started)
            for name, value in before.items():
                os.environ.pop(name, None)
                if value is not None:
                    os.environ[name] = value


def _start(home: Path, folder: Path, what: str, given: list[str]) -> subprocess.Popen[bytes]:
    command = [str(home / "bin" / "spark-class"), f"org.apache.spark.deploy.{what}", *given]
    with (folder / f"{what}.log").open("ab") as log:
        return subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=folder)


def _end(started: list[subprocess.Popen[bytes]]) -> None:
    """End what was started, and what that started, by id."""
    all_of_them = [pid for p in started for pid in (*children(p.pid), p.pid)] if Path("/proc").exists() else []
    for process in started:
        process.terminate()
    for process in started:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=20)
    for pid in all_of_them:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    for process in started:
        process.wait()


def _free() -> int:
    with socket.socket() as one:
        one.bind((HOST, 0))
        return int(one.getsockname()[1])


def _wait_for(port: int, seconds: float = 300) -> None:
    until = time.monotonic() + seconds
    while True:
        with contextlib.suppress(OSError), socket.create_connection((HOST, port), timeout=1):
            return
        if time.monotonic() > until:
            raise TimeoutError("the master did not start")
        time.sleep(0.2)
