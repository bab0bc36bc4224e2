"""The reference of an authority: where it comes from, where it lies, and that earlier files have none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pyfe import Function, KeyAuthority, Policy, Schema
from pyfe.authority.sealed_file import Opened, SealedFile, open_all
from pyfe.errors import AuthorityError, OutOfRangeError, ParameterError
from pyfe.leakage import Reference
from pyfe.schema import number
from pyfe.wire import envelope
from pyfe.wire.sealing import SealingKey
from tests.unit import old_files
from tests.unit.objects import secrets_of
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


def test_it_lies_with_the_sealed_master_keys(tmp_path: Path) -> None:
    path, schema = tmp_path / "authority", mixed_schema()
    policy = Policy.unrestricted(reason="a test")
    authority = KeyAuthority.create(
        schema, reference=mixed(200, 1), policy=policy, path=path, passphrase=PASSPHRASE, clock=lambda: 1e9
    )
    assert authority.reference is not None
    written = authority.reference.to_bytes()
    assert not any(written[100:200] in file.read_bytes() for file in path.iterdir())
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


# -- the sealed files of before --


def opened(data: bytes, key: SealingKey) -> Opened:
    return open_all(SealedFile.parse(data), key)


def test_a_sealed_file_has_a_reference_or_none(key: SealingKey) -> None:
    without = old_files.sealed(KeyAuthority.create(mixed_schema()), key)
    assert SealedFile.parse(without).reference_size == 0 and opened(without, key).secrets.reference is None
    authority = KeyAuthority.create(mixed_schema(), reference=mixed(200, 1))
    found = opened(old_files.sealed(authority, key), key).secrets.reference
    assert found is not None and authority.reference is not None
    assert found.to_bytes() == authority.reference.to_bytes()


def test_a_header_that_says_another_size_opens_nothing(key: SealingKey) -> None:
    data = old_files.sealed(KeyAuthority.create(mixed_schema(), reference=mixed(200, 1)), key)
    size = SealedFile.parse(data).reference_size
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
            opened(envelope.pack(replace(parts, metadata=metadata)), key)


def test_a_reference_of_another_schema_in_a_file_is_no_authority(key: SealingKey) -> None:
    """Sealed by somebody who has the key, and still refused."""
    authority = KeyAuthority.create(mixed_schema())
    other = Reference.from_table({"a": np.arange(100.0)}, Schema({"a": number(0, 127, bits=7)}))
    data = old_files.sealed(authority, key, secrets=replace(secrets_of(authority), reference=other))
    with pytest.raises(AuthorityError, match="does not hold an authority"):
        opened(data, key)


def test_the_secrets_of_another_file_do_not_fit(key: SealingKey) -> None:
    """Two authorities under one key, so that only the binding of the two parts can refuse."""
    mine, other = (envelope.unpack(old_files.sealed(KeyAuthority.create(mixed_schema()), key)) for _ in range(2))
    size = mine.metadata["secrets"]
    swapped = replace(mine, payload=bytes(other.payload[:size]) + bytes(mine.payload[size:]))
    with pytest.raises(AuthorityError, match="damaged"):
        opened(envelope.pack(swapped), key)
