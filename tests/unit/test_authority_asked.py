"""What a request has to be before anybody decides on it, what a decision looks at, and what a refusal advises."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from pyfe import (
    AuthorityError,
    Function,
    KeyAuthority,
    KeyMismatchError,
    OutOfRangeError,
    ParameterError,
    Policy,
    PolicyDeniedError,
    Schema,
    UnsupportedModelError,
)
from pyfe.authority import decisions, leakage_accounts
from pyfe.authority.decisions import LAST_SECOND, Request, Verdict
from pyfe.authority.engine import Plan
from pyfe.authority.plans import require_schema
from pyfe.authority.records import State, Terms
from pyfe.forms import MatrixForms
from pyfe.function import LinearMap
from pyfe.identity import Approval, IdentitySecret
from pyfe.leakage import Blind, Finding
from tests.unit.engines import FREE, NOW, Clock, dense, schema, unit
from tests.unit.people import secret
from tests.unit.test_consent import Case

SMALL = schema(3)
LINEAR = KeyAuthority.create(SMALL, weight_bits=8, clock=Clock(), policy=FREE)
TERMS = LINEAR.epochs[0].terms
QUADRATIC = KeyAuthority.create(SMALL, scheme="qfe-ggm", clock=Clock())
SEED = bytes(64)


def linear(*weights: int) -> Function:
    return Function.from_integers(SMALL, list(weights))


def product() -> Function:
    """x0 x2."""
    form = np.zeros((4, 4), dtype=np.int64)
    form[1, 3] = 1
    return Function.from_forms(SMALL, MatrixForms.dense([form.tolist()]))


def with_policy(policy: Policy, terms: Terms = TERMS) -> Terms:
    return replace(terms, policy=policy)


# -- requests and plans --


def test_a_request_says_what_it_is_for() -> None:
    assert Request(linear(1, 2, 3), "triage").recipient is None
    for purpose in ("", None, 5):
        with pytest.raises(ParameterError, match="purpose"):
            Request(linear(1, 2, 3), purpose)  # type: ignore[arg-type]
    for recipient in ("", 5):
        with pytest.raises(ParameterError, match="recipient"):
            Request(linear(1, 2, 3), "triage", recipient)  # type: ignore[arg-type]


def test_a_plan_is_for_a_schema_under_a_policy() -> None:
    terms, master, known = Plan(SMALL).opened(NOW)
    assert (terms.policy, terms.weight_bits, terms.created_at, known) == (Policy.default(), 16, NOW, None)
    assert master.public_key_id == terms.public.id and terms.public.parameters.context == SMALL.id
    with pytest.raises(ParameterError, match="policy must be a Policy, not str"):
        Plan(SMALL, policy="default").opened(NOW)  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="an authority is created for a Schema, not for str"):
        Plan("schema").opened(NOW)  # type: ignore[arg-type]
    require_schema(SMALL)


@pytest.mark.parametrize(
    ("scheme", "policy", "default", "most"),
    [("ipfe-ddh", Policy.default(), 16, 16), ("qfe-ggm", Policy.default(), 24, 24), ("ipfe-ddh", FREE, 16, 32)],
)
def test_how_wide_weights_may_be(scheme: str, policy: Policy, default: int, most: int) -> None:
    from pyfe.adapters import adapter_named

    scheme = adapter_named(scheme).id
    assert decisions.require_bits(None, scheme, policy, 32) == default
    assert [decisions.require_bits(bits, scheme, policy, 32) for bits in (2, most)] == [2, most]
    assert type(decisions.require_bits(np.int64(8), scheme, policy, 32)) is int  # type: ignore[arg-type]
    for bits in (1, most + 1, 0, -2):
        with pytest.raises(ParameterError, match=f"weight_bits must be 2 to {most} under this policy, not {bits}"):
            decisions.require_bits(bits, scheme, policy, 32)
    for wrong in (True, False, 8.0, "8"):
        with pytest.raises(ParameterError, match="weight_bits must be an integer"):
            decisions.require_bits(wrong, scheme, policy, 32)  # type: ignore[arg-type]


# -- clocks --


def test_what_a_clock_may_say() -> None:
    assert [decisions.require_second(now) for now in (0, 0.9, 5.99, LAST_SECOND, LAST_SECOND + 0.5)] == [
        0, 0, 5, LAST_SECOND, LAST_SECOND,
    ]  # fmt: skip
    for wrong in (-0.1, -1, LAST_SECOND + 1):
        with pytest.raises(AuthorityError, match="seconds since 1970, which cannot be; nothing was issued"):
            decisions.require_second(wrong)
    for nothing in (math.nan, math.inf, "now", None):
        with pytest.raises(AuthorityError, match="which is no time; nothing was issued"):
            decisions.require_second(nothing)
    assert decisions.require_clock(Clock)
    with pytest.raises(ParameterError, match="clock must be a function without arguments"):
        decisions.require_clock(5)  # type: ignore[arg-type]


def test_a_row_follows_the_newest_one() -> None:
    state = State(TERMS, total=4, newest=NOW)
    granted = Verdict((Finding("nothing new"),), None)
    row = decisions.row_for(state, Request(linear(1, 2, 3), "p", "ben"), granted, NOW + 0.5)
    assert (row.sequence, row.issued_at, row.purpose, row.recipient) == (5, NOW, "p", "ben")
    assert (row.policy, row.findings) == (TERMS.policy_line, (str(Finding("nothing new")),))
    assert row.function_id == linear(1, 2, 3).id
    with pytest.raises(AuthorityError, match="before the newest row of the ledger"):
        decisions.row_for(state, Request(linear(1, 2, 3), "p"), granted, NOW - 1)


def test_what_is_refused_has_no_row_and_says_what_refuses() -> None:
    refusing, harmless = Finding("constant", rule="1"), Finding("nothing new")
    verdict = Verdict((harmless, refusing), "rule 1 says so")
    with pytest.raises(PolicyDeniedError, match="rule 1 says so") as refused:
        decisions.row_for(State(TERMS), Request(linear(1, 2, 3), "p"), verdict, NOW)
    assert refused.value.findings == (refusing,)
    Verdict((refusing,), None).require_granted()


def test_states_without_a_log_count_their_own_rows() -> None:
    LINEAR.issue(linear(1, 0, 0), purpose="first")
    rows = LINEAR.issued
    assert (State(TERMS).next_sequence, State(TERMS).newest_time) == (1, 0)
    mine = State(TERMS, rows)
    assert (mine.next_sequence, mine.newest_time) == (len(rows) + 1, NOW) and mine.maps == [row.map for row in rows]
    assert (State(TERMS, rows, total=0).next_sequence, State(TERMS, rows, newest=7).newest_time) == (1, 7)


# -- functions that fit --


def test_a_function_fits_its_schema() -> None:
    decisions.require_fit(TERMS, linear(1, -127, 127))
    with pytest.raises(ParameterError, match="a key is issued for a Function .*, not for str"):
        decisions.require_fit(TERMS, "function")  # type: ignore[arg-type]
    with pytest.raises(KeyMismatchError, match="compiled for another schema"):
        decisions.require_fit(TERMS, dense(schema(4)))
    with pytest.raises(UnsupportedModelError):
        decisions.require_fit(TERMS, product())
    fitting = replace(linear(1, 2, 3), schema=None)
    decisions.require_fit(TERMS, fitting)
    with pytest.raises(ParameterError, match="the function has 2 weights, the schema 3"):
        decisions.require_fit(TERMS, replace(fitting, map=LinearMap(np.array([[1, 2]], dtype=np.int64))))
    with pytest.raises(ParameterError, match="states another result interval"):
        decisions.require_fit(TERMS, replace(fitting, map=LinearMap(np.array([[1, 2, 4]], dtype=np.int64))))


def test_a_weight_at_the_bound_and_one_beyond() -> None:
    for terms in (TERMS, with_policy(Policy.default())):
        decisions.require_fit(terms, linear(127, -127, 0))
        for weight in (128, -128):
            with pytest.raises(
                OutOfRangeError, match=f"a weight of {abs(weight)}, this authority allows up to 127"
            ) as no:
                decisions.require_fit(terms, linear(1, weight, 0))
            assert "or create the authority with weight_bits=9 (pyfe keygen" in str(no.value)
            assert "compile it with weight_bits=8" in str(no.value)
    wide = linear(1 << 16, 1, 1)  # 18 bits with sign: no authority under the default policy has them
    with pytest.raises(OutOfRangeError, match="or create the authority with weight_bits=18"):
        decisions.require_fit(TERMS, wide)
    with pytest.raises(OutOfRangeError, match="or on coarser columns"):
        decisions.require_fit(with_policy(Policy.default()), wide)


def test_a_linear_function_keeps_to_its_bits_where_quadratic_ones_have_more() -> None:
    terms = QUADRATIC.epochs[0].terms
    assert terms.weight_bits == 24
    decisions.require_fit(terms, linear(32767, 1, 1))
    with pytest.raises(OutOfRangeError, match="a weight of 32768; under this policy a linear function .* most 16 bits"):
        decisions.require_fit(terms, linear(32768, 1, 1))
    decisions.require_fit(with_policy(FREE, terms), linear(32768, 1, 1))


# -- what a decision looks at --


def test_what_a_quadratic_authority_counts() -> None:
    state = QUADRATIC._engine.state.counted(1)
    assert decisions.narrowing_by(state, linear(1, 2, 3), SEED) is None and QUADRATIC.narrowing(linear(1, 2, 3)) is None
    kinds = {finding.kind for finding in decisions.findings(state, product(), SEED)}
    assert "product" in kinds
    verdict = decisions.decide(state, product(), SEED)
    assert verdict.refusal is not None and "product" in verdict.refusal
    free = replace(state, terms=with_policy(FREE, state.terms))
    assert decisions.decide(free, product(), SEED).refusal is None
    everything = decisions.residual_uncertainty(state, None, SEED)
    after = decisions.residual_uncertainty(state, product(), SEED)
    assert everything.bits == pytest.approx(everything.total_bits) and after.bits < everything.bits
    with_key = KeyAuthority.create(SMALL, scheme="qfe-ggm", policy=FREE, clock=Clock())
    with_key.issue(product(), purpose="p")
    assert with_key.residual().bits == pytest.approx(with_key.residual(product()).bits, rel=0.05)
    assert with_key.residual().bits < everything.bits


def test_what_a_linear_authority_says_of_what_is_left() -> None:
    authority = KeyAuthority.create(SMALL, policy=FREE, clock=Clock())
    function = linear(1, 1, 1)
    first, alone = authority.narrowing(function), authority.narrowing(function, alone=True)
    assert first is not None and alone is not None and first == alone
    before, asked = authority.residual(), authority.residual(function)
    assert before.bits == pytest.approx(before.total_bits) and asked.bits < before.bits
    authority.issue(linear(1, -1, 1), purpose="p")
    assert authority.narrowing(function) != authority.narrowing(function, alone=True) == alone
    assert authority.residual().bits < before.bits and authority.residual(function).bits < authority.residual().bits
    for ask in (authority.narrowing, authority.residual):
        with pytest.raises(KeyMismatchError):
            ask(dense(schema(4)))


def test_a_refusal_names_keys_and_outputs_and_how_many_findings_more() -> None:
    authority = KeyAuthority.create(schema(8), policy=FREE, clock=Clock())
    authority.issue(dense(schema(8)), purpose="model")
    counted = authority._engine.state.counted(1)
    strict = replace(counted, terms=with_policy(Policy.default(), counted.terms))
    refusal = decisions.decide(strict, dense(schema(8), 1), SEED).refusal
    assert refusal is not None and "-1 x key #1 (model) + 1 x this request" in refusal
    assert "(counted with the 1 key(s) issued before)" in refusal and decisions.ROTATE in refusal
    assert "more" not in refusal.split("(counted")[0]
    two = Function.from_integers(schema(8), np.eye(2, 8, dtype=np.int64))
    refusal = decisions.decide(replace(strict, issued=()), two, SEED).refusal
    assert refusal is not None and "output 0 of this request" in refusal and decisions.ROTATE not in refusal
    found = [Finding("coordinate", names=(f"x{at}",), rule="2") for at in range(5)]
    assert decisions._refusal(found[:3], State(counted.terms), two).count("'x") == 3
    assert "; and 2 more (counted with the 0 key(s)" in decisions._refusal(found, State(counted.terms), two)
    assert "; and" not in decisions._refusal(found[:3], State(counted.terms), two).split(" (counted")[0]
    ruleless = decisions._refusal([Finding("coordinate", names=("x0",))], State(counted.terms), two)
    assert not ruleless.startswith("rule") and decisions._refusal(found, State(TERMS), two).startswith("rule 2: ")


def test_what_is_advised() -> None:
    assert decisions.advice([]) == decisions.advice([Finding("constant")]) == ""
    assert decisions.advice([Finding("constant", advice="ask less"), Finding("keys")]) == ". ask less"
    assert "fewer" in decisions.advice([Finding("constant"), Finding("keys")])
    assert decisions.advice([Finding("keys"), Finding("weights")]) == decisions.advice([Finding("keys")])
    assert decisions.advice([Finding("weights")]) != decisions.advice([Finding("keys")])


def test_ledgers_that_were_counted_are_remembered_eight_of_a_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leakage_accounts, "_linear", {})
    monkeypatch.setattr(leakage_accounts, "_quadratic", {})
    monkeypatch.setattr(leakage_accounts, "_blind", {})
    modulus, schemas = 2**255 - 19, [schema(n) for n in range(3, 13)]
    first = leakage_accounts.linear_account(SMALL, LINEAR.issued, modulus)
    assert leakage_accounts.linear_account(SMALL, LINEAR.issued, modulus) is first
    for one in schemas[1:8]:
        leakage_accounts.linear_account(one, (), modulus)
        leakage_accounts.blind_prior(one)
    assert leakage_accounts.linear_account(SMALL, LINEAR.issued, modulus) is first, "eight with it"
    for one in schemas:
        leakage_accounts.linear_account(one, (), modulus)
        leakage_accounts.blind_prior(one)
    assert len(leakage_accounts._linear) == len(leakage_accounts._blind) == 8
    assert isinstance(leakage_accounts.blind_prior(SMALL), Blind)
    assert leakage_accounts.linear_account(SMALL, LINEAR.issued, modulus) is not first
    assert leakage_accounts.blind_prior(schemas[-1]) is leakage_accounts.blind_prior(schemas[-1])
    forms = leakage_accounts.quadratic_account(SMALL, LINEAR.issued, modulus)
    assert forms is leakage_accounts.quadratic_account(SMALL, LINEAR.issued, modulus)
    assert forms is not leakage_accounts.quadratic_account(SMALL, (), modulus)


def test_what_is_not_given_is_as_in_the_newest_epoch() -> None:
    authority = KeyAuthority.create(SMALL, weight_bits=8, policy=FREE, clock=Clock())
    known = [(authority.schema.id, authority.weight_bits, authority.policy)]
    for given in ({}, {"schema": schema(4)}, {"weight_bits": 9}, {"scheme": "qfe-ggm"}, {"policy": Policy.default()}):
        authority.rotate(**given)  # type: ignore[arg-type]
        known.append((authority.schema.id, authority.weight_bits, authority.policy))
    four = schema(4).id
    assert known == [
        (SMALL.id, 8, FREE),
        (SMALL.id, 8, FREE),
        (four, 8, FREE),
        (four, 9, FREE),
        (four, 24, FREE),  # what is usual for the other scheme
        (four, 24, Policy.default()),
    ]
    assert authority.rotate(scheme="qfe-ggm", weight_bits=10) == 7 and authority.weight_bits == 10


# -- sealing, and for whom --


def test_what_is_sealed_is_a_key_of_this_authority() -> None:
    one, other = (KeyAuthority.create(SMALL, policy=FREE, clock=Clock()) for _ in range(2))
    ben = secret("ben").identity
    key = one.issue(linear(1, 2, 3), purpose="p", recipient="ben")
    sealed = one.seal(key, ben)
    assert sealed.number == 1 and secret("ben").open(sealed) == key.to_bytes()
    with pytest.raises(ParameterError, match="a pyfe.FunctionKey is sealed, not a bytes"):
        one.seal(key.to_bytes(), ben)  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="key #1 of this authority is another one"):
        other.seal(key, ben)  # it has issued none
    foreign = other.issue(linear(3, 2, 1), purpose="p", recipient="ben")
    with pytest.raises(ParameterError, match="key #1 of this authority is another one"):
        one.seal(foreign, ben)
    twin = other.issue(linear(1, 2, 3), purpose="p", recipient="ben")
    one.issue(linear(1, 2, 3), purpose="q", recipient="ben")
    with pytest.raises(KeyMismatchError):
        one.seal(twin, ben)  # the number and the function fit, and the public key does not
    nobodys = one.issue(linear(1, 2, 3), purpose="p")
    with pytest.raises(PolicyDeniedError, match="the key is for None, and the identity is that of 'ben'"):
        one.seal(nobodys, ben)
    size = len(one.log())
    for wrong in ("ben", ben.to_bytes(), None):
        with pytest.raises(ParameterError, match="is given as a pyfe.identity.Identity"):
            one.seal(key, wrong)  # type: ignore[arg-type]
    keyless = IdentitySecret.generate("ben", receives=False).identity
    with pytest.raises(ParameterError, match="the identity 'ben' has no X25519 key that a key could be sealed for"):
        one.seal(key, keyless)
    assert len(one.log()) == size


def test_who_a_signed_request_wants_the_key_for() -> None:
    case = Case()
    assert case.authority.recipient_of(case.request()) == "ada"
    assert case.authority.recipient_of(case.request(recipient="centre")) == "centre"
    mallory = case.request(by="mallory")
    assert case.authority.recipient_of(mallory) == mallory.signer.hex()
    with pytest.raises(ParameterError, match="no policy file, by which signed requests are judged"):
        LINEAR.recipient_of(mallory)
    with pytest.raises(ParameterError, match="is given as a pyfe.identity.Request"):
        case.authority.recipient_of("request")  # type: ignore[arg-type]
    case.authority.require_sealable(case.request(), secret("ada").identity)
    with pytest.raises(PolicyDeniedError, match="the key is for 'centre', and the identity is that of 'ada'"):
        case.authority.require_sealable(case.request(recipient="centre"), secret("ada").identity)
    assert case.last().kind == "dismissed" and case.last().recipient == "centre"
    with pytest.raises(ParameterError, match="is given as a pyfe.identity.Approval, several as a list"):
        case.authority.issue_signed(case.request(), Approval)  # type: ignore[arg-type]


def test_an_epoch_of_an_authority_and_its_line() -> None:
    authority: Any = KeyAuthority.create(SMALL, clock=Clock())
    assert authority.policy.line == "default (linear rules)" == authority.policy_line
    assert QUADRATIC.policy_line == "default (linear and quadratic rules)"
    assert FREE.line == "UNRESTRICTED: a test" == LINEAR.policy_line
    assert isinstance(authority.schema, Schema) and authority.weight_bits == 16
    assert unit(SMALL, 1).weights.tolist() == [[0, 1, 0]]
