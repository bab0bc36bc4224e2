"""The byte formats of everything that travels.

Every object is one *envelope*: a fixed binary header (kind, scheme, parameter hash, public key id, lengths), a native
payload that only the core reads and writes, a metadata block in deterministic CBOR (RFC 8949, section 4.2), and an
Ed25519 signature where the object has one. There is one strict decoder per object: what it accepts, the encoder
writes again byte for byte; anything else is a :class:`~pyfe.DecodeError` (or a :class:`~pyfe.SignatureError`).

=====  ================  ======  ======================================================================
kind   object            signed  where
=====  ================  ======  ======================================================================
1      schema            no      :mod:`pyfe.wire.schemas`
2      function          no      :mod:`pyfe.wire.functions`
3      public key        yes     :mod:`pyfe.wire.public_keys` (by the authority's key that it contains)
4      function key      yes     :mod:`pyfe.wire.function_keys` (by the authority)
5      ciphertext batch  no      :mod:`pyfe.wire.ciphertexts`
6      sealed authority  no      :mod:`pyfe.authority.sealed_file` (encrypted and authenticated)
=====  ================  ======  ======================================================================
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pyfe.ciphertext import CiphertextBatch
from pyfe.errors import DecodeError, ParameterError
from pyfe.function import Function
from pyfe.keys import FunctionKey, PublicKey
from pyfe.schema import Schema
from pyfe.wire import ciphertexts, function_keys, functions, public_keys, schemas
from pyfe.wire.envelope import Kind, unframed
from pyfe.wire.function_keys import decode as decode_function_key
from pyfe.wire.function_keys import require_signed
from pyfe.wire.public_keys import decode as decode_public_key

__all__ = [
    "Kind",
    "decode",
    "decode_function_key",
    "decode_public_key",
    "encode",
    "kind_of",
    "require_signed",
]

_CLASSES: dict[Kind, type[Any]] = {
    Kind.SCHEMA: Schema,
    Kind.FUNCTION: Function,
    Kind.PUBLIC_KEY: PublicKey,
    Kind.FUNCTION_KEY: FunctionKey,
    Kind.CIPHERTEXT_BATCH: CiphertextBatch,
}
_ENCODERS: dict[Kind, Callable[[Any], bytes]] = {
    Kind.SCHEMA: schemas.encode,
    Kind.FUNCTION: functions.encode,
    Kind.PUBLIC_KEY: public_keys.encode,
    Kind.FUNCTION_KEY: function_keys.encode,
    Kind.CIPHERTEXT_BATCH: ciphertexts.encode,
}
_DECODERS: dict[Kind, Callable[[bytes], Any]] = {
    Kind.SCHEMA: schemas.decode,
    Kind.FUNCTION: functions.decode,
    Kind.PUBLIC_KEY: public_keys.decode,
    Kind.FUNCTION_KEY: function_keys.decode,
    Kind.CIPHERTEXT_BATCH: ciphertexts.decode,
}


def encode(item: Any) -> bytes:
    """The canonical encoding of a schema, function, public key, function key or ciphertext batch."""
    for kind, of_kind in _CLASSES.items():
        if isinstance(item, of_kind):
            return _ENCODERS[kind](item)
    raise ParameterError(f"a {type(item).__name__} has no encoding")


def kind_of(data: bytes) -> Kind:
    """Which kind of object ``data`` says it is; nothing beyond the frame is decoded."""
    return unframed(data).kind


def decode(data: bytes, *, expect: type[Any] | None = None) -> Any:
    """The object that ``data`` encodes; with ``expect``, a DecodeError unless it is of that class."""
    kind = kind_of(data)
    of_kind = _CLASSES.get(kind)
    if of_kind is None:
        raise DecodeError(f"a {kind.text} is opened with its passphrase, by KeyAuthority.open")
    if expect is not None and not issubclass(of_kind, expect):
        raise DecodeError(f"these bytes are a {kind.text}, not the {_text_of(expect)} that was asked for")
    return _DECODERS[kind](data)


def _text_of(of_kind: type[Any]) -> str:
    return next((kind.text for kind, known in _CLASSES.items() if known is of_kind), of_kind.__name__)
