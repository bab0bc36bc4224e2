"""The slow twin against the documents it was written from, and against libsodium (rbcl). The core is not involved."""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Iterator
from itertools import combinations, pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from gmpy2 import invert, mpz

from tests.reference import envelope
from tests.reference import ipfe_ddh as ddh
from tests.reference import ristretto255 as group
from tests.reference.dlog import discrete_log
from tests.reference.hash_to_group import expand_message_xmd, hash_to_group
from tests.vectors import generate

VECTORS = Path(__file__).resolve().parent.parent / "vectors"
P, D = group.P, group.D


def _load(name: str) -> Any:
    return json.loads((VECTORS / name).read_text())


RFC9496 = _load("rfc9496.json")
RFC9380 = _load("rfc9380_xmd_sha512.json")
IPFE = _load("ipfe_ddh.json")
SETTINGS = IPFE["settings"]


def _field(text: str) -> mpz:
    return mpz(int.from_bytes(bytes.fromhex(text), "little"))


def _point(text: str) -> group.Point:
    return group.decode(bytes.fromhex(text))


@pytest.fixture(scope="module")
def sodium() -> ModuleType:
    module: ModuleType = pytest.importorskip("rbcl")
    return module


@pytest.fixture
def words(seed: int) -> Iterator[bytes]:
    return (hashlib.sha512(f"{seed} {i}".encode()).digest() for i in range(10**6))


# --- The field and the curve ----------------------------------------------------------------------------------------


def test_constants_satisfy_their_definitions() -> None:
    assert D * 121666 % P == -121665 % P
    assert group.SQRT_M1**2 % P == P - 1
    assert group.SQRT_AD_MINUS_ONE**2 % P == (-D - 1) % P
    assert group.INVSQRT_A_MINUS_D**2 * (-1 - D) % P == 1
    assert group.ONE_MINUS_D_SQ == (1 - D**2) % P
    assert group.D_MINUS_ONE_SQ == (D - 1) ** 2 % P


@pytest.mark.parametrize("case", RFC9496["sqrt_ratio_m1"])
def test_square_roots(case: dict[str, Any]) -> None:
    assert group.sqrt_ratio_m1(_field(case["u"]), _field(case["v"])) == (case["was_square"], _field(case["r"]))


def test_addition_is_the_edwards_law(words: Iterator[bytes]) -> None:
    """The affine law of Bernstein and Lange with a = -1, on points of the whole curve, doubles included."""
    points = [group.map_to_element(next(words)[:32]) for _ in range(4)] + [group.IDENTITY, group.GENERATOR]
    for p in points:
        for q in points:
            x1, y1 = (c * invert(p.Z, P) for c in (p.X, p.Y))
            x2, y2 = (c * invert(q.Z, P) for c in (q.X, q.Y))
            product = D * x1 * x2 * y1 * y2
            x3 = (x1 * y2 + y1 * x2) * invert(1 + product, P) % P
            y3 = (y1 * y2 + x1 * x2) * invert(1 - product, P) % P
            r = group.add(p, q)
            assert (-(x3**2) + y3**2 - 1 - D * x3**2 * y3**2) % P == 0
            assert r.X * invert(r.Z, P) % P == x3 and r.Y * invert(r.Z, P) % P == y3
            assert (r.X * r.Y - r.T * r.Z) % P == 0


# --- RFC 9496, appendix A -------------------------------------------------------------------------------------------


def test_multiples_of_the_generator() -> None:
    total = group.IDENTITY
    for i, text in enumerate(RFC9496["multiples_of_the_generator"]):
        assert group.encode(total).hex() == text
        assert group.encode(group.mul(i, group.GENERATOR)).hex() == text
        assert group.equal(_point(text), total)
        assert group.encode(_point(text)).hex() == text
        total = group.add(total, group.GENERATOR)


REASONS = {
    "non_canonical": "canonical|negative",
    "negative_field_element": "negative field",
    "non_square_x2": "square",
    "negative_xy": "x y is negative",
    "y_is_zero": "y is zero",
}


