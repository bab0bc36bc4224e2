"""The Merkle tree of RFC 9162 by its recursions: hash of a list, paths, proofs, what they prove. No state, no speed.

Section 2.1.1: MTH({}) = SHA-256(); MTH({d}) = SHA-256(0x00 || d); MTH(D_n) = SHA-256(0x01 || MTH(D[0:k]) ||
MTH(D[k:n])), k the largest power of two smaller than n. 2.1.3.1: PATH. 2.1.4.1: PROOF and SUBPROOF. What a proof shows
is here found by running the same recursion over the sizes alone, taking hashes from the proof's end where the prover
put them.
"""

from __future__ import annotations

from hashlib import sha256


def H(data: bytes) -> bytes:
    return sha256(data).digest()


def split(n: int) -> int:
    """The largest power of two smaller than n."""
    k = 1
    while 2 * k < n:
        k *= 2
    return k


def MTH(D: list[bytes]) -> bytes:
    n = len(D)
    if n == 0:
        return H(b"")
    if n == 1:
        return H(b"\x00" + D[0])
    k = split(n)
    return H(b"\x01" + MTH(D[:k]) + MTH(D[k:]))


def PATH(m: int, D: list[bytes]) -> list[bytes]:
    n = len(D)
    if n == 1:
        return []
    k = split(n)
    if m < k:
        return [*PATH(m, D[:k]), MTH(D[k:])]
    return [*PATH(m - k, D[k:]), MTH(D[:k])]


def PROOF(m: int, D: list[bytes]) -> list[bytes]:
    return SUBPROOF(m, D, True)


def SUBPROOF(m: int, D: list[bytes], b: bool) -> list[bytes]:
    n = len(D)
    if m == n:
        return [] if b else [MTH(D)]
    k = split(n)
    if m <= k:
        return [*SUBPROOF(m, D[:k], b), MTH(D[k:])]
    return [*SUBPROOF(m - k, D[k:], False), MTH(D[:k])]


def root_of_path(m: int, n: int, leaf: bytes, path: list[bytes]) -> bytes:
    """The root that a path leads to; ValueError for a path of another length."""
    if not 0 <= m < n:
        raise ValueError("no such entry")
    if n == 1:
        if path:
            raise ValueError("too long")
        return leaf
    if not path:
        raise ValueError("too short")
    k = split(n)
    if m < k:
        return H(b"\x01" + root_of_path(m, k, leaf, path[:-1]) + path[-1])
    return H(b"\x01" + path[-1] + root_of_path(m - k, n - k, leaf, path[:-1]))


def roots_of_proof(m: int, n: int, b: bool, first: bytes, proof: list[bytes]) -> tuple[bytes, bytes]:
    """The roots of the first m and of all n entries that a consistency proof leads to, ``first`` standing for the root
    of m where the proof leaves it out; ValueError for a proof of another length."""
    if m == n:
        if len(proof) != (0 if b else 1):
            raise ValueError("wrong length")
        root = first if b else proof[0]
        return root, root
    if not proof:
        raise ValueError("too short")
    k = split(n)
    if m <= k:
        old, new = roots_of_proof(m, k, b, first, proof[:-1])
        return old, H(b"\x01" + new + proof[-1])
    old, new = roots_of_proof(m - k, n - k, False, first, proof[:-1])
    return H(b"\x01" + proof[-1] + old), H(b"\x01" + proof[-1] + new)


def includes(m: int, n: int, leaf: bytes, root: bytes, path: list[bytes]) -> bool:
    try:
        return root_of_path(m, n, leaf, path) == root
    except ValueError:
        return False


def consistent(m: int, first: bytes, n: int, second: bytes, proof: list[bytes]) -> bool:
    if not 0 < m <= n:
        return False
    try:
        return roots_of_proof(m, n, True, first, proof) == (first, second)
    except ValueError:
        return False
