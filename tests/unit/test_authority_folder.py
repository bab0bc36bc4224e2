"""An authority in a folder: made whole or not at all, links, forks, owners, clocks, failures at every step, kill -9."""

from __future__ import annotations

import errno
import fcntl
import math
import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pyfe import AuditError, AuthorityError, Function, KeyAuthority, ParameterError, Policy, PolicyDeniedError
from pyfe.audit import AuditLog, verify
from pyfe.authority import backup, folder
from pyfe.authority.entries import decode_entry
from pyfe.authority.storage import waiting
from pyfe.errors import PyfeError
from pyfe.folder_names import MASTER
from pyfe.schemes import ipfe_ddh
from pyfe.wire import sealing
from tests.unit import objects, postgres_cluster
from tests.unit.engines import FREE, dense, schema
from tests.unit.objects import PASSPHRASE
from tests.unit.postgres_cluster import Cluster

WIDE = schema()


@pytest.fixture(autouse=True)
def cheap_scrypt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "LOG_COST", 10)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    return tmp_path / "data" / "authority"


def created(path: Path, **rest: Any) -> KeyAuthority:
    return KeyAuthority.create(WIDE, path=path, passphrase=PASSPHRASE, **rest)


def opened(path: Path, **rest: Any) -> KeyAuthority:
    return KeyAuthority.open(path, passphrase=PASSPHRASE, **rest)


def fails(*_: Any) -> None:
    raise OSError(errno.EIO, os.strerror(errno.EIO))


# -- the folder --


def test_the_folder_is_private_and_alone(path: Path) -> None:
    with created(path) as authority:
        authority.issue(dense(WIDE), purpose="model")
        assert {each.name for each in path.iterdir()} <= {each.name for each in folder.authority_files(path)}
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
        assert {stat.S_IMODE(each.stat().st_mode) for each in path.iterdir()} == {0o600}
    assert sorted(each.name for each in path.iterdir()) == ["authority.db", "master.sealed"]
    assert [each.name for each in path.parent.iterdir()] == ["authority"]


@pytest.mark.parametrize("there", ["file", "empty folder", "authority", "link to nothing"])
def test_nothing_that_is_there_is_overwritten(path: Path, there: str) -> None:
    if there == "file":
        path.write_bytes(b"mine")
    elif there == "empty folder":
        path.mkdir()
    elif there == "authority":
        created(path).close()
    before = path.read_bytes() if there == "file" else None
    if there == "link to nothing":
        path.symlink_to(path.with_name("elsewhere"))
        created(path).close()
        assert path.is_symlink() and opened(path.with_name("elsewhere")).issued == ()
        return
    with pytest.raises(AuthorityError, match="never overwritten"):
        created(path)
    assert before is None or path.read_bytes() == before


