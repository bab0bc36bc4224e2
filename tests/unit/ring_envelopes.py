"""Envelopes of the lattice scheme as evaluators meet them: honest ones, and some that their signer made otherwise."""

from __future__ import annotations

from functools import cache

import pyfe
from pyfe.adapters.ipfe_rlwe import IPFE_RLWE
from pyfe.ciphertext import CiphertextBatch
from pyfe.identity import IdentitySecret
from tests.reference import ipfe_rlwe as twin

WEIGHTS = (3, -2)
TILE = twin.TILE


@cache
def person(name: str) -> IdentitySecret:
    return IdentitySecret.generate(name)


@cache
def authority() -> pyfe.KeyAuthority:
    schema = pyfe.Schema.from_ranges({"a": pyfe.number(0, 3, step=1), "b": pyfe.number(0, 7, step=1)})
    free = pyfe.Policy.unrestricted(reason="a test")
    return pyfe.KeyAuthority.create(schema, scheme="ipfe-rlwe", weight_bits=4, policy=free)


@cache
def key(first: int = WEIGHTS[0]) -> pyfe.FunctionKey:
    return authority().issue(pyfe.Function.from_integers(authority().schema, [first, WEIGHTS[1]], 5), purpose="a test")


TABLE = {"a": [0, 1, 2, 3, 1], "b": [7, 0, 3, 6, 5]}
SCORES = [3 * a - 2 * b + 5 for a, b in zip(TABLE["a"], TABLE["b"], strict=True)]


def local() -> CiphertextBatch:
    """Rows that were encrypted here."""
    return authority().public_key.encrypt(TABLE)


def arrived(batch: CiphertextBatch, by: str | None = "ada") -> CiphertextBatch:
    """The batch as it comes over the wire, signed."""
    return CiphertextBatch.from_bytes((batch if by is None else batch.signed(person(by))).to_bytes())


def of_payload(payload: bytes) -> CiphertextBatch:
    """A batch with a native payload of one's own."""
    like = local()
    native = IPFE_RLWE.read_batch(memoryview(payload))
    return CiphertextBatch(
        like.adapter, native, parameter_hash=like.parameter_hash, schema_id=like.schema_id, encrypted_rows=len(native)
    )


def malformed() -> CiphertextBatch:
    """Whole, and not what encryption gives: a high bit of a slot without a patient."""
    payload = bytearray(local().native.to_bytes())
    payload[-1] ^= 1 << 6  # of column b, whose weight is even in one key: not the highest
    return of_payload(bytes(payload))


def probe(c: int, w: int = 0) -> CiphertextBatch:
    """One tile with ``ct0 = c``, a constant polynomial, and ``sum_i y_i t_i = w`` in the first slot, 0 in the others:
    accepted as long as ``round(2^b c sk_k / q)`` is small in every slot k, so that accept or refuse, at some values of
    c, tells how large sk is."""
    p, like = key().native.parameters, local().native.to_bytes()
    shared = twin.rns_bytes([[c % q] * twin.N for q in p.primes], list(p.primes))
    tile = twin.packed([w, *[0] * (TILE - 1)], p.b)  # 3 w - 2 w
    return of_payload(like[: -len(shared) - 2 * len(tile)] + shared + tile + tile)


def width_of(data: bytes) -> int:
    """Bits of a coefficient of the last function of a key: before the coefficients, and behind 16 bytes of ``||E||^2``,
    whose upper half is 0 and no such half of random coefficients is."""
    starts = {w: len(data) - 1 - twin.N * w // 8 for w in range(1, 64)}
    return next(w for w, at in starts.items() if data[at] == w and not any(data[at - 8 : at]))


def secret_coefficients(count: int, of: pyfe.FunctionKey | None = None) -> list[int]:
    """The first of sk_y, from the end of a key's bytes: what an attacker is after."""
    data = bytes((key() if of is None else of).native.to_bytes())
    width = width_of(data)
    shifted = twin.unpacked(data[-twin.N * width // 8 :], twin.N, width)
    return [v - (1 << width - 1) for v in shifted[:count]]
