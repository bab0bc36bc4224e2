"""An exported log and what an auditor finds in it: every change, against heads that were kept elsewhere."""

from __future__ import annotations

import copy
import json
import pickle
import struct
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pyfe import AuditError, DecodeError, ParameterError, PyfeError
from pyfe.audit import AuditLog, Checkpoint, Frontier, Tree, require_as_new, verify
from pyfe.cli.commands import run
from pyfe.objects import decode
from pyfe.wire.envelope import Envelope, Kind, pack, unpack
from pyfe.wire.signature import SigningKey
from tests.fuzz.python.checks import Extremes, check

KEY, OTHER = SigningKey.from_seed(bytes(range(32))), SigningKey.from_seed(bytes(32))
COUNT = 50
ENTRIES = tuple(b"entry %02d" % number + bytes(number % 7) for number in range(COUNT))


def head(entries: Sequence[bytes], key: SigningKey = KEY) -> str:
    log = Frontier().followed_by(entries)
    return Checkpoint.of(key.public, log.size, log.root).signed(key)


def export(entries: Sequence[bytes], checkpoint: str | None = None, key: SigningKey = KEY) -> AuditLog:
    """A log under its own head, or under another."""
    return AuditLog(tuple(entries), head(entries, key) if checkpoint is None else checkpoint, key.public)


LOG = export(ENTRIES)
DATA = LOG.to_bytes()
HEADS = {size: head(ENTRIES[:size]) for size in range(COUNT + 1)}


def refused(log: AuditLog, saved: Sequence[Any] = (), authority: Any = None) -> AuditError:
    with pytest.raises(AuditError) as problem:
        verify(log, saved=saved, authority=authority)
    return problem.value


# -- what is right --


def test_a_log_is_what_it_was() -> None:
    found = verify(LOG)
    assert (found.size, found.root) == (COUNT, Tree(ENTRIES).root())
    assert not found.pinned and found.confirmed == 0 and found.authority == LOG.authority
    assert verify(LOG, saved=HEADS.values()).confirmed == COUNT
    assert verify(LOG, saved=[HEADS[20], HEADS[30].encode(), HEADS[7]]).confirmed == 30
    assert verify(LOG, saved=[export(ENTRIES[:33]), HEADS[0]]).confirmed == 33
    assert verify(export(())).size == 0


@pytest.mark.parametrize(
    "authority",
    [
        KEY.public,
        KEY.public.hex(),
        KEY.public.hex().upper(),
        LOG.authority,
        LOG.authority.hex(),
        LOG.checkpoint.split("\n")[0],
        bytearray(KEY.public),
    ],
)
def test_an_authority_can_be_pinned(authority: Any) -> None:
    assert verify(LOG, authority=authority).pinned
    other = export(ENTRIES, key=OTHER)
    assert verify(other).size == COUNT, "by itself it is as good as any"
    error = refused(other, authority=authority)
    assert error.kind == "authority" and f"it is of authority {other.authority.hex()}, not of " in str(error)


@pytest.mark.parametrize(
    "authority", ["", "key", "pyfe/authority/", b"", b"short", KEY.public[:-1], 5.0, [300], "00" * 20]
)
def test_what_names_no_authority_is_refused(authority: Any) -> None:
    with pytest.raises(ParameterError, match="an authority is its key of 32 bytes or its id of 16"):
        verify(LOG, authority=authority)


@pytest.mark.parametrize("saved", [HEADS[20], HEADS[20].encode(), LOG])
def test_one_saved_head_is_given_in_a_list(saved: Any) -> None:
    with pytest.raises(ParameterError, match="saved heads must be a list, also where there is one"):
        verify(LOG, saved=saved)


# -- every change of the file --


def test_every_flipped_bit_of_an_export_is_noticed() -> None:
    saved = [HEADS[COUNT]]
    kinds: dict[str, int] = {}
    for bit in range(8 * len(DATA)):
        changed = bytearray(DATA)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises((DecodeError, AuditError)) as problem:
            verify(AuditLog.from_bytes(bytes(changed)), saved=saved, authority=LOG.authority)
        kind = getattr(problem.value, "kind", "decode")
        kinds[kind] = kinds.get(kind, 0) + 1
    assert kinds["altered"] >= 8 * sum(map(len, ENTRIES)), "a flip in an entry is one of the entries"
    assert kinds.keys() == {"altered", "authority", "decode", "signature"}


def test_every_truncation_of_an_export_is_noticed() -> None:
    for size in range(len(DATA)):
        with pytest.raises(DecodeError):
            AuditLog.from_bytes(DATA[:size])
    for more in (b"\0", DATA):
        with pytest.raises(DecodeError, match="trailing"):
            AuditLog.from_bytes(DATA + more)


