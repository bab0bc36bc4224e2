"""PublicKey, FunctionKey, CiphertextBatch: scores, arithmetic, mismatches, what they show."""

from __future__ import annotations

import pickle
import struct
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import pyfe
from pyfe import (
    CiphertextBatch,
    Function,
    FunctionKey,
    KeyAuthority,
    KeyMismatchError,
    OutOfRangeError,
    ParameterError,
    PublicKey,
    Schema,
    SignatureError,
)
from pyfe.keys.function_key import Grant
from pyfe.schema import Encoded
from pyfe.wire.envelope import unpack
from pyfe.wire.signature import SigningKey
from tests.unit import objects


@pytest.fixture(scope="module")
def authority() -> KeyAuthority:
    return objects.authority()


@pytest.fixture(scope="module")
def key(authority: KeyAuthority) -> FunctionKey:
    return authority.issue(objects.function(), purpose="test")


@pytest.fixture(scope="module")
def three(authority: KeyAuthority) -> FunctionKey:
    return authority.issue(objects.several(), purpose="test")


@pytest.fixture(scope="module")
def batch(authority: KeyAuthority) -> CiphertextBatch:
    return authority.public_key.encrypt(objects.ROWS)


def test_scores_equal_the_function_in_the_clear(key: FunctionKey, batch: CiphertextBatch) -> None:
    f = objects.function()
    scores = key.decrypt(batch)
    assert scores.dtype == np.int64 and scores.shape == (4,)
    assert np.array_equal(scores, f.evaluate(objects.ROWS))
    assert np.array_equal(key.decision_function(batch), f.decision_function(scores))
    assert np.array_equal(key.predict_proba(batch), f.predict_proba(scores))
    assert np.array_equal(key.predict(batch), f.predict(scores))


def test_many_functions_at_once(three: FunctionKey, batch: CiphertextBatch) -> None:
    scores = three.decrypt(batch)
    assert scores.shape == (4, 3)
    assert np.array_equal(scores, objects.several().evaluate(objects.ROWS))


@pytest.mark.parametrize("seed_offset", range(3))
def test_random_rows_and_weights(seed: int, seed_offset: int) -> None:
    rng = np.random.default_rng([seed, seed_offset])
    schema = objects.schema()
    weights = rng.integers(-127, 128, size=(2, schema.n))
    f = Function.from_integers(schema, weights, rng.integers(-1000, 1000, size=2))
    authority = objects.authority(schema)
    x = schema.sample(rng, 9, ends=bool(seed_offset % 2))
    scores = authority.issue(f, purpose="test").decrypt(authority.public_key.encrypt(Encoded(x)))
    assert np.array_equal(scores, x @ weights.T + f.intercept)


def test_slices_and_concatenation(key: FunctionKey, batch: CiphertextBatch) -> None:
    scores = key.decrypt(batch)
    assert np.array_equal(key.decrypt(batch[1:3]), scores[1:3])
    assert np.array_equal(key.decrypt(batch[-1]), scores[-1:])
    assert len(batch[2:1]) == 0 and len(batch[:]) == 4
    joined = CiphertextBatch.concat([batch[2:], batch[:2]])
    assert np.array_equal(key.decrypt(joined), np.roll(scores, 2))
    assert [len(row) for row in batch] == [1, 1, 1, 1]
    with pytest.raises(IndexError):
        batch[4]
    with pytest.raises(ParameterError, match="steps of 1"):
        batch[::2]
    with pytest.raises(ParameterError, match="no batch"):
        CiphertextBatch.concat([])


def test_arithmetic_carries_interval_and_intercept(key: FunctionKey, batch: CiphertextBatch) -> None:
    scores = key.decrypt(batch)
    assert np.array_equal(key.decrypt(batch + batch[::1]), 2 * scores)
    assert np.array_equal(key.decrypt(3 * batch), 3 * scores)
    assert np.array_equal(key.decrypt(batch * -2), -2 * scores)
    w = np.array([5, -7, 0, 11])
    assert np.array_equal(key.decrypt(batch.weighted_sum(w)), [w @ scores])
    difference = batch[:1] + (-1) * batch[1:2]
    assert np.array_equal(key.decrypt(difference), scores[:1] - scores[1:2])
    twice = (2 * batch[:2]).weighted_sum([1, -4]) + batch[3]
    assert np.array_equal(key.decrypt(twice), [2 * scores[0] - 8 * scores[1] + scores[3]])


