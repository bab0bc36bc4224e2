"""One ledger, one file: links, locks, forks, owners, clocks, and failures at every step of issuing."""

from __future__ import annotations

import errno
import fcntl
import json
import math
import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pyfe import AuthorityError, Function, KeyAuthority, ParameterError, Policy, PolicyDeniedError, Schema
from pyfe.adapters import adapter
from pyfe.authority import decisions, sealed_file
from pyfe.authority.ledger import lock_file, locked_file
from pyfe.authority.secrets import Secrets
from pyfe.errors import DecodeError, PyfeError
from pyfe.schemes import ipfe_ddh
from pyfe.wire import cbor, sealing
from pyfe.wire.envelope import Envelope, Kind, pack, unpack
from tests.unit import objects
from tests.unit.objects import PASSPHRASE

FREE = Policy.unrestricted(reason="a test")


@pytest.fixture(autouse=True)
def cheap_scrypt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "LOG_COST", 10)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    return folder / "authority.pyfe"


def wide() -> Schema:
    return Schema.from_ranges({f"x{i}": (0, 255) for i in range(24)})


def dense(change: int = 0) -> Function:
    weights = np.arange(3, 27) * np.where(np.arange(24) % 2, -1, 1)
    weights[0] += change
    return Function.from_integers(wide(), weights)


def created(path: Path, **rest: Any) -> KeyAuthority:
    return KeyAuthority.create(wide(), path=path, passphrase=PASSPHRASE, **rest)


def opened(path: Path) -> KeyAuthority:
    return KeyAuthority.open(path, passphrase=PASSPHRASE)


# -- links --


@pytest.mark.parametrize("kind", ["file", "chain", "folder"])
def test_every_symbolic_link_leads_to_one_ledger(path: Path, tmp_path: Path, kind: str) -> None:
    real, link = created(path), tmp_path / "link.pyfe"
    if kind == "folder":
        (tmp_path / "folder").symlink_to(path.parent)
        link = tmp_path / "folder" / path.name
    else:
        (tmp_path / "first.pyfe").symlink_to(path)
        link.symlink_to(tmp_path / "first.pyfe" if kind == "chain" else path)
    opened(link).issue(dense(), purpose="through the link")
    assert len(real.issued) == 1 and not path.is_symlink()
    assert kind == "folder" or link.is_symlink()
    assert sorted(tmp_path.rglob("*.lock")) == [path.with_name(path.name + ".lock")]
    with pytest.raises(PolicyDeniedError):
        real.issue(dense(1), purpose="the difference opens x0")