# -- changes of entries by who cannot sign --

Change = Callable[[list[bytes], int], None]


def insert(entries: list[bytes], at: int) -> None:
    entries.insert(at, b"planted")


def alter(entries: list[bytes], at: int) -> None:
    entries[at] = b"altered"


def exchange(entries: list[bytes], at: int) -> None:
    entries[at], entries[at - 1] = entries[at - 1], entries[at]


def double(entries: list[bytes], at: int) -> None:
    entries.insert(at, entries[at])


CHANGES: list[tuple[Change, str]] = [
    (lambda entries, at: entries.pop(at), "it has 49 entries, 1 too few, and they are not the 50"),
    (lambda entries, at: entries.__delitem__(slice(at, None)), "too few"),
    (insert, "it has 51 entries, 1 too many"),
    (double, "1 too many"),
    (alter, "it has 50 entries, and they are not the 50"),
    (exchange, "it has 50 entries, and they"),
]


def changed_at(change: Change, at: int) -> list[bytes]:
    entries = list(ENTRIES)
    change(entries, at)
    return entries


def first_change(entries: Sequence[bytes]) -> int:
    """The first entry that is not the log's; where one is the beginning of the other, the first that has no partner."""
    pairs = enumerate(zip(ENTRIES, entries, strict=False))
    return next((at for at, (before, now) in pairs if before != now), min(COUNT, len(entries)))


@pytest.mark.parametrize(
    ("change", "words"), CHANGES, ids=["delete", "truncate", "insert", "double", "alter", "exchange"]
)
def test_changed_entries_under_the_old_head(change: Change, words: str) -> None:
    """The head alone finds it; heads that were kept narrow it down, an export that was kept names it."""
    for at in range(COUNT):
        entries = changed_at(change, at)
        first = first_change(entries)
        log = export(entries, HEADS[COUNT])
        for saved in ((), [HEADS[20]], [HEADS[10], HEADS[20], HEADS[30], HEADS[49]], [HEADS[COUNT]]):
            error = refused(log, saved)
            assert error.kind == "altered" and error.entries is not None and words in str(error)
            assert error.entries[0] <= first <= error.entries[1]
            if len(saved) == 4 and len(entries) == COUNT:
                assert error.entries[1] - error.entries[0] < 20
        error = refused(log, [HEADS[20], LOG])
        assert error.entries == (first, first)
        assert f"the first change is at entry {first} (counted from 0)" in str(error)


def test_consecutive_heads_name_the_entry() -> None:
    for at in range(COUNT):
        error = refused(export(changed_at(alter, at), HEADS[COUNT]), list(HEADS.values()))
        assert error.entries == (at, at)


# -- changes by who signs --


@pytest.mark.parametrize("size", [0, 1, 20, 32, 49])
def test_an_older_log_is_a_rollback(size: int) -> None:
    log = export(ENTRIES[:size], HEADS[size])
    assert verify(log).size == size, "by itself it is as good as any"
    error = refused(log, [HEADS[size], HEADS[COUNT]])
    assert error.kind == "rollback" and error.entries is None
    assert f"its head is of {size} entries, and one of 50 was signed and kept elsewhere" in str(error)
    assert refused(export(ENTRIES, HEADS[size]), [HEADS[COUNT]]).kind == "rollback", "only the head is older"
    assert refused(export(ENTRIES, HEADS[size])).kind == "altered"
    assert refused(log, [LOG]).kind == "rollback"


@pytest.mark.parametrize(
    ("change", "words"), CHANGES, ids=["delete", "truncate", "insert", "double", "alter", "exchange"]
)
@pytest.mark.parametrize("at", [0, 5, 19, 20, 21, 49])
def test_another_history_under_a_new_head_is_a_fork(change: Change, words: str, at: int) -> None:
    """Whoever has the signing key signs what it likes; heads that were kept know better."""
    entries = [*changed_at(change, at), *(b"afterwards %d" % number for number in range(60))]
    first = first_change(entries)
    log = export(entries)
    assert verify(log).confirmed == 0
    if first == COUNT:
        assert verify(log, saved=[LOG]).confirmed == COUNT, "the entry was added, as it may be"
        return
    error = refused(log, [HEADS[20], HEADS[COUNT]])
    assert error.kind == "fork" and error.entries == ((0, 19) if first < 20 else (20, 49))
    assert f"when it had {20 if first < 20 else 50} entries" in str(error)
    assert refused(log, [HEADS[20], LOG]).entries == (first, first)
    if first >= 20:
        assert verify(log, saved=[HEADS[20]]).confirmed == 20, "what came after that head is the authority's word"


