"""Ed25519 of the core, by the C ABI: what RFC 8032 and OpenSSL say, and nothing that has several readings."""

from __future__ import annotations

import hashlib
import random

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from pyfe.wire.signature import _SMALL_ORDER
from tests.capi import CError, Library, library

P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P

# RFC 8032, section 7.1: secret key, public key, message, signature; the long message, TEST 1024, is left out.
RFC = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
]


@pytest.fixture(scope="module")
def c() -> Library:
    return library()


def ours(c: Library, key: bytes, message: bytes, signature: bytes) -> bool:
    try:
        c.run("pyfe_verify_signature", key, message, len(message), signature)
    except CError as error:
        assert error.name == "PYFE_SIGNATURE"
        return False
    return True


def theirs(key: bytes, message: bytes, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


# -- edwards25519, slowly: what signers may do that no library lets them -----------------------------------------

Point = tuple[int, int]
BASE_Y = 4 * pow(5, -1, P) % P


def root(y: int) -> int:
    """An x with the y, even; ValueError where there is none."""
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * pow(2, (P - 1) // 4, P) % P
    if x * x % P != square:
        raise ValueError
    return x if x % 2 == 0 else P - x


BASE: Point = (root(BASE_Y), BASE_Y)


def add(a: Point, b: Point) -> Point:
    t = D * a[0] * b[0] * a[1] * b[1] % P
    x = (a[0] * b[1] + a[1] * b[0]) * pow(1 + t, -1, P)
    y = (a[1] * b[1] + a[0] * b[0]) * pow(1 - t, -1, P)
    return x % P, y % P


def times(k: int, a: Point) -> Point:
    out: Point = (0, 1)
    for bit in bin(k)[2:]:
        out = add(out, out)
        if bit == "1":
            out = add(out, a)
    return out


def encoding(a: Point) -> bytes:
    return (a[1] | (a[0] & 1) << 255).to_bytes(32, "little")


def challenge(R: bytes, A: bytes, message: bytes) -> int:
    return int.from_bytes(hashlib.sha512(R + A + message).digest(), "little") % L


def small_order() -> list[Point]:
    points: set[Point] = set()
    for y in _SMALL_ORDER:
        x = root(y)
        points |= {(x, y), (-x % P, y)}
    return sorted(points)


SECRET, NONCE, MESSAGE = 0x1234567890ABCDEF << 180, 0xFEDCBA9 << 200, b"a batch"


def signed(A: Point, R: Point, key: bytes | None = None) -> tuple[bytes, bytes]:
    """Key and signature of MESSAGE by SECRET, whatever was added to the points."""
    key = encoding(A) if key is None else key
    S = (NONCE + challenge(encoding(R), key, MESSAGE) * SECRET) % L
    return key, encoding(R) + S.to_bytes(32, "little")


HONEST = times(SECRET, BASE), times(NONCE, BASE)


# ----------------------------------------------------------------------------------------------------------------


def test_the_vectors_of_the_rfc(c: Library) -> None:
    for key, message, signature in RFC:
        assert ours(c, *(bytes.fromhex(part) for part in (key, message, signature)))


@pytest.mark.parametrize("size", [0, 1, 63, 64, 127, 128, 1000, 3_000_000])
def test_what_openssl_signs(c: Library, size: int, seed: int) -> None:
    generator = random.Random(seed + size)
    secret = Ed25519PrivateKey.from_private_bytes(generator.randbytes(32))
    message, key = generator.randbytes(size), secret.public_key().public_bytes_raw()
    signature = secret.sign(message)
    assert ours(c, key, message, signature)
    assert not ours(c, key, message + b"\0", signature)


def test_every_bit_counts(c: Library) -> None:
    key, signature = signed(*HONEST)
    assert ours(c, key, MESSAGE, signature)
    whole = key + MESSAGE + signature
    for bit in range(8 * len(whole)):
        changed = bytearray(whole)
        changed[bit // 8] ^= 1 << bit % 8
        parts = bytes(changed[:32]), bytes(changed[32:-64]), bytes(changed[-64:])
        assert not ours(c, *parts)
        assert not theirs(*parts)


def test_s_has_one_form(c: Library) -> None:
    key, signature = signed(*HONEST)
    S = int.from_bytes(signature[32:], "little")
    for multiple in range(1, 16):
        if (more := S + multiple * L) < 2**256:
            other = signature[:32] + more.to_bytes(32, "little")
            assert not ours(c, key, MESSAGE, other)
            assert not theirs(key, MESSAGE, other)


def test_torsion_in_a_nonce_is_refused_as_openssl_refuses_it(c: Library) -> None:
    """No cofactor: R' = S B - k A is compared with R itself."""
    for torsion in small_order():
        key, signature = signed(HONEST[0], add(HONEST[1], torsion))
        expected = torsion == (0, 1)
        assert ours(c, key, MESSAGE, signature) == theirs(key, MESSAGE, signature) == expected


def test_torsion_in_a_key_is_decided_as_openssl_does(c: Library) -> None:
    decided = set()
    for torsion in small_order():
        for _ in range(3):
            key, signature = signed(add(HONEST[0], torsion), HONEST[1])
            decided.add(ours(c, key, MESSAGE, signature))
            assert ours(c, key, MESSAGE, signature) == theirs(key, MESSAGE, signature)
    assert True in decided


def test_under_a_key_of_small_order_nobody_signs(c: Library) -> None:
    """OpenSSL lets such signatures pass: under the identity, R = S B is one of everything."""
    for torsion in small_order():
        R = times(NONCE, BASE)
        key, signature = encoding(torsion), encoding(R) + NONCE.to_bytes(32, "little")
        if torsion == (0, 1):
            assert theirs(key, MESSAGE, signature)
        assert not ours(c, key, MESSAGE, signature)


@pytest.mark.parametrize("y", range(P, 2**255))
def test_a_key_has_one_encoding(c: Library, y: int) -> None:
    """A y of p or more is refused; so is a sign where x = 0."""
    for sign in (0, 1):
        key = (y | sign << 255).to_bytes(32, "little")
        assert not ours(c, key, MESSAGE, encoding(HONEST[1]) + NONCE.to_bytes(32, "little"))


def test_no_sign_where_x_is_zero(c: Library) -> None:
    for y in (1, P - 1):
        key = (y | 1 << 255).to_bytes(32, "little")
        assert not ours(c, key, MESSAGE, encoding(HONEST[1]) + NONCE.to_bytes(32, "little"))


def test_what_is_no_point_is_no_key(c: Library, seed: int) -> None:
    generator, refused = random.Random(seed), 0
    for _ in range(40):
        y = generator.randrange(P)
        try:
            root(y)
        except ValueError:
            refused += 1
            assert not ours(c, y.to_bytes(32, "little"), MESSAGE, bytes(64))
    assert refused > 5


def test_wrong_keys_and_random_bytes(c: Library, seed: int) -> None:
    generator = random.Random(seed)
    for _ in range(300):
        key, signature = generator.randbytes(32), generator.randbytes(63) + b"\x0f"
        assert ours(c, key, MESSAGE, signature) == theirs(key, MESSAGE, signature) is False
