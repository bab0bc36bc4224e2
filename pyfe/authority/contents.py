"""What an authority has to remember, and how it becomes bytes: the plaintext of the sealed file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np

from pyfe._travel import Secret
from pyfe.adapters import NativePublicKey, NativeSecretKey, adapter
from pyfe.authority.engine import Issued, State
from pyfe.authority.policy import Policy
from pyfe.errors import DecodeError, OutOfRangeError, ParameterError
from pyfe.forms import forms_from_dict
from pyfe.maps import IntegerMap, LinearMap, QuadraticMap
from pyfe.schema import Schema
from pyfe.schemes import SCHEMES
from pyfe.wire import cbor
from pyfe.wire.fields import Fields
from pyfe.wire.signature import SigningKey

__all__ = ["Contents", "decode", "encode"]

_NAME = "authority"
_VERSION = 1


@dataclass(frozen=True, repr=False, eq=False)
class Contents(Secret):
    """State and secrets of an authority. Shows nothing in its ``repr``; refuses to be pickled."""

    state: State
    public: NativePublicKey
    master: NativeSecretKey
    signing_key: SigningKey

    def __repr__(self) -> str:
        return "Contents(...)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("an authority's secrets are never pickled")


def encode(contents: Contents) -> bytes:
    """The bytes to be sealed: secret."""
    state = contents.state
    return cbor.dumps(
        {
            "created_at": state.created_at,
            "ledger": [_row_to_map(row) for row in state.issued],
            "master_public_key": contents.public.to_bytes(),
            "master_secret_key": contents.master.to_bytes(),
            "policy": state.policy.to_dict(),
            "schema": state.schema.to_dict(),
            "scheme": state.scheme,
            "signing_key": contents.signing_key.seed(),
            "version": _VERSION,
            "weight_bits": state.weight_bits,
        }
    )


def decode(data: bytes) -> Contents:
    """The inverse of :func:`encode`; DecodeError for anything else."""
    fields = Fields(cbor.loads(data, _NAME), _NAME)
    fields.integer("version", _VERSION, _VERSION)
    schema = Schema.from_dict(fields.plain("schema"))
    state = State(
        scheme=fields.take("scheme", str),
        schema=schema,
        weight_bits=fields.integer("weight_bits", 2, 32),
        policy=Policy.from_dict(fields.plain("policy")),
        created_at=fields.take("created_at", int),
        issued=tuple(_row_from_map(row, schema.n) for row in fields.take("ledger", list)),
    )
    if state.scheme not in SCHEMES:
        raise DecodeError(f"{_NAME}: unknown scheme {state.scheme!r}")
    uniform = adapter(state.scheme)
    public = uniform.require_own(uniform.read_public_key(fields.take("master_public_key", bytes)))
    master = uniform.require_own(uniform.read_secret_key(fields.take("master_secret_key", bytes)))
    signing_key = SigningKey.from_seed(fields.octets("signing_key", 32))
    fields.finish()
    if master.public_key_id != public.id or public.parameters.context != schema.id:
        raise DecodeError(f"{_NAME}: its keys and its schema do not belong together")
    return Contents(state, public, master, signing_key)


def _row_to_map(row: Issued) -> dict[str, Any]:
    return {
        "findings": list(row.findings),
        "function_id": row.function_id,
        "issued_at": row.issued_at,
        "policy": row.policy,
        "purpose": row.purpose,
        "recipient": row.recipient,
        "sequence": row.sequence,
        **_map_to_fields(row.map),
    }


def _map_to_fields(terms: IntegerMap) -> dict[str, Any]:
    if isinstance(terms, LinearMap):
        return {"weights": terms.weights.tolist()}
    return {"forms": terms.forms.to_dict()}


def _row_from_map(values: Any, n: int) -> Issued:
    fields = Fields(values, f"{_NAME}: ledger row")
    row = Issued(
        sequence=fields.take("sequence", int),
        issued_at=fields.take("issued_at", int),
        purpose=fields.take("purpose", str),
        recipient=fields.optional("recipient", str),
        policy=fields.take("policy", str),
        function_id=fields.octets("function_id", 32),
        map=_map_from_fields(fields, n),
        findings=tuple(str(text) for text in fields.take("findings", list)),
    )
    fields.finish()
    return row


def _map_from_fields(fields: Fields, n: int) -> IntegerMap:
    try:
        if fields.has("forms"):
            terms: IntegerMap = QuadraticMap(forms_from_dict(fields.plain("forms")))
        else:
            terms = LinearMap(np.array(fields.take("weights", list), dtype=np.int64))
    except (OverflowError, ParameterError, OutOfRangeError, TypeError, ValueError) as error:
        raise DecodeError(f"{_NAME}: ledger row: {error}") from error
    if terms.n != n:
        raise DecodeError(f"{_NAME}: ledger row: a function of {terms.n} coordinates, the schema has {n}")
    return terms
