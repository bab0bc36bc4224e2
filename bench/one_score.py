"""One score of thirty features on the same real patients, by everything that a buyer would consider.

The patients are the test rows of the Wisconsin breast-cancer data, the score a logistic regression's, cut to integers
once (8 bits a feature, 8 bits a weight), so that all compute the same numbers. Ours are timed through the face that a
user has, from a table to wire bytes and from wire bytes to integers; the others without their Python's encoding of
tables, on integers that are ready. What each of them gives, and to whom, stands in :data:`GIVES`: an inner product
under homomorphic encryption is encrypted still, and whoever holds the secret key, who could read every row, must open
it. That is something else than functional encryption, not something less: it also computes what no inner product is.

Beside every contender stands the default scheme, in the same turns.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

import pyfe
from bench import peers, rlwe_peer
from bench.ipfe import PEER_SECONDS
from bench.measure import Measurement, Settings, Task, against, interleaved, require, threads
from pyfe.schemes import ipfe_rlwe

BITS = 8
ROUNDS = 7
SCHEMES = ("ipfe-ddh", "ipfe-rlwe", "qfe-ggm")
FEW = {"ckks": 8, "paillier": 2, "pymife": 8}
"""Patients that a slow contender is given."""

PAILLIER_BITS = 3072
CONCRETE = "PYFE_BENCH_CONCRETE"
"""The interpreter of an environment that has concrete-python; .venv-concrete unless it is set (make bench-concrete)."""

EVALUATOR_LEARNS = "the scores, and nothing else"
OWNER_LEARNS = "nothing: scores stay encrypted, and who holds the secret key opens them, or whole rows"
GIVES = {
    "ipfe_ddh": (EVALUATOR_LEARNS, "exact", "inner products"),
    "ipfe_rlwe": (EVALUATOR_LEARNS, "exact", "inner products"),
    "qfe_ggm": (EVALUATOR_LEARNS, "exact", "inner products, quadratic forms"),
    "pymife": (EVALUATOR_LEARNS, "exact", "inner products; 1,024-bit group"),
    "ckks": (OWNER_LEARNS, "approximate", "any polynomial, as deep as its parameters"),
    "paillier": (OWNER_LEARNS, "exact", "sums, and products with plain numbers"),
    "concrete": (OWNER_LEARNS, "exact", "any function of few bits, by tables"),
}
"""What whoever computes learns; exactness; what it can compute at all."""


class Patients:
    """The rows, the function, and its integers."""

    def __init__(self) -> None:
        from sklearn.datasets import load_breast_cancer
        from sklearn.linear_model import LogisticRegression
        from sklearn.model_selection import train_test_split
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        table, labels = load_breast_cancer(return_X_y=True, as_frame=True)
        train, self.rows, known, _ = train_test_split(table, labels, test_size=0.3, random_state=0, stratify=labels)
        model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(train, known)
        self.schema = pyfe.Schema.fit(train, bits=BITS)
        self.function = pyfe.compile(model, self.schema, weight_bits=BITS)
        self.x = np.asarray(self.schema.encode(self.rows, on_overflow="clip").x)
        self.y = np.asarray(self.function.weights, dtype=np.int64).reshape(-1)
        self.scores = self.function.evaluate(self.rows, on_overflow="clip")
        self.products = self.x @ self.y
        require(len(set((self.scores - self.products).tolist())) == 1, "one_score: not the same score")


@dataclass(frozen=True)
class Contender:
    """``encrypt`` and ``score`` do so many patients; bytes a patient, and of what the encrypting side must hold;
    ``error``: the largest deviation from the exact score."""

    patients: int
    encrypt: Callable[[], object]
    score: Callable[[], object]
    ciphertext: float
    key: float
    error: float


def ours(scheme: str, patients: Patients) -> Contender:
    """pyfe, through its face. Under Ring-LWE the patients are repeated to a full ciphertext: it is for cohorts."""
    policy = pyfe.Policy.unrestricted(reason="a benchmark")
    authority = pyfe.KeyAuthority.create(patients.schema, scheme=scheme, policy=policy, weight_bits=BITS)
    public, key = authority.public_key, authority.issue(patients.function, purpose="a benchmark")
    rows, scores = patients.rows, patients.scores
    if scheme == "ipfe-rlwe":
        places = np.resize(np.arange(len(rows)), ipfe_rlwe.BLOCK_ROWS)
        rows, scores = rows.iloc[places], scores[places]

    def encrypt() -> bytes:
        return bytes(public.encrypt(rows, on_overflow="clip").to_bytes())

    wire, evaluator = encrypt(), pyfe.Evaluator(key)

    def score() -> Any:
        return evaluator.decrypt(pyfe.CiphertextBatch.from_bytes(wire), unsigned=True)

    error = float(np.abs(score() - scores).max())
    return Contender(len(rows), encrypt, score, len(wire) / len(rows), len(public.to_bytes()), error)


class Ckks:
    """TenSEAL as its tutorial has it: a ciphertext a patient, one thread."""

    def __init__(self, module: Any, patients: Patients) -> None:
        self.module, self.context = module, rlwe_peer.context(module)
        self.x, self.y = patients.x[: FEW["ckks"]], patients.y.tolist()
        self.rows = self.x.tolist()
        self.held = self.encrypt()

    def encrypt(self) -> list[Any]:
        return [self.module.ckks_vector(self.context, row) for row in self.rows]

    def score(self) -> list[Any]:
        return [vector.dot(self.y) for vector in self.held]

    def contender(self, patients: Patients) -> Contender:
        found = np.array([out.decrypt()[0] for out in self.score()])
        error = float(np.abs(found - patients.products[: len(found)]).max())
        require(error < 1, "tenseal: a wrong product")
        size, key = len(self.held[0].serialize()), len(self.context.serialize(save_secret_key=False))
        return Contender(len(self.rows), self.encrypt, self.score, size, key, error)


class Paillier:
    """phe: a ciphertext a feature; the evaluator multiplies and adds."""

    def __init__(self, module: Any, patients: Patients) -> None:
        self.public, self.secret = module.generate_paillier_keypair(n_length=PAILLIER_BITS)
        self.rows, self.y = patients.x[: FEW["paillier"]].tolist(), patients.y.tolist()
        self.held = self.encrypt()

    def encrypt(self) -> list[list[Any]]:
        return [[self.public.encrypt(value) for value in row] for row in self.rows]

    def score(self) -> list[Any]:
        return [sum(c * weight for c, weight in zip(row, self.y, strict=True)) for row in self.held]

    def contender(self, patients: Patients) -> Contender:
        found = [self.secret.decrypt(out) for out in self.score()]
        require(found == patients.products[: len(found)].tolist(), "phe: a wrong product")
        size = len(self.y) * 2 * PAILLIER_BITS / 8
        return Contender(len(self.rows), self.encrypt, self.score, size, PAILLIER_BITS / 8, 0.0)


class Pymife:
    """PyMIFE's Damgard scheme in its default group; ciphertexts have no encoding there, so their integers count."""

    def __init__(self, module: Any, patients: Patients) -> None:
        self.scheme = module.FeDamgard
        self.rows = patients.x[: FEW["pymife"]].tolist()
        self.interval = (min(-1, int(patients.products.min())), int(patients.products.max()))
        self.key = self.scheme.generate(patients.x.shape[1], peers.group_1024())
        self.function_key = self.scheme.keygen(patients.y.tolist(), self.key)
        self.held = self.encrypt()

    def encrypt(self) -> list[Any]:
        return [self.scheme.encrypt(row, self.key) for row in self.rows]

    def score(self) -> list[int]:
        return [self.scheme.decrypt(c, self.key, self.function_key, self.interval) for c in self.held]

    def contender(self, patients: Patients) -> Contender:
        require(self.score() == patients.products[: len(self.rows)].tolist(), "pymife: a wrong product")
        element, n = 1024 / 8, patients.x.shape[1]
        return Contender(len(self.rows), self.encrypt, self.score, (n + 2) * element, (n + 2) * element, 0.0)


