"""A small file never costs much: what is only stated allocates nothing, and a signature is checked before contents.

Every file here is refused (or read) within a second and 64 MB + 8 times its size, and the same file with an honest
number is read: nothing but the tested check refuses it.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import cbor2
import numpy as np
import pytest

from pyfe import (
    CiphertextBatch,
    DecodeError,
    Function,
    FunctionKey,
    KeyMismatchError,
    ParameterError,
    Schema,
    SignatureError,
    _core,
    category,
)
from pyfe.forms import FactoredForms, MatrixForms
from pyfe.function import LinearMap, QuadraticMap
from pyfe.models import SquareNetwork
from pyfe.row_ids import RowIds
from pyfe.schema import thresholds
from pyfe.wire import cbor
from pyfe.wire.envelope import Envelope, Kind, pack, pack_metadata, unpack
from tests.fuzz.python.checks import Extremes, check
from tests.unit import objects


def ending(read: Callable[[bytes], object], data: bytes) -> str:
    """How reading ends, within the promised time and memory."""
    seen = Extremes()
    check(read, data, seen)
    (kind,) = seen.kinds
    return kind


def function_file(forms: dict[str, Any], **rest: Any) -> bytes:
    schema = Schema.from_ranges({"a": (0, 3)}, bits=2)
    data = Function.from_forms(schema, MatrixForms.dense([[0, 2], [0, -1]])).to_dict()
    return pack_metadata(Kind.FUNCTION, {**data, "forms": forms, **rest})


MATRIX = {"form": "matrix", "shape": [1, 2, 2], "output": [0], "row": [0], "column": [1], "value": [2]}


@pytest.mark.parametrize("k", [2, 2**20, 2**28, 2**31 - 1, 2**31, 10**12, 2**63 - 1])
def test_the_number_of_forms_is_held_against_their_entries(k: int) -> None:
    assert ending(Function.from_bytes, function_file(MATRIX)) == "read"
    assert ending(Function.from_bytes, function_file({**MATRIX, "shape": [k, 2, 2]})) == "DecodeError"


def test_a_stated_number_of_coordinates_allocates_nothing() -> None:
    for n, outcome in ((2**31 - 1, "read"), (2**31, "DecodeError")):
        assert ending(Function.from_bytes, function_file({**MATRIX, "shape": [1, n, n]})) == outcome


def test_factored_forms_are_not_multiplied_out_to_be_read() -> None:
    wide = {"form": "factored", "U": [[1] * 30_000], "V": None, "Q": [[1]]}
    assert ending(Function.from_bytes, function_file(wide)) == "read"
    for constant in ([[1] + [0] * 29_999], [[0] * 30_000]):
        data = function_file({**wide, "U": constant})
        assert ending(Function.from_bytes, data) == "DecodeError"


def test_constant_forms_are_recognised() -> None:
    """The exact answer of multiplying out, at random small forms: many of them cancel."""
    rng = np.random.default_rng(3)
    outcomes = set()
    for _ in range(300):
        U, V, Q = (rng.integers(-1, 2, size) for size in ((2, 3), (2, 3), (1, 2)))
        forms = FactoredForms(U, V, Q)
        exact = all((column > 0).any() for _, column, _ in forms.upper_terms())
        assert forms.varies == exact
        outcomes.add(exact)
    assert outcomes == {True, False}


def test_an_interval_of_wide_factors_takes_little_memory() -> None:
    schema = Schema({"c": thresholds(range(3000))})
    forms = FactoredForms(np.ones((1, 3001), dtype=np.int64), np.ones((1, 3001), dtype=np.int64), [[1]])
    data = Function.from_forms(schema, forms).to_bytes()
    assert ending(lambda d: Function.from_bytes(d, schema=schema), data) == "read"


@pytest.mark.parametrize("sign", ["x", "\U0001d49c"], ids=["ASCII", "beyond the BMP"])
def test_long_names_before_many_levels_are_not_made(sign: str) -> None:
    """A name stands before each of its levels: a file of 260 KB took 316 MB."""
    honest = Schema({"n": category(range(2**16))}).to_dict()
    for length, outcome in ((64, "read"), (65, "DecodeError"), (1024, "DecodeError")):
        (column,) = honest["columns"]
        data = {**honest, "columns": [{**column, "name": "x" * (length - 1) + sign}]}
        assert ending(Schema.from_bytes, pack_metadata(Kind.SCHEMA, data)) == outcome
    with pytest.raises(ParameterError, match="give shorter names to columns of many levels"):
        Schema({"x" * 1024: category(range(2**16))})


def sparse_key(n: int, k: int) -> bytes:
    """A linear function's key of a quadratic scheme, of k functions with one weight each, that states n coordinates."""
    authority = objects.authority(Schema.from_ranges({"a": (0, 3)}, bits=2), scheme="qfe-ggm")
    key = authority.issue(Function.from_integers(authority.schema, [1]), purpose="p")
    native = key.native.to_bytes()
    points = native[-144:]
    entry = struct.pack("<QIIq", 1, 0, 1, 1)
    head = native[:35] + struct.pack("<IIIB", n, n, k, 0)
    metadata = unpack(key.to_bytes()).metadata
    readout = k * struct.pack("<qdd", 0, 1.0, 0.0) + bytes(2)
    payload = head + k * entry + k * struct.pack("<qq", 0, 3) + readout + k * points
    ids = key.parameter_hash, key.public_key_id
    return pack(Envelope(Kind.FUNCTION_KEY, key.adapter.number, *ids, payload, metadata, bytes(64)))


