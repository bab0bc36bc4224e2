"""Batches hold their wire bytes and decode within a budget: how often, and how much memory that takes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import pyfe
from pyfe import _core
from pyfe.errors import DecodeError, ParameterError

core_testing: Any = pytest.importorskip("pyfe._core_testing")

ROWS = 100
LINEAR, QUADRATIC = "ipfe_ddh", "qfe"


@pytest.fixture(autouse=True)
def _limit() -> Iterator[None]:
    before = core_testing.decoded_megabytes()
    yield
    core_testing.set_decoded_megabytes(before)


def made(scheme: str) -> tuple[Any, Any, Any]:
    """A key, an encrypted batch and its scores, in the core of the tests."""
    x = np.random.default_rng(7).integers(-9, 10, (ROWS, 5))
    lo, hi = np.full(5, -9), np.full(5, 9)
    if scheme == LINEAR:
        core = core_testing.ipfe_ddh
        mpk, msk = core.setup(core.Parameters(n=5, x_lo=lo, x_hi=hi, y_bound=9))
        y = np.array([[1, -2, 3, 0, 9]])
        return core.keygen(msk, y), core.encrypt(mpk, x), x @ y.T
    core = core_testing.qfe
    mpk, msk = core.setup(core.Parameters(k=1, x_lo=lo, x_hi=hi, f_bound=9))
    one = np.array([0])
    form = core.Forms.matrices(1, 5, 5, one, one, np.array([1]), np.array([3]))
    return core.keygen(msk, form), core.encrypt(mpk, x), 3 * x[:, :1] * x[:, 1:2]


def rows_decoded() -> int:
    """Rows that were decoded since the process began."""
    return int(core_testing.decoded_counts()[1])


@pytest.mark.parametrize("scheme", [LINEAR, QUADRATIC])
def test_a_batch_within_the_budget_is_decoded_once(scheme: str) -> None:
    core = getattr(core_testing, scheme)
    sk, sent, z = made(scheme)
    data, before = sent.to_bytes(), rows_decoded()
    del sent
    kept = core_testing.decoded_counts()[0]
    batch = core.CiphertextBatch.from_bytes(data)
    assert core_testing.decoded_counts()[0] > kept
    joined = core.CiphertextBatch.concat([batch.slice(61, ROWS), batch.slice(3, 61), batch])
    assert (core.decrypt(sk, batch) == z).all()
    assert (core.decrypt(sk, batch.slice(13, 14)) == z[13:14]).all()
    assert (core.decrypt(sk, joined) == np.concatenate([z[61:], z[3:61], z])).all()
    for row in range(20):
        core.decrypt(sk, batch.slice(row, row + 1))
    assert rows_decoded() == before + ROWS
    del batch
    assert core_testing.decoded_counts()[0] > kept  # `joined` shares them
    del joined
    assert core_testing.decoded_counts()[0] == kept


@pytest.mark.parametrize("scheme", [LINEAR, QUADRATIC])
def test_without_room_rows_are_decoded_where_they_are_used(scheme: str) -> None:
    core = getattr(core_testing, scheme)
    sk, sent, z = made(scheme)
    data = sent.to_bytes()
    del sent
    core_testing.set_decoded_megabytes(0)
    kept, before = core_testing.decoded_counts()
    batch = core.CiphertextBatch.from_bytes(data)
    assert (core.decrypt(sk, batch) == z).all()
    assert (core.decrypt(sk, batch.slice(13, 29)) == z[13:29]).all()
    mixed = core.CiphertextBatch.concat([batch.slice(93, ROWS), batch.slice(5, 6)])
    assert (core.decrypt(sk, mixed) == np.concatenate([z[93:], z[5:6]])).all()
    for row in range(20):  # never a whole tile for a row
        assert core.decrypt(sk, batch.slice(row, row + 1)) == z[row]
    assert core_testing.decoded_counts() == (kept, before + 2 * ROWS + 16 + 8 + 20)
    assert batch.to_bytes() == data


def test_what_a_batch_reads_cannot_change_under_it() -> None:
    core = core_testing.ipfe_ddh
    sk, sent, z = made(LINEAR)
    core_testing.set_decoded_megabytes(0)
    data = bytearray(sent.to_bytes())
    batches = [core.CiphertextBatch.from_bytes(given) for given in (data, memoryview(data), memoryview(data)[:])]
    data[:] = bytes(len(data))
    for batch in batches:
        assert (core.decrypt(sk, batch) == z).all()


def test_what_was_read_from_bytes_is_written_without_a_copy() -> None:
    schema = pyfe.Schema.from_ranges({"a": (0, 7)}, bits=3)
    public = pyfe.KeyAuthority.create(schema).public_key
    data = public.encrypt([[1.0], [2.0]]).to_bytes()
    batch = pyfe.CiphertextBatch.from_bytes(data)
    assert batch.to_bytes() is data
    assert b"".join(batch.pieces()) == data
    buffer = bytearray(data)
    copied = pyfe.CiphertextBatch.from_bytes(buffer)
    buffer[:] = bytes(len(buffer))
    assert copied.to_bytes() == data
    assert batch[:1].to_bytes() != data


def test_pieces_are_the_bytes_and_read_only() -> None:
    _, sent, _ = made(LINEAR)
    core = core_testing.ipfe_ddh
    batch = core.CiphertextBatch.concat([sent.slice(i, i + 1) for i in range(0, ROWS, 2)] + [sent])
    views = [piece.view() for piece in batch.pieces()]
    assert b"".join(views) == core_testing.joined(views) == batch.to_bytes()
    assert all(view.readonly for view in views)
    del batch, sent
    assert len(b"".join(views)) == sum(map(len, views))  # they keep what they show


@pytest.mark.parametrize("scheme", [LINEAR, QUADRATIC])
def test_a_damaged_row_is_named(scheme: str) -> None:
    core = getattr(core_testing, scheme)
    _, sent, _ = made(scheme)
    data = bytearray(sent.to_bytes())
    data[-1 - 40 * sent.nbytes // ROWS] ^= 0xFF
    for megabytes in (0, 256):
        core_testing.set_decoded_megabytes(megabytes)
        with pytest.raises(Exception, match="row 59") as caught:
            core.CiphertextBatch.from_bytes(bytes(data))
        assert type(caught.value).__name__ == DecodeError.__name__


def test_the_limit_is_a_number_of_megabytes() -> None:
    for wrong in (-1, 1 << 25):
        with pytest.raises(ParameterError, match="set_decoded_megabytes"):
            _core.set_decoded_megabytes(wrong)
    code = "from pyfe import _core; print(_core.decoded_megabytes())"
    for value, wanted in (("0", "0\n"), ("17", "17\n"), ("-1", "PYFE_DECODED_MB"), ("much", "PYFE_DECODED_MB")):
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=False, env={"PYFE_DECODED_MB": value}
        )
        assert wanted in done.stdout + done.stderr


PEAKS = """
import json, tempfile
import numpy as np
import pyfe
from pyfe import _core
_core.set_decoded_megabytes(4)
def status(field):
    return 1024 * next(int(l.split()[1]) for l in open("/proc/self/status") if l.startswith(field + ":"))
