"""The terms of an epoch and the rows of a ledger as bytes: what comes back, and what is neither."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pyfe import DecodeError, ParameterError, Policy
from pyfe.authority import recording
from pyfe.authority.engine import Plan
from pyfe.authority.entries import EpochRetired, KeysRevoked, PolicySet, encode_entry
from pyfe.authority.records import (
    Issued,
    map_from_fields,
    map_to_fields,
    row_from_map,
    row_to_map,
    terms_from_map,
    terms_to_map,
)
from pyfe.authority.state import LogState
from pyfe.errors import AuthorityError
from pyfe.forms import MatrixForms
from pyfe.function import IntegerMap, LinearMap, QuadraticMap
from pyfe.wire.fields import Fields
from tests.unit.engines import FREE, NOW, create, schema

SMALL = schema(3)
TERMS = Plan(SMALL, policy=FREE, weight_bits=9).opened(NOW)[0]
OTHER = Plan(schema(4)).opened(NOW)[0]
LINEAR = LinearMap(np.array([[1, -2, 0], [0, 0, 5]], dtype=np.int64))
FORM = np.zeros((4, 4), dtype=np.int64)
FORM[1, 3] = 7
QUADRATIC = QuadraticMap(MatrixForms.dense([FORM.tolist()]))


def row(form: IntegerMap = LINEAR) -> Issued:
    return Issued(4, NOW, "triage", "ben", "default", b"f" * 32, form, ("one", "two"))


def test_terms_come_back() -> None:
    again = terms_from_map(terms_to_map(TERMS))
    assert (again.scheme, again.weight_bits, again.policy, again.created_at) == (TERMS.scheme, 9, FREE, NOW)
    assert again.schema.id == SMALL.id and again.public.id == TERMS.public.id
    assert (again.serves, again.policy_line) == (("linear",), "UNRESTRICTED: a test")


WRONG_TERMS: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown scheme": ({"scheme": "rot13"}, "authority: unknown scheme 'rot13'"),
    "a short name of a scheme": ({"scheme": "ipfe-ddh"}, "unknown scheme"),
    "one bit": ({"weight_bits": 1}, "field 'weight_bits' is 1, must be 2 to 32"),
    "33 bits": ({"weight_bits": 33}, "field 'weight_bits' is 33, must be 2 to 32"),
    "another schema": ({"schema": schema(4).to_dict()}, "its keys and its schema do not belong together"),
    "another key": ({"master_public_key": OTHER.public.to_bytes()}, "do not belong together"),
    "no key": ({"master_public_key": b"key"}, "."),
    "another policy": ({"policy": {"name": "lax", "reason": None}}, "not a policy: there is no policy 'lax'"),
    "a policy with more": ({"policy": {**FREE.to_dict(), "more": 1}}, "not a policy: unknown fields"),
    "a second in words": ({"created_at": "now"}, "field 'created_at' is not a int"),
    "a further field": ({"more": 1}, "authority: unknown field 'more'"),
}


@pytest.mark.parametrize("name", WRONG_TERMS)
def test_what_are_no_terms(name: str) -> None:
    changed, words = WRONG_TERMS[name]
    with pytest.raises(DecodeError, match=words):
        terms_from_map({**terms_to_map(TERMS), **changed})


@pytest.mark.parametrize("bits", [2, 32])
def test_the_fewest_and_the_most_bits(bits: int) -> None:
    assert terms_from_map({**terms_to_map(TERMS), "weight_bits": bits}).weight_bits == bits


def test_policies_in_plain_types() -> None:
    for policy in (FREE, Policy.default()):
        assert Policy.from_dict(policy.to_dict()) == policy
    for wrong in (
        {},
        {"name": "default"},
        {"name": "default", "reason": "r"},
        {"name": "unrestricted", "reason": None},
    ):
        with pytest.raises(DecodeError, match="not a policy"):
            Policy.from_dict(wrong)
    with pytest.raises(ParameterError, match="states its reason; the default policy has none"):
        Policy("default", "r")
    assert Policy.default().refuses and not FREE.refuses


@pytest.mark.parametrize("form", [LINEAR, QUADRATIC], ids=["linear", "quadratic"])
def test_a_row_comes_back(form: IntegerMap) -> None:
    values = row_to_map(row(form))
    assert ("weights" in values, "forms" in values) == (form is LINEAR, form is QUADRATIC)
    for n in (None, 3):
        again = row_from_map(values, n)
        assert type(again.map) is type(form) and map_to_fields(again.map) == map_to_fields(form)
        assert row_to_map(again) == values
    for n in (2, 4):
        with pytest.raises(DecodeError, match=f"a function of 3 coordinates, the schema has {n}"):
            row_from_map(values, n)


WRONG_ROWS: dict[str, tuple[dict[str, Any], str]] = {
    "uneven weights": ({"weights": [[1, 2], [3]]}, "the rows of weights differ in length"),
    "no weights": ({"weights": []}, "ledger row: "),
    "weights beyond 64 bits": ({"weights": [[2**63, 0, 0]]}, "beyond 64 bits"),
    "weights in words": ({"weights": [["1", 0, 0]]}, "no integer"),
    "forms of nothing": ({"forms": {}}, "."),
    "weights and forms": ({"forms": QUADRATIC.forms.to_dict()}, "unknown field 'weights'"),
    "a short id": ({"function_id": b"f" * 31}, "has 31 bytes, must have 32"),
    "a number in words": ({"sequence": "4"}, "field 'sequence' is not a int"),
    "a further field": ({"more": 1}, "ledger row: unknown field 'more'"),
}


@pytest.mark.parametrize("name", WRONG_ROWS)
def test_what_is_no_row(name: str) -> None:
    changed, words = WRONG_ROWS[name]
    with pytest.raises(DecodeError, match=words):
        row_from_map({**row_to_map(row()), **changed})


def test_a_map_of_other_forms_is_refused_by_name() -> None:
    with pytest.raises(DecodeError, match="ledger row: "):
        map_from_fields(Fields({"weights": []}, "a test"))


# -- on their way into a log --


def test_what_nobody_could_read_is_not_recorded() -> None:
    good = KeysRevoked(at=NOW, keys=(1, 2), reason="r")
    assert recording.encoded_entry(good) == encode_entry(good)
    for keys in ((), (2, 1)):
        with pytest.raises(AuthorityError, match="an entry of kind 'revoked' cannot be recorded: log entry: "):
            recording.encoded_entry(KeysRevoked(at=NOW, keys=keys, reason="r"))
    with pytest.raises(AuthorityError, match="an entry of kind 'policy set' cannot be recorded"):
        recording.encoded_entry(PolicySet(at=NOW, policy={}, digest=b"short"))


def test_what_cannot_follow_is_not_recorded() -> None:
    state = create(Plan(SMALL)).state
    retired = EpochRetired(at=NOW, epoch=1, reason="r")
    assert recording.state_after(state, [retired]).epochs[0].retired_at == NOW
    with pytest.raises(AuthorityError, match="epoch 1 was retired already; nothing was recorded"):
        recording.state_after(state, [retired, retired])
    with pytest.raises(AuthorityError, match="nothing was recorded"):
        recording.state_after(LogState(), [retired])
    assert recording.not_before(NOW, state) == NOW and recording.not_before(NOW + 1, state) == NOW + 1
    with pytest.raises(AuthorityError, match="before the newest entry of the log .*--clock-was-wrong"):
        recording.not_before(NOW - 1, state)
