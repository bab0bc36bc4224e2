"""Shared by the scripts that build and run the native test runners outside Python: CMake, timeouts, tables."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
JOBS = int(os.environ.get("JOBS", "2"))


class Result(NamedTuple):
    """How a command ended; ``code`` is negative for a signal (-4 is SIGILL), 124 after a timeout."""

    code: int
    output: str
    seconds: float


def run(command: Sequence[str | Path], *, timeout: float = 600.0, env: dict[str, str] | None = None) -> Result:
    """Run a command, both of its streams as one text; never raises on failure."""
    start = time.perf_counter()
    try:
        done = subprocess.run(
            [str(part) for part in command],
            cwd=ROOT,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=timeout,
            text=True,
            errors="replace",
        )
    except subprocess.TimeoutExpired as late:
        text = late.stdout.decode(errors="replace") if isinstance(late.stdout, bytes) else ""
        return Result(124, text + f"\nstopped after {timeout:.0f} s", time.perf_counter() - start)
    return Result(done.returncode, done.stdout, time.perf_counter() - start)


def tool(name: str, package: str | None = None) -> str:
    """The path of a program: beside this Python first, then on PATH. Ends with the apt line when it is nowhere."""
    beside = Path(sys.executable).with_name(name)
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        remedy = f"apt-get install --no-install-recommends {package}" if package else "make install"
        sys.exit(f"{name} is not installed: {remedy}")
    return found


def build(folder: str, targets: Iterable[str], *defines: str) -> Path:
    """Configure and build some targets in build/<folder>; ends with the compiler's words when it fails."""
    where = ROOT / "build" / folder
    cmake = tool("cmake", "cmake")
    generator = ["-G", "Ninja"] if shutil.which("ninja") or Path(sys.executable).with_name("ninja").exists() else []
    configure: list[str | Path] = [cmake, "-S", ROOT, "-B", where, *generator, "-DPYFE_BUILD_PYTHON=OFF"]
    must(run([*configure, "-DPYFE_BUILD_TESTING=ON", *defines]), f"configuring build/{folder}")
    command: list[str | Path] = [cmake, "--build", where, "--parallel", str(JOBS), "--target", *targets]
    done = must(run(command, timeout=1800), f"building build/{folder}")
    print(f"built build/{folder} in {done.seconds:.0f} s", flush=True)
    return where


def must(result: Result, what: str) -> Result:
    """The result, or the end of the script when the command failed."""
    if result.code != 0:
        print(result.output)
        sys.exit(f"{what} failed ({result.code})")
    return result


def runner_sources() -> list[str]:
    """Names of the native test runners: one a file tests/native/test_*.cpp."""
    names = sorted(path.stem for path in (ROOT / "tests" / "native").glob("test_*.cpp"))
    if not names:
        sys.exit("no native runner: tests/native/test_*.cpp is empty")
    return names


def find_program(where: Path, name: str) -> Path:
    """An executable somewhere below a build folder."""
    hits = [path for path in where.rglob(name) if path.is_file() and os.access(path, os.X_OK)]
    if len(hits) != 1:
        sys.exit(f"{name}: {len(hits)} files of that name below {where.relative_to(ROOT)}")
    return hits[0]


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows as columns of equal width."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows)
