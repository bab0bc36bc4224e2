"""Keys, ciphertexts, byte formats and authority of the quadratic schemes: the uniform face, and where it differs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import pyfe
from pyfe import (
    CiphertextBatch,
    DecodeError,
    Function,
    FunctionKey,
    KeyAuthority,
    KeyMismatchError,
    OutOfRangeError,
    ParameterError,
    Policy,
    PolicyDeniedError,
    PublicKey,
    Schema,
    SignatureError,
    UnsupportedError,
    UnsupportedModelError,
)
from pyfe.adapters import SCHEMES, adapter, adapter_named, adapter_numbered
from pyfe.authority.records import terms_from_map, terms_to_map
from pyfe.authority.releasing import derived
from pyfe.authority.sealed_file import read_ledger
from pyfe.authority.secrets import Secrets
from pyfe.forms import FactoredForms, MatrixForms
from pyfe.keys.function_key import Grant
from pyfe.objects import decode
from pyfe.schema import Encoded
from pyfe.schemes import qfe
from pyfe.wire import cbor, sealing
from pyfe.wire.envelope import pack, unpack
from pyfe.wire.signature import SigningKey
from tests.unit import objects
from tests.unit.objects import PASSPHRASE

IntArray = npt.NDArray[np.int64]
QUADRATIC = ["qfe-ggm-bls12381", "qfe-sxdh-bls12381"]
FUNCTIONS = {"linear": objects.several, "matrix": objects.quadratic, "network": objects.network}


@pytest.fixture(autouse=True)
def cheap_scrypt(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cost of the passphrase is not what these tests are about."""
    monkeypatch.setattr(sealing, "LOG_COST", 10)


@pytest.fixture(scope="module", params=QUADRATIC)
def authority(request: pytest.FixtureRequest) -> KeyAuthority:
    return objects.authority(scheme=request.param)


@pytest.fixture(scope="module")
def batch(authority: KeyAuthority) -> CiphertextBatch:
    return authority.public_key.encrypt(objects.ROWS)


@pytest.fixture(scope="module")
def key(authority: KeyAuthority) -> FunctionKey:
    return authority.issue(objects.quadratic(), purpose="test")


# -- the registry --


def test_what_the_schemes_serve() -> None:
    assert {entry.short: entry.serves for entry in SCHEMES.values()} == {
        "ipfe-ddh": ("linear",),
        "qfe-ggm": ("linear", "quadratic"),
        "qfe-sxdh": ("linear", "quadratic"),
        "ipfe-rlwe": ("linear",),
    }
    numbers = {"ipfe-ddh-ristretto255": 1, "qfe-ggm-bls12381": 2, "qfe-sxdh-bls12381": 3, "ipfe-rlwe": 4}
    assert {name: entry.number for name, entry in SCHEMES.items()} == numbers
    for name, number in numbers.items():
        short = SCHEMES[name].short
        assert adapter(name) is adapter_named(name) is adapter_named(short) is adapter_numbered(number, "key")
    for unknown in (lambda: adapter_named("rsa"), lambda: adapter("qfe-ggm")):
        with pytest.raises(ParameterError):
            unknown()
    for number in (0, 5, 2**16 - 1):
        with pytest.raises(DecodeError, match="key: it must belong to a scheme"):
            adapter_numbered(number, "key")


def test_bytes_a_row_are_as_stated(authority: KeyAuthority, batch: CiphertextBatch) -> None:
    stated = authority.public_key.info()["bytes_per_row"]
    assert batch.nbytes == stated * len(batch)
    assert len(batch.native.to_bytes()) - len(batch[:3].native.to_bytes()) == stated


# -- scores --


@pytest.mark.parametrize("kind", FUNCTIONS)
def test_scores_equal_the_function_in_the_clear(authority: KeyAuthority, batch: CiphertextBatch, kind: str) -> None:
    f = FUNCTIONS[kind]()
    key = authority.issue(f, purpose="test")
    scores = key.decrypt(batch)
    assert scores.dtype == np.int64 and np.array_equal(scores, f.evaluate(objects.ROWS))
    assert key.scheme == batch.scheme == authority.public_key.scheme and key.verified
    assert np.array_equal(key.decision_function(batch), f.decision_function(scores))
    assert np.array_equal(key.interval, f.interval)
    again = FunctionKey.from_bytes(key.to_bytes(), public_key=authority.public_key)
    assert again == key and again.function == f and again.function.kind == f.kind
    assert np.array_equal(again.decrypt(batch), scores)