@pytest.mark.parametrize(("n", "k", "outcome"), [(2, 1, "read"), (2**20, 1, "read"), (2**25, 1, "DecodeError")])
def test_a_key_states_more_weights_than_it_holds(n: int, k: int, outcome: str) -> None:
    assert ending(FunctionKey.from_bytes, sparse_key(n, k)) == outcome


def test_many_functions_of_one_weight_each() -> None:
    assert ending(FunctionKey.from_bytes, sparse_key(3000, 200)) == "read"
    assert ending(FunctionKey.from_bytes, sparse_key(2**20, 200)) == "DecodeError"


def test_the_signature_is_checked_before_the_contents() -> None:
    """Metadata that is no CBOR: without a public key a DecodeError, with one the signature is what is wrong first."""
    authority = objects.authority()
    key = authority.issue(objects.function(), purpose="p").to_bytes()
    at = 88 + struct.unpack_from("<Q", key, 76)[0]
    broken = key[:at] + b"\xff" + key[at + 1 :]
    assert FunctionKey.from_bytes(key, public_key=authority.public_key).verified
    with pytest.raises(DecodeError, match="metadata"):
        FunctionKey.from_bytes(broken)
    with pytest.raises(SignatureError):
        FunctionKey.from_bytes(broken, public_key=authority.public_key)


def test_a_public_key_is_held_against_its_schema_before_its_points_are_read() -> None:
    """Signed by its authority, with the header of other parameters and a payload of no meaning."""
    authority = objects.authority()
    data = authority.public_key.to_bytes()
    size = struct.unpack_from("<Q", data, 76)[0]
    signing = objects.secrets_of(authority).signing_key
    for head, error in ((data[:12] + bytes(32) + data[44:88], "parameters"), (data[:88], "public key")):
        unsigned = head + b"\xff" * size + data[88 + size : -64]
        with pytest.raises((DecodeError, KeyMismatchError), match=error):
            type(authority.public_key).from_bytes(unsigned + signing.sign(unsigned))


# -- metadata --


@pytest.mark.parametrize(("item", "count"), [(b"\x80", 2**18), (b"\xa0", 2**18), (b"\x00", 2**22), (b"aa", 2**22)])
def test_metadata_of_very_many_items_is_refused_before_it_is_made(item: bytes, count: int) -> None:
    data = b"\x9a" + count.to_bytes(4, "big") + item * count
    assert ending(lambda d: cbor.loads(d, "test", most_items=cbor.MAX_ITEMS), data) == "DecodeError"
    small = cbor2.dumps([[], {}, 0, "ab"], canonical=True)
    assert cbor.loads(small, "test", most_items=50) == [[], {}, 0, "ab"]
    with pytest.raises(DecodeError, match="too many items"):
        cbor.loads(small, "test", most_items=49)