def test_a_log_that_was_put_back_and_went_on_is_a_fork() -> None:
    log = export((*ENTRIES[:40], *(b"again %d" % number for number in range(30))))
    error = refused(log, [HEADS[30], HEADS[COUNT]])
    assert error.kind == "fork" and error.entries == (30, 49)
    assert refused(log, [export(ENTRIES[:30]), LOG]).entries == (40, 40)


@pytest.mark.parametrize("size", [20, 30])
def test_two_histories_that_were_signed_are_said(size: int) -> None:
    """The log goes on from a head that was kept, and an earlier head, or one as large, is of something else."""
    other = head([*ENTRIES[:10], b"told to others", *ENTRIES[11:20]])
    error = refused(LOG, [HEADS[size], other])
    assert error.kind == "fork" and error.entries is None and str(error).endswith("there are two")
    assert f"signed at {size} entries and not the one signed at 20" in str(error)


# -- heads that are none --


@pytest.mark.parametrize(
    ("saved", "kind", "words"),
    [
        (head(ENTRIES, OTHER), "authority", "saved head 2: checkpoint: it is of"),
        (export(ENTRIES, key=OTHER), "authority", "saved head 2: checkpoint: it is of"),
        (HEADS[50].replace("\n50\n", "\n51\n"), "signature", "saved head 2: checkpoint: the signature is not valid"),
        (HEADS[50][:-1], "signature", "saved head 2: checkpoint: not a text"),
        (None, "signature", "saved head 2: checkpoint: expected text, not NoneType"),
        (
            export(ENTRIES[1:], HEADS[49]),
            "altered",
            "saved head 2: the export has other entries than those under its head",
        ),
        (export(ENTRIES[:-1], HEADS[50]), "altered", "saved head 2"),
        (export(ENTRIES, HEADS[49]), "altered", "saved head 2"),
    ],
)
def test_a_saved_head_that_is_none_is_said(saved: Any, kind: str, words: str) -> None:
    error = refused(LOG, [HEADS[20], saved])
    assert error.kind == kind and words in str(error)


def test_a_log_whose_head_nobody_signed_is_refused() -> None:
    forged = replace(LOG, checkpoint=HEADS[50].replace("\n50\n", "\n49\n"), entries=ENTRIES[:49])
    error = refused(forged)
    assert error.kind == "signature" and "the log's head: checkpoint: the signature is not valid" in str(error)
    assert refused(replace(LOG, verification_key=OTHER.public)).kind == "authority"
    taken_over = export(ENTRIES, key=OTHER)
    assert refused(taken_over, [HEADS[20]]).kind == "authority", "a head that was kept pins its authority"


# -- the bytes --


def test_a_log_travels() -> None:
    again = AuditLog.from_bytes(DATA)
    assert again == LOG and again.to_bytes() == DATA and decode(DATA) == LOG
    assert AuditLog.from_bytes(bytearray(DATA)) == LOG
    assert pickle.loads(pickle.dumps(LOG)) == LOG and copy.deepcopy(LOG) is LOG
    assert len(LOG) == COUNT and repr(LOG) == f"AuditLog(50 entries of authority {LOG.authority.hex()})"
    for entries in ((), (b"",), (b"", b"\0" * 300, b"")):
        assert AuditLog.from_bytes(export(entries).to_bytes()).entries == entries