@pytest.mark.parametrize(("kind", "text"), [(k, t) for k, ts in RFC9496["invalid_encodings"].items() for t in ts])
def test_invalid_encodings(kind: str, text: str) -> None:
    with pytest.raises(ValueError, match=REASONS[kind]):
        _point(text)


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_encodings_of_another_length(length: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        group.decode(bytes(length))


@pytest.mark.parametrize("case", RFC9496["element_derivation"])
def test_element_derivation(case: dict[str, str]) -> None:
    assert group.encode(group.from_uniform_bytes(bytes.fromhex(case["input"]))).hex() == case["output"]


def test_element_derivation_from_inputs_of_one_output() -> None:
    case = RFC9496["element_derivation_same_output"]
    for text in case["inputs"]:
        assert group.encode(group.from_uniform_bytes(bytes.fromhex(text))).hex() == case["output"]


# --- The group ------------------------------------------------------------------------------------------------------


def test_all_representations_are_one_element(words: Iterator[bytes]) -> None:
    """Adding a point of order 1, 2 or 4 changes the representation, not the element; scaling changes neither."""
    i = group.SQRT_M1
    torsion = [group.Point(mpz(x), mpz(y), mpz(1), mpz(0)) for x, y in ((0, 1), (0, -1 % P), (i, 0), (-i % P, 0))]
    p = group.from_uniform_bytes(next(words))
    other = group.add(p, group.GENERATOR)
    for t in torsion:
        q = group.add(p, t)
        scaled = group.Point(*(c * 12345 % P for c in q))
        assert group.equal(p, q) and group.equal(q, scaled) and not group.equal(q, other)
        assert group.encode(p) == group.encode(q) == group.encode(scaled)


def test_group_laws(words: Iterator[bytes]) -> None:
    p, q = group.from_uniform_bytes(next(words)), group.from_uniform_bytes(next(words))
    a, b = group.scalar_reduce(next(words)), group.scalar_reduce(next(words))
    assert group.encode(group.sub(group.add(p, q), q)) == group.encode(p)
    assert group.encode(group.add(p, group.neg(p))) == bytes(32)
    assert group.encode(group.mul(a + b, p)) == group.encode(group.add(group.mul(a, p), group.mul(b, p)))
    assert group.encode(group.mul(-3, p)) == group.encode(group.neg(group.add(p, group.add(p, p))))
    assert group.encode(group.mul(group.ORDER, p)) == bytes(32)
    assert group.encode(group.mul(a * group.scalar_invert(a), p)) == group.encode(p)


def test_scalars_are_canonical() -> None:
    for value in (0, 1, group.ORDER - 1):
        assert group.scalar_from_bytes(group.scalar_to_bytes(value)) == value
    for value in (group.ORDER, 2**255, 2**256 - 1):
        with pytest.raises(ValueError, match="canonical"):
            group.scalar_from_bytes(value.to_bytes(32, "little"))


# --- libsodium ------------------------------------------------------------------------------------------------------


def test_published_vectors_hold_for_libsodium(sodium: ModuleType) -> None:
    multiples = [bytes.fromhex(t) for t in RFC9496["multiples_of_the_generator"]]
    for previous, here in pairwise(multiples):
        assert sodium.crypto_core_ristretto255_add(previous, multiples[1]) == here
        assert sodium.crypto_core_ristretto255_is_valid_point(here)
    for texts in RFC9496["invalid_encodings"].values():
        assert not any(sodium.crypto_core_ristretto255_is_valid_point(bytes.fromhex(t)) for t in texts)
    same = RFC9496["element_derivation_same_output"]
    pairs = [(c["input"], c["output"]) for c in RFC9496["element_derivation"]]
    for source, output in pairs + [(i, same["output"]) for i in same["inputs"]]:
        assert sodium.crypto_core_ristretto255_from_hash(bytes.fromhex(source)).hex() == output


def test_group_agrees_with_libsodium(sodium: ModuleType, words: Iterator[bytes]) -> None:
    for _ in range(100):
        wide = next(words)
        a = group.scalar_reduce(wide)
        scalar = group.scalar_to_bytes(a)
        assert sodium.crypto_core_ristretto255_scalar_reduce(wide) == scalar
        assert sodium.crypto_core_ristretto255_scalar_invert(scalar) == group.scalar_to_bytes(group.scalar_invert(a))
        seeds = next(words), next(words)
        p, q = (group.from_uniform_bytes(s) for s in seeds)
        p_bytes, q_bytes = (sodium.crypto_core_ristretto255_from_hash(s) for s in seeds)
        assert (group.encode(p), group.encode(q)) == (p_bytes, q_bytes)
        assert sodium.crypto_core_ristretto255_add(p_bytes, q_bytes) == group.encode(group.add(p, q))
        assert sodium.crypto_core_ristretto255_sub(p_bytes, q_bytes) == group.encode(group.sub(p, q))
        assert sodium.crypto_scalarmult_ristretto255(scalar, p_bytes) == group.encode(group.mul(a, p))
        assert sodium.crypto_scalarmult_ristretto255_base(scalar) == group.encode(group.mul(a, group.GENERATOR))


def test_decoding_agrees_with_libsodium(sodium: ModuleType, words: Iterator[bytes]) -> None:
    """Random even strings below 2^255: about a quarter of them encode an element."""
    valid = 0
    for _ in range(400):
        head = next(words)[:32]
        data = bytes([head[0] & 0xFE]) + head[1:31] + bytes([head[31] & 0x7F])
        try:
            assert group.encode(group.decode(data)) == data
            ours = True
        except ValueError:
            ours = False
        assert ours == sodium.crypto_core_ristretto255_is_valid_point(data)
        valid += ours
    assert 40 < valid < 200


# --- Hashing --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "case",
    RFC9380["expand_message_xmd"] + RFC9380["expand_message_xmd_oversize_dst_sha256"],
    ids=lambda c: c["msg"][:6],
)
def test_expand_message(case: dict[str, Any]) -> None:
    out = expand_message_xmd(case["msg"].encode(), case["dst"].encode(), case["len_in_bytes"], case["hash"])
    assert out.hex() == case["uniform_bytes"]