def test_arithmetic_on_many_functions(three: FunctionKey, batch: CiphertextBatch) -> None:
    w = np.array([1, 2, -3, 4])
    assert np.array_equal(three.decrypt(batch.weighted_sum(w)), (w @ three.decrypt(batch))[None, :])


def test_combined_rows_have_no_class(key: FunctionKey, batch: CiphertextBatch) -> None:
    combined = batch.weighted_sum([1, 1, 1, 1])
    assert combined.combined and not batch.combined and "combined" in repr(combined)
    for outputs in (key.predict, key.predict_proba, key.decision_function):
        with pytest.raises(ParameterError, match="combined rows"):
            outputs(combined)


@pytest.mark.parametrize("w", [[1, 2, 3], [1.0, 2.0, 3.0, 4.0], [[1, 2, 3, 4]]])
def test_weights_of_a_sum_are_checked(batch: CiphertextBatch, w: Any) -> None:
    with pytest.raises(ParameterError, match="w must be integers"):
        batch.weighted_sum(w)
    with pytest.raises(ParameterError, match="one integer, not by a float"):
        batch * 1.5
    with pytest.raises(ParameterError, match="not to a int"):
        batch + 1
    with pytest.raises(ParameterError):
        batch + batch[:2]


def test_weights_never_wrap(key: FunctionKey, batch: CiphertextBatch) -> None:
    for factor in (2**63, -(2**63), 2**70):
        with pytest.raises(OutOfRangeError, match=r"2\^63 - 1"):
            batch * factor
    with pytest.raises(OutOfRangeError, match=r"2\^63 - 1"):
        batch.weighted_sum(np.array([1, 2, 3, 2**63], dtype=np.uint64))
    with pytest.raises(OutOfRangeError):
        key.decrypt(batch * 2**62)
    unsigned = batch.weighted_sum(np.array([1, 2, 3, 4], dtype=np.uint8))
    assert np.array_equal(key.decrypt(unsigned), [np.arange(1, 5) @ key.decrypt(batch)])
    assert np.array_equal(key.decrypt(0 * batch), np.zeros(4))


def test_an_empty_batch(authority: KeyAuthority, key: FunctionKey, three: FunctionKey) -> None:
    empty = authority.public_key.encrypt(Encoded(np.zeros((0, authority.schema.n), dtype=np.int64)))
    assert key.decrypt(empty).shape == (0,) and three.decrypt(empty).shape == (0, 3)
    assert len(CiphertextBatch.from_bytes(empty.to_bytes())) == 0


def test_saturated_values_are_counted(authority: KeyAuthority, key: FunctionKey) -> None:
    rows = {**objects.ROWS, "age": [-5, 130, 47, 121], "pulse": [60, 72, 500, 140]}
    with pytest.raises(OutOfRangeError, match=r"age.*rows 0, 1, 3.*pulse.*row 2"):
        authority.public_key.encrypt(rows)
    batch = authority.public_key.encrypt(rows, on_overflow="clip")
    assert batch.saturated == {"age": 3, "pulse": 1} and "4 values clipped" in repr(batch)
    assert np.array_equal(key.decrypt(batch), objects.function().evaluate(rows, "clip"))
    joined = CiphertextBatch.concat(
        [batch, batch[:1], authority.public_key.encrypt(objects.ROWS)], allow_duplicates=True
    )
    assert joined.saturated == {"age": 6, "pulse": 2} and joined.encrypted_rows == 12


def test_out_of_schema_coordinates_are_refused(authority: KeyAuthority) -> None:
    x = authority.schema.encode(objects.ROWS).x.copy()
    x[2, 0] = 256
    with pytest.raises(OutOfRangeError, match="row 2, 'age'"):
        authority.public_key.encrypt(Encoded(x))


# -- objects that do not belong together --


def within_a_millisecond(call: Callable[[], object], error: type[Exception], match: str) -> None:
    """The named error, in under 1 ms (the best of a few: the machine may be busy)."""
    times = []
    for _ in range(20):
        start = time.perf_counter()
        with pytest.raises(error, match=match):
            call()
        times.append(time.perf_counter() - start)
    assert min(times) < 1e-3, min(times)


def test_another_authority(key: FunctionKey, authority: KeyAuthority) -> None:
    other = objects.authority()
    foreign = other.public_key.encrypt(objects.ROWS)
    within_a_millisecond(lambda: key.decrypt(foreign), KeyMismatchError, "different public keys")
    within_a_millisecond(lambda: key.verify(other.public_key), KeyMismatchError, "belongs to the public key")
    with pytest.raises(KeyMismatchError, match="different public keys"):
        CiphertextBatch.concat([foreign, authority.public_key.encrypt(objects.ROWS)])


