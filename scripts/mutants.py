"""Does a test notice? ``mutants.py [leakage|authority] [--count 400] [--seed 1] [--minutes 40]``: coverage and mutants.

First the tests of the package run once under coverage, which knows afterwards which test ran which line. Then changes
are drawn at random (scripts/mutation.py), and for each the tests that run its line, the quickest first and at most 20
seconds of them, until one fails. A change on a line that no test runs, or after which all of them pass, survives, and
is printed. Resumable: the outcomes lie in ``build/mutants``, by the hash of the sources and tests, and a run goes on
where it stopped. Exit code 1 where lines and branches are covered below 98 %, or fewer than 85 % of the changes were
noticed.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import itertools
import json
import os
import random
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import coverage
import mutation

import native

TESTS = native.ROOT / "tests" / "unit"


class Package(NamedTuple):
    """Folders of sources, and how the names of their tests begin."""

    folders: tuple[Path, ...]
    tests: tuple[str, ...]

    @property
    def files(self) -> list[Path]:
        """Its sources."""
        return sorted(file for folder in self.folders for file in folder.rglob("*.py"))


PACKAGES = {
    "leakage": Package(
        (native.ROOT / "pyfe" / "leakage",),
        (
            *("test_leakage", "test_lattice", "test_linear_rules", "test_count", "test_prior", "test_narrowed_columns"),
            *("test_form_", "test_attack", "test_hostile_keys", "test_noise_slots", "test_requests"),
            *("test_noise_of_forms", "test_at_once", "test_combinations", "test_exact_products"),
        ),
    ),
    "authority": Package(
        (native.ROOT / "pyfe" / "authority", native.ROOT / "pyfe" / "audit", native.ROOT / "pyfe" / "identity"),
        (
            *("test_authority", "test_approving", "test_audit", "test_backups", "test_checkpoint", "test_consent"),
            *("test_engine", "test_entries", "test_identity", "test_key_ends", "test_merkle", "test_migrating"),
            *("test_policy_", "test_statements", "test_storage_", "test_vault", "test_keys", "test_log_says_more"),
        ),
    ),
}

COVERED, NOTICED = 98.0, 0.85
SPENT, SECONDS = 20.0, 90.0
"""Seconds of tests that one change may cost, and when it counts as noticed because nothing ends."""

FAILED, ENDLESS, SURVIVED = "a test failed", "nothing ended", "survived"


class Mutant(NamedTuple):
    """A file below the root, the number of the change, its line, and the change in words."""

    file: str
    number: int
    line: int
    words: str


def main() -> int:
    """Coverage, mutants, a summary."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("package", nargs="?", choices=PACKAGES, default="leakage", help="what is changed")
    parser.add_argument("--count", type=int, default=400, help="changes to draw")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=40.0, help="begin no further change after this time")
    options = parser.parse_args()
    package = PACKAGES[options.package]
    start, folder = time.monotonic(), native.ROOT / "build" / "mutants" / _identity(package)
    folder.mkdir(parents=True, exist_ok=True)
    lines, covered = _covered(package, folder)
    print(f"lines and branches covered: {covered:.2f} % (at least {COVERED:g})", flush=True)
    drawn = random.Random(options.seed).sample(found := _all(package), min(options.count, len(found)))
    outcome = folder / "noticed.json"
    known: dict[str, str] = json.loads(outcome.read_text()) if outcome.exists() else {}
    left = [one for one in drawn if _name(one) not in known]
    with ThreadPoolExecutor(native.JOBS) as pool:
        for one, end in zip(left, pool.map(lambda m: _end_of(m, lines, start, options.minutes), left), strict=True):
            if end is not None:
                known[_name(one)] = end
                outcome.write_text(json.dumps(known, indent=0))
    return _summary(drawn, known, covered)


def _summary(drawn: list[Mutant], known: dict[str, str], covered: float) -> int:
    done = [one for one in drawn if _name(one) in known]
    survived = [one for one in done if known[_name(one)] == SURVIVED]
    for one in sorted(survived):
        source = (native.ROOT / one.file).read_text().splitlines()[one.line - 1].strip()
        print(f"survived  {one.file}:{one.line}  {one.words}:  {source}")
    share = 1 - len(survived) / max(1, len(done))
    endless = sum(known[_name(one)] == ENDLESS for one in done)
    print(
        f"noticed: {len(done) - len(survived)} of {len(done)} changes, {share:.1%} (at least {NOTICED:.0%}); "
        f"{endless} of them because nothing ended within {SECONDS:g} s"
    )
    if len(done) < len(drawn):
        print(f"{len(drawn) - len(done)} not tried: out of time; run it again")
    return int(covered < COVERED or share < NOTICED or len(done) < len(drawn))


