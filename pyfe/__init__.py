"""pyfe: functional encryption for models on encrypted data.

A *data owner* encrypts rows under a public key. A *key authority* holds the master key and issues a function key for
one agreed function, a model. An *evaluator* holds ciphertexts and that key: it learns the model's scores and nothing
else.

>>> import pyfe
>>> schema = pyfe.Schema.from_ranges({"age": (0, 120), "systolic": (80, 220), "smoker": ["no", "yes"]})
>>> model = pyfe.Linear({"age": 0.06, "systolic": 0.02, "smoker": 0.5}, intercept=-6.0, link="logit")
>>> function = pyfe.compile(model, schema)
>>> policy = pyfe.Policy.unrestricted(reason="three columns are too few for the safe default")
>>> authority = pyfe.KeyAuthority.create(schema, weight_bits=function.weight_bits, policy=policy)
>>> key = authority.issue(function, purpose="triage")
>>> ciphertexts = authority.public_key.encrypt({"age": [61], "systolic": [140], "smoker": ["yes"]})
>>> bool(key.decrypt(ciphertexts) == function.evaluate({"age": [61], "systolic": [140], "smoker": ["yes"]}))
True

Importing pyfe loads numpy and the native core; everything else is loaded when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from pyfe import errors
from pyfe.errors import (
    AuditError,
    AuthorityError,
    BudgetExhaustedError,
    ClusterError,
    DecodeError,
    IdentityError,
    KeyExpiredError,
    KeyMismatchError,
    OutOfRangeError,
    OwnerError,
    ParameterError,
    PolicyDeniedError,
    ProofError,
    PyfeError,
    RandomnessError,
    RefusedError,
    RowsDeniedError,
    SignatureError,
    SilencedError,
    UnsupportedError,
    UnsupportedModelError,
)

if TYPE_CHECKING:
    from pyfe import audit, forms, groups, leakage, quadratic, schemes
    from pyfe.authority import KeyAuthority, Policy
    from pyfe.ciphertext import CiphertextBatch
    from pyfe.evaluator import Evaluator
    from pyfe.function import Function
    from pyfe.keys import FunctionKey, PublicKey, RevocationList, ScoreProof
    from pyfe.models import Linear, SquareNetwork, compile, from_callable, prepare, schema_for, schema_for_trees
    from pyfe.reports import Recommendation, Report, Suggestions, recommend, report, suggest
    from pyfe.schema import Encoded, Schema, category, constant, noise, number, thresholds

__version__ = "0.1.0"

__all__ = [
    "AuditError",
    "AuthorityError",
    "BudgetExhaustedError",
    "CiphertextBatch",
    "ClusterError",
    "DecodeError",
    "Encoded",
    "Evaluator",
    "Function",
    "FunctionKey",
    "IdentityError",
    "KeyAuthority",
    "KeyExpiredError",
    "KeyMismatchError",
    "Linear",
    "OutOfRangeError",
    "OwnerError",
    "ParameterError",
    "Policy",
    "PolicyDeniedError",
    "ProofError",
    "PublicKey",
    "PyfeError",
    "RandomnessError",
    "Recommendation",
    "RefusedError",
    "Report",
    "RevocationList",
    "RowsDeniedError",
    "Schema",
    "ScoreProof",
    "SignatureError",
    "SilencedError",
    "SquareNetwork",
    "Suggestions",
    "UnsupportedError",
    "UnsupportedModelError",
    "__version__",
    "audit",
    "category",
    "compile",
    "constant",
    "errors",
    "forms",
    "from_callable",
    "groups",
    "leakage",
    "noise",
    "number",
    "prepare",
    "quadratic",
    "recommend",
    "report",
    "schema_for",
    "schema_for_trees",
    "schemes",
    "suggest",
    "thresholds",
]

_HOMES = {
    "CiphertextBatch": "pyfe.ciphertext",
    "Encoded": "pyfe.schema",
    "Evaluator": "pyfe.evaluator",
    "Function": "pyfe.function",
    "FunctionKey": "pyfe.keys",
    "KeyAuthority": "pyfe.authority",
    "Linear": "pyfe.models",
    "Policy": "pyfe.authority",
    "PublicKey": "pyfe.keys",
    "Recommendation": "pyfe.reports",
    "Report": "pyfe.reports",
    "RevocationList": "pyfe.keys",
    "Schema": "pyfe.schema",
    "ScoreProof": "pyfe.keys",
    "SquareNetwork": "pyfe.models",
    "Suggestions": "pyfe.reports",
    "category": "pyfe.schema",
    "compile": "pyfe.models",
    "constant": "pyfe.schema",
    "from_callable": "pyfe.models",
    "noise": "pyfe.schema",
    "number": "pyfe.schema",
    "prepare": "pyfe.models",
    "recommend": "pyfe.reports",
    "report": "pyfe.reports",
    "schema_for": "pyfe.models",
    "schema_for_trees": "pyfe.models",
    "suggest": "pyfe.reports",
    "thresholds": "pyfe.schema",
}
_ROOMS = ("audit", "forms", "groups", "leakage", "quadratic", "schemes")


def __getattr__(name: str) -> Any:
    """Load a public name from its room when it is first used."""
    if name in _HOMES:
        value = getattr(importlib.import_module(_HOMES[name]), name)
    elif name in _ROOMS:
        value = importlib.import_module(f"pyfe.{name}")
    else:
        raise AttributeError(f"module 'pyfe' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))
