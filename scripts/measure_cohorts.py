#!/usr/bin/env python
"""Whether ``pyfe encrypt`` takes a table of any number of rows: its time beside the core's own, its memory, and whether
it can be killed.

    python scripts/measure_cohorts.py [--rows 1000000] [--columns 30] [--folder build/cohorts] [--rounds 3] [--kills 10]

Tables (CSV, Parquet) and keys are made in the folder, once. The core's own time is that of PublicKey.encrypt on the
encoded rows, 2,048 at a time, in a process that does nothing else; in each round it stands before the commands. What a
command takes of memory is RssAnon of its process, looked at every 20 ms; time is that of the whole process, its start
too. Then a run of each kind is killed (SIGKILL) at random instants and gone on with: parts that stood in the manifest
must stay byte for byte, and the scores be those of the table.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(ROOT := Path(__file__).resolve().parent.parent))

KINDS = {"csv": "table.csv", "parquet": "table.parquet"}
OUTPUTS = {"folder": "out/", "one file": "out.parquet"}
_LOOK = 0.02

PREPARE = """
import sys, numpy as np, pyarrow as pa, pyfe
from pyarrow import csv, parquet
rows, columns = int(sys.argv[1]), int(sys.argv[2])
names = [f"x{i}" for i in range(columns)]
schema = pyfe.Schema.from_ranges({name: (0, 255) for name in names}, bits=8)
authority = pyfe.KeyAuthority.create(schema, policy=pyfe.Policy.unrestricted(reason="a measurement"))
function = pyfe.Function.from_integers(schema, [i % 7 - 3 for i in range(columns)], 5)
open("public", "wb").write(authority.public_key.to_bytes())
open("key", "wb").write(authority.issue(function, purpose="a measurement").to_bytes())
x = np.round(np.random.default_rng(24).uniform(0, 255, (rows, columns)), 2)
table = pa.table({name: x[:, i] for i, name in enumerate(names)})
csv.write_csv(table, "table.csv", csv.WriteOptions(quoting_style="none"))
parquet.write_table(table, "table.parquet")
np.save("scores.npy", function.evaluate(x).reshape(-1))
"""
CORE = """
import sys, time, numpy as np, pyfe
key = pyfe.PublicKey.from_bytes(open("public", "rb").read())
rows = int(sys.argv[1])
x = np.random.default_rng(1).integers(0, 256, (2048, key.schema.n)).astype(float)
encoded = key.schema.encode(x)
key.encrypt(encoded)
start = time.perf_counter()
for _ in range(rows // 2048):
    key.encrypt(encoded)
print((time.perf_counter() - start) / (rows // 2048) / 2048 * rows)
"""


def asked(description: str | None) -> argparse.Namespace:
    """What is measured; its folder has a table and keys."""
    return asked_by(parser_of(description))


def parser_of(description: str | None) -> argparse.ArgumentParser:
    """The options that all measurements of cohorts have."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--columns", type=int, default=30)
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "cohorts")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--kills", type=int, default=10)
    return parser


def asked_by(parser: argparse.ArgumentParser) -> argparse.Namespace:
    """What is measured; its folder has a table and keys."""
    given = parser.parse_args()
    given.folder = folder = given.folder / f"{given.rows}x{given.columns}"
    if not (folder / "scores.npy").exists():
        folder.mkdir(parents=True, exist_ok=True)
        python(folder, PREPARE, given.rows, given.columns)
    return given


def main() -> None:
    given = asked(__doc__)
    folder: Path = given.folder
    measure(folder, given.rows, given.rounds)
    for kind in KINDS:
        for output in OUTPUTS:
            killed(folder, kind, output, given.kills)


def measure(folder: Path, rows: int, rounds: int) -> None:
    """Times and memory, the best of the rounds."""
    best: dict[str, float] = {}
    memory: dict[str, float] = {}
    for _ in range(rounds):
        own = float(python(folder, CORE, rows))
        best["core"] = min(own, best.get("core", own))
        for kind in KINDS:
            for output in OUTPUTS:
                clear(folder)
                seconds, most = timed(folder, command(kind, output))
                name = f"{kind}, {output}"
                best[name] = min(seconds, best.get(name, seconds))
                memory[name] = max(most, memory.get(name, 0.0))
    report(best, memory, rows)


def report(best: dict[str, float], memory: dict[str, float], rows: int) -> None:
    """Seconds beside the core's own, and the most memory, of every command."""
    print(f"core: {best['core']:.2f} s, {rows / best['core']:,.0f} rows/s")
    for name, most in memory.items():
        ratio = best[name] / best["core"]
        print(f"{name}: {best[name]:.2f} s, {ratio:.2f} times the core's; RssAnon {most / 1e6:.0f} MB at most")


def command(kind: str, output: str, *more: str) -> list[str]:
    return ["encrypt", KINDS[kind], "-p", "public", "-o", OUTPUTS[output], "--json", *more]


def clear(folder: Path) -> None:
    for name in ("out", "out.parquet.parts"):
        shutil.rmtree(folder / name, ignore_errors=True)
    (folder / "out.parquet").unlink(missing_ok=True)


def python(folder: Path, program: str, *arguments: int) -> str:
    call = [sys.executable, "-c", program, *map(str, arguments)]
    environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    return subprocess.run(call, cwd=folder, check=True, stdout=subprocess.PIPE, text=True, env=environment).stdout


def started(folder: Path, arguments: list[str]) -> subprocess.Popen[bytes]:
    call = [sys.executable, "-c", "import sys; from pyfe.cli import main; sys.exit(main(sys.argv[1:]))", *arguments]
    environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    return subprocess.Popen(call, cwd=folder, stdout=subprocess.DEVNULL, env=environment)


def timed(folder: Path, arguments: list[str]) -> tuple[float, float]:
    """Seconds of a command, and the most of its anonymous memory in bytes."""
    start, most = time.perf_counter(), 0.0
    process = started(folder, arguments)
    while process.poll() is None:
        most = max(most, anonymous(process.pid))
        time.sleep(_LOOK)
    if process.returncode:
        raise SystemExit(f"pyfe {' '.join(arguments)} failed")
    return time.perf_counter() - start, most


def anonymous(process: int) -> float:
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((1024.0 * int(line.split()[1]) for line in lines if line.startswith("RssAnon:")), 0.0)


def killed(folder: Path, kind: str, output: str, kills: int) -> None:
    """Kill a run again and again, go on, and look at what came out."""
    clear(folder)
    seconds, _ = timed(folder, command(kind, output))
    clear(folder)
    work = folder / ("out" if output == "folder" else "out.parquet.parts")
    r, kept = random.Random(24), dict[str, str]()
    deaths = 0
    for _ in range(kills):
        process = started(folder, command(kind, output, "--resume"))
        time.sleep(r.uniform(0.1, 1.0) * seconds / 2)
        process.send_signal(signal.SIGKILL)
        deaths += process.wait() == -signal.SIGKILL
        now = parts(work)
        if kept and (folder / "out.parquet").exists():
            break
        require(all(now.get(name) == digest for name, digest in kept.items()), "a finished part was changed")
        kept = now
    timed(folder, command(kind, output, "--resume"))
    if output == "folder":
        require(kept.items() <= parts(work).items(), "a finished part was changed")
    require_scores(folder, OUTPUTS[output].rstrip("/"))
    print(f"{kind}, {output}: killed {deaths} times, {len(kept)} parts kept, the same scores")


def parts(work: Path) -> dict[str, str]:
    """The parts that the manifest names, by their SHA-256."""
    if not (work / "manifest.json").exists():
        return {}
    names = [f"part-{part['number']:06d}.parquet" for part in json.loads((work / "manifest.json").read_text())["parts"]]
    return {name: hashlib.sha256((work / name).read_bytes()).hexdigest() for name in names}


def require_scores(folder: Path, of: str) -> None:
    """The scores of a cohort are those of the table, row by row, each once."""
    import numpy as np
    from pyarrow import csv

    timed(folder, ["evaluate", of, "-k", "key", "-o", "scores.csv", "--force", "--json"])
    found: Any = csv.read_csv(folder / "scores.csv")
    expected = np.load(folder / "scores.npy")
    require(np.array_equal(found["row"].to_numpy(), np.arange(len(expected))), "rows are missing, twice or moved")
    require(np.array_equal(found["score"].to_numpy(), expected), "scores are others")


def require(holds: bool, what: str) -> None:
    if not holds:
        raise SystemExit(what)


if __name__ == "__main__":
    main()
