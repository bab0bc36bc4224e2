"""The long checks, one after another: nightly.py [--release] [--minutes M] [--only NAME ...] [--restart] [--list]

Resumable: a step that passed is not run again until something that it depends on changes: its key is the hash of the
files that it names, of its command and of the Python that runs it. A night that was cut short so goes on where it
stopped, and a word in the docs does not repeat the sanitizers. --minutes starts no further step that would end after
the time is spent, by how long it took last. The state is one JSON file in .nightly/, with a log a step. The end says
what ran, what was carried over, and what is still to do; it exits 0 only when every step has passed on its files.
--release runs what is made for others and what makes it (wheels, ARM, the C ABI) in place of the night's own steps.

What runs once, and what on every backend: a test of policies, tables, files or models gives the same result whatever
computes the curve points, so it runs once, with the backend of the machine. The tests that reach arithmetic
(:data:`ARITHMETIC`, differential) run on the portable code too, in their quick sizes: the differential ones choose all
lanes by themselves, and draw their many cases there. One thread is a matter of how a batch is cut: the quick
arithmetic tests.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import native

STATE = native.ROOT / ".nightly"
FORMAT = 2

NATIVE = ("csrc/", "tests/native/", "CMakeLists.txt", "scripts/native.py")
PACKAGE = ("csrc/", "pyfe/", "CMakeLists.txt", "pyproject.toml")
TESTS = (*PACKAGE, "tests/", "scripts/", "bench/", "Makefile", ".ci/")
EVERYTHING = ("",)
"""What steps depend on: a file, a folder (with its last stroke), or "" for all that git would commit."""

ARITHMETIC = (
    "test_capi",
    "test_core",
    "test_groups",
    "test_ipfe_ddh",
    "test_keys",
    "test_qfe",
    "test_quadratic",
    "test_schemes",
    "test_score_proofs",
)
"""How the unit tests begin whose results the arithmetic of a backend makes."""

LONG = ("test_bench", "test_cli", "test_demo")
"""How the unit tests begin that start programs."""


class Step(NamedTuple):
    """A name, the minutes that it took on 2 cores, what it depends on, a command, settings of its environment."""

    name: str
    minutes: float
    depends: tuple[str, ...]
    command: list[str]
    environment: Mapping[str, str] = MappingProxyType({})

    def reads(self, name: str) -> bool:
        """Whether it depends on a file: what it says, less the test files that other steps run."""
        own = [word for word in self.command if word.startswith("tests/")]
        if own and name.startswith("tests/") and Path(name).match("test_*.py") and "" not in self.depends:
            return any(name == word or name.startswith(f"{word}/") for word in own)
        return any(named(wanted, name) for wanted in self.depends)


def named(wanted: str, name: str) -> bool:
    """Whether an entry of what a step depends on means a file."""
    return not wanted or name == wanted or (wanted.endswith("/") and name.startswith(wanted))


def steps() -> list[Step]:
    """Every long check, the cheap ones first."""
    python = sys.executable
    once, portable, thread = (
        {"PYFE_REQUIRE_TESTING": "1", **more} for more in ({}, {"PYFE_BACKEND": "portable"}, {"PYFE_NUM_THREADS": "1"})
    )
    return [
        Step("lint", 2, EVERYTHING, [python, "scripts/lint.py"]),
        Step(
            "docs",
            1,
            EVERYTHING,
            [python, "-m", "mkdocs", "build", "--strict", "--quiet"],
            {"NO_MKDOCS_2_WARNING": "1"},
        ),
        Step("tests-rules", 6, EVERYTHING, pytest(*folders("docs", "house", "property", "golden")), once),
        Step("tests-unit", 12, TESTS, pytest(*units()), once),
        Step("tests-arithmetic", 2, TESTS, pytest(*units(*ARITHMETIC)), once),
        Step("tests-models", 1, TESTS, pytest(*units("test_models")), once),
        Step("tests-programs", 3, TESTS, pytest(*units(*LONG)), once),
        Step("tests-differential", 17, TESTS, pytest("tests/differential"), once),
        Step("tests-malformed", 5, TESTS, pytest("tests/malformed"), once),
        Step("tests-portable", 3, TESTS, pytest(*units(*ARITHMETIC), "tests/golden", slow=False), portable),
        Step("tests-portable-differential", 4, TESTS, pytest("tests/differential", slow=False), portable),
        Step("tests-one-thread", 3, TESTS, pytest(*units(*ARITHMETIC), slow=False), thread),
        *sanitizers(python),
        Step("ctime", 8, (*NATIVE, "scripts/ctime.py"), [python, "scripts/ctime.py"]),
        Step("qemu", 8, (*NATIVE, "scripts/qemu.py"), [python, "scripts/qemu.py"]),
        Step("bench", 10, (*PACKAGE, "bench/"), [python, "-m", "bench", "--json", str(STATE / "bench.json")]),
        Step("fresh", 20, EVERYTHING, ["bash", "scripts/fresh.sh"]),
    ]


def released() -> list[Step]:
    """What a release needs beside a night: the wheels twice, their constant-time cases, aarch64, the C ABI."""
    python = sys.executable
    files = (*PACKAGE, "tests/native/", "README.md", "LICENSE", "scripts/")
    wheels = [python, "scripts/wheels.py", "--sdist", "--check"]
    return [
        Step("wheels", 12, files, [*wheels, "--twice"]),
        Step("wheels-bare", 3, files, ["bash", "scripts/bare.sh"]),
        Step("ctime-zig", 8, (*NATIVE, "scripts/ctime.py", "scripts/zig.py"), [python, "scripts/ctime.py", "--zig"]),
        Step("arm64", 15, files, [python, "scripts/arm64.py"]),
        Step("embed", 6, (*files, "examples/"), [python, "scripts/embed.py"]),
        Step("embed-sanitized", 6, (*files, "examples/"), [python, "scripts/embed_sanitized.py"]),
    ]


def sanitizers(python: str) -> list[Step]:
    """One step a kind."""
    depends = (*NATIVE, "scripts/sanitize.py")
    return [
        Step(f"sanitizers-{kind}", 6, depends, [python, "scripts/sanitize.py", kind]) for kind in ("address", "thread")
    ]


def pytest(*what: str, slow: bool = True) -> list[str]:
    """The command for some tests."""
    many = ["-n", str(native.JOBS), "--dist", "worksteal", "--durations=25"]
    return [sys.executable, "-m", "pytest", "-q", *many, *what, *(["--slow"] if slow else [])]


def folders(*first: str) -> list[str]:
    """These folders of tests, and all that no other step names."""
    named = {"unit", "differential", "malformed", *first}
    others = {path.parent.relative_to(native.ROOT / "tests") for path in (native.ROOT / "tests").rglob("test_*.py")}
    rest = sorted({path.parts[0] for path in others if path.parts and path.parts[0] not in named})
    return [f"tests/{name}" for name in (*first, *rest)]


def units(*begins: str) -> list[str]:
    """The unit tests whose names begin so; without a beginning, those that no other step takes."""
    taken = (*ARITHMETIC, *LONG, "test_models")
    files = sorted((native.ROOT / "tests" / "unit").glob("test_*.py"))
    chosen = (
        [f for f in files if f.name.startswith(begins)]
        if begins
        else [f for f in files if not f.name.startswith(taken)]
    )
    return [str(file.relative_to(native.ROOT)) for file in chosen]


def sources() -> dict[str, bytes]:
    """Every file git would commit, with the hash of its contents."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=native.ROOT,
        check=True,
        capture_output=True,
    ).stdout
    paths = {part.decode(): native.ROOT / part.decode() for part in listed.split(b"\0") if part}
    return {name: hashlib.sha256(path.read_bytes()).digest() for name, path in sorted(paths.items()) if path.is_file()}


