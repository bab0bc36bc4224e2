"""Constant-time check: the native runner under valgrind, with every secret marked as undefined memory.

Memcheck then reports each branch and each address that depends on a secret (the method of ctgrind). A clean case must
give no report; a planted leak must give a report that names the planted function, so that a silent checker cannot
pass. Valgrind cannot run AVX-512 and hides it from the CPU test, so the check runs the emulated instantiation of the
same lane templates. The places where a secret is declared public are counted and listed: at most 15.

`ctime.py` checks what this machine's compiler makes, `ctime.py --zig` what that of the wheels does: a compiler may turn
a masked choice into a jump, and another one need not.
"""

from __future__ import annotations

import re
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import native
import zig

MOST_DECLASSIFIED = 15
REPORT = 9  # what valgrind exits with when it reported something


def main(arguments: list[str]) -> int:
    """Build, run every case, print a table; 0 when all is as it must be."""
    if arguments not in ([], ["--zig"]):
        sys.exit(f"ctime: {' '.join(arguments)}: --zig or nothing")
    valgrind = native.tool("valgrind", "valgrind")
    folder, compiler = ("ctime-zig", zig.checked()) if arguments else ("ctime", [])
    runner = native.find_program(native.build(folder, ["ctime_runner"], "-DPYFE_CTCHECK=ON", *compiler), "ctime_runner")
    rows, failures = [("case", "expected", "seconds", "verdict")], 0
    with ThreadPoolExecutor(native.JOBS) as pool:
        for row, passed in pool.map(lambda case: check(valgrind, runner, *case), cases(runner)):
            rows.append(row)
            failures += not passed
    print(native.table(rows))
    places = declassified()
    print(f"\ndeclassified places: {len(places)} (at most {MOST_DECLASSIFIED})")
    print("\n".join(f"  {path.relative_to(native.ROOT)}:{line}  {text}" for path, line, text in places))
    failures += len(places) > MOST_DECLASSIFIED
    print(f"\nctime: {len(rows) - 1 - failures} passed, {failures} failed")
    return int(failures > 0)


def cases(runner: Path) -> list[tuple[str, str]]:
    """(name, function that must be reported, or "" for a clean case), as the runner lists them."""
    listed = native.must(native.run([runner, "--list"]), "ctime_runner --list").output.split("\n")
    words = [line.split() for line in listed if line.strip()]
    out = [(w[1], w[2] if w[0] == "plant" else "") for w in words]
    for kind in ("clean", "plant"):
        if not any(w[0] == kind for w in words):
            sys.exit(f"ctime_runner --list names no {kind} case: the check would prove nothing")
    return out


def check(valgrind: str, runner: Path, name: str, plant: str) -> tuple[tuple[str, str, str, str], bool]:
    """One case: its row of the table, and whether it is as it must be."""
    done = native.run([valgrind, "-q", f"--error-exitcode={REPORT}", runner, name], timeout=900)
    reports = len(re.findall(r"depends on uninitialised|Use of uninitialised|points to uninitialised", done.output))
    if plant:
        passed = done.code == REPORT and re.search(rf"\b{re.escape(plant)}\b", done.output) is not None
    else:
        passed = done.code == 0 and "==" not in done.output
    verdict = f"{'ok' if passed else 'FAILED'}, {reports} reports" + (f" (exit {done.code})" if not passed else "")
    if not passed:
        print(f"--- {name}\n{done.output}")
    expected = f"a report in {plant}" if plant else "no report"
    return (name, expected, f"{done.seconds:.1f}", verdict), passed


def declassified() -> list[tuple[Path, int, str]]:
    """Every call of declassify() in the core: file, line, text. Its definition is not a call."""
    out = []
    for path in sorted((native.ROOT / "csrc").rglob("*")):
        if path.suffix not in {".cpp", ".hpp"} or path.name == "ctcheck.hpp":
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if re.search(r"\bdeclassify\(", line) and not line.lstrip().startswith("//"):
                out.append((path, number, line.strip()))
    return out


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