def test_info_says_what_a_log_states(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "log"
    file.write_bytes(export(ENTRIES[:49], HEADS[50]).to_bytes())
    assert run(["info", str(file), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)[str(file)]
    assert (told["object"], told["entries"], told["entries_under_the_head"]) == ("audit log", 49, 50)
    assert told["authority_id"] == LOG.authority.hex() and told["verified"] is False


def framed(payload: bytes | None = None, *, drop: str = "", **more: Any) -> bytes:
    """The file of the log with another payload, other fields, other parts of its frame."""
    parts = unpack(DATA)
    frame = {
        name: more.pop(name)
        for name in ("kind", "scheme", "parameter_hash", "public_key_id", "signature")
        if name in more
    }
    metadata = {name: value for name, value in {**parts.metadata, **more}.items() if name != drop}
    changed = replace(parts, payload=parts.payload if payload is None else payload, metadata=metadata, **frame)
    return pack(Envelope(**vars(changed)))


HUGE = struct.pack("<I", 2**32 - 1)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (framed(b"\1"), "audit log: entry at byte 0: its length is cut off"),
        (framed(b"\1\0\0\0a\0\0\0"), "entry at byte 5: its length is cut off"),
        (framed(b"\2\0\0\0a"), "entry at byte 0: needs 2 bytes, 1 remain"),
        (framed(HUGE), "needs 4294967295 bytes, 0 remain"),
        (framed(b"\0\0\0\0" + HUGE + b"a"), "entry at byte 4: needs 4294967295 bytes, 1 remain"),
        (framed(b"\0\0\0\1"), "needs 16777216 bytes, 0 remain"),
        (framed(scheme=1), "it has no scheme, ids or signature"),
        (framed(parameter_hash=b"\1" * 32), "it has no scheme, ids or signature"),
        (framed(public_key_id=b"\1" * 32), "it has no scheme, ids or signature"),
        (framed(signature=bytes(64)), "it has no scheme, ids or signature"),
        (framed(kind=Kind.SCHEMA), "these bytes are a schema, not a audit log"),
        (framed(kind=Kind.SEALED_IDENTITY), "these bytes are a sealed identity"),
        (framed(drop="checkpoint"), "field 'checkpoint' is missing"),
        (framed(drop="verification_key"), "field 'verification_key' is missing"),
        (framed(note=1), "unknown field 'note'"),
        (framed(checkpoint=HEADS[50].encode()), "field 'checkpoint' is not a str"),
        (framed(checkpoint=HEADS[50] + "\n"), "checkpoint: not a text"),
        (framed(checkpoint=HEADS[50].replace("\n", "\r\n")), "checkpoint: not a text"),
        (framed(checkpoint="x" * 10**6), "checkpoint: more than 4096 characters"),
        (framed(checkpoint=""), "checkpoint: not a text"),
        (framed(verification_key=KEY.public.hex()), "field 'verification_key' is not a bytes"),
        (framed(verification_key=KEY.public[1:]), "field 'verification_key' has 31 bytes"),
        (b"", "envelope: "),
        (b"PYFE", "envelope: "),
    ],
)
def test_hostile_bytes_are_refused(data: bytes, words: str) -> None:
    with pytest.raises(DecodeError) as problem:
        AuditLog.from_bytes(data)
    assert words in str(problem.value)


def test_a_small_file_costs_little() -> None:
    """Nothing is allocated for a length that is only stated, and empty entries are no way to fill a memory."""
    seen = Extremes()
    for payload in (HUGE * 1000, bytes(4 * 10**5), b"\2\0\0\0ab" * 10**5, (b"\0" * 4 + HUGE) * 1000):
        check(lambda data: verify(AuditLog.from_bytes(data)), framed(payload), seen)
    check(lambda data: verify(AuditLog.from_bytes(data)), framed(checkpoint="\n" * 2**23), seen)
    assert seen.kinds == {"DecodeError": 3, "AuditError": 2}


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: AuditLog(list(ENTRIES), HEADS[50], KEY.public), "a tuple of bytes"),
        (lambda: AuditLog(("text",), HEADS[50], KEY.public), "a tuple of bytes"),
        (lambda: AuditLog((bytearray(b"x"),), HEADS[50], KEY.public), "a tuple of bytes"),
        (lambda: AuditLog(ENTRIES, HEADS[50].encode(), KEY.public), "the text of a checkpoint"),
        (lambda: AuditLog(ENTRIES, "head", KEY.public), "the text of a checkpoint: checkpoint: not a text"),
        (lambda: AuditLog(ENTRIES, HEADS[50], KEY.public.hex()), "a verification key is 32 bytes"),
        (lambda: AuditLog(ENTRIES, HEADS[50], b""), "a verification key is 32 bytes"),
    ],
)
def test_what_is_no_log_is_refused(make: Any, words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        make()


def test_sealed_kinds_are_not_read_as_objects() -> None:
    for kind in (Kind.SEALED_AUTHORITY, Kind.SEALED_IDENTITY, Kind.SEALED_OWNER):
        with pytest.raises(DecodeError, match=f"a {kind.text} is opened with its passphrase"):
            decode(framed(kind=kind))


def test_an_audit_error_says_its_kind() -> None:
    error = AuditError("words", kind="fork", entries=(1, 2))
    assert isinstance(error, PyfeError) and (error.kind, error.entries, str(error)) == ("fork", (1, 2), "words")


def test_what_was_signed_over_fewer_entries_than_a_saved_head_is_old() -> None:
    for size in (30, 31, 50):
        require_as_new(size, KEY.public, [HEADS[30], HEADS[7], export(ENTRIES[:30])])
    require_as_new(0, KEY.public, [])
    for saved in ([HEADS[31]], [HEADS[7], HEADS[50]], [export(ENTRIES[:31])]):
        with pytest.raises(AuditError, match="the table is of a log of 30 entries, and a head of .* was kept") as old:
            require_as_new(30, KEY.public, saved, "the table")
        assert old.value.kind == "rollback"
    with pytest.raises(AuditError, match="saved head 2: ") as other:
        require_as_new(50, KEY.public, [HEADS[7], head(ENTRIES, OTHER)])
    assert other.value.kind == "authority"
    with pytest.raises(ParameterError, match="saved heads must be a list"):
        require_as_new(50, KEY.public, HEADS[7])