def test_the_models_own_outputs(key: FunctionKey, batch: CiphertextBatch) -> None:
    f = objects.quadratic()
    scores = f.evaluate(objects.ROWS)
    assert np.array_equal(key.predict_proba(batch), f.predict_proba(scores))
    assert np.array_equal(key.predict(batch), f.predict(scores))


def test_random_rows_and_forms(seed: int) -> None:
    rng = np.random.default_rng(seed)
    s = objects.schema()
    F = rng.integers(-127, 128, size=(2, s.n + 1, s.n + 1)) * (rng.random((2, s.n + 1, s.n + 1)) < 0.3)
    F[:, 1, 1] = 5
    f = Function.from_forms(s, MatrixForms.dense(F), rng.integers(-1000, 1000, size=2))
    authority = objects.authority(s, scheme="qfe-ggm")
    x = np.concatenate([s.sample(rng, 3), s.sample(rng, 4, ends=True)])
    z = np.concatenate([np.ones((7, 1), dtype=np.int64), x], axis=1)
    scores = authority.issue(f, purpose="test").decrypt(authority.public_key.encrypt(Encoded(x)))
    inner = np.einsum("bi,kij,bj->bk", z, F, z)
    assert np.array_equal(scores, inner + f.intercept - F[:, 0, 0])


def test_slices_and_concatenation(key: FunctionKey, batch: CiphertextBatch) -> None:
    scores = objects.quadratic().evaluate(objects.ROWS)
    assert np.array_equal(key.decrypt(batch[1:3]), scores[1:3])
    joined = CiphertextBatch.concat([batch[2:], batch[:2]])
    assert np.array_equal(key.decrypt(joined), np.roll(scores, 2))
    assert len(joined) == 4 and joined.n == objects.schema().n


def test_rows_cannot_be_added(batch: CiphertextBatch) -> None:
    for combine in (lambda: batch + batch, lambda: 3 * batch, lambda: batch * 2, lambda: batch.weighted_sum([1] * 4)):
        with pytest.raises(UnsupportedError, match=r"quadratic ciphertexts \(qfe-.*\) cannot be added"):
            combine()
    assert not batch.combined and batch.weight_sums.tolist() == [[1, 0]] * 4


def test_the_constant_coordinate_is_the_encoders(authority: KeyAuthority) -> None:
    parameters = authority.public_key.native.parameters
    assert parameters.n == authority.schema.n + 1 and (parameters.x_lo[0], parameters.x_hi[0]) == (1, 1)
    x = authority.schema.encode(objects.ROWS).x
    with pytest.raises(OutOfRangeError, match="coordinate 0"):
        qfe.encrypt(authority.public_key.native, np.concatenate([np.zeros((4, 1), dtype=np.int64), x], axis=1))


def test_saturated_values_are_counted(authority: KeyAuthority, key: FunctionKey) -> None:
    rows = {**objects.ROWS, "age": [-5, 130, 47, 121]}
    with pytest.raises(OutOfRangeError, match=r"age.*rows 0, 1, 3"):
        authority.public_key.encrypt(rows)
    clipped = authority.public_key.encrypt(rows, on_overflow="clip")
    assert clipped.saturated == {"age": 3}
    assert np.array_equal(key.decrypt(clipped), objects.quadratic().evaluate(rows, "clip"))


# -- objects that do not belong together --


def test_another_authority(key: FunctionKey, authority: KeyAuthority) -> None:
    other = objects.authority(scheme="qfe-ggm")
    with pytest.raises(KeyMismatchError, match="different public keys"):
        key.decrypt(other.public_key.encrypt(objects.ROWS))
    with pytest.raises(KeyMismatchError, match="belongs to the public key"):
        key.verify(other.public_key)
    linear = objects.authority()
    with pytest.raises(KeyMismatchError, match="different public keys"):
        key.decrypt(linear.public_key.encrypt(objects.ROWS))
    mixed = [linear.public_key.encrypt(objects.ROWS), authority.public_key.encrypt(objects.ROWS)]
    with pytest.raises(KeyMismatchError, match="different schemes"):
        CiphertextBatch.concat(mixed)


