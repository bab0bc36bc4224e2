"""Signed cohorts and batches: whatever is changed, swapped, left out, doubled, moved or spliced is a named error."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import pyfe
from pyfe import CiphertextBatch
from pyfe.cohorts import Chunk, Place, PublicColumn, open_cohort
from pyfe.cohorts.statement import statement
from pyfe.identity import IdentitySecret
from pyfe.row_ids import RowIds
from pyfe.wire.envelope import pack, unpack
from pyfe.wire.signature import Signature
from tests.unit import cohort_rows as rows_of
from tests.unit.cohort_rows import ROWS, chunks_of, owner, same, signed_chunks, written

FEW = 100
"""Bits that are flipped in a quick run, drawn among all; a nightly run takes all of a batch, and of a file"""
MANY = 4000


# -- a chunk: everything that a reader uses is signed --

Edit = Callable[[Chunk], Chunk]


def with_batch(chunk: Chunk, batch: CiphertextBatch, **more: Any) -> Chunk:
    return replace(chunk, batch=batch, **more)


def swapped(chunk: Chunk, order: list[int], *, rows: bool, ids: bool, public: bool) -> Chunk:
    """The chunk with rows, ids or public cells in another order, each by itself or together."""
    batch, given = chunk.batch, chunk.batch.ids
    assert given is not None
    native = CiphertextBatch.concat([batch.with_ids(None)[j] for j in order]) if rows else batch.with_ids(None)
    cells = {
        name: PublicColumn(column.kind, tuple(column.cells[j] for j in order)) for name, column in chunk.public.items()
    }
    moved = said(native, batch).with_ids(given.take(order) if ids else given)
    return with_batch(chunk, moved, public=cells if public else chunk.public)


def said(batch: CiphertextBatch, of: CiphertextBatch, **other: Any) -> CiphertextBatch:
    """The rows of a batch, with what another batch says beside them."""
    facts = {
        "parameter_hash": of.parameter_hash,
        "schema_id": of.schema_id,
        "saturated": of.saturated,
        "encrypted_rows": of.encrypted_rows,
        "ids": batch.ids,
    }
    return CiphertextBatch(batch.adapter, batch.native, **(facts | other))


def public_changed(chunk: Chunk, name: str, row: int, cell: Any) -> Chunk:
    column = chunk.public[name]
    cells = (*column.cells[:row], cell, *column.cells[row + 1 :])
    return replace(chunk, public={**chunk.public, name: PublicColumn(column.kind, cells)})


def renamed(chunk: Chunk, names: dict[str, str]) -> Chunk:
    return replace(chunk, public={names.get(name, name): column for name, column in chunk.public.items()})


def as_integers(column: PublicColumn) -> PublicColumn:
    return PublicColumn("int64", tuple(None if cell is None else int(cell) for cell in column.cells))


TWO_SWAPPED = [0, 5, 2, 3, 4, 1, *range(6, 16)]

EDITS: dict[str, Edit] = {
    "two rows": lambda c: swapped(c, TWO_SWAPPED, rows=True, ids=True, public=True),
    "the ciphertexts of two rows": lambda c: swapped(c, TWO_SWAPPED, rows=True, ids=False, public=False),
    "two ids": lambda c: swapped(c, TWO_SWAPPED, rows=False, ids=True, public=False),
    "the public cells of two rows": lambda c: swapped(c, TWO_SWAPPED, rows=False, ids=False, public=True),
    "all rows turned round": lambda c: swapped(c, list(range(16))[::-1], rows=True, ids=True, public=True),
    "a row twice, another left out": lambda c: swapped(c, [0, 0, *range(2, 16)], rows=True, ids=True, public=True),
    "an id": lambda c: with_batch(c, c.batch.with_ids(RowIds.clear(["X", *list(c.batch.ids or ())[1:]]))),
    "no ids": lambda c: with_batch(c, c.batch.with_ids(None)),
    "a fresh row": lambda c: with_batch(
        c, said(CiphertextBatch.concat([rows_of.encrypted(1), c.batch[1:]]), c.batch, ids=c.batch.ids)
    ),
    "a row times two": lambda c: with_batch(
        c, said(CiphertextBatch.concat([(2 * c.batch[:1]).with_ids(None), c.batch[1:].with_ids(None)]), c.batch)
    ),
    "what was clipped": lambda c: with_batch(c, said(c.batch, c.batch, saturated={"a": 1})),
    "how many rows were clipped from": lambda c: with_batch(c, said(c.batch, c.batch, encrypted_rows=17)),
    "the schema": lambda c: with_batch(c, said(c.batch, c.batch, schema_id=bytes(32))),
    "the parameters": lambda c: with_batch(c, said(c.batch, c.batch, parameter_hash=bytes(32))),
    "a cell": lambda c: public_changed(c, "ward", 0, "another"),
    "a cell that is there": lambda c: public_changed(c, "ward", 0, None),
    "a cell that is not there": lambda c: public_changed(c, "dose", 1, 0.0),
    "the sign of zero": lambda c: public_changed(c, "dose", 0, -0.0),
    "two names of columns": lambda c: renamed(c, {"ward": "visits", "visits": "ward"}),
    "a name of a column": lambda c: renamed(c, {"ward": "wards"}),
    "the order of columns": lambda c: replace(c, public=dict(reversed(c.public.items()))),
    "a column less": lambda c: replace(c, public={n: column for n, column in c.public.items() if n != "ward"}),
    "a column more": lambda c: replace(c, public={**c.public, "more": PublicColumn.of([None] * 16)}),
    "the kind of a column": lambda c: replace(
        c, public={**c.public, "smoker": as_integers(c.public["smoker"])}
    ),
    "the cohort": lambda c: replace(c, place=replace(c.place, cohort=bytes(16))),
    "the number of chunks": lambda c: replace(c, place=replace(c.place, chunks=5)),
    "the number of rows": lambda c: replace(c, place=replace(c.place, rows=51)),
    "the place": lambda c: replace(c, place=replace(c.place, number=1, first_row=16)),
    "the first row": lambda c: replace(c, place=replace(c.place, number=1, first_row=17)),
    "the signature": lambda c: replace(c, signature=replace(signature(c), value=flipped(signature(c).value, 77))),
    "the signer": lambda c: replace(c, signature=replace(signature(c), signer=other().identity.ed25519)),
    "a signer that anybody is": lambda c: replace(c, signature=Signature(bytes(32), bytes(64))),
}  # fmt: skip


def signature(chunk: Chunk) -> Signature:
    assert chunk.signature is not None
    return chunk.signature


def other() -> IdentitySecret:
    return IdentitySecret.generate("somebody else")


def flipped(data: bytes, bit: int) -> bytes:
    return data[: bit // 8] + bytes([data[bit // 8] ^ 1 << bit % 8]) + data[bit // 8 + 1 :]


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_a_signed_chunk_is_taken_as_it_was_signed_only(edit: Edit) -> None:
    chunk = signed_chunks()[0]
    chunk.require_signed_by(owner().identity)
    with pytest.raises((pyfe.SignatureError, pyfe.ParameterError)) as caught:
        edit(chunk).require_valid_signature()
    assert isinstance(caught.value, pyfe.SignatureError) or "never signed" in str(caught.value)


def test_the_payload_is_signed_whole() -> None:
    """Every byte of the rows, and every byte of what is before them."""
    chunk = chunks_of(rows_of.encrypted(1))[0]
    signer = owner().identity.ed25519
    before = statement(chunk.place, chunk.batch, chunk.public, signer)
    assert before.count(b"PYFE-V1-chunk") == 1 and signer in before
    for field in (chunk.place.cohort, chunk.batch.public_key_id, chunk.batch.schema_id, chunk.batch.parameter_hash):
        assert field in before


# -- files: perfect in form, with chunks and signatures as they were --


def renumbered(chunks: list[Chunk]) -> list[Chunk]:
    """Chunks as if they were a cohort, each with its old signature."""
    rows, cohort, found = sum(map(len, chunks)), chunks[0].place.cohort, list[Chunk]()
    for number, chunk in enumerate(chunks):
        place = Place(cohort, number, len(chunks), sum(map(len, chunks[:number])), rows)
        found.append(replace(chunk, place=place))
    return found


def one_of_all(chunks: list[Chunk]) -> list[Chunk]:
    """One chunk of all rows, under the signature of the first."""
    rows = said(CiphertextBatch.concat([chunk.batch for chunk in chunks]), chunks[0].batch)
    cells = {name: tuple(cell for chunk in chunks for cell in chunk.public[name].cells) for name in chunks[0].public}
    public = {name: PublicColumn(chunks[0].public[name].kind, column) for name, column in cells.items()}
    return [Chunk(replace(chunks[0].place, chunks=1), rows, public, chunks[0].signature)]


def mixed_rows(one: Chunk, two: Chunk) -> Chunk:
    """The chunk with a row of another."""
    batch = CiphertextBatch.concat([two.batch[:1], one.batch[1:]])
    return replace(one, batch=said(batch, one.batch))


FORGED: dict[str, Callable[[list[Chunk], list[Chunk]], list[Chunk]]] = {
    "the first chunk left out": lambda own, _: renumbered(own[1:]),
    "the last chunk left out": lambda own, _: renumbered(own[:-1]),
    "a chunk in the middle left out": lambda own, _: renumbered([own[0], *own[2:]]),
    "a chunk twice": lambda own, _: renumbered([own[0], *own]),
    "a chunk instead of another": lambda own, _: renumbered([own[0], own[0], *own[2:]]),
    "two chunks swapped": lambda own, _: renumbered([own[1], own[0], *own[2:]]),
    "a chunk of another cohort": lambda own, another: renumbered([own[0], another[1], *own[2:]]),
    "the end of another cohort": lambda own, another: renumbered([*own[:2], *another[2:]]),
    "a chunk more, of another cohort": lambda own, another: renumbered([*own, another[0]]),
    "a row of another cohort": lambda own, another: [mixed_rows(own[0], another[0]), *own[1:]],
    "a row of another chunk": lambda own, _: [mixed_rows(own[0], own[1]), *own[1:]],
    "one chunk of all rows": lambda own, _: one_of_all(own),
}


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED)
def test_chunks_are_taken_in_their_cohort_only(
    tmp_path: Path, forge: Callable[[list[Chunk], list[Chunk]], list[Chunk]]
) -> None:
    another = chunks_of(rows_of.encrypted(ids=[f"Q-{j}" for j in range(ROWS)], carry_ids="clear"))
    path = written(tmp_path, forge(list(signed_chunks()), another))
    with pytest.raises(pyfe.SignatureError, match=r"chunk \d of \d"):
        list(open_cohort(path).chunks())


def flips(size: int, most: int) -> list[int]:
    """So many bits of a file of ``size`` bytes, or all of them."""
    bits = range(8 * size)
    return sorted(random.Random(24).sample(bits, min(most, len(bits))))


def require_bits_noticed(path: Path, chunks: list[Chunk], most: int) -> None:
    """An error of the tree, or nothing that is read is other than it was: there are paddings, statistics, metadata."""
    data = written(path, chunks).read_bytes()
    for bit in flips(len(data), most):
        (path / "rows.parquet").write_bytes(flipped(data, bit))
        try:
            read = list(open_cohort(path / "rows.parquet").chunks())
        except pyfe.PyfeError:
            continue
        assert same(read, chunks), f"bit {bit}"


def test_bits_of_a_file(tmp_path: Path) -> None:
    require_bits_noticed(tmp_path, list(signed_chunks()), FEW)


@pytest.mark.slow
def test_many_bits_of_a_small_file(tmp_path: Path) -> None:
    batch = rows_of.encrypted(3, ids=[1, 2, 3], carry_ids="clear")
    chunks = [replace(chunk, public={}) for chunk in chunks_of(batch, signed=False, rows_a_chunk=2)]
    require_bits_noticed(tmp_path, [chunk.signed(owner()) for chunk in chunks], MANY)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_cut_files(tmp_path: Path, share: float) -> None:
    path = written(tmp_path)
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    with pytest.raises(pyfe.DecodeError, match=r"rows\.parquet"):
        open_cohort(path)


# -- a signed batch --


def signed_batch() -> CiphertextBatch:
    return rows_of.batch().signed(owner())


def test_a_batch_is_signed(tmp_path: Path) -> None:
    key, batch = rows_of.function_key(), signed_batch()
    assert batch.signer == owner().identity.ed25519 and "signed by" in repr(batch)
    read = CiphertextBatch.from_bytes(batch.to_bytes())
    assert read.to_bytes() == batch.to_bytes() == b"".join(batch.pieces())
    for each in (batch, read):
        assert key.decrypt(each, signed_by=owner().identity).tolist() == key.decrypt(rows_of.batch()).tolist()
    for verb in (key.decrypt, key.decision_function, key.predict):
        with pytest.raises(pyfe.SignatureError, match="not by 'somebody else'"):
            verb(batch, signed_by=other().identity)
    with pytest.raises(pyfe.ParameterError, match="signed_by must be Identity"):
        key.decrypt(batch, signed_by=owner())  # type: ignore[arg-type]


def test_what_is_made_of_a_signed_batch_is_unsigned() -> None:
    key, batch = rows_of.function_key(), signed_batch()
    made = (
        batch[:],
        batch[1:],
        batch.with_ids(None),
        batch.with_ids(batch.ids),
        CiphertextBatch.concat([batch]),
        1 * batch,
    )
    for each in made:
        assert each.signer is None
        with pytest.raises(pyfe.SignatureError, match="is not signed, and should be by 'the hospital'"):
            key.decrypt(each, signed_by=owner().identity)
    with pytest.raises(pyfe.ParameterError, match="combined rows are never signed"):
        (2 * batch).signed(owner())


@pytest.mark.parametrize("every", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["some", "every"])
def test_bits_of_a_batch(every: bool) -> None:
    data = signed_batch().to_bytes()
    for bit in flips(len(data), 8 * len(data) if every else FEW):
        with pytest.raises((pyfe.DecodeError, pyfe.SignatureError)):
            CiphertextBatch.from_bytes(flipped(data, bit)).require_signed_by(owner().identity)


BATCHES: dict[str, Callable[[CiphertextBatch, CiphertextBatch], CiphertextBatch]] = {
    "two rows swapped": lambda own, _: CiphertextBatch.concat([own[1], own[0], own[2:]]),
    "two ids swapped": lambda own, _: own.with_ids(ids_of(own).take([1, 0, *range(2, ROWS)])),
    "an id changed": lambda own, _: own.with_ids(RowIds.clear(["X", *ids_of(own)[1:]])),
    "a row left out": lambda own, _: own[1:],
    "the last row left out": lambda own, _: own[:-1],
    "a row twice": lambda own, _: CiphertextBatch.concat([own[:1], own], allow_duplicates=True),
    "all rows turned round": lambda own, _: CiphertextBatch.concat(list(own)[::-1]),
    "two batches spliced": lambda own, another: CiphertextBatch.concat([own[:25], another[25:]]),
    "another batch": lambda _, another: another,
    "no row": lambda own, _: own[:0],
}


def ids_of(batch: CiphertextBatch) -> RowIds:
    assert batch.ids is not None
    return batch.ids


@pytest.mark.parametrize("forge", BATCHES.values(), ids=BATCHES)
def test_rows_of_a_batch(forge: Callable[[CiphertextBatch, CiphertextBatch], CiphertextBatch]) -> None:
    """Under the old signature, in a perfect envelope."""
    another = rows_of.encrypted(ids=[f"Q-{j}" for j in range(ROWS)], carry_ids="clear").signed(owner())
    old, forged = unpack(signed_batch().to_bytes()), unpack(forge(signed_batch(), another).to_bytes())
    metadata = {**forged.metadata, "signer": old.metadata["signer"]}
    with pytest.raises(pyfe.SignatureError, match="the signature is not valid"):
        CiphertextBatch.from_bytes(pack(replace(forged, metadata=metadata, signature=old.signature)))


def test_every_row_and_every_id_has_its_place() -> None:
    """All swaps of two rows or ids, every row or id left out or doubled: in the bytes, under the old signature."""
    whole = unpack(signed_batch().to_bytes())
    payload, lines = bytes(whole.payload), whole.metadata["ids"].splitlines(keepends=True)
    width = rows_of.batch().adapter.row_bytes(2)
    head = len(payload) - width * ROWS
    rows = [payload[at : at + width] for at in range(head, len(payload), width)]
    orders = [[j if k == i else i if k == j else k for k in range(ROWS)] for i in range(ROWS) for j in range(i)]
    orders += [[*range(i), *range(i + 1, ROWS)] for i in range(ROWS)]
    orders += [[*range(i), i, *range(i, ROWS)] for i in range(ROWS)]
    for order in orders:
        count = len(order).to_bytes(8, "little")
        moved = payload[:32] + count + payload[40:head] + b"".join([rows[j] for j in order])
        named = {**whole.metadata, "ids": "".join([lines[j] for j in order])}
        for forged in (
            replace(whole, payload=moved),
            replace(whole, metadata=named),
            replace(whole, payload=moved, metadata=named),
        ):
            with pytest.raises(pyfe.SignatureError, match="the signature is not valid"):
                CiphertextBatch.from_bytes(pack(forged))


def test_envelopes_that_are_half_signed() -> None:
    whole = unpack(signed_batch().to_bytes())
    without = {name: value for name, value in whole.metadata.items() if name != "signer"}
    for wrong, error in (
        (replace(whole, signature=b""), pyfe.DecodeError),
        (replace(whole, metadata=without), pyfe.DecodeError),
        (replace(whole, metadata={**without, "signer": None}, signature=b""), pyfe.DecodeError),
        (replace(whole, metadata={**without, "signer": bytes(31)}), pyfe.DecodeError),
        (replace(whole, metadata={**without, "signer": bytes(32)}), pyfe.SignatureError),
        (replace(whole, metadata={**whole.metadata, "saturated": {"a": 1}}), pyfe.SignatureError),
    ):
        with pytest.raises(error):
            CiphertextBatch.from_bytes(pack(wrong))
    combined = unpack((2 * signed_batch()).to_bytes())
    signed = replace(combined, metadata={**combined.metadata, "signer": owner().identity.ed25519}, signature=bytes(64))
    from pyfe.wire.envelope import signed_part

    with pytest.raises(pyfe.DecodeError, match="combined rows are never signed"):
        CiphertextBatch.from_bytes(pack(replace(signed, signature=owner().sign(signed_part(pack(signed))))))


def test_the_commands_ask_whose_rows_they_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from pyfe.cli import main

    for name, data in {
        "rows": signed_batch().to_bytes(),
        "cut": signed_batch()[1:].to_bytes(),
        "key": rows_of.function_key().to_bytes(),
        "owner": owner().identity.to_bytes(),
        "other": other().identity.to_bytes(),
    }.items():
        (tmp_path / name).write_bytes(data)
    named = {name: str(tmp_path / name) for name in ("rows", "cut", "key", "owner", "other", "scores.csv")}
    evaluate = ["evaluate", named["rows"], "-k", named["key"], "-o", named["scores.csv"], "--signed-by"]
    assert main([*evaluate, named["owner"]]) == 0
    assert "the hospital" in capsys.readouterr().out
    assert main([*evaluate, named["other"]]) == 1 and "is signed by the key" in capsys.readouterr().err
    evaluate[1] = named["cut"]
    assert main([*evaluate, named["owner"]]) == 1 and "is not signed" in capsys.readouterr().err
    assert main(["info", named["rows"], "--json"]) == 0
    assert owner().identity.ed25519.hex() in capsys.readouterr().out
