"""Hashing to ristretto255: RFC 9380, section 5.3 and appendix B (suite ristretto255_XMD:SHA-512_R255MAP_RO_)."""

from __future__ import annotations

import hashlib

from tests.reference.ristretto255 import Point, from_uniform_bytes


def i2osp(value: int, length: int) -> bytes:
    """I2OSP of RFC 8017: big endian, unlike everything else in this package."""
    return value.to_bytes(length, "big")


def strxor(a: bytes, b: bytes) -> bytes:
    """The bytewise exclusive or of two strings of one length."""
    return bytes(x ^ y for x, y in zip(a, b, strict=True))


def expand_message_xmd(msg: bytes, dst: bytes, len_in_bytes: int, hash_name: str = "sha512") -> bytes:
    """RFC 9380, section 5.3.1. A tag of more than 255 bytes is hashed first (section 5.3.3)."""

    def H(data: bytes) -> bytes:
        return hashlib.new(hash_name, data).digest()

    b_in_bytes = hashlib.new(hash_name).digest_size
    s_in_bytes = hashlib.new(hash_name).block_size
    if len(dst) > 255:
        dst = H(b"H2C-OVERSIZE-DST-" + dst)

    ell = -(-len_in_bytes // b_in_bytes)
    if not 1 <= ell <= 255 or len_in_bytes > 65535:
        raise ValueError(f"cannot expand to {len_in_bytes} bytes")
    DST_prime = dst + i2osp(len(dst), 1)
    Z_pad = i2osp(0, s_in_bytes)
    l_i_b_str = i2osp(len_in_bytes, 2)
    msg_prime = Z_pad + msg + l_i_b_str + i2osp(0, 1) + DST_prime
    b_0 = H(msg_prime)
    b = [H(b_0 + i2osp(1, 1) + DST_prime)]
    for i in range(2, ell + 1):
        b.append(H(strxor(b_0, b[-1]) + i2osp(i, 1) + DST_prime))
    return b"".join(b)[:len_in_bytes]


def hash_to_group(msg: bytes, dst: bytes) -> Point:
    """hash_to_ristretto255 of RFC 9380, appendix B, with expand_message_xmd over SHA-512."""
    uniform_bytes = expand_message_xmd(msg, dst, 64)
    return from_uniform_bytes(uniform_bytes)
