"""The native runners under the sanitizers of gcc: sanitize.py [address|thread ...] [RUNNER ...], all by default.

``address`` is address, leak and undefined-behaviour checking in one build; ``thread`` is a build of its own. No
suppressions. A planted overflow and a planted race (a few lines, compiled here) must be reported, so that a silent
sanitizer cannot pass.
"""

from __future__ import annotations

import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import native

FLAGS = {"address": "address,undefined", "thread": "thread"}
ENVIRONMENT = {
    "address": {"ASAN_OPTIONS": "detect_leaks=1", "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1"},
    "thread": {"TSAN_OPTIONS": "halt_on_error=1:die_after_fork=0", "PYFE_NUM_THREADS": "4"},
}
PLANTS = {
    "address": ("runtime error", "int main(int n, char**) { int x = 0x7fffffff; x += n; return x == 0; }"),
    "thread": (
        "data race",
        "#include <thread>\nint x;\nint main() { std::thread t([] { ++x; }); ++x; t.join(); return x == 0; }",
    ),
}
BACKENDS = {"address": ("portable", "auto"), "thread": ("portable",)}
"""Other kernels are not instrumented and start no threads: for races they show what the portable ones do."""
TURNS = {"test_dlog", "test_group", "test_ring"}
"""Runners that take the backends in turn themselves."""


def main(words: list[str]) -> int:
    """Build and run each kind; 0 when every runner is clean and every plant is reported."""
    kinds, names = chosen(words)
    rows, failures = [("sanitizer", "runner", "backend", "seconds", "verdict")], 0
    for kind in kinds:
        where = native.build(f"sanitize-{kind}", names, f"-DPYFE_SANITIZE={FLAGS[kind]}")
        runs = [(name, b) for name in names for b in (("auto",) if name in TURNS else BACKENDS[kind])]
        runs.sort(key=lambda run: run[0] not in TURNS)  # the longest first: the others stand beside it
        programs = [native.find_program(where, name) for name, _ in runs]
        with ThreadPoolExecutor(native.JOBS) as pool:
            outcomes = list(pool.map(partial(run_one, kind), programs, [backend for _, backend in runs]))
        for (name, backend), done in zip(runs, outcomes, strict=True):
            failures += done.code != 0
            verdict = "ok" if done.code == 0 else f"FAILED ({done.code})"
            rows.append((kind, name, backend, f"{done.seconds:.1f}", verdict))
        caught = plant_is_caught(kind)
        failures += not caught
        rows.append((kind, "planted bug", "", "", "reported" if caught else "FAILED: not reported"))
    print(native.table(rows))
    print(f"\nsanitizers: {len(rows) - 1 - failures} passed, {failures} failed")
    return int(failures > 0)


def chosen(words: list[str]) -> tuple[list[str], list[str]]:
    """Kinds and runners among the arguments: where there are none of either, all of them."""
    runners = native.runner_sources()
    unknown = [word for word in words if word not in FLAGS and word not in runners]
    if unknown:
        sys.exit(f"{unknown[0]}: not one of {', '.join([*FLAGS, *runners])}")
    return [k for k in FLAGS if k in words] or list(FLAGS), [r for r in runners if r in words] or runners


def run_one(kind: str, program: Path, backend: str) -> native.Result:
    """One runner; its output is shown when it fails."""
    done = native.run([program], timeout=900, env={**ENVIRONMENT[kind], "PYFE_BACKEND": backend})
    if done.code != 0:
        print(f"--- {kind} {program.name} ({backend})\n{done.output}")
    return done


def plant_is_caught(kind: str) -> bool:
    """Compile the planted bug with the same flags and look for the sanitizer's words."""
    words, source = PLANTS[kind]
    with tempfile.TemporaryDirectory() as folder:
        file, program = Path(folder, "plant.cpp"), Path(folder, "plant")
        file.write_text(source)
        flags = [f"-fsanitize={FLAGS[kind]}", "-fno-sanitize-recover=all", "-pthread", "-O0"]
        native.must(native.run([native.tool("g++", "g++"), *flags, file, "-o", program]), "compiling the planted bug")
        done = native.run([program], env=ENVIRONMENT[kind])
    return done.code != 0 and words in done.output


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