def test_a_link_turned_elsewhere_does_not_move_the_ledger(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.pyfe"
    link.symlink_to(path)
    through = created(link)  # a link to nothing yet: the file is made where it points
    assert link.is_symlink() and path.exists()
    link.unlink()
    through.issue(dense(), purpose="model")
    assert len(opened(path).issued) == 1 and not link.exists()


def test_hard_links_are_refused(path: Path, tmp_path: Path) -> None:
    authority = created(path)
    os.link(path, tmp_path / "second.pyfe")
    before = path.read_bytes()
    for attempt in (lambda: opened(path), lambda: authority.issue(dense(), purpose="model")):
        with pytest.raises(AuthorityError, match="2 names"):
            attempt()
    assert path.read_bytes() == before
    (tmp_path / "second.pyfe").unlink()
    assert authority.issue(dense(), purpose="model").sequence == 1


def test_a_lock_file_that_is_a_link_is_refused(path: Path, tmp_path: Path) -> None:
    authority = created(path)
    lock = path.with_name(path.name + ".lock")
    lock.rename(tmp_path / "elsewhere")
    lock.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(AuthorityError, match="cannot lock"):
        authority.issue(dense(), purpose="model")


@pytest.mark.parametrize("what", ["authority.pyfe", "authority.pyfe.lock"])
def test_a_pipe_in_the_place_of_a_file_does_not_hang(path: Path, what: str) -> None:
    created(path)
    authority = opened(path)
    (path.parent / what).unlink()
    os.mkfifo(path.parent / what)
    with pytest.raises(AuthorityError, match="is not a file"):
        authority.issue(dense(), purpose="model")


# -- what changes under our feet: every refusal is of the write alone, decision and lock were fine --


def _lock_removed(path: Path) -> None:
    path.with_name(path.name + ".lock").unlink()


def _lock_replaced(path: Path) -> None:
    _lock_removed(path)
    path.with_name(path.name + ".lock").touch()


def _folder_renamed(path: Path) -> None:
    path.parent.rename(path.parent.with_name("old"))


def _folder_replaced(path: Path) -> None:
    old = path.parent.with_name("old")
    path.parent.rename(old)
    shutil.copytree(old, path.parent)


def _folder_alone_replaced(path: Path) -> None:
    """The very files, in another folder of the same name: only the folder tells."""
    old = path.parent.with_name("old")
    path.parent.rename(old)
    path.parent.mkdir()
    for each in list(old.iterdir()):
        each.rename(path.parent / each.name)


def _file_replaced(path: Path) -> None:
    shutil.copy2(path, path.with_name("copy"))
    path.with_name("copy").rename(path)


def _file_linked(path: Path) -> None:
    os.link(path, path.with_name("second"))


@pytest.mark.parametrize(
    "change",
    [
        _lock_removed,
        _lock_replaced,
        _folder_renamed,
        _folder_replaced,
        _folder_alone_replaced,
        _file_replaced,
        _file_linked,
    ],
)
@pytest.mark.parametrize("instant", ["before the new file", "before the rename"])
def test_nothing_is_written_where_something_was_replaced(
    path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], None], instant: str
) -> None:
    authority = created(path)
    before = path.read_bytes()
    if instant == "before the new file":
        whole = sealed_file.seal
        monkeypatch.setattr(sealed_file, "seal", lambda *given: (whole(*given), change(path))[0])
    else:
        durable = locked_file._write_durably
        monkeypatch.setattr(locked_file, "_write_durably", lambda *given: (durable(*given), change(path))[0])
    with pytest.raises(AuthorityError, match="nothing was issued"):
        authority.issue(dense(), purpose="model")
    monkeypatch.undo()
    monkeypatch.setattr(sealing, "LOG_COST", 10)
    for each in path.parent.parent.rglob(path.name):
        assert each.read_bytes() == before


def test_a_ledger_that_moved_is_not_overwritten(path: Path) -> None:
    first, second = created(path, policy=FREE), opened(path)
    second.issue(dense(), purpose="meanwhile")
    with pytest.raises(AuthorityError, match="moved"):
        first._ledger.append([cbor.dumps("stale")], position=0)
    assert [row.purpose for row in first.issued] == ["meanwhile"]


