"""What an authority records: its terms, fixed when it was created, and one row for every key; as values and as bytes.

A row becomes one map that CBOR can hold, inside the entry of a log (:mod:`pyfe.authority.entries`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pyfe.adapters import MAX_WEIGHT_BITS, SCHEMES, NativePublicKey, adapter
from pyfe.authority.policy import Policy
from pyfe.errors import DecodeError, OutOfRangeError, ParameterError
from pyfe.forms import forms_from_dict
from pyfe.function import IntegerMap, LinearMap, QuadraticMap
from pyfe.schema import Schema
from pyfe.strict import integers_of
from pyfe.wire.fields import Fields

__all__ = [
    "Issued",
    "State",
    "Terms",
    "map_from_fields",
    "map_to_fields",
    "row_from_map",
    "row_to_map",
    "terms_from_map",
    "terms_to_map",
]

_TERMS = "authority"
_ROW = "authority: ledger row"


@dataclass(frozen=True, eq=False)
class Terms:
    """What an authority agreed to when it was created, and never changes."""

    scheme: str
    schema: Schema
    weight_bits: int
    policy: Policy
    created_at: int
    public: NativePublicKey

    @property
    def serves(self) -> tuple[str, ...]:
        """The kinds of functions that keys can be issued for."""
        return adapter(self.scheme).serves

    @property
    def policy_line(self) -> str:
        """The policy in one line, as it stands in every key."""
        return self.policy.line_for(self.serves)


@dataclass(frozen=True, eq=False)
class Issued:
    """One row of the ledger: a key that was issued, or is about to be."""

    sequence: int
    issued_at: int
    purpose: str
    recipient: str | None
    policy: str
    function_id: bytes
    map: IntegerMap
    findings: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class State:
    """An authority's terms, and the keys that it issued so far; no secrets.

    ``total`` and ``newest``: how many keys there are, and when the newest was issued, where ``issued`` holds only those
    that said something new when they were issued, which are all that rules have to count.
    """

    terms: Terms
    issued: tuple[Issued, ...] = ()
    total: int | None = None
    newest: int | None = None

    @property
    def next_sequence(self) -> int:
        """The number of the next key."""
        return 1 + (len(self.issued) if self.total is None else self.total)

    @property
    def newest_time(self) -> int:
        """Before which no key may be issued any more."""
        return max((row.issued_at for row in self.issued), default=0) if self.newest is None else self.newest

    @property
    def maps(self) -> list[IntegerMap]:
        """The integer maps of all keys issued so far."""
        return [row.map for row in self.issued]


def terms_to_map(terms: Terms) -> dict[str, Any]:
    """The terms as a map that CBOR can hold."""
    return {
        "created_at": terms.created_at,
        "master_public_key": terms.public.to_bytes(),
        "policy": terms.policy.to_dict(),
        "schema": terms.schema.to_dict(),
        "scheme": terms.scheme,
        "weight_bits": terms.weight_bits,
    }


def terms_from_map(values: dict[str, Any]) -> Terms:
    """The inverse of :func:`terms_to_map`; DecodeError for anything else, or where schema and key belong apart."""
    fields = Fields(values, _TERMS)
    scheme = fields.take("scheme", str)
    if scheme not in SCHEMES:
        raise DecodeError(f"{_TERMS}: unknown scheme {scheme!r}")
    terms = Terms(
        scheme=scheme,
        schema=Schema.from_dict(fields.plain("schema")),
        weight_bits=fields.integer("weight_bits", 2, MAX_WEIGHT_BITS),
        policy=Policy.from_dict(fields.plain("policy")),
        created_at=fields.take("created_at", int),
        public=adapter(scheme).read_public_key(fields.take("master_public_key", bytes)),
    )
    fields.finish()
    if terms.public.parameters.context != terms.schema.id:
        raise DecodeError(f"{_TERMS}: its keys and its schema do not belong together")
    return terms


def row_to_map(row: Issued) -> dict[str, Any]:
    """The row as a map that CBOR can hold."""
    return {
        "findings": list(row.findings),
        "function_id": row.function_id,
        "issued_at": row.issued_at,
        "policy": row.policy,
        "purpose": row.purpose,
        "recipient": row.recipient,
        "sequence": row.sequence,
        **map_to_fields(row.map),
    }


def row_from_map(values: Any, n: int | None = None) -> Issued:
    """The inverse of :func:`row_to_map`, for a schema of ``n`` coordinates if that is known; DecodeError for anything
    else."""
    fields = Fields(values, _ROW)
    row = Issued(
        sequence=fields.take("sequence", int),
        issued_at=fields.take("issued_at", int),
        purpose=fields.take("purpose", str),
        recipient=fields.optional("recipient", str),
        policy=fields.take("policy", str),
        function_id=fields.octets("function_id", 32),
        map=map_from_fields(fields, n),
        findings=tuple(str(text) for text in fields.take("findings", list)),
    )
    fields.finish()
    return row


def map_to_fields(form: IntegerMap) -> dict[str, Any]:
    """The one field that a function's weights or forms are."""
    if isinstance(form, LinearMap):
        return {"weights": form.weights.tolist()}
    return {"forms": form.forms.to_dict()}


def map_from_fields(fields: Fields, n: int | None = None) -> IntegerMap:
    """The inverse of :func:`map_to_fields`; DecodeError for anything else."""
    try:
        if fields.has("forms"):
            form: IntegerMap = QuadraticMap(forms_from_dict(fields.plain("forms")))
        else:
            form = LinearMap(integers_of(fields.take("weights", list), 2, "weights"))
    except (ParameterError, OutOfRangeError) as error:
        raise DecodeError(f"{_ROW}: {error}") from error
    if n is not None and form.n != n:
        raise DecodeError(f"{_ROW}: a function of {form.n} coordinates, the schema has {n}")
    return form
