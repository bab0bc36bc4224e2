"""One file a scheme: its facts, and its native objects behind one interface; and the registry of all of them.

To add a scheme: its verbs in :mod:`pyfe.schemes`, its :class:`Adapter` here, and one line in the registry.
"""

from __future__ import annotations

from pyfe.adapters.adapter import MAX_WEIGHT_BITS, Adapter, AnyAdapter, KeyType, RowForm, weight_bound
from pyfe.adapters.packing import Packing
from pyfe.adapters.protocols import (
    NativeBatch,
    NativeFunctionKey,
    NativeParameters,
    NativePublicKey,
    NativeScoreProof,
    NativeSecretKey,
)
from pyfe.adapters.registry import (
    SCHEMES,
    adapter,
    adapter_named,
    adapter_numbered,
    require_searchable,
    require_served,
    serving,
)
from pyfe.adapters.search import LogarithmSearch, Search, SearchPlan, SearchTable

__all__ = [
    "MAX_WEIGHT_BITS",
    "SCHEMES",
    "Adapter",
    "AnyAdapter",
    "KeyType",
    "LogarithmSearch",
    "NativeBatch",
    "NativeFunctionKey",
    "NativeParameters",
    "NativePublicKey",
    "NativeScoreProof",
    "NativeSecretKey",
    "Packing",
    "RowForm",
    "Search",
    "SearchPlan",
    "SearchTable",
    "adapter",
    "adapter_named",
    "adapter_numbered",
    "require_searchable",
    "require_served",
    "serving",
    "weight_bound",
]
