"""The head of a chunk: one encoding of what it says, and an error of the tree for every other bytes."""

from __future__ import annotations

from functools import cache
from typing import Any

import cbor2
import pytest

from pyfe.cohorts.head import Head
from pyfe.errors import DecodeError
from tests.unit import cohort_rows as rows_of


@cache
def head() -> bytes:
    chunk = rows_of.signed_chunks()[1]
    form = chunk.batch.adapter.row_form(chunk.batch.native)
    return Head.of(chunk, form.shared, form.width).to_bytes()


def test_it_is_read_as_it_was_written() -> None:
    assert Head.from_bytes(head()).to_bytes() == head()


def test_every_bit() -> None:
    """What is read of other bytes is written as these bytes."""
    data = head()
    for bit in range(8 * len(data)):
        other = data[: bit // 8] + bytes([data[bit // 8] ^ 1 << bit % 8]) + data[bit // 8 + 1 :]
        try:
            assert Head.from_bytes(other).to_bytes() == other
        except DecodeError:
            continue


def test_every_cut() -> None:
    for size in range(len(head())):
        with pytest.raises(DecodeError):
            Head.from_bytes(head()[:size])
    with pytest.raises(DecodeError):
        Head.from_bytes(head() + b"\0")


WRONG: dict[str, dict[str, Any]] = {
    "a newer version": {"version": 2},
    "no scheme": {"scheme": 0},
    "a place of no cohort": {"place": {"cohort": bytes(16)}},
    "a place beyond": {"place": {"cohort": bytes(16), "chunks": 1, "number": 1, "first_row": 0, "rows": 50}},
    "more rows than there are": {"rows": 51},
    "fewer rows than its place has": {"rows": 0},
    "a width of nothing": {"width": 0},
    "a width beyond any row": {"width": 2**40},
    "more bytes than a reader takes": {"width": 2**25},
    "ids that travel otherwise": {"ids": "secretly"},
    "columns of no kind": {"columns": [["a", "date"]]},
    "columns that are none": {"columns": ["ab"]},
    "columns without names": {"columns": [[1, "text"]]},
    "a list for a name": {"columns": [[[], "text"]]},
    "two columns of one name": {"columns": [["a", "text"], ["a", "text"]]},
    "a column called as one of its own": {"columns": [["Row", "text"]]},
    "a count of none": {"saturated": {"a": 0}},
    "a short signature": {"signature": bytes(63)},
    "no signature": {"signature": None},
    "no signer": {"signer": None},
    "another field": {"more": 1},
}


@pytest.mark.parametrize("fields", WRONG.values(), ids=WRONG)
def test_what_a_head_cannot_say(fields: dict[str, Any]) -> None:
    with pytest.raises(DecodeError, match="head of a chunk"):
        Head.from_bytes(cbor2.dumps({**cbor2.loads(head()), **fields}, canonical=True))


@pytest.mark.parametrize("name", ["place", "rows", "shared", "columns", "signer", "encrypted_rows", "width"])
def test_what_a_head_must_say(name: str) -> None:
    fields = {key: value for key, value in cbor2.loads(head()).items() if key != name}
    with pytest.raises(DecodeError, match=f"field '{name}' is missing"):
        Head.from_bytes(cbor2.dumps(fields, canonical=True))
