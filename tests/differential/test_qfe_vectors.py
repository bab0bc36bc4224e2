"""Quadratic encryption against its slow twin, and against another program's draws: every byte, the same randomness."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from pyfe.errors import OutOfRangeError, ParameterError
from pyfe.forms import FactoredForms, Forms, MatrixForms
from tests.reference import qfe as twin
from tests.reference.codec import Reader

FOLDER = Path(__file__).resolve().parents[1] / "vectors"
VECTORS = json.loads((FOLDER / "qfe.json").read_text())
SETTINGS = VECTORS["settings"]
NAMES = [setting["name"] for setting in SETTINGS]
DRAWS = json.loads((FOLDER / "qfe_draws.json").read_text())

Setting = dict[str, Any]


def ints(values: Any) -> Any:
    return np.array(values, dtype=np.int64)


def parameters(core: ModuleType, setting: Setting) -> Any:
    y = (None, None) if setting["square"] else (ints(setting["y_lo"]), ints(setting["y_hi"]))
    x = ints(setting["x_lo"]), ints(setting["x_hi"])
    return core.qfe.Parameters(setting["k"], *x, setting["f_bound"], *y, bytes.fromhex(setting["context"]))


def forms_of(given: Setting) -> Forms:
    if given["kind"] == "matrix":
        return MatrixForms.dense(ints(given["F"]))
    return FactoredForms(ints(given["U"]), ints(given["V"]), ints(given["Q"]))


def core_forms(core: ModuleType, forms: Forms) -> Any:
    if isinstance(forms, FactoredForms):
        return core.qfe.Forms.factored(forms.U, None if forms.same else forms.V, forms.Q)
    return core.qfe.Forms.matrices(*forms.shape, forms.output, forms.row, forms.column, forms.value)


def keys(core: ModuleType, setting: Setting) -> Any:
    return core.qfe_setup(parameters(core, setting), bytes.fromhex(setting["setup_random"]))


@pytest.mark.parametrize("setting", SETTINGS, ids=NAMES)
def test_keys(core: ModuleType, setting: Setting) -> None:
    assert parameters(core, setting).id.hex() == setting["parameters_id"]
    mpk, msk = keys(core, setting)
    assert mpk.to_bytes().hex() == setting["mpk"]
    assert mpk.id.hex() == msk.public_key_id.hex() == setting["mpk_id"]
    assert msk.to_bytes().hex() == setting["msk"]
    again = core.qfe.MasterSecretKey.from_bytes(msk.to_bytes())
    for given in setting["keys"]:
        sk = core.qfe.keygen(again, core_forms(core, forms_of(given)))
        assert sk.intervals.tolist() == given["intervals"]
        assert sk.to_bytes().hex() == given["payload"]
        assert core.qfe.verify_key(mpk, sk)


@pytest.mark.parametrize("setting", SETTINGS, ids=NAMES)
def test_ciphertexts(core: ModuleType, setting: Setting) -> None:
    mpk, _ = keys(core, setting)
    y = None if setting["square"] else ints(setting["y"])
    ct = core.qfe_encrypt(mpk, ints(setting["x"]), y, bytes.fromhex(setting["random"]))
    assert ct.to_bytes().hex() == setting["ciphertexts"]


@pytest.mark.parametrize("setting", SETTINGS, ids=NAMES)
def test_results(core: ModuleType, setting: Setting) -> None:
    ct = core.qfe.CiphertextBatch.from_bytes(bytes.fromhex(setting["ciphertexts"]))
    for given, expected in zip(setting["keys"], setting["results"], strict=True):
        sk = core.qfe.FunctionKey.from_bytes(bytes.fromhex(given["payload"]))
        assert core.qfe.decrypt(sk, ct).tolist() == expected


def test_projection(core: ModuleType) -> None:
    (setting,) = (setting for setting in SETTINGS if "projection" in setting)
    given = setting["projection"]
    P, Q = ints(given["P1"]), ints(given["P2"])
    ct = core.qfe.CiphertextBatch.from_bytes(bytes.fromhex(setting["ciphertexts"]))
    sk = core.qfe.FunctionKey.from_bytes(bytes.fromhex(setting["keys"][given["key"]]["payload"]))
    small = core.qfe.project(ct, P, Q)
    assert small.to_bytes().hex() == given["ciphertexts"]
    key = core.qfe.project_key(sk, P, Q, core_forms(core, forms_of(given)))
    assert key.to_bytes().hex() == given["payload"]
    assert core.qfe.decrypt(key, small).tolist() == setting["results"][given["key"]]


@pytest.mark.parametrize("given", VECTORS["intervals"], ids=str)
def test_intervals(core_testing: ModuleType, given: Setting) -> None:
    """The same from the core and from pyfe.forms, refusals included."""
    box = twin.Parameters.read(Reader(bytes.fromhex(given["parameters"])))
    y = (None, None) if box.square else (ints(box.y_lo), ints(box.y_hi))
    params = core_testing.qfe.Parameters(box.k, ints(box.x_lo), ints(box.x_hi), box.f_bound, *y, box.context)
    if "intervals" in given:
        forms = forms_of(given)
        assert (
            core_testing.qfe.keygen(
                core_testing.qfe.setup(params)[1], core_forms(core_testing, forms)
            ).intervals.tolist()
            == given["intervals"]
        )
        assert forms.interval(box.x_lo, box.x_hi, *y).tolist() == given["intervals"]
        return
    with pytest.raises((OutOfRangeError, ParameterError)):
        core_testing.qfe.keygen(core_testing.qfe.setup(params)[1], core_forms(core_testing, forms_of(given)))


# --- another program of this project: alpha is injected, its hash input was another -----------------------------------


def draw(value: str, more: int = 0) -> bytes:
    return (int(value, 16) + more).to_bytes(64, "little")


def injected(core: ModuleType, instance: Setting) -> Any:
    k, (n, m) = instance["scheme"][-1], instance["dims"]
    x, y = np.full(n, 7, np.int64), np.full(m, 7, np.int64)
    params = core.qfe.Parameters(int(k), -x, x, 5, -y, y)
    points = [bytes.fromhex("".join("".join(row) for row in instance["mpk"][name])) for name in ("alpha1", "beta2")]
    return core.qfe_public_key(params, bytes.fromhex(instance["mpk"]["nonce"]), *points)


@pytest.mark.parametrize("instance", DRAWS, ids=lambda instance: instance["scheme"])
def test_draws_of_another_program(core: ModuleType, instance: Setting) -> None:
    mpk, sides = injected(core, instance), int(instance["scheme"][-1]) + 1
    n, m = instance["dims"]
    for case in instance["cases"]:
        gamma, *basis = case["enc_draws"]
        x, y = (ints([row]) for row in case["message"])
        ct = core.qfe_encrypt(mpk, x, y, draw(gamma, 1) + b"".join(draw(v) for v in basis))
        gamma1, gamma2, c, d = case["ct"]
        row = [gamma1, gamma2, *(c[i][side] for side in range(sides) for i in range(n))]
        row += [d[j][side] for side in range(sides) for j in range(m)]
        assert ct.to_bytes().hex().endswith("".join(row))
        key = {"kind": "matrix", "F": [case["function"]], "payload": case["sk"]}
        sk = core.qfe.FunctionKey.from_bytes(with_halves(core, mpk, key))
        assert core.qfe.verify_key(mpk, sk)
        assert core.qfe.decrypt(sk, ct).tolist() == [[case["result"]]]


def with_halves(core: ModuleType, mpk: Any, given: Setting) -> bytes:
    """A function key with the K and K' of the other program, its intervals ours."""
    forms = forms_of(given)
    params = mpk.parameters
    stand_in = core.qfe.keygen(core.qfe.setup(params)[1], core_forms(core, forms)).to_bytes()
    return bytes(mpk.id) + stand_in[32:-144] + bytes.fromhex("".join(given["payload"]))