def test_another_schema(authority: KeyAuthority, key: FunctionKey, batch: CiphertextBatch) -> None:
    parts = {"parameter_hash": batch.parameter_hash, "schema_id": bytes(32)}
    disguised = CiphertextBatch(authority.public_key.adapter, batch.native, **parts)
    within_a_millisecond(lambda: key.decrypt(disguised), KeyMismatchError, "different schemas")
    with pytest.raises(KeyMismatchError, match="different schemas"):
        batch + disguised


def test_another_functions_bytes(authority: KeyAuthority, key: FunctionKey) -> None:
    other = authority.issue(objects.function(intercept=0, name="other"), purpose="test")
    mixed = replace(key, function=other.function)
    within_a_millisecond(lambda: mixed.verify(authority.public_key), SignatureError, "signature is not valid")
    swapped = Function.from_integers(objects.schema(), -objects.function().weights)
    first = replace(objects.first_layout(key), function=swapped)
    within_a_millisecond(lambda: FunctionKey.from_bytes(first.to_bytes()), KeyMismatchError, "intervals")


@pytest.mark.parametrize("several", [False, True])
def test_keys_of_the_first_layout(several: bool) -> None:
    """They hold the same function, decrypt to the same scores, and are written again as they were."""
    authority = objects.authority()
    function = objects.several() if several else objects.function()
    key = authority.issue(function, purpose="test")
    first = objects.first_layout(key)
    data = first.to_bytes()
    assert first.native.readout is None and set(unpack(data).metadata["function"]) > {"scale", "intercept", "link"}
    again = FunctionKey.from_bytes(data)
    assert again.to_bytes() == data and again.function == key.function and again.readout == key.readout
    batch = authority.public_key.encrypt(objects.ROWS)
    assert np.array_equal(again.decrypt(batch), key.decrypt(batch))


def test_the_readout_lies_in_the_payload(authority: KeyAuthority, key: FunctionKey) -> None:
    assert set(unpack(key.to_bytes()).metadata) == {
        "kind", "name", "schema_id", "purpose", "issued_at", "sequence", "policy", "recipient", "epoch", "not_after"
    }  # fmt: skip
    native = key.native.readout
    assert native is not None
    assert (native.intercepts.tolist(), native.scales.tolist()) == ([-321], [0.01])
    assert (native.link, native.classes, native.baseline_survival) == (1, [("str", "no"), ("str", "yes")], None)
    assert key.readout == objects.function().readout
    other = replace(objects.function().readout, scale=np.array([0.02])).to_native()
    data = replace(key, native=key.native.with_readout(other)).to_bytes()
    assert FunctionKey.from_bytes(data).readout.scale.tolist() == [0.02]
    with pytest.raises(SignatureError):
        FunctionKey.from_bytes(data, public_key=authority.public_key)


def test_a_key_has_a_readout_of_its_own_size(authority: KeyAuthority, key: FunctionKey) -> None:
    with pytest.raises(ParameterError, match="it reads 3 functions, the key has 1"):
        key.native.with_readout(objects.several().readout.to_native())
    far = replace(objects.function().readout, interval=np.array([[0, 1]]), intercept=np.array([2**62 - 2]))
    with pytest.raises(ParameterError, match="out of 62 bits"):
        key.native.with_readout(far.to_native())


def test_a_signed_key_must_open_its_function() -> None:
    signer = SigningKey.generate()
    authority = objects.authority()
    ours = replace(authority.public_key, verification_key=signer.public)
    good = authority.issue(objects.function(), purpose="test")
    payload = bytearray(good.native.to_bytes())
    payload[-1] ^= 1  # the top byte of t_y: still below the group order, but another scalar
    wrong = type(good.native).from_bytes(bytes(payload))
    grant = Grant("test", 1, 1, "policy", None)
    for native, error in ((good.native, None), (wrong, SignatureError)):
        signed = FunctionKey.signed(ours, native, good.function, grant, signer)
        if error is None:
            assert signed.verify(ours).verified
        else:
            with pytest.raises(error, match="does not open the function"):
                signed.verify(ours)


