"""Sums of ring ciphertexts: what they give, which are refused, and why nobody opens one that he did not form."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pyfe
from pyfe import (
    CiphertextBatch,
    Evaluator,
    KeyMismatchError,
    OutOfRangeError,
    ParameterError,
    RefusedError,
    SignatureError,
    SilencedError,
    UnsupportedError,
)
from pyfe._core import ipfe_rlwe as core
from pyfe.adapters.ipfe_rlwe import IPFE_RLWE
from pyfe.cli import main
from pyfe.cohorts import Chunk, places, write_part
from pyfe.incidents import IN_MEMORY
from pyfe.schemes import ipfe_rlwe
from tests.reference import ipfe_rlwe as twin
from tests.unit.ring_envelopes import arrived, person, secret_coefficients

RNG = np.random.default_rng(27)
SUM_W = 64
WEIGHTS = (3, -2)
ADA, BEN, EVA = (person(name).identity for name in ("ada", "ben", "eva"))


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """What this process remembers is of one test."""
    IN_MEMORY._kept.clear()
    yield
    IN_MEMORY._kept.clear()


def authority(sum_w: int = SUM_W) -> pyfe.KeyAuthority:
    return _authority(sum_w)


@cache
def _authority(sum_w: int) -> pyfe.KeyAuthority:
    ranges = {"a": pyfe.number(0, 3, step=1), "b": pyfe.number(0, 7, step=1)}
    free = pyfe.Policy.unrestricted(reason="a test")
    schema = pyfe.Schema.from_ranges(ranges, sum_w=sum_w)
    return pyfe.KeyAuthority.create(schema, scheme="ipfe-rlwe", weight_bits=4, policy=free)


def key(sum_w: int = SUM_W, second: int = WEIGHTS[1]) -> pyfe.FunctionKey:
    return _key(sum_w, second)


@cache
def _key(sum_w: int, second: int) -> pyfe.FunctionKey:
    function = pyfe.Function.from_integers(authority(sum_w).schema, [WEIGHTS[0], second], 5)
    return authority(sum_w).issue(function, purpose="a test")


def table(count: int) -> dict[str, Any]:
    """Rows at both ends of the results first."""
    a, b = RNG.integers(0, 4, count), RNG.integers(0, 8, count)
    a[:2], b[:2] = [3, 0][:count], [0, 7][:count]
    return {"a": a, "b": b}


def scores(rows: dict[str, Any]) -> Any:
    return WEIGHTS[0] * rows["a"] + WEIGHTS[1] * rows["b"]


def encrypted(rows: dict[str, Any], sum_w: int = SUM_W) -> CiphertextBatch:
    return authority(sum_w).public_key.encrypt(rows)


def from_ada(rows: dict[str, Any]) -> CiphertextBatch:
    return arrived(encrypted(rows))


def weights_of(batch: Any) -> tuple[int, int, int]:
    """w+, w- and W2 of the first ciphertext of a sum, from its bytes."""
    data = batch.to_bytes()
    return read(data, at := head_of(data), 8), read(data, at + 8, 8), read(data, at + 16, 16)


def head_of(data: bytes) -> int:
    """Where the weights of the first ciphertext stand: behind what all share, and its count."""
    return 32 + 4 + 3 + 8 * data[38] + 8 + 1 + 4 + 4 + 4


def read(data: bytes, at: int, size: int) -> int:
    return int.from_bytes(data[at : at + size], "little")


# -- what they give --------------------------------------------------------------------------------------------

SETS: dict[str, dict[str, Any]] = {
    "small": {"n": 2, "x_lo": [0, 0], "x_hi": [3, 7], "y_bound": 7, "sum_w": 9},
    "bytes": {"n": 30, "x_lo": [0] * 30, "x_hi": [255] * 30, "y_bound": 127, "sum_w": 100},
    "far from 0": {"n": 2, "x_lo": [1000, -7], "x_hi": [1255, -3], "y_bound": 127, "sum_w": 12},
    "two limbs": {"n": 2, "x_bound": 2**23, "y_bound": 2**15, "sum_w": 16},
}


@pytest.mark.parametrize("name", list(SETS))
@pytest.mark.parametrize("signs", [[1, 1, 1], [-1, -1, -1], [1, -1, 1]], ids=str)
def test_exact_at_both_ends_of_the_range(name: str, signs: list[int]) -> None:
    p = ipfe_rlwe.Parameters(**SETS[name])
    mpk, msk = ipfe_rlwe.setup(p)
    y = RNG.integers(1, p.y_bound + 1, p.n) * RNG.choice([-1, 1], p.n)
    y[0] = p.y_bound
    sk = ipfe_rlwe.keygen(msk, y)
    w = np.array([p.sum_w - 3, 2, 1]) * signs
    top, bottom = np.where(y > 0, p.x_hi, p.x_lo), np.where(y > 0, p.x_lo, p.x_hi)
    rows = [np.stack([top, bottom] if sign > 0 else [bottom, top]) for sign in signs]
    rows = [np.concatenate([each, RNG.integers(p.x_lo, p.x_hi + 1, (63, p.n))]) for each in rows]
    batches = [ipfe_rlwe.encrypt(mpk, x) for x in rows]
    total = ipfe_rlwe.weighted_sum(batches, w)
    found = ipfe_rlwe.decrypt(sk, total)  # 65 patients in 128 slots: those of nobody have to be 0
    assert found.tolist() == sum(v * (x @ y) for v, x in zip(w.tolist(), rows, strict=True)).tolist()
    pos, neg = int(w[w > 0].sum()), int(-w[w < 0].sum())
    low, high = (int(v) for v in sk.intervals[0])
    ends = core.interval(p, y, (pos, neg, int(w @ w)))
    assert ends == (pos * low - neg * high, pos * high - neg * low) == (found[1], found[0])
    assert np.array_equal(ipfe_rlwe.decrypt(sk, total.slice(64, 65)), found[64:])
    with pytest.raises(OutOfRangeError, match=f"sum to {p.sum_w + 1}, and sum_w = {p.sum_w}"):
        ipfe_rlwe.weighted_sum(batches, w + np.array([signs[0], 0, 0]))


@pytest.mark.parametrize("count", [1, 64, 65, 8193])
def test_batches_add_up_slot_by_slot(count: int) -> None:
    one, other = table(count), table(count)
    a, b = encrypted(one), encrypted(other)
    expected = (SUM_W - 24) * scores(one) - 24 * scores(other) + 5 * (SUM_W - 48)
    assert np.array_equal(key().decrypt((SUM_W - 24) * a - 24 * b), expected)
    assert key().decrypt(sum([a, b, a])).tolist() == (2 * scores(one) + scores(other) + 15).tolist()
    assert key().decrypt(-a).tolist() == (-scores(one) - 5).tolist()
    assert key().decrypt(a - a).tolist() == key().decrypt(0 * a).tolist() == [0] * count
    with pytest.raises(ParameterError, match="rows"):
        a + b[1:]


def test_rows_stay_in_their_slots() -> None:
    batch = encrypted(table(3))
    with pytest.raises(UnsupportedError, match="each stays in its slot"):
        batch.weighted_sum([1, 1, 1])
    with pytest.raises(ParameterError, match="slot by slot"):
        batch[:2] + batch[1:]
    assert key().decrypt(batch[1:] + batch[1:]).tolist() == (2 * key().decrypt(batch)[1:]).tolist()


def test_more_than_sum_w_is_refused_before_anything_is_computed() -> None:
    a, b = encrypted(table(3)), encrypted(table(3))
    whole = SUM_W * a
    for make in (lambda: whole + b, lambda: (SUM_W + 1) * a, lambda: 2**62 * a, lambda: whole - b, lambda: -2 * whole):
        with pytest.raises(OutOfRangeError, match=r"sum_w|2\^63"):
            make()
    plain = encrypted(table(3), 1)
    for make in (lambda: plain + plain, lambda: 2 * plain):  # without that 2,160 came out as -85
        with pytest.raises(OutOfRangeError, match=r"sum to 2, and sum_w = 1 .* larger sum_w \(of its schema\)"):
            make()
    with pytest.raises(KeyMismatchError):
        a + plain
    with pytest.raises(KeyMismatchError):
        key().decrypt(-plain)


def test_the_interval_is_that_of_the_weights() -> None:
    """Weights of the same sum and squares, the other way round, and rows at the end of the range."""
    least, most = encrypted({"a": [0, 0], "b": [7, 7]}), encrypted({"a": [3, 3], "b": [0, 0]})
    total = (2 * least - most).native  # -37; with 1 and 2 the least is -32
    data = bytearray(total.to_bytes())
    at = head_of(bytes(data))
    assert weights_of(total) == (2, 1, 5)
    assert ipfe_rlwe.decrypt(key().native, IPFE_RLWE.read_batch(memoryview(bytes(data))).vouched()).tolist() == [
        -37,
        -37,
    ]
    data[at : at + 16] = data[at + 8 : at + 16] + data[at : at + 8]
    with pytest.raises(RefusedError):
        ipfe_rlwe.decrypt(key().native, IPFE_RLWE.read_batch(memoryview(bytes(data))).vouched())


def test_squares_add_only_for_ciphertexts_that_are_known_to_differ() -> None:
    a, b, c = (encrypted(table(2)) for _ in range(3))
    again = CiphertextBatch.from_bytes(a.to_bytes())
    cases: list[tuple[CiphertextBatch, tuple[int, int, int]]] = [
        (a + b, (2, 0, 2)),
        (2 * a - 3 * b, (2, 3, 13)),
        ((a + b) + c, (3, 0, 3)),
        (a + CiphertextBatch.from_bytes(b.to_bytes()), (2, 0, 2)),
        (a + a, (2, 0, 4)),
        (a + again, (2, 0, 4)),  # other bytes in memory, the same ciphertext
        (a - again, (1, 1, 4)),
        (3 * a - 2 * a, (3, 2, 25)),
        ((a + b) + (b + c), (4, 0, 8)),  # sqrt 2 + sqrt 2
        ((a + b) + a, (3, 0, 2 + 1 + 3)),  # (sqrt 2 + 1)^2 = 5.83, rounded up
        (CiphertextBatch.from_bytes((a + b).to_bytes()) + c, (3, 0, 6)),  # nothing is known of what came as bytes
    ]
    for total, expected in cases:
        assert weights_of(total.native) == expected
        assert total.weight_sums.tolist() == [list(expected[:2])] * 2


# -- the attack ------------------------------------------------------------------------------------------------


def key_in_the_middle() -> CiphertextBatch:
    """One tile with ``ct_0 = floor(q/K)``, ``t = 0``: it decodes to -sk_y in every slot, which fits into the interval
    of a sum and not into its own."""
    like = encrypted({"a": [0] * twin.TILE, "b": [0] * twin.TILE})
    p, data = key().native.parameters, like.native.to_bytes()
    shared = twin.rns_bytes([[p.q // p.K % q] * twin.N for q in p.primes], list(p.primes))
    tiles = bytes(2 * twin.TILE // 8 * p.b)
    native = IPFE_RLWE.read_batch(memoryview(data[: -len(shared) - len(tiles)] + shared + tiles))
    return CiphertextBatch(
        like.adapter, native, parameter_hash=like.parameter_hash, schema_id=like.schema_id, encrypted_rows=len(native)
    )


HONEST = {"a": [0] * twin.TILE, "b": [1] * twin.TILE}  # -2, near the middle of -14 to 9


def test_a_sum_on_the_word_of_its_sender_is_the_key() -> None:
    """What the rules are for: without them one accepted answer gives it all, and nothing is refused."""
    total = (SUM_W - 1) * encrypted(HONEST) + key_in_the_middle()
    bare = IPFE_RLWE.read_batch(memoryview(total.native.to_bytes())).vouched()
    found = [(SUM_W - 1) * -2 - int(v) for v in ipfe_rlwe.decrypt(key().native, bare)]
    assert found == secret_coefficients(twin.TILE, key())


def test_a_malformed_summand_is_refused(tmp_path: Path) -> None:
    evaluator = Evaluator(key(), state=tmp_path / "state")
    bad, good = arrived(key_in_the_middle()), from_ada(HONEST)
    assert evaluator.decrypt(good, signed_by=ADA).tolist() == [3] * twin.TILE
    total = (SUM_W - 1) * good + bad
    with pytest.raises(RefusedError) as refused:
        evaluator.decrypt(total, signed_by=ADA)
    assert not any(word in str(refused.value) for word in ("sum", "slot", "row", "interval"))
    assert [each.signer for each in evaluator.incidents] == [ADA.ed25519]
    for batch in (total, good, good + good):
        with pytest.raises(SilencedError):
            evaluator.decrypt(batch, signed_by=ADA)
    with pytest.raises(RefusedError):
        evaluator.decrypt(total, unsigned=True)
    for verb in (total.native, ipfe_rlwe.weighted_sum([good.native, bad.native], [1, -1]), (good + bad - bad).native):
        with pytest.raises(RefusedError):
            ipfe_rlwe.decrypt(key().native, verb)


def test_it_is_the_key_at_hand_that_has_to_accept_each() -> None:
    """A highest bit: even weights do not see it, and the double of it nobody does."""
    data = bytearray(encrypted(table(3)).native.to_bytes())
    data[-1] ^= 0x80
    bad = IPFE_RLWE.read_batch(memoryview(bytes(data)))
    even, odd = key().native, key(second=-3).native
    twice = bad.scale(2)
    assert ipfe_rlwe.decrypt(even, twice).tolist() == (2 * ipfe_rlwe.decrypt(even, bad)).tolist()
    assert twice.accepted
    with pytest.raises(RefusedError):
        ipfe_rlwe.decrypt(odd, twice)
    assert len(ipfe_rlwe.decrypt(odd, IPFE_RLWE.read_batch(memoryview(twice.to_bytes())).vouched())) == 3


# -- who opens a sum -------------------------------------------------------------------------------------------


def test_sums_of_signed_ciphertexts_are_opened_where_they_are_formed(tmp_path: Path) -> None:
    evaluator = Evaluator([key(), key(second=-3)], state=tmp_path / "state")
    one, other = table(65), table(65)
    total = 3 * from_ada(one) - 2 * from_ada(other)
    first, second = evaluator.decrypt(total, signed_by=ADA)
    assert first.tolist() == (3 * scores(one) - 2 * scores(other) + 5).tolist()
    assert second.tolist() == (first - 3 * one["b"] + 2 * other["b"]).tolist()
    assert evaluator.decrypt(total[64:], signed_by=ADA)[0].tolist() == first[64:].tolist()
    for options in ({}, {"signed_by": BEN}):
        with pytest.raises(SignatureError, match="nobody answers"):
            evaluator.decrypt(total, **options)
    with pytest.raises(SignatureError, match="nobody answers"):
        evaluator.decrypt(total + arrived(encrypted(one), "ben"), signed_by=ADA)
    assert evaluator.incidents == ()


def test_a_sum_that_came_as_bytes_is_refused_by_name(tmp_path: Path) -> None:
    evaluator = Evaluator(key(), state=tmp_path / "state")
    total = CiphertextBatch.from_bytes((2 * from_ada(table(3))).to_bytes())
    local = 2 * encrypted(table(3))
    asks: list[Callable[[], object]] = [
        lambda: evaluator.decrypt(total, unsigned=True),
        lambda: evaluator.decrypt(total[1:], unsigned=True),
        lambda: evaluator.decrypt(total + local, unsigned=True),
        lambda: evaluator.decrypt(CiphertextBatch.concat([local, total]), unsigned=True),
        lambda: key().uncounted(total),
        lambda: ipfe_rlwe.decrypt(key().native, total.native),
    ]
    for ask in asks:
        with pytest.raises(SignatureError, match="sum that came as bytes is not decrypted"):
            ask()
    for options in ({"signed_by": ADA}, {"formed_by": EVA}):
        with pytest.raises(SignatureError, match="is not signed"):
            evaluator.decrypt(total, **options)
    with pytest.raises(ParameterError, match="decrypt it first"):
        total.signed(person("ada"))
    assert evaluator.incidents == ()


def test_files_of_sums_are_refused_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    total = 2 * encrypted(table(3))
    [(place, _)] = places(3, 3)
    write_part(tmp_path / "sum.parquet", [Chunk(place, total)])
    (tmp_path / "sum").write_bytes(total.to_bytes())
    (tmp_path / "key").write_bytes(key().to_bytes())
    with pytest.raises(SignatureError, match="sum that came as bytes"):
        Evaluator(key()).evaluate(tmp_path / "sum.parquet", unsigned=True)
    for name in ("sum", "sum.parquet"):
        given = [str(tmp_path / name), "-k", str(tmp_path / "key"), "-o", str(tmp_path / "scores.csv")]
        assert main(["evaluate", *given, "--unsigned"]) != 0
        assert "sum that came as bytes" in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "scores.csv").exists()
    with pytest.raises(ParameterError, match="combined rows are never signed"):
        Chunk(place, total).signed(person("ada"))


def signed_sum(rows: dict[str, Any]) -> bytes:
    """As an evaluator sends it who formed it, and has the same key."""
    total = 3 * from_ada(rows)
    with pytest.raises(ParameterError, match="decrypt it first"):
        total.signed(person("eva"))
    Evaluator(key()).decrypt(total, signed_by=ADA)
    return total.signed(person("eva")).to_bytes()


def test_a_sum_is_opened_on_the_word_of_who_formed_it(tmp_path: Path) -> None:
    evaluator = Evaluator(key(), state=tmp_path / "state")
    rows = table(65)
    total = CiphertextBatch.from_bytes(signed_sum(rows))
    assert total.combined and total.signer == EVA.ed25519
    assert evaluator.decrypt(total, formed_by=EVA).tolist() == (3 * (scores(rows) + 5)).tolist()
    for ask in (evaluator.decrypt, key().decrypt):  # to sign is not to form: anybody who signs rows could sign sums
        with pytest.raises(SignatureError, match="sum that came as bytes"):
            ask(total, signed_by=EVA)
    with pytest.raises(SignatureError, match="ben"):
        evaluator.decrypt(total, formed_by=BEN)
    for batch in (total[1:], 2 * total):
        with pytest.raises(SignatureError, match="not signed"):
            evaluator.decrypt(batch, formed_by=EVA)
    for options in ({"unsigned": True}, {"signed_by": ADA}):
        with pytest.raises(ParameterError):
            evaluator.decrypt(total, formed_by=EVA, **options)
    with pytest.raises(ParameterError, match="decrypt it first"):
        total.vouched_by(EVA).signed(person("ben"))
    assert evaluator.incidents == ()


def test_the_weights_of_a_sum_are_signed() -> None:
    data = signed_sum(table(3))
    payload = CiphertextBatch.from_bytes(data).native.to_bytes()
    start = data.index(payload[:64]) + head_of(payload)
    assert (read(data, start, 8), read(data, start + 16, 8)) == (3, 9)
    for at in (start, start + 8, start + 16, start + 24):  # w+, w-, and both words of W2
        wrong = data[:at] + bytes([data[at] ^ 2]) + data[at + 1 :]
        with pytest.raises(SignatureError):
            CiphertextBatch.from_bytes(wrong)


def test_who_vouches_for_what_is_refused_is_silenced(tmp_path: Path) -> None:
    """He signed what he cannot have accepted."""
    evaluator = Evaluator(key(), state=tmp_path / "state")
    data = bytearray((2 * encrypted(table(3))).native.to_bytes())
    data[-1] ^= 0x40
    like = encrypted(table(3))
    native = IPFE_RLWE.read_batch(memoryview(bytes(data)))
    facts = {"parameter_hash": like.parameter_hash, "schema_id": like.schema_id, "encrypted_rows": 3}
    forged = CiphertextBatch(like.adapter, native, **facts)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(type(IPFE_RLWE), "require_signable", lambda self, batch: None)
        forged = CiphertextBatch.from_bytes(forged.signed(person("eva")).to_bytes())
    with pytest.raises(RefusedError):
        evaluator.decrypt(forged, formed_by=EVA)
    [incident] = evaluator.incidents
    assert (incident.signer, incident.envelope) == (EVA.ed25519, forged.id)
    with pytest.raises(SilencedError):
        evaluator.decrypt(CiphertextBatch.from_bytes(signed_sum(table(3))), formed_by=EVA)


# -- sum_w in the schema ---------------------------------------------------------------------------------------


def test_sum_w_is_bound_into_keys() -> None:
    one, more = authority(1), authority()
    assert one.schema.id != more.schema.id and one.schema == more.schema.with_sum_w(1)
    assert one.public_key.parameter_hash != more.public_key.parameter_hash
    assert key().native.parameters.sum_w == SUM_W and key(1).native.parameters.sum_w == 1
    again = pyfe.PublicKey.from_bytes(more.public_key.to_bytes())
    assert again.schema.sum_w == SUM_W and again == more.public_key
    data = key().to_bytes()
    assert pyfe.FunctionKey.from_bytes(data, public_key=again).native.parameters.sum_w == SUM_W
    with pytest.raises(KeyMismatchError):
        pyfe.FunctionKey.from_bytes(data, public_key=one.public_key)
    with pytest.raises(KeyMismatchError):
        key(1).decrypt(encrypted(table(2)))


def test_larger_sums_take_more_bits() -> None:
    small, large = (key(w).native.parameters for w in (1, SUM_W))
    assert large.K > 60 * small.K and large.q > 2**11 * small.q and large.sigma_256 == small.sigma_256


def test_other_schemes_add_as_ever() -> None:
    schema = authority(3).schema
    free = pyfe.Policy.unrestricted(reason="a test")
    made = pyfe.KeyAuthority.create(schema, policy=free)
    function = pyfe.Function.from_integers(schema, list(WEIGHTS), 5)
    rows = table(3)
    batch = made.public_key.encrypt(rows)
    found = made.issue(function, purpose="a test").decrypt(7 * batch)
    assert found.tolist() == (7 * scores(rows) + 35).tolist()