def test_a_decision_is_made_again_where_the_ledger_moved(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process issues between our decision outside the lock and the lock."""
    authority, other = created(path), opened(path)
    decide, asked = decisions.decide, []

    def interrupted(state: Any, *asked_with: Any) -> Any:
        found = decide(state, *asked_with)
        asked.append(len(state.issued))
        if asked == [0]:
            other.issue(dense(), purpose="meanwhile")
        return found

    monkeypatch.setattr(decisions, "decide", interrupted)
    with pytest.raises(PolicyDeniedError, match="x0"):
        authority.issue(dense(1), purpose="difference")
    assert (asked[0] == 0 and asked[-1] == 0) or len(authority.issued) == 1


def test_an_older_file_in_its_place_is_noticed(path: Path) -> None:
    authority = created(path, policy=FREE)
    authority.issue(dense(), purpose="first")
    older = path.read_bytes()
    authority.issue(dense(), purpose="second")
    path.write_bytes(older)
    for ask in (lambda: authority.issued, lambda: authority.issue(dense(), purpose="third")):
        with pytest.raises(AuthorityError, match="rows that were in the authority file before are gone"):
            ask()
    assert path.read_bytes() == older and len(opened(path).issued) == 1


def test_the_row_of_an_append_is_not_read_again(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = created(path, policy=FREE)
    authority.issue(dense(), purpose="model")
    reads: list[object] = []
    open_ledger = sealed_file.open_ledger
    monkeypatch.setattr(sealed_file, "open_ledger", lambda *given: (reads.append(given), open_ledger(*given))[1])
    assert authority.issue(dense(), purpose="again").sequence == 2 and len(authority.issued) == 2
    assert reads == []
    opened(path).issue(dense(), purpose="another process")
    assert len(authority.issued) == 3 and len(reads) == 1


# -- the lock --


def test_locks_are_not_inherited_by_a_child_that_lives_on(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker is forked while a thread issues: it keeps nobody out, and can issue itself."""
    monkeypatch.setattr(locked_file, "LOCK_SECONDS", 5.0)
    authority = created(path, policy=FREE)
    inside, go = threading.Event(), threading.Event()
    append = authority._ledger.append

    def waiting(rows: Any, *, position: int) -> None:
        inside.set()
        go.wait(5)
        append(rows, position=position)

    authority._ledger.append = waiting  # type: ignore[method-assign]
    thread = threading.Thread(target=lambda: authority.issue(dense(), purpose="thread"))
    thread.start()
    inside.wait()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            mine = [os.readlink(f"/proc/self/fd/{name}") for name in os.listdir("/proc/self/fd") if int(name) > 2]
        except OSError:
            mine = []
        os.write(writer, b"lock" if any(name.endswith(".lock") for name in mine) else b"none")
        authority._ledger.append = append  # type: ignore[method-assign]
        try:
            os.write(writer, str(authority.issue(dense(2), purpose="child").sequence).encode())
        finally:
            signal.pause()
            os._exit(0)
    try:
        assert os.read(reader, 4) == b"none"
        go.set()
        thread.join()
        authority._ledger.append = append  # type: ignore[method-assign]
        assert authority.issue(dense(3), purpose="parent").sequence in (2, 3)
        assert os.read(reader, 1) in (b"2", b"3")
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    assert len(authority.issued) == 3


def test_a_descriptor_that_lives_on_elsewhere_keeps_nobody_out(path: Path) -> None:
    """A copy made below Python, where no handler runs: the owner unlocks by name."""
    authority = created(path, policy=FREE)
    copies: list[int] = []
    with authority._ledger.exclusive():
        copies.append(os.dup(authority._ledger._file._lock.descriptor))  # type: ignore[attr-defined]
    try:
        with path.with_name(path.name + ".lock").open("rb+") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    finally:
        os.close(copies[0])


def test_a_program_started_inside_the_lock_does_not_get_it(path: Path) -> None:
    authority = created(path)
    with authority._ledger.exclusive():
        listed = subprocess.run(["ls", "-l", "/proc/self/fd"], close_fds=False, capture_output=True, text=True)
    assert "/proc/" in listed.stdout and ".lock" not in listed.stdout


def test_a_child_forked_inside_the_lock_writes_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locked_file, "LOCK_SECONDS", 0.2)
    authority = created(path, policy=FREE)
    before = path.read_bytes()
    with authority._ledger.exclusive():
        child = os.fork()
        if child == 0:
            try:
                authority._ledger.append([cbor.dumps("child")], position=0)
            except AuthorityError:
                os._exit(7)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    assert path.read_bytes() == before
    assert authority.issue(dense(), purpose="model").sequence == 1


def test_an_authority_in_memory_is_not_forked_into_two_ledgers() -> None:
    authority = KeyAuthority.create(wide())
    child = os.fork()
    if child == 0:
        try:
            authority.issue(dense(), purpose="child")
        except AuthorityError:
            os._exit(7)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    assert authority.issue(dense(), purpose="parent").sequence == 1


