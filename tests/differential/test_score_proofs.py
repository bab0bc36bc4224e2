"""Proofs of scores against the slow twin (tests/reference/score_proofs.py): every byte under the same randomness, each
side verifies what the other proved, and refuses what was changed."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from pyfe.errors import KeyMismatchError, OutOfRangeError
from tests.differential.test_against_twin import matrix, random_setting
from tests.reference import ipfe_ddh as twin
from tests.reference import score_proofs
from tests.reference.ristretto255 import ORDER


class Case:
    """Keys, a batch and its scores on both sides, from one seed."""

    def __init__(self, core: ModuleType, rng: np.random.Generator) -> None:
        self.core, self.scheme = core, core.ipfe_ddh
        parameters, self.x, self.y = random_setting(rng)
        self.twin_mpk, msk = twin.setup(parameters, rng.bytes(128 * parameters.n))
        self.twin_ct = twin.encrypt(self.twin_mpk, self.x, rng.bytes(64 * len(self.x)))
        self.twin_sk = twin.keygen(msk, self.y)
        self.mpk = self.scheme.MasterPublicKey.from_bytes(self.twin_mpk.to_bytes())
        self.sk = self.scheme.FunctionKey.from_bytes(self.twin_sk.to_bytes())
        self.about = rng.bytes(int(rng.integers(0, 40)))
        self.random = rng.bytes(64)

    def combined(self, rng: np.random.Generator) -> Case:
        """The rows' differences and multiples in one row."""
        weights = rng.integers(-3, 4, len(self.x))
        self.twin_ct = twin.weighted_sum(self.twin_ct, weights.tolist())
        self.x = (weights @ matrix(self.x))[None, :].tolist()
        return self

    @property
    def ct(self) -> Any:
        return self.scheme.CiphertextBatch.from_bytes(self.twin_ct.to_bytes())

    @property
    def z(self) -> Any:
        return matrix(self.x) @ matrix(self.y).T

    def verified(self, z: Any, proof: bytes, about: bytes | None = None) -> tuple[bool, bool]:
        """By the core, and by the twin."""
        about = self.about if about is None else about
        ours = self.scheme.ScoreProof.from_bytes(proof)
        theirs = score_proofs.Proof.from_bytes(proof)
        return (
            self.scheme.verify_scores(self.mpk, matrix(self.y), self.ct, matrix(z), about, ours),
            score_proofs.verify(self.twin_mpk, self.y, self.twin_ct, matrix(z).tolist(), about, theirs),
        )


@pytest.mark.parametrize("case", range(4))
def test_same_bytes(core: ModuleType, seed: int, case: int) -> None:
    rng = np.random.default_rng([seed, 7, case])
    made = Case(core, rng)
    if case == 3:
        made = made.combined(rng)
    ours = core.prove(made.sk, made.ct, made.z, made.about, made.random).to_bytes()
    theirs = score_proofs.prove(made.twin_sk, made.twin_ct, made.z.tolist(), made.about, made.random).to_bytes()
    assert ours == theirs
    assert len(ours) == 140
    assert made.verified(made.z, ours) == (True, True)
    assert made.verified(made.z, ours, made.about + b"\0") == (False, False)


def test_real_randomness(core: ModuleType, seed: int) -> None:
    """Nonces that no test chose, another proof each time."""
    made = Case(core, np.random.default_rng([seed, 8]))
    first, second = (made.scheme.prove(made.sk, made.ct, made.z, made.about).to_bytes() for _ in range(2))
    assert first != second
    assert made.verified(made.z, first) == made.verified(made.z, second) == (True, True)


def test_other_scores_are_refused(core: ModuleType, seed: int) -> None:
    """By both sides, also where the proof was made of them; outside the interval before anything is computed."""
    made = Case(core, np.random.default_rng([seed, 9]))
    proof = core.prove(made.sk, made.ct, made.z, made.about, made.random).to_bytes()
    low, high = made.sk.intervals[0].tolist()
    if low < high:
        wrong = made.z.copy()
        wrong[0, 0] += 1 if wrong[0, 0] < high else -1
        assert made.verified(wrong, proof) == (False, False)
        assert made.verified(wrong, made.scheme.prove(made.sk, made.ct, wrong, made.about).to_bytes()) == (False, False)
    beyond = made.z.copy()
    beyond[-1, 0] = high + 1
    with pytest.raises(OutOfRangeError, match=f"row {len(made.x) - 1}, function 0: the score is outside"):
        made.scheme.verify_scores(
            made.mpk, matrix(made.y), made.ct, beyond, made.about, made.scheme.ScoreProof.from_bytes(proof)
        )
    with pytest.raises(ValueError, match="is not in"):
        score_proofs.verify(
            made.twin_mpk, made.y, made.twin_ct, beyond.tolist(), made.about, score_proofs.Proof.from_bytes(proof)
        )