def test_every_object_has_that_bound() -> None:
    data = pack_metadata(Kind.SCHEMA, {"columns": [[]] * 2**18})
    with pytest.raises(DecodeError, match="too many items"):
        Schema.from_bytes(data)


@pytest.mark.parametrize(
    "encoding",
    ["1817", "190017", "1a00000017", "1900ff", "5801aa", "780161", "9801f6", "b801616100", "3b8000000000000000"],
)
def test_longer_forms_and_larger_integers_are_refused(encoding: str) -> None:
    with pytest.raises(DecodeError):
        cbor.loads(bytes.fromhex(encoding), "test")


@pytest.mark.parametrize(
    "text", ["c080", "c1bf", "e09fbf", "eda080", "f08fbfbf", "f4908080", "f5808080", "80", "e28c", "f09f98", "c3"]
)
def test_text_is_utf8(text: str) -> None:
    raw = bytes.fromhex(text)
    with pytest.raises(DecodeError, match="UTF-8"):
        cbor.loads(bytes([0x60 + len(raw)]) + raw, "test")
    with pytest.raises(UnicodeDecodeError):
        raw.decode()


def test_the_core_and_the_library_agree_on_cbor(seed: int) -> None:
    """What the core lets through is what the library reads and writes again; of changed bytes too."""
    rng = np.random.default_rng(seed)
    good = cbor.dumps({"a": [1, -1, 2**63, -(2**63), "äé", b"x", None, True], "bb": {"c": []}, "": [[[]]]})
    accepted = 0
    for _ in range(3000):
        data = bytearray(good)
        for at in rng.integers(0, len(good), rng.integers(1, 3)):
            data[at] = rng.integers(0, 256)
        try:
            _core.require_cbor(bytes(data), "test", 10_000)
        except DecodeError:
            continue
        accepted += 1
        assert cbor2.dumps(cbor2.loads(bytes(data)), canonical=True) == bytes(data)
    assert accepted > 100


def test_lone_surrogates_are_named() -> None:
    with pytest.raises(ParameterError, match="surrogates"):
        cbor.dumps({"purpose": "\ud800"})


# -- schemas --


def schema_file(columns: list[dict[str, Any]]) -> bytes:
    values = {"version": 1, "columns": columns, "protected_forms": []}
    return pack_metadata(Kind.SCHEMA, values)


def levels(name: str, count: int) -> dict[str, Any]:
    marks = {"missing": None, "public": False, "protected": False}
    return {"name": name, "kind": "category", "levels": [f"{i:x}" for i in range(count)], **marks}


def test_many_coordinates_of_one_name() -> None:
    """Column "a" with level "b=c" and column "a=b" with level "c" give one name each."""
    twice = [levels("a", 3), levels("a=0", 3)]
    twice[0]["levels"] = [f"0={i:x}" for i in range(8000)]
    twice[1]["levels"] = [f"{i:x}" for i in range(8000)]
    data = schema_file(twice)
    assert ending(Schema.from_bytes, data) == "DecodeError"
    with pytest.raises(DecodeError, match="two coordinates"):
        Schema.from_bytes(data)
    assert ending(Schema.from_bytes, schema_file([twice[0], {**twice[1], "name": "b"}])) == "read"


def test_a_long_name_is_not_repeated_by_every_level() -> None:
    assert ending(Schema.from_bytes, schema_file([levels("n" * 500, 7000)])) == "read"
    assert ending(Schema.from_bytes, schema_file([levels("n" * 1025, 3)])) == "DecodeError"


def test_one_row_of_a_category_of_many_levels() -> None:
    schema = Schema({"code": category([f"L{i}" for i in range(16_000)])})

    def encode(data: bytes) -> object:
        return Schema.from_bytes(data).encode({"code": ["L5", "L15999"]})

    assert ending(encode, schema.to_bytes()) == "read"
    x = schema.encode({"code": ["L5", "L15999"]}).x
    assert np.argwhere(x).tolist() == [[0, 5], [1, 15999]]


