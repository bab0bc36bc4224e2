"""Quadratic forms, the verbs: results, refusals, what has to be fresh, and what anybody can do to a ciphertext.

The eight points that an implementation of this scheme must get right are each held here, in the twin's tests
(test_reference_qfe.py: the attacks that each of them prevents) or in test_qfe_vectors.py (every byte); the table is in
docs/math/qfe.md.
"""

from __future__ import annotations

import hmac
import struct
from typing import Any

import numpy as np
import pytest

from pyfe.errors import DecodeError, KeyMismatchError, OutOfRangeError, ParameterError, RandomnessError
from pyfe.forms import FactoredForms, MatrixForms
from pyfe.groups import G1Array, G2Array
from pyfe.schemes import qfe
from tests.reference.bls12_381 import R

DIMENSIONS = (1, 3)
F = np.array([[1, -2, 3], [0, 4, -5]])


class Instance:
    """Two vectors of 2 and 3 coordinates under one master key."""

    def __init__(self, k: int) -> None:
        self.k = k
        self.mpk, self.msk = qfe.setup(qfe.Parameters(2, 3, k=k, x_bound=9, y_bound=9, f_bound=50))
        self.x = np.array([[3, -2], [0, 9], [-9, -9]])
        self.y = np.array([[1, -4, 5], [9, 0, -9], [9, 9, 9]])
        self.ct = qfe.encrypt(self.mpk, self.x, self.y)
        self.sk = qfe.keygen(self.msk, F)
        self.z = np.einsum("bi,ij,bj->b", self.x, F, self.y)


@pytest.fixture(scope="module", params=DIMENSIONS, ids=["k=1", "k=3"])
def instance(request: pytest.FixtureRequest) -> Instance:
    return Instance(request.param)


# --- parts of a ciphertext on the wire: id 32 | rows u64 | k u8 | n u32 | m u32 | rows -------------------------------

HEAD = 49


def parts(instance: Instance, row: bytes) -> tuple[bytes, bytes, list[bytes], list[bytes]]:
    """[gamma]_1, [gamma]_2, c and d of one row."""
    c = 144 + 48 * 2 * (instance.k + 1)
    return row[:48], row[48:144], split(row[144:c], 48), split(row[c:], 96)