@pytest.mark.parametrize("step", ["mkdir", "fsync", "rename", "replace"])
def test_a_creation_that_fails_leaves_nothing(path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(os, step, fails)
        with pytest.raises(AuthorityError, match="Input/output error"):
            created(path)
    assert list(path.parent.iterdir()) == []
    assert created(path).issue(dense(WIDE), purpose="model").sequence == 1


def test_what_killed_processes_left_is_removed_and_nothing_else(path: Path) -> None:
    names = [f".{path.name}.{'0a' * 8}.new", f".{path.name}.held.new", f".{path.name}s.other.new"]
    left, held, other = (path.with_name(name) for name in names)
    for each in (left, held, other):
        each.mkdir()
        (each / MASTER).write_bytes(b"x")
    descriptor = folder._held(held)
    created(path).close()
    os.close(descriptor)
    assert (left.exists(), held.exists(), other.exists()) == (False, True, True)


def test_every_symbolic_link_leads_to_one_log(path: Path, tmp_path: Path) -> None:
    real, link = created(path), tmp_path / "link"
    link.symlink_to(path)
    opened(link).issue(dense(WIDE), purpose="through the link")
    assert len(real.issued) == 1 and link.is_symlink()
    with pytest.raises(PolicyDeniedError):
        real.issue(dense(WIDE, 1), purpose="the difference opens x0")


def test_what_is_no_authority_is_said(path: Path) -> None:
    with pytest.raises(AuthorityError, match="cannot read"):
        opened(path)
    path.write_bytes(WIDE.to_bytes())
    with pytest.raises(AuthorityError, match="is not an authority: an authority is a folder"):
        opened(path)
    path.unlink()
    path.mkdir()
    with pytest.raises(AuthorityError, match=r"cannot read the master keys .*master.sealed: No such file"):
        opened(path)
    os.mkfifo(path / MASTER)
    with pytest.raises(AuthorityError, match="it is not a file"):
        opened(path)
    with pytest.raises(ParameterError, match="names a folder of its own"):
        created(Path("/"))


@pytest.mark.parametrize("place", ["a\0b", "\ud800", 5, None, 1.5])
def test_paths_that_are_none(place: Any) -> None:
    with pytest.raises(PyfeError):
        KeyAuthority.open(place, passphrase=PASSPHRASE)


@pytest.mark.parametrize("passphrase", [5, "long enough \ud800"])
def test_passphrases_that_are_none(path: Path, passphrase: Any) -> None:
    with pytest.raises(ParameterError, match="passphrase"):
        KeyAuthority.create(WIDE, path=path, passphrase=passphrase)
    assert list(path.parent.iterdir()) == []


def test_master_keys_without_end_are_not_read(path: Path) -> None:
    created(path).close()
    os.truncate(path / MASTER, folder.MAX_MASTER_SIZE + 1)
    with pytest.raises(AuthorityError, match="at most 1073741824 are allowed"):
        opened(path)


@pytest.mark.parametrize("what", ["authority.db", MASTER])
def test_parts_of_another_authority_do_not_fit(path: Path, what: str) -> None:
    created(path).close()
    other = path.with_name("other")
    created(other).close()
    shutil.copy(other / what, path / what)
    with pytest.raises(AuthorityError, match="another authority"):
        opened(path)


def test_every_byte_of_the_master_keys_counts(path: Path) -> None:
    created(path).close()
    data = (path / MASTER).read_bytes()
    for at in range(0, len(data), 97):
        (path / MASTER).write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        with pytest.raises(AuthorityError):
            opened(path)


# -- epochs --


def test_rotation_lasts(path: Path) -> None:
    wider = schema(25)
    with created(path) as authority:
        first = authority.public_key
        key = authority.issue(dense(WIDE), purpose="model")
        other = opened(path)
        assert authority.rotate(wider, reason="one column more") == 2
        assert authority.public_key.schema.id == wider.id and other.public_key == authority.public_key
        assert other.issue(dense(wider), purpose="model").sequence == 2
        assert authority.public_key_of(1) == first
        authority.retire(1, reason="old")
    again = opened(path)
    assert [epoch.retired_at is None for epoch in again.epochs] == [False, True]
    assert [entry.epoch for entry in again.ledger] == [1, 2] and "epoch 2" in repr(again)
    assert again.issue(dense(WIDE), purpose="model").to_bytes() == key.to_bytes()
    with pytest.raises(PolicyDeniedError, match="epoch 1 is retired"):
        again.issue(dense(WIDE, 5), purpose="model")
    with pytest.raises(ParameterError, match="no epoch 3"):
        again.public_key_of(3)


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_an_epoch_that_cannot_be_kept_is_not_opened(path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    authority = created(path)
    before = (path / MASTER).read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(os, step, fails)
        with pytest.raises(AuthorityError, match="cannot write the master keys"):
            authority.rotate()
    assert (path / MASTER).read_bytes() == before and len(opened(path).epochs) == 1
    assert authority.rotate() == 2 and len(opened(path).epochs) == 2
    assert opened(path).issue(dense(WIDE), purpose="model").sequence == 1


# -- the log --


def test_the_log_is_exported_and_checked_elsewhere(path: Path) -> None:
    authority = created(path)
    saved = authority.head
    authority.issue(dense(WIDE), purpose="model")
    log = AuditLog.from_bytes(authority.log().to_bytes())
    found = verify(log, authority=authority.public_key.verification_key, saved=[saved, authority.head])
    assert (found.size, found.confirmed) == (3, 3)
    assert opened(path, saved=[saved, authority.head]).head == authority.head


def test_an_older_copy_in_its_place_is_noticed(path: Path) -> None:
    created(path).close()
    shutil.copytree(path, path.with_name("backup"))
    with opened(path) as authority:
        authority.issue(dense(WIDE), purpose="model")
        saved = authority.head
    shutil.rmtree(path)
    path.with_name("backup").rename(path)
    with pytest.raises(AuditError, match="one of 3 was signed and kept elsewhere"):
        opened(path, saved=[saved])


def test_an_authority_that_is_open_notices_an_older_copy(path: Path) -> None:
    created(path, policy=FREE).close()
    shutil.copytree(path, path.with_name("backup"))
    authority = opened(path)
    authority.issue(dense(WIDE), purpose="first")
    shutil.rmtree(path)
    path.with_name("backup").rename(path)
    for ask in (lambda: authority.issued, lambda: authority.issue(dense(WIDE), purpose="third")):
        with pytest.raises(AuthorityError):
            ask()
    assert opened(path).issued == ()


# -- processes --


def test_an_authority_in_memory_is_not_forked_into_two_logs() -> None:
    authority = KeyAuthority.create(WIDE)
    child = os.fork()
    if child == 0:
        try:
            authority.issue(dense(WIDE), purpose="child")
        except AuthorityError:
            os._exit(7)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    assert authority.issue(dense(WIDE), purpose="parent").sequence == 1


def test_a_forked_child_issues_into_the_same_log(path: Path) -> None:
    authority = created(path, policy=FREE)
    authority.issue(dense(WIDE), purpose="before")
    child = os.fork()
    if child == 0:
        os._exit(authority.issue(dense(WIDE), purpose="child").sequence)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 2
    assert authority.issue(dense(WIDE), purpose="parent").sequence == 3


def test_a_holder_without_progress_is_given_up(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "LOCK_SECONDS", 0.2)
    authority, other = created(path, policy=FREE), opened(path)
    with other._engine._storage.writing(), pytest.raises(AuthorityError, match="no progress"):
        authority.issue(dense(WIDE), purpose="model")
    assert authority.issue(dense(WIDE), purpose="model").sequence == 1


@pytest.mark.parametrize("problem", [MemoryError(), OSError(5, "x"), RuntimeError("broken"), ParameterError("odd")])
def test_any_failure_after_the_row_says_that_the_key_counts(
    path: Path, monkeypatch: pytest.MonkeyPatch, problem: Exception
) -> None:
    authority = created(path)

    def broken(*_: Any) -> None:
        raise problem

    monkeypatch.setattr(ipfe_ddh, "keygen", broken)
    with pytest.raises(AuthorityError, match=r"key #1 is in the ledger and counts"):
        authority.issue(dense(WIDE), purpose="model")
    assert len(authority.issued) == 1


def test_ctrl_c_after_the_row_says_that_the_key_counts(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: Any) -> None:
        raise KeyboardInterrupt

    authority = created(path)
    monkeypatch.setattr(ipfe_ddh, "keygen", stopped)
    with pytest.raises(KeyboardInterrupt) as caught:
        authority.issue(dense(WIDE), purpose="model")
    assert any("key #1 is in the ledger and counts" in note for note in caught.value.__notes__)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # it fell into a callback of C code
def test_ctrl_c_at_any_instant_leaves_a_log_and_no_lock(path: Path) -> None:
    """A real signal after 0, 1, 2 .. steps of time through one issue; then another process gets the lock at once."""
    authority = created(path, policy=FREE)

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGALRM, interrupt)
    start = time.monotonic()
    authority.issue(dense(WIDE), purpose="warm")
    whole, released, interrupted = max(time.monotonic() - start, 0.004), 1, 0
    try:
        for step in range(40):
            try:
                signal.setitimer(signal.ITIMER_REAL, 1e-5 + whole * step / 27)
                authority.issue(dense(WIDE), purpose=f"step {step}")
                signal.setitimer(signal.ITIMER_REAL, 0)
                released += 1
            except KeyboardInterrupt:
                interrupted += 1
            rows = opened(path).issued
            assert [row.sequence for row in rows] == list(range(1, len(rows) + 1)) and len(rows) >= released
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
    assert interrupted > 0
    assert opened(path).issue(dense(WIDE), purpose="last").sequence == len(rows) + 1


# -- limits, before the entry --


def log_of(path: Path) -> tuple[bytes, ...]:
    return opened(path).log().entries


@pytest.mark.parametrize("text", ["half \ud800 pair", "\udcff", "x" * 501, " ", ""])
def test_texts_that_the_log_cannot_hold(path: Path, text: str) -> None:
    authority = created(path)
    before = log_of(path)
    for given in ({"purpose": text}, {"purpose": "fine", "recipient": text}):
        with pytest.raises(ParameterError, match=r"purpose|recipient"):
            authority.issue(dense(WIDE), **given)
    with pytest.raises(ParameterError, match="reason"):
        created(path.with_name("other"), policy=Policy.unrestricted(reason=text))
    assert log_of(path) == before


def test_the_longest_text_in_bytes_comes_back(path: Path) -> None:
    key = created(path).issue(dense(WIDE), purpose="\U00010348" * 500, recipient="Łódź, 慈恵")
    assert opened(path).issued[0].purpose == key.purpose and type(key).from_bytes(key.to_bytes()) == key


@pytest.mark.parametrize("now", [math.nan, math.inf, -1.0, 2.0**41, 1e300, "noon", None])
def test_clocks_that_tell_no_time(path: Path, now: Any) -> None:
    with pytest.raises(AuthorityError, match="the clock says"):
        created(path, clock=lambda: now)
    assert not path.exists()
    created(path)
    authority = opened(path, clock=lambda: now)
    before = log_of(path)
    with pytest.raises(AuthorityError, match="the clock says.*nothing was issued"):
        authority.issue(dense(WIDE), purpose="model")
    assert log_of(path) == before


def test_a_key_that_could_not_be_written_is_none_and_the_log_says_who_asked(path: Path) -> None:
    """2^24 bytes are the most that the metadata of a key may have; the log keeps the words, and not the function."""
    authority = created(path)
    huge = Function.from_integers(WIDE, dense(WIDE).weights, name="n" * (1 << 24))
    before = log_of(path)
    with pytest.raises(ParameterError, match="metadata"):
        authority.issue(huge, purpose="model")
    [more] = log_of(path)[len(before) :]
    assert decode_entry(more).kind == "dismissed" and len(more) < 1000 and not authority.issued


def test_secrets_are_not_in_the_folder_in_the_clear(path: Path) -> None:
    authority = created(path)
    master = objects.secrets_of(authority).master.to_bytes()
    for each in path.iterdir():
        data = each.read_bytes()
        assert not any(master[i : i + 16] in data for i in range(len(master) - 512, len(master) - 16, 8))
        assert PASSPHRASE.encode() not in data


def test_two_threads_are_decided_one_after_the_other(path: Path) -> None:
    created(path).close()
    outcomes: list[object] = []
    barrier = threading.Barrier(2)

    def request(change: int) -> None:
        mine = opened(path)
        barrier.wait()
        try:
            outcomes.append(mine.issue(dense(WIDE, change), purpose=str(change)).sequence)
        except PolicyDeniedError as error:
            outcomes.append(type(error))

    threads = [threading.Thread(target=request, args=(change,)) for change in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, outcomes)) == ["1", str(PolicyDeniedError)] and len(opened(path).issued) == 1


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
    weights = np.random.default_rng().integers(-99, 99, 24)
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
                shutil.rmtree(each)
        lines = _killed(path, float(draw.uniform(0, 0.1 if number % 10 < 3 else 1.0)))
        acknowledged |= {int(line.split()[0]): line.split()[1] for line in lines if len(line.split()) == 2}
        if not path.exists():
            assert "created" not in lines
            continue
        authority = opened(path)
        rows = {row.sequence: row.function_id.hex() for row in authority.issued}
        assert acknowledged.items() <= rows.items() and sorted(rows) == list(range(1, len(rows) + 1))
        verify(authority.log(), authority=authority.public_key.verification_key)
        authority.issue(dense(WIDE), purpose="after")