def test_samples_of_wide_columns_are_codes() -> None:
    for column in (category("abcd"), category("ab"), thresholds([1, 2, 3])):
        drawn = column.sample(np.random.default_rng(1), 200)
        assert {tuple(row) for row in drawn.tolist()} == {tuple(row) for row in column.codes().tolist()}


def test_a_protected_form_of_many_coordinates() -> None:
    names = [f"c={i:x}" for i in range(5000)]
    values = json.loads(json.dumps(Schema.from_bytes(schema_file([levels("c", 5000)])).to_dict()))
    values["protected_forms"] = [{"name": "f", "weights": {name: 1 for name in sorted(names)}}]
    data = pack_metadata(Kind.SCHEMA, values)
    assert ending(lambda d: Schema.from_bytes(d).protected_groups(), data) == "read"


@pytest.mark.parametrize(
    ("reaches", "error"), [(3, None), (3 * 2**32, None), (3 * 2**32 + 2**10, "wider"), (2**43, "wider")]
)
def test_a_key_cannot_state_a_search_that_its_function_never_needs(reaches: int, error: str | None) -> None:
    """The weights sum to 3, and no coordinate reaches 2^32."""
    schema = Schema.from_ranges({"a": (0, 3), "b": (0, 3)}, bits=2)
    for scheme in ("ipfe-ddh", "qfe-ggm"):
        authority = objects.authority(schema, scheme=scheme)
        key = authority.issue(Function.from_integers(schema, [1, 2]), purpose="p")
        envelope = unpack(key.to_bytes())
        payload = bytes(envelope.payload).replace(struct.pack("<qq", 0, 9), struct.pack("<qq", 0, reaches))
        data = pack(replace(envelope, payload=payload))
        if error is None:
            assert FunctionKey.from_bytes(data).interval.tolist() == [[0, reaches]]
            continue
        with pytest.raises(DecodeError, match=error):
            FunctionKey.from_bytes(data)


def test_the_reach_of_a_map_bounds_its_results() -> None:
    rng = np.random.default_rng(4)
    x = rng.integers(-50, 51, (200, 4))
    matrix = MatrixForms.dense(np.triu(rng.integers(-5, 6, (2, 5, 5)))).upper()
    inside = matrix.column > 0
    matrix = MatrixForms(
        matrix.shape, *(part[inside] for part in (matrix.output, matrix.row, matrix.column, matrix.value))
    )
    factored = FactoredForms(*(rng.integers(-3, 4, size) for size in ((3, 5), (3, 5), (2, 3))))
    for terms in (LinearMap(rng.integers(-9, 10, (2, 4))), QuadraticMap(matrix), QuadraticMap(factored)):
        assert (np.abs(terms.evaluate(x)).max(axis=0) <= terms.reach(50.0)).all()


@pytest.mark.parametrize("field", ["W1", "b1", "W2", "b2"])
def test_a_number_beyond_floats_in_a_network(field: str) -> None:
    numbers = {"W1": [[1]], "b1": [0], "W2": [[1]], "b2": [0]}
    assert SquareNetwork.from_json(json.dumps(numbers)).name
    numbers[field] = [[10**400]] if field.startswith("W") else [10**400]
    with pytest.raises(DecodeError, match="not a network"):
        SquareNetwork.from_json(json.dumps(numbers))


@pytest.mark.parametrize(
    "ids", ["a\n" * 7_999_999, "\n" * 16_000_000, bytes(16_000_000), "a" * 16_000_000, "\U0001f600\n" * 3_000_000]
)
def test_ids_are_held_against_the_rows(ids: str | bytes) -> None:
    batch = objects.authority(objects.small_schema()).public_key.encrypt({"a": [1], "b": [1]})
    envelope = unpack(batch.with_ids(RowIds.clear(["a"])).to_bytes())
    assert ending(CiphertextBatch.from_bytes, pack(envelope)) == "read"
    envelope.metadata["ids"] = ids
    assert ending(CiphertextBatch.from_bytes, pack(envelope)) == "DecodeError"
