"""The reference of an authority: where it comes from, where it lies, and that earlier files have none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pyfe import Function, KeyAuthority, Policy, Schema
from pyfe.authority import sealed_file
from pyfe.authority.sealed_file import SealedFile, SealedSecrets
from pyfe.errors import AuthorityError, OutOfRangeError, ParameterError
from pyfe.leakage import Reference
from pyfe.schema import number
from pyfe.wire import envelope
from pyfe.wire.sealing import SealingKey
from tests.unit import objects
from tests.unit.populations import mixed, mixed_schema

PASSPHRASE = "correct horse battery"


@pytest.fixture
def key() -> SealingKey:
    return SealingKey.derive(PASSPHRASE, b"s" * 16, 10)


def test_a_table_becomes_a_reference() -> None:
    table, schema = mixed(200, 1), mixed_schema()
    known = Reference.from_table(table, schema)
    for given in (table, known):
        authority = KeyAuthority.create(schema, reference=given)
        assert authority.reference is not None
        assert authority.reference.to_bytes() == known.to_bytes()
    assert KeyAuthority.create(schema).reference is None


def test_a_reference_of_something_else_is_refused() -> None:
    table, schema = mixed(200, 1), mixed_schema()
    other = Reference.from_table({"a": np.arange(100.0)}, Schema({"a": number(0, 127, bits=7)}))
    with pytest.raises(ParameterError, match="another schema"):
        KeyAuthority.create(schema, reference=other)
    with pytest.raises(ParameterError, match="100 rows"):
        KeyAuthority.create(schema, reference=table[:99])
    with pytest.raises(OutOfRangeError, match="stage"):
        KeyAuthority.create(schema, reference=table.assign(stage="IV"))
    with pytest.raises(ParameterError):
        KeyAuthority.create(schema, reference=7)


def test_it_lies_in_the_sealed_file(tmp_path: Path) -> None:
    path, schema = tmp_path / "authority.pyfe", mixed_schema()
    policy = Policy.unrestricted(reason="a test")
    authority = KeyAuthority.create(
        schema, reference=mixed(200, 1), policy=policy, path=path, passphrase=PASSPHRASE, clock=lambda: 1e9
    )
    assert authority.reference is not None
    written = authority.reference.to_bytes()
    assert written[100:200] not in path.read_bytes()
    again = KeyAuthority.open(path, passphrase=PASSPHRASE, clock=lambda: 1e9)
    assert again.reference is not None
    assert again.reference.to_bytes() == written
    again.issue(Function.from_integers(schema, np.arange(schema.n) + 1), purpose="a key")
    third = KeyAuthority.open(path, passphrase=PASSPHRASE)
    assert len(third.issued) == 1
    assert third.reference is not None
    assert third.reference.to_bytes() == written
    third.close()
    with pytest.raises(AuthorityError, match="closed"):
        _ = third.reference


def test_without_a_reference_a_file_is_as_before(key: SealingKey) -> None:
    """No field more: the header says nothing of a reference that is not there."""
    authority = KeyAuthority.create(mixed_schema())
    data = objects.sealed(authority, key)
    closed = SealedFile.parse(data)
    assert "reference" not in closed.header.metadata
    assert closed.secrets.reference_size == 0
    assert sealed_file.open_all(closed, key).secrets.reference is None


def test_a_header_that_says_another_size_opens_nothing(key: SealingKey) -> None:
    authority = KeyAuthority.create(mixed_schema(), reference=mixed(200, 1))
    data = objects.sealed(authority, key)
    opened = sealed_file.open_all(SealedFile.parse(data), key)
    assert opened.secrets.reference is not None
    size = opened.sealed_secrets.reference_size
    assert size == len(opened.secrets.reference_bytes)
    changes: list[Callable[[dict[str, Any]], object]] = [
        lambda m: m.pop("reference"),
        lambda m: m.update(reference=size - 1),
        lambda m: m.update(reference=0),
        lambda m: m.update(reference=-1),
        lambda m: m.update(reference=10**9),
        lambda m: m.update(reference="1"),
    ]
    for change in changes:
        parts = envelope.unpack(data, envelope.Kind.SEALED_AUTHORITY)
        metadata = dict(parts.metadata)
        change(metadata)
        with pytest.raises(AuthorityError):
            sealed_file.open_all(SealedFile.parse(envelope.pack(replace(parts, metadata=metadata))), key)


def test_a_reference_of_another_schema_in_a_file_is_no_authority(key: SealingKey) -> None:
    """Sealed by somebody who has the key, and still refused."""
    authority = KeyAuthority.create(mixed_schema())
    other = Reference.from_table({"a": np.arange(100.0)}, Schema({"a": number(0, 127, bits=7)}))
    foreign = replace(authority._secrets, reference=other)
    terms, ledger = authority._ledger.terms, sealed_file.LedgerPart.decode(objects.plaintexts(authority)[0])
    data = sealed_file.seal(terms, ledger, key, sealed_file.seal_secrets(terms, foreign, key))
    with pytest.raises(AuthorityError, match="does not hold an authority"):
        sealed_file.open_all(SealedFile.parse(data), key)
    assert isinstance(SealedFile.parse(data).secrets, SealedSecrets)
