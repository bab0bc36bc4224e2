"""The slow twin of quadratic encryption: another program's vectors, its bytes, the attacks on its variants, its proofs.

The core is not involved. An attack that succeeds here on a variant is the reason for a rule of docs/math/qfe.md.
"""

from __future__ import annotations

import hmac
import json
import struct
from collections.abc import Callable
from functools import cache
from hashlib import sha512
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from tests.reference import bls12_381 as bls
from tests.reference import qfe
from tests.reference.bls12_381 import FP12_ONE, G1, G1_GENERATOR, G2, G2_GENERATOR, R
from tests.reference.codec import Reader

VECTORS = Path(__file__).resolve().parent.parent / "vectors"
FROZEN: dict[str, Any] = json.loads((VECTORS / "qfe.json").read_text())
DRAWS: list[dict[str, Any]] = json.loads((VECTORS / "qfe_draws.json").read_text())

SETTINGS = pytest.mark.parametrize("setting", FROZEN["settings"], ids=lambda s: s["name"])
BOTH = pytest.mark.parametrize("k", [1, pytest.param(3, marks=pytest.mark.slow)])  # three times as long

# (x, y) with x in [-3, 4] x [0, 5] x [-4, 4] and y in [-2, 2] x [1, 6]; F has a value at both.
X, Y, F = [-3, 5, 2], [2, 6], [[1, -2], [0, 4], [-5, 3]]
OTHER = [4, 0, -1], [-2, 1]