def test_a_signed_key_must_open_its_function() -> None:
    signer = SigningKey.generate()
    authority = objects.authority(scheme="qfe-ggm")
    ours = replace(authority.public_key, verification_key=signer.public)
    f, g = objects.quadratic(), objects.quadratic(intercept=5)
    good, twin = (authority.issue(item, purpose="test") for item in (f, g))
    other = authority.issue(objects.network(outputs=1), purpose="test")
    size = 48 + 96
    payload = good.native.to_bytes()[:-size] + other.native.to_bytes()[-size:]
    wrong = qfe.FunctionKey.from_bytes(payload)
    grant = Grant("test", 1, 1, "policy", None)
    assert FunctionKey.signed(ours, good.native, f, grant, signer).verify(ours).verified
    assert good.native.to_bytes()[-size:] == twin.native.to_bytes()[-size:], (
        "the intercept is no part of the scheme's key"
    )
    with pytest.raises(SignatureError, match="does not open the function"):
        FunctionKey.signed(ours, wrong, f, grant, signer).verify(ours)


def test_altered_words_of_a_key_are_noticed(authority: KeyAuthority, key: FunctionKey) -> None:
    for change in ({"purpose": "x"}, {"sequence": 9}, {"policy": "p"}, {"function": objects.quadratic(name="x")}):
        data = replace(key, **change).to_bytes()
        with pytest.raises(SignatureError):
            FunctionKey.from_bytes(data, public_key=authority.public_key)


# -- bytes --


def test_every_object_travels(authority: KeyAuthority, key: FunctionKey, batch: CiphertextBatch) -> None:
    for item in (authority.public_key, key, batch, objects.quadratic(), objects.network()):
        data = item.to_bytes()
        again = type(item).from_bytes(data)
        assert again.to_bytes() == data and again.id == item.id and type(decode(data)) is type(item)
    restored = PublicKey.from_bytes(authority.public_key.to_bytes(), fingerprint=authority.public_key.fingerprint)
    assert np.array_equal(key.decrypt(restored.encrypt(objects.ROWS)), objects.quadratic().evaluate(objects.ROWS))


def test_the_forms_of_a_key_are_only_in_the_payload(key: FunctionKey) -> None:
    metadata = unpack(key.to_bytes()).metadata
    assert "forms" not in metadata and metadata["kind"] == "quadratic"
    for misplaced in ("forms", "weights", "function", "scale"):
        envelope = unpack(key.to_bytes())
        envelope.metadata[misplaced] = []
        with pytest.raises(DecodeError, match=f"unknown field '{misplaced}'"):
            FunctionKey.from_bytes(pack(envelope))


def test_the_forms_of_a_key_of_the_first_layout(key: FunctionKey) -> None:
    """Its payload has no readout, its metadata the whole function but the forms."""
    plain = objects.first_layout(key)
    again = FunctionKey.from_bytes(plain.to_bytes())
    assert again == plain and again.function == key.function
    assert "forms" not in unpack(plain.to_bytes()).metadata["function"]
    for misplaced in ("forms", "weights"):
        envelope = unpack(plain.to_bytes())
        envelope.metadata["function"] |= {misplaced: []}
        with pytest.raises(DecodeError, match="belong to the payload"):
            FunctionKey.from_bytes(pack(envelope))


def test_a_quadratic_key_is_not_read_as_a_linear_one(key: FunctionKey) -> None:
    envelope = unpack(key.to_bytes())
    envelope.metadata["kind"] = "linear"
    with pytest.raises(DecodeError, match="not those of a linear function"):
        FunctionKey.from_bytes(pack(envelope))
    for kind in ("", "cubic", "Quadratic"):
        envelope.metadata["kind"] = kind
        with pytest.raises(DecodeError, match="function key"):
            FunctionKey.from_bytes(pack(envelope))


def test_a_header_of_another_scheme_is_refused(
    authority: KeyAuthority, key: FunctionKey, batch: CiphertextBatch
) -> None:
    own = authority.public_key.adapter.number
    for item in (authority.public_key, key, batch):
        for other in (0, *(entry.number for entry in SCHEMES.values())):
            if other != own:
                with pytest.raises((DecodeError, SignatureError)):
                    type(item).from_bytes(pack(replace(unpack(item.to_bytes()), scheme=other)))


# -- the authority --


def wide() -> Schema:
    return Schema.from_ranges({f"x{i}": (0, 15) for i in range(12)}, bits=4)


FREE = Policy.unrestricted(reason="a form that is not coarse, for a key of it")
MANY = {(i, (i + j) % 20): (-1) ** (i + j) for i in range(20) for j in (1, 3, 7)}


