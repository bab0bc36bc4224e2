"""The C ABI under the sanitizers: embed_sanitized.py [address|thread|go ...], all by default.

Ten to the fifth calls from eight threads that share all objects, by tests/native/capi_threads.cpp with the library
built for address, leak and undefined-behaviour checking, and for races; and by the client in Go, whose own race
detector and address checking run with the library as it ships. No suppressions. The plants of scripts/sanitize.py show
that these sanitizers report.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from embed import AbsentError, go_build
from embed_cases import WHERE, Case, cases, install, library, table
from sanitize import ENVIRONMENT, FLAGS

import native

CALLS = 100_000
GO = {"race": ("-race", "thread"), "asan": ("-asan", "address")}


def main(kinds: list[str]) -> int:
    """Build and run each kind; 0 when all are clean."""
    rows, failures = [("sanitizer", "client", "seconds", "verdict")], 0
    with tempfile.TemporaryDirectory() as kept:
        given = cases(Path(kept))[1:]  # the small ones
        for kind in kinds or [*FLAGS, "go"]:
            if kind == "go":
                found = [in_go(flag, given[0], Path(kept)) for flag in GO]
            elif kind in FLAGS:
                found = [in_cpp(kind, given, Path(kept))]
            else:
                sys.exit(f"{kind}: not one of {', '.join(FLAGS)}, go")
            failures += sum(row[-1].startswith("FAILED") for row in found)
            rows += found
    return table(rows, failures)


def in_cpp(kind: str, given: list[Case], kept: Path) -> tuple[str, str, str, str]:
    """Eight threads, and a pool of four beside them. Without the emulated lanes, whose memory the runners check."""
    prefix = install(WHERE.with_name(f"embed-{kind}"), f"-DPYFE_SANITIZE={FLAGS[kind]}", "-DCMAKE_BUILD_TYPE=Release")
    folder, program = library(prefix).parent, kept / f"threads-{kind}"
    flags = [f"-fsanitize={FLAGS[kind]}", "-fno-sanitize-recover=all", "-std=c++20", "-O1", "-g1", "-pthread"]
    paths = [f"-I{prefix / 'include'}", f"-L{folder}", "-lpyfe", f"-Wl,-rpath,{folder}"]
    source = native.ROOT / "tests" / "native" / "capi_threads.cpp"
    native.must(native.run([native.tool("g++", "g++"), *flags, source, *paths, "-o", program]), "compiling the client")
    arguments: list[str | Path] = []
    for case in given:
        arguments += [case.public_key, case.function_key, case.batch, case.signer or "-"]
    environment = {**ENVIRONMENT[kind], "PYFE_NUM_THREADS": "4", "PYFE_BACKEND": "portable"}
    return (kind, "C++", *judged(native.run([program, str(CALLS), *arguments], timeout=3600, env=environment)))


def in_go(flag: str, case: Case, kept: Path) -> tuple[str, str, str, str]:
    """Eight goroutines."""
    option, kind = GO[flag]
    try:
        command = go_build(install(WHERE), kept / f"score-{flag}", option)
    except AbsentError as absent:
        return (option, "Go", "", f"not run: {absent}")
    done = native.run([*command, "-calls", str(CALLS), *case.arguments], timeout=3600, env=ENVIRONMENT[kind])
    return (option, "Go", *judged(done))


def judged(done: native.Result) -> tuple[str, str]:
    """Seconds and verdict; the words of a failure are shown."""
    if done.code != 0:
        print(done.output[-6000:])
    return f"{done.seconds:.0f}", done.output.strip().splitlines()[-1] if done.code == 0 else f"FAILED ({done.code})"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
