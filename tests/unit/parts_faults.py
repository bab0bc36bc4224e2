"""A program: work in parts, on the disk of ``power_loss.c``, which must be preloaded.

``python -m tests.unit.parts_faults kills`` kills the work before each of its calls that change files, and lets the next
run go on; ``errors`` lets each of them fail, once and for good; ``power PLANT`` kills and takes the power away. After
each of them what was acknowledged is there, whole, and the end is the same. A plant is a bug that must be noticed. All
print JSON.
"""

from __future__ import annotations

import ctypes
import errno
import itertools
import json
import os
import random
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any, BinaryIO

from pyfe.cohorts import parts
from pyfe.cohorts.manifest import Command, Counts, Span
from pyfe.cohorts.parts import parts_beside, work_folder
from pyfe.errors import ParameterError
from pyfe.io import claimed, replacement, roles
from tests.unit.storage_conformance import in_child, said
from tests.unit.storage_disk import DISK, blank, lose_power

shim: Any = ctypes.CDLL(None)
HEADER = b"row,score,decision\n"
COMMAND = Command("scores", {"function_key": "f" * 64}, 3, 2, ".csv")
OUTPUT = DISK / "scores.csv"


def text_of(span: Span) -> bytes:
    rows = range(2000 * span.first_chunk, 2000 * (span.first_chunk + span.chunks))
    return HEADER + b"".join(b"%d,%d,0.5\n" % (row, row * row) for row in rows)


WHOLE = HEADER + b"".join(text_of(span)[len(HEADER) :] for span in COMMAND.spans())


def written(span: Span) -> Callable[[BinaryIO], Counts]:
    def write(file: BinaryIO) -> Counts:
        text = text_of(span)
        file.write(text[:10_000])
        file.write(text[10_000:])
        return Counts(text.count(b"\n") - 1)

    return write


def one_file(writer: int) -> None:
    """As a command that makes one file works; it says which parts are acknowledged."""
    with (
        claimed(OUTPUT, roles.SCORES) as output,
        work_folder(parts_beside(OUTPUT), COMMAND, resume=True, private=True) as work,
    ):
        for span in work.missing():
            work.add(span, written(span))
            os.write(writer, b"%d\n" % span.number)
        work.finish()
        output.fill(lambda file: file.writelines([HEADER, *work.pieces(after=HEADER)]))
        os.write(writer, b"done\n")
        work.remove()


def folder_alone(writer: int) -> None:
    """As a command works whose output is the folder."""
    with work_folder(DISK, COMMAND, resume=True, clock=lambda: 1.0) as work:
        for span in work.missing():
            work.add(span, written(span))
            os.write(writer, b"%d\n" % span.number)
        work.finish()
        os.write(writer, b"done\n")
        if b"".join([HEADER, *work.pieces(after=HEADER)]) != WHOLE:
            os._exit(3)


def ran(work: Callable[[int], None], arm: Callable[[], None]) -> tuple[int, list[bytes]]:
    """A run in a child: how it ended, and what it said."""

    def armed(writer: int) -> None:
        arm()
        try:
            work(writer)
        except ParameterError as error:
            os.write(writer, b"refused %s\n" % str(error).encode())

    pid, reader = in_child(armed)
    lines = said(reader)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), lines


def acknowledged() -> dict[str, tuple[int, bytes]]:
    """The parts that a manifest names, by inode and bytes."""
    folder = parts_beside(OUTPUT)
    try:
        manifest = parts.read_manifest(folder)
    except ParameterError:
        return {}
    paths = [folder / COMMAND.name(part.number) for part in manifest.parts]
    return {path.name: (path.stat().st_ino, path.read_bytes()) for path in paths if path.exists()}


