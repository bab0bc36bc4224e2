"""The native runners on other CPU models, by qemu's user emulation.

Nehalem is the plain x86-64 baseline: no AVX, no BMI, so an instruction that escaped into portable code dies there
(SIGILL). ``max`` has everything qemu can do (mulx, adx, AVX2). qemu has no AVX-512: there the dispatch must choose the
portable backend, and asking for the other one by name must be refused with words, not with a signal.

The tests of forking are left out (PYFE_TEST_NO_FORK): in a child of a process with threads this emulator stops on an
assertion of its own as soon as the child starts a thread. They run natively, and under the sanitizers.
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import native

MODELS = ("Nehalem", "max")


def main() -> int:
    """Build once, run every runner on every model; 0 when all pass."""
    qemu = native.tool("qemu-x86_64", "qemu-user")
    where = native.build("qemu", native.runner_sources())
    rows, failures = [("model", "runner", "seconds", "verdict")], 0
    for model in MODELS:
        for name in native.runner_sources():
            verdict, seconds = run_one(qemu, model, native.find_program(where, name))
            failures += verdict != "ok"
            rows.append((model, name, f"{seconds:.1f}", verdict))
    print(native.table(rows))
    print(f"\nqemu: {len(rows) - 1 - failures} passed, {failures} failed")
    return int(failures > 0)


def run_one(qemu: str, model: str, program: Path) -> tuple[str, float]:
    """The verdict on one runner, and its seconds."""
    done = native.run([qemu, "-cpu", model, program], timeout=1800, env={"PYFE_TEST_NO_FORK": "1"})
    if done.code == 0:
        return "ok", done.seconds
    print(f"--- {model} {program.name}\n{done.output}")
    illegal = done.code in (-signal.SIGILL, 128 + signal.SIGILL)
    return ("FAILED: illegal instruction" if illegal else f"FAILED ({done.code})"), done.seconds


if __name__ == "__main__":
    sys.exit(main())
