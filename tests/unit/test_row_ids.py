"""Ids that travel beside rows: what is refused, what follows, what the bytes are, and what a pseudonym hides."""

from __future__ import annotations

import contextlib
import hmac
import pickle
import tracemalloc
from collections.abc import Callable
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

import pyfe
from pyfe import CiphertextBatch, DecodeError, Function, KeyMismatchError, ParameterError
from pyfe._core import SecretBytes
from pyfe.owner import OwnerSecret
from pyfe.owner.ids import canonical_ids
from pyfe.row_ids import MOST_ID_BYTES, MOST_IDS_BYTES, RowIds
from pyfe.wire.envelope import pack, unpack
from tests.unit import objects

AUTHORITY = objects.authority(objects.small_schema())
PUBLIC = AUTHORITY.public_key
KEY = AUTHORITY.issue(Function.from_integers(objects.small_schema(), [3, -1], 5), purpose="p")
SECRET = OwnerSecret.generate()
TABLE = {"a": [1, 2, 3], "b": [0, 1, 1]}
SCORES = [8, 10, 13]
IDS = ["P-0017", "größe ", 17]
TEXTS = ["P-0017", "größe", "17"]


def clear(ids: Any = IDS, table: Any = None) -> CiphertextBatch:
    return PUBLIC.encrypt(TABLE if table is None else table, ids=ids, carry_ids="clear")


def hidden(ids: Any = IDS, secret: OwnerSecret = SECRET) -> CiphertextBatch:
    return PUBLIC.encrypt(TABLE, ids=ids, carry_ids="pseudonym", owner_secret=secret)


def texts(batch: CiphertextBatch) -> list[str]:
    assert batch.ids is not None
    return list(batch.ids)


def altered(batch: CiphertextBatch, ids: object) -> bytes:
    """The batch with something else where its ids are."""
    envelope = unpack(batch.to_bytes())
    envelope.metadata["ids"] = ids
    return pack(envelope)


# -- what travels --


def test_ids_in_the_clear_are_the_index_of_the_scores() -> None:
    batch = clear()
    assert texts(batch) == TEXTS and batch.ids is not None and batch.ids.carriage == "clear"
    read = CiphertextBatch.from_bytes(batch.to_bytes())
    assert read.ids == batch.ids and texts(read) == TEXTS
    scores = pd.Series(KEY.decrypt(read), index=read.ids)
    assert scores.to_dict() == dict(zip(TEXTS, SCORES, strict=True))


@pytest.mark.parametrize("carriage", ["clear", "pseudonym"])
def test_the_index_of_a_frame_travels(carriage: Any) -> None:
    frame = pd.DataFrame(TABLE, index=pd.Index(IDS, name="mrn"))
    batch = PUBLIC.encrypt(frame, carry_ids=carriage, owner_secret=SECRET if carriage == "pseudonym" else None)
    assert texts(batch) == (TEXTS if carriage == "clear" else texts(hidden()))


def test_no_id_becomes_a_feature() -> None:
    envelope, bare = unpack(clear().to_bytes()), unpack(PUBLIC.encrypt(TABLE).to_bytes())
    assert len(envelope.payload) == len(bare.payload) and set(envelope.metadata) - set(bare.metadata) == {"ids"}
    assert envelope.metadata["ids"] == "P-0017\ngröße\n17\n"


def test_an_integer_is_the_same_id_in_every_type_of_numbers() -> None:
    assert texts(clear([Decimal(7), Decimal("8.00"), Decimal(2**60 + 1)])) == ["7", "8", str(2**60 + 1)]


@pytest.mark.parametrize("ids", [np.array([7, 8, 9]), pd.Series(["x", "y", "z"]), ("x", 8, 9.0), pd.Index([1, 2, 3])])
def test_ids_of_every_library(ids: Any) -> None:
    assert texts(clear(ids)) == [str(int(cell)) if isinstance(cell, float) else str(cell) for cell in ids]


def test_a_batch_without_ids_is_written_as_ever() -> None:
    batch = PUBLIC.encrypt(TABLE)
    assert batch.ids is None and "ids" not in unpack(batch.to_bytes()).metadata
    assert clear().with_ids(None).ids is None


def test_ids_show_in_words_and_never_themselves() -> None:
    assert "ids in the clear" in repr(clear()) and "ids as pseudonyms" in repr(hidden())
    assert "P-0017" not in repr(clear()) + repr(clear().ids) and "ids" not in repr(PUBLIC.encrypt(TABLE))