def tape(label: str, length: int = 64 * 64) -> bytes:
    return b"".join(sha512(f"{label} {i}".encode()).digest() for i in range(length // 64))


def parameters(k: int) -> qfe.Parameters:
    return qfe.Parameters(k, (-3, 0, -4), (4, 5, 4), (-2, 1), (2, 6), f_bound=10)


@cache
def keys(k: int, label: str = "a setup") -> tuple[qfe.MasterPublicKey, qfe.MasterSecretKey]:
    return qfe.setup(parameters(k), tape(label))


@cache
def ciphertext(k: int, label: str = "an encryption") -> qfe.CiphertextBatch:
    return qfe.encrypt(keys(k)[0], [X], [Y], tape(label))


@cache
def function_key(k: int) -> qfe.FunctionKey:
    return qfe.keygen(keys(k)[1], qfe.Matrices.of(F))


def sparse(matrix: qfe.Matrix) -> qfe.Entries:
    return qfe.Matrices.of(matrix).entries[0]


def value(matrix: qfe.Matrix, x: qfe.Vector, y: qfe.Vector) -> int:
    return sum(x_i * v * y_j for x_i, row in zip(x, matrix, strict=True) for v, y_j in zip(row, y, strict=True))


def opened(element: bls.Fp12, bound: int = 200) -> int | None:
    return qfe.gt_log(element, -bound, bound)


def row_of(k: int, x: qfe.Vector, y: qfe.Vector, gamma: int, V: qfe.Matrix) -> qfe.Row:
    """A ciphertext under the public key of ``keys(k)`` with chosen randomness."""
    mpk, inverse = keys(k)[0], qfe.inverted(V)
    assert inverse is not None
    return qfe.encrypt_row(mpk.alpha, mpk.beta, x, y, gamma, V, inverse)


def basis(k: int, label: str) -> qfe.Matrix:
    return qfe.Tape(tape(label)).basis(k + 1)[0]


# --- Another program's vectors --------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("instance", DRAWS, ids=lambda instance: instance["scheme"])
def test_draws_of_another_program(instance: dict[str, Any]) -> None:
    """Ciphertexts and keys, point by point, from the listed draws; alpha is injected, its hash had another tag."""
    k = int(instance["scheme"][-1])
    m = instance["dims"][1]
    draws = iter([int(v, 16) for v in instance["setup_draws"]])
    beta = [[next(draws) for _ in range(k)] for _ in range(m)]
    alpha = tuple(tuple(bls.g1_decode(bytes.fromhex(p)) for p in row) for row in instance["mpk"]["alpha1"])
    beta2 = tuple(tuple(G2.mul(b, G2_GENERATOR) for b in row) for row in beta)
    assert [[bls.g2_encode(p).hex() for p in row] for row in beta2] == instance["mpk"]["beta2"]
    for case in instance["cases"]:
        gamma, *rest = (int(v, 16) for v in case["enc_draws"])
        V = [rest[i : i + k + 1] for i in range(0, (k + 1) ** 2, k + 1)]
        inverse = qfe.inverted(V)
        assert inverse is not None
        row = qfe.encrypt_row(alpha, beta2, *case["message"], gamma + 1, V, inverse)
        c = [[bls.g1_encode(p).hex() for p in c_i] for c_i in qfe.transposed(row.c)]
        d = [[bls.g2_encode(p).hex() for p in d_j] for d_j in qfe.transposed(row.d)]
        assert [bls.g1_encode(row.gamma1).hex(), bls.g2_encode(row.gamma2).hex(), c, d] == case["ct"]
        form = sparse(case["function"])
        halves = qfe.key_halves(alpha, beta, form, int(case["key_draws"][0], 16))
        assert [bls.g1_encode(halves[0]).hex(), bls.g2_encode(halves[1]).hex()] == case["sk"]
        assert opened(qfe.decrypt_element(form, halves, row), 2000) == case["result"]


# --- The frozen vectors ---------------------------------------------------------------------------------------------


def forms_of(entry: dict[str, Any]) -> qfe.Forms:
    if entry["kind"] == "matrix":
        return qfe.Matrices.of(*entry["F"])
    U, V, Q = (tuple(tuple(row) for row in entry[name]) for name in "UVQ")
    return qfe.Factors(U, V, Q)


@pytest.mark.slow
@SETTINGS
def test_vectors_survive_their_bytes(setting: dict[str, Any]) -> None:
    """Everything decodes and encodes back; decrypted from bytes alone, the results are x^T F y."""
    mpk = qfe.MasterPublicKey.from_bytes(bytes.fromhex(setting["mpk"]))
    msk = qfe.MasterSecretKey.from_bytes(bytes.fromhex(setting["msk"]))
    ct = qfe.CiphertextBatch.from_bytes(bytes.fromhex(setting["ciphertexts"]))
    assert (mpk.to_bytes().hex(), msk.to_bytes().hex()) == (setting["mpk"], setting["msk"])
    assert ct.to_bytes().hex() == setting["ciphertexts"]
    assert mpk.id.hex() == setting["mpk_id"] and mpk.parameters.id.hex() == setting["parameters_id"]
    assert mpk.id == msk.public_key_id == ct.public_key_id
    assert mpk.beta == tuple(tuple(G2.mul(b, G2_GENERATOR) for b in row) for row in msk.beta)
    assert all(qfe.well_formed(row) for row in ct.rows)
    for entry, results in zip(setting["keys"], setting["results"], strict=True):
        sk = qfe.FunctionKey.from_bytes(bytes.fromhex(entry["payload"]))
        assert sk.to_bytes().hex() == entry["payload"] and sk.forms == forms_of(entry)
        assert qfe.verify_key(mpk, sk)
        assert qfe.decrypt(sk, ct) == results
        assert results == [
            [sum(x[i] * v * y[j] for i, j, v in form) for form in sk.forms.matrices()]
            for x, y in zip(setting["x"], setting["y"], strict=True)
        ]


def test_vectors_cover_what_they_should() -> None:
    settings = FROZEN["settings"]
    assert {(s["k"], s["square"]) for s in settings} == set(product((1, 3), (False, True)))
    assert {key["kind"] for s in settings for key in s["keys"]} == {"matrix", "factored"}
    assert {key["kind"] == "factored" and key["U"] == key["V"] for s in settings for key in s["keys"]} == {True, False}
    assert any(z < 0 for s in settings for key in s["results"] for row in key for z in row)
    assert len({s["mpk_id"] for s in settings} | {s["parameters_id"] for s in settings}) == 2 * len(settings)
    assert len((VECTORS / "qfe.json").read_bytes()) < 60 * 1024


def test_one_matrix_has_one_key_however_it_is_given() -> None:
    setting = FROZEN["settings"][0]
    factored, matrix = (qfe.FunctionKey.from_bytes(bytes.fromhex(key["payload"])) for key in setting["keys"][2:])
    assert isinstance(factored.forms, qfe.Factors) and isinstance(matrix.forms, qfe.Matrices)
    assert factored.forms.matrices() == matrix.forms.matrices()
    assert factored.halves == matrix.halves and len(set(factored.halves)) == factored.forms.count


def test_projected_vectors() -> None:
    (setting,) = (s for s in FROZEN["settings"] if "projection" in s)
    projection = setting["projection"]
    ct = qfe.CiphertextBatch.from_bytes(bytes.fromhex(projection["ciphertexts"]))
    sk = qfe.FunctionKey.from_bytes(bytes.fromhex(projection["payload"]))
    whole = qfe.FunctionKey.from_bytes(bytes.fromhex(setting["keys"][projection["key"]]["payload"]))
    assert (ct.n, ct.m) == (len(projection["P1"]), len(projection["P2"])) and sk.halves == whole.halves
    assert qfe.decrypt(sk, ct) == setting["results"][projection["key"]]
    with pytest.raises(ValueError, match="not the form"):
        qfe.project_key(whole, projection["P1"][::-1], projection["P2"], sk.forms)


def test_randomness_that_is_drawn_again() -> None:
    """The words that must be refused can be left out; the ciphertexts stay the same."""
    setting = FROZEN["settings"][0]
    random = bytes.fromhex(setting["random"])
    words = [random[at : at + 64] for at in range(0, len(random), 64)]
    row = 2 + 1 + 3 * 4
    used = [words[start + e] for start in range(0, len(words), row) for e in (2, 11, 12, 13, 14)]
    assert len(words) == 2 * row and words[0] == bytes(64) and int.from_bytes(words[1], "little") == R
    mpk = qfe.MasterPublicKey.from_bytes(bytes.fromhex(setting["mpk"]))
    ct = qfe.encrypt(mpk, setting["x"], setting["y"], b"".join(used))
    assert ct.to_bytes().hex() == setting["ciphertexts"]
    with pytest.raises(ValueError, match="left"):
        qfe.encrypt(mpk, setting["x"], setting["y"], b"".join(used)[:-1])


# --- The scheme -----------------------------------------------------------------------------------------------------


@BOTH
def test_formulas_from_the_secrets(k: int) -> None:
    """<c_i, d_j> = gamma <alpha_i, beta_j> + x_i y_j for every i, j, and K + K' = T, with alpha known to the test."""
    alpha = [[7 + 3 * i + e for e in range(k)] for i in range(3)]
    beta = [[5 + 2 * j + 11 * e for e in range(k)] for j in range(2)]
    points = tuple(tuple(G1.mul(a, G1_GENERATOR) for a in row) for row in alpha)
    points2 = tuple(tuple(G2.mul(b, G2_GENERATOR) for b in row) for row in beta)
    V, inverse = qfe.Tape(tape("V")).basis(k + 1)
    row = qfe.encrypt_row(points, points2, X, Y, 13, V, inverse)
    for i, j in ((0, 0), (2, 1)):
        mask = sum(a * b for a, b in zip(alpha[i], beta[j], strict=True))
        element = qfe.pairing_product((c[i], d[j]) for c, d in zip(row.c, row.d, strict=True))
        assert element == bls.fp12_pow(qfe.gt_generator(), (13 * mask + X[i] * Y[j]) % R)
    T = sum(v * a * b for i, j, v in sparse(F) for a, b in zip(alpha[i], beta[j], strict=True))
    halves = qfe.key_halves(points, beta, sparse(F), 17)
    assert halves == (G1.mul((T - 17) % R, G1_GENERATOR), G2.mul(17, G2_GENERATOR))


def test_u_is_the_hmac_of_everything_that_names_the_key() -> None:
    _, msk = keys(3)
    name = b"PYFE-V1-qfe-sxdh-bls12381-u"
    info = struct.pack("<I", len(name)) + name + struct.pack("<I", 3) + msk.public_key_id
    info += struct.pack("<IIII", 0, 0, 3, 2)
    for i, j, v in ((0, 0, 1), (2, 0, -5), (0, 1, -2), (1, 1, 4), (2, 1, 3)):
        info += struct.pack("<IIq", i, j, v)
    expected = int.from_bytes(hmac.new(msk.prf_key, info, "sha512").digest(), "little") % R
    assert qfe.derive_u(msk, sparse(F)) == expected
    assert function_key(3).halves[0][1] == G2.mul(expected, G2_GENERATOR)
    others = [[[1, -2], [0, 4], [-5, 2]], [[1, 0], [-2, 4], [-5, 3]], [[-1, 2], [0, -4], [5, -3]]]
    assert len({expected, *(qfe.derive_u(msk, sparse(other)) for other in others)}) == 4
    assert qfe.derive_u(keys(3, "another setup")[1], sparse(F)) != expected


@BOTH
def test_alpha_is_hashed_from_scheme_nonce_and_place(k: int) -> None:
    mpk = keys(k)[0]
    name = {1: b"qfe-ggm-bls12381", 3: b"qfe-sxdh-bls12381"}[k]
    msg = struct.pack("<I", len(name)) + name + struct.pack("<I", k) + mpk.nonce + struct.pack("<II", 2, k - 1)
    dst = b"PYFE-V1-" + name + b"-alpha-BLS12381G1_XMD:SHA-256_SSWU_RO_"
    assert mpk.alpha[2][k - 1] == bls.hash_to_g1(msg, dst)
    assert len({p for row in mpk.alpha for p in row}) == 3 * k


@BOTH
def test_wrong_keys_give_nothing(k: int) -> None:
    """A key that states another form, and the key of another public key under this one's id."""
    (mpk, msk), ct, sk = keys(k), ciphertext(k), function_key(k)
    assert qfe.verify_key(mpk, sk) and qfe.decrypt(sk, ct) == [[value(F, X, Y)]]
    changed = [list(row) for row in F]
    changed[1][0] += 1
    lying = qfe.FunctionKey(sk.public_key_id, k, qfe.Matrices.of(changed), ((-1000, 1000),), sk.halves)
    foreign_msk = keys(k, "another setup")[1]
    foreign = qfe.keygen(foreign_msk, sk.forms)
    renamed = qfe.FunctionKey(msk.public_key_id, k, sk.forms, sk.intervals, foreign.halves)
    for wrong in (lying, renamed):
        assert not qfe.key_equation(mpk.alpha, mpk.beta, wrong.forms.matrices()[0], wrong.halves[0])
        with pytest.raises(ValueError, match="row 0, function 0"):
            qfe.decrypt(wrong, ct)
    assert not qfe.verify_key(mpk, foreign)
    with pytest.raises(ValueError, match="different public keys"):
        qfe.decrypt(foreign, ct)
    wider = qfe.FunctionKey(sk.public_key_id, k, sk.forms, ((-500, 500),), sk.halves)
    assert not qfe.verify_key(mpk, wider)


@BOTH
def test_halves_of_two_keys_do_not_combine(k: int) -> None:
    """K and K' of one form under two values of u: each pair works, mixed they do not."""
    (mpk, msk), row = keys(k), ciphertext(k).rows[0]
    pairs = [qfe.key_halves(mpk.alpha, msk.beta, sparse(F), u) for u in (123, 456)]
    for halves in pairs:
        assert opened(qfe.decrypt_element(sparse(F), halves, row)) == value(F, X, Y)
    mixed = (pairs[0][0], pairs[1][1])
    assert opened(qfe.decrypt_element(sparse(F), mixed, row)) is None
    assert not qfe.key_equation(mpk.alpha, mpk.beta, sparse(F), mixed)


@BOTH
def test_a_damaged_gamma_is_noticed(k: int) -> None:
    row = ciphertext(k).rows[0]
    assert qfe.well_formed(row)
    for damaged in (
        qfe.Row(G1.add(row.gamma1, G1_GENERATOR), row.gamma2, row.c, row.d),
        qfe.Row(row.gamma1, G2.add(row.gamma2, row.gamma2), row.c, row.d),
    ):
        assert not qfe.well_formed(damaged)
        assert opened(qfe.decrypt_element(sparse(F), function_key(k).halves[0], damaged)) is None


@BOTH
def test_inputs_out_of_range(k: int) -> None:
    mpk = keys(k)[0]
    for x, y, where in (
        ([5, 0, 0], [0, 1], "0 of x: 5"),
        ([0, 0, -5], [0, 1], "2 of x: -5"),
        ([0, 0, 0], [0, 0], "1 of y: 0"),
    ):
        with pytest.raises(ValueError, match=f"row 1, coordinate {where}"):
            qfe.encrypt(mpk, [X, x], [Y, y], tape("out of range"))
    with pytest.raises(ValueError, match="exactly when"):
        qfe.encrypt(mpk, [X], None, tape("no y"))
    with pytest.raises(ValueError, match="bound"):
        qfe.keygen(keys(k)[1], qfe.Matrices.of([[11, 0], [0, 0], [0, 0]]))


# --- Intervals ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", FROZEN["intervals"], ids=lambda case: case["kind"])
def test_intervals_contain_every_value(case: dict[str, Any]) -> None:
    """Over all points of the box where that is small; the vectors say what is refused."""
    box = qfe.Parameters.read(Reader(bytes.fromhex(case["parameters"])))
    forms = forms_of(case)
    if "refused" in case:
        with pytest.raises(ValueError, match=case["refused"]):
            qfe.result_intervals(box, forms)
        return
    assert [list(pair) for pair in qfe.result_intervals(box, forms)] == case["intervals"]
    if max(hi - lo for lo, hi in box.x_ranges + box.y_ranges) > 16:
        return
    points = list(product(*(range(lo, hi + 1) for lo, hi in box.x_ranges)))
    others = None if box.square else list(product(*(range(lo, hi + 1) for lo, hi in box.y_ranges)))
    for form, (low, high) in zip(forms.matrices(), case["intervals"], strict=True):
        values = [qfe.evaluate(form, x, y) for x in points for y in (others or [x])]
        assert low <= min(values) and max(values) <= high


def test_intervals_by_hand() -> None:
    """x in [1, 1] x [-4, 3] x [0, 9], y = x: squares are not negative, and the narrower of two bounds counts."""
    box = qfe.Parameters(1, (1, -4, 0), (1, 3, 9), f_bound=100)
    assert qfe.result_intervals(box, qfe.Matrices.of([[0, 0, 0], [0, 1, 0], [0, 0, -1]])) == ((-81, 16),)
    whole = qfe.Factors(((7, 1, 1),), ((7, 1, 1),), ((1,),))  # (7 + x_1 + x_2)^2, the sum in [3, 19]
    assert qfe.result_intervals(box, whole) == ((9, 361),)
    multiplied_out = qfe.Matrices(3, 3, whole.matrices())
    assert qfe.result_intervals(box, multiplied_out) == ((49 + 0 + 0 - 56 + 0 - 72, 49 + 16 + 81 + 42 + 126 + 54),)
    difference = qfe.Factors(((0, 1, 0), (0, 1, 0)), ((0, 1, 0), (0, 0, 1)), ((1, 1),))
    assert qfe.result_intervals(box, difference) == ((-36, 16 + 27),)


# --- Bytes ----------------------------------------------------------------------------------------------------------

KINDS: dict[str, Callable[[bytes], Any]] = {
    "mpk": qfe.MasterPublicKey.from_bytes,
    "msk": qfe.MasterSecretKey.from_bytes,
    "sk": qfe.FunctionKey.from_bytes,
    "ct": qfe.CiphertextBatch.from_bytes,
}


def good_bytes(kind: str) -> bytes:
    mpk, msk = keys(1)
    return {"mpk": mpk, "msk": msk, "sk": function_key(1), "ct": ciphertext(1)}[kind].to_bytes()


@pytest.mark.parametrize("kind", list(KINDS))
def test_objects_of_another_length_are_refused(kind: str) -> None:
    good, decode = good_bytes(kind), KINDS[kind]
    assert decode(good).to_bytes() == good
    for bad in (*(good[:length] for length in range(0, len(good), 31)), good[:-1], good + b"\0"):
        with pytest.raises(ValueError, match=r"."):
            decode(bad)


def test_damaged_fields_are_refused() -> None:
    """One field each; positions follow from the formats."""
    n, m = 3, 2
    P = 10 + 16 * (n + m) + 40
    entry = 32 + 13 + 1 + 8  # of a key: the first (i, j, v), after mpk_id, k, n, m, C, kind and the count
    sk = len(good_bytes("sk"))
    identity1, identity2 = b"\xc0" + bytes(47), b"\xc0" + bytes(95)
    wrong = [
        ("mpk", 0, b"\2", "k, n"),
        ("mpk", 1, b"\2", "flag"),
        ("mpk", 1, b"\1", "flag"),
        ("mpk", 10, struct.pack("<q", 5), "empty range"),
        ("mpk", P - 40, bytes(8), "bound of F"),
        ("mpk", P + 32, identity2, "identity"),
        ("mpk", P + 32 + 96, good_bytes("mpk")[P + 32 : P + 128], "two are equal"),
        ("mpk", P + 32, b"\x80" + bytes(95), r"."),
        ("msk", P + 64, R.to_bytes(32, "little"), "below r"),
        ("sk", 32, b"\2", "dimension 2"),
        ("sk", 33, bytes(4), "zero"),
        ("sk", 45, b"\2", "kind 2"),
        ("sk", 46, bytes(8), "zero"),
        ("sk", entry, struct.pack("<I", 3), "outside the matrix"),
        ("sk", entry, struct.pack("<IIq", 2, 0, 1), "out of order"),
        ("sk", entry + 8, bytes(8), "zero"),
        ("sk", sk - 160, struct.pack("<qq", 1, 0), "interval"),
        ("sk", sk - 160, struct.pack("<qq", 0, 2**44 + 1), "interval"),
        ("sk", sk - 144, identity1, "identity"),
        ("sk", sk - 96, identity2, "identity"),
        ("ct", 32, b"\2", "do not hold"),
        ("ct", 40, b"\2", "dimension 2"),
        ("ct", 49, identity1, "gamma is zero"),
        ("ct", 97, identity2, "gamma is zero"),
    ]
    for kind, at, patch, reason in wrong:
        good = good_bytes(kind)
        with pytest.raises(ValueError, match=reason):
            KINDS[kind](good[:at] + patch + good[at + len(patch) :])


def test_factored_forms_say_whether_both_sides_are_one() -> None:
    P = ((1, -2), (0, 3))
    same, other = (qfe.Factors(P, side, ((1, 2),)).to_bytes() for side in (P, P[::-1]))
    assert same[4] == 1 and other[4] == 0 and len(other) == len(same) + 32
    for data in (same, other):
        assert qfe.Factors.read(Reader(data), 2, 2, 1).to_bytes() == data
    written_twice = same[:4] + b"\0" + same[5:37] + same[5:]
    for data in (written_twice, same[:4] + b"\2" + same[5:], bytes(4) + same[4:]):
        with pytest.raises(ValueError, match="U is V|zero"):
            qfe.Factors.read(Reader(data), 2, 2, 1)


# --- What a changed ciphertext can be -------------------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize("factor", [3, -2])
def test_scaling_is_possible(k: int, factor: int) -> None:
    """(s [gamma]_1, s [gamma]_2, s c, d) encrypts (s x, y); with s d instead of s c it encrypts (x, s y)."""
    for side in ("x", "y"):
        row = qfe.scaled_row(ciphertext(k).rows[0], factor, side)
        assert qfe.well_formed(row)
        assert opened(qfe.decrypt_element(sparse(F), function_key(k).halves[0], row), 999) == factor * value(F, X, Y)


@BOTH
def test_linear_maps_are_possible(k: int) -> None:
    """c -> P1 c, d -> P2 d encrypts (P1 x, P2 y): the key of P1^T F' P2 opens F' on it."""
    P1, P2, small = [[1, 0, -1], [2, 1, 0]], [[1, 1]], [[3], [-1]]
    whole = [[sum(P1[a][i] * small[a][0] * P2[0][j] for a in range(2)) for j in range(2)] for i in range(3)]
    sk = qfe.keygen(keys(k)[1], qfe.Matrices.of(whole))
    projected = qfe.project_key(sk, P1, P2, qfe.Matrices.of(small))
    assert qfe.decrypt(projected, qfe.project(ciphertext(k), P1, P2)) == [[value(whole, X, Y)]]


def sums(curve: Any, p: Any, q: Any) -> Any:
    """Entry by entry."""
    return tuple(tuple(map(curve.add, p_l, q_l)) for p_l, q_l in zip(p, q, strict=True))


@BOTH
def test_sums_give_no_result(k: int) -> None:
    rows = [qfe.encrypt(keys(k)[0], [x], [y], tape(f"sum {x}")).rows[0] for x, y in ((X, Y), OTHER)]
    one, two = rows
    total = qfe.Row(
        G1.add(one.gamma1, two.gamma1),
        G2.add(one.gamma2, two.gamma2),
        sums(G1, one.c, two.c),
        sums(G2, one.d, two.d),
    )
    assert qfe.well_formed(total)
    assert opened(qfe.decrypt_element(sparse(F), function_key(k).halves[0], total), 10**4) is None


# --- Attacks: what each rule of the scheme is there for -------------------------------------------------------------


def known_masks(alpha: list[int], beta: list[int]) -> tuple[qfe.Points1, qfe.Points2]:
    """k = 1: the points of known alpha and beta."""
    points = tuple((G1.mul(a, G1_GENERATOR),) for a in alpha)
    return points, tuple((G2.mul(b, G2_GENERATOR),) for b in beta)


def encryptions(alpha: list[int], beta: list[int], worlds: list[tuple[list[int], list[int]]]) -> list[qfe.Row]:
    """A ciphertext of each (x, y), with fresh gamma and V."""
    rows = []
    for x, y in worlds:
        draws = qfe.Tape(tape(f"world {x}"))
        gamma, (V, inverse) = draws.nonzero(), draws.basis(2)
        rows.append(qfe.encrypt_row(*known_masks(alpha, beta), x, y, gamma, V, inverse))
    return rows


def same_pairing(p: Any, q: Any, s: Any, t: Any) -> bool:
    """e(p, q) = e(s, t)."""
    return qfe.pairing_product([(p, q), (G1.neg(s), t)]) == FP12_ONE


# Two worlds in which the forms long_1 short^T and long_2 short^T are both 0, in one because <long, l> = 0, in the other
# because <short, s> = 0; and the masks, known to the test.
LONG, SHORT = ([2, -9, 4], [5, 1, -3]), ([-7, 6], [2, 2])
LONG_1, LONG_2, SHORT_1 = [9, 2, 0], [-2, 0, 1], [1, -1]
LONG_MASKS, SHORT_MASKS = [1001, 2003, 3001], [4001, 5003]


def outer(u: list[int], v: list[int]) -> list[list[int]]:
    return [[a * b for b in v] for a in u]


def test_unsplit_keys_in_g2_tell_messages_apart() -> None:
    """Keys [T]_2 of u_1 w^T and u_2 w^T: e(<u_2, c>, sk_1) = e(<u_1, c>, sk_2) exactly when <u_1, x> = <u_2, x> = 0.

    K' of the split keys in the place of [T]_2 satisfies the equation in neither world.
    """
    worlds = list(zip(LONG, SHORT, strict=True))
    matrices = [outer(u, SHORT_1) for u in (LONG_1, LONG_2)]
    assert all(value(matrix, x, y) == 0 for matrix in matrices for x, y in worlds)
    T = [value(matrix, LONG_MASKS, SHORT_MASKS) for matrix in matrices]
    points, beta = known_masks(LONG_MASKS, [])[0], [[b] for b in SHORT_MASKS]
    unsplit = [G2.mul(t % R, G2_GENERATOR) for t in T]
    split = [qfe.key_halves(points, beta, sparse(f), u)[1] for f, u in zip(matrices, (71, 73), strict=True)]

    def says_first(row: qfe.Row, sk: list[Any]) -> bool:
        one, two = ([qfe.combine(G1, zip(u, c, strict=True)) for c in row.c] for u in (LONG_1, LONG_2))
        return all(same_pairing(b, sk[0], a, sk[1]) for a, b in zip(one, two, strict=True))

    rows = encryptions(LONG_MASKS, SHORT_MASKS, worlds)
    assert [says_first(row, unsplit) for row in rows] == [True, False]
    assert [says_first(row, split) for row in rows] == [False, False]


def test_unsplit_keys_in_g1_tell_messages_apart() -> None:
    """The mirror image with [T]_1, which the authority computes on its way, and d: so u = 0 is an attack too."""
    worlds = list(zip(SHORT, LONG, strict=True))
    matrices = [outer(SHORT_1, w) for w in (LONG_1, LONG_2)]
    assert all(value(matrix, x, y) == 0 for matrix in matrices for x, y in worlds)
    points, beta = known_masks(SHORT_MASKS, [])[0], [[b] for b in LONG_MASKS]
    unsplit = [qfe.key_halves(points, beta, sparse(f), 0)[0] for f in matrices]
    split = [qfe.key_halves(points, beta, sparse(f), u)[0] for f, u in zip(matrices, (71, 73), strict=True)]

    def says_first(row: qfe.Row, sk: list[Any]) -> bool:
        one, two = ([qfe.combine(G2, zip(w, d, strict=True)) for d in row.d] for w in (LONG_1, LONG_2))
        return all(same_pairing(sk[0], b, sk[1], a) for a, b in zip(one, two, strict=True))

    rows = encryptions(SHORT_MASKS, LONG_MASKS, worlds)
    assert [says_first(row, unsplit) for row in rows] == [True, False]
    assert [says_first(row, split) for row in rows] == [False, False]


def cells(row: qfe.Row, i: int, j: int, times: int = 1) -> list[tuple[Any, Any]]:
    """The pairs of times <c_i, d_j> = times (gamma <alpha_i, beta_j> + x_i y_j)."""
    return [(G1.mul(times, c[i]), d[j]) for c, d in zip(row.c, row.d, strict=True)]


def masks(k: int, i: int, j: int, times: int) -> list[tuple[Any, Any]]:
    """The pairs of times <alpha_i, beta_j>, public."""
    mpk = keys(k)[0]
    return [(G1.mul(times, a), b) for a, b in zip(mpk.alpha[i], mpk.beta[j], strict=True)]


@BOTH
def test_gamma_used_twice_opens_differences(k: int) -> None:
    """<c_i, d_j> - <c'_i, d'_j> = x_i y_j - x'_i y'_j for every i and j, without any key, however fresh V is."""
    one, two = (row_of(k, *xy, 1234567, basis(k, label)) for xy, label in (((X, Y), "one"), (OTHER, "two")))
    for i, j in ((0, 0), (1, 1)):
        element = qfe.pairing_product([*cells(one, i, j), *cells(two, i, j, -1)])
        assert opened(element) == X[i] * Y[j] - OTHER[0][i] * OTHER[1][j]


@BOTH
def test_gammas_in_a_known_relation_open_combinations(k: int) -> None:
    """gamma' = 2 gamma + 1, as a counter or a linear generator would give: x'_i y'_j - 2 x_i y_j."""
    one = row_of(k, X, Y, 1234567, basis(k, "one"))
    two = row_of(k, *OTHER, 2 * 1234567 + 1, basis(k, "two"))
    element = qfe.pairing_product([*cells(two, 0, 1), *cells(one, 0, 1, -2), *masks(k, 0, 1, -1)])
    assert opened(element) == OTHER[0][0] * OTHER[1][1] - 2 * X[0] * Y[1]


@BOTH
def test_a_known_gamma_opens_everything(k: int) -> None:
    """<c_i, d_j> - gamma <alpha_i, beta_j> = x_i y_j, without any key."""
    row = row_of(k, X, Y, 1234567, basis(k, "one"))
    for i, j in ((0, 1), (1, 0)):
        assert opened(qfe.pairing_product([*cells(row, i, j), *masks(k, i, j, -1234567)])) == X[i] * Y[j]


@BOTH
def test_v_used_twice_mixes_two_rows(k: int) -> None:
    """c of one row and d of another under one V: a key for F opens x^T F y', the value of a row nobody encrypted."""
    V = basis(k, "both")
    one, two = row_of(k, X, Y, 1234567, V), row_of(k, *OTHER, 7654321, V)
    mixed = qfe.Row(one.gamma1, one.gamma2, one.c, two.d)
    assert opened(qfe.decrypt_element(sparse(F), function_key(k).halves[0], mixed)) == value(F, X, OTHER[1])
    fresh = qfe.Row(one.gamma1, one.gamma2, one.c, ciphertext(k).rows[0].d)
    assert opened(qfe.decrypt_element(sparse(F), function_key(k).halves[0], fresh)) is None


@BOTH
def test_whoever_knows_alpha_issues_keys(k: int) -> None:
    """[T]_2 follows from alpha in Z_r and the public [beta]_2: a key without the master secret, and with u = 0."""
    alpha = [[101 + 3 * i + e for e in range(k)] for i in range(3)]
    points = tuple(tuple(G1.mul(a, G1_GENERATOR) for a in row) for row in alpha)
    mpk = keys(k)[0]
    terms = [(v * a, b) for i, j, v in sparse(F) for a, b in zip(alpha[i], mpk.beta[j], strict=True)]
    forged = (None, qfe.combine(G2, terms))
    V, inverse = qfe.Tape(tape("forged")).basis(k + 1)
    row = qfe.encrypt_row(points, mpk.beta, X, Y, 99, V, inverse)
    assert opened(qfe.decrypt_element(sparse(F), forged, row)) == value(F, X, Y)
