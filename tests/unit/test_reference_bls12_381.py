"""The slow twin of BLS12-381 against the documents it was written from, and against blst. The core is not involved."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.differential.blst import Blst
from tests.reference import bls12_381 as twin
from tests.reference.bls12_381 import FP2_ONE, FP2_ZERO, G1_GENERATOR, G2_GENERATOR, P, R, X

VECTORS = Path(__file__).resolve().parent.parent / "vectors" / "rfc9380_bls12381.json"
RFC9380: list[dict[str, Any]] = json.loads(VECTORS.read_text())["suites"]

# PFC, appendix "Test Vectors of Optimal Ate Pairing": e_0 .. e_11 of the two base points, in the order of the tower.
PFC_PAIRING = (
    0x11619B45F61EDFE3B47A15FAC19442526FF489DCDA25E59121D9931438907DFD448299A87DDE3A649BDBA96E84D54558,
    0x153CE14A76A53E205BA8F275EF1137C56A566F638B52D34BA3BF3BF22F277D70F76316218C0DFD583A394B8448D2BE7F,
    0x095668FB4A02FE930ED44767834C915B283B1C6CA98C047BD4C272E9AC3F3BA6FF0B05A93E59C71FBA77BCE995F04692,
    0x16DEEDAA683124FE7260085184D88F7D036B86F53BB5B7F1FC5E248814782065413E7D958D17960109EA006B2AFDEB5F,
    0x09C92CF02F3CD3D2F9D34BC44EEE0DD50314ED44CA5D30CE6A9EC0539BE7A86B121EDC61839CCC908C4BDDE256CD6048,
    0x111061F398EFC2A97FF825B04D21089E24FD8B93A47E41E60EAE7E9B2A38D54FA4DEDCED0811C34CE528781AB9E929C7,
    0x01ECFCF31C86257AB00B4709C33F1C9C4E007659DD5FFC4A735192167CE197058CFB4C94225E7F1B6C26AD9BA68F63BC,
    0x08890726743A1F94A8193A166800B7787744A8AD8E2F9365DB76863E894B7A11D83F90D873567E9D645CCF725B32D26F,
    0x0E61C752414CA5DFD258E9606BAC08DAEC29B3E2C57062669556954FB227D3F1260EEDF25446A086B0844BCD43646C10,
    0x0FE63F185F56DD29150FC498BBEEA78969E7E783043620DB33F75A05A0A2CE5C442BEAFF9DA195FF15164C00AB66BDDE,
    0x10900338A92ED0B47AF211636F7CFDEC717B7EE43900EEE9B5FC24F0000C5874D4801372DB478987691C566A8C474978,
    0x1454814F3085F0E6602247671BC408BBCE2007201536818C901DBD4D2095DD86C1EC8B888E59611F60A301AF7776BE3D,
)
# PFC, appendix "Test Vectors for Point Serialization".
PFC_G1 = "97f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb"
PFC_G2 = (
    "93e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e"
    "024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb8"
)
# RFC 9380, section 8.8.2.
RFC_H_EFF_G2 = int(
    "bc69f08f2ee75b3584c6a0ea91b352888e2a8e9145ad7689986ff031508ffe13"
    "29c2f178731db956d82bf015d1212b02ec0ec69d7477c1ae954cbc06689f6a35"
    "9894c0adebbf6b4e8020005aaa95551",
    16,
)

GROUPS = pytest.mark.parametrize(
    ("curve", "cofactor", "generator"),
    [(twin.G1, twin.H1, G1_GENERATOR), (twin.G2, twin.H2, G2_GENERATOR)],
    ids=["G1", "G2"],
)
SUITES = pytest.mark.parametrize("suite", [twin.G1_SUITE, twin.G2_SUITE], ids=["G1", "G2"])


@pytest.fixture
def source(seed: int) -> Random:
    return Random(seed)


@pytest.fixture(scope="module")
def blst() -> Blst:
    try:
        return Blst()
    except ImportError as error:
        pytest.skip(str(error))


def encode(curve: Any, point: Any) -> bytes:
    return twin.g1_encode(point) if curve is twin.G1 else twin.g2_encode(point)


def decode(curve: Any, data: bytes) -> Any:
    return twin.g1_decode(data) if curve is twin.G1 else twin.g2_decode(data)


def random_fp12(source: Random) -> twin.Fp12:
    c = [(source.randrange(P), source.randrange(P)) for _ in range(6)]
    return c[0], c[1], c[2], c[3], c[4], c[5]


def point_outside(curve: Any, source: Random) -> Any:
    """A random point of the curve, which is outside the subgroup for all practical purposes."""
    field = curve.field
    while True:
        x = field.element([source.randrange(P) for _ in range(field.degree)])
        y = field.sqrt(curve.right_side(x))
        if y is not None:
            return x, y


def test_parameters() -> None:
    assert P == 0x1A0111EA397FE69A4B1BA7B6434BACD764774B84F38512BF6730D2A0F6B0F6241EABFFFEB153FFFFB9FEFFFFFFFFAAAB
    assert R == 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001
    assert twin.H1 * R == P + 1 - (X + 1)  # the trace of E over Fp is x + 1
    assert pow(2, P - 1, P) == pow(2, R - 1, R) == 1
    assert twin.G1_SUITE.h_eff == 0xD201000000010001
    assert twin.G2_SUITE.h_eff == RFC_H_EFF_G2


def test_fp12(source: Random) -> None:
    a, b = random_fp12(source), random_fp12(source)
    assert twin.fp12_mul(a, twin.fp12_inv(a)) == twin.FP12_ONE
    assert twin.fp12_mul(a, b) == twin.fp12_mul(b, a)
    assert twin.fp12_frobenius(a) == twin.fp12_pow(a, P)
    assert twin.fp12_conj(a) == twin.fp12_pow(a, P**6)
    assert twin.fp12_from_tower(twin.fp12_to_tower(a)) == a


def test_square_roots_in_fp2(source: Random) -> None:
    """Of c and (1 + u) c one has a root, for 1 + u is not a square."""
    a = random_fp12(source)
    assert FP2_ONE not in (twin.fp2_pow(twin.XI, (P**2 - 1) // 2), twin.fp2_pow(twin.XI, (P**2 - 1) // 3))
    for c in (*a, (a[0][0], 0), (0, a[0][1])):
        root, other = twin.fp2_sqrt(c), twin.fp2_sqrt(twin.fp2_mul(twin.XI, c))
        assert (root is not None) == (twin.fp2_pow(c, (P**2 - 1) // 2) == FP2_ONE) == (other is None)
        assert root is None or twin.fp2_mul(root, root) == c
    assert twin.fp2_sqrt(FP2_ZERO) == FP2_ZERO


@GROUPS
def test_group_laws(curve: Any, cofactor: int, generator: Any, source: Random) -> None:
    p, q, s = (point_outside(curve, source) for _ in range(3))
    assert curve.in_subgroup(generator)
    assert curve.add(curve.add(p, q), s) == curve.add(p, curve.add(q, s))
    assert curve.add(p, q) == curve.add(q, p)
    assert curve.mul(7, p) == curve.sub(curve.mul(10, p), curve.mul(3, p))
    assert curve.sub(p, p) is None
    assert not curve.in_subgroup(p)
    assert curve.mul(cofactor * R, p) is None


@GROUPS
def test_encodings(curve: Any, cofactor: int, generator: Any, source: Random) -> None:
    for point in (None, generator, curve.neg(generator), curve.mul(source.randrange(R), generator)):
        assert decode(curve, encode(curve, point)) == point
    length = 48 * curve.field.degree
    good = encode(curve, generator)
    while curve.field.sqrt(curve.right_side(x := curve.field.element([source.randrange(P), 0]))) is not None:
        pass
    first = 48 * (curve.field.degree - 1)
    wrong = {
        "bytes, not": [good[:-1], good + b"\0", b""],
        "compression flag": [bytes([good[0] & 0x7F]) + good[1:], bytes(length), b"\x40" + bytes(length - 1)],
        "other bits": [b"\xe0" + bytes(length - 1), b"\xc1" + bytes(length - 1), b"\xc0" + bytes(length - 2) + b"\1"],
        "below p": [
            bytes([0x80 | P >> 376]) + P.to_bytes(48, "big")[1:] + good[48:],
            b"\x9f" + b"\xff" * (length - 1),
            (good[:first] if first else b"") + bytes([P >> 376 | (0 if first else 0x80)]) + P.to_bytes(48, "big")[1:],
        ],
        "no point": [encode(curve, (x, generator[1]))],
        "subgroup": [encode(curve, point_outside(curve, source))],
    }
    for reason, encodings in wrong.items():
        for data in encodings:
            with pytest.raises(ValueError, match=reason):
                decode(curve, data)


def test_encodings_of_the_base_points() -> None:
    assert (twin.g1_encode(G1_GENERATOR).hex(), twin.g2_encode(G2_GENERATOR).hex()) == (PFC_G1, PFC_G2)


def test_pairing(source: Random) -> None:
    e = twin.pairing(G1_GENERATOR, G2_GENERATOR)
    assert twin.fp12_to_tower(e) == PFC_PAIRING
    assert e == twin.fp12_pow(twin.miller_loop(G1_GENERATOR, G2_GENERATOR), (P**12 - 1) // R)
    assert e != twin.FP12_ONE
    assert twin.fp12_pow(e, R) == twin.FP12_ONE
    a, b = source.randrange(R), source.randrange(R)
    assert twin.pairing(twin.g1_mul(a, G1_GENERATOR), twin.g2_mul(b, G2_GENERATOR)) == twin.fp12_pow(e, a * b % R)
    assert twin.pairing(None, G2_GENERATOR) == twin.pairing(G1_GENERATOR, None) == twin.FP12_ONE


@SUITES
def test_isogenies(suite: Any, source: Random) -> None:
    """A homomorphism from E' to E, and simplified SWU at its exceptions."""
    field = suite.curve.field
    assert field.sqrt(suite.Z) is None
    p, q = (point_outside(suite.isogenous, source) for _ in range(2))
    images = [twin.iso_map(suite, point) for point in (p, q, suite.isogenous.add(p, q))]
    assert all(suite.curve.is_on_curve(image) for image in images)
    assert suite.curve.add(*images[:2]) == images[2]
    minus_one_over_z = field.neg(field.inv(suite.Z))
    for u in (field.zero, field.sqrt(minus_one_over_z)):
        assert u is None or suite.isogenous.is_on_curve(twin.map_to_curve_simple_swu(suite, u))