def test_expand_message_refuses_too_much() -> None:
    assert len(expand_message_xmd(b"", b"tag", 255 * 64)) == 255 * 64
    for length in (0, 255 * 64 + 1, 65536):
        with pytest.raises(ValueError, match="expand"):
            expand_message_xmd(b"", b"tag", length)


@pytest.mark.parametrize("case", RFC9380["hash_to_group_blinded"])
def test_hash_to_group(case: dict[str, str]) -> None:
    """RFC 9497: BlindedElement = Blind * HashToGroup(Input), EvaluationElement = skS * BlindedElement."""
    element = hash_to_group(bytes.fromhex(case["msg_hex"]), bytes.fromhex(case["dst_hex"]))
    blinded = group.mul(group.scalar_from_bytes(bytes.fromhex(case["blind"])), element)
    assert group.encode(blinded).hex() == case["blinded_element"]
    if "secret_key" in case:
        evaluated = group.mul(group.scalar_from_bytes(bytes.fromhex(case["secret_key"])), blinded)
        assert group.encode(evaluated).hex() == case["evaluation_element"]


@pytest.mark.parametrize("name", ["sha256", "sha512"])
def test_sha2_vectors_hold_for_hashlib(name: str) -> None:
    for case in _load("sha2.json")[name]:
        assert hashlib.new(name, bytes.fromhex(case["msg"]) * case["repeat"]).hexdigest() == case["digest"]