def key(step: Step, files: Mapping[str, bytes]) -> str:
    """The identity of what a step shows: its files, its command and environment, its Python."""
    digest = hashlib.sha256(json.dumps([step.command, dict(step.environment), sys.version]).encode())
    for wanted in step.depends:
        if not any(named(wanted, name) for name in files):
            sys.exit(f"nightly: step {step.name} depends on {wanted}, which is not there")
    for name in filter(step.reads, files):
        digest.update(len(name.encode()).to_bytes(4, "little") + name.encode() + files[name])
    return digest.hexdigest()


class State:
    """What passed, under which key, and how long each step took last; one file."""

    def __init__(self, file: Path) -> None:
        self._file = file
        saved: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
        kept = saved if saved.get("format") == FORMAT else {}
        self.passed: dict[str, dict[str, str]] = kept.get("passed", {})
        self.seconds: dict[str, float] = kept.get("seconds", {})

    def minutes(self, step: Step) -> float:
        """How long a step will take: as last time, or as it says."""
        return self.seconds.get(step.name, 60 * step.minutes) / 60

    def holds(self, step: Step, files: Mapping[str, bytes]) -> bool:
        """Whether it passed on these very files."""
        return self.passed.get(step.name, {}).get("key") == key(step, files)

    def record(self, step: Step, files: Mapping[str, bytes], seconds: float, *, good: bool) -> None:
        """Keep how a step ended; the file is replaced at once, so that a kill leaves the old one or the new one."""
        self.seconds[step.name] = seconds
        self.passed.pop(step.name, None)
        if good:
            self.passed[step.name] = {"key": key(step, files), "when": time.strftime("%Y-%m-%d %H:%M")}
        temporary = self._file.with_suffix(".tmp")
        saved = {"format": FORMAT, "passed": self.passed, "seconds": self.seconds}
        temporary.write_text(json.dumps(saved, indent=1, sort_keys=True))
        temporary.replace(self._file)