# -- pseudonyms --


def test_a_pseudonym_is_the_keyed_hash_that_the_docs_state() -> None:
    root = SecretBytes.random(32)
    key = HKDFExpand(SHA256(), 32, b"PYFE-V1-owner row pseudonyms").derive(bytes(root.view()))
    expected = [hmac.digest(key, text.encode(), "sha256")[:16] for text in TEXTS]
    batch = hidden(secret=OwnerSecret(root))
    assert unpack(batch.to_bytes()).metadata["ids"] == b"".join(expected)
    assert all(len(name) == 26 and name.isalnum() for name in texts(batch))


def test_pseudonyms_are_stable_over_batches_of_one_owner_alone() -> None:
    assert texts(hidden()) == texts(hidden()) == texts(CiphertextBatch.from_bytes(hidden().to_bytes()))
    assert hidden([" 17", "a", "b"]).ids[0] == hidden().ids[2]  # type: ignore[index]
    assert not set(texts(hidden())) & set(texts(hidden(secret=OwnerSecret.generate())))
    record = SECRET.records(["17"])[0]
    assert record != next(SECRET.row_pseudonyms([b"17"]))


def test_no_id_stands_in_a_batch_with_pseudonyms() -> None:
    assert b"P-0017" not in hidden().to_bytes() and b"P-0017" in clear().to_bytes()


def test_an_owners_secret_draws_noise_and_makes_pseudonyms() -> None:
    schema = objects.small_schema().with_noise(pyfe.noise(sd=64, slots=[1]))
    public = objects.authority(schema).public_key
    noisy = public.encrypt(TABLE, ids=IDS, carry_ids="pseudonym", owner_secret=SECRET)
    assert texts(noisy) == texts(hidden())
    assert public.encrypt(TABLE, owner_secret=SECRET).ids is None


# -- what is refused --

