"""Damaged bytes of the lattice scheme's objects: what is refused has a name, and every flipped bit is accounted for.

A flip is refused, or decodes to an object of exactly these bytes. Which of the two is known beforehand, bit by bit:
a residue that stays below its prime is another residue, an id or a seed may be anything, all else is recomputed. What
such another object is good for is counted as well: a key fails the key check; a ciphertext is refused when it is
decrypted, or it gives the same scores, its noise being a little other (which a signature notices).
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterable
from typing import Any

import gmpy2
import numpy as np
import pytest

from pyfe import CiphertextBatch, DecodeError, KeyMismatchError, PyfeError, RefusedError, _core
from pyfe.schemes import ipfe_rlwe
from tests.reference import ipfe_rlwe as twin
from tests.reference.codec import Reader
from tests.unit import ring_envelopes as envelopes

scheme = _core.ipfe_rlwe
N, TILE = twin.N, twin.TILE


def parameters(hi: int = 9) -> Any:
    return scheme.Parameters(1, np.array([0]), np.array([hi]), 7, 3, bytes(range(32)))


P = parameters()
PRIMES, HEAD, AGREED = list(P.primes), len(P.to_bytes()), 4 + 16 + 8 + 8 + 32
MPK, MSK = scheme.setup(P)
ROWS = np.array([[9], [0], [4]])
Y = np.array([7])
SK, CT = scheme.keygen(MSK, Y), scheme.encrypt(MPK, ROWS)
SUM = scheme.CiphertextBatch.combine([CT, scheme.encrypt(MPK, ROWS)], np.array([2, -1]))
READ = SK.with_readout(_core.schemes.Readout(np.array([3]), np.ones(1), np.zeros(1), 0))
OBJECTS = {"parameters": P, "mpk": MPK, "msk": MSK, "sk": SK, "sk.read": READ, "ct": CT, "combined": SUM}
SHARED = 1024 * sum(q.bit_length() for q in PRIMES)
CT_HEAD = 32 + 7 + 8 * len(PRIMES) + 8 + 1 + 8
"""Bytes of a batch before what it says of its blocks."""


def wire(name: str) -> bytes:
    data: bytes = OBJECTS[name].to_bytes()
    return data


def refused(name: str, data: bytes, words: str = "") -> None:
    with pytest.raises(DecodeError, match=words or "."):
        type(OBJECTS[name]).from_bytes(data)


def put(data: bytes, at: int, new: bytes) -> bytes:
    return data[:at] + new + data[at + len(new) :]


def flipped(data: bytes, bit: int) -> bytes:
    return put(data, bit // 8, bytes([data[bit // 8] ^ 1 << bit % 8]))


def residue(data: bytes, at: int, prime: int, number: int) -> tuple[int, int]:
    """Bit offset and value of a packed residue, the polynomial beginning at a byte."""
    width = PRIMES[prime].bit_length()
    bit = 8 * (at + 1024 * sum(q.bit_length() for q in PRIMES[:prime])) + width * number
    value = int.from_bytes(data[bit // 8 : bit // 8 + 9], "little") >> bit % 8
    return bit, value & ((1 << width) - 1)


def with_residue(data: bytes, at: int, prime: int, number: int, value: int) -> bytes:
    bit, old = residue(data, at, prime, number)
    piece = int.from_bytes(data[bit // 8 : bit // 8 + 9], "little") ^ (old ^ value) << bit % 8
    return put(data, bit // 8, piece.to_bytes(9, "little")[: len(data) - bit // 8])


# -- refused by name ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", OBJECTS)
def test_cut_and_extended(name: str, seed: int) -> None:
    data = wire(name)
    sizes = {*range(min(len(data), 250)), *range(max(0, len(data) - 40), len(data))}
    sizes |= set(np.random.default_rng(seed).integers(0, len(data), 60).tolist())
    if name == "mpk":  # as an authority keeps it: the hash of the polynomials in their place, of another id here
        short = scheme.MasterPublicKey.from_bytes(data[: HEAD + 64])
        assert short.to_bytes() == data[: HEAD + 64] and short.id != MPK.id
        sizes.discard(HEAD + 64)
    for size in sizes:
        refused(name, data[:size])
    for more in (b"\0", b"\xff", bytes(1024), data):
        refused(name, data + more)


@pytest.mark.parametrize("prime", range(len(PRIMES)))
@pytest.mark.parametrize("number", [0, 1, N - 2])
def test_residues_that_are_none(prime: int, number: int) -> None:
    q = PRIMES[prime]
    for name, at, words in (
        ("mpk", HEAD + 32, "public key: pk_0"),
        ("ct", len(wire("ct")) - CT.nbytes, "block 0, ct_0"),
    ):
        for value in (q, q + 1, (1 << q.bit_length()) - 1):
            refused(name, with_residue(wire(name), at, prime, number, value), words)
        type(OBJECTS[name]).from_bytes(with_residue(wire(name), at, prime, number, q - 1))


def test_an_explicit_a() -> None:
    """In the place of the seed, or beside it: there is no such field."""
    data, a = wire("mpk"), wire("mpk")[-SHARED:]
    for wrong in (data[:HEAD] + a + data[HEAD + 32 :], data[: HEAD + 32] + a + data[HEAD + 32 :]):
        refused("mpk", wrong, "public key")
    with pytest.raises(TypeError):
        scheme.setup(P, a=a)  # type: ignore[call-arg]


def other_prime() -> int:
    """1 modulo 2^13 and not modulo 2^14: it has roots of the order of half the ring only."""
    q: int = 2**30 + 1 + 2**13
    while not gmpy2.is_prime(q):
        q += 2**14
    return q


def test_a_root_of_another_order() -> None:
    q = struct.pack("<Q", other_prime())
    refused("ct", put(wire("ct"), 39, q), "1 modulo 2\\^14")
    for name in ("parameters", "mpk", "msk"):
        refused(name, put(wire(name), HEAD - 8, q), "derived parameters")
        swapped = b"".join(struct.pack("<Q", p) for p in reversed(PRIMES))
        if len(PRIMES) > 1:
            refused(name, put(wire(name), HEAD - len(swapped), swapped), "derived parameters")
            refused("ct", put(wire("ct"), 39, swapped), "does not ascend")


def test_words_in_another_order() -> None:
    """Bytes do not show a polynomial in another order of roots; the key check does, and so does a decryption."""
    data = wire("mpk")
    values = twin.read_rns(Reader(data[HEAD + 32 :]), PRIMES)
    turned = data[: HEAD + 32] + twin.rns_bytes([v[::-1] for v in values], PRIMES)
    other = scheme.MasterPublicKey.from_bytes(turned)
    assert other.id != MPK.id and not scheme.verify_key(other, SK)
    start = len(wire("ct")) - CT.nbytes
    values = twin.read_rns(Reader(wire("ct")[start:]), PRIMES)
    turned = put(wire("ct"), start, twin.rns_bytes([v[::-1] for v in values], PRIMES))
    with pytest.raises(RefusedError):
        scheme.decrypt(SK, scheme.CiphertextBatch.from_bytes(turned))


@pytest.mark.parametrize("log", [12, 14])
def test_another_ring_dimension(log: int) -> None:
    refused("ct", put(wire("ct"), 36, bytes([log])), "ring dimension")
    for name in ("parameters", "mpk", "msk"):
        refused(name, put(wire(name), AGREED, struct.pack("<I", 1 << log)), "derived parameters")
    refused("sk", put(wire("sk"), 36 + AGREED, struct.pack("<I", 1 << log)), "derived parameters")


def test_mixed_parameter_sets() -> None:
    p = parameters(200)
    mpk, msk = scheme.setup(p)
    sk, ct = scheme.keygen(msk, Y), scheme.encrypt(mpk, ROWS)
    for key, batch in ((SK, ct), (sk, CT)):
        with pytest.raises(KeyMismatchError, match="public key"):
            scheme.decrypt(key, batch)
    with pytest.raises(KeyMismatchError, match="public keys"):
        scheme.CiphertextBatch.combine([CT, ct], np.ones(2, np.int64))
    with pytest.raises(KeyMismatchError, match="public keys"):
        scheme.CiphertextBatch.concat([CT, ct])
    assert p.b != P.b or p.primes != P.primes
    foreign = ct.to_bytes()
    refused("ct", wire("ct")[: -CT.nbytes] + foreign[-ct.nbytes :], "ciphertext batch")
    with pytest.raises(KeyMismatchError, match="parameters"):  # another's shape under this one's id
        scheme.decrypt(SK, scheme.CiphertextBatch.from_bytes(MPK.id + foreign[32:]))
    assert not scheme.verify_key(mpk, SK) and not scheme.verify_key(MPK, sk)


def test_counts_and_weights_that_are_forged() -> None:
    data, summed = wire("ct"), wire("combined")
    for count, words in ((0, "count"), (2, "patients"), (65, "bytes"), (8192, "bytes"), (8193, "count")):
        refused("ct", put(data, CT_HEAD, struct.pack("<I", count)), words)
    at = CT_HEAD + 4
    assert summed[at : at + 32] == struct.pack("<QQQQ", 2, 1, 5, 0)
    for weights, words in (((3, 1, 5, 0), "sum_w"), ((2**64 - 1, 2, 5, 0), "sum_w"), ((2, 1, 2, 0), "W2"),
                           ((2, 1, 10, 0), "W2"), ((2, 1, 5, 1), "W2"), ((0, 0, 5, 0), "W2")):  # fmt: skip
        refused("combined", put(summed, at, struct.pack("<QQQQ", *weights)), words)


def test_weights_that_could_be_and_are_not() -> None:
    """No scores but those of the batch: where the interval that follows from the weights lacks one, it is refused."""
    honest, found = scheme.decrypt(SK, SUM), Counter[str]()
    for pos in range(4):
        for neg in range(4 - pos):
            for square in range(pos + neg, (pos + neg) ** 2 + 1):
                forged = put(wire("combined"), CT_HEAD + 4, struct.pack("<QQQQ", pos, neg, square, 0))
                found[outcome(scheme.CiphertextBatch.from_bytes(forged).vouched(), honest)] += 1
    assert found["others"] == 0 and found["refused"] > 5 and found["the same"] >= 1


def outcome(batch: Any, honest: Any) -> str:
    try:
        scores = scheme.decrypt(SK, batch)
    except RefusedError:
        return "refused"
    except KeyMismatchError:
        return "another key"
    return "the same" if np.array_equal(scores, honest) else "others"


# -- every flip is accounted for -----------------------------------------------------------------------------------


def below(data: bytes, at: int, bit: int) -> bool:
    """Whether the residue with this bit is one with it flipped; the polynomial begins at a byte."""
    inside = bit - 8 * at
    for prime, q in enumerate(PRIMES):
        if inside < 8192 * q.bit_length():
            start, value = residue(data, at, prime, inside // q.bit_length())
            return value ^ 1 << bit - start < q
        inside -= 8192 * q.bit_length()
    raise AssertionError(bit)


def decodes(name: str, data: bytes) -> Any:
    """The object, which has these bytes; or None."""
    try:
        item = type(OBJECTS[name]).from_bytes(data)
    except DecodeError:
        return None
    assert item.to_bytes() == data
    return item


def spread(start: int, stop: int, count: int, seed: int) -> Iterable[int]:
    """All bits of the range, or so many of them."""
    if stop - start <= count:
        return range(start, stop)
    return sorted(set(np.random.default_rng(seed).integers(start, stop, count).tolist()))


def of_parameters(name: str, at: int) -> None:
    """Accepted are another context, and ranges and bounds from which the very same numbers follow."""
    data, found = wire(name), Counter[str]()
    for bit in range(8 * at, 8 * (at + HEAD)):
        place = bit // 8 - at
        item = decodes(name, flipped(data, bit))
        if item is None:
            found["refused"] += 1
            continue
        found["context" if AGREED - 32 <= place < AGREED else "agreed"] += 1
        assert place < AGREED
        q = item if name == "parameters" else item.parameters
        assert q.id != P.id
    assert found["context"] == 256
    assert found["refused"] >= 8 * (HEAD - AGREED)


def test_flips_of_parameters() -> None:
    of_parameters("parameters", 0)
    of_parameters("msk", 0)


def test_flips_of_a_master_key() -> None:
    """Its id and its seed may be anything: what it is of, its sealed file says, which is authenticated."""
    data = wire("msk")
    assert len(data) == HEAD + 64
    for bit in range(8 * HEAD, 8 * len(data)):
        assert decodes("msk", flipped(data, bit)) is not None
    other = scheme.MasterSecretKey.from_bytes(flipped(data, 8 * len(data) - 1))
    assert not scheme.verify_key(MPK, scheme.keygen(other, Y))


def flips_of_the_public_key(count: int, seed: int) -> None:
    data, start = wire("mpk"), HEAD + 32
    for bit in range(8 * HEAD, 8 * start, 11):  # the seed of a: another key, of another id
        other = decodes("mpk", flipped(data, bit))
        assert other.id != MPK.id and not scheme.verify_key(other, SK)
    for bit in spread(8 * start, 8 * len(data), count, seed):
        other = decodes("mpk", flipped(data, bit))
        assert (other is not None) == below(data, start, bit), bit
        assert other is None or other.id != MPK.id


def test_flips_of_a_public_key(seed: int) -> None:
    flips_of_the_public_key(150, seed)


def flips_of_the_function_key(count: int, seed: int) -> Counter[str]:
    data, found = wire("sk"), Counter[str]()
    start = 32 + 4 + HEAD
    for bit in [*range(0, 8 * 36, 5), *spread(8 * start, 8 * len(data), count, seed)]:
        other = decodes("sk", flipped(data, bit))
        if other is None:
            found["refused"] += 1
            assert bit >= 8 * 32 and bit < 8 * (start + 24 + 17 + N)
        elif bit < 8 * 32:
            found["another public key's"] += 1
        else:
            found["fails the check"] += 1
            assert not scheme.verify_key(MPK, other), bit
    return found


def test_flips_of_a_function_key(seed: int) -> None:
    """y and its interval hold each other; the norm, and the 8192 coefficients, the key check holds."""
    found = flips_of_the_function_key(300, seed)
    assert found["fails the check"] > 250 and found["another public key's"] == 52
    at = 32 + 4 + HEAD
    for bit in range(8 * at, 8 * (at + 24)):
        assert decodes("sk", flipped(wire("sk"), bit)) is None


def flips_of_the_ciphertext(bits: Iterable[int]) -> Counter[str]:
    data, found = wire("ct"), Counter[str]()
    start, honest = len(data) - CT.nbytes, ROWS @ Y[:, None]
    for bit in bits:
        batch = decodes("ct", flipped(data, bit))
        if start * 8 <= bit < 8 * (start + SHARED):
            assert (batch is not None) == below(data, start, bit), bit
            found["shared"] += 1
            assert batch is None or outcome(batch, honest) == "refused", bit
        elif bit >= 8 * (start + SHARED):
            found[outcome(batch, honest)] += 1
        else:
            found["head"] += 1
            assert batch is None or len(batch) != 3 or batch.places.tolist() != CT.places.tolist() or (
                outcome(batch, honest) in ("another key", "the same", "refused")
            )  # fmt: skip
    assert found["others"] == 0
    return found


def test_flips_of_a_ciphertext(seed: int) -> None:
    """All of its head and of its tile; of the shared component, which every slot depends on, some."""
    data = wire("ct")
    start = 8 * (len(data) - CT.nbytes)
    found = flips_of_the_ciphertext(
        [*range(start), *spread(start, start + 8 * SHARED, 150, seed), *range(start + 8 * SHARED, 8 * len(data))]
    )
    assert found["refused"] + found["the same"] == TILE * P.b
    assert found["refused"] > 0.9 * TILE * P.b  # noise fills the words of so narrow a set nearly to its margin


def test_flips_of_a_signed_batch(seed: int) -> None:
    """A signature notices each, before anything is decrypted."""
    data = envelopes.arrived(envelopes.local()).to_bytes()
    scores = envelopes.key().decrypt(CiphertextBatch.from_bytes(data), signed_by=envelopes.person("ada").identity)
    assert scores.tolist() == envelopes.SCORES
    for bit in spread(0, 8 * len(data), 150, seed):
        with pytest.raises(PyfeError) as caught:
            batch = CiphertextBatch.from_bytes(flipped(data, bit))
            envelopes.key().decrypt(batch, signed_by=envelopes.person("ada").identity)
        assert not isinstance(caught.value, RefusedError), bit


@pytest.mark.slow
def test_every_flip(seed: int) -> None:
    """Each of some half a million bits of a ciphertext, each of a function key; of a public key 60,000."""
    data = wire("ct")
    found = flips_of_the_ciphertext(range(8 * len(data)))
    assert found["shared"] == 8 * SHARED
    key = flips_of_the_function_key(10**9, seed)
    assert key.total() == 58 + 8 * (len(wire("sk")) - 36 - HEAD)
    flips_of_the_public_key(60_000, seed)


def test_the_verbs_refuse_the_same() -> None:
    """The typed verbs stand on these classes."""
    assert ipfe_rlwe.CiphertextBatch is scheme.CiphertextBatch
