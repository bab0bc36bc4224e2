"""A program: every command that writes, killed (SIGKILL) again and again, in a folder that is given.

``python -m tests.unit.killing FOLDER COMMAND WANTED SEED`` forks a child a kill. The first dies before the first of
the command's calls that change files, the next before the second, and so on to the last; the others, until ``WANTED``
are dead, at a random instant of the time that the command takes. After each death the output is the old file or the new
one; after a last run, undisturbed, every other file is as it was, and none is left. Prints how many deaths left the old
file, and how many the new.

The child is a fork of this process, which has imported everything and started no thread: so a kill costs no start.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import shutil
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pyfe
from pyfe import CiphertextBatch, Function, FunctionKey, KeyAuthority, PublicKey, Schema
from pyfe.cli import main
from pyfe.cli.commands import app
from pyfe.wire import sealing

Arm: TypeAlias = Callable[[], None]

PASSPHRASE = "correct horse battery"
OLD = b"old" * 100_000
OPEN = ["--passphrase-file", "pass"]
COMMANDS: dict[str, list[str]] = {
    "schema fit": ["schema", "fit", "rows.csv", "-o", "out", "--force"],
    "compile": ["compile", "model.json", "-s", "schema", "--weight-bits", "4", "-o", "out", "--force"],
    "keygen": ["keygen", "-s", "schema", "-a", "new", "-p", "out", "--force", *OPEN],
    "public-key": ["public-key", "auth", "-o", "out", "--force", *OPEN],
    "issue": ["issue", "function", "-a", "auth", "-o", "out", "--force", "--purpose", "p", *OPEN],
    "encrypt": ["encrypt", "rows.csv", "-p", "public", "-o", "out", "--force"],
    "evaluate": ["evaluate", "cts", "-k", "key", "-o", "out", "--force"],
    "append": ["append", "out", "more"],
    "encrypt-rlwe": ["encrypt", "rows.csv", "-p", "public-rlwe", "-o", "out", "--force"],
}
READS: dict[str, Callable[[bytes], Any]] = {
    "schema fit": Schema.from_bytes,
    "compile": Function.from_bytes,
    "keygen": PublicKey.from_bytes,
    "public-key": PublicKey.from_bytes,
    "issue": FunctionKey.from_bytes,
    "encrypt": CiphertextBatch.from_bytes,
    "encrypt-rlwe": lambda data: opens(CiphertextBatch.from_bytes(data)),
    "evaluate": lambda data: data.decode().count("\n") == 71 or fail("a cut table of scores"),
    "append": lambda data: len(CiphertextBatch.from_bytes(data)) == 140 or fail("rows are lost"),
}
CHANGING = ["open", "write", "fsync", "fchmod", "replace", "rename", "unlink", "link", "truncate", "ftruncate", "mkdir"]
assert app is not None  # imported here, once, and not by every child
LATTICE = {"auth-rlwe", "public-rlwe", "key-rlwe"}
KEPT = LATTICE | {"auth", "pass", "rows.csv", "model.json", "schema", "public", "function", "key", "cts", "more"}


def fail(message: str) -> None:
    """Say what is wrong, and end."""
    sys.exit(message)


def opens(batch: CiphertextBatch) -> None:
    """A whole batch of the lattice scheme decrypts; of less than one, every slot would be noise, and be refused."""
    evaluator = pyfe.Evaluator(FunctionKey.from_bytes(Path("key-rlwe").read_bytes()))
    if len(evaluator.decrypt(batch, unsigned=True)) != 70:
        fail("rows are lost")


def nothing() -> None:
    """Arms no child."""


def child(arguments: list[str], before: Arm) -> int:
    """A fork that runs a command in silence; its process id."""
    pid = os.fork()
    if pid:
        return pid
    try:
        sink = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1, 2):
            os.dup2(sink, number)
        before()
        os._exit(main(arguments))
    finally:
        os._exit(99)


def dies_at(step: int) -> Arm:
    """Before the step-th of the calls that change files, counted from 0."""
    counter = iter(range(10**9))

    def armed(call: Callable[..., Any]) -> Callable[..., Any]:
        def instead(*given: Any, **named: Any) -> Any:
            if next(counter) == step:
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*given, **named)

        return instead

    def arm() -> None:
        for name in CHANGING:
            setattr(os, name, armed(getattr(os, name)))

    return arm


def prepare(command: str) -> None:
    """What the command reads, made by children, so that this process never starts the core's threads."""
    Path("pass").write_text(PASSPHRASE)
    Path("rows.csv").write_text("a,b\n" + "".join(f"{i % 4},{i % 7}\n" for i in range(70)))
    Path("model.json").write_text(pyfe.Linear({"a": 1.0, "b": -2.0}).to_json())
    for arguments in (
        ["schema", "fit", "rows.csv", "-o", "schema"],
        ["compile", "model.json", "-s", "schema", "--weight-bits", "4", "-o", "function"],
        ["keygen", "-s", "schema", "-a", "auth", "-p", "public", "--unrestricted", "a test", *OPEN],
        ["issue", "function", "-a", "auth", "-o", "key", "--purpose", "p", *OPEN],
        ["encrypt", "rows.csv", "-p", "public", "-o", "cts"],
        ["encrypt", "rows.csv", "-p", "public", "-o", "more"],  # the same rows are not appended twice
    ):
        dead(arguments, nothing)
    if command == "encrypt-rlwe":
        keys = ["-a", "auth-rlwe", "-p", "public-rlwe", "--scheme", "ipfe-rlwe", "--weight-bits", "4"]
        dead(["keygen", "-s", "schema", *keys, "--unrestricted", "a test", *OPEN], nothing)
        dead(["issue", "function", "-a", "auth-rlwe", "-o", "key-rlwe", "--purpose", "p", *OPEN], nothing)