def test_a_queue_that_moves_is_waited_for(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Others hold the lock one after the other, each shorter than the patience, all of them longer."""
    monkeypatch.setattr(locked_file, "LOCK_SECONDS", 0.4)
    authority = created(path, policy=FREE)
    lock = path.with_name(path.name + ".lock")

    def others() -> None:
        with lock.open("rb+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            held.set()
            for turn in range(8):  # as holders do that take over before we look again
                os.pwrite(file.fileno(), f"{turn} {turn:016x}".ljust(63).encode() + b"\n", 0)
                time.sleep(0.2)

    held = threading.Event()
    thread = threading.Thread(target=others)
    thread.start()
    held.wait()
    start = time.monotonic()
    assert authority.issue(dense(), purpose="model").sequence == 1
    assert time.monotonic() - start > 1
    thread.join()


def test_a_holder_without_progress_is_given_up(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locked_file, "LOCK_SECONDS", 0.2)
    authority = created(path)
    with path.with_name(path.name + ".lock").open("rb+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(AuthorityError, match="locked by another process, which made no progress"):
            authority.issue(dense(), purpose="model")


def test_a_lock_file_removed_while_we_wait_is_made_anew(path: Path) -> None:
    authority = created(path)
    lock = path.with_name(path.name + ".lock")
    with lock.open("rb+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        outcome: list[int] = []
        thread = threading.Thread(target=lambda: outcome.append(authority.issue(dense(), purpose="m").sequence))
        thread.start()
        time.sleep(3 * lock_file.POLL_SECONDS)
        lock.unlink()
    thread.join()
    assert outcome == [1] and lock.exists()


# -- the file itself --


def test_mode_and_group_are_kept(path: Path) -> None:
    authority = created(path)
    path.chmod(0o640)
    authority.issue(dense(), purpose="model")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_the_owner_is_kept(path: Path) -> None:
    authority = created(path)
    for each in path.parent.iterdir():
        each.unlink() if each.suffix == ".lock" else os.chown(each, 12345, 12346)
    authority.issue(dense(), purpose="model")
    for each in (path, path.with_name(path.name + ".lock")):
        assert (each.stat().st_uid, each.stat().st_gid) == (12345, 12346)


def test_nobody_becomes_the_owner_by_issuing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = created(path)
    before = path.read_bytes()

    def refused(*_: Any) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(locked_file, "give", refused)
    with pytest.raises(AuthorityError, match="not permitted; nothing was issued"):
        authority.issue(dense(), purpose="model")
    assert path.read_bytes() == before and not list(path.parent.glob(".*"))


def test_what_killed_processes_left_is_removed_and_nothing_else(path: Path) -> None:
    authority = created(path)
    left, other = path.with_name(f".{path.name}.{'0a' * 8}.tmp"), path.with_name(f".{path.name}.mine.tmp")
    left.touch()
    other.touch()
    authority.issue(dense(), purpose="model")
    assert not left.exists() and other.exists()


def test_files_too_large_are_neither_read_nor_written(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = created(path)
    size = path.stat().st_size
    monkeypatch.setattr(locked_file, "MAX_FILE_SIZE", size + 50)
    with pytest.raises(AuthorityError, match=rf"at most {size + 50} are allowed; nothing was issued"):
        authority.issue(dense(), purpose="model")
    assert path.stat().st_size == size
    monkeypatch.setattr(locked_file, "MAX_FILE_SIZE", size - 1)
    with pytest.raises(AuthorityError, match="at most"):
        opened(path)


@pytest.mark.parametrize("place", ["a\0b", "\ud800", 5, None, 1.5])
def test_paths_that_are_none(place: Any) -> None:
    with pytest.raises(PyfeError):
        KeyAuthority.open(place, passphrase=PASSPHRASE)


@pytest.mark.parametrize("passphrase", [5, "long enough \ud800"])
def test_passphrases_that_are_none(path: Path, passphrase: Any) -> None:
    with pytest.raises(ParameterError, match="passphrase"):
        KeyAuthority.create(wide(), path=path, passphrase=passphrase)


# -- after the rename --


def test_a_folder_that_cannot_be_synced_says_that_the_key_counts(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = created(path)

    def fails(_: Path) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patch:
        patch.setattr(locked_file, "sync_folder", fails)
        with pytest.raises(AuthorityError, match=r"key #1 is in the ledger and counts") as caught:
            authority.issue(dense(), purpose="model")
    assert "nothing was issued" not in str(caught.value)
    assert [row.purpose for row in authority.issued] == ["model"]
    assert authority.issue(dense(), purpose="again").sequence == 2


@pytest.mark.parametrize("step", ["_write_durably", "sync_folder"])
def test_a_creation_that_fails_leaves_nothing(path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    def fails(*_: Any) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patch:
        patch.setattr(locked_file, step, fails)
        with pytest.raises(AuthorityError, match="Input/output error"):
            created(path)
    assert list(path.parent.iterdir()) == []
    assert created(path).issue(dense(), purpose="model").sequence == 1


@pytest.mark.parametrize("problem", [MemoryError(), OSError(5, "x"), RuntimeError("broken"), ParameterError("odd")])
def test_any_failure_after_the_row_says_that_the_key_counts(
    path: Path, monkeypatch: pytest.MonkeyPatch, problem: Exception
) -> None:
    authority = created(path)

    def fails(*_: Any) -> None:
        raise problem

    monkeypatch.setattr(ipfe_ddh, "keygen", fails)
    with pytest.raises(AuthorityError, match=r"key #1 is in the ledger and counts"):
        authority.issue(dense(), purpose="model")
    assert len(authority.issued) == 1


def test_ctrl_c_after_the_row_says_that_the_key_counts(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: Any) -> None:
        raise KeyboardInterrupt

    authority = created(path)
    monkeypatch.setattr(ipfe_ddh, "keygen", stopped)
    with pytest.raises(KeyboardInterrupt) as caught:
        authority.issue(dense(), purpose="model")
    assert any("key #1 is in the ledger and counts" in note for note in caught.value.__notes__)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # it fell into a callback of C code
def test_ctrl_c_at_any_instant_leaves_a_ledger_and_no_lock(path: Path) -> None:
    """A real signal after 0, 1, 2 .. steps of time through one issue; then another process gets the lock at once."""
    authority = created(path, policy=FREE)

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGALRM, interrupt)
    start = time.monotonic()
    authority.issue(dense(), purpose="warm")
    whole, released, interrupted = max(time.monotonic() - start, 0.004), 1, 0
    try:
        for step in range(60):
            try:
                signal.setitimer(signal.ITIMER_REAL, 1e-5 + whole * step / 40)
                authority.issue(dense(), purpose=f"step {step}")
                signal.setitimer(signal.ITIMER_REAL, 0)
                released += 1
            except KeyboardInterrupt:
                interrupted += 1
            with path.with_name(path.name + ".lock").open("rb+") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            rows = opened(path).issued
            assert [row.sequence for row in rows] == list(range(1, len(rows) + 1)) and len(rows) >= released
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
    assert interrupted > 0
    assert authority.issue(dense(), purpose="last").sequence == len(rows) + 1


def test_a_lock_that_cannot_be_signed_leaves_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", full)
        with pytest.raises(AuthorityError, match="cannot lock the authority"):
            created(path)
    assert not list(path.parent.iterdir())
    created(path)
    lock = path.with_name(path.name + ".lock")
    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", full)
        with pytest.raises(AuthorityError, match="cannot lock the authority"):
            opened(path).issue(dense(), purpose="model")
    assert lock.exists()


# -- limits, before the row --


@pytest.mark.parametrize("text", ["half \ud800 pair", "\udcff", "x" * 501, " ", ""])
def test_texts_that_the_ledger_cannot_hold(path: Path, text: str) -> None:
    authority = created(path)
    before = path.read_bytes()
    for given in ({"purpose": text}, {"purpose": "fine", "recipient": text}):
        with pytest.raises(ParameterError, match=r"purpose|recipient"):
            authority.issue(dense(), **given)
    with pytest.raises(ParameterError, match="reason"):
        created(path.with_name("other"), policy=Policy.unrestricted(reason=text))
    with pytest.raises(ParameterError, match="reason"):
        Policy("unrestricted", text)
    assert path.read_bytes() == before


def test_the_longest_text_in_bytes_comes_back(path: Path) -> None:
    key = created(path).issue(dense(), purpose="\U00010348" * 500, recipient="Łódź, 慈恵")
    assert opened(path).issued[0].purpose == key.purpose and type(key).from_bytes(key.to_bytes()) == key


@pytest.mark.parametrize("now", [math.nan, math.inf, -1.0, 2.0**41, 1e300, "noon", None])
def test_clocks_that_tell_no_time(path: Path, now: Any) -> None:
    with pytest.raises(AuthorityError, match="the clock says"):
        created(path, clock=lambda: now)
    assert not path.exists()
    created(path)
    authority = KeyAuthority.open(path, passphrase=PASSPHRASE, clock=lambda: now)
    before = path.read_bytes()
    with pytest.raises(AuthorityError, match="the clock says.*nothing was issued"):
        authority.issue(dense(), purpose="model")
    assert path.read_bytes() == before


def test_a_clock_behind_the_ledger_is_refused(path: Path) -> None:
    times = [1_700_000_000.5, 1_700_000_000.1, 1_699_999_999.9, 1_700_000_001.0]
    authority = created(path, clock=lambda: times.pop(0) if len(times) < 4 else 1_700_000_000.5)
    times.pop(0)
    authority.issue(dense(), purpose="first")
    with pytest.raises(AuthorityError, match="before the newest row of the ledger"):
        authority.issue(dense(), purpose="second")
    assert authority.issue(dense(), purpose="second").issued_at == 1_700_000_001


def test_a_key_that_could_not_be_written_is_not_recorded(path: Path) -> None:
    """2^24 bytes are the most that the metadata of a key may have."""
    authority = created(path)
    huge = Function.from_integers(wide(), dense().weights, name="n" * (1 << 24))
    before = path.read_bytes()
    with pytest.raises(ParameterError, match="metadata"):
        authority.issue(huge, purpose="model")
    assert path.read_bytes() == before


# -- kill -9 --

_VICTIM = """
import os, sys, numpy as np, pyfe
from pyfe.wire import sealing
sealing.LOG_COST = 10
path, passphrase = sys.argv[1:]
schema = pyfe.Schema.from_ranges({f"x{i}": (0, 255) for i in range(24)})
free = pyfe.Policy.unrestricted(reason="a test")
print("ready", flush=True)
if os.path.exists(path):
    authority = pyfe.KeyAuthority.open(path, passphrase=passphrase)
else:
    authority = pyfe.KeyAuthority.create(schema, path=path, passphrase=passphrase, policy=free)
print("created", flush=True)
while True:
    weights = np.random.default_rng().integers(-99, 99, 12)
    key = authority.issue(pyfe.Function.from_integers(schema, weights), purpose="p")
    print(key.sequence, key.function.id.hex(), flush=True)
"""


def _killed(path: Path, seconds: float) -> list[str]:
    """The acknowledgements of a process that is killed so long after it began."""
    process = subprocess.Popen(
        [sys.executable, "-c", _VICTIM, str(path), PASSPHRASE], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    time.sleep(seconds)
    process.kill()
    lines = process.stdout.read().splitlines()
    process.wait()
    return [line for line in lines if len(line.split()) != 2 or len(line.split()[1]) == 64]


def _survives_kills(path: Path, rounds: int) -> None:
    draw, acknowledged = np.random.default_rng(int(os.environ["PYFE_TEST_SEED"])), {}
    for number in range(rounds):
        if number % 10 == 0:  # a new one, to be killed while it is created
            acknowledged = {}
            for each in list(path.parent.iterdir()):
                each.unlink()
        lines = _killed(path, float(draw.uniform(0, 0.03 if number % 10 < 3 else 0.2)))
        acknowledged |= {int(line.split()[0]): line.split()[1] for line in lines if len(line.split()) == 2}
        if not path.exists():
            assert "created" not in lines
            continue
        authority = opened(path)
        rows = {row.sequence: row.function_id.hex() for row in authority.issued}
        assert acknowledged.items() <= rows.items() and sorted(rows) == list(range(1, len(rows) + 1))
        authority.issue(dense(), purpose="after")
        assert not list(path.parent.glob(".*.tmp"))


def test_kill_at_any_instant(path: Path) -> None:
    _survives_kills(path, 4)


@pytest.mark.slow
def test_a_hundred_kills(path: Path) -> None:
    _survives_kills(path, 100)


# -- files of 0.1.0: one part, secrets and ledger together --


def first_layout(path: Path, root: Path) -> dict[str, Any]:
    """A sealed file as 0.1.0 wrote it, from frozen contents of that version. The values of these contents."""
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    plain = bytes.fromhex(json.loads((root / "tests/vectors/linear_authority.json").read_text())["default"])
    terms = objects.authority_of_first_layout(plain)._ledger.terms
    key, nonce = sealing.SealingKey.fresh(PASSPHRASE), bytes(range(12))
    metadata = {"aead": "chacha20-poly1305", "kdf": "scrypt", "log_cost": key.log_cost}
    metadata |= {"nonce": nonce, "salt": key.salt}  # type: ignore[dict-item]
    ids = terms.public.parameters.id, terms.public.id
    header = Envelope(Kind.SEALED_AUTHORITY, adapter(terms.scheme).number, *ids, b"", metadata)
    payload = ChaCha20Poly1305(bytes(key.key)).encrypt(nonce, plain, pack(header))
    path.write_bytes(pack(replace(header, payload=payload)))
    values: dict[str, Any] = cbor.loads(plain, "test")
    return values


def test_files_of_the_first_layout_are_read_and_become_files_of_two_parts(path: Path, root: Path) -> None:
    values = first_layout(path, root)
    before = path.read_bytes()
    authority, other = opened(path), opened(path)
    inside = authority._secrets
    assert inside.master.to_bytes() == values["master_secret_key"]
    assert inside.signing_key.seed() == values["signing_key"]
    assert path.read_bytes() == before and b"secrets" not in before
    again = Function.from_integers(authority.schema, values["ledger"][0]["weights"])
    assert authority.issue(again, purpose="again").sequence == 2
    assert b"secrets" in path.read_bytes()
    assert other.issue(again, purpose="another process").sequence == 3  # which had opened the old file
    last = opened(path)
    assert [row.sequence for row in last.issued] == [1, 2, 3]
    assert last.public_key == authority.public_key
    assert last._secrets.master.to_bytes() == values["master_secret_key"]


def test_the_secrets_of_another_file_do_not_fit(path: Path) -> None:
    """Two authorities under one key, so that only the binding of the two parts can refuse."""
    key = sealing.SealingKey.fresh(PASSPHRASE)
    first, second = objects.authority(), objects.authority()
    mine, other = objects.sealed(first, key), objects.sealed(second, key)
    a, b = unpack(mine), unpack(other)
    size = a.metadata["secrets"]
    swapped = pack(replace(a, payload=bytes(b.payload[:size]) + bytes(a.payload[size:])))
    assert sealed_file.open_sealed(mine, lambda *_: key)[0].terms.public.id == first.public_key.id
    with pytest.raises(AuthorityError, match="damaged"):
        sealed_file.open_sealed(swapped, lambda *_: key)


def test_secrets_are_sealed_once(path: Path) -> None:
    """Every file of an authority carries on the very bytes that its first one had; the ledger's are all new."""
    authority, parts = created(path, policy=FREE), []
    for turn in range(3):
        file = sealed_file.SealedFile.parse(path.read_bytes())
        parts.append((file.secrets.data, file.nonce, file.ledger[:64]))
        (authority if turn else opened(path)).issue(dense(turn), purpose="model")
    assert [len(set(column)) for column in zip(*parts, strict=True)] == [1, 3, 3]


def test_secrets_are_opened_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    created(path, policy=FREE)
    authority, other = opened(path), opened(path)
    reads: list[str] = []
    read = Secrets.read
    monkeypatch.setattr(Secrets, "read", lambda *parts: (reads.append("secret"), read(*parts))[1])
    other.issue(dense(), purpose="model")
    assert len(authority.issued) == 1 and authority.check(dense()) and reads == []
    opened(path)
    assert reads == ["secret"]


def test_an_unchanged_ledger_is_not_decoded_again(path: Path) -> None:
    authority = created(path, policy=FREE)
    authority.issue(dense(), purpose="model")
    first = authority._newest()
    assert authority._newest() is first
    opened(path).issue(dense(1), purpose="another process")
    grown = authority._newest()
    assert len(grown.issued) == 2 and grown.issued[0] is first.issued[0] and grown.terms is first.terms


@pytest.mark.parametrize("size", [0, 1, 5, 20, 60])
def test_cut_off_maps_are_refused(size: int) -> None:
    data = cbor.dumps({"a": 1, "key": b"x" * 30, "z": [1, {"b": "text"}, None]})
    rest, views = cbor.cut(memoryview(data), frozenset(["key"]), "test")
    assert cbor.loads(rest, "test") == {"a": 1, "z": [1, {"b": "text"}, None]} and bytes(views["key"]) == b"x" * 30
    with pytest.raises(DecodeError):
        cbor.loads(cbor.cut(memoryview(data[: -size - 1]), frozenset(["key"]), "test")[0], "test")


def test_a_file_that_is_no_lock_file_is_never_written_to(path: Path) -> None:
    """The lock of an authority at X is X.lock, which may be somebody's file, or another authority."""
    text = "# generated, and must not be changed by hand\n"
    lock = path.with_name(path.name + ".lock")
    for held in (text.encode(), b"1 " + b"0" * 16 + b" " * 45 + b"x", b"1 " + b"0" * 16 + b" " * 45 + b"\n" + b"more"):
        lock.write_bytes(held)
        with pytest.raises(AuthorityError, match="is no lock file"):
            created(path)
        assert lock.read_bytes() == held and not path.exists()
    lock.unlink()
    created(path.with_name(lock.name))
    sealed = lock.read_bytes()
    with pytest.raises(AuthorityError, match="is no lock file"):
        created(path)
    assert lock.read_bytes() == sealed
    opened(lock)


def test_a_folder_is_no_path_of_an_authority() -> None:
    with pytest.raises(ParameterError, match="names a file"):
        KeyAuthority.create(objects.schema(), path="/", passphrase=PASSPHRASE)


def test_a_failed_creation_leaves_the_lock_that_was_there(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a lock file that it made goes with it."""

    def fails(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    lock = path.with_name(path.name + ".lock")
    with monkeypatch.context() as patch:
        patch.setattr(locked_file, "_write_durably", fails)
        for there in (None, b"", bytes(64)):
            if there is not None:
                lock.write_bytes(there)
            with pytest.raises(AuthorityError, match="cannot write"):
                created(path)
            assert lock.exists() == (there is not None) and not path.exists()
    created(path)