# --- Discrete logarithms --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("low", "high"), [(0, 0), (-3, -3), (-5, 4), (7, 1007), (-70000, 1), (-(2**24), 2**24)])
def test_discrete_log(low: int, high: int) -> None:
    for z in {low, low + 1, 0, (low + high) // 2, high - 1, high}:
        expected = z if low <= z <= high else None
        assert discrete_log(group.mul(z, group.GENERATOR), low, high) == expected
    for z in (low - 1, high + 1):
        assert discrete_log(group.mul(z, group.GENERATOR), low, high) is None


# --- The scheme -----------------------------------------------------------------------------------------------------

SMALL = ddh.Parameters((-3, 0), (2, 5), 4)
TAPE = generate.Stream("test_reference").take(64 * 16)


def test_formulas_from_the_secrets() -> None:
    """With msk and r in hand, every element of a key and a ciphertext is a known combination of G and H."""
    mpk, msk = ddh.setup(SMALL, TAPE)
    r = group.scalar_reduce(TAPE[:64])
    (row,) = ddh.encrypt(mpk, [[-3, 5]], TAPE).rows
    assert group.equal(row.C, group.mul(r, ddh.G)) and group.equal(row.D, group.mul(r, ddh.H))
    for x_i, s_i, t_i, e_i in zip((-3, 5), msk.s, msk.t, row.E, strict=True):
        assert group.equal(e_i, group.mul_sum([(x_i + r * s_i, ddh.G), (r * t_i, ddh.H)]))
    sk = ddh.keygen(msk, [[4, -1]])
    assert sk.scalars == (((4 * msk.s[0] - msk.s[1]) % group.ORDER, (4 * msk.t[0] - msk.t[1]) % group.ORDER),)
    assert sk.intervals == ((-17, 8),)


def test_interval_is_reached_and_exact() -> None:
    parameters = ddh.Parameters((-3, 0, 4), (2, 5, 4), 9)
    grid = [(a, b, 4) for a in range(-3, 3) for b in range(6)]
    for y in [(1, 1, 1), (-9, 2, 0), (0, -3, -1), (0, 0, 5)]:
        values = [ddh.inner(x, y) for x in grid]
        assert ddh.interval(parameters, y) == (min(values), max(values))


def test_wrong_keys_give_nothing() -> None:
    mpk, msk = ddh.setup(SMALL, TAPE)
    ct = ddh.encrypt(mpk, [[1, 2]], TAPE)
    sk = ddh.keygen(msk, [[1, 1]])
    other = ddh.FunctionKey(sk.public_key_id, ((1, 2),), sk.intervals, sk.scalars)
    assert ddh.verify_key(mpk, sk) and not ddh.verify_key(mpk, other)
    with pytest.raises(ValueError, match="row 0, function 0"):
        ddh.decrypt(other, ct)
    foreign, _ = ddh.setup(SMALL, TAPE[64:])
    with pytest.raises(ValueError, match="different public keys"):
        ddh.decrypt(sk, ddh.encrypt(foreign, [[1, 2]], TAPE))


@pytest.mark.parametrize("x", [[[0, 0], [-4, 0]], [[0, 0], [0, 6]], [[3, 0]]])
def test_plaintexts_out_of_range(x: list[list[int]]) -> None:
    mpk, _ = ddh.setup(SMALL, TAPE)
    with pytest.raises(ValueError, match=f"row {len(x) - 1}, coordinate"):
        ddh.encrypt(mpk, x, TAPE)


def test_functions_out_of_bounds() -> None:
    _, msk = ddh.setup(SMALL, TAPE)
    for y in ([0, 0], [5, 0], [0, -5]):
        with pytest.raises(ValueError, match="zero, or exceeds"):
            ddh.keygen(msk, [y])
    _, wide = ddh.setup(ddh.Parameters((0,), (2**44 + 1,), 1), TAPE)
    with pytest.raises(ValueError, match="too wide"):
        ddh.keygen(wide, [[1]])


def test_randomness_runs_out() -> None:
    with pytest.raises(ValueError, match="left"):
        ddh.setup(SMALL, TAPE[:255])
    mpk, _ = ddh.setup(SMALL, TAPE[:256])
    with pytest.raises(ValueError, match="left"):
        ddh.encrypt(mpk, [[0, 0], [0, 0]], TAPE[:127])


def test_combinations_of_combinations() -> None:
    """The weights of a sum of sums, and its interval, follow from the weights of the parts."""
    mpk, msk = ddh.setup(SMALL, TAPE)
    x = [[-3, 5], [2, 0], [1, 1]]
    ct = ddh.encrypt(mpk, x, TAPE)
    parts = [ddh.weighted_sum(ct, w).rows[0] for w in ([1, -2, 0], [0, 3, -1])]
    both = ddh.weighted_sum(ddh.CiphertextBatch(mpk.id, 2, tuple(parts), combined=True), [2, -1])
    assert (both.rows[0].w_pos, both.rows[0].w_neg) == (2 * 1 + 1, 2 * 2 + 3)
    direct = ddh.weighted_sum(ct, [2, -7, 1])
    assert (direct.rows[0].w_pos, direct.rows[0].w_neg) == (3, 7)
    assert group.equal(both.rows[0].C, direct.rows[0].C)
    sk = ddh.keygen(msk, [[4, -1]])
    expected = 2 * ddh.inner(x[0], (4, -1)) - 7 * ddh.inner(x[1], (4, -1)) + ddh.inner(x[2], (4, -1))
    assert ddh.decrypt(sk, both) == ddh.decrypt(sk, direct) == [[expected]]


# --- The frozen vectors ---------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("name", list(generate.FILES))
def test_regeneration_changes_no_byte(name: str) -> None:
    assert generate.text(name) == (VECTORS / name).read_text()


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda s: s["name"])
def test_vectors_survive_their_bytes(setting: dict[str, Any]) -> None:
    """Everything decodes and encodes back; decrypted from bytes alone, the results are those of the file."""
    mpk = ddh.MasterPublicKey.from_bytes(bytes.fromhex(setting["mpk"]))
    msk = ddh.MasterSecretKey.from_bytes(bytes.fromhex(setting["msk"]))
    assert mpk.to_bytes().hex() == setting["mpk"] and msk.to_bytes().hex() == setting["msk"]
    assert mpk.id == msk.public_key_id == bytes.fromhex(setting["mpk_id"])
    assert all(
        group.equal(h, group.mul_sum([(s, ddh.G), (t, ddh.H)])) for h, s, t in zip(mpk.h, msk.s, msk.t, strict=True)
    )
    batch = setting["batches"][1]
    ct = ddh.CiphertextBatch.from_bytes(bytes.fromhex(batch["payload"]))
    assert ct.to_bytes().hex() == batch["payload"]
    for entry, results in zip(setting["keys"], batch["results"], strict=True):
        sk = ddh.FunctionKey.from_bytes(bytes.fromhex(entry["payload"]))
        assert sk.to_bytes().hex() == entry["payload"]
        for points, values in zip(ddh.decrypt_points(sk, ct), results, strict=True):
            assert all(group.equal(p, group.mul(z, ddh.G)) for p, z in zip(points, values, strict=True))


