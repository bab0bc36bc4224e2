"""Damaged envelopes given to the C ABI: a status and a message, and Python's verdict wherever Python's is about the
bytes that C reads.

Public keys and function keys are signed again after the damage, by an authority of the test's: else only the signature
would ever be looked at. ``make malformed`` damages the objects of every scheme in every bit.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pytest

import pyfe
from pyfe import _core
from pyfe.adapters import SCHEMES
from pyfe.errors import PyfeError
from pyfe.forms import MatrixForms
from pyfe.identity import IdentitySecret
from pyfe.keys.function_key import Grant
from pyfe.wire.signature import SigningKey
from tests.capi import CError, Library, fails, library

HEADER, SIGNATURE = 88, 64
OBJECTS = ["public_key", "function_key", "batch", "signed_batch"]
LINEAR = {"ipfe-ddh-ristretto255", "ipfe-rlwe"}


@pytest.fixture(scope="module")
def c() -> Library:
    return library()


class Set(NamedTuple):
    """What an authority, an owner and nobody wrote, and who signs."""

    public: pyfe.PublicKey
    objects: dict[str, bytes]
    authority: SigningKey
    owner: IdentitySecret


@cache
def made(scheme: str) -> Set:
    adapter, schema = SCHEMES[scheme], pyfe.Schema.from_ranges({"a": (0, 7), "b": ["no", "yes"]}, bits=3)
    signing, owner = SigningKey.generate(), IdentitySecret.generate("ada")
    native, secret = adapter.setup(schema, 4)
    public = pyfe.PublicKey.signed(adapter, native, schema, 4, signing)
    if scheme in LINEAR:
        function = pyfe.Function.from_integers(schema, [3, -2], 5, link="logit", classes=("no", "yes"))
    else:
        function = pyfe.Function.from_forms(schema, MatrixForms.dense([[[0, 1, 0], [0, 0, -3], [0, 0, 2]]]))
    grant = Grant("a test", 0, 1, "none", None, 1, None)
    key = pyfe.FunctionKey.signed(public, adapter.keygen(secret, function.map), function, grant, signing)
    batch = public.encrypt({"a": [1, 7], "b": ["no", "yes"]})
    objects = {
        "public_key": public.to_bytes(),
        "function_key": key.to_bytes(),
        "batch": batch.to_bytes(),
        "signed_batch": batch.signed(owner).to_bytes(),
    }
    return Set(public, objects, signing, owner)


def signed_again(scheme: str, name: str, data: bytes) -> bytes:
    if name == "batch" or len(data) < SIGNATURE:
        return data
    signer = made(scheme).owner if name == "signed_batch" else made(scheme).authority
    signed = data[:-SIGNATURE]
    if name == "public_key" and SCHEMES[scheme].payload_in_id:
        signed = data[:HEADER] + data[parts(data)[0] : -SIGNATURE]
    return data[:-SIGNATURE] + signer.sign(signed)


def by_python(scheme: str, name: str, data: bytes) -> str:
    """ "" where it is read, else the name of the error."""
    try:
        if name == "public_key":
            pyfe.PublicKey.from_bytes(data)
        elif name == "function_key":
            pyfe.FunctionKey.from_bytes(data, public_key=made(scheme).public)
        else:
            pyfe.CiphertextBatch.from_bytes(data)
    except PyfeError as error:
        return type(error).__name__
    return ""


def by_c(c: Library, scheme: str, name: str, data: bytes) -> str:
    """The same; any status is a CError, whose message :class:`Library` has looked at."""
    try:
        if name == "public_key":
            c.public_key(data)
        elif name == "function_key":
            c.function_key(data, loaded(scheme))
        else:
            c.batch(data)
    except CError as error:
        assert error.name not in ("PYFE_INTERNAL", "PYFE_RESOURCE"), error
        return error.name
    return ""


@cache
def loaded(scheme: str) -> Any:
    return library().public_key(made(scheme).objects["public_key"])


def parts(data: bytes) -> tuple[int, int]:
    """Where the payload ends, and the metadata."""
    payload, metadata = struct.unpack_from("<QI", data, HEADER - 12)
    return HEADER + payload, HEADER + payload + metadata


def flipped(data: bytes, bits: Iterator[int] | range | list[int]) -> Iterator[tuple[int, bytes]]:
    for bit in bits:
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        yield bit, bytes(changed)


def some_bits(scheme: str, name: str, slow: bool = False) -> list[int]:
    """Of header and payload. Slow: all, or as many as take a minute; otherwise what takes a second."""
    end = 8 * parts(made(scheme).objects[name])[0]
    if slow:
        return list(range(end if end < 10**5 else 8000))
    small = scheme == "ipfe-ddh-ristretto255"
    sample = np.random.default_rng(5).integers(8 * HEADER, end, 200 if small else 12)
    return [*range(0, 8 * HEADER, 3 if small else 23), *sorted({int(bit) for bit in sample})]


def check(c: Library, scheme: str, name: str, bits: list[int], *, again: bool) -> None:
    data = made(scheme).objects[name]
    end, wrong = parts(data)[0], []
    for bit, changed in flipped(data, bits):
        damaged = signed_again(scheme, name, changed) if again else changed
        verdicts = by_c(c, scheme, name, damaged), by_python(scheme, name, damaged)
        if bool(verdicts[0]) != bool(verdicts[1]):
            wrong.append((bit, end * 8, *verdicts))
    # The parameter hash of a batch is the sender's claim in both; that of keys is looked at in both.
    assert wrong == []


@pytest.mark.parametrize("name", OBJECTS)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_undamaged(c: Library, scheme: str, name: str) -> None:
    assert by_c(c, scheme, name, made(scheme).objects[name]) == ""
    assert by_python(scheme, name, made(scheme).objects[name]) == ""


@pytest.mark.parametrize("name", OBJECTS)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_one_bit_of_header_or_payload_signed_again(c: Library, scheme: str, name: str) -> None:
    check(c, scheme, name, some_bits(scheme, name), again=True)


@pytest.mark.slow
@pytest.mark.parametrize("name", OBJECTS)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_bit_of_header_or_payload_signed_again(c: Library, scheme: str, name: str) -> None:
    check(c, scheme, name, some_bits(scheme, name, slow=True), again=True)


@pytest.mark.parametrize("name", ["public_key", "function_key", "signed_batch"])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_no_bit_of_what_is_signed_can_be_changed(c: Library, scheme: str, name: str) -> None:
    data = made(scheme).objects[name]
    end = parts(data)[0]
    bits = [*some_bits(scheme, name), *range(8 * end, 8 * len(data), 7)]
    for bit, changed in flipped(data, bits):
        assert by_c(c, scheme, name, changed) != "", bit


@pytest.mark.parametrize("name", OBJECTS)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_cut_anywhere(c: Library, scheme: str, name: str) -> None:
    """Also with lengths that fit: then the payload ends too early."""
    data = made(scheme).objects[name]
    payload_end, end = parts(data)
    sizes = [*range(0, 200, 5), *range(200, len(data), max(1, len(data) // 40))]
    for size in sizes:
        assert by_c(c, scheme, name, data[:size]) == "PYFE_DECODE"
        if HEADER <= size < payload_end:
            head = data[: HEADER - 12] + struct.pack("<QI", size - HEADER, end - payload_end)
            short = head + data[HEADER:size] + data[payload_end:]
            assert by_c(c, scheme, name, signed_again(scheme, name, short)) in ("PYFE_DECODE", "PYFE_KEY_MISMATCH")
    assert by_c(c, scheme, name, data + b"\0") == "PYFE_DECODE"


@pytest.mark.parametrize("name", OBJECTS)
def test_metadata_that_is_no_map_of_its_one_encoding(c: Library, name: str) -> None:
    """What C looks up stands in no other form; what it does not look up, it passes over."""
    scheme = "ipfe-ddh-ristretto255"
    data = made(scheme).objects[name]
    start, end = parts(data)
    signature = data[end:]
    for metadata in (
        b"",
        b"\xa0\xa0",
        b"\x80",
        b"\xff",
        b"\xbf\xff",
        b"\xa1",
        b"\xa2\x61a\x01\x61a\x01",
        b"\xf9\x00\x00",
    ):
        head = data[: HEADER - 4] + struct.pack("<I", len(metadata))
        damaged = signed_again(scheme, name, head + data[HEADER:start] + metadata + signature)
        assert by_c(c, scheme, name, damaged) == "PYFE_DECODE", metadata
    for bit, changed in flipped(data, range(8 * start, 8 * end, 3)):
        damaged = signed_again(scheme, name, changed)
        if by_c(c, scheme, name, damaged):
            assert by_python(scheme, name, damaged), f"C refuses what Python reads, bit {bit}"


def test_a_public_key_of_which_only_the_hash_is_there(c: Library) -> None:
    """An authority keeps it so; nobody can encrypt under it."""
    adapter, schema = SCHEMES["ipfe-rlwe"], pyfe.Schema.from_ranges({"a": (0, 7)}, bits=3)
    native, _ = adapter.setup(schema, 4)
    signing = SigningKey.generate()
    whole = pyfe.PublicKey.signed(adapter, native, schema, 4, signing).to_bytes()
    assert c.public_key(whole)
    bare, _ = _core.ipfe_rlwe.setup_without_pk(native.parameters)
    payload, (end, _) = bare.to_bytes(), parts(whole)
    header = whole[: HEADER - 44] + bare.id + struct.pack("<Q", len(payload)) + whole[HEADER - 4 : HEADER]
    signed = header + whole[end:-SIGNATURE]
    data = header + payload + whole[end:-SIGNATURE] + signing.sign(signed)
    assert by_python("ipfe-rlwe", "public_key", data) == "DecodeError"
    with fails("PYFE_DECODE", "only a hash"):
        c.public_key(data)


@pytest.mark.parametrize("name", OBJECTS)
def test_lengths_that_are_not_there(c: Library, name: str) -> None:
    """Nothing is allocated for them, and nothing is waited for."""
    scheme = "ipfe-ddh-ristretto255"
    data = made(scheme).objects[name]
    started = time.perf_counter()
    for payload in (2**32 - 1, 2**47, 2**48, 2**63, 2**64 - 1):
        for metadata in (0, 2**24, 2**32 - 1):
            head = data[: HEADER - 12] + struct.pack("<QI", payload, metadata)
            assert by_c(c, scheme, name, signed_again(scheme, name, head + data[HEADER:])) == "PYFE_DECODE"
    for at in range(HEADER, min(len(data) - SIGNATURE - 8, HEADER + 80)):
        for value in (2**32 - 1, 2**63, 2**64 - 1):
            changed = data[:at] + struct.pack("<Q", value) + data[at + 8 :]
            by_c(c, scheme, name, signed_again(scheme, name, changed))
    assert time.perf_counter() - started < 5


def test_random_bytes(c: Library, seed: int) -> None:
    generator = np.random.default_rng(seed)
    for size in range(0, 600, 7):
        for name in OBJECTS:
            data = generator.bytes(size)
            assert by_c(c, "ipfe-ddh-ristretto255", name, data) == "PYFE_DECODE"
            assert by_c(c, "ipfe-ddh-ristretto255", name, b"PYFE\1\0" + data) == "PYFE_DECODE"
