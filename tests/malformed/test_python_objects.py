"""Hostile bytes for every object that travels.

Every truncation and every single-bit flip of a small object is refused by a named error, or decodes to an object
whose encoding is exactly those bytes. Larger objects get a sample.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from pyfe import (
    CiphertextBatch,
    Function,
    FunctionKey,
    KeyAuthority,
    PublicKey,
    PyfeError,
    Schema,
    ScoreProof,
    SignatureError,
)
from pyfe.authority import sealed_file
from pyfe.errors import AuthorityError
from pyfe.forms import FactoredForms, MatrixForms
from pyfe.owner import OwnerSecret
from pyfe.row_ids import Carriage
from pyfe.wire import sealing
from tests.unit import objects, old_files

Decoder = Callable[[bytes], Any]


def small() -> KeyAuthority:
    return objects.authority(objects.small_schema())


def small_function() -> Function:
    return Function.from_integers(objects.small_schema(), [3, -1], 5, link="logit", classes=("no", "yes"))


def samples() -> dict[str, tuple[bytes, Decoder]]:
    """Name -> bytes and decoder of a small object of each kind."""
    authority = small()
    public = authority.public_key
    key = authority.issue(small_function(), purpose="p", recipient="r")
    batch = public.encrypt({"a": [9, 1], "b": [1, 0]}, on_overflow="clip")
    return {
        "schema": (authority.schema.to_bytes(), Schema.from_bytes),
        "function": (small_function().to_bytes(), Function.from_bytes),
        "public key": (public.to_bytes(), PublicKey.from_bytes),
        "function key": (key.to_bytes(), FunctionKey.from_bytes),
        "ciphertexts": (batch.to_bytes(), CiphertextBatch.from_bytes),
        "combined ciphertexts": (batch.weighted_sum([2, -3]).to_bytes(), CiphertextBatch.from_bytes),
        "score proof": (key.prove(batch, key.decrypt(batch)).to_bytes(), ScoreProof.from_bytes),
        "ciphertexts with ids": (with_ids(public, "clear").to_bytes(), CiphertextBatch.from_bytes),
        "ciphertexts with pseudonyms": (with_ids(public, "pseudonym").to_bytes(), CiphertextBatch.from_bytes),
    }


def with_ids(public: PublicKey, carriage: Carriage) -> CiphertextBatch:
    """Two rows with ids, of one byte in UTF-8 a character and of two."""
    secret = OwnerSecret.generate() if carriage == "pseudonym" else None
    return public.encrypt({"a": [2, 1], "b": [1, 0]}, ids=["P7", "é"], carry_ids=carriage, owner_secret=secret)


def quadratic_samples() -> dict[str, tuple[bytes, Decoder]]:
    """The same for a quadratic scheme, on one column."""
    schema = Schema.from_ranges({"a": (0, 3)}, bits=2)
    authority = objects.authority(schema, scheme="qfe-ggm")
    matrix = Function.from_forms(schema, MatrixForms.dense(np.array([[0, 2], [0, -1]])), 5)
    factored = Function.from_forms(schema, FactoredForms(np.array([[1, 2]]), np.array([[0, 1]]), np.array([[3]])))
    keys = [authority.issue(f, purpose="p") for f in (matrix, factored)]
    batch = authority.public_key.encrypt({"a": [2]})
    return {
        "quadratic function": (matrix.to_bytes(), Function.from_bytes),
        "factored function": (factored.to_bytes(), Function.from_bytes),
        "public key of a quadratic scheme": (authority.public_key.to_bytes(), PublicKey.from_bytes),
        "quadratic function key": (keys[0].to_bytes(), FunctionKey.from_bytes),
        "factored function key": (keys[1].to_bytes(), FunctionKey.from_bytes),
        "quadratic ciphertexts": (batch.to_bytes(), CiphertextBatch.from_bytes),
    }


SAMPLES = samples()
ALL = SAMPLES | quadratic_samples()


def flips(data: bytes) -> Iterator[bytes]:
    for position in range(len(data)):
        for bit in range(8):
            yield data[:position] + bytes([data[position] ^ 1 << bit]) + data[position + 1 :]


def survives(data: bytes, decode: Decoder) -> bool:
    """Whether ``data`` decodes; if it does, to exactly those bytes. Anything but a named error is a failure."""
    try:
        item = decode(data)
    except PyfeError:
        return False
    assert item.to_bytes() == data
    assert not isinstance(item, CiphertextBatch) or b"".join(item.pieces()) == data
    return True


@pytest.mark.parametrize("name", ALL)
def test_the_sample_itself_decodes(name: str) -> None:
    assert survives(*ALL[name])


@pytest.mark.parametrize("name", ALL)
def test_every_truncation_and_extension_is_refused(name: str) -> None:
    data, decode = ALL[name]
    for size in range(len(data)):
        assert not survives(data[:size], decode), size
    for more in (b"\0", b"\xff", data):
        assert not survives(data + more, decode)


@pytest.mark.parametrize("name", ALL)
def test_every_bit_flip_is_refused_or_exact(name: str) -> None:
    data, decode = ALL[name]
    outcomes = [survives(flipped, decode) for flipped in flips(data)]
    if name.startswith("public key"):
        assert not any(outcomes)


@pytest.mark.parametrize("scheme", ["ipfe-ddh", "qfe-ggm"])
def test_no_bit_flip_of_a_function_key_verifies(scheme: str) -> None:
    authority = objects.authority(objects.small_schema(), scheme=scheme)
    public = authority.public_key
    data = authority.issue(small_function(), purpose="p").to_bytes()
    for flipped in flips(data):
        assert not survives(flipped, lambda d: FunctionKey.from_bytes(d, public_key=public))


def test_header_of_one_object_on_another() -> None:
    for name, (data, _) in SAMPLES.items():
        for other, (_, decode) in SAMPLES.items():
            altered = data[:6] + SAMPLES[other][0][6:7] + data[7:]
            if altered != data:
                assert not survives(altered, decode), (name, other)


@pytest.mark.parametrize("position", [0, 1, 63])
def test_a_flipped_signature_is_a_signature_error(position: int) -> None:
    data = bytearray(SAMPLES["public key"][0])
    data[len(data) - 64 + position] ^= 1
    with pytest.raises(SignatureError):
        PublicKey.from_bytes(bytes(data))


def test_every_bit_of_a_sealed_authority_is_authenticated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "LOG_COST", 10)
    key = sealing.SealingKey.fresh("correct horse battery")
    data = old_files.sealed(small(), key)

    def opened(data: bytes) -> sealed_file.Opened:
        file = sealed_file.SealedFile.parse(data)
        if (file.salt, file.log_cost) != (key.salt, key.log_cost):
            raise AuthorityError("another salt gives another key")
        return sealed_file.open_all(file, key)

    assert opened(data).terms.weight_bits == 16
    for size in range(len(data)):
        with pytest.raises(AuthorityError):
            opened(data[:size])
    for flipped in flips(data):
        with pytest.raises(AuthorityError):
            opened(flipped)


def test_a_sample_of_flips_of_larger_objects(seed: int) -> None:
    rng = np.random.default_rng(seed)
    authority = objects.authority()
    key = authority.issue(objects.several(), purpose="test")
    larger = [
        (authority.public_key.to_bytes(), PublicKey.from_bytes),
        (key.to_bytes(), FunctionKey.from_bytes),
        (authority.public_key.encrypt(objects.ROWS).to_bytes(), CiphertextBatch.from_bytes),
        (objects.several().to_bytes(), Function.from_bytes),
    ]
    for data, decode in larger:
        for position, bit in zip(rng.integers(0, len(data), 300), rng.integers(0, 8, 300), strict=True):
            survives(data[:position] + bytes([data[position] ^ 1 << int(bit)]) + data[position + 1 :], decode)
        for size in rng.integers(0, len(data), 50):
            assert not survives(data[:size], decode)


def test_random_bytes_after_a_good_header(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for data, decode in ALL.values():
        for _ in range(100):
            survives(data[:88] + rng.bytes(len(data) - 88), decode)