def test_verified_or_said_so(authority: KeyAuthority, key: FunctionKey, batch: CiphertextBatch) -> None:
    data = key.to_bytes()
    unverified = FunctionKey.from_bytes(data)
    assert not unverified.verified and "UNVERIFIED" in repr(unverified) and unverified.info()["verified"] is False
    verified = FunctionKey.from_bytes(data, public_key=authority.public_key)
    assert verified.verified and "UNVERIFIED" not in repr(verified) and verified == key
    assert np.array_equal(verified.decrypt(batch), unverified.decrypt(batch))
    assert np.array_equal(verified.function.evaluate(objects.ROWS), verified.decrypt(batch))


def test_altered_words_of_a_key_are_noticed(authority: KeyAuthority, key: FunctionKey) -> None:
    changes: list[dict[str, Any]] = [{"purpose": "x"}, {"issued_at": 5}, {"sequence": 9}, {"policy": "p"}]
    for change in [*changes, {"recipient": "me"}]:
        data = replace(key, **change).to_bytes()
        assert not FunctionKey.from_bytes(data).verified
        with pytest.raises(SignatureError):
            FunctionKey.from_bytes(data, public_key=authority.public_key)


def test_altered_ciphertexts_are_out_of_range(key: FunctionKey, batch: CiphertextBatch) -> None:
    rows = [batch.native.slice(i, i + 1).to_bytes() for i in range(2)]
    size = 32 * (batch.n + 2)
    mixed = type(batch.native).from_bytes(rows[0][:-32] + rows[1][-32:])
    assert len(rows[0]) == 45 + size
    parts = {"parameter_hash": batch.parameter_hash, "schema_id": batch.schema_id}
    with pytest.raises(OutOfRangeError, match="row 0"):
        key.decrypt(CiphertextBatch(key.adapter, mixed, **parts))


def test_decrypt_wants_a_batch(key: FunctionKey) -> None:
    with pytest.raises(ParameterError, match="expected a CiphertextBatch"):
        key.decrypt(b"bytes")  # type: ignore[arg-type]


# -- pinning, ids, what is shown --


def test_fingerprints_pin_a_public_key(authority: KeyAuthority) -> None:
    public = authority.public_key
    data = public.to_bytes()
    loose = public.fingerprint.upper().replace("-", " ")
    assert PublicKey.from_bytes(data, fingerprint=loose) == public
    other = objects.authority().public_key
    assert other.fingerprint != public.fingerprint
    with pytest.raises(KeyMismatchError, match="pinned"):
        PublicKey.from_bytes(data, fingerprint=other.fingerprint)


def test_the_signing_key_is_part_of_the_fingerprint(authority: KeyAuthority) -> None:
    resigned = replace(authority.public_key, verification_key=SigningKey.generate().public)
    assert resigned.fingerprint != authority.public_key.fingerprint
    with pytest.raises(SignatureError):
        PublicKey.from_bytes(resigned.to_bytes())


def test_a_schema_swapped_into_a_public_key_is_noticed(authority: KeyAuthority) -> None:
    wider = Schema.from_ranges({**dict(authority.schema.columns), "age": (0, 240)})
    with pytest.raises(SignatureError):
        PublicKey.from_bytes(replace(authority.public_key, schema=wider).to_bytes())


def test_no_secret_is_shown_or_pickled(authority: KeyAuthority, key: FunctionKey, batch: CiphertextBatch) -> None:
    scalars = key.native.to_bytes()[-64:]
    for text in (repr(key), str(key), repr(key.info()), repr(authority), repr(batch), repr(authority.public_key)):
        assert scalars[:8].hex() not in text and scalars[32:40].hex() not in text
    for item in (key, authority):
        with pytest.raises(TypeError, match="never pickled"):
            pickle.dumps(item)


def test_info_is_plain(authority: KeyAuthority, three: FunctionKey) -> None:
    info = three.info()
    assert info["functions"] == 3 and info["issued_at"] == "2023-11-14T22:13:20+00:00"
    assert info["policy"] == "UNRESTRICTED: a test" and info["verified"] is True
    assert authority.public_key.info()["bytes_per_row"] == 320


def test_ids_follow_the_content(authority: KeyAuthority, batch: CiphertextBatch) -> None:
    assert batch[:2].id != batch.id and CiphertextBatch.from_bytes(batch.to_bytes()).id == batch.id
    assert authority.public_key.encrypt(objects.ROWS).id != batch.id  # fresh randomness
    assert batch.nbytes == 4 * 320


# -- weights that rows claim --


