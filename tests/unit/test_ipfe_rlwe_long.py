"""Millions of slots of the lattice scheme at full size: no wrong score, no false refusal, no wrong key taken."""

from __future__ import annotations

import secrets
from typing import Any

import numpy as np
import pytest

from pyfe import DecodeError, RefusedError
from pyfe.schemes import ipfe_rlwe
from tests.ring_slots import SETS, Count, run

pytestmark = pytest.mark.slow

SLOTS = 10**8
"""Of all sets together. What they are is random, so that every night looks at others."""

TRIALS = 10_000
"""Of each kind of what is wrong."""


@pytest.mark.parametrize("name", SETS)
def test_no_slot_is_wrong_and_none_is_refused(name: str) -> None:
    count = run(name, secrets.randbits(64), SLOTS // len(SETS), Count())
    assert (count.wrong, count.refused) == (0, 0) and count.slots >= SLOTS // len(SETS)


# -- what is wrong is refused ---------------------------------------------------------------------------------------


class Right:
    """A key and a ciphertext, as bytes to be changed; another authority's key of the same function."""

    def __init__(self) -> None:
        self.p = ipfe_rlwe.Parameters(n=4, x_lo=[1] * 4, x_hi=[9] * 4, y_bound=7)
        self.mpk, msk = ipfe_rlwe.setup(self.p)
        self.rng = np.random.default_rng()
        self.y = np.array([7, -5, 3, 1])
        self.key = ipfe_rlwe.keygen(msk, self.y)
        self.data, self.other = (self.encrypted().to_bytes() for _ in range(2))
        self.shared = 1024 * sum(q.bit_length() for q in self.p.primes)
        self.start = len(self.data) - ipfe_rlwe.CiphertextBatch.from_bytes(self.data).nbytes
        self.strangers = [ipfe_rlwe.keygen(ipfe_rlwe.setup(self.p)[1], self.y).to_bytes() for _ in range(20)]

    def encrypted(self) -> Any:
        """Two tiles; slots 65 to 127 hold nobody."""
        return ipfe_rlwe.encrypt(self.mpk, self.rng.integers(1, 10, (65, 4)))

    def damaged_shared_component(self) -> tuple[bytes, bytes]:
        """Some residues of another ct_0, in the transform domain: every slot changes."""
        wrong, at = bytearray(self.data), self.start + int(self.rng.integers(self.shared // 7)) * 7
        wrong[at : at + 7] = self.other[at : at + 7]
        return self.key.to_bytes(), bytes(wrong)

    def unoccupied_slot(self) -> tuple[bytes, bytes]:
        """The highest bit of a word where no patient is; all weights are odd."""
        slot, column, wrong = int(self.rng.integers(1, 64)), int(self.rng.integers(4)), bytearray(self.data)
        bit = 8 * (self.start + self.shared + (4 + column) * 8 * self.p.b) + (slot + 1) * self.p.b - 1
        wrong[bit // 8] ^= 1 << bit % 8
        return self.key.to_bytes(), bytes(wrong)

    def changed_coefficient_of_the_key(self) -> tuple[bytes, bytes]:
        """Some bit of sk_y."""
        key = bytearray(self.key.to_bytes())
        key[int(self.rng.integers(self.secret_at(), len(key)))] ^= 1 << int(self.rng.integers(8))
        return bytes(key), self.data

    def one_weight_off_by_one(self) -> tuple[bytes, bytes]:
        """With the interval that goes with it."""
        y = self.y.copy()
        column = int(self.rng.integers(1, 4))
        y[column] += self.rng.choice([-1, 1])
        ends = np.stack([y * 1, y * 9]).astype("<i8")
        stated = np.concatenate([y, [ends.min(axis=0).sum(), ends.max(axis=0).sum()]]).astype("<i8").tobytes()
        key = self.key.to_bytes()
        return key[: self.weights_at] + stated + key[self.weights_at + len(stated) :], self.data

    def wrong_key(self) -> tuple[bytes, bytes]:
        """Of another authority, under this one's id."""
        stranger = self.strangers[int(self.rng.integers(len(self.strangers)))]
        return self.mpk.id + stranger[32:], self.encrypted().to_bytes()

    @property
    def weights_at(self) -> int:
        return 36 + len(self.p.to_bytes())

    def secret_at(self) -> int:
        """Behind weights, interval, ||E||^2 and the width of a coefficient."""
        return self.weights_at + 8 * 6 + 17

    def taken(self, key: bytes, batch: bytes) -> set[str]:
        """Whether the key check and decryption, each by itself, let them pass."""
        found = set[str]()
        try:
            sk, ct = ipfe_rlwe.FunctionKey.from_bytes(key), ipfe_rlwe.CiphertextBatch.from_bytes(batch)
        except DecodeError as error:  # residues that are no residues, a width that is not the least
            assert "ct_0" in str(error) or "sk" in str(error)
            return found
        if ipfe_rlwe.verify_key(self.mpk, sk):
            found.add("checked")
        try:
            ipfe_rlwe.decrypt(sk, ct)
            found.add("decrypted")
        except RefusedError:
            pass
        return found


@pytest.fixture(scope="module")
def right() -> Right:
    return Right()


def test_what_is_right_is_taken(right: Right) -> None:
    assert right.taken(right.key.to_bytes(), right.data) == {"checked", "decrypted"}


@pytest.mark.parametrize(
    ("made", "passes"),
    [
        (Right.damaged_shared_component, {"checked"}),
        (Right.unoccupied_slot, {"checked"}),
        (Right.one_weight_off_by_one, set()),
        (Right.wrong_key, set()),
    ],
)
def test_what_is_wrong_is_always_refused(made: Any, passes: set[str], right: Right) -> None:
    """Decryption refuses it by itself, and what is wrong with a key the key check finds as well."""
    for _ in range(TRIALS):
        found = right.taken(*made(right))
        assert "decrypted" not in found and found <= passes


def test_a_changed_coefficient_of_a_key_is_always_found(right: Right) -> None:
    """By the key check, which comes before any decryption: lowest bits move results by less than the margin."""
    for _ in range(TRIALS):
        key, _ = right.changed_coefficient_of_the_key()
        try:
            assert not ipfe_rlwe.verify_key(right.mpk, ipfe_rlwe.FunctionKey.from_bytes(key))
        except DecodeError as error:
            assert "sk" in str(error)