def split(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


def rows(instance: Instance, ct: Any) -> list[bytes]:
    data = ct.to_bytes()
    return split(data[HEAD:], (len(data) - HEAD) // len(ct))


def assembled(instance: Instance, row: tuple[Any, Any, list[bytes], list[bytes]]) -> Any:
    head = instance.ct.to_bytes()[:32] + struct.pack("<Q", 1) + instance.ct.to_bytes()[40:HEAD]
    return qfe.CiphertextBatch.from_bytes(head + row[0] + row[1] + b"".join(row[2]) + b"".join(row[3]))


def times(points: list[bytes], factor: int) -> list[bytes]:
    kind = G1Array if len(points[0]) == 48 else G2Array
    return split(bytes((kind.from_bytes(b"".join(points)) * factor).to_bytes()), len(points[0]))


# --- results ---------------------------------------------------------------------------------------------------------


def test_results(instance: Instance) -> None:
    assert qfe.decrypt(instance.sk, instance.ct).tolist() == instance.z.tolist()
    several = qfe.keygen(instance.msk, np.stack([F, -F, F - 7]))
    expected = np.einsum("bi,cij,bj->bc", instance.x, np.stack([F, -F, F - 7]), instance.y)
    assert (qfe.decrypt(several, instance.ct) == expected).all()


@pytest.mark.parametrize("k", DIMENSIONS)
def test_both_ends_of_the_interval(k: int) -> None:
    mpk, msk = qfe.setup(qfe.Parameters(3, k=k, x_lo=[0, -4, 2], x_hi=[5, 3, 6], f_bound=20))
    form = np.array([[20, 0, 0], [0, -20, 0], [0, 0, 3]])
    sk = qfe.keygen(msk, form)
    (low, high), *_ = sk.intervals.tolist()
    x = np.array([[0, -4, 2], [5, 0, 6]])
    assert qfe.decrypt(sk, qfe.encrypt(mpk, x)).tolist() == [low, high] == [-320 + 12, 500 + 108]


@pytest.mark.parametrize("k", DIMENSIONS)
def test_batches_of_every_size(k: int) -> None:
    mpk, msk = qfe.setup(qfe.Parameters(2, k=k, x_bound=3, f_bound=5))
    x = np.random.default_rng(5).integers(-3, 4, (17, 2))
    form = np.array([[1, -5], [2, 4]])
    whole, sk = qfe.encrypt(mpk, x), qfe.keygen(msk, form)
    z = np.einsum("bi,ij,bj->b", x, form, x)
    assert (qfe.decrypt(sk, whole) == z).all()
    assert qfe.decrypt(sk, whole.slice(3, 12)).tolist() == z[3:12].tolist()
    assert qfe.decrypt(sk, whole.slice(4, 4)).tolist() == []
    joined = qfe.CiphertextBatch.concat([whole.slice(9, 17), whole.slice(0, 1)])
    assert qfe.decrypt(sk, joined).tolist() == [*z[9:17], z[0]]
    again = qfe.CiphertextBatch.from_bytes(joined.to_bytes())
    assert again.to_bytes() == joined.to_bytes() and qfe.decrypt(sk, again).tolist() == [*z[9:17], z[0]]
    assert whole.nbytes == 17 * (48 * (2 * (k + 1) + 1) + 96 * (2 * (k + 1) + 1))


def test_a_network_shares_its_units(instance: Instance) -> None:
    """Units that all classes use, one that a single class has for itself, one that none uses."""
    mpk, msk = qfe.setup(qfe.Parameters(3, k=instance.k, x_bound=9, f_bound=500))
    P = np.array([[1, -2, 0], [0, 3, 1], [5, 5, 5], [1, 0, 0], [2, 2, 2]])
    Q = np.array([[1, 0, 2, 0, 0], [3, -4, 0, 0, 0], [0, 1, 0, 7, 0]])
    x = np.random.default_rng(2).integers(-9, 10, (10, 3))
    network = FactoredForms.squares(P, Q)
    sk, ct = qfe.keygen(msk, network), qfe.encrypt(mpk, x)
    assert (qfe.decrypt(sk, ct) == (x @ P.T) ** 2 @ Q.T).all()
    assert qfe.verify_key(mpk, sk)
    dense = qfe.keygen(msk, network.matrix())
    assert sk.to_bytes()[-3 * 144 :] == dense.to_bytes()[-3 * 144 :]  # the same matrices have the same keys
    assert (qfe.decrypt(dense, ct) == (x @ P.T) ** 2 @ Q.T).all()


def test_projection_needs_no_key(instance: Instance) -> None:
    P, Q = np.array([[2, -1]]), np.array([[1, 0, 3], [0, -1, 1]])
    inner = np.array([[4, -5]])
    sk = qfe.keygen(instance.msk, P.T @ inner @ Q)
    small = qfe.project(instance.ct, P, Q)
    assert (small.n, small.m) == (1, 2)
    key = qfe.project_key(sk, P, Q, inner)
    expected = np.einsum("bi,ij,bj->b", instance.x, P.T @ inner @ Q, instance.y)
    assert (qfe.decrypt(key, small) == expected).all()
    with pytest.raises(ParameterError, match=r"P\^T F Q"):
        qfe.project_key(sk, P, Q, inner + 1)
    with pytest.raises(KeyMismatchError, match="the ciphertexts have 1 x 2"):
        qfe.decrypt(sk, small)


# --- keys: split, bound to their form, one a matrix ------------------------------------------------------------------


def test_key_check_notices_any_other_entry(instance: Instance) -> None:
    assert qfe.verify_key(instance.mpk, instance.sk)
    data = instance.sk.to_bytes()
    for i in range(2):
        for j in range(3):
            other = F.copy()
            other[i, j] += 1
            claimed = qfe.keygen(instance.msk, other).to_bytes()[:-144] + data[-144:]
            assert not qfe.verify_key(instance.mpk, qfe.FunctionKey.from_bytes(claimed))


def test_key_check_notices_another_interval(instance: Instance) -> None:
    data = bytearray(instance.sk.to_bytes())
    data[-160:-152] = struct.pack("<q", instance.sk.intervals[0, 0] - 1)
    assert not qfe.verify_key(instance.mpk, qfe.FunctionKey.from_bytes(bytes(data)))


def claimed_key(instance: Instance, *entries: tuple[int, int, int]) -> bytes:
    """A key of these entries in the bytes, with the points of another."""
    head = instance.mpk.id + struct.pack("<BIIIBQ", instance.k, 2, 3, 1, 0, len(entries))
    body = b"".join(struct.pack("<IIq", *entry) for entry in entries)
    return head + body + struct.pack("<qq", 0, 81) + instance.sk.to_bytes()[-144:]


def test_key_check_is_false_for_forms_that_keygen_refuses(instance: Instance) -> None:
    """It answers, and does not raise, for a key of a form too wide, or of one that is zero where y = x."""
    wide = qfe.FunctionKey.from_bytes(claimed_key(instance, (0, 0, 2**50)))
    assert not qfe.verify_key(instance.mpk, wide)
    mpk, msk = qfe.setup(qfe.Parameters(2, k=instance.k, x_bound=9, f_bound=5))
    data = qfe.keygen(msk, np.array([[0, 1], [2, 0]])).to_bytes()
    antisymmetric = qfe.FunctionKey.from_bytes(
        data.replace(struct.pack("<IIq", 1, 0, 2), struct.pack("<IIq", 1, 0, -1))
    )
    assert not qfe.verify_key(mpk, antisymmetric)


@pytest.mark.parametrize("entries", [[], [(0, 0, -(2**63))], [(0, 0, 1), (1, 2, 2**62 + 1)]])
def test_forms_that_no_key_has_are_not_decoded(instance: Instance, entries: list[tuple[int, int, int]]) -> None:
    with pytest.raises(DecodeError, match="function key"):
        qfe.FunctionKey.from_bytes(claimed_key(instance, *entries))


def test_halves_of_two_keys_do_not_combine(instance: Instance) -> None:
    """Neither of two forms, nor of one form issued under two PRF keys."""
    other = qfe.keygen(instance.msk, F + 1).to_bytes()
    data = instance.sk.to_bytes()
    mixed = qfe.FunctionKey.from_bytes(data[:-96] + other[-96:])
    assert not qfe.verify_key(instance.mpk, mixed)
    with pytest.raises(OutOfRangeError, match="row 0, function 0: no result"):
        qfe.decrypt(mixed, instance.ct)
    second = qfe.keygen(with_prf_key(instance.msk, b"\x05" * 32), F).to_bytes()
    assert second[-96:] != data[-96:] and second[-144:-96] != data[-144:-96]
    assert qfe.decrypt(qfe.FunctionKey.from_bytes(second), instance.ct).tolist() == instance.z.tolist()
    with pytest.raises(OutOfRangeError):
        qfe.decrypt(qfe.FunctionKey.from_bytes(second[:-96] + data[-96:]), instance.ct)


def with_prf_key(msk: Any, prf_key: bytes) -> Any:
    return qfe.MasterSecretKey.from_bytes(msk.to_bytes()[:-32] + prf_key)


def hashed_alpha(mpk: Any) -> Any:
    """[alpha_il]_1, i before l: hashed from scheme, k, nonce and place."""
    k, scheme = mpk.parameters.k, mpk.parameters.scheme.encode()
    places = [struct.pack("<II", i, e) for i in range(mpk.parameters.n) for e in range(k)]
    head = struct.pack("<I", len(scheme)) + scheme + struct.pack("<I", k) + mpk.nonce
    dst = b"PYFE-V1-" + scheme + b"-alpha-BLS12381G1_XMD:SHA-256_SSWU_RO_"
    return G1Array.hash_to_curve([head + place for place in places], dst)


def pseudorandom_u(mpk: Any, prf_key: bytes, form: Any) -> int:
    """u of one form, from everything that names the key."""
    tag = b"PYFE-V1-" + mpk.parameters.scheme.encode() + b"-u"
    head = struct.pack("<I", len(tag)) + tag + struct.pack("<I", mpk.parameters.k) + mpk.id
    entries = [
        struct.pack("<IIq", i, j, form[i, j]) for j in range(form.shape[1]) for i in range(len(form)) if form[i, j]
    ]
    info = head + struct.pack("<4I", 0, 0, *form.shape) + b"".join(entries)
    return int.from_bytes(hmac.digest(prf_key, info, "sha512"), "little") % R


def secret_halves(instance: Instance) -> tuple[int, Any]:
    """u and [T]_1 of F, from the bytes of the master key."""
    secret, count = instance.msk.to_bytes(), 3 * instance.k
    beta = [int.from_bytes(b, "little") for b in split(secret[-32 * count - 32 : -32], 32)]
    weights = [
        sum(int(F[i, j]) * beta[j * instance.k + e] for j in range(3)) % R for i in range(2) for e in range(instance.k)
    ]
    scalars = np.frombuffer(b"".join(w.to_bytes(32, "little") for w in weights), np.uint8).reshape(-1, 32)
    return pseudorandom_u(instance.mpk, secret[-32:], F), hashed_alpha(instance.mpk).msm_vartime(scalars)


def test_both_halves_are_what_the_formula_says(instance: Instance) -> None:
    """K = [T - u]_1 and K' = [u]_2, for the hashed alpha and the HMAC of the matrix."""
    u, T = secret_halves(instance)
    key = instance.sk.to_bytes()
    assert u not in (0, 1)
    assert key[-144:-96] == bytes((T - G1Array.generator() * u).to_bytes())
    assert key[-96:] == bytes((G2Array.generator() * u).to_bytes())


def test_a_key_holds_two_points_a_form(instance: Instance) -> None:
    """[u]_1 and [T]_1 are in nothing that travels, and a key has no room for more than its two points."""
    u, T = secret_halves(instance)
    key = instance.sk.to_bytes()
    assert len(key) == 46 + 8 + 16 * np.count_nonzero(F) + 16 + 144
    hidden = [bytes((G1Array.generator() * u).to_bytes()), bytes(T.to_bytes())]
    for data in (key, instance.ct.to_bytes(), instance.mpk.to_bytes()):
        assert not any(point in data for point in hidden)
    forms = np.stack([F, F + 7, -F])
    sizes = 8 * len(forms) + 16 * np.count_nonzero(forms)
    assert len(qfe.keygen(instance.msk, forms).to_bytes()) == 46 + sizes + 160 * len(forms)


def test_two_setups_share_no_alpha(instance: Instance) -> None:
    again = Instance(instance.k)
    points = [split(bytes(hashed_alpha(mpk).to_bytes()), 48) for mpk in (instance.mpk, again.mpk)]
    assert instance.mpk.nonce != again.mpk.nonce
    assert len(set(points[0] + points[1])) == 2 * 2 * instance.k


def test_u_depends_on_the_matrix_and_the_master_key(instance: Instance) -> None:
    again = Instance(instance.k)
    halves = {qfe.keygen(msk, form).to_bytes()[-96:] for msk in (instance.msk, again.msk) for form in (F, -F, F + 1)}
    assert len(halves) == 6
    assert qfe.keygen(instance.msk, F).to_bytes() == instance.sk.to_bytes()


@pytest.mark.parametrize("k", DIMENSIONS)
def test_the_prf_key_is_not_derived_from_beta(core_testing: Any, k: int) -> None:
    """Setup draws it by itself, after beta."""
    params = core_testing.qfe.Parameters(k, np.array([-1]), np.array([1]), 1)
    beta = b"".join((j + 2).to_bytes(64, "little") for j in range(k))
    for prf_key in (b"\x01" * 32, b"\x02" * 32):
        _, msk = core_testing.qfe_setup(params, bytes(32) + beta + prf_key)
        assert msk.to_bytes()[-32:] == prf_key


def test_a_form_that_is_zero_has_no_key(instance: Instance) -> None:
    with pytest.raises(ParameterError, match="form 1 is zero"):
        qfe.keygen(instance.msk, np.stack([F, np.zeros_like(F)]))
    _, msk = qfe.setup(qfe.Parameters(2, k=instance.k, x_bound=3, f_bound=5))
    with pytest.raises(ParameterError, match="its two halves cancel"):
        qfe.keygen(msk, np.array([[0, 1], [-1, 0]]))


def test_keys_of_others(instance: Instance) -> None:
    other = Instance(instance.k)
    foreign = qfe.keygen(other.msk, F)
    assert not qfe.verify_key(instance.mpk, foreign)
    with pytest.raises(KeyMismatchError, match="different public keys"):
        qfe.decrypt(foreign, instance.ct)
    claimed = qfe.FunctionKey.from_bytes(instance.mpk.id + foreign.to_bytes()[32:])
    assert not qfe.verify_key(instance.mpk, claimed)
    with pytest.raises(OutOfRangeError, match="no result"):
        qfe.decrypt(claimed, instance.ct)


# --- what must be fresh for every row --------------------------------------------------------------------------------


def test_every_row_has_its_own_gamma_and_basis(instance: Instance) -> None:
    ct = qfe.encrypt(instance.mpk, np.repeat(instance.x[:1], 9, axis=0), np.repeat(instance.y[:1], 9, axis=0))
    seen = [parts(instance, row) for row in rows(instance, ct)]
    elements = [part for gamma1, gamma2, c, d in seen for part in (gamma1, gamma2, *c, *d)]
    assert len(set(elements)) == len(elements)


def test_each_row_draws_all_of_its_randomness(core_testing: Any, instance: Instance) -> None:
    q, k = core_testing.qfe, instance.k
    params = q.Parameters(k, np.array([-9, -9]), np.array([9, 9]), 50)
    mpk, _ = core_testing.qfe_setup(params, np.random.default_rng(1).bytes(32 + 64 * 2 * k + 32))
    needed = 3 * 64 * (1 + (k + 1) ** 2)
    tape = np.random.default_rng(2).bytes(needed)
    x = np.zeros((3, 2), dtype=np.int64)
    core_testing.qfe_encrypt(mpk, x, None, tape)
    with pytest.raises(RandomnessError):
        core_testing.qfe_encrypt(mpk, x, None, tape[:-1])


# --- malleability: exactly this, no more -----------------------------------------------------------------------------


def test_scaling_one_side(instance: Instance) -> None:
    gamma1, gamma2, c, d = parts(instance, rows(instance, instance.ct)[0])
    gamma = times([gamma1], 3)[0], times([gamma2], 3)[0]
    for row in ((*gamma, times(c, 3), d), (*gamma, c, times(d, 3))):
        assert qfe.decrypt(qfe.keygen(instance.msk, F), assembled(instance, row)).tolist() == [3 * instance.z[0]]
    with pytest.raises(OutOfRangeError):  # with gamma as it was
        qfe.decrypt(instance.sk, assembled(instance, (gamma1, gamma2, times(c, 3), d)))


def test_rows_do_not_add(instance: Instance) -> None:
    first, second = (parts(instance, row) for row in rows(instance, instance.ct)[:2])

    def added(a: list[bytes], b: list[bytes]) -> list[bytes]:
        kind = G1Array if len(a[0]) == 48 else G2Array
        total = kind.from_bytes(b"".join(a)) + kind.from_bytes(b"".join(b))
        return split(bytes(total.to_bytes()), len(a[0]))

    gamma = added([first[0]], [second[0]])[0], added([first[1]], [second[1]])[0]
    for d in (added(first[3], second[3]), first[3]):
        with pytest.raises(OutOfRangeError, match="no result"):
            qfe.decrypt(instance.sk, assembled(instance, (*gamma, added(first[2], second[2]), d)))
    for name in ("add", "scale", "weighted_sum", "__add__", "__mul__"):
        assert not hasattr(qfe.CiphertextBatch, name)


def test_other_changes_find_no_result(instance: Instance) -> None:
    """Coordinates that change places, elements that do, halves of two rows, the gamma of another row, a sign."""
    gamma1, gamma2, c, d = parts(instance, rows(instance, instance.ct)[0])
    other = parts(instance, rows(instance, instance.ct)[1])
    changed = [
        (gamma1, gamma2, [c[at ^ 1] for at in range(len(c))], d),
        (gamma1, gamma2, [c[1], c[0], *c[2:]], d),
        (gamma1, gamma2, c, other[3]),
        (*other[:2], c, d),
        (gamma1, gamma2, [times(c[:1], -1)[0], *c[1:]], d),
    ]
    for row in changed:
        with pytest.raises(OutOfRangeError, match="row 0, function 0: no result"):
            qfe.decrypt(instance.sk, assembled(instance, row))


def test_turning_all_signs_is_scaling_by_minus_one(instance: Instance) -> None:
    gamma1, gamma2, c, d = parts(instance, rows(instance, instance.ct)[0])
    row = times([gamma1], -1)[0], times([gamma2], -1)[0], times(c, -1), d
    assert qfe.decrypt(instance.sk, assembled(instance, row)).tolist() == [-instance.z[0]]


# --- bytes from outside ----------------------------------------------------------------------------------------------


def test_gamma_in_two_groups_must_agree(instance: Instance) -> None:
    gamma1, gamma2, c, d = parts(instance, rows(instance, instance.ct)[0])
    other = parts(instance, rows(instance, instance.ct)[1])
    identity = bytes([0xC0]) + bytes(47), bytes([0xC0]) + bytes(95)
    for pair in ((other[0], gamma2), (gamma1, other[1]), (gamma1, identity[1]), (identity[0], gamma2)):
        with pytest.raises(DecodeError, match="row 0"):
            assembled(instance, (*pair, c, d))
    with pytest.raises(DecodeError, match="gamma is zero"):
        assembled(instance, (*identity, c, d))


def off_subgroup(size: int) -> bytes:
    """A compressed point of the curve outside the subgroup: the first small x that decodes to 'not in the subgroup'."""
    kind = G1Array if size == 48 else G2Array
    for x in range(1, 200):
        data = bytes([0x80]) + bytes(size - 2) + bytes([x])
        try:
            kind.from_bytes(data)
        except DecodeError as error:
            if "not in the subgroup" in str(error):
                return data
    raise AssertionError("no such point below 200")


@pytest.mark.parametrize("place", ["gamma1", "gamma2", "c", "d"])
def test_points_outside_the_subgroup_are_refused(instance: Instance, place: str) -> None:
    gamma1, gamma2, c, d = parts(instance, rows(instance, instance.ct)[0])
    bad1, bad2 = off_subgroup(48), off_subgroup(96)
    row = {
        "gamma1": (bad1, gamma2, c, d),
        "gamma2": (gamma1, bad2, c, d),
        "c": (gamma1, gamma2, [*c[:-1], bad1], d),
        "d": (gamma1, gamma2, c, [bad2, *d[1:]]),
    }[place]
    with pytest.raises(DecodeError, match=r"row 0, .* not in the subgroup"):
        assembled(instance, row)


def test_keys_with_bad_points_are_refused(instance: Instance) -> None:
    data = instance.sk.to_bytes()
    for bad in (data[:-144] + off_subgroup(48) + data[-96:], data[:-96] + off_subgroup(96)):
        with pytest.raises(DecodeError, match="not in the subgroup"):
            qfe.FunctionKey.from_bytes(bad)
    mpk = instance.mpk.to_bytes()
    with pytest.raises(DecodeError, match="not in the subgroup"):
        qfe.MasterPublicKey.from_bytes(mpk[:-96] + off_subgroup(96))
    with pytest.raises(DecodeError, match=r"beta: point .* is the identity"):
        qfe.MasterPublicKey.from_bytes(mpk[:-96] + bytes([0xC0]) + bytes(95))


# --- arguments -------------------------------------------------------------------------------------------------------


def test_inputs_out_of_range(instance: Instance) -> None:
    for value in (-10, 10):
        with pytest.raises(OutOfRangeError, match=r"^x: row 1, coordinate 1 is outside \[-9, 9\]"):
            qfe.encrypt(instance.mpk, [[0, 0], [0, value]], np.zeros((2, 3), dtype=int))
        with pytest.raises(OutOfRangeError, match="^y: row 0, coordinate 2"):
            qfe.encrypt(instance.mpk, [[0, 0]], [[0, 0, value]])
    form = F.copy()
    form[1, 2] = -51
    with pytest.raises(OutOfRangeError, match=r"form 0, entry \(1, 2\) = -51 exceeds f_bound = 50"):
        qfe.keygen(instance.msk, form)
    with pytest.raises(OutOfRangeError, match=r"q\[0\]\[1\] = 60"):
        qfe.keygen(instance.msk, FactoredForms([[1, 0], [0, 1]], [[1, 0, 0], [0, 1, 0]], [[1, 60]]))


def test_results_too_wide_to_search() -> None:
    _, msk = qfe.setup(qfe.Parameters(1, x_bound=2**21, f_bound=9))
    assert qfe.keygen(msk, [[4]]).intervals.tolist() == [[0, 2**44]]
    with pytest.raises(OutOfRangeError, match="wider than 2\\^44"):
        qfe.keygen(msk, [[5]])


def test_shapes_and_types(instance: Instance) -> None:
    with pytest.raises(ParameterError, match="y is missing"):
        qfe.encrypt(instance.mpk, instance.x)
    with pytest.raises(ParameterError, match="x has 3 rows, y 1"):
        qfe.encrypt(instance.mpk, instance.x, instance.y[:1])
    with pytest.raises(ParameterError, match="x must be integers, not float64"):
        qfe.encrypt(instance.mpk, instance.x + 0.5, instance.y)
    with pytest.raises(ParameterError, match="2 x 2; the parameters have 2 x 3"):
        qfe.keygen(instance.msk, np.eye(2, dtype=int))
    square, _ = qfe.setup(qfe.Parameters(2, k=instance.k, x_bound=3, f_bound=5))
    with pytest.raises(ParameterError, match="x stands on both sides"):
        qfe.encrypt(square, [[1, 2]], [[1, 2]])
    with pytest.raises(ParameterError, match="neither 1 nor 3"):
        qfe.Parameters(2, k=2, x_bound=1, f_bound=1)
    for context in (32, "context", bytes(31)):
        with pytest.raises(ParameterError, match="context"):
            qfe.Parameters(2, x_bound=1, f_bound=1, context=context)  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="need m"):
        qfe.Parameters(2, x_bound=1, y_bound=1, f_bound=1)


def test_sparse_forms(instance: Instance) -> None:
    forms = MatrixForms((2, 2, 3), [0, 1, 1], [1, 0, 1], [2, 0, 0], [7, -3, 2])
    z = qfe.decrypt(qfe.keygen(instance.msk, forms), instance.ct)
    assert (z == forms.evaluate(instance.x, instance.y)).all()


def test_secrets_stay_out_of_sight(instance: Instance) -> None:
    import pickle

    assert "qfe.MasterSecretKey of" in repr(instance.msk)
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(instance.msk)


def test_many_forms_and_many_rows_at_once() -> None:
    """More forms than keep their lines; more rows than are taken at a time, whose numbers errors still name."""
    mpk, msk = qfe.setup(qfe.Parameters(1, x_bound=3, f_bound=100))
    forms = np.arange(1, 71)[:, None, None]
    x = np.random.default_rng(3).integers(-3, 4, (9, 1))
    assert (qfe.decrypt(qfe.keygen(msk, forms), qfe.encrypt(mpk, x)) == x**2 * forms[:, 0, 0]).all()
    x = np.random.default_rng(4).integers(-3, 4, (517, 1))
    ct, sk = qfe.encrypt(mpk, x), qfe.keygen(msk, [[5]])
    assert (qfe.decrypt(sk, ct) == 5 * x[:, 0] ** 2).all()
    other, _ = qfe.setup(qfe.Parameters(1, x_bound=3, f_bound=100))
    foreign = bytearray(qfe.encrypt(other, [[1]]).to_bytes())
    foreign[:32] = mpk.id
    batch = qfe.CiphertextBatch.concat([ct, qfe.CiphertextBatch.from_bytes(bytes(foreign))])
    with pytest.raises(OutOfRangeError, match="row 517, function 0"):
        qfe.decrypt(sk, batch)
