"""What changes of quadratic ciphertexts lead to: a named error, or the score of another valid row. Nothing else.

Every single bit of a row, and elements that change places or rows. The share that is noticed is printed, and stands in
docs/guides/batches.md.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

from pyfe.errors import DecodeError, KeyMismatchError, OutOfRangeError
from pyfe.schemes import qfe

HEAD = 49  # id 32 | rows u64 | k u8 | n u32 | m u32
F = np.array([[3, -1], [2, 5]])


class Batch:
    """Rows of two coordinates under a key of one form."""

    def __init__(self, k: int) -> None:
        mpk, msk = qfe.setup(qfe.Parameters(2, k=k, x_bound=9, f_bound=9))
        self.x = np.array([[4, -7], [9, 1], [-3, 2]])
        self.sk = qfe.keygen(msk, F)
        self.data = qfe.encrypt(mpk, self.x).to_bytes()
        self.scores = np.einsum("bi,ij,bj->b", self.x, F, self.x).tolist()
        self.row_size = (len(self.data) - HEAD) // len(self.x)

    def outcome(self, data: bytes) -> str:
        """The name of the error, "unchanged" or "another score"; any other exception fails the test."""
        try:
            found = qfe.decrypt(self.sk, qfe.CiphertextBatch.from_bytes(data)).tolist()
        except (DecodeError, KeyMismatchError, OutOfRangeError) as error:
            assert str(error)
            return type(error).__name__
        return "unchanged" if found == self.scores else "another score"


def test_every_bit_of_a_row() -> None:
    """A flipped bit of a point gives no point, or one outside the subgroup; the bit of the sign gives no result."""
    batch = Batch(1)
    seen: Counter[str] = Counter()
    for bit in range(8 * HEAD, 8 * (HEAD + batch.row_size)):
        changed = bytearray(batch.data)
        changed[bit // 8] ^= 0x80 >> (bit % 8)
        seen[batch.outcome(bytes(changed))] += 1
    print(f"changed bits: {dict(seen)}")
    signs = 2 * 2 * 2  # of c and d; another sign of [gamma] is seen when the row is read
    assert seen == {"DecodeError": 8 * batch.row_size - signs, "OutOfRangeError": signs}


def elements(batch: Batch, k: int) -> list[tuple[int, int]]:
    """Start and size of every element of every row."""
    out = []
    for row in range(len(batch.x)):
        start = HEAD + row * batch.row_size
        for size in (48, 96, *[48] * (2 * (k + 1)), *[96] * (2 * (k + 1))):
            out.append((start, size))
            start += size
    return out


@pytest.mark.parametrize("k", [1, 3])
def test_elements_that_change_places(k: int, seed: int) -> None:
    """Two elements of one group, of one row or of two, exchanged; or one copied over the other."""
    batch = Batch(k)
    rng = np.random.default_rng([seed, k])
    parts = elements(batch, k)
    seen: Counter[str] = Counter()
    for _ in range(150):
        i, j = rng.choice(len(parts), 2, replace=False)
        if parts[i][1] != parts[j][1]:
            continue
        changed: Any = bytearray(batch.data)
        (a, size), (b, _) = parts[i], parts[j]
        changed[a : a + size] = batch.data[b : b + size]
        if rng.random() < 0.5:
            changed[b : b + size] = batch.data[a : a + size]
        seen[batch.outcome(bytes(changed))] += 1
    print(f"moved elements, k = {k}: {dict(seen)}")
    assert seen["unchanged"] == seen["another score"] == 0 and seen.total() > 40


def test_whole_rows_may_change_places() -> None:
    """Rows are not bound to each other: their order, their number and copies of them are the sender's word."""
    batch = Batch(1)
    rows = [batch.data[HEAD + r * batch.row_size :][: batch.row_size] for r in range(3)]
    moved = qfe.CiphertextBatch.from_bytes(batch.data[:HEAD] + rows[1] + rows[1] + rows[0])
    assert qfe.decrypt(batch.sk, moved).tolist() == [batch.scores[1], batch.scores[1], batch.scores[0]]
