"""The two keys that travel, each with its bytes: the public key goes to the data owners, a function key to the
evaluator."""

from __future__ import annotations

from pyfe.keys.function_key import FunctionKey
from pyfe.keys.public_key import PublicKey, described_columns

__all__ = ["FunctionKey", "PublicKey", "described_columns"]