REFUSED: dict[str, tuple[Callable[[], object], str]] = {
    "twice": (lambda: clear(["a", "b", "a "]), "row 2: the id is there a second time"),
    "a number and its text": (lambda: clear([7, "8", "7"]), "row 2"),
    "pseudonyms twice": (lambda: hidden(["a", "b", "a "]), "row 2: the id is there a second time"),
    "empty": (lambda: clear(["a", " ", "c"]), "row 1: no id"),
    "absent": (lambda: clear(pd.Series(["a", None, "c"])), "row 1: no id"),
    "nan": (lambda: clear([1.0, 2.0, float("nan")]), "row 2: no id"),
    "dates": (lambda: clear(pd.DatetimeIndex(["2026-01-01", "2026-01-02", "2026-01-03"])), "row 0, 1, 2: no id"),
    "several levels": (lambda: clear(pd.MultiIndex.from_product([["a", "b", "c"], [1]])), "row 0, 1, 2: no id"),
    "truth": (lambda: clear([True, 2, 3]), "row 0: no id"),
    "a large float": (lambda: clear([1.0, 2.0**53, 1e17]), "row 1, 2: no id"),
    "bytes in a list": (lambda: clear(["a", b"p1", [1]]), "row 1, 2: no id"),
    "half a number": (lambda: clear([1, Decimal("1.5"), Decimal("1e999999999")]), "row 1, 2: no id"),
    "nul": (lambda: clear(["a", "b\0c", "c"]), "row 1: an id with a control character"),
    "control of pseudonyms": (lambda: hidden(["a", "b\x1bc", "c"]), "row 1: an id with a control character"),
    "c1": (lambda: clear(["a", "b", "c\x85d"]), "row 2: an id with a control character"),
    "a line separator": (lambda: clear(["a", "b", "c\u2028d"]), "row 2: an id with a control character"),
    "a line end": (lambda: clear(["a", "b", "c\nd"]), "row 2: an id with a control character"),
    "long": (lambda: clear(["a", "é" * 129, "c"]), "row 1: an id of more than 256 bytes"),
    "half a pair": (lambda: clear(["a", "\ud800", "c"]), "row 1: an id that is no text"),
    "more ids than rows": (lambda: clear(["a", "b", "c", "d"]), "4 ids for 3 rows"),
    "fewer": (lambda: clear(["a"]), "1 ids for 3 rows"),
    "one text": (lambda: clear("abc"), "ids must be a list"),
    "no ids": (lambda: PUBLIC.encrypt(TABLE, carry_ids="clear"), "carry_ids needs ids"),
    "rows that are numbered": (lambda: PUBLIC.encrypt(pd.DataFrame(TABLE), carry_ids="clear"), "set_index"),
    "another word": (lambda: PUBLIC.encrypt(TABLE, ids=IDS, carry_ids="hash"), "'clear', 'pseudonym'"),  # type: ignore[arg-type]
    "ids for nothing": (lambda: PUBLIC.encrypt(TABLE, ids=IDS), "carry_ids"),
    "no secret": (lambda: PUBLIC.encrypt(TABLE, ids=IDS, carry_ids="pseudonym"), "--owner-secret FOLDER"),
    "bytes as a secret": (
        lambda: PUBLIC.encrypt(TABLE, ids=IDS, carry_ids="pseudonym", owner_secret=bytes(32)),
        "noise slots",
    ),
    "a secret for nothing": (lambda: PUBLIC.encrypt(TABLE, owner_secret=SECRET), "noise slots"),
    "a feature": (lambda: clear(pd.Series([1, 2, 3], name="a")), "'a' is a column of the schema"),
    "an index that is a feature": (
        lambda: PUBLIC.encrypt(pd.DataFrame(TABLE, index=pd.Index([4, 5, 6], name="b")), carry_ids="clear"),
        "'b' is a column of the schema",
    ),
    "another index": (lambda: clear(pd.Series([7, 8, 9], index=[2, 1, 0]), pd.DataFrame(TABLE)), "another index"),
    "no RowIds": (lambda: PUBLIC.encrypt(TABLE).with_ids(["a", "b", "c"]), "RowIds"),  # type: ignore[arg-type]
    "of other rows": (lambda: clear().with_ids(clear()[:2].ids), "2 ids for 3 rows"),
    "of combined rows": (lambda: (2 * clear()).with_ids(clear().ids), "combined rows have no ids"),
    "by a text": (lambda: clear().ids["a"], "integer or a slice"),  # type: ignore[index,call-overload]
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    call, words = REFUSED[name]
    with pytest.raises(ParameterError, match=words) as refusal:
        call()
    assert "é" not in str(refusal.value) and "b\\x" not in str(refusal.value)


def test_every_fault_is_said_at_once() -> None:
    with pytest.raises(ParameterError, match=r"row 0, 2, 3, 4, 5, 6, 7, 8 and 1 more: no id; row 1: an id with"):
        RowIds.clear(["", "a\0", *[""] * 8])


def test_duplicates_can_be_allowed() -> None:
    batch = PUBLIC.encrypt(TABLE, ids=["a", "b", "a"], carry_ids="clear", allow_duplicates=True)
    assert texts(CiphertextBatch.from_bytes(batch.to_bytes())) == ["a", "b", "a"]
    assert batch.ids is not None and batch.ids.repeated() == [2]


def test_all_ids_together_are_bounded() -> None:
    wide = "x" * 255
    most = MOST_IDS_BYTES // 256
    made = RowIds.clear([f"{i:06}{wide[6:]}" for i in range(most)])
    assert made.nbytes == MOST_IDS_BYTES == 16 * 10**6 and MOST_ID_BYTES == 256
    with pytest.raises(ParameterError, match="16000000 bytes at most"):
        RowIds.join([made, RowIds.clear(["a"])])
    rows = RowIds(bytes(MOST_IDS_BYTES), None)
    assert len(rows) == 10**6
    empty = PUBLIC.encrypt({"a": [], "b": []})
    with pytest.raises(DecodeError, match="16000016 bytes"):
        CiphertextBatch.from_bytes(altered(empty, bytes(MOST_IDS_BYTES + 16)))


# -- rows and their ids --


@pytest.mark.parametrize("make", [clear, hidden])
def test_ids_follow_their_rows(make: Callable[[], CiphertextBatch]) -> None:
    batch, names = make(), texts(make())
    assert texts(batch[1:]) == names[1:] and texts(batch[-1]) == names[-1:] and texts(batch[2:1]) == []
    joined = CiphertextBatch.concat([batch[2:], batch[:0], batch[:2]])
    assert texts(joined) == [names[2], *names[:2]] and KEY.decrypt(joined).tolist() == [13, 8, 10]
    assert [texts(row) for row in batch] == [[name] for name in names]
    assert batch.ids is not None
    assert list(batch.ids[::-1]) == names[::-1] and list(batch.ids.take([2, 0])) == [names[2], names[0]]
    assert batch.ids[-1] == names[-1] and np.asarray(batch.ids).tolist() == names
    with pytest.raises(IndexError):
        batch.ids[3]
    again = pickle.loads(pickle.dumps(joined))
    assert texts(again) == texts(joined)
    assert texts(CiphertextBatch.from_bytes(batch[:0].to_bytes())) == []


@pytest.mark.parametrize("make", [clear, hidden])
@pytest.mark.parametrize("rows", [[0, -1], [0, -3, -2], [3], [2**70], [0.0], ["0"], [True], 0])
def test_no_id_is_taken_of_a_row_that_is_not_there(make: Callable[[], CiphertextBatch], rows: Any) -> None:
    ids = make().ids
    assert ids is not None and len(ids.take(np.array([2, 2, 0]))) == 3 and len(ids.take([])) == 0
    with pytest.raises(ParameterError, match="rows"):
        ids.take(rows)


def test_combined_rows_have_no_ids() -> None:
    batch = clear()
    for combined in (batch + batch, 3 * batch, -batch, batch.weighted_sum([1, 1, 1])):
        assert combined.ids is None
        with pytest.raises(DecodeError, match="combined rows have no ids"):
            CiphertextBatch.from_bytes(altered(combined, "".join(f"{i}\n" for i in range(len(combined)))))


def no_lists() -> dict[str, Any]:
    """As many of them as there are rows, so that only what they are gives them away."""
    frame = pd.DataFrame({name: TEXTS for name in "abc"[: len(TEXTS)]})
    found: dict[str, Any] = {"pandas": frame, "one column": frame[["a"]], "array": frame.to_numpy()}
    found |= {"dict": frame.to_dict("list"), "mapping": MappingProxyType({"a": 1, "b": 2, "c": 3}), "set": set(TEXTS)}
    with contextlib.suppress(ImportError):
        import polars

        found["polars"] = polars.DataFrame(frame.to_dict("list"))
    with contextlib.suppress(ImportError):
        import pyarrow

        found["Arrow"] = pyarrow.table(frame.to_dict("list"))
    return found


@pytest.mark.parametrize("what", no_lists())
def test_a_table_is_no_list_of_ids(what: str) -> None:
    """The names of its columns would have been taken."""
    given, told = (
        no_lists()[what],
        r"^ids are a list, with one id for every row, and a \w+ (is a table|has names|has no)",
    )
    for carry in ("clear", "pseudonym"):
        with pytest.raises(ParameterError, match=told):
            PUBLIC.encrypt(TABLE, ids=given, carry_ids=carry, owner_secret=SECRET if carry == "pseudonym" else None)
    with pytest.raises(ParameterError, match=told):
        RowIds.clear(given)
    with pytest.raises(pyfe.OwnerError, match=told):
        canonical_ids(given)


def test_parts_that_do_not_go_together() -> None:
    batch, concat = clear(), CiphertextBatch.concat
    with pytest.raises(ParameterError, match=r"row 0, 1 of batch 2, row 0 of batch 3: the id is there a second time"):
        concat([batch[:2], batch[:2], batch[1:]])
    assert texts(concat([batch, batch], allow_duplicates=True)) == TEXTS * 2
    with pytest.raises(ParameterError, match="batch 2 of 3 carries no ids"):
        concat([batch[:1], PUBLIC.encrypt(TABLE), batch[1:]])
    with pytest.raises(ParameterError, match="pseudonyms"):
        concat([batch, hidden()])
    with pytest.raises(KeyMismatchError, match="different public keys"):
        concat([batch, objects.authority(objects.small_schema()).public_key.encrypt(TABLE)])
    quadratic = objects.authority(objects.small_schema(), scheme="qfe-ggm").public_key.encrypt(TABLE)
    with pytest.raises(KeyMismatchError, match="different schemes"):
        concat([batch, quadratic])


def test_repeated_ids_are_found_wherever_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = np.random.default_rng(1).integers(0, 300, 400).tolist()
    first = {number: row for row, number in reversed(list(enumerate(numbers)))}
    expected = [row for row, number in enumerate(numbers) if first[number] < row]
    for made in (
        RowIds.clear(numbers, allow_duplicates=True),
        RowIds.pseudonyms(numbers, SECRET, allow_duplicates=True),
    ):
        assert made.repeated() == expected
    monkeypatch.setattr("builtins.hash", lambda raw: len(raw))  # where all hashes are the same one
    assert RowIds.clear(numbers, allow_duplicates=True).repeated() == expected


# -- ids and rows of pandas --

INDEX = ["x", "y", "z"]
INDEXED: dict[str, tuple[object, str]] = {
    "a frame": (pd.DataFrame(TABLE, index=INDEX), "the DataFrame"),
    "columns": ({name: pd.Series(cells, index=INDEX) for name, cells in TABLE.items()}, "the column 'a'"),
    "one column of several": ({"a": [1, 2, 3], "b": pd.Series(TABLE["b"], index=INDEX)}, "the column 'b'"),
}


@pytest.mark.parametrize("name", INDEXED)
def test_ids_of_another_index_are_not_paired_by_position(name: str) -> None:
    rows, what = INDEXED[name]
    turned = pd.Series(["Z", "Y", "X"], index=INDEX[::-1])
    with pytest.raises(ParameterError, match=f"another index than {what}"):
        clear(turned, rows)
    with pytest.raises(ParameterError, match=f"another index than {what}"):  # for a ledger too, before it is asked
        PUBLIC.encrypt(rows, ids=turned)
    assert texts(clear(turned[::-1], rows)) == ["X", "Y", "Z"]
    assert texts(clear(turned.to_numpy(), rows)) == ["Z", "Y", "X"]


def test_a_column_that_is_not_encrypted_may_have_another_index() -> None:
    assert texts(clear(pd.Series(IDS), {**TABLE, "other": pd.Series([1, 2, 3], index=INDEX)})) == TEXTS


# -- bytes --

NO_IDS: dict[str, object] = {
    "null": None,
    "a list": ["a", "b", "c"],
    "a number": 3,
    "a map": {"clear": "a\nb\nc\n"},
    "one too many": "a\nb\nc\nd\n",
    "one too few": "a\nb\n",
    "none": "",
    "no last line end": "a\nb\nc",
    "an empty one": "a\n\nc\n",
    "a first empty one": "\nb\nc\n",
    "a long one": "a\n" + "x" * 257 + "\nc\n",
    "a control character": "a\nb\x1f\nc\n",
    "cr": "a\r\nb\r\nc\r\n",
    "a separator": "a\nb\u2029\nc\n",
    "c1": "a\nb\x80\nc\n",
    "a blank before": "7\n 7\nc\n",
    "a first blank": " a\nb\nc\n",
    "a blank behind": "a\nb\nc \n",
    "a wide blank": "a\n\u3000b\nc\n",
    "another blank behind": "a\nb\u00a0\nc\n",
    "only a blank": "a\n \nc\n",
    "another normal form": "a\ngro\u0308\u00dfe\nc\n",
    "cut pseudonyms": bytes(47),
    "pseudonyms of four": bytes(64),
}


@pytest.mark.parametrize("name", NO_IDS)
def test_what_is_no_ids_is_refused(name: str) -> None:
    with pytest.raises(DecodeError, match="ciphertext batch"):
        CiphertextBatch.from_bytes(altered(clear(), NO_IDS[name]))


def test_what_is_written_is_read() -> None:
    """Also where a mark begins an id, which a line end before it does not take."""
    ids = ["a b", "\u0301x", " \u00a0a\u3000b\u0301 "]
    assert texts(CiphertextBatch.from_bytes(clear(ids).to_bytes())) == ["a b", "\u0301x", "a\u3000b\u0301"]


def test_a_reader_refuses_fields_that_it_does_not_know() -> None:
    """So did those of before ids: what follows rows is never dropped in silence."""
    envelope = unpack(PUBLIC.encrypt(TABLE).to_bytes())
    envelope.metadata["idz"] = "a\nb\nc\n"
    with pytest.raises(DecodeError, match="unknown field 'idz'"):
        CiphertextBatch.from_bytes(pack(envelope))


@pytest.mark.parametrize("carriage", ["clear", "pseudonym"])
def test_a_million_ids_take_little_memory(carriage: str) -> None:
    """Per id, at the most at once: 100 bytes; measured on fewer, as it is the same for each."""
    count = 50_000
    given = [f"P-{i:08}" for i in range(count)]
    tracemalloc.start()
    try:
        made = RowIds.clear(given) if carriage == "clear" else RowIds.pseudonyms(given, SECRET)
        read = RowIds.from_field(made.to_field(), count, "x")
        kept, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert read == made
    assert most < 100 * count and kept < 2 * 16 * count + 100_000
