"""A program: ``pyfe evaluate`` of a cohort, killed (SIGKILL) at random instants and gone on with, in a folder that is
given.

``python -m tests.unit.killing_streams FOLDER KILLS SEED`` makes a cohort, scores it undisturbed, and then again with so
many kills, each at a random instant of what is left. Every part that the manifest names stays as it is; the scores are
the same, byte for byte; nothing else is left. Prints how many parts each run found.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

from pyfe.cohorts import evaluating
from pyfe.cohorts.parts import read_manifest
from pyfe.errors import ParameterError
from tests.unit.killing import child, fail, nothing

PASSPHRASE = ["--passphrase-file", "pass"]
EVALUATE = ["evaluate", "rows.parquet", "-k", "key", "-p", "public", "-o", "scores.csv", "--resume"]
WORK = Path("scores.csv.parts")
ROWS = 4000


def done(arguments: list[str], seconds: float | None = None) -> bool:
    """Whether a child came to its end, and was not killed after so many seconds."""
    pid = child(arguments, nothing)
    if seconds is not None:
        time.sleep(seconds)
        os.kill(pid, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if status not in (0, -signal.SIGKILL):
        fail(f"{arguments[0]} ended with {status}")
    return status == 0


def prepare() -> None:
    """By children, so that this process never starts the core's threads."""
    Path("pass").write_text("correct horse battery")
    Path("rows.csv").write_text("id,a,b\n" + "".join(f"P{i},{i % 4},{i % 7}\n" for i in range(ROWS)))
    Path("model.json").write_text('{"format": "pyfe-linear", "version": 1, "weights": {"a": 1.0, "b": -2.0}}')
    ids = ["--id-column", "id", "--carry-ids", "clear", "--rows-a-chunk", "32"]
    for arguments in (
        ["schema", "fit", "rows.csv", "-o", "schema", "--exclude", "id"],
        ["compile", "model.json", "-s", "schema", "--weight-bits", "4", "-o", "function"],
        ["keygen", "-s", "schema", "-a", "auth", "-p", "public", "--unrestricted", "a test", *PASSPHRASE],
        ["issue", "function", "-a", "auth", "-o", "key", "--purpose", "p", *PASSPHRASE],
        ["encrypt", "rows.csv", "-p", "public", "-o", "rows.parquet", *ids],
    ):
        done(arguments)


def parts() -> dict[str, tuple[int, bytes]]:
    """The parts that the manifest names, by inode and bytes."""
    try:
        manifest = read_manifest(WORK)
    except ParameterError:
        return {}
    paths = [WORK / manifest.command.name(part.number) for part in manifest.parts]
    return {path.name: (path.stat().st_ino, path.read_bytes()) for path in paths}


def run(kills: int, seed: int) -> list[int]:
    prepare()
    start = time.perf_counter()
    done(EVALUATE)
    seconds, draw, found = time.perf_counter() - start, random.Random(seed), list[int]()
    whole = Path("scores.csv").read_bytes()
    Path("scores.csv").unlink()
    while len(found) < kills:
        before = parts()
        if done(EVALUATE, draw.uniform(0.2, 0.6) * seconds):
            if Path("scores.csv").read_bytes() != whole:
                fail("the scores are others")
            Path("scores.csv").unlink()
            continue
        found.append(len(before))
        if Path("scores.csv").exists() and Path("scores.csv").read_bytes() != whole:
            fail("the scores are neither missing nor whole")
        after = parts()
        if before and after and any(after.get(name) != kept for name, kept in before.items()):
            fail("a finished part was made again")
    done(EVALUATE)
    if Path("scores.csv").read_bytes() != whole or WORK.exists() or list(Path().glob(".pyfe-*")):
        fail("the end is another, or something is left")
    return found


if __name__ == "__main__":
    os.chdir(sys.argv[1])
    evaluating.CHUNKS_A_PART = 8
    print(json.dumps(run(*map(int, sys.argv[2:4]))))