def run(step: Step) -> native.Result:
    """One step, its output in .nightly/<name>.log; the last lines are shown when it fails."""
    print(f"{time.strftime('%H:%M:%S')}  {step.name} ...", flush=True)
    done = native.run(step.command, timeout=3600, env=dict(step.environment))
    (STATE / f"{step.name}.log").write_text(done.output)
    print(f"          {'ok' if done.code == 0 else f'FAILED ({done.code})'}, {done.seconds:.0f} s", flush=True)
    if done.code != 0:
        print("\n".join(done.output.splitlines()[-40:]))
    return done


def plan(chosen: list[Step], state: State, files: Mapping[str, bytes]) -> str:
    """What would run, and how long it would take."""
    rows = [("step", "minutes", "", "command")]
    for step in chosen:
        known = "last time" if step.name in state.seconds else "estimate"
        standing = "passed" if state.holds(step, files) else known
        rows.append((step.name, f"{state.minutes(step):.1f}", standing, " ".join(step.command)))
    total = sum(map(state.minutes, chosen))
    left = sum(state.minutes(step) for step in chosen if not state.holds(step, files))
    return f"{native.table(rows)}\n\nminutes: {total:.0f} in all, {left:.0f} still to run"


def main() -> int:
    """Run what is left; say what happened."""
    options = parse()
    offered = released() if options.release else steps()
    chosen = [step for step in offered if not options.only or step.name in options.only]
    if options.list:
        print(plan(chosen, State(STATE / "state.json"), sources()))
        return 0
    with alone():
        state = State(STATE / "state.json")
        if options.restart:
            state.passed.clear()
        return through(chosen, state, sources(), options.minutes)


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Two nights in one folder would overwrite each other's state, and make each other late."""
    STATE.mkdir(exist_ok=True)
    with (STATE / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            sys.exit(f"nightly: another one is running in {native.ROOT}")
        yield


def through(chosen: list[Step], state: State, files: Mapping[str, bytes], minutes: float) -> int:
    """Run the steps that have not passed on these files, and say what happened."""
    start = time.monotonic()
    outcome, before = [("step", "seconds", "outcome")], 0
    for step in chosen:
        spent = (time.monotonic() - start) / 60
        if state.holds(step, files):
            before += 1
            outcome.append((step.name, "", f"passed before, {state.passed[step.name]['when']}"))
        elif minutes and spent + state.minutes(step) > minutes:
            outcome.append((step.name, "", f"not run: {state.minutes(step):.0f} minutes, out of time"))
        else:
            done = run(step)
            state.record(step, files, done.seconds, good=done.code == 0)
            said = "passed now" if done.code == 0 else f"FAILED, .nightly/{step.name}.log"
            outcome.append((step.name, f"{done.seconds:.0f}", said))
    print("\n" + native.table(outcome))
    good = sum(state.holds(step, files) for step in chosen)
    print(f"nightly: {good} passed, {len(chosen) - good} failed or not run ({before} from an earlier run)")
    print(f"minutes: {sum(map(state.minutes, chosen)):.0f} for all of these steps, as they took last")
    return int(good != len(chosen))


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--release", action="store_true", help="the steps of a release, not those of a night")
    parser.add_argument("--minutes", type=float, default=0.0, help="start no step that would end later")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these steps and no others")
    parser.add_argument("--restart", action="store_true", help="forget what passed before")
    parser.add_argument("--list", action="store_true", help="the plan: steps, expected minutes, commands")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
