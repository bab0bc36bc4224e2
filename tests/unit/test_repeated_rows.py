"""Rows that are joined twice are known by their bytes, whoever cut, sent or named them meanwhile."""

from __future__ import annotations

import hashlib
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import pyfe
from pyfe import CiphertextBatch, ParameterError, Schema
from pyfe.adapters import SCHEMES, Adapter
from pyfe.adapters.row_marks import marks_of_last, repeated_rows
from pyfe.cli.commands import run as command
from pyfe.row_ids import RowIds
from tests.unit import objects

concat = CiphertextBatch.concat
TWICE = "an earlier batch has the same encrypted row"


@pytest.fixture(scope="module", params=list(SCHEMES))
def batch(request: pytest.FixtureRequest) -> CiphertextBatch:
    schema = Schema.from_ranges({"a": pyfe.number(0, 3, step=1), "b": pyfe.number(0, 3, step=1)})
    return pyfe.KeyAuthority.create(schema, scheme=request.param).public_key.encrypt({"a": [2] * 7, "b": [1] * 7})


def test_a_row_of_an_earlier_batch_is_refused(batch: CiphertextBatch) -> None:
    with pytest.raises(ParameterError, match=rf"^row 0, 1, 2, 3 of batch 2 and more: {TWICE}.*--allow-duplicates"):
        concat([batch, batch])
    with pytest.raises(ParameterError, match=rf"^row 1 of batch 2, row 0 of batch 4: {TWICE}"):
        concat([batch[:3], concat([batch[4], batch[2]]), batch[5:], batch[6]])
    assert len(concat([batch, batch[:2]], allow_duplicates=True)) == 9
    assert len(concat([batch[4:], batch[:0], batch[:4], batch[:0]])) == 7 and len(concat([batch])) == 7


def test_whoever_had_it_meanwhile(batch: CiphertextBatch) -> None:
    sent = CiphertextBatch.from_bytes(batch[1:5].to_bytes())
    with pytest.raises(ParameterError, match=TWICE):
        concat([batch, sent[-1]])
    one, other = (part.with_ids(RowIds.clear([name])) for part, name in ((batch[0], "P-1"), (batch[0], "P-2")))
    with pytest.raises(ParameterError, match=TWICE):
        concat([one, other])


def test_what_was_allowed_once_is_not_asked_about_again(batch: CiphertextBatch) -> None:
    twice = concat([batch[:3], batch[:3]], allow_duplicates=True)
    assert len(concat([twice, batch[3:]])) == 10


def test_combinations_of_the_same_rows_are_the_same_rows() -> None:
    batch = objects.authority().public_key.encrypt(objects.ROWS)
    with pytest.raises(ParameterError, match=TWICE):
        concat([3 * batch[:2], 3 * batch[1:]])
    assert len(concat([3 * batch, 2 * batch, batch, 0 * batch])) == 4 * len(batch), "others are others"


def test_marks_are_the_last_bytes_of_rows_wherever_pieces_end() -> None:
    rng = np.random.default_rng(1)
    for size in (8, 11, 40):
        payload = rng.bytes(13 + 9 * size)
        rows = [payload[13 + row * size :][:size] for row in range(9)]
        for _ in range(20):
            cuts = [0, *sorted(rng.integers(0, len(payload), rng.integers(0, 12)).tolist()), len(payload)]
            pieces = [payload[start:end] for start, end in pairwise(cuts)]
            assert marks_of_last(pieces, 9, size).tolist() == [int.from_bytes(row[-8:], "little") for row in rows]


def test_marks_of_every_scheme_tell_rows_apart(batch: CiphertextBatch) -> None:
    adapter, native = SCHEMES[batch.scheme], batch.native
    assert len(set(adapter.row_marks(native).tolist())) == len(batch)
    assert len(set(Adapter.row_marks(adapter, native).tolist())) == len(batch), "of a scheme that says nothing"


def test_rows_are_told_apart_by_what_is_read_of_them(batch: CiphertextBatch) -> None:
    adapter = SCHEMES[batch.scheme]
    read, of_a_part = adapter.row_reader(batch.native), adapter.row_reader(batch[2:5].native)
    assert len({read(row) for row in range(7)}) == 7
    assert [of_a_part(row) for row in range(3)] == [read(row) for row in (2, 3, 4)]


def test_ciphertexts_that_begin_alike_are_hashed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of packed rows a sender can make all marks equal: then each ciphertext is read once, not once a row."""
    schema = Schema.from_ranges({"a": pyfe.number(0, 3, step=1)})
    public = pyfe.KeyAuthority.create(schema, scheme="ipfe-rlwe").public_key
    batch = public.encrypt({"a": [2] * 640})
    data = bytearray(batch.to_bytes())
    data[data.rindex(bytes(batch.native.blocks[0].view())[-64:])] ^= 1  # in its last fractions
    changed = CiphertextBatch.from_bytes(bytes(data))
    hashed: list[int] = []
    sha256 = hashlib.sha256

    def counted(octets: bytes = b"") -> object:
        hashed.append(len(octets))
        return sha256(octets)

    monkeypatch.setattr(hashlib, "sha256", counted)
    assert len(concat([batch, changed])) == 1280
    assert sum(size > 5000 for size in hashed) == 2


def test_rows_of_one_mark_are_compared() -> None:
    """A sender can make marks equal; rows that differ are told apart all the same, and each is read once."""
    parts = [["a", "b", "c"], ["d", "b", "e"], ["a", "a", "f"]]
    asked: list[tuple[int, int]] = []

    def bytes_of(part: int, row: int) -> bytes:
        asked.append((part, row))
        return parts[part][row].encode()

    marks = [np.zeros(3, np.uint64)] * 3
    assert repeated_rows(marks, bytes_of, 9) == [4, 6, 7] and len(asked) == 9
    assert repeated_rows(marks, bytes_of, 2) == [4, 6]
    assert repeated_rows([], bytes_of, 9) == []


def test_on_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    batch = objects.authority().public_key.encrypt(objects.ROWS)
    Path("all").write_bytes(batch.to_bytes())
    Path("some").write_bytes(batch[1:].to_bytes())
    for words in (["append", "all", "some"], ["concat", "all", "some", "-o", "out"]):
        assert command(words) == 1
        assert TWICE in capsys.readouterr().err and Path("all").read_bytes() == batch.to_bytes()
        assert command([*words, "--allow-duplicates"]) == 0
        Path("all").write_bytes(batch.to_bytes())
