"""The facts of the schemes, and what their adapters refuse."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import sympy

import pyfe
from pyfe import ParameterError, PublicKey, UnsupportedModelError
from pyfe.adapters import SCHEMES, AnyAdapter, require_served, weight_bound
from pyfe.authority import decisions
from pyfe.schemes import ipfe_ddh, qfe
from tests.unit import objects


@pytest.fixture(params=SCHEMES.values(), ids=lambda entry: entry.short)
def scheme(request: pytest.FixtureRequest) -> AnyAdapter:
    found: AnyAdapter = request.param
    return found


@pytest.fixture(scope="module")
def public_keys() -> dict[str, PublicKey]:
    return {name: objects.authority(objects.small_schema(), scheme=name).public_key for name in SCHEMES}


def test_facts(scheme: AnyAdapter) -> None:
    assert scheme.id.startswith(scheme.short) and scheme.number > 0
    assert set(scheme.serves) <= {"linear", "quadratic"} and scheme.default_weight_bits in range(2, 33)
    assert all(2 <= bits <= 24 for bits in scheme.safe_weight_bits.values())
    assert sympy.isprime(scheme.modulus) and scheme.modulus > 2 * scheme.widest
    assert scheme.key_type == "public" and scheme.block_rows == (8192 if scheme.short == "ipfe-rlwe" else 1)
    if scheme.search is not None:
        assert scheme.search.plan(scheme.widest).steps_worst > 0
        with pytest.raises(pyfe.OutOfRangeError):
            scheme.search.plan(scheme.widest + 1)


def test_names_and_numbers_are_given_once() -> None:
    for name in ("id", "short", "number"):
        assert len({getattr(entry, name) for entry in SCHEMES.values()}) == len(SCHEMES)


def test_an_object_is_read_with_the_adapter_of_its_number(public_keys: dict[str, PublicKey]) -> None:
    for name, key in public_keys.items():
        assert key.scheme == key.adapter.id == name
        again = PublicKey.from_bytes(key.to_bytes())
        assert again.adapter is SCHEMES[name] and again == key


def test_the_default_weights_fit_the_default_policy(scheme: AnyAdapter) -> None:
    policy = pyfe.Policy.default()
    assert decisions.require_bits(None, scheme.id, policy, 32) == scheme.default_weight_bits
    most = max(scheme.safe_weight_bits.values())
    assert decisions.require_bits(most, scheme.id, policy, 32) == most
    with pytest.raises(ParameterError, match=f"must be 2 to {most} under this policy"):
        decisions.require_bits(most + 1, scheme.id, policy, 32)
    assert weight_bound(8) == 127


def test_rows_as_cells_of_one_width(scheme: AnyAdapter, public_keys: dict[str, PublicKey]) -> None:
    """Whatever was cut, joined or combined: what the rows share, then a cell each, and the payload again."""
    batch = public_keys[scheme.id].encrypt({"a": [0, 1, 2, 3, 0], "b": [0, 1, 1, 0, 1]})
    made = [batch, batch[1:4], batch[:0], pyfe.CiphertextBatch.concat([batch[3:], batch[:2]])]
    made += [-batch] if scheme.additive else []
    made += [3 * batch, batch.weighted_sum([1, 2, 3, 4, -5])] if scheme.additive and scheme.block_rows == 1 else []
    for each in made:
        shared, width, body = scheme.row_form(each.native)
        assert width == scheme.row_width(each.native) and sum(map(len, body)) == width * len(each)
        assert scheme.payload(shared, body) == each.native.to_bytes() == shared + b"".join(body)
        rows = b"".join(body)
        if not each.combined and scheme.block_rows == 1:
            alone = [each.native.slice(j, j + 1).to_bytes()[-width:] for j in range(len(each))]
            assert [rows[width * j : width * (j + 1)] for j in range(len(each))] == alone


def test_rows_of_fewer_bytes_are_no_cells(public_keys: dict[str, PublicKey], monkeypatch: pytest.MonkeyPatch) -> None:
    [scheme] = {key.adapter for name, key in public_keys.items() if name.startswith("ipfe-ddh")}
    batch = public_keys[scheme.id].encrypt({"a": [0], "b": [1]})
    monkeypatch.setattr(type(scheme), "row_bytes", lambda self, n: 10_000)
    with pytest.raises(ParameterError, match="fewer than 10000 bytes each"):
        scheme.row_form(batch.native)


@pytest.mark.parametrize(("given", "word"), [({"client": 0}, "client"), ({"label": "week 31"}, "label")])
def test_a_client_or_a_label_is_refused_by_the_name_of_the_scheme(
    public_keys: dict[str, PublicKey], given: dict[str, Any], word: str
) -> None:
    rows = {"a": [1, 2], "b": [0, 1]}
    for key in public_keys.values():
        with pytest.raises(ParameterError, match=rf"{key.adapter.short}\S* takes no {word}"):
            key.encrypt(rows, **given)
        assert len(key.encrypt(rows, client=None, label=None)) == 2
    linear, _ = ipfe_ddh.setup(ipfe_ddh.Parameters(2, x_bound=3, y_bound=3))
    with pytest.raises(ParameterError, match=f"ipfe-ddh takes no {word}"):
        ipfe_ddh.encrypt(linear, np.array([[1, 2]]), **given)
    quadratic, _ = qfe.setup(qfe.Parameters(2, k=3, x_bound=3, f_bound=3))
    with pytest.raises(ParameterError, match=f"qfe-sxdh-bls12381 takes no {word}"):
        qfe.encrypt(quadratic, np.array([[1, 2]]), **given)


def test_what_is_not_served_names_what_is() -> None:
    linear = SCHEMES["ipfe-ddh-ristretto255"]
    with pytest.raises(UnsupportedModelError, match="scheme='qfe-ggm'"):
        require_served(linear, "quadratic")
    with pytest.raises(UnsupportedModelError, match="linear functions only"):
        _, secret = linear.setup(objects.small_schema(), 8)
        linear.keygen(secret, objects.quadratic().map)


def test_facts_are_plain(scheme: AnyAdapter) -> None:
    assert json.dumps(dict(scheme.safe_weight_bits)) and scheme.row_bytes(30) > scheme.row_bytes(29) > 0
