"""TenSEAL's CKKS on the rows that bench/rlwe.py scores: a dot product, as its tutorial has it, and packed.

It answers another question: whoever scores sees no score, since the result is encrypted, and it is an approximation.
N = 8,192 and 200 bits of modulus, as in its tutorial. A vector is a patient (`dot`), or a column of 4,096 patients, of
which each is multiplied by one weight and all are added (`packed`): what somebody who has only cohorts would write.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from bench import peers
from bench.measure import Measurement, Settings, Task, against, interleaved, require
from bench.rlwe_case import Case

DEGREE, MODULI, SCALE = 8192, [60, 40, 40, 60], 2.0**40
PATIENTS = 8
SLOTS = DEGREE // 2
ROUNDS = 7


class Dot:
    """A ciphertext a patient."""

    def __init__(self, module: Any, case: Case) -> None:
        self.module, self.context = module, context(module)
        self.rows = case.one[:PATIENTS].tolist()
        self.patients, self.weights = len(self.rows), case.y.tolist()
        self.held = self.encrypt()
        self.bytes_a_patient = len(self.held[0].serialize())
        require(close([out.decrypt()[0] for out in self.score()], case, self.patients), "tenseal: a wrong product")

    def encrypt(self) -> list[Any]:
        return [self.module.ckks_vector(self.context, row) for row in self.rows]

    def score(self) -> list[Any]:
        return [vector.dot(self.weights) for vector in self.held]


class Packed:
    """A ciphertext a column, of as many patients as it has slots."""

    def __init__(self, module: Any, case: Case) -> None:
        self.module, self.context = module, context(module)
        rows = np.resize(case.one, (SLOTS, case.one.shape[1]))
        self.columns: list[list[int]] = rows.T.tolist()
        self.patients, self.weights = SLOTS, case.y.tolist()
        self.held = self.encrypt()
        self.bytes_a_patient = sum(len(vector.serialize()) for vector in self.held) / SLOTS
        require(close(self.score().decrypt(), case, min(len(case.one), SLOTS)), "tenseal: a wrong product")

    def encrypt(self) -> list[Any]:
        return [self.module.ckks_vector(self.context, column) for column in self.columns]

    def score(self) -> Any:
        first, *others = (vector * weight for vector, weight in zip(self.held, self.weights, strict=True))
        return sum(others, first)


def context(module: Any) -> Any:
    """Keys, one thread."""
    made = module.context(module.SCHEME_TYPE.CKKS, DEGREE, coeff_mod_bit_sizes=MODULI, n_threads=1)
    made.global_scale = SCALE
    made.generate_galois_keys()
    return made


def close(found: list[float], case: Case, patients: int) -> bool:
    """Whether these are the inner products of the first patients, up to CKKS's noise."""
    return bool(np.allclose(found[:patients], (case.one @ case.y)[:patients], atol=0.4))


def run(case: Case, settings: Settings) -> Iterator[Measurement]:
    """Ours and both forms of the peer's in turn: patients scored a second, encryption of one, bytes of one."""
    peer = peers.tenseal()
    forms = [None if peer is None else form(peer.module, case) for form in (Dot, Packed)]
    there = [form for form in forms if form is not None]
    score = interleaved([Task(case.score), *(Task(form.score) for form in there)], settings.rounds(ROUNDS))
    encrypt = interleaved([Task(case.encrypt), *(Task(form.encrypt) for form in there)], settings.rounds(ROUNDS))
    rate, each = len(case.x) / score[0], 1e6 * encrypt[0] / len(case.one)
    for place, name in enumerate(("dot", "packed")):
        ours, form = f"ipfe_rlwe.against_ckks.{name}", forms[place]
        said = None if peer is None else f"{peer.name}, CKKS, {name}"
        many = 0 if form is None else form.patients
        yield against(f"{ours}.score", rate, said, many / score[1 + place] if many else 0.0)
        yield against(f"{ours}.encrypt", each, said, 1e6 * encrypt[1 + place] / many if many else 0.0)
        yield against(f"{ours}.ciphertext", case.bytes_a_patient, said, 0.0 if form is None else form.bytes_a_patient)