def _identity(package: Package) -> str:
    """Of the sources and the tests."""
    digest = hashlib.sha256()
    for path in [*package.files, *sorted(TESTS.glob("*.py"))]:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def _all(package: Package) -> list[Mutant]:
    return [
        Mutant(str(file.relative_to(native.ROOT)), number, one.line, one.words)
        for file in package.files
        for number, one in enumerate(mutation.mutations(ast.parse(file.read_bytes())))
    ]


def _name(one: Mutant) -> str:
    return f"{one.file}:{one.number}"


# -- coverage --


def _covered(package: Package, folder: Path) -> tuple[dict[tuple[str, int], list[str]], float]:
    """Which tests run a line, the quickest first; and percent of lines and branches that some test runs."""
    data, times = folder / "coverage", folder / "times.xml"
    if not times.exists():
        _run_all(package, folder, data, times)
    seconds = _seconds(times)
    measured = coverage.Coverage(data_file=str(data), config_file=str(folder / "coveragerc"))
    measured.load()
    percent = measured.report(file=open(folder / "report.txt", "w"), show_missing=True, skip_covered=True)  # noqa: SIM115
    found: dict[tuple[str, int], list[str]] = {}
    for file in measured.get_data().measured_files():
        name = str(Path(file).relative_to(native.ROOT))
        for line, contexts in measured.get_data().contexts_by_lineno(file).items():
            tests = {test for context in contexts if (test := _node(context)) in seconds}
            found[name, line] = _within(SPENT, sorted(tests, key=lambda test: seconds[test]), seconds)
    return found, percent


def _run_all(package: Package, folder: Path, data: Path, times: Path) -> None:
    source = ", ".join(str(path.relative_to(native.ROOT)).replace(os.sep, ".") for path in package.folders)
    (folder / "coveragerc").write_text(
        f"[run]\nbranch = true\nsource = {source}\ndynamic_context = test_function\n"
        "[report]\nexclude_also =\n    if TYPE_CHECKING:\n    \\.\\.\\.$\n    class .*\\(Protocol\\)\n"
    )
    tests = [str(path) for path in sorted(TESTS.glob("test_*.py")) if path.name.startswith(package.tests)]
    command = [sys.executable, "-m", "coverage", "run", f"--rcfile={folder / 'coveragerc'}", f"--data-file={data}"]
    command += ["-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junit-xml={times}.part", *tests]
    native.must(native.run(command, timeout=3600), "the tests of the package")
    Path(f"{times}.part").rename(times)


def _within(most: float, tests: list[str], seconds: Mapping[str, float]) -> list[str]:
    """The first of the tests that together take so long, one at least."""
    ends = itertools.accumulate(seconds[test] for test in tests)
    return [test for at, (test, end) in enumerate(zip(tests, ends, strict=True)) if at == 0 or end <= most]


def _seconds(times: Path) -> dict[str, float]:
    """Of each test function, with all its parameters."""
    seconds: dict[str, float] = {}
    for case in ElementTree.parse(times).iter("testcase"):
        node = f"{case.attrib['classname'].replace('.', '/')}.py::{case.attrib['name'].split('[')[0]}"
        seconds[node] = seconds.get(node, 0.0) + float(case.attrib["time"])
    return seconds


def _node(context: str) -> str:
    module, _, function = context.rpartition(".")
    return f"{module.replace('.', '/')}.py::{function}"


# -- mutants --


def _end_of(one: Mutant, lines: dict[tuple[str, int], list[str]], start: float, minutes: float) -> str | None:
    """What became of a change; None where it was not tried."""
    if time.monotonic() - start > 60 * minutes:
        return None
    tests = lines.get((one.file, one.line), [])
    if not tests:
        return SURVIVED
    environment = os.environ | {"PYTHONPATH": str(native.ROOT / "scripts"), mutation.VARIABLE: _name(one)}
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "mutation", "-p", "no:cacheprovider", "--seed=1"]
    try:
        done = subprocess.run(
            [*command, *tests], cwd=native.ROOT, env=environment, capture_output=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return ENDLESS
    return FAILED if done.returncode else SURVIVED


if __name__ == "__main__":
    sys.exit(main())
