"""Writes the sealed files that authorities of earlier versions kept, from authorities of this one: for tests of what
reads them."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

from pyfe import KeyAuthority
from pyfe._core import SecretBytes
from pyfe.adapters import adapter
from pyfe.authority.records import Terms, row_to_map, terms_to_map
from pyfe.authority.secrets import SEED_SIZE, Secrets
from pyfe.wire import cbor
from pyfe.wire.envelope import Envelope, Kind, pack
from pyfe.wire.sealing import NONCE_SIZE, SealingKey
from tests.unit.objects import secrets_of


def ledger_of(authority: KeyAuthority) -> bytes:
    """The plaintext of the ledger's part."""
    terms = authority.epochs[0].terms
    rows = [row_to_map(row) for row in authority.issued]
    return cbor.dumps({**terms_to_map(terms), "ledger": rows, "version": 2})


def encoded(secrets: Secrets) -> SecretBytes:
    """The plaintext of the secrets' part."""
    master = secrets.master.to_secret()
    reference = b"" if secrets.reference is None else secrets.reference.to_bytes()
    end = SEED_SIZE + len(master)
    plain = SecretBytes(end + len(reference))
    view = plain.view()
    view[:SEED_SIZE] = secrets.signing_key.secret.view()
    view[SEED_SIZE:end] = master.view()
    view[end:] = reference
    return plain


def sealed(authority: KeyAuthority, key: SealingKey, secrets: Secrets | None = None, ledger: bytes = b"") -> bytes:
    """The sealed file of an authority, under a key; with other secrets or another ledger, if they are given."""
    terms, own = authority.epochs[0].terms, secrets or secrets_of(authority)
    reference = 0 if own.reference is None else len(own.reference.to_bytes())
    stable = _header(terms, {**key.description, **({"reference": reference} if reference else {})})
    nonces = os.urandom(NONCE_SIZE), os.urandom(NONCE_SIZE)
    data = nonces[0] + key.encrypt(nonces[0], encoded(own).view(), pack(stable))
    metadata = {**stable.metadata, "nonce": nonces[1], "secrets": len(data)}
    header = replace(stable, payload=data, metadata=metadata)
    payload = data + key.encrypt(nonces[1], ledger or ledger_of(authority), pack(header))
    return pack(replace(header, payload=payload))


def first_layout(plain: bytes, terms: Terms, key: SealingKey) -> bytes:
    """The file of 0.1.0 around its one plaintext."""
    nonce = bytes(range(NONCE_SIZE))
    header = _header(terms, {**key.description, "nonce": nonce})
    return pack(replace(header, payload=key.encrypt(nonce, plain, pack(header))))


def _header(terms: Terms, metadata: dict[str, Any]) -> Envelope:
    ids = terms.public.parameters.id, terms.public.id
    return Envelope(Kind.SEALED_AUTHORITY, adapter(terms.scheme).number, *ids, b"", metadata)