def test_kill_at_any_instant(path: Path) -> None:
    _survives_kills(path, 4)


@pytest.mark.slow
def test_a_hundred_kills(path: Path) -> None:
    _survives_kills(path, 100)


def test_a_lock_on_the_new_folder_keeps_others_from_clearing_it(path: Path) -> None:
    with folder.making(path) as made, pytest.raises(BlockingIOError):
        fcntl.flock(os.open(made.path, os.O_RDONLY), fcntl.LOCK_EX | fcntl.LOCK_NB)
    shutil.rmtree(path)


# -- the log on a server --


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    yield postgres_cluster.cluster()
    postgres_cluster.remove_all()


def test_a_log_on_a_server(path: Path, cluster: Cluster) -> None:
    url = cluster.empty()
    with created(path, log=url) as authority:
        issued = authority.issue(dense(WIDE), purpose="model", recipient="centre")
        authority.rotate(reason="next")
    assert sorted(each.name for each in path.iterdir()) == ["log.url", "master.sealed"]
    with opened(path) as one, opened(path) as other:
        assert other.issue(dense(WIDE), purpose="model", recipient="centre", epoch=1).to_bytes() == issued.to_bytes()
        one.issue(dense(WIDE), purpose="of the second epoch")
        assert [entry.epoch for entry in other.ledger] == [1, 2]
    backup(path, path.with_name("copy"))
    assert (path.with_name("copy") / "authority.db").exists()
    with opened(path.with_name("copy")) as copied:
        assert len(copied.issued) == 2
    with pytest.raises(AuthorityError, match="already"):
        created(path.with_name("second"), log=url)
    assert not path.with_name("second").exists()
    with opened(path):
        cluster.stop()
        try:
            with pytest.raises(AuthorityError, match="nothing was appended"):
                opened(path)
        finally:
            cluster.start()


WRONG_URLS = ("postgresql://u:secret@h/d", "postgresql://h/d?password=s", "a path", "x" * 2000,
              "postgresql://u:pa/ss@h/d", "postgresql://u:pa#ss@h/d", "postgresql://h/d?sslpassword=s")  # fmt: skip


@pytest.mark.parametrize("url", WRONG_URLS)
def test_what_is_no_place_for_a_log(path: Path, url: str) -> None:
    with pytest.raises(ParameterError):
        created(path, log=url)
    assert not path.exists()
    with pytest.raises(ParameterError, match="both path and passphrase"):
        KeyAuthority.create(WIDE, log="postgresql://h/d")