def goes_on(lines: list[bytes], step: int) -> None:
    """The next run, undisturbed: finished parts are kept as they are, and the end is the whole, and nothing else."""
    before, kept = acknowledged(), {b"%d" % int(name[5:11]) for name in acknowledged()}
    if b"done" not in lines and not set(lines) & {b"0", b"1"} <= kept:
        sys.exit(f"call {step}: {lines} were acknowledged, and {kept} are there")
    if OUTPUT.exists() and OUTPUT.read_bytes() != WHOLE:
        sys.exit(f"call {step}: the output is neither missing nor whole")
    status, again = ran(one_file, lambda: shim.disk_fail(-1, 0, 0))
    if status or again[-1:] != [b"done"] or OUTPUT.read_bytes() != WHOLE:
        sys.exit(f"call {step}: the next run ended with {status}, {again}")
    if {int(line) for line in again[:-1]} & {int(name[5:11]) for name in before} and b"done" not in lines:
        sys.exit(f"call {step}: parts were made again: {again}, {sorted(before)}")
    if [path.name for path in DISK.iterdir()] != [OUTPUT.name]:
        sys.exit(f"call {step}: left behind: {sorted(path.name for path in DISK.iterdir())}")


def kills() -> dict[str, int]:
    found = Counter[str]()
    for step in itertools.count():
        blank()
        status, lines = ran(one_file, lambda step=step: shim.disk_kill(step))
        if not status:
            return dict(found)
        found["killed"] += 1
        found[f"after {len(lines)}"] += 1
        goes_on(lines, step)
    raise AssertionError


def errors() -> dict[str, int]:
    found = Counter[str]()
    for error, times in itertools.product((errno.EIO, errno.ENOSPC), (1, 10**9)):
        for step in itertools.count():
            blank()
            status, lines = ran(one_file, lambda at=(step, times, error): shim.disk_fail(*at))
            if status:
                sys.exit(f"call {step}: ended with {status}: {lines}")
            if lines[-1:] == [b"done"] and shim_silent(step, times, error):
                break
            words = b"refused cannot write", b"could not be synced"
            if lines[-1:] != [b"done"] and not (
                os.strerror(error).encode() in lines[-1] and any(word in lines[-1] for word in words)
            ):
                sys.exit(f"call {step}: {lines}")
            found["failed"] += lines[-1] != b"done"
            goes_on(lines, step)
    return dict(found)


def shim_silent(step: int, times: int, error: int) -> bool:
    """Whether so many calls do not take place at all."""
    blank()

    def counted(writer: int) -> None:
        shim.disk_fail(10**9, 0, error)
        one_file(writer)
        os.write(writer, b"%d\n" % shim.disk_calls())

    return int(ran(counted, lambda: None)[1][-1]) <= step


def power(plant: str) -> dict[str, int]:
    """The folder is the disk itself: its names are what the shim knows."""
    if plant == "folder":
        parts.sync_folder = replacement.sync_folder = lambda folder: None  # type: ignore[assignment]
    elif plant == "file":
        os.fsync = lambda descriptor: None  # type: ignore[assignment]
    found, draw = Counter[str](), random.Random(plant)
    for step in itertools.count():
        blank()
        status, lines = ran(folder_alone, lambda step=step: shim.disk_kill(step))
        if not status:
            return {name: found[name] for name in ("killed", "kept", "lost", "broken")}
        found["killed"] += 1
        lose_power(draw if step % 2 else None)
        there = {b"%d" % int(path.name[5:11]) for path in DISK.glob("part-*")}
        told = set(lines) & {b"0", b"1"}
        found["kept"] += len(told & there)
        found["lost"] += len(told - there)
        status, lines = ran(folder_alone, lambda: shim.disk_fail(-1, 0, 0))
        if status or lines[-1:] != [b"done"]:
            found["broken"] += 1
    raise AssertionError


if __name__ == "__main__":
    command, *rest = sys.argv[1:]
    shim.disk_fail(-1, 0, 0)
    print(json.dumps({"kills": kills, "errors": errors}[command]() if command != "power" else power(rest[0])))
