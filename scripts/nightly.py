"""The long checks, one after another: nightly.py [--minutes M] [--only NAME ...] [--restart] [--list]

Resumable: a step that passed on exactly these sources is not run again, so a night that was cut short goes on where it
stopped; --minutes starts no further step once the time is spent. The state is one JSON file in .nightly/, with a log a
step. The end says what ran, what was carried over from before, and what is still to do; it exits 0 only when every step
has passed on these sources.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import native

STATE = native.ROOT / ".nightly"


class Step(NamedTuple):
    """A name, a command, and settings of its environment."""

    name: str
    command: list[str]
    environment: Mapping[str, str] = MappingProxyType({})


def steps() -> list[Step]:
    """Every long check, the cheap ones first."""
    python = sys.executable
    pytest = [python, "-m", "pytest", "-q", "-n", str(native.JOBS), "tests", "--slow"]
    return [
        Step("lint", [python, "scripts/lint.py"]),
        Step("docs", [python, "-m", "mkdocs", "build", "--strict", "--quiet"], {"NO_MKDOCS_2_WARNING": "1"}),
        Step("tests-auto", pytest, {"PYFE_REQUIRE_TESTING": "1"}),
        Step("tests-portable", pytest, {"PYFE_REQUIRE_TESTING": "1", "PYFE_BACKEND": "portable"}),
        Step("tests-one-thread", pytest[:-1], {"PYFE_REQUIRE_TESTING": "1", "PYFE_NUM_THREADS": "1"}),
        Step("wheel", [python, "scripts/wheel.py"]),
        Step("sanitizers-address", [python, "scripts/sanitize.py", "address"]),
        Step("sanitizers-thread", [python, "scripts/sanitize.py", "thread"]),
        Step("ctime", [python, "scripts/ctime.py"]),
        Step("qemu", [python, "scripts/qemu.py"]),
        Step("bench", [python, "-m", "bench", "--json", str(STATE / "bench.json")]),
        Step("fresh", ["bash", "scripts/fresh.sh"]),
    ]


def sources_hash() -> str:
    """SHA-256 over every file git would commit, names and contents: the identity of what was tested."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=native.ROOT,
        check=True,
        capture_output=True,
    ).stdout
    digest = hashlib.sha256()
    for name in sorted(part for part in listed.split(b"\0") if part):
        path = native.ROOT / name.decode()
        if path.is_file():
            digest.update(len(name).to_bytes(4, "little") + name + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def load(sources: str) -> dict[str, dict[str, str]]:
    """What already passed on these sources."""
    path = STATE / "state.json"
    saved = json.loads(path.read_text()) if path.exists() else {}
    return {name: entry for name, entry in saved.items() if entry["sources"] == sources}


def save(done: dict[str, dict[str, str]]) -> None:
    """Replace the state file in one step, so that a kill leaves the old one or the new one."""
    temporary = STATE / "state.json.tmp"
    temporary.write_text(json.dumps(done, indent=1, sort_keys=True))
    temporary.replace(STATE / "state.json")


def run(step: Step) -> bool:
    """One step, its output in .nightly/<name>.log; the last lines are shown when it fails."""
    print(f"{time.strftime('%H:%M:%S')}  {step.name} ...", flush=True)
    done = native.run(step.command, timeout=3 * 3600, env=dict(step.environment))
    (STATE / f"{step.name}.log").write_text(done.output)
    print(f"          {'ok' if done.code == 0 else f'FAILED ({done.code})'}, {done.seconds:.0f} s", flush=True)
    if done.code != 0:
        print("\n".join(done.output.splitlines()[-40:]))
    return done.code == 0


def main() -> int:
    """Run what is left; say what happened."""
    options = parse()
    chosen = [step for step in steps() if not options.only or step.name in options.only]
    if options.list:
        print("\n".join(f"{step.name:20} {' '.join(step.command)}" for step in chosen))
        return 0
    STATE.mkdir(exist_ok=True)
    sources, start = sources_hash(), time.monotonic()
    passed = {} if options.restart else load(sources)
    before = set(passed)
    outcome: dict[str, str] = {}
    for step in chosen:
        if step.name in passed:
            outcome[step.name] = f"passed before, {passed[step.name]['when']}"
        elif options.minutes and time.monotonic() - start > 60 * options.minutes:
            outcome[step.name] = "not run: out of time"
        elif run(step):
            passed[step.name] = {"sources": sources, "when": time.strftime("%Y-%m-%d %H:%M")}
            save(passed)
            outcome[step.name] = "passed now"
        else:
            outcome[step.name] = f"FAILED, .nightly/{step.name}.log"
    print(f"\nsources {sources[:16]}\n" + native.table(list(outcome.items())))
    good = sum(step.name in passed for step in chosen)
    print(f"nightly: {good} passed, {len(chosen) - good} failed or not run ({len(before)} from an earlier run)")
    return int(good != len(chosen))


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--minutes", type=float, default=0.0, help="start no further step after this long")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these steps and no others")
    parser.add_argument("--restart", action="store_true", help="forget what passed before")
    parser.add_argument("--list", action="store_true", help="name the steps and their commands")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
