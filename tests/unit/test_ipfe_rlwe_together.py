"""Several keys in one pass over ciphertexts: what each of them gives by itself, and one refusal for all."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from bench.measure import backend
from pyfe import KeyMismatchError, ParameterError, RefusedError, SignatureError
from pyfe.schemes import ipfe_rlwe
from tests.unit.test_ipfe_rlwe import SETS, Authority

BACKENDS = ["portable", "auto"]
ROWS = 129
"""Three tiles, of the last of which one slot is occupied."""


@pytest.fixture(scope="module", params=list(SETS), ids=lambda name: name.replace(" ", "-"))
def authority(request: pytest.FixtureRequest) -> Authority:
    return Authority(ipfe_rlwe.Parameters(**SETS[request.param]))


def keys_of(authority: Authority, *functions: int) -> list[Any]:
    """Keys of so many functions each."""
    return [ipfe_rlwe.keygen(authority.msk, authority.functions(count)) for count in functions]


@pytest.mark.parametrize("name", BACKENDS)
def test_as_each_by_itself(authority: Authority, name: str) -> None:
    """1 to 20 functions: every width of the kernels, and more than are opened together."""
    x = authority.rows(ROWS)
    ct = ipfe_rlwe.encrypt(authority.mpk, x)
    with backend(name):
        for functions in ([1], [1, 1], [2, 1], [1] * 4, [3, 1, 1], [1] * 8, [5, 1, 9, 1, 4]):
            keys = keys_of(authority, *functions)
            for found, key in zip(ipfe_rlwe.decrypt_together(keys, ct), keys, strict=True):
                alone = ipfe_rlwe.decrypt(key, ct)
                expected = x @ key.y.T
                assert found.shape == alone.shape and np.array_equal(found, alone)
                assert np.array_equal(found, expected[:, 0] if len(key.y) == 1 else expected)


def test_of_a_slice_and_of_several_ciphertexts(authority: Authority) -> None:
    keys, x = keys_of(authority, 1, 2), authority.rows(ROWS)
    ct = ipfe_rlwe.CiphertextBatch.concat([ipfe_rlwe.encrypt(authority.mpk, x) for _ in range(3)])
    one, two = ipfe_rlwe.decrypt_together(keys, ct.slice(60, 2 * ROWS + 5))
    rows = np.concatenate([x] * 3)[60 : 2 * ROWS + 5]
    assert np.array_equal(one, rows @ keys[0].y[0]) and np.array_equal(two, rows @ keys[1].y.T)


@pytest.mark.parametrize("name", BACKENDS)
def test_one_refusal_is_that_of_all(authority: Authority, name: str) -> None:
    """Of whichever key it is, and nothing else is given."""
    odd = [np.where(y % 2 == 0, y // 2 + (y // 2 + 1) % 2, y) for y in (authority.functions(1) for _ in range(3))]
    keys = [ipfe_rlwe.keygen(authority.msk, y) for y in odd]  # with an even one the highest bit changes nothing
    ct = ipfe_rlwe.encrypt(authority.mpk, authority.rows(ROWS))
    other = Authority(authority.p)
    foreign = ipfe_rlwe.keygen(other.msk, authority.functions(1)).to_bytes()
    wrong = ipfe_rlwe.FunctionKey.from_bytes(bytes(authority.mpk.id) + foreign[32:])
    with backend(name):
        for place in range(4):
            with pytest.raises(RefusedError) as refused:
                ipfe_rlwe.decrypt_together([*keys[:place], wrong, *keys[place:]], ct)
            assert not any(word in str(refused.value) for word in ("slot", "row", "key 1", "function"))
        damaged = bytearray(ct.to_bytes())
        damaged[-1] ^= 0x80
        with pytest.raises(RefusedError):
            ipfe_rlwe.decrypt_together(keys, ipfe_rlwe.CiphertextBatch.from_bytes(bytes(damaged)))


def test_keys_that_do_not_go_together(authority: Authority) -> None:
    ct = ipfe_rlwe.encrypt(authority.mpk, authority.rows(2))
    foreign = keys_of(Authority(authority.p), 1)
    with pytest.raises(KeyMismatchError, match="different public keys"):
        ipfe_rlwe.decrypt_together([*keys_of(authority, 1), *foreign], ct)
    with pytest.raises(ParameterError, match="no key"):
        ipfe_rlwe.decrypt_together([], ct)


def test_threads_prepare_one_key_at_once(authority: Authority) -> None:
    """A key is prepared when it is first used, by whoever comes first."""
    data = keys_of(authority, 3)[0].to_bytes()
    x = authority.rows(5)
    ct = ipfe_rlwe.encrypt(authority.mpk, x)
    with ThreadPoolExecutor(8) as pool:
        for _ in range(20):
            key = ipfe_rlwe.FunctionKey.from_bytes(data)
            for found in pool.map(ipfe_rlwe.decrypt, [key] * 8, [ct] * 8):
                assert np.array_equal(found, x @ key.y.T)


def test_sums_are_opened_with_what_they_are_made_of() -> None:
    """By every key, as by each alone; a sum that came as bytes by none."""
    authority = Authority(ipfe_rlwe.Parameters(**SETS["far from 0"]))
    functions, x = [authority.functions(count) for count in (1, 2)], [authority.rows(ROWS) for _ in range(2)]
    for y in functions:
        y[:, -1] = 1
    keys = [ipfe_rlwe.keygen(authority.msk, y) for y in functions]
    ct = [ipfe_rlwe.encrypt(authority.mpk, rows) for rows in x]
    ipfe_rlwe.decrypt(keys[0], ct[0])  # accepted by one key of the two
    total = ipfe_rlwe.weighted_sum(ct, np.array([2, -3]))
    assert not total.accepted
    one, two = ipfe_rlwe.decrypt_together(keys, total)
    assert total.accepted and np.array_equal(one, (2 * x[0] - 3 * x[1]) @ keys[0].y[0])
    assert np.array_equal(two, (2 * x[0] - 3 * x[1]) @ keys[1].y.T)
    with pytest.raises(SignatureError, match="came as bytes"):
        ipfe_rlwe.decrypt_together(keys, ipfe_rlwe.CiphertextBatch.from_bytes(total.to_bytes()))
    damaged = bytearray(ct[1].to_bytes())
    damaged[-1] ^= 0x10  # of the last column, in a slot that no patient has
    wrong = ipfe_rlwe.weighted_sum([ct[0], ipfe_rlwe.CiphertextBatch.from_bytes(bytes(damaged))], np.array([1, 1]))
    with pytest.raises(RefusedError):
        ipfe_rlwe.decrypt_together(keys, wrong)
