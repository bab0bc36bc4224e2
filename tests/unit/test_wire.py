"""Deterministic CBOR, the envelope, and the encoding of every object."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pyfe
from pyfe import CiphertextBatch, DecodeError, FunctionKey, ParameterError, PublicKey, Schema
from pyfe.objects import decode
from pyfe.wire import cbor
from pyfe.wire.envelope import NO_ID, Envelope, Kind, pack, pack_metadata, unpack
from pyfe.wire.fields import Fields
from tests.unit import objects

PLAIN = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text() | st.binary()
VALUES = st.recursive(PLAIN, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)


@given(VALUES)
def test_cbor_reads_back_what_it_wrote(value: Any) -> None:
    data = cbor.dumps(value)
    assert cbor.loads(data, "test") == value
    assert cbor.dumps(cbor.loads(data, "test")) == data


@pytest.mark.parametrize(
    ("value", "encoding"),
    [  # RFC 8949, appendix A
        (23, "17"),
        (24, "1818"),
        (1000000000000, "1b000000e8d4a51000"),
        (18446744073709551615, "1bffffffffffffffff"),
        (-1000, "3903e7"),
        (False, "f4"),
        (None, "f6"),
        (b"\x01\x02\x03\x04", "4401020304"),
        ("ü", "62c3bc"),
        ({"a": 1, "b": [2, 3]}, "a26161016162820203"),
    ],
)
def test_cbor_known_answers(value: Any, encoding: str) -> None:
    assert cbor.dumps(value).hex() == encoding
    assert cbor.loads(bytes.fromhex(encoding), "test") == value


@pytest.mark.parametrize(
    "encoding",
    [
        "",  # nothing
        "1800",  # 0 in two bytes
        "0000",  # two items
        "f90000",  # a float
        "fb3ff8000000000000",
        "c074323031332d30332d32315432303a30343a30305a",  # a tag
        "d81c81d81d00",  # a list that holds itself
        "9f01ff",  # indefinite lengths
        "5f4101ff",
        "a2616101616102",  # a key twice
        "a2616202616101",  # keys out of order
        "a10102",  # a key that is no text
        "f7",  # undefined
        "f818",
        "61ff",  # no UTF-8
        "5bffffffffffffff00",  # a length beyond the end
        "9b00000001000000000000",
        "81" * 40 + "00",  # too deep
        "81" * 100000 + "00",
    ],
)
def test_cbor_refuses_everything_else(encoding: str) -> None:
    with pytest.raises(DecodeError, match="test"):
        cbor.loads(bytes.fromhex(encoding), "test")


@given(st.binary(max_size=40))
def test_cbor_accepts_only_what_it_would_write(data: bytes) -> None:
    try:
        value = cbor.loads(data, "test")
    except DecodeError:
        return
    assert cbor.dumps(value) == data


@pytest.mark.parametrize("value", [1.5, {1: 2}, 2**64, -(2**63) - 1, {"a": (1, 2)}, {"a": {"b": object()}}])
def test_cbor_does_not_write_other_types(value: Any) -> None:
    with pytest.raises(ParameterError, match="metadata cannot hold"):
        cbor.dumps(value)


def test_envelope_of_another_kind_is_named() -> None:
    data = pack_metadata(Kind.SCHEMA, {"x": 1})
    assert unpack(data).metadata == {"x": 1}
    with pytest.raises(DecodeError, match="schema, not a function key"):
        unpack(data, Kind.FUNCTION_KEY)
    with pytest.raises(DecodeError, match="expected bytes"):
        unpack("text")  # type: ignore[arg-type]


def test_fields_are_all_read_and_typed() -> None:
    fields = Fields({"a": 1, "b": True, "c": None, "d": b"12"}, "thing")
    assert fields.take("a", int) == 1
    with pytest.raises(DecodeError, match="'b' is not a int"):
        fields.take("b", int)
    assert fields.optional("c", str) is None
    with pytest.raises(DecodeError, match="must have 3"):
        fields.octets("d", 3)
    with pytest.raises(DecodeError, match="'e' is missing"):
        fields.optional("e", str)
    Fields({}, "thing").finish()
    with pytest.raises(DecodeError, match="unknown field 'x'"):
        Fields({"x": 1}, "thing").finish()


@pytest.fixture(scope="module")
def travellers() -> dict[type[Any], Any]:
    authority = objects.authority()
    key = authority.issue(objects.function(), purpose="test", recipient="somebody")
    batch = authority.public_key.encrypt(objects.ROWS)
    return {type(item): item for item in (authority.schema, objects.function(), authority.public_key, key, batch)}


@pytest.mark.parametrize("of_kind", [Schema, pyfe.Function, PublicKey, FunctionKey, CiphertextBatch])
def test_every_object_travels(travellers: dict[type[Any], Any], of_kind: type[Any]) -> None:
    item = travellers[of_kind]
    data = item.to_bytes()
    again = of_kind.from_bytes(data)
    assert again.to_bytes() == data
    assert not isinstance(again, CiphertextBatch) or b"".join(again.pieces()) == data
    assert again.id == item.id and len(item.id) == 32
    assert type(decode(data)) is of_kind
    assert of_kind.from_bytes(bytearray(data)).to_bytes() == data


def test_an_object_of_another_class_is_refused(travellers: dict[type[Any], Any]) -> None:
    for of_kind, item in travellers.items():
        for other in travellers:
            if other is not of_kind:
                with pytest.raises(DecodeError, match="these bytes are a"):
                    other.from_bytes(item.to_bytes())


def test_a_sealed_authority_is_not_read_without_its_passphrase() -> None:
    data = pack(Envelope(Kind.SEALED_AUTHORITY, 1, NO_ID, NO_ID, b"", {}))
    with pytest.raises(DecodeError, match=r"opened with its passphrase, by KeyAuthority\.open"):
        decode(data)


def test_a_combined_batch_keeps_its_weights() -> None:
    authority = objects.authority()
    batch = authority.public_key.encrypt(objects.ROWS).weighted_sum([3, -2, 0, 5])
    again = CiphertextBatch.from_bytes(batch.to_bytes())
    assert again.combined and again.weight_sums.tolist() == [[8, 2]]


def test_the_weights_of_a_key_are_only_in_the_payload() -> None:
    key = objects.authority().issue(objects.function(), purpose="test")
    assert "weights" not in unpack(key.to_bytes()).metadata
    assert FunctionKey.from_bytes(key.to_bytes()).function == key.function


class _Changing(bytearray):
    """A buffer that somebody else writes to: every look at it may show other bytes."""

    looks = 0

    def __bytes__(self) -> bytes:
        type(self).looks += 1
        return bytes(memoryview(self))


def test_a_buffer_is_looked_at_once() -> None:
    """Else other bytes could be decoded than those whose signature, or points, were checked."""
    authority = objects.authority()
    public, batch = authority.public_key, authority.public_key.encrypt(objects.ROWS)
    key = authority.issue(objects.function(), purpose="p")
    readers: list[tuple[Any, Any]] = [
        (public, PublicKey.from_bytes),
        (key, lambda data: FunctionKey.from_bytes(data, public_key=public)),
        (key, FunctionKey.from_bytes),
        (batch, CiphertextBatch.from_bytes),
        (authority.schema, Schema.from_bytes),
        (objects.function(), pyfe.Function.from_bytes),
    ]
    for item, read in readers:
        _Changing.looks = 0
        assert read(_Changing(item.to_bytes())).to_bytes() == item.to_bytes()
        assert _Changing.looks == 1
