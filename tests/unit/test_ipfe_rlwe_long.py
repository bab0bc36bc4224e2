"""Millions of slots of the lattice scheme at full size: no wrong score, no false refusal, no wrong key taken."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pyfe import RefusedError
from pyfe.schemes import ipfe_rlwe

pytestmark = pytest.mark.slow

SLOTS = 12_500_000
"""Of each of eight sets: 10^8. What they are is random, so that every night looks at others."""

TRIALS = 10_000

SETS: dict[str, dict[str, Any]] = {
    "n30": {"n": 30, "x_lo": [0] * 30, "x_hi": [255] * 30, "y_bound": 127},
    "n30 signed": {"n": 30, "x_bound": 255, "y_bound": 127},
    "far from 0": {"n": 30, "x_lo": [900] * 30, "x_hi": [1023] * 30, "y_bound": 127},
    "one": {"n": 1, "x_bound": 1, "y_bound": 1},
    "R1": {"n": 64, "x_bound": 2**10, "y_bound": 2**10},
    "R2": {"n": 128, "x_bound": 2**12, "y_bound": 2**12},
    "R3": {"n": 256, "x_bound": 2**15, "y_bound": 2**15},
    "R4": {"n": 785, "x_lo": [0] * 785, "x_hi": [4] * 785, "y_bound": 16},
}


def functions(p: Any, rng: np.random.Generator) -> Any:
    """All weights at their bound, of both signs; +-1 at one place; and random ones."""
    y = np.stack([np.full(p.n, p.y_bound), rng.choice([-p.y_bound, p.y_bound], p.n), np.zeros(p.n, dtype=np.int64)])
    y[2, rng.integers(p.n)] = rng.choice([-1, 1])
    return np.concatenate([y, rng.integers(-p.y_bound, p.y_bound, (2, p.n), endpoint=True) | 1]).clip(
        -p.y_bound, p.y_bound
    )


@pytest.mark.parametrize("name", SETS)
def test_no_slot_is_wrong_and_none_is_refused(name: str) -> None:
    p = ipfe_rlwe.Parameters(**SETS[name])
    mpk, msk = ipfe_rlwe.setup(p)
    rng, seen = np.random.default_rng(), 0
    y = functions(p, rng)
    key = ipfe_rlwe.keygen(msk, y)
    assert ipfe_rlwe.verify_key(mpk, key)
    while seen < SLOTS:
        count = int(rng.choice([8192, 8191, 64, 65]))
        x = rng.integers(p.x_lo, p.x_hi, (count, p.n), endpoint=True)
        ends = rng.integers(len(y))
        x[: count // 3] = np.where(y[ends] > 0, p.x_hi, p.x_lo)
        x[count // 3 : count // 2] = np.where(y[ends] > 0, p.x_lo, p.x_hi)
        assert np.array_equal(ipfe_rlwe.decrypt(key, ipfe_rlwe.encrypt(mpk, x)), x @ y.T)
        seen += count * len(y)


def test_what_is_wrong_is_always_refused() -> None:
    """A foreign shared part, an unoccupied slot that is not 0, a key off by one in a weight or a coefficient."""
    p = ipfe_rlwe.Parameters(n=4, x_lo=[1] * 4, x_hi=[9] * 4, y_bound=7)
    mpk, msk = ipfe_rlwe.setup(p)
    rng = np.random.default_rng()
    y = np.array([7, -5, 3, 1])
    key, size = ipfe_rlwe.keygen(msk, y), len(p.to_bytes())
    batch = ipfe_rlwe.encrypt(mpk, rng.integers(1, 10, (65, 4)))
    data, tile = batch.to_bytes(), 32 * p.b
    other = ipfe_rlwe.encrypt(mpk, rng.integers(1, 10, (65, 4))).to_bytes()
    shared = 1024 * sum(q.bit_length() for q in p.primes)
    start = len(data) - batch.nbytes
    refused = 0
    for trial in range(TRIALS):
        wrong = bytearray(data)
        if trial % 3 == 0:  # some residues of another ct_0, in the transform domain: every slot changes
            at = start + int(rng.integers(shared // 7)) * 7
            wrong[at : at + 7] = other[at : at + 7]
        elif trial % 3 == 1:  # the highest bit of a word of one of the slots 65 .. 127, odd weights
            slot, column = int(rng.integers(2, 64)), int(rng.integers(4))
            bit = 8 * (start + shared + tile + column * 8 * p.b) + (slot + 1) * p.b - 1
            wrong[bit // 8] ^= 1 << bit % 8
        else:  # a coefficient of the key
            broken = bytearray(key.to_bytes())
            broken[int(rng.integers(36 + size + 8 * 6 + 17, len(broken)))] ^= 1 << int(rng.integers(8))
            refused += not accepted_key(mpk, bytes(broken))
            continue
        try:
            ipfe_rlwe.decrypt(key, ipfe_rlwe.CiphertextBatch.from_bytes(bytes(wrong)))
        except RefusedError:
            refused += 1
        except Exception as error:  # residues that are no residues any more
            assert "ct_0" in str(error)
            refused += 1
    assert refused == TRIALS


def accepted_key(mpk: Any, data: bytes) -> bool:
    try:
        return bool(ipfe_rlwe.verify_key(mpk, ipfe_rlwe.FunctionKey.from_bytes(data)))
    except Exception as error:
        assert "sk" in str(error)
        return False