def claiming(batch: CiphertextBatch, weights: list[tuple[int, int]]) -> bytes:
    """The rows of a plain batch under the claim that they combine others, with these (positive, negative) weights."""
    data = batch.to_bytes()
    size, rest = struct.unpack_from("<QI", data, 76)
    payload = data[88 : 88 + size]
    claims = b"".join(struct.pack("<QQ", *pair) for pair in weights)
    changed = payload[:44] + b"\1" + claims + payload[45:]
    return data[:76] + struct.pack("<QI", len(changed), rest) + changed + data[88 + size :]


def test_weights_of_rows_from_bytes_are_bounded_before_the_search(key: FunctionKey, batch: CiphertextBatch) -> None:
    honest = CiphertextBatch.from_bytes(claiming(batch, [(1, 0)] * 4))
    assert np.array_equal(key.decrypt(honest), key.decrypt(batch))
    hostile = CiphertextBatch.from_bytes(claiming(batch, [(1, 0), (1, 0), (600, 400), (1, 0)]))
    with pytest.raises(OutOfRangeError, match=r"row 2: its weights sum to 1000, and 1 is allowed.*largest_weight_sum"):
        key.decrypt(hostile)
    with pytest.raises(OutOfRangeError, match="1000, and 999 is"):
        key.decrypt(hostile, largest_weight_sum=999)
    assert key.decrypt(hostile[:2], largest_weight_sum=1).tolist() == key.decrypt(batch[:2]).tolist()
    with pytest.raises(OutOfRangeError, match="row 0: its weights sum to 1000"):
        key.decrypt(hostile[2])
    for outputs in (key.predict, key.predict_proba, key.decision_function):
        with pytest.raises(ParameterError, match="combined rows"):
            outputs(hostile)


def test_what_was_combined_here_needs_no_statement(key: FunctionKey, batch: CiphertextBatch) -> None:
    scores, read = key.decrypt(batch), CiphertextBatch.from_bytes(batch.to_bytes())
    for one in (batch, read):
        assert key.decrypt(one.weighted_sum([3, -2, 0, 5])).tolist() == [int(scores @ [3, -2, 0, 5])]
        assert np.array_equal(key.decrypt(-one), -scores)
        assert np.array_equal(key.decrypt((2 * one[1:3] + one[:2])[1:]), 2 * scores[2:3] + scores[1:2])
        assert np.array_equal(key.decrypt(one - one), 0 * scores)
    sent = CiphertextBatch.from_bytes((3 * batch).to_bytes())
    with pytest.raises(OutOfRangeError, match="row 0: its weights sum to 3, and 1 is"):
        key.decrypt(sent)
    assert np.array_equal(key.decrypt(sent, largest_weight_sum=3), 3 * scores)
    # what is done with it here counts by what is done, not by what it claims
    with pytest.raises(OutOfRangeError, match="row 0: its weights sum to 6, and 2 is"):
        key.decrypt(2 * sent)
    assert np.array_equal(key.decrypt(2 * sent, largest_weight_sum=6), 6 * scores)


def test_batches_of_mixed_origin(key: FunctionKey, batch: CiphertextBatch) -> None:
    own, sent = 5 * batch[:2], CiphertextBatch.from_bytes((4 * batch[2:]).to_bytes())
    joined = CiphertextBatch.concat([own, batch[:1], sent])
    assert joined.known_weight_sums.tolist() == [5, 5, 1, 1, 1]
    with pytest.raises(OutOfRangeError, match="row 3: its weights sum to 4, and 1 is"):
        key.decrypt(joined)
    assert len(key.decrypt(joined[:3])) == 3 and len(key.decrypt(joined, largest_weight_sum=4)) == 5
    with pytest.raises(OutOfRangeError, match="row 0"):
        key.decrypt(joined[3:])
    assert key.decrypt(joined[-2], largest_weight_sum=4).tolist() == (4 * key.decrypt(batch)[2:3]).tolist()


@pytest.mark.parametrize("wrong", [0, -1, 1.5, True, "3", None, 2**63])
def test_the_statement_is_a_number_of_rows(key: FunctionKey, batch: CiphertextBatch, wrong: Any) -> None:
    with pytest.raises(ParameterError, match="largest_weight_sum"):
        key.decrypt(batch, largest_weight_sum=wrong)


