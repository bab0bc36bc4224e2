"""The scheme against its slow twin (tests/reference, written from the paper): every byte under the same randomness."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from pyfe.errors import OutOfRangeError
from tests.reference import ipfe_ddh as twin

FILE = Path(__file__).resolve().parents[1] / "vectors" / "ipfe_ddh.json"
VECTORS = json.loads(FILE.read_text())
SETTINGS = VECTORS["settings"]
NAMES = [setting["name"] for setting in SETTINGS]

Setting = dict[str, Any]


def matrix(rows: Any) -> Any:
    return np.array(rows, dtype=np.int64)


def core_parameters(core: ModuleType, setting: Setting) -> Any:
    lo, hi, context = matrix(setting["x_lo"]), matrix(setting["x_hi"]), bytes.fromhex(setting["context"])
    return core.ipfe_ddh.Parameters(setting["n"], lo, hi, setting["y_bound"], context)


def core_keys(core: ModuleType, setting: Setting) -> Any:
    return core.setup(core_parameters(core, setting), bytes.fromhex(setting["setup_random"]))


# --- the frozen vectors ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("setting", SETTINGS, ids=NAMES)
def test_keys(core: ModuleType, setting: Setting) -> None:
    assert core_parameters(core, setting).id.hex() == setting["parameters_id"]
    mpk, msk = core_keys(core, setting)
    assert mpk.to_bytes().hex() == setting["mpk"]
    assert mpk.id.hex() == msk.public_key_id.hex() == setting["mpk_id"]
    assert msk.to_bytes().hex() == setting["msk"]
    for key in setting["keys"]:
        sk = core.ipfe_ddh.keygen(msk, matrix(key["y"]))
        assert sk.to_bytes().hex() == key["payload"]
        assert sk.intervals.tolist() == key["intervals"]
        assert core.ipfe_ddh.verify_key(mpk, sk)


@pytest.mark.parametrize("setting", SETTINGS, ids=NAMES)
def test_ciphertexts(core: ModuleType, setting: Setting) -> None:
    mpk, _ = core_keys(core, setting)
    for batch in setting["batches"]:
        ct = core.encrypt(mpk, matrix(batch["x"]), bytes.fromhex(batch["random"]))
        assert ct.to_bytes().hex() == batch["payload"]


@pytest.mark.parametrize("setting", SETTINGS, ids=NAMES)
def test_results(shipped: ModuleType, setting: Setting) -> None:
    scheme = shipped.ipfe_ddh
    keys = [scheme.FunctionKey.from_bytes(bytes.fromhex(key["payload"])) for key in setting["keys"]]
    for batch in [*setting["batches"], *setting["combinations"]]:
        ct = scheme.CiphertextBatch.from_bytes(bytes.fromhex(batch["payload"]))
        for sk, expected in zip(keys, batch["results"], strict=True):
            assert scheme.decrypt(sk, ct).tolist() == expected


@pytest.mark.parametrize("setting", SETTINGS, ids=NAMES)
def test_combinations(core: ModuleType, setting: Setting) -> None:
    for entry in setting["combinations"]:
        source = bytes.fromhex(setting["batches"][entry["batch"]]["payload"])
        combined = core.ipfe_ddh.CiphertextBatch.from_bytes(source).weighted_sum(matrix(entry["weights"]))
        assert combined.to_bytes().hex() == entry["payload"]
        assert combined.weight_sums.tolist() == [[entry["w_pos"], entry["w_neg"]]]


@pytest.mark.parametrize("setting", SETTINGS, ids=NAMES)
def test_one_beyond_the_interval(core: ModuleType, setting: Setting) -> None:
    scheme = core.ipfe_ddh
    for entry in setting["out_of_range"]:
        sk = scheme.FunctionKey.from_bytes(bytes.fromhex(setting["keys"][entry["key"]]["payload"]))
        inside, outside = (
            scheme.CiphertextBatch.from_bytes(bytes.fromhex(entry[side])) for side in ("inside", "outside")
        )
        assert scheme.decrypt(sk, inside)[0, 0] == entry["inside_result"]
        with pytest.raises(OutOfRangeError, match="row 0, function 0: no result in"):
            scheme.decrypt(sk, outside)


# --- fresh cases -----------------------------------------------------------------------------------------------------


def random_setting(rng: np.random.Generator) -> tuple[twin.Parameters, list[list[int]], list[list[int]]]:
    n, bits = int(rng.integers(1, 7)), int(rng.integers(1, 9))
    ends = np.sort(rng.integers(-(2**bits), 2**bits, (n, 2)), axis=1)
    bound = int(rng.integers(1, 2**bits + 1))
    parameters = twin.Parameters(tuple(ends[:, 0].tolist()), tuple(ends[:, 1].tolist()), bound, rng.bytes(32))
    x = rng.integers(ends[:, 0], ends[:, 1], (int(rng.integers(1, 4)), n), endpoint=True)
    y = rng.integers(-bound, bound, (int(rng.integers(1, 4)), n), endpoint=True)
    y[:, int(rng.integers(n))] = bound
    return parameters, x.tolist(), y.tolist()


@pytest.mark.parametrize("case", range(6))
def test_same_bytes(core: ModuleType, seed: int, case: int) -> None:
    """Both sides, the same random bytes; then each opens what the other made."""
    rng = np.random.default_rng([seed, case])
    parameters, x, y = random_setting(rng)
    setup_random, encrypt_random = rng.bytes(128 * parameters.n), rng.bytes(64 * len(x))
    scheme = core.ipfe_ddh
    lo, hi = matrix(parameters.x_lo), matrix(parameters.x_hi)
    mpk, msk = core.setup(scheme.Parameters(parameters.n, lo, hi, parameters.y_bound, parameters.context), setup_random)
    ct, sk = core.encrypt(mpk, matrix(x), encrypt_random), scheme.keygen(msk, matrix(y))
    twin_mpk, twin_msk = twin.setup(parameters, setup_random)
    twin_ct, twin_sk = twin.encrypt(twin_mpk, x, encrypt_random), twin.keygen(twin_msk, y)
    ours = [item.to_bytes() for item in (mpk, msk, ct, sk)]
    assert ours == [item.to_bytes() for item in (twin_mpk, twin_msk, twin_ct, twin_sk)]
    expected = (matrix(x) @ matrix(y).T).tolist()
    ours_from_twin = scheme.CiphertextBatch.from_bytes(twin_ct.to_bytes())
    assert scheme.decrypt(scheme.FunctionKey.from_bytes(twin_sk.to_bytes()), ours_from_twin).tolist() == expected
    assert twin.decrypt(twin.FunctionKey.from_bytes(ours[3]), twin.CiphertextBatch.from_bytes(ours[2])) == expected


def test_twin_opens_real_randomness(core: ModuleType, seed: int) -> None:
    """Encrypted with the system's randomness, so with an r that no test chose."""
    parameters, x, y = random_setting(np.random.default_rng([seed, 99]))
    scheme = core.ipfe_ddh
    lo, hi = matrix(parameters.x_lo), matrix(parameters.x_hi)
    mpk, msk = scheme.setup(scheme.Parameters(parameters.n, lo, hi, parameters.y_bound, parameters.context))
    first, second = (scheme.encrypt(mpk, matrix(x)).to_bytes() for _ in range(2))
    assert first != second
    sk = twin.keygen(twin.MasterSecretKey.from_bytes(msk.to_bytes()), y)
    assert twin.verify_key(twin.MasterPublicKey.from_bytes(mpk.to_bytes()), sk)
    assert twin.decrypt(sk, twin.CiphertextBatch.from_bytes(first)) == (matrix(x) @ matrix(y).T).tolist()


def test_randomness_runs_out(core_testing: ModuleType) -> None:
    from pyfe.errors import RandomnessError

    scheme = core_testing.ipfe_ddh
    parameters = scheme.Parameters(2, matrix([0, 0]), matrix([1, 1]), 1)
    with pytest.raises(RandomnessError):
        core_testing.setup(parameters, b"\x01" * 255)
    mpk, _ = core_testing.setup(parameters, bytes(range(256)))
    with pytest.raises(RandomnessError):
        core_testing.encrypt(mpk, matrix([[0, 1], [1, 1]]), b"\x01" * 127)