def test_a_malformed_row_is_proven_to_give_what_the_true_key_gives(core: ModuleType, seed: int) -> None:
    """D is no multiple of C's: then only the key that was issued tells what comes out, and the proof shows that."""
    made = Case(core, np.random.default_rng([seed, 10]))
    row = made.twin_ct.rows[0]
    y, (s_y, t_y) = made.twin_sk.y[0], made.twin_sk.scalars[0]
    made.twin_sk = twin.FunctionKey(made.twin_sk.public_key_id, (y,), made.twin_sk.intervals[:1], ((s_y, t_y),))
    made.sk = made.scheme.FunctionKey.from_bytes(made.twin_sk.to_bytes())
    made.y = [list(y)]
    i = next(i for i, y_i in enumerate(y) if y_i)
    # C and D are moved apart, and E_i by what the key makes of that: the score stays, the row is no encryption
    inverse = pow(y[i], -1, ORDER)
    moved = twin.Row(
        twin.mul_sum([(1, row.C), (5, twin.G)]),
        twin.mul_sum([(1, row.D), (7, twin.G)]),
        tuple(
            twin.mul_sum([(1, E), ((5 * s_y + 7 * t_y) * inverse % ORDER, twin.G)]) if at == i else E
            for at, E in enumerate(row.E)
        ),
    )
    made.twin_ct = twin.CiphertextBatch(made.twin_ct.public_key_id, made.twin_ct.n, (moved, *made.twin_ct.rows[1:]))
    assert (made.scheme.decrypt(made.sk, made.ct) == made.z).all()
    proof = made.scheme.prove(made.sk, made.ct, made.z, made.about).to_bytes()
    assert made.verified(made.z, proof) == (True, True)


def test_a_source_that_repeats_itself_gives_no_key_away(core_testing: ModuleType, seed: int) -> None:
    """With the same nonces for two challenges, (u - u') / (e - e') would be the key."""
    made = Case(core_testing, np.random.default_rng([seed, 11]))
    nonces = []
    for about in (b"one", b"two"):
        proof = score_proofs.Proof.from_bytes(
            core_testing.prove(made.sk, made.ct, made.z, about, made.random).to_bytes()
        )
        statement = score_proofs.Statement(
            made.twin_sk.public_key_id, about, made.twin_sk.y, made.twin_sk.intervals, made.twin_ct, made.z.tolist()
        )
        s = sum(sigma * s_f for sigma, (s_f, _) in zip(statement.sigma, made.twin_sk.scalars, strict=True))
        nonces.append((proof.u - proof.e * s) % ORDER)
    assert nonces[0] != nonces[1]


def test_leaves_of_many_rows(core_testing: ModuleType, use_lanes: Callable[[str], None], seed: int) -> None:
    """More rows than one leaf hashes: the statement's hash alone, which the proof hangs on."""
    rng = np.random.default_rng([seed, 12])
    scheme = core_testing.ipfe_ddh
    mpk, msk = scheme.setup(scheme.Parameters(1, matrix([0]), matrix([1]), 1))
    x = rng.integers(0, 2, (1025, 1))
    ct, sk = scheme.encrypt(mpk, x), scheme.keygen(msk, matrix([[1]]))
    proof = scheme.prove(sk, ct, x, b"")
    assert scheme.verify_scores(mpk, matrix([[1]]), ct, x, b"", proof)
    for row in (0, 1023, 1024):
        wrong = x.copy()
        wrong[row] = 1 - wrong[row]
        assert not scheme.verify_scores(mpk, matrix([[1]]), ct, wrong, b"", proof)
    turned = scheme.CiphertextBatch.concat([ct.slice(1, 1025), ct.slice(0, 1)])
    assert not scheme.verify_scores(mpk, matrix([[1]]), turned, np.roll(x, -1, axis=0), b"", proof)


def test_whose_it_is(core: ModuleType, seed: int) -> None:
    rng = np.random.default_rng([seed, 13])
    made, other = Case(core, rng), Case(core, rng)
    proof = made.scheme.prove(made.sk, made.ct, made.z, b"")
    with pytest.raises(KeyMismatchError, match="different public keys"):
        made.scheme.prove(other.sk, made.ct, matrix(np.zeros((len(made.x), len(other.y)))), b"")
    with pytest.raises(KeyMismatchError, match="different public keys|another public key"):
        made.scheme.verify_scores(other.mpk, matrix(other.y), other.ct, other.z, b"", proof)


@pytest.mark.slow
def test_leaves_of_many_rows_against_the_twin(core_testing: ModuleType, seed: int) -> None:
    """A second leaf, and weights of many numbers."""
    rng = np.random.default_rng([seed, 14])
    parameters = twin.Parameters((0,), (1,), 1)
    twin_mpk, twin_msk = twin.setup(parameters, rng.bytes(128))
    x = rng.integers(0, 2, (1026, 1)).tolist()
    twin_ct, twin_sk = twin.encrypt(twin_mpk, x, rng.bytes(64 * len(x))), twin.keygen(twin_msk, [[1]])
    scheme, random = core_testing.ipfe_ddh, rng.bytes(64)
    ct, sk = scheme.CiphertextBatch.from_bytes(twin_ct.to_bytes()), scheme.FunctionKey.from_bytes(twin_sk.to_bytes())
    proof = core_testing.prove(sk, ct, matrix(x), b"", random).to_bytes()
    assert proof == score_proofs.prove(twin_sk, twin_ct, x, b"", random).to_bytes()
    assert score_proofs.verify(twin_mpk, [[1]], twin_ct, x, b"", score_proofs.Proof.from_bytes(proof))
