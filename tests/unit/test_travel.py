"""Public objects pickle and copy; secrets refuse, with advice, whatever way they are asked."""

from __future__ import annotations

import concurrent.futures
import copy
import copyreg
import multiprocessing
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pyfe import CiphertextBatch, DecodeError, Function, KeyAuthority, Policy, PublicKey, Schema
from pyfe.forms import FactoredForms, MatrixForms
from pyfe.function import LinearMap, QuadraticMap
from pyfe.identity import IdentitySecret
from pyfe.schema import Encoded
from pyfe.wire import sealing
from tests.unit import objects

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)


@pytest.fixture(scope="module", params=["ipfe-ddh", "qfe-ggm"])
def authority(request: pytest.FixtureRequest) -> KeyAuthority:
    return objects.authority(objects.small_schema(), scheme=request.param)


@pytest.fixture(scope="module")
def public(authority: KeyAuthority) -> list[Any]:
    function = Function.from_integers(authority.schema, [3, -1], 5)
    batch = authority.public_key.encrypt({"a": [2, 1], "b": [1, 0]})
    return [authority.public_key, authority.schema, function, batch]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_public_objects_pickle_by_their_bytes(public: list[Any], protocol: int) -> None:
    for item in public:
        data = pickle.dumps(item, protocol)
        again = pickle.loads(data)
        assert type(again) is type(item) and again is not item and again.to_bytes() == item.to_bytes()
        assert item.to_bytes() in data or protocol < 3  # before, bytes are written as text


def test_a_pickle_is_decoded_strictly(public: list[Any]) -> None:
    for item in public:
        wire = item.to_bytes()
        data = pickle.dumps(item)
        with pytest.raises(DecodeError):
            pickle.loads(data.replace(wire, wire[:-1] + b"\xff" if item is not public[0] else b"X" + wire[1:]))


def test_a_copy_is_the_object(public: list[Any]) -> None:
    for item in public:
        assert copy.copy(item) is item and copy.deepcopy(item) is item and copy.deepcopy([item])[0] is item


def test_a_function_keeps_its_schema(public: list[Any]) -> None:
    function = pickle.loads(pickle.dumps(public[2]))
    table = {"a": [2, 1], "b": [1, 0]}
    assert function == public[2] and np.array_equal(function.evaluate(table), public[2].evaluate(table))
    assert pickle.loads(pickle.dumps(Function.from_bytes(public[2].to_bytes()))).schema is None


def test_maps_forms_policies_and_rows_pickle() -> None:
    matrix, factored = MatrixForms.dense([[0, 2], [0, 1]]), FactoredForms([[1, 2]], [[1, 2]], [[3]])
    maps = [QuadraticMap(matrix), QuadraticMap(factored), LinearMap(np.array([[1, 2]]))]
    for protocol in PROTOCOLS:
        for item in (matrix, factored, Policy.default(), Policy.unrestricted(reason="r")):
            assert pickle.loads(pickle.dumps(item, protocol)) == item and copy.deepcopy(item) == item
        for terms in maps:
            again = pickle.loads(pickle.dumps(terms, protocol))
            assert again.to_dict() == terms.to_dict()
        with pytest.raises(ValueError, match="read-only"):
            pickle.loads(pickle.dumps(maps[2], protocol)).weights[0, 0] = 5
    rows = pickle.loads(pickle.dumps(Encoded(np.ones((1, 2), dtype=np.int64), {"a": 1})))
    assert rows.saturated == {"a": 1} and len(rows) == 1


def _encrypted(key: PublicKey, rows: dict[str, list[int]]) -> CiphertextBatch:
    return key.encrypt(rows)


def test_a_spawned_process_takes_and_gives_them(authority: KeyAuthority, public: list[Any]) -> None:
    key = authority.issue(public[2], purpose="p")
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=context) as pool:
        batch = pool.submit(_encrypted, public[0], {"a": [3, 0], "b": [0, 1]}).result()
    assert key.decrypt(batch).tolist() == [14, 4]


WAYS: dict[str, Callable[[Any], object]] = {
    **{f"protocol {p}": lambda item, p=p: pickle.dumps(item, p) for p in PROTOCOLS},  # type: ignore[misc]
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "inside a list": lambda item: pickle.dumps([item]),
    "object.__reduce_ex__": lambda item: object.__reduce_ex__(item, 2),
    "object.__reduce_ex__ 0": lambda item: object.__reduce_ex__(item, 0),
    "object.__reduce__": lambda item: object.__reduce__(item),
    "copyreg": lambda item: copyreg._reduce_ex(item, 0),  # type: ignore[attr-defined]
    "__getstate__": lambda item: item.__getstate__(),
}


@pytest.mark.parametrize("way", WAYS)
def test_secrets_refuse_with_advice(authority: KeyAuthority, way: str) -> None:
    engine, secrets = authority._engine, objects.secrets_of(authority)
    key = authority.issue(Function.from_integers(authority.schema, [1, 1]), purpose="p")
    sealing_key = sealing.SealingKey.derive("correct horse battery", bytes(16), 10)
    person = IdentitySecret.generate("ada")
    for item in (
        key,
        authority,
        engine,
        engine._vault,
        engine._storage,
        secrets,
        secrets.signing_key,
        sealing_key,
        person,
    ):
        with pytest.raises(TypeError, match=r"never pickled|are never|is never"):
            WAYS[way](item)


def test_the_advice(authority: KeyAuthority) -> None:
    key = authority.issue(Function.from_integers(authority.schema, [1, 1]), purpose="p")
    with pytest.raises(TypeError, match=r"to_bytes.*FunctionKey\.from_bytes"):
        pickle.dumps(key)
    with pytest.raises(TypeError, match="open it there"):
        copy.deepcopy(authority)


def test_an_object_made_without_its_parts_kills_nothing() -> None:
    for of_class in (PublicKey, CiphertextBatch, Function, Schema):
        empty = of_class.__new__(of_class)
        for use in (repr, len, lambda item: item.to_bytes(), lambda item: item.id, pickle.dumps):
            with pytest.raises((AttributeError, TypeError)):
                use(empty)