class Concrete:
    """concrete-python, in an environment of its own, by a subprocess that times itself."""

    def __init__(self, patients: Patients, rounds: int) -> None:
        self.patients, self.rounds = patients, rounds

    @cached_property
    def found(self) -> dict[str, Any]:
        """What the worker says, or why there is none under "absent"."""
        if not peers.wanted:
            return {"absent": "not asked for"}
        root = Path(__file__).resolve().parent
        python = os.environ.get(CONCRETE) or str(root.parent / ".venv-concrete" / "bin" / "python")
        if not Path(python).exists():
            return {"absent": "no environment of its own: make bench-concrete"}
        asked = {"x": self.patients.x[:2].tolist(), "y": self.patients.y.tolist(), "rounds": self.rounds}
        command = [python, str(root / "concrete_worker.py")]
        done = subprocess.run(command, input=json.dumps(asked), capture_output=True, text=True, timeout=600)
        if done.returncode != 0:
            return {"absent": (done.stderr.strip().splitlines() or ["it failed"])[-1]}
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        require(found["scores"] == self.patients.products[:2].tolist(), "concrete-python: a wrong product")
        return found


def contenders(patients: Patients) -> Iterator[tuple[str, str | None, Contender | None]]:
    """Ours but the default, and the peers: name, what it is called, and None where it is absent."""
    for scheme in SCHEMES[1:]:
        yield scheme.replace("-", "_"), f"pyfe, {scheme}", ours(scheme, patients)
    for name, peer, made in (
        ("pymife", peers.pymife("mife.single.damgard"), Pymife),
        ("ckks", peers.tenseal(), Ckks),
        ("paillier", peers.find("phe", "phe"), Paillier),
    ):
        if peer is None:
            yield name, None, None
        else:
            yield name, peer.name, made(peer.module, patients).contender(patients)


