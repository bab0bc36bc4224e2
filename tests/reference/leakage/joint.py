"""Rule 6: what the joint answers of several keys name, on rows of the copula."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tests.reference.leakage.budget import information
from tests.reference.leakage.copula import copula_rows
from tests.reference.leakage.prior import Prior
from tests.reference.leakage.question import Question, Verdict
from tests.reference.leakage.sampled import NEIGHBOURS, numbered
from tests.reference.leakage.schema import Floats, Ints
from tests.reference.leakage.scores import sample_deciles
from tests.reference.leakage.variables import CERTAIN

ROWS, TARGETS, MOST_BITS = 10**6, 150, 15.0
RECORDS, ATTRIBUTES = 0.05, 0.15


@dataclass(frozen=True)
class Named:
    """Per target: whether its record was named; per target and column: whether its class was made certain, rightly."""

    records: Floats
    certain: Floats


@dataclass(frozen=True)
class Group:
    """The rows of one answer: how often each record, and each class of each column, occurs among them."""

    records: Ints
    counts: Ints
    classes: list[Ints]

    @classmethod
    def of(cls, records: Ints, classes: Ints) -> Group:
        values, counts = np.unique(records, return_counts=True)
        return cls(values, counts, [np.bincount(column) for column in classes.T])

    def names(self, record: int) -> bool:
        """Whether the most frequent record of the others is that of the target (of equals, the first)."""
        others = self.counts - (self.records == record)
        return bool(others.sum() >= NEIGHBOURS) and int(self.records[others.argmax()]) == record

    def certain(self, column: int, kind: int) -> bool:
        """Whether the others make a class certain, and it is the target's."""
        others = self.classes[column].astype(np.float64)
        others[kind] -= 1
        return bool(others.sum() >= NEIGHBOURS and others[kind] >= CERTAIN * others.sum())


def named(answers: Ints, records: Ints, classes: Ints, usual: Floats) -> Named:
    """The first rows are the targets, each among the others with its answer. `classes` [rows, columns]; `usual`: the
    prior's greatest share of each column, from which on nothing is made certain."""
    right, certain = np.zeros(TARGETS), np.zeros((TARGETS, classes.shape[1]))
    groups: dict[int, Group] = {}
    for target, one in enumerate(answers[:TARGETS].tolist()):
        if one not in groups:
            same = answers == one
            groups[one] = Group.of(records[same], classes[same])
        right[target] = groups[one].names(int(records[target]))
        for column in np.flatnonzero(usual < CERTAIN):
            certain[target, column] = groups[one].certain(int(column), int(classes[target, column]))
    return Named(right, certain)


def rows_of(prior: Prior, Z: list[list[int]], seed: str) -> tuple[Ints, Ints, Ints]:
    """(answers [rows, r], records [rows], classes [rows, private columns]) of the copula. A record is what the classes
    of its private columns are."""
    schema = prior.schema
    levels = copula_rows(prior, ROWS, seed)
    coordinates = schema.coordinates(levels)
    answers = np.stack([coordinates @ np.array(schema.lift(z), dtype=np.int64) for z in Z], axis=1)
    classes = np.stack([prior.classes[block][levels[:, block]] for block in schema.private], axis=1)
    mix = np.random.default_rng(0).integers(1, 1 << 62, len(schema.private), dtype=np.int64) | 1
    records = classes @ mix  # wraps: a hash of 64 bits
    return answers, records, classes


def joint(question: Question) -> Verdict:
    """6, where two keys or more give at most 15 bits."""
    if question.rank < 2 or information(question) > MOST_BITS:
        return Verdict("6", {}, inside=False)
    prior = question.prior
    answers, records, classes = rows_of(prior, question.Z, question.seed("joint"))
    usual = np.array([prior.class_shares(block).max() for block in question.schema.private])
    coarse = np.stack([sample_deciles(column, column) for column in answers.T], axis=1)
    exact = named(numbered(answers), records, classes, usual)
    base = named(numbered(coarse), records, classes, usual)
    figures = {
        "records": float((exact.records - base.records).mean()),
        "certain": float((exact.certain - base.certain).mean(axis=0).max()),
    }
    return Verdict("6", figures, {"records": RECORDS, "certain": ATTRIBUTES})
