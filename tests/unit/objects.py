"""Small objects that several tests start from."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

import pyfe
from pyfe import Function, FunctionKey, KeyAuthority, Policy, Schema
from pyfe.authority.secrets import Secrets
from pyfe.forms import FactoredForms, Forms, MatrixForms
from pyfe.leakage import Finding, QuadraticAccount

PASSPHRASE = "correct horse battery"

ROWS: dict[str, list[Any]] = {
    "age": [30, 61, 47, 120],
    "systolic": [110, 160, 85, 220],
    "smoker": ["no", "yes", "no", "yes"],
    "group": ["a", "b", "c", "a"],
    "weight": [50.0, 92.5, 70.0, 119.0],
    "pulse": [60, 72, 88, 140],
}


def schema() -> Schema:
    """Six columns, eight coordinates."""
    return Schema.from_ranges(
        {
            "age": (0, 120),
            "systolic": (80, 220),
            "smoker": ["no", "yes"],
            "group": ["a", "b", "c"],
            "weight": (30, 150),
            "pulse": (40, 140),
        }
    )


def opened_by(issued: Iterable[Forms], request: Forms, s: Schema, max_blocks: int | None = None) -> list[Finding]:
    """What a request for forms opens for certain, beside what was issued."""
    before = QuadraticAccount(s)
    for forms in issued:
        before = before.with_forms(forms)
    return before.with_forms(request).findings(before, max_blocks)


def function(s: Schema | None = None, **rest: Any) -> Function:
    """One row that touches every column, with an intercept and probabilities."""
    weights = [7, -3, 20, 1, 5, -9, 2, 4]
    given: dict[str, Any] = {"intercept": -321, "scale": 0.01, "link": "logit", "classes": ("no", "yes")} | rest
    return Function.from_integers(s or schema(), weights, **given)


def several(s: Schema | None = None) -> Function:
    """Three rows with three intercepts."""
    weights = np.array([[7, -3, 20, 1, 5, -9, 2, 4], [1, 1, 0, 0, 9, 0, -8, 2], [0, 2, -5, 3, 3, 3, 1, -1]])
    return Function.from_integers(s or schema(), weights, [5, -6, 7], [0.5, 0.25, 0.125], name="three")


def authority(s: Schema | None = None, **rest: Any) -> KeyAuthority:
    """An authority in memory whose clock stands still."""
    given = {"policy": Policy.unrestricted(reason="a test"), "clock": lambda: 1_700_000_000.0} | rest
    return KeyAuthority.create(s or schema(), **given)


def small_schema() -> Schema:
    """Two coordinates, so that objects are small enough to flip every bit of them."""
    return Schema.from_ranges({"a": (0, 3), "b": pyfe.number(0, 1, step=1)}, bits=2)


def quadratic(s: Schema | None = None, **rest: Any) -> Function:
    """One quadratic form with linear terms and a constant, and probabilities."""
    s = s or schema()
    F = np.zeros((s.n + 1, s.n + 1), dtype=np.int64)
    F[0, 0], F[0, 1:] = -321, [7, -3, 20, 1, 5, -9, 2, 4][: s.n]
    F[1, 1], F[1, 2], F[2, 1], F[2, -1], F[-1, 1] = 3, -2, 5, 1, -4
    given: dict[str, Any] = {"scale": 0.01, "link": "logit", "classes": ("no", "yes")} | rest
    return Function.from_forms(s, MatrixForms.dense(F), **given)


def network(s: Schema | None = None, units: int = 2, outputs: int = 3) -> Function:
    """Outputs over hidden units that are squares."""
    s = s or schema()
    rng = np.random.default_rng(5)
    forms = FactoredForms.squares(
        rng.integers(-3, 4, size=(units, s.n + 1)), 1 + rng.integers(0, 9, size=(outputs, units))
    )
    return Function.from_forms(s, forms, [5, -6, 7][:outputs], name="network")


def secrets_of(authority: KeyAuthority, epoch: int = 1) -> Secrets:
    """The secrets of an epoch."""
    return authority._engine._vault.secrets(epoch, authority.epochs[epoch - 1].terms)


def first_layout(key: FunctionKey) -> FunctionKey:
    """The key as 0.1.0 wrote it: without a readout in the payload, so that it lies in the metadata, and without an
    epoch; not signed anew."""
    payload, readout, k = key.native.to_bytes(), key.native.readout, len(key.interval)
    assert readout is not None
    mark, rest = (5, 64 * k) if key.scheme.startswith("ipfe") else (2, 144 * k)
    size = 24 * k + 2 + sum(3 + len(text.encode()) for _, text in readout.classes or [])
    size += 0 if readout.baseline_survival is None else 8
    assert struct.unpack_from("<d", payload, len(payload) - rest - size + 8) == (readout.scales[0],)
    plain = payload[:32] + payload[32 + mark : len(payload) - rest - size] + payload[-rest:]
    return replace(key, native=type(key.native).from_bytes(plain), epoch=None, not_after=None)
