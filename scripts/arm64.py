"""aarch64 on this machine, by qemu's user emulation: arm64.py [--runners] [--wheel WHEEL]

--runners: the native test runners, compiled by the wheels' compiler, must pass. --wheel: the wheel is installed beside
an arm64 Python, `pyfe doctor` must be content, and three roles must score, with the files of each role made on one CPU
and read on the other, both ways. Without either, both, with the wheel of dist/.

The arm64 Python is Debian 12's: debootstrap's first stage fetches the packages, `dpkg -x` lays them out (build/arm64,
300 MB); no root, chroot or binfmt is needed. The tests of forking are left out as in qemu.py.
"""

from __future__ import annotations

import argparse
import itertools
import shutil
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import native
import zig

ARM = zig.PLATFORMS["aarch64"]
ROOT = native.ROOT / "build" / "arm64"
MIRROR = "http://deb.debian.org/debian"
PYTHON = "3.11"
PLATFORMS = ("manylinux_2_34", "manylinux_2_28", "manylinux_2_27", "manylinux_2_26", "manylinux_2_17", "manylinux2014")
"""Tags of wheels that Debian 12's C library (2.36) runs."""


def emulated(*command: str | Path, env: dict[str, str] | None = None, timeout: float = 600) -> native.Result:
    """A program of the other CPU, with the C library of the laid-out Debian."""
    qemu = native.tool("qemu-aarch64", "qemu-user")
    return native.run([qemu, "-L", ROOT, *command], env=env, timeout=timeout)


def laid_out() -> Path:
    """The interpreter of the arm64 Debian; fetched and unpacked when it is not there."""
    python = ROOT / "usr" / "bin" / f"python{PYTHON}"
    if not python.exists():
        shutil.rmtree(ROOT, ignore_errors=True)
        kind = ["--arch=arm64", "--foreign", "--variant=minbase", "--include=python3,python3-venv"]
        command: list[str | Path] = [native.tool("debootstrap", "debootstrap"), *kind, "bookworm", ROOT, mirror()]
        native.must(native.run(command, timeout=1800), "fetching an arm64 Debian")
        for package in sorted((ROOT / "var" / "cache" / "apt" / "archives").glob("*.deb")):
            native.must(native.run(["dpkg", "-x", package, ROOT]), f"unpacking {package.name}")
    return python


def mirror() -> str:
    """This machine's own package source, so that a mirror is respected."""
    sources = Path("/etc/apt/sources.list.d/debian.sources")
    lines = sources.read_text().splitlines() if sources.exists() else []
    named = [line.split()[1] for line in lines if line.startswith("URIs:") and "security" not in line]
    return named[0] if named else MIRROR


def runners() -> int:
    """Every native runner; how many failed."""
    laid_out()
    where = native.build("arm64-runners", native.runner_sources(), *zig.words(ARM))
    programs = [native.find_program(where, name) for name in native.runner_sources()]
    with ThreadPoolExecutor(native.JOBS) as pool:
        done = list(pool.map(lambda program: emulated(program, env={"PYFE_TEST_NO_FORK": "1"}, timeout=3000), programs))
    rows = [("runner", "seconds", "verdict")]
    for program, result in zip(programs, done, strict=True):
        if result.code != 0:
            print(f"--- {program.name}\n{result.output}")
        rows.append((program.name, f"{result.seconds:.1f}", "ok" if result.code == 0 else f"FAILED ({result.code})"))
    print(native.table(rows))
    failed = sum(result.code != 0 for result in done)
    print(f"\narm64 runners: {len(done) - failed} passed, {failed} failed")
    return failed


def wheel(path: Path) -> int:
    """The doctor and the roles on the other CPU; 1 when something is wrong."""
    python = laid_out()
    with tempfile.TemporaryDirectory() as name:
        site = Path(name, "site")
        pip: list[str | Path] = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
        tags = [f"--platform={tag}_{ARM.machine}" for tag in PLATFORMS]
        kind = [f"--python-version={PYTHON}", "--implementation=cp", "--only-binary=:all:"]
        native.must(
            native.run([*pip, "install", "--target", site, *tags, *kind, path], timeout=1200), f"installing {path.name}"
        )
        there = {"PYTHONPATH": str(site), "PYTHONDONTWRITEBYTECODE": "1"}
        done = native.must(emulated(python, "-P", "-m", "pyfe", "doctor", env=there), "pyfe doctor on aarch64")
        print(done.output)
        script = native.ROOT / "scripts" / "three_roles.py"
        here: list[str | Path] = [sys.executable, script]
        for number, first in enumerate(("x86_64", "aarch64")):
            files = Path(name, f"files{number}")
            files.mkdir()
            turns = zip(("authority", "hospital", "cloud"), itertools.cycle((number, 1 - number)), strict=False)
            for role, other in turns:
                played = (
                    emulated(python, script, role, files, env=there)
                    if other
                    else native.run([*here, role, files], env={"PYTHONPATH": str(native.ROOT)})
                )
                native.must(played, f"{role} on {'aarch64' if other else 'x86_64'}")
            print(f"authority and cloud on {first}, hospital on the other:\n{played.output.strip()}")
    return 0


def main(arguments: Sequence[str]) -> int:
    """What was asked for; 0 when all is as it must be."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--runners", action="store_true")
    parser.add_argument("--wheel", type=Path)
    options = parser.parse_args(arguments)
    both = not options.runners and options.wheel is None
    failed = runners() if options.runners or both else 0
    if options.wheel is not None or both:
        found = sorted((native.ROOT / "dist").glob(f"*cp311*{ARM.machine}.whl"))
        path = options.wheel or (found[-1] if found else None)
        if path is None:
            sys.exit("no aarch64 wheel in dist/: python scripts/wheels.py --machine aarch64 --python 3.11")
        failed += wheel(path)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
