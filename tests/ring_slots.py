"""Scores of millions of random slots of the lattice scheme, counted: how many are wrong, how many refused.

    python -m tests.ring_slots [--slots 100000000] [--seed 26] [--sets n30 R3 ...] [--state FILE]

A round of a set: a key pair, five functions (all weights at their bound; all at it, of both signs; one weight of 1 or
-1; two random ones), and twelve ciphertexts: for each function every slot at the upper end of its results, then every
slot at the lower one; and random rows. Of the last of them 1, 63, 64, 65 or 8,191 rows. A slot is one row under one
function. What is encrypted follows from the seed, the set and the number of the round; keys and noise are the system's,
and others every time. With ``--state`` the counts are kept after each round, and the next run goes on behind it. It
exits 1 if anything was wrong. The slow tests run some of it.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pyfe import RefusedError
from pyfe.arrays import IntArray
from pyfe.schemes import ipfe_rlwe
from tests.unit.lattice_sets import TABLE, Row

ROWS = ipfe_rlwe.BLOCK_ROWS
LAST = (1, 63, 64, 65, ROWS - 1)
TOO_LARGE = {"genome"}
"""Sets whose public key takes gigabytes."""


@dataclass(frozen=True)
class Box:
    """Ranges and bounds of a set."""

    lo: Sequence[int]
    hi: Sequence[int]
    Y: int

    @classmethod
    def of(cls, row: Row) -> Box:
        return cls(row.lo, row.hi, row.Y)

    def parameters(self) -> Any:
        return ipfe_rlwe.Parameters(len(self.lo), x_lo=self.lo, x_hi=self.hi, y_bound=self.Y)


SETS: Mapping[str, Box] = {
    **{name: Box.of(row) for name, row in TABLE.items() if name not in TOO_LARGE},
    "one": Box([0], [1], 1),
    "one signed": Box([-255], [255], 127),
    "above 0": Box([1, 18, 40, 350], [2, 100, 200, 420], 127),
    "far from 0": Box([900] * 30, [1023] * 30, 127),
}


@dataclass
class Count:
    """Of one set: rounds, rows that were encrypted, slots that were decrypted, and how many of these were not right."""

    rounds: int = 0
    rows: int = 0
    slots: int = 0
    wrong: int = 0
    refused: int = 0


def functions(p: Any, rng: np.random.Generator) -> IntArray:
    """All weights at their bound; the same of both signs; +-1 at one place; and two random ones."""
    y = np.stack([np.full(p.n, p.y_bound), rng.choice([-p.y_bound, p.y_bound], p.n), np.zeros(p.n, dtype=np.int64)])
    y[2, rng.integers(p.n)] = rng.choice([-1, 1])
    more = rng.integers(-p.y_bound, p.y_bound, (2, p.n), endpoint=True) | 1
    return np.concatenate([y, more]).clip(-p.y_bound, p.y_bound)


def tables(p: Any, y: IntArray, rng: np.random.Generator) -> list[IntArray]:
    """Rows of the ciphertexts of a round."""
    ends = [np.where(up, p.x_hi, p.x_lo) for row in y for up in (row > 0, row <= 0)]
    whole = [np.tile(row, (ROWS, 1)) for row in ends]
    counts = (ROWS, int(rng.choice(LAST)))
    return whole + [rng.integers(p.x_lo, p.x_hi, (count, p.n), endpoint=True) for count in counts]


def one_round(box: Box, rng: np.random.Generator, count: Count) -> None:
    """Encrypt, decrypt, compare."""
    p = box.parameters()
    mpk, msk = ipfe_rlwe.setup(p)
    y = functions(p, rng)
    key = ipfe_rlwe.keygen(msk, y)
    if not ipfe_rlwe.verify_key(mpk, key):
        raise SystemExit("a key that the scheme does not take")
    for x in tables(p, y, rng):
        count.rows += len(x)
        count.slots += len(x) * len(y)
        try:
            scores = ipfe_rlwe.decrypt(key, ipfe_rlwe.encrypt(mpk, x))
        except RefusedError:
            count.refused += 1
            continue
        count.wrong += int((scores != x @ y.T).sum())
    count.rounds += 1


def run(name: str, seed: int, slots: int, count: Count, save: Any = lambda: None) -> Count:
    """Rounds of a set until so many slots were counted, after those that were."""
    while count.slots < slots:
        one_round(SETS[name], np.random.default_rng([seed, list(SETS).index(name), count.rounds]), count)
        save()
    return count


def main() -> int:
    """Count, and say what was counted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--slots", type=int, default=10**8, help="of all sets together")
    parser.add_argument("--seed", type=int, default=26)
    parser.add_argument("--sets", nargs="+", choices=list(SETS), default=list(SETS))
    parser.add_argument("--state", type=Path)
    args = parser.parse_args()
    known = json.loads(args.state.read_text()) if args.state and args.state.exists() else {"seed": args.seed}
    if known["seed"] != args.seed:
        raise SystemExit(f"{args.state} counts seed {known['seed']}")
    counts = {name: Count(**known.get(name, {})) for name in SETS}

    def save() -> None:
        if args.state:
            told = {"seed": args.seed, **{name: asdict(count) for name, count in counts.items()}}
            args.state.write_text(json.dumps(told, indent=1) + "\n")

    for name in args.sets:
        count = run(name, args.seed, -(-args.slots // len(args.sets)), counts[name], save)
        print(f"{name}: {asdict(count)}", flush=True)
    some = [counts[name] for name in args.sets]
    wrong, refused = sum(c.wrong for c in some), sum(c.refused for c in some)
    print(f"{sum(c.slots for c in some):,} slots: {wrong} wrong scores, {refused} ciphertexts refused")
    return 1 if wrong or refused else 0


if __name__ == "__main__":
    sys.exit(main())