def test_vectors_cover_what_they_should() -> None:
    assert {s["n"] for s in SETTINGS} >= {1, 3, 8, 17}
    assert all([len(b["x"]) for b in s["batches"]] == [1, 5, 9] for s in SETTINGS)
    results = [
        (z, s["keys"][k]["intervals"][f])
        for s in SETTINGS
        for b in s["batches"]
        for k, rows in enumerate(b["results"])
        for row in rows
        for f, z in enumerate(row)
    ]
    assert len(results) > 200
    assert any(z == low for z, (low, _) in results) and any(z == high for z, (_, high) in results)
    assert any(z < 0 for z, _ in results)
    ids = [s["mpk_id"] for s in SETTINGS] + [s["parameters_id"] for s in SETTINGS]
    assert all(a != b for a, b in combinations(ids, 2))


@pytest.mark.parametrize("kind", ["mpk", "msk", "sk", "ct", "combined"])
def test_payloads_of_another_length_are_refused(kind: str) -> None:
    setting = SETTINGS[0]
    text, decode = {
        "mpk": (setting["mpk"], ddh.MasterPublicKey.from_bytes),
        "msk": (setting["msk"], ddh.MasterSecretKey.from_bytes),
        "sk": (setting["keys"][2]["payload"], ddh.FunctionKey.from_bytes),
        "ct": (setting["batches"][0]["payload"], ddh.CiphertextBatch.from_bytes),
        "combined": (setting["combinations"][0]["payload"], ddh.CiphertextBatch.from_bytes),
    }[kind]
    good = bytes.fromhex(text)
    decode(good)
    for bad in [*(good[:length] for length in range(len(good))), good + b"\x00"]:
        with pytest.raises(ValueError, match=r"."):
            decode(bad)


def test_public_keys_that_open_ciphertexts_are_refused() -> None:
    mpk, _ = ddh.setup(SMALL, TAPE)
    for h in ((mpk.h[0], mpk.h[0]), (mpk.h[0], group.IDENTITY)):
        with pytest.raises(ValueError, match="identity, or two are equal"):
            ddh.MasterPublicKey.from_bytes(ddh.MasterPublicKey(SMALL, h).to_bytes())


# --- The envelope ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", _load("envelope.json")["right"], ids=lambda c: f"kind {c['kind']}")
def test_envelopes_that_are_right(case: dict[str, Any]) -> None:
    data = bytes.fromhex(case["bytes"])
    e = envelope.unpack(data)
    assert envelope.pack(e) == data
    for name, value in vars(e).items():
        assert case[name] == (value.hex() if isinstance(value, bytes) else value)
    assert struct.unpack_from("<QI", data, 76) == (len(e.payload), len(e.metadata))
    if e.signature:
        assert envelope.signed_part(data) + e.signature == data


@pytest.mark.parametrize("text", _load("envelope.json")["wrong"].values(), ids=_load("envelope.json")["wrong"].keys())
def test_envelopes_that_are_wrong(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        envelope.unpack(bytes.fromhex(text))


def test_every_cut_of_an_envelope_is_refused() -> None:
    for case in _load("envelope.json")["right"]:
        data = bytes.fromhex(case["bytes"])
        for length in range(len(data)):
            with pytest.raises(ValueError, match=r"."):
                envelope.unpack(data[:length])
