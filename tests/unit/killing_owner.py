"""A program: ``pyfe encrypt --ledger``, killed (SIGKILL) again and again, in a folder that is given.

``python -m tests.unit.killing_owner FOLDER WANTED SEED [unrecorded]`` forks a child a kill; every child encrypts
patients of its own, of whom one is in every table. It dies before the first of its calls that change files, the next
before the second, and so on; the others at a random instant of the time that the command takes. After each death the
output is the old file or a whole batch, and in the second case its patients are in the ledger; the ledger opens, and
the same command finishes. ``unrecorded`` plants the bug of a ledger that records nothing. Prints how many deaths left
the old file, how many the new one, and in how many of the first the patients were recorded all the same.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import signal
import sys
import time
from collections import Counter
from pathlib import Path

import pyfe
from pyfe import CiphertextBatch, PublicKey
from pyfe.cli import main
from pyfe.owner import OwnerLedger, ledger
from pyfe.wire import sealing
from tests.unit import engines
from tests.unit.epoch_tables import Authority
from tests.unit.killing import OLD, Arm, child, dies_at, fail, nothing

PASSPHRASE = "correct horse battery"
COMMAND = [
    *("encrypt", "rows.csv", "-p", "public", "-o", "out", "--force"),
    *("--ledger", "owner", "--id-column", "id", "--passphrase-file", "pass"),
]
assert ledger is not None  # the database is imported here, once, and not by every child


def prepare() -> None:
    """The owner and what it has, made by a child, so that this process never starts the core's threads."""
    Path("pass").write_text(PASSPHRASE)
    pid = os.fork()
    if not pid:
        try:
            schema = pyfe.Schema.from_ranges({f"x{i}": (0, 15) for i in range(9)}, bits=4)
            authority = Authority(schema, policy=engines.FREE)
            authority.engine.issue(engines.dense(schema), purpose="p")
            Path("public").write_bytes(authority.engine.public_key(1).to_bytes())
            with OwnerLedger.create("owner", PASSPHRASE) as made:
                made.follow(authority.table())
        finally:
            os._exit(0 if Path("owner").exists() else 1)
    if os.waitpid(pid, 0)[1]:
        fail("the owner could not be made")


def rows(run: int) -> list[str]:
    """A table of a run's own patients; their ids."""
    ids = [f"{run}-{i}" for i in range(20)] + ["comes always"]
    header = ",".join(["id", *(f"x{i}" for i in range(9))])
    Path("rows.csv").write_text("\n".join([header, *(",".join([one, *"123456789"]) for one in ids)]) + "\n")
    Path("out").write_bytes(OLD)
    return ids


def died(arm: Arm, seconds: float | None = None) -> bool:
    """Whether the command was killed, by what it armed itself with or after so many seconds."""
    pid = child(COMMAND, arm)
    if seconds is not None:
        time.sleep(seconds)
        os.kill(pid, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if status not in (0, -signal.SIGKILL):
        fail(f"a child ended with {status}")
    return status != 0


def recorded(ids: list[str]) -> bool:
    """Whether all of them are in the ledger, or none but who comes always."""
    public = PublicKey.from_bytes(Path("public").read_bytes())
    with OwnerLedger.open("owner", PASSPHRASE) as opened:
        met = set(opened.met(public, ids[:-1]))
    if len(met) != 1:
        fail("some patients of a table are recorded, and some are not")
    return met == {(1,)}


def after(ids: list[str]) -> str:
    """What is there after a death. Ends the program where a batch is, and a patient of it is not recorded."""
    data, known = Path("out").read_bytes(), recorded(ids)
    if data == OLD:
        return "old, recorded" if known else "old"
    if len(CiphertextBatch.from_bytes(data)) != len(ids):
        fail("a cut batch")
    if not known:
        fail("a ciphertext left whose patient is not recorded")
    return "new"


def run(wanted: int, seed: int) -> dict[str, int]:
    prepare()
    found, rng, runs = Counter[str](), random.Random(seed), itertools.count()
    for step in itertools.count():
        ids = rows(next(runs))
        if not died(dies_at(step)) or found.total() >= wanted // 2:
            break
        found[after(ids)] += 1
    rows(next(runs))
    start = time.perf_counter()
    died(nothing)
    seconds = time.perf_counter() - start
    while found.total() < wanted:
        ids = rows(next(runs))
        if died(nothing, rng.uniform(0, seconds)):
            found[after(ids)] += 1
    ids = rows(next(runs))
    if died(nothing) or after(ids) != "new":
        fail("the last run, undisturbed, made no batch")
    return dict(found)


if __name__ == "__main__":
    os.chdir(sys.argv[1])
    sealing.LOG_COST = 10
    if sys.argv[4:] == ["unrecorded"]:
        OwnerLedger.record = OwnerLedger.check  # type: ignore[method-assign]
    print(json.dumps(run(*map(int, sys.argv[2:4]))))
    assert main is not None