def coarse() -> tuple[Schema, IntArray]:
    """Twenty columns of three values, and a form that the default policy grants."""
    s = Schema.from_ranges({f"x{i}": pyfe.number(0, 2, step=1) for i in range(20)})
    F = np.zeros((s.n + 1, s.n + 1), dtype=np.int64)
    for (i, j), value in MANY.items():
        F[1 + min(i, j), 1 + max(i, j)] += value
    return s, F


def dense(s: Schema, seed: int = 0, units: int | None = None) -> Function:
    rng = np.random.default_rng(seed)
    if units is not None:
        P = rng.integers(1, 8, size=(units, s.n + 1))
        return Function.from_forms(s, FactoredForms.squares(P, rng.integers(1, 8, size=(1, units))))
    return Function.from_forms(s, MatrixForms.dense(np.triu(rng.integers(1, 128, size=(s.n + 1, s.n + 1)))))


def changed(f: Function, i: int, j: int) -> Function:
    forms = f.forms.dense_array() if isinstance(f.forms, MatrixForms) else f.forms.matrix().dense_array()
    forms[0, i, j] += 1
    assert f.schema is not None
    return Function.from_forms(f.schema, MatrixForms.dense(forms))


def test_a_linear_authority_names_the_scheme_that_serves() -> None:
    authority = objects.authority()
    for ask in (authority.check, authority.residual, lambda f: authority.issue(f, purpose="test")):
        with pytest.raises(UnsupportedModelError, match=r"quadratic.*ipfe-ddh serves linear.*scheme='qfe-ggm'"):
            ask(objects.quadratic())
    assert authority.issued == ()


def test_schemes_by_both_names() -> None:
    for name in ("qfe-ggm", "qfe-ggm-bls12381"):
        assert objects.authority(scheme=name).public_key.scheme == "qfe-ggm-bls12381"


def test_the_default_policy_counts_all_keys_together() -> None:
    s, F = coarse()
    authority = KeyAuthority.create(s, scheme="qfe-ggm")
    first = Function.from_forms(s, MatrixForms.dense(F))
    key = authority.issue(first, purpose="model")
    assert key.policy == "default (linear and quadratic rules)"
    for asked, opened in ((changed(first, 3, 3), "x2"), (changed(first, 3, 5), "product of 'x2', 'x4'")):
        with pytest.raises(PolicyDeniedError, match=rf"{opened}.*counted with the 1 key"):
            authority.issue(asked, purpose="difference")
    two = Function.from_forms(s, MatrixForms.dense(np.stack([F[::-1, ::-1].T, F**2])))
    with pytest.raises(PolicyDeniedError, match=r"one quadratic form too many .*Every output of a key counts"):
        authority.issue(two, purpose="two others")
    authority.issue(first, purpose="the same again opens nothing new")
    with pytest.raises(PolicyDeniedError, match=r"'x3' alone \(9\d % of an answer's variance"):
        authority.issue(Function.from_integers(s, np.r_[1, 1, -1, 30, np.ones(16, int)]), purpose="a column besides")
    assert [row.map.kind for row in authority.issued] == ["quadratic", "quadratic"]


def test_residual_bits_count_quadratic_keys() -> None:
    s = wide()
    authority = KeyAuthority.create(s, scheme="qfe-ggm", policy=FREE)
    assert authority.residual().bits == pytest.approx(48)
    left = authority.residual(dense(s))
    assert left.method == "sampled" and 25 < left.bits < 36
    authority.issue(Function.from_integers(s, np.arange(1, 13)), purpose="linear")
    assert authority.residual().method == "exact"
    assert authority.residual(dense(s)).bits < left.bits


def test_weight_bits_bound_every_entry() -> None:
    s = wide()
    authority = KeyAuthority.create(s, scheme="qfe-ggm", weight_bits=4, policy=FREE)
    assert authority.public_key.native.parameters.f_bound == 7
    assert authority.issue(dense(s, units=2), purpose="units of 3 bits").verified
    with pytest.raises(OutOfRangeError, match="4 bits"):
        authority.issue(dense(s), purpose="too wide")


def test_no_width_is_advised_that_the_policy_would_refuse() -> None:
    s = wide()
    forms = np.zeros((s.n + 1, s.n + 1), dtype=np.int64)
    forms[0, 1:], forms[1, 2] = 2**24 + np.arange(s.n), 1
    function = Function.from_forms(s, MatrixForms.dense(forms))
    with pytest.raises(OutOfRangeError, match=r"weight_bits=24 \(.*\), or on coarser columns"):
        KeyAuthority.create(s, scheme="qfe-ggm").issue(function, purpose="too wide for the policy")
    free = KeyAuthority.create(s, scheme="qfe-ggm", policy=Policy.unrestricted(reason="wide"))
    with pytest.raises(OutOfRangeError, match="create the authority with weight_bits=26"):
        free.issue(function, purpose="too wide for this authority only")