def forget_new_authority() -> None:
    shutil.rmtree("new", ignore_errors=True)


def old(command: str) -> bytes:
    """What stands at the place of the output before."""
    return Path("cts").read_bytes() if command == "append" and Path("cts").exists() else OLD


def dead(arguments: list[str], arm: Arm, seconds: float | None = None) -> bool:
    """Whether a child was killed: by what it armed itself with, or after so many seconds. Else it came to its end."""
    forget_new_authority()
    Path("out").write_bytes(old(arguments[0]))
    pid = child(arguments, arm)
    if seconds is not None:
        time.sleep(seconds)
        os.kill(pid, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if status not in (0, -signal.SIGKILL):
        fail(f"a child ended with {status}")
    return status != 0


def whole(command: str) -> str:
    """Whether the output is the old file or the new one, both whole; and the authorities open, those that are there."""
    for name in ("auth", "new"):
        if Path(name).exists():
            KeyAuthority.open(name, passphrase=PASSPHRASE).close()
    data = Path("out").read_bytes()
    if data == old(command):
        return "old"
    READS[command](data)
    return "new"


def run(command: str, wanted: int, seed: int) -> dict[str, int]:
    prepare(command)
    arguments, found, rng = COMMANDS[command], Counter[str](), random.Random(seed)
    kept = {name: Path(name).read_bytes() for name in KEPT if Path(name).is_file()}
    for step in itertools.count():
        if not dead(arguments, dies_at(step)):
            break  # it did all its steps
        found[whole(command)] += 1
    start = time.perf_counter()
    dead(arguments, nothing)
    seconds = time.perf_counter() - start
    while found.total() < wanted:
        if dead(arguments, nothing, rng.uniform(0, seconds)):
            found[whole(command)] += 1
    dead(arguments, nothing)
    READS[command](Path("out").read_bytes())
    if kept != {name: Path(name).read_bytes() for name in kept}:
        fail("a file that the command reads was changed")
    left = {path.name for path in Path().iterdir()} - KEPT - {"out", "new"}
    if left:
        fail(f"left behind: {sorted(left)}")
    return dict(found)


if __name__ == "__main__":
    os.chdir(sys.argv[1])
    sealing.LOG_COST = 10
    print(json.dumps(run(sys.argv[2], *map(int, sys.argv[3:5]))))