@pytest.mark.parametrize("suite", RFC9380, ids=lambda suite: suite["suite"])
def test_vectors_of_rfc_9380(suite: dict[str, Any]) -> None:
    dst = suite["dst"].encode()
    for vector in suite["vectors"]:
        msg, x, y = vector["msg"].encode(), vector["P"]["x"], vector["P"]["y"]
        if suite["suite"].startswith("BLS12381G1"):
            assert twin.hash_to_g1(msg, dst) == (int(x, 16), int(y, 16))
        else:
            assert twin.hash_to_g2(msg, dst) == tuple((int(c0, 16), int(c1, 16)) for c0, c1 in (x, y))


@pytest.mark.parametrize("length", [1, 255, 256, 600])
def test_hashes_of_blst(blst: Blst, source: Random, length: int) -> None:
    """Tags of more than 255 bytes too, for which the RFC has no vector of these suites."""
    dst, messages = source.randbytes(length), [source.randbytes(n) for n in (0, 1, 100)]
    assert [twin.g1_encode(twin.hash_to_g1(m, dst)) for m in messages] == blst.g1.hash(messages, dst)
    assert [twin.g2_encode(twin.hash_to_g2(m, dst)) for m in messages] == blst.g2.hash(messages, dst)


@GROUPS
def test_multiples_of_blst(curve: Any, cofactor: int, generator: Any, blst: Blst, source: Random) -> None:
    group = blst.g1 if curve is twin.G1 else blst.g2
    scalars = [source.randrange(R) for _ in range(3)]
    ours = [encode(curve, curve.mul(k, generator)) for k in scalars]
    assert ours == group.mult([encode(curve, generator)] * 3, [k.to_bytes(32, "little") for k in scalars])


def test_pairings_of_blst(blst: Blst, source: Random) -> None:
    """blst's are the cubes (PFC, "Production Library Cofactors": k = 3)."""
    p, q = twin.g1_mul(source.randrange(R), G1_GENERATOR), twin.g2_mul(source.randrange(R), G2_GENERATOR)
    ours = twin.fp12_to_tower(twin.pairing_cubed(p, q))
    assert blst.pairing([twin.g1_encode(p)], [twin.g2_encode(q)]) == [list(ours)]
