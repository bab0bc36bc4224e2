"""The public key of an epoch: held, or written into a file where it is too large for that."""

from __future__ import annotations

from typing import BinaryIO

from pyfe.adapters import adapter
from pyfe.authority.state import Epoch
from pyfe.authority.vault import Vault
from pyfe.keys import PublicKey

__all__ = ["signed_public_key", "write_public_key"]


def signed_public_key(epoch: Epoch, vault: Vault) -> PublicKey:
    """The public key of an epoch of the log; with its payload, unless that is too large to be held."""
    terms, scheme = epoch.terms, adapter(epoch.terms.scheme)
    public = scheme.with_payload(terms.public, lambda: vault.secrets(epoch.number, terms).master)
    return PublicKey.signed(scheme, public, terms.schema, terms.weight_bits, vault.signing_key)


def write_public_key(epoch: Epoch, vault: Vault, file: BinaryIO) -> None:
    """Write its bytes; a payload that is not held is made again from the master key, some columns at a time."""
    terms, scheme = epoch.terms, adapter(epoch.terms.scheme)
    key = PublicKey.signed(scheme, terms.public, terms.schema, terms.weight_bits, vault.signing_key)
    header, *rest = key.around()
    file.write(header)
    scheme.write_public(terms.public, vault.secrets(epoch.number, terms).master, file)
    file.writelines(rest)
