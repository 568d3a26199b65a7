"""A Spark to work in (floor 2): the session that is there, or one of our own, told where Spark runs.

Nothing is set on a session that is there already. One that is started here speaks to nobody but its master, keeps its
chatter out of the terminal, and ends with the process.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any, Final

from toolkit.errors import LogError

_EXTRA: Final = "pip install 'ml-postmortem[spark]'"
_PORTS: Final = {"spark": 7077, "sc": 15002}
#: Seconds that a master has to answer, and a cluster to give the first executor.
_ANSWER: Final = 5.0
_EXECUTOR: Final = 90.0


def session(master: str = "", memory_mb: int | None = None) -> Any:
    """Give a ``SparkSession``.

    Args:
        master: where Spark runs: ``local[2]``, ``spark://host:7077``, ``sc://host:15002`` (Spark Connect), ``yarn``.
            By default the session of this process, else what SPARK_REMOTE or MASTER name, what spark-submit or
            spark-defaults.conf say, or this machine.
        memory_mb: memory of the driver, where it is started here.

    Raises:
        LogError: Spark is not installed, there is no Java, or nothing answers; the message says what to do.

    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            from pyspark.errors import PySparkException
            from pyspark.sql import SparkSession
    except ImportError:
        raise LogError("Spark is not installed", fix=_EXTRA) from None
    there = SparkSession.getActiveSession()
    if there is not None:
        return _same(there, master)
    master = master or os.environ.get("SPARK_REMOTE", "") or os.environ.get("MASTER", "")
    _refuse_silent(master)
    try:
        if master.startswith("sc://"):
            return SparkSession.builder.remote(master).getOrCreate()
        return _start(master, memory_mb)
    except (PySparkException, ImportError) as error:
        said = str(error).strip().split("\n", 1)[0][:300]
        fix = "pip install 'pyspark[connect]'" if isinstance(error, ImportError) else "check the master"
        raise LogError(f"Spark cannot be reached: {said}", where=master, fix=fix) from None


def _same(there: Any, master: str) -> Any:
    """Give the session of this process; there is one Spark a process, so another master is refused."""
    conf = there.conf.get("spark.master", "") if master else ""
    if master and not master.startswith("sc://") and conf != master:
        raise LogError(f"this process works with Spark at {conf} already", where=master, fix="leave the master out")
    return there


def _refuse_silent(master: str) -> None:
    """See that a master that is named by host and port answers: Spark would try for a minute or more.

    Raises:
        LogError: none of its hosts does.

    """
    scheme, _, rest = master.partition("://")
    if scheme not in _PORTS:
        return
    hosts = rest.split("/", 1)[0].split(",")
    for host in hosts:
        name, _, port = host.partition(":")
        try:
            with socket.create_connection((name, int(port or _PORTS[scheme])), timeout=_ANSWER):
                return
        except (OSError, ValueError):
            continue
    raise LogError("nothing answers at the master of Spark", where=master, fix="check host and port, or start it")


def _start(master: str, memory_mb: int | None) -> Any:
    """Start the driver in a JVM of our own and give its session."""
    from pyspark import SparkConf, SparkContext
    from pyspark.java_gateway import launch_gateway
    from pyspark.sql import SparkSession

    given = {"spark.app.name": "ml-postmortem", "spark.ui.showConsoleProgress": "false"}
    if master:
        given["spark.master"] = master
    if not master or master.startswith("local"):
        given |= {
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.host": "127.0.0.1",
            "spark.ui.enabled": "false",
        }
    if memory_mb:
        given |= {"spark.driver.memory": f"{max(memory_mb, 512)}m", "spark.driver.maxResultSize": f"{memory_mb // 2}m"}
    conf = SparkConf(loadDefaults=False).setAll(list(given.items()))
    _refuse_no_java()
    with tempfile.TemporaryFile() as chatter:
        loud = "POSTMORTEM_DEBUG" in os.environ
        try:
            # a JVM that served a session which is over serves the next one
            quiet = None if loud else {"stdout": chatter, "stderr": chatter}
            gateway = SparkContext._gateway or launch_gateway(conf=conf, popen_kwargs=quiet)
            context = SparkContext(conf=conf, gateway=gateway)
        except Exception as error:  # noqa: BLE001  what Py4J throws depends on how far the JVM came
            chatter.seek(0)
            said = f"Spark does not start: {_why(error, chatter.read())}"
            raise LogError(said, where=master, fix="POSTMORTEM_DEBUG=1 shows all that Spark says") from None
    context.setLogLevel("OFF")
    if str(context.master).startswith("spark://"):
        _wait_for_executor(context)
    return SparkSession(context)


def find_java() -> Path | None:
    """Find the Java that Spark would start: JAVA_HOME's, else the one on the path; ``None`` where there is none."""
    home = os.environ.get("JAVA_HOME")
    found = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    return Path(found) if found is not None and Path(found).exists() else None


def _refuse_no_java() -> None:
    if find_java() is None and "PYSPARK_GATEWAY_PORT" not in os.environ:
        raise LogError(
            "Spark needs Java 17 or newer, and there is none",
            where=os.environ.get("JAVA_HOME") or "PATH",
            fix="install a Java runtime of 17 or newer and set JAVA_HOME",
        )


def _why(error: Exception, chatter: bytes) -> str:
    """Find the line that says why, in the error or in what the JVM wrote."""
    lines = [*str(error).splitlines(), *chatter.decode(errors="replace").splitlines()]
    said = [line.strip() for line in lines if re.search(r"Exception: |Error: |Unsupported|[Uu]nresponsive", line)]
    return (said or [line for line in lines if line.strip()] or [type(error).__name__])[0][:300]


def _wait_for_executor(context: Any) -> None:
    """Wait for the first executor: without one Spark would wait for ever and say nothing.

    Raises:
        LogError: none came.

    """
    until = time.monotonic() + _EXECUTOR
    while context._jsc.sc().getExecutorMemoryStatus().size() < 2:  # the driver is one of them
        if time.monotonic() > until:
            context.stop()
            raise LogError(
                "no worker of the cluster gave an executor",
                where=str(context.master),
                fix="see that workers run and have spark.executor.memory and a core free",
            )
        time.sleep(0.2)
