"""A program: a log in a file, on the disk of ``power_loss.c``, which must be preloaded.

``python -m tests.unit.storage_disk power ROUNDS SEED PLANT`` kills writers at random, or before one of their calls,
lets a reader say what it sees, takes the power away, and counts what was acknowledged and is lost. A plant is a bug
that must be noticed. ``... errors SEED`` lets every call in turn fail, for once and for good, with every error; after
each of them what was acknowledged is there, after a crash and a loss of power too. ``... syncs`` counts. All print
JSON.

Children are forks of this process, which imported everything and has no file open: so a kill costs no start.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
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
from typing import Any

from pyfe.authority.storage import Recorded, StorageError, Stored, create_storage, open_storage, sqlite
from tests.unit.storage_conformance import AUTHORITY, entries, head, in_child, put, said

DISK, PLATTER = Path(os.environ["PYFE_DISK"]), Path(os.environ["PYFE_PLATTER"])
LOG = DISK / "authority.db"
PAGE = 4096
MOST = 1000
"""Entries that a writer appends in a round: its kill comes long before, unless a plant leaves out what it waits for."""
shim: Any = ctypes.CDLL(None)


def killed(child: tuple[int, int], seconds: float | None = None) -> list[bytes]:
    """What a child said until it was killed: so long after its first word, or by itself."""
    if seconds is not None:
        os.read(child[1], 2)
        time.sleep(seconds)
        os.kill(child[0], signal.SIGKILL)
    lines = said(child[1])
    status = os.waitstatus_to_exitcode(os.waitpid(child[0], 0)[1])
    if status not in (0, -signal.SIGKILL):
        sys.exit(f"a child ended with {status}")
    return lines


def blank() -> None:
    """A new disk, whose folder is there for good."""
    for folder in (DISK, PLATTER):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
    (PLATTER / "names").touch()


def lose_power(draw: random.Random | None) -> None:
    """Put the folder back as the platter has it. With ``draw`` any page that was not synced may have come there too."""
    after: dict[str, bytes] = {}
    for line in (PLATTER / "names").read_text().splitlines():
        inode, name = line.split(" ", 1)
        synced, file = PLATTER / inode, DISK / name
        data = bytearray(synced.read_bytes() if synced.exists() else b"")
        if draw and file.exists() and str(file.stat().st_ino) == inode:
            now = file.read_bytes()
            for start in range(0, len(now), PAGE):
                if draw.random() < 0.5:
                    data.extend(bytes(max(0, start - len(data))))
                    data[start : start + PAGE] = now[start : start + PAGE]
        after[name] = bytes(data)
    blank()
    for name, data in after.items():
        (DISK / name).write_bytes(data)
        descriptor = os.open(DISK / name, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)
    folder = os.open(DISK, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


def whole(found: Stored) -> int:
    """How long a log is whose entries and head belong together."""
    size = len(found.entries)
    if found != Stored(entries(*range(size)), head(size) if size else b""):
        sys.exit("entries and head do not belong together")
    return size


def write_until_killed(writer: int) -> None:
    """Append, and say how many there are."""
    storage = open_storage(LOG)
    os.write(writer, b"0\n")
    size = len(storage.read().entries)
    for number in range(size, size + MOST):
        os.write(writer, b"%d\n" % put(storage, *entries(number)))


def read_and_die(writer: int) -> None:
    """Say how many there are, and close nothing."""
    storage = open_storage(LOG)
    os.write(writer, b"%d\n" % whole(storage.read()))
    os.kill(os.getpid(), signal.SIGKILL)
    storage.close()


def plant(bug: str) -> None:
    """A bug that the rounds must notice."""
    if bug == "settle":
        sqlite.SqliteFile._settle = lambda self, connection: None  # type: ignore[method-assign]
    elif bug:
        sqlite.SETTINGS["synchronous"] = bug


def power(rounds: int, seed: int, bug: str) -> dict[str, int]:
    plant(bug)
    draw, found = random.Random(seed), Counter[str]()
    blank()
    create_storage(LOG, AUTHORITY).close()
    for number in range(rounds):
        if bug == "settle":
            number = 11 + 24 * number  # all of the kind that must notice it
        call, sync = [(-1, -1), (draw.randrange(120), -1), (-1, -1), (-1, draw.randrange(6))][number % 4]

        def work(writer: int, call: int = call, sync: int = sync) -> None:
            shim.disk_kill(call)
            shim.disk_kill_at_sync(sync)
            write_until_killed(writer)

        lines = killed(in_child(work), None if number % 2 else draw.uniform(0, 0.1))
        if number % 3:
            lines += killed(in_child(read_and_die))
        acknowledged = max(map(int, lines), default=0)
        lose_power(draw if number % 8 > 3 else None)
        with contextlib.suppress(StorageError):
            with contextlib.closing(open_storage(LOG)) as storage:
                size = whole(storage.read())
                found["lost"] += max(0, acknowledged - size)
                found["acknowledged"] += max(0, acknowledged - found["before"])
                found["before"] = size
            continue
        found["broken"] += 1
        blank()
        create_storage(LOG, AUTHORITY).close()
        found["before"] = 0
    return {name: found[name] for name in ("acknowledged", "lost", "broken")}


STEPS = ("create", "put", "put", "reopen", "put", "put")


def sequence(writer: int, arm: Callable[[], None]) -> None:
    """Make a log, append, close, open, append; after an error go on with the next step. Says after each step whether
    it was done, not done, or perhaps; then dies."""
    arm()
    storage, size = None, 0
    for step in STEPS:
        try:
            if storage is None or step == "reopen":
                if storage is not None:
                    storage.close()
                storage = open_storage(LOG) if LOG.exists() and step != "create" else create_storage(LOG, AUTHORITY)
                size = len(storage.read().entries)
            if step == "put":
                put(storage, *entries(size))
                size += 1
            os.write(writer, b"done %d\n" % size)
        except StorageError as error:
            os.write(writer, b"%s %d\n" % (b"perhaps" if isinstance(error, Recorded) else b"failed", size))
            with contextlib.suppress(StorageError):
                size = len(storage.read().entries) if storage else 0
    os.write(writer, b"calls %d\n" % shim.disk_calls())
    os.kill(os.getpid(), signal.SIGKILL)


def verdict(lines: list[bytes], seed: int, lose: bool, found: Counter[str]) -> None:
    """Hold what was said against what is there, after the crash."""
    known, perhaps = 0, 0
    for line in lines:
        word, size = line.split()
        found[word.decode()] += 1
        if word == b"done":
            known, perhaps = max(known, int(size)), max(perhaps, int(size))
        elif word == b"perhaps":
            perhaps = max(perhaps, int(size) + 1)
    if lose:
        lose_power(random.Random(seed) if seed % 2 else None)
    try:
        storage = open_storage(LOG)
    except StorageError:
        if known:
            sys.exit("a log with acknowledged entries does not open")
        storage = create_storage(LOG, AUTHORITY)
    size = whole(storage.read())
    if not known <= size <= max(known, perhaps):
        sys.exit(f"call {found['sequences']}: {known} acknowledged, {perhaps} perhaps there, and {size} are: {lines}")
    put(storage, *entries(size))
    storage.close()


def errors(seed: int) -> dict[str, int]:
    """Every call fails in turn, until none does."""
    sqlite.CHECKPOINT_SIZE = 0
    found = Counter[str]()
    for error, times in itertools.product((errno.EIO, errno.ENOSPC), (1, 10**9)):
        calls = 1
        for at in itertools.count():
            if at >= calls:
                break
            blank()

            def work(writer: int, at: int = at, error: int = error, times: int = times) -> None:
                sequence(writer, lambda: shim.disk_fail(at, times, error))

            *lines, last = killed(in_child(work))
            calls = int(last.split()[1])
            verdict(lines, seed + at, at % 2 == 0, found)
            found["sequences"] += 1
    return dict(found)


def syncs() -> dict[str, int]:
    """Of a hundred commits; and of a hundred transactions that append nothing."""
    blank()
    storage = create_storage(LOG, AUTHORITY)
    before = shim.disk_syncs()
    for number in range(100):
        put(storage, *entries(number))
    between = shim.disk_syncs()
    for _ in range(100):
        with storage.writing() as transaction:
            transaction.read(99)
    return {"commits": between - before, "nothing": shim.disk_syncs() - between}


if __name__ == "__main__":
    command, *rest = sys.argv[1:]
    shim.disk_fail(-1, 0, 0)
    if command == "power":
        print(json.dumps(power(int(rest[0]), int(rest[1]), rest[2])))
    elif command == "errors":
        print(json.dumps(errors(int(rest[0]))))
    else:
        print(json.dumps(syncs()))
