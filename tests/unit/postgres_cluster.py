"""A server of PostgreSQL that tests start, kill and throw away; absent where its programs are."""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

SETTINGS = "-c listen_addresses='' -c max_connections=40 -c shared_buffers=16MB -c log_min_messages=panic"


class Cluster:
    """Settings as a careful administrator leaves them: what it commits is on the disk."""

    def __init__(self, programs: Path) -> None:
        self.programs = programs
        self.folder = Path(tempfile.mkdtemp(prefix="pyfe-pg-", dir="/tmp"))  # a short path: it holds a socket
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres")
        self.run("initdb", "-A", "trust", "-U", "postgres", "--no-sync", "-E", "UTF8")
        self.logs = 0
        self.start()

    def run(self, program: str, *arguments: str) -> None:
        """A program of the server, as the user who may: it refuses root."""
        become = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
        command = [*become, str(self.programs / program), "-D", str(self.folder / "data"), *arguments]
        plain = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}
        subprocess.run(command, check=True, cwd="/", env=plain, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def start(self, more: str = "") -> None:
        """Start, and wait until it answers."""
        self.run("pg_ctl", "-w", "-l", str(self.folder / "log"), "-o", f"-k {self.folder} {SETTINGS} {more}", "start")

    def stop(self, how: str = "immediate") -> None:
        """Stop; at once, as a crash does, or after its clients ("fast")."""
        self.run("pg_ctl", "-m", how, "-w", "stop")

    def url(self, schema: str = "public") -> str:
        """The address of a schema."""
        return f"postgresql://postgres@/postgres?host={self.folder}&options=-csearch_path%3D{schema}"

    def empty(self) -> str:
        """The address of a new schema: room for one log, and quicker made than a database."""
        self.logs += 1
        self.ask(f"CREATE SCHEMA log{self.logs}")
        return self.url(f"log{self.logs}")

    def ask(self, statement: str, url: str | None = None) -> None:
        """Run a statement, outside of a transaction."""
        import psycopg

        with psycopg.connect(url or self.url(), autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[call-overload]

    def remove(self) -> None:
        """Stop, and leave nothing."""
        with contextlib.suppress(subprocess.CalledProcessError):
            self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


@functools.cache
def why_absent() -> str:
    """What is missing for a server; empty where nothing is."""
    if not _programs():
        return "PostgreSQL: no initdb on this machine"
    if os.geteuid() == 0 and not shutil.which("setpriv"):
        return "PostgreSQL: as root it needs setpriv"
    try:
        import psycopg  # noqa: F401
    except ImportError:
        return "PostgreSQL: no psycopg in this environment"
    return ""


def _programs() -> Path | None:
    found = shutil.which("initdb")
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    every = [Path(found)] if found else versions
    return every[-1].resolve().parent if every else None


_running: list[Cluster] = []


def cluster() -> Cluster:
    """The one of this test process, started when it is asked for first. Skips by name where there can be none."""
    if why_absent():
        pytest.skip(why_absent())
    if not _running:
        programs = _programs()
        assert programs is not None
        _running.append(Cluster(programs))
    return _running[0]


def remove_all() -> None:
    """At the end of the tests."""
    while _running:
        _running.pop().remove()