def test_weights_beyond_all_bounds(key: FunctionKey, batch: CiphertextBatch) -> None:
    for pair in ((2**64 - 1, 2**64 - 1), (2**63 - 1, 2**63 - 1), (0, 2**63)):
        read = CiphertextBatch.from_bytes(claiming(batch, [pair] * 4))
        for allowed in (1, 2**63 - 1):
            with pytest.raises(OutOfRangeError):
                key.decrypt(read, largest_weight_sum=allowed)


def test_rows_of_both_signs_do_not_widen_each_other() -> None:
    """Results near 2^43 and near -2^43: one interval for both would be too wide, and take a thousand times as long."""
    schema = Schema.from_ranges({"far": pyfe.constant(2**32 - 1), "a": pyfe.number(0, 100, step=1)})
    authority = objects.authority(schema)
    key = authority.issue(pyfe.Function.from_integers(schema, [2047, 3]), purpose="p")
    batch = authority.public_key.encrypt({"a": list(range(20))})
    scores = key.decrypt(batch)
    mixed = CiphertextBatch.concat([batch[:7], -batch[7:9], batch[9:], 0 * batch[:3]])
    expected = [*scores[:7], *(-scores[7:9]), *scores[9:], 0, 0, 0]
    assert key.decrypt(mixed).tolist() == expected
    read = CiphertextBatch.from_bytes(mixed.to_bytes())
    assert key.decrypt(read).tolist() == expected
    claimed = CiphertextBatch.from_bytes(claiming(batch, [(1, 0)] * 10 + [(0, 1)] * 10))
    with pytest.raises(OutOfRangeError, match="row 10, function 0: no result in"):
        key.decrypt(claimed)


# -- numpy --


@pytest.mark.parametrize("factor", [np.int64(3), np.int32(-2), np.uint8(7), np.int16(0), 3])
def test_numpy_integers_times_a_batch(key: FunctionKey, batch: CiphertextBatch, factor: Any) -> None:
    expected = int(factor) * key.decrypt(batch)
    for product in (factor * batch, batch * factor, np.multiply(factor, batch), np.multiply(batch, factor)):
        assert isinstance(product, CiphertextBatch) and np.array_equal(key.decrypt(product), expected)


@pytest.mark.parametrize(
    ("factor", "named"),
    [
        (np.arange(4), r"array of shape \(4,\)"),
        (np.float64(3), "float"),
        (np.bool_(True), "bool"),
        (3.0, "float"),
        (True, "bool"),
        ("3", "str"),
        (None, "NoneType"),
        ([3], "list"),
    ],
)
def test_other_factors_are_refused_by_name(batch: CiphertextBatch, factor: Any, named: str) -> None:
    for product in (lambda: factor * batch, lambda: batch * factor):
        with pytest.raises(ParameterError, match=named):
            product()


def test_numpy_does_nothing_else_with_batches(batch: CiphertextBatch) -> None:
    for use in (np.sum, np.negative, np.asarray, np.array, lambda ct: np.add(ct, ct), lambda ct: np.int64(1) + ct):
        with pytest.raises(ParameterError):
            use(batch)
    for use in (lambda: batch + 1, lambda: 1 + batch, lambda: batch - 1, lambda: batch + np.arange(4)):
        with pytest.raises(ParameterError, match="batch"):
            use()


def test_sum_of_batches(key: FunctionKey, batch: CiphertextBatch) -> None:
    scores = key.decrypt(batch)
    assert np.array_equal(key.decrypt(sum([batch, batch, batch])), 3 * scores)
    assert key.decrypt(sum(batch)).tolist() == [scores.sum()]


def test_what_is_known_of_combined_rows_cannot_be_written() -> None:
    batch = objects.authority().public_key.encrypt(objects.ROWS)
    total = batch[:2] + batch[2:]
    for part in (total, total[:1], 3 * total, CiphertextBatch.concat([batch, total])):
        with pytest.raises(ValueError, match="read-only"):
            part.known_weight_sums[:] = 77
    assert total.known_weight_sums.tolist() == [2, 2]


def test_counts_of_encrypted_rows_end_where_bytes_do() -> None:
    """What is written can be read: a batch that counts more rows than bytes can say is refused as it is made."""
    empty = objects.authority().public_key.encrypt(objects.ROWS)[:0]
    with pytest.raises(OutOfRangeError, match="more than 2\\^48"):
        for _ in range(60):
            empty = CiphertextBatch.concat([empty, empty])
            assert CiphertextBatch.from_bytes(b"".join(empty.pieces())).encrypted_rows == empty.encrypted_rows
