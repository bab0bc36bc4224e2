"""ids.toml as typed entries: what each figure is, its unit, and the bar it is held against."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

UNITS = ("us", "ms", "per_s", "bytes", "times", "share", "count", "slope", "error")
QUESTIONS = (
    "group", "pairing", "ipfe", "one_patient", "qfe", "curve", "dlog", "gaussian", "rlwe", "policy", "authority",
    "threads", "memory", "mcl", "sweep", "roofline", "one_score",
)  # fmt: skip
"""The questions in the order a full run asks them; each is a module of this package."""

PATH = Path(__file__).resolve().parent / "ids.toml"


@dataclass(frozen=True)
class Entry:
    """One id: measured from ``start`` to ``end`` on ``inputs``; bars are for a quiet core with AVX-512 IFMA."""

    id: str
    question: str
    unit: str
    what: str
    start: str
    end: str
    inputs: str
    peer: str | None = None
    ratio_at_least: float | None = None
    at_most: float | None = None
    at_least: float | None = None
    within: float | None = None

    def bar(self) -> str:
        """The bar in words, empty when there is none."""
        limits = [
            (">= {:,}x", self.ratio_at_least),
            ("<= {:,} " + self.unit, self.at_most),
            (">= {:,} " + self.unit, self.at_least),
            ("within {:,}", self.within),
        ]
        return ", ".join(words.format(limit) for words, limit in limits if limit is not None)


@lru_cache(maxsize=1)
def entries() -> dict[str, Entry]:
    """Every entry by its id, in the order of the file."""
    with PATH.open("rb") as file:
        return {name: Entry(id=name, **fields) for name, fields in tomllib.load(file).items()}


def ids_of(question: str) -> set[str]:
    """The ids that a question must produce."""
    return {entry.id for entry in entries().values() if entry.question == question}
