"""Fuzzing of everything that reads bytes: ``python scripts/fuzz.py python`` and ``python scripts/fuzz.py native``.

``python`` runs the readers in Python (``tests/fuzz/python``) under atheris, which comes with the extra ``fuzz``, each
target in ten slices of its executions. It goes on where it stopped: the state lies in ``build/fuzz/python``. For every
target it prints the executions, the coverage and what the last tenth added to it, the slowest and the largest reading,
and the inputs that broke a promise; the exit code is 1 if there are any. ``native`` is scripts/fuzz_native.py.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import runpy
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "build" / "fuzz" / "python"
SLICES = 10
_COVERAGE = re.compile(r"cov: (\d+)")


@dataclass
class State:
    """What was done on one target."""

    executions: int = 0
    seconds: float = 0.0
    coverage: list[int] = field(default_factory=list)
    slowest: float = 0.0
    grown: int = 0
    size: int = 0
    kinds: dict[str, int] = field(default_factory=dict)

    def line(self, name: str) -> str:
        """One row of the report."""
        last = self.coverage[-1] if self.coverage else 0
        before = self.coverage[-2] if len(self.coverage) > 1 else 0
        return (
            f"{name:22} {self.executions:8} runs {self.executions / max(self.seconds, 1e-9):7.0f}/s  "
            f"coverage {last:5}, last slice +{last - before}  slowest {self.slowest:.2f} s  "
            f"largest {self.grown / 2**20:.0f} MB, input {self.size}  {self.kinds}"
        )


def main() -> int:
    if sys.argv[1:2] == ["native"]:
        sys.argv = [str(ROOT / "scripts" / "fuzz_native.py"), *sys.argv[2:]]
        runpy.run_path(sys.argv[0], run_name="__main__")
        return 0
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("what", choices=("python",))
    parser.add_argument("--target", action="append", help="Only this target; repeatable. Default: all.")
    parser.add_argument("--executions", type=int, default=20_000, help="Executions a target.")
    parser.add_argument("--again", action="store_true", help="Forget what was done; corpora are kept.")
    options = parser.parse_args()
    wanted = options.target or _targets()
    broken = [name for name in wanted if not _fuzz(name, options.executions, again=options.again)]
    if broken:
        print(f"broken promises: {', '.join(broken)} (inputs in {FOLDER}/TARGET/broken)")
    return 1 if broken else 0


def _targets() -> list[str]:
    words = "from tests.fuzz.python.targets import TARGETS; print(' '.join(TARGETS))"
    return subprocess.check_output([sys.executable, "-c", words], cwd=ROOT, text=True).split()


def _fuzz(name: str, executions: int, *, again: bool) -> bool:
    """Whether all inputs so far kept the promises, once the target has had its executions."""
    folder = FOLDER / name
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "state.json"
    state = State(**json.loads(file.read_text())) if file.exists() and not again else State()
    while state.executions < executions:
        done = len(state.coverage)
        # every slice runs the corpus first, which is not counted as executions of this target
        if not _slice(name, folder, min(-(-executions // SLICES), executions - state.executions), done + 1, state):
            break
        file.write_text(json.dumps(asdict(state)))
    print(state.line(name), flush=True)
    return not any((folder / "broken").iterdir())


def _slice(name: str, folder: Path, runs: int, seed: int, state: State) -> bool:
    """Run one slice and add it to the state; False, with what was printed, where the runner itself failed."""
    corpus = folder / "corpus"
    known = len(list(corpus.iterdir())) if corpus.exists() else 0
    start = time.perf_counter()
    command = [sys.executable, "-m", "tests.fuzz.python.engine", name, str(folder), str(runs + known), str(seed)]
    cache = os.environ.get("PYFE_CACHE_DIR", str(ROOT / "build" / "test-cache"))
    environment = os.environ | {"PYFE_CACHE_DIR": cache, "PYFE_NUM_THREADS": "1"}
    result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, errors="replace")
    sys.stderr.writelines(f"{line}\n" for line in result.stderr.splitlines() if line.startswith("BROKEN"))
    found = _COVERAGE.findall(result.stderr)
    if result.returncode or not found:
        (folder / "broken" / f"runner-{seed}.log").write_text(result.stderr)
        print(f"{name}: the runner ended with {result.returncode}:\n{result.stderr[-2000:]}", file=sys.stderr)
        return False
    seen = json.loads((folder / "last.json").read_text())
    state.executions += runs
    state.seconds += time.perf_counter() - start
    state.coverage.append(int(found[-1]))
    state.slowest, state.grown = max(state.slowest, seen["seconds"]), max(state.grown, seen["grown"])
    state.size = max(state.size, seen["size"])
    for kind, count in seen["kinds"].items():
        state.kinds[kind] = state.kinds.get(kind, 0) + count
    return True


if __name__ == "__main__":
    sys.exit(main())
