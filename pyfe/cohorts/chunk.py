"""A chunk: rows that are encrypted, written, signed, read and scored together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from pyfe.arguments import require_a
from pyfe.ciphertext import CiphertextBatch
from pyfe.cohorts.columns import PublicColumn, require_names
from pyfe.cohorts.place import Place
from pyfe.cohorts.statement import statement
from pyfe.errors import ParameterError, SignatureError
from pyfe.identity import Identity, IdentitySecret
from pyfe.wire.signature import Signature

__all__ = ["Chunk"]


@dataclass(frozen=True, eq=False, repr=False)
class Chunk:
    """Some rows of a cohort, at their place.

    ``batch``: the rows, and their ids where ids travel; ``public``: name -> column beside them, in the clear;
    ``signature``: the owner's, of all of it. ParameterError where the place is not one of so many rows, for columns of
    another length or with a name that none may have, and for combined rows that are signed.
    """

    place: Place
    batch: CiphertextBatch
    public: Mapping[str, PublicColumn] = field(default_factory=dict)
    signature: Signature | None = None

    def __post_init__(self) -> None:
        require_a(self.place, Place, "the place of a chunk")
        require_a(self.batch, CiphertextBatch, "the rows of a chunk")
        self.place.require_rows(len(self.batch))
        require_names(self.public)
        for name, column in self.public.items():
            require_a(column, PublicColumn, f"the public column {name!r}")
            if len(column) != len(self.batch):
                raise ParameterError(f"the public column {name!r} has {len(column)} cells for {len(self.batch)} rows")
        if self.signature is not None and self.batch.combined:
            raise ParameterError("combined rows are never signed: they are of several rows, whoever combined them")

    def signed(self, secret: IdentitySecret) -> Chunk:
        """The same chunk, signed by an identity. ParameterError for combined rows. Cost: one SHA-256 of the rows and
        one Ed25519 signature."""
        require_a(secret, IdentitySecret, "who signs")
        signer = secret.identity.ed25519
        value = secret.sign(statement(self.place, self.batch, self.public, signer))
        return replace(self, signature=Signature(signer, value))

    def require_signed_by(self, identity: Identity) -> None:
        """SignatureError, naming the chunk, unless an identity signed just this. Cost: as :meth:`signed`."""
        self.require_signer(identity)
        self.require_valid_signature()

    def require_signer(self, identity: Identity) -> None:
        """SignatureError, naming the chunk, unless it says that this identity signed it: whether that is so is not
        looked at."""
        require_a(identity, Identity, "signed_by")
        if self.signature is None:
            raise SignatureError(f"{self.place} is not signed, and should be by {identity.name!r}")
        self.signature.require_of(identity.ed25519, identity.name, str(self.place))

    def require_valid_signature(self) -> None:
        """SignatureError, naming the chunk, where it is signed and its signer did not sign just this."""
        if self.signature is not None:
            said = statement(self.place, self.batch, self.public, self.signature.signer)
            self.signature.require_valid(said, str(self.place))

    def __len__(self) -> int:
        return len(self.batch)

    def __repr__(self) -> str:
        signed = "unsigned" if self.signature is None else f"signed by {self.signature.signer.hex()[:12]}"
        return f"Chunk({self.place}, {self.batch!r}, {len(self.public)} public columns, {signed})"
