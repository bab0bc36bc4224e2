"""What an authority has to remember, and how it becomes bytes: the plaintexts of the sealed file.

The secrets never become Python bytes: they go from the core's memory to the cipher and back. All else is the ledger.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NoReturn

from pyfe._core import SecretBytes
from pyfe.adapters import SCHEMES, NativePublicKey, NativeSecretKey, adapter
from pyfe.authority.engine import Issued, State
from pyfe.authority.policy import Policy
from pyfe.errors import DecodeError, OutOfRangeError, ParameterError
from pyfe.forms import forms_from_dict, integers_of
from pyfe.function import IntegerMap, LinearMap, QuadraticMap
from pyfe.schema import Schema
from pyfe.wire import cbor
from pyfe.wire.fields import Fields
from pyfe.wire.pickling import Secret
from pyfe.wire.signature import KEY_SIZE, SigningKey

__all__ = ["Contents", "Ledger", "assemble", "decode_first_layout", "decode_ledger", "encode_ledger", "encode_secrets"]

SEED_SIZE = KEY_SIZE

_NAME = "authority"
_VERSION = 2  # 1 held the secrets too
_SECRET_FIELDS = frozenset(("master_secret_key", "signing_key"))


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


def encode_ledger(state: State, public: NativePublicKey) -> bytes:
    """What is sealed anew with every key: everything but the secrets."""
    return cbor.dumps(
        {
            "created_at": state.created_at,
            "ledger": [_row_to_map(row) for row in state.issued],
            "master_public_key": public.to_bytes(),
            "policy": state.policy.to_dict(),
            "schema": state.schema.to_dict(),
            "scheme": state.scheme,
            "version": _VERSION,
            "weight_bits": state.weight_bits,
        }
    )


def encode_secrets(contents: Contents) -> SecretBytes:
    """What is sealed once: the signing seed, then the master secret key."""
    master = contents.master.to_secret()
    secrets = SecretBytes(SEED_SIZE + len(master))
    view = secrets.view()
    view[:SEED_SIZE] = contents.signing_key.secret.view()
    view[SEED_SIZE:] = master.view()
    return secrets


@dataclass(frozen=True, eq=False)
class Ledger:
    """What :func:`encode_ledger` wrote: the state, the bytes of the public key, and the fields both were read from."""

    state: State
    public: bytes
    fields: dict[str, Any]


def decode_ledger(data: bytes, before: Ledger | None = None) -> Ledger:
    """The inverse of :func:`encode_ledger`; DecodeError for anything else.

    What stands in ``before`` already is taken from there: the rows of a ledger that grew are the same objects.
    """
    values = cbor.loads(data, _NAME)
    fields = Fields(values, _NAME)
    fields.integer("version", 1, _VERSION)
    same = _unchanged(values, before)
    schema = same["schema"] if "schema" in same else Schema.from_dict(fields.plain("schema"))
    policy = same["policy"] if "policy" in same else Policy.from_dict(fields.plain("policy"))
    state = State(
        scheme=fields.take("scheme", str),
        schema=schema,
        weight_bits=fields.integer("weight_bits", 2, 32),
        policy=policy,
        created_at=fields.take("created_at", int),
        issued=_rows(fields.take("ledger", list), schema, before if "schema" in same else None),
    )
    if state.scheme not in SCHEMES:
        raise DecodeError(f"{_NAME}: unknown scheme {state.scheme!r}")
    public = fields.take("master_public_key", bytes)
    fields.drop(same)
    fields.finish()
    return Ledger(state, public, values)


def _unchanged(values: dict[str, Any], before: Ledger | None) -> dict[str, Any]:
    """Schema and policy of ``before``, where these bytes hold the same."""
    if before is None:
        return {}
    decoded = {"schema": before.state.schema, "policy": before.state.policy}
    return {key: value for key, value in decoded.items() if values.get(key) == before.fields[key]}


def _rows(values: list[Any], schema: Schema, before: Ledger | None) -> tuple[Issued, ...]:
    known = [] if before is None else list(zip(before.fields["ledger"], before.state.issued, strict=True))
    kept = [row for value, (old, row) in zip(values, known, strict=False) if value == old]
    if len(kept) < len(known):  # not a ledger that grew
        kept = []
    return (*kept, *(_row_from_map(value, schema.n) for value in values[len(kept) :]))


def decode_first_layout(plain: memoryview) -> tuple[bytes, memoryview, memoryview]:
    """The parts of the contents that 0.1.0 sealed as one map: the ledger's bytes, and views of signing seed and master
    secret key. DecodeError for anything else."""
    ledger, secrets = cbor.cut(plain, _SECRET_FIELDS, _NAME)
    if secrets.keys() != _SECRET_FIELDS or len(secrets["signing_key"]) != SEED_SIZE:
        raise DecodeError(f"{_NAME}: a secret is missing")
    return ledger, secrets["signing_key"], secrets["master_secret_key"]


def assemble(ledger: Ledger, seed: memoryview, master: memoryview) -> Contents:
    """The contents whose secrets these are, read where they lie. DecodeError unless keys and schema belong together."""
    scheme = adapter(ledger.state.scheme)
    public, secret = scheme.read_public_key(ledger.public), scheme.read_secret_key(master)
    if secret.public_key_id != public.id or public.parameters.context != ledger.state.schema.id:
        raise DecodeError(f"{_NAME}: its keys and its schema do not belong together")
    return Contents(ledger.state, public, secret, SigningKey.from_seed(seed))


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
            terms = LinearMap(integers_of(fields.take("weights", list), 2, "weights"))
    except (ParameterError, OutOfRangeError) as error:
        raise DecodeError(f"{_NAME}: ledger row: {error}") from error
    if terms.n != n:
        raise DecodeError(f"{_NAME}: ledger row: a function of {terms.n} coordinates, the schema has {n}")
    return terms