def peak(work):
    open("/proc/self/clear_refs", "w").write("5")
    before, result = status("VmRSS"), work()
    peaks.append(status("VmHWM") - before)
    return result
peaks = []
schema = pyfe.Schema.from_ranges({f"c{i}": pyfe.number(0, 15, step=1) for i in range(30)})
public = pyfe.KeyAuthority.create(schema).public_key
some = public.encrypt(np.zeros((512, 30)))
batch = pyfe.CiphertextBatch.concat([some] * 80, allow_duplicates=True)
pieces = b"".join(batch.pieces())
with tempfile.TemporaryFile() as file:
    file.write(pieces)
    wire = len(pieces)
    del batch, pieces
    file.seek(0)
    data = None
    def read():
        global data
        data = file.read()
        return pyfe.CiphertextBatch.from_bytes(data)
    batch = peak(read)
    joined = peak(lambda: pyfe.CiphertextBatch.concat([batch[20000:], batch[:20000]], allow_duplicates=True))
    peak(lambda: pyfe.CiphertextBatch.concat([batch, batch[:0]]))
    cuts = peak(lambda: [joined[i * 4000 + 3 : i * 4000 + 4000] for i in range(10)])
    peak(lambda: joined.id)
    peak(joined.to_bytes)
print(json.dumps([wire, *peaks]))
"""


def test_peaks_of_memory() -> None:
    """40,960 rows of 1 KB: reading, with the bytes that are read, and writing, with those that are made, take 1.3 times
    the wire bytes and the budget at most; joining, looking for doubled rows, cutting and hashing take none."""
    done = subprocess.run([sys.executable, "-c", PEAKS], capture_output=True, text=True, check=True)
    wire, read, joined, looked_at, cut, hashed, written = json.loads(done.stdout)
    budget = 4_000_000
    assert read <= 1.3 * wire + budget
    assert written <= 1.3 * wire + budget
    assert max(joined, looked_at, cut, hashed) <= 0.1 * wire