def run(settings: Settings) -> Iterator[Measurement]:
    """Ours beside each contender in turn, a patient; then sizes and errors."""
    with threads(1):
        patients = Patients()
        default = ours(SCHEMES[0], patients)
        require(default.error == 0, "one_score: a wrong score")
        for name, said, contender in contenders(patients):
            yield from beside(name, said, default, contender, settings)
        yield from concrete(Concrete(patients, settings.rounds(ROUNDS)), default, settings)


def beside(
    name: str, said: str | None, default: Contender, contender: Contender | None, settings: Settings
) -> Iterator[Measurement]:
    """The five figures of a contender, ours as the value and its own as the peer's."""
    for verb in ("encrypt", "score"):
        tasks = [Task(getattr(default, verb))]
        if contender is not None:
            tasks.append(Task(peers.limited(PEER_SECONDS, getattr(contender, verb))))
        times = interleaved(tasks, settings.rounds(ROUNDS))
        each = 1e6 * times[1] / contender.patients if contender is not None else 0.0
        yield against(f"one_score.{name}.{verb}", 1e6 * times[0] / default.patients, said, each)
    for what in ("ciphertext", "key", "error"):
        theirs = getattr(contender, what) if contender is not None else 0.0
        yield against(f"one_score.{name}.{what}", getattr(default, what), said, theirs)


def concrete(peer: Concrete, default: Contender, settings: Settings) -> Iterator[Measurement]:
    """The same for what times itself elsewhere: not in the same turns, but in the same run."""
    found = peer.found
    said = None if "absent" in found else found["name"]
    peers.ELSEWHERE["concrete-python"] = f"absent: {found['absent']}" if said is None else said.partition(" ")[2]
    for verb in ("encrypt", "score"):
        (time,) = interleaved([Task(getattr(default, verb))], settings.rounds(ROUNDS))
        theirs = 0.0 if said is None else 1e6 * float(found[verb])
        yield against(f"one_score.concrete.{verb}", 1e6 * time / default.patients, said, theirs)
    for what in ("ciphertext", "key", "error"):
        yield against(f"one_score.concrete.{what}", getattr(default, what), said, float(found.get(what, 0.0)))