@pytest.mark.parametrize("kind", ["matrix", "network"])
def test_a_sealed_authority_remembers_forms(tmp_path: Path, kind: str) -> None:
    s, F = coarse()
    path = tmp_path / "authority.pyfe"
    f = dense(s, units=2) if kind == "network" else Function.from_forms(s, MatrixForms.dense(F))
    policy = FREE if kind == "network" else None  # the answers of a network of dense units are too fine to count
    first = KeyAuthority.create(s, scheme="qfe-ggm", path=path, passphrase=PASSPHRASE, policy=policy)
    issued = first.issue(f, purpose="model")
    again = KeyAuthority.open(path, passphrase=PASSPHRASE)
    assert again.public_key == first.public_key
    assert again.issued[0].map.to_dict() == f.map.to_dict()
    assert ("x2",) in [finding.names for finding in again.check(changed(f, 3, 3))], "the difference"
    assert again.issue(f, purpose="again").native.to_bytes() == issued.native.to_bytes()


def test_terms_are_read_strictly() -> None:
    terms, other = (objects.authority(scheme=scheme).epochs[0].terms for scheme in ("qfe-ggm", "qfe-sxdh"))
    with pytest.raises(DecodeError):
        terms_from_map(terms_to_map(replace(terms, public=other.public)))


# -- what linear authorities wrote before --


@pytest.fixture(scope="module")
def golden(root: Path) -> dict[str, bytes]:
    texts: dict[str, str] = json.loads((root / "tests/vectors/linear_authority.json").read_text())
    return {name: bytes.fromhex(text) for name, text in texts.items()}


def contents_of(data: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the one part of a sealed file of 0.1.0 held: its ledger, its secrets."""
    values = cbor.loads(data, "test")
    return values, {name: values.pop(name) for name in ("signing_key", "master_secret_key")}


def test_earlier_ledgers_are_read(golden: dict[str, bytes]) -> None:
    terms, rows = read_ledger(cbor.dumps(contents_of(golden["contents"])[0]))
    maps = [row.map.to_dict()["weights"] for row in rows]
    assert maps == [[[3, -2]], [[1, 2], [5, 0]]] and terms.scheme == "ipfe-ddh-ristretto255"


def test_earlier_authorities_issue_the_same_keys(golden: dict[str, bytes]) -> None:
    values, inside = contents_of(golden["default"])
    terms, (row,) = read_ledger(cbor.dumps(values))
    own = Secrets.read(*(memoryview(inside[name]) for name in ("signing_key", "master_secret_key")), b"", terms)  # type: ignore[arg-type]
    public = PublicKey.signed(adapter(terms.scheme), terms.public, terms.schema, terms.weight_bits, own.signing_key)
    assert public.to_bytes() == golden["public_key"]
    earlier = FunctionKey.from_bytes(golden["function_key"], public_key=public)
    grant = Grant(row.purpose, row.issued_at, row.sequence, row.policy, row.recipient)
    key = derived(public, own, earlier.function, grant)
    assert replace(objects.first_layout(key), signature=earlier.signature).to_bytes() == golden["function_key"]
    assert earlier.to_bytes() == golden["function_key"] and earlier.function == key.function


@pytest.mark.parametrize(
    "broken", [{"weights": [[1, 2, 3]]}, {"weights": [["x", 1]]}, {"weights": [[0, 0]]}, {"forms": {}}]
)
def test_broken_ledger_rows_are_refused(golden: dict[str, bytes], broken: dict[str, Any]) -> None:
    values = contents_of(golden["contents"])[0]
    row = values["ledger"][0]
    del row["weights"]
    values["ledger"][0] = row | broken
    with pytest.raises(DecodeError):
        read_ledger(cbor.dumps(values))


def test_policies_say_which_rules() -> None:
    assert Policy.default().line == "default (linear rules)"
    assert Policy.default().line_for(("linear", "quadratic")) == "default (linear and quadratic rules)"
    unrestricted = Policy.unrestricted(reason="a course")
    assert unrestricted.line == unrestricted.line_for(("linear", "quadratic")) == "UNRESTRICTED: a course"
