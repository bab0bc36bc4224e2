"""The two keys that travel, each with its bytes: the public key goes to the data owners, a function key to the
evaluator; the list of the function keys that were revoked; and proofs of scores."""

from __future__ import annotations

from pyfe.keys.function_key import FunctionKey
from pyfe.keys.public_key import PublicKey, described_columns
from pyfe.keys.revocation_list import RevocationList
from pyfe.keys.score_proof import ScoreProof

__all__ = ["FunctionKey", "PublicKey", "RevocationList", "ScoreProof", "described_columns"]
