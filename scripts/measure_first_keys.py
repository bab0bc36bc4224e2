#!/usr/bin/env python
"""Whether the default policy issues a key for a first model, and what the key then opens, on tables of real patients.

    python scripts/measure_first_keys.py [--splits 3 4 5 6 7] [--tables NAME ...] [--file build/first_keys.jsonl]
                                         [--lines]

Each table is split in 60 %, which the model is fitted on and the authority knows as its reference, and 40 %, on which
harm and loss are counted; once with nothing protected, once with the sensitive columns protected. The schema is cut by
pyfe.prepare: as it proposes, then on the grids that a refusal suggests, in this order and with those near each, where a
grid loses at most 0.002 of AUC on the reference; then the same grids with 1 more or less on a weight, where a remainder
was what the rules had against them. The attacker knows the public columns, the reference and one exact score
(tests/attack_one_score.py); what the tenth of the score among rows with the same public columns says already is taken
off, and beside it what its tenth among all rows says.

One line of JSON a (table, split, protected) is added to the file, and what stands there is not done again; then all of
the file is printed as tables: a line for each group and split, and for each table, or (--lines) each of its lines.
Tables whose packages are not installed are named and left out.
"""

from __future__ import annotations

import argparse
import json
import sys
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from pyfe.arrays import FloatArray, IntArray
from pyfe.function import Function
from pyfe.function.ranking import area_under_curve
from pyfe.leakage import Finding, LinearAccount, Question, Reference, linear_findings
from pyfe.leakage.rules.modulus import modulus
from pyfe.models.preparing import Preparation
from pyfe.reports.suggesting import GRIDS
from pyfe.schema import Schema
from tests.attack_one_score import Learned, OneScore
from tests.cohorts import COHORTS, Cohort
from tests.real_tables import Table, fit_logistic

Entry = dict[str, Any]

TRIED: tuple[Any, ...] = ("auto", *GRIDS)
MOST_LOSS = 0.002
MOST_CHANGES = 6
TARGETS, RESAMPLES = 120, 400
SECRET = bytes(range(32))
COUNTS = (
    "group", "protected", "split", "issued", "records above the tenth: mean (most)", "attributes: mean (most)",
    "records above the tenth of all rows", "attributes", "loss on the reference: most", "held out: mean (most)",
    "recalibrations free",
)  # fmt: skip
TABLES = (
    "table", "patients", "columns", "issued", "records above the tenth: mean (most)", "attributes: mean (most)",
    "AUC lost, held out: mean", "protected: issued", "what refused",
)  # fmt: skip
LINES = (
    "table", "split", "protected", "grid", "records: score - tenth - tenth of all", "attributes: score - tenth",
    "column", "held out", "interval", "refused",
)  # fmt: skip


@dataclass(frozen=True)
class Tried:
    """A grid, the integer weights ``[n]`` on it, and the policy's answer: what it refuses for, or nothing."""

    grid: str
    weights: IntArray
    reference: Reference
    loss: float
    refusal: Finding | None

    def scores(self, table: Table) -> FloatArray:
        """The key's results but for a constant."""
        return np.asarray(self.reference.schema.encode(table.X, "clip").x @ self.weights, dtype=np.float64)


def entry_of(cohort: Cohort, table: Table, split: int, *, protect: bool) -> Entry:
    """One line of the file."""
    start = perf_counter()
    ours, others = table.halves(split)
    model = fit_logistic(ours)
    tried = list(attempts(cohort, table, ours, model, protect=protect))
    issued = next((one for one in tried if one.refusal is None), None)
    entry: Entry = {
        "table": cohort.name, "group": cohort.group, "split": split, "protected": protect, "rows": len(table.X),
        "columns": table.X.shape[1], "issued": issued is not None, "grids": [words(one) for one in tried],
    }  # fmt: skip
    if issued is not None:
        entry |= {"grid": issued.grid, "loss": issued.loss, **on_held_out(issued, model, others)}
        entry |= {"recalibration free": is_free(issued), **opened(issued, others, split)}
    return entry | {"seconds": round(perf_counter() - start, 1)}


def words(tried: Tried) -> str:
    """The grid and the rule that refuses, in short."""
    return f"{tried.grid}: " + ("issued" if tried.refusal is None else f"rule {tried.refusal.rule}, {tried.refusal}")


def attempts(cohort: Cohort, table: Table, ours: Table, model: Any, *, protect: bool) -> Iterator[Tried]:
    """Grids in order, then these with another weight, until one is issued; those that lose too much are passed over."""
    best = auc(model.decision_function(ours.X), ours)
    public, protected = cohort.public.split(), cohort.sensitive.split() if protect else []
    refused = []
    options = {"levels": table.levels, "public": public, "protected": protected}
    for grid, schema, function in on_grids(model, ours, options):
        tried = asked(grid, function.weights[0], Reference.from_table(ours.X, schema), best, ours)
        if tried.loss <= MOST_LOSS:
            yield tried
            if tried.refusal is None:
                return
            refused.append(tried)
    for tried in (one for one in refused if one.refusal is not None and one.refusal.rule == "2m"):
        for changed in with_another_weight(tried, best, ours):
            yield changed
            if changed.refusal is None:
                return


def on_grids(model: Any, ours: Table, options: dict[str, Any]) -> Iterator[tuple[str, Schema, Function]]:
    """Every schema that prepare cuts, or suggest tries, and the function on it; each once."""
    seen = set[bytes]()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of columns that count up
        prepared = Preparation.of(model, ours.X, ours.outcome, None, options)
        for grid in TRIED:
            near = iter([prepared.function(grid)]) if grid == "auto" else prepared.near(grid)
            for schema, function in near:
                if function.id not in seen:
                    seen.add(function.id)
                    yield str(grid), schema, function


def asked(grid: str, weights: IntArray, reference: Reference, best: float, ours: Table) -> Tried:
    """The policy's answer to a first request."""
    found = linear_findings(LinearAccount(reference.schema), weights, reference, secret=SECRET)
    tried = Tried(grid, weights, reference, 0.0, next((one for one in found if one.refuses), None))
    return replace(tried, loss=best - auc(tried.scores(ours), ours))


def with_another_weight(tried: Tried, best: float, ours: Table) -> Iterator[Tried]:
    """1 more or less on one weight of a private column, where rule 2m then has nothing against it, and little is lost:
    the first that is issued, or the first."""
    others: list[Tried] = []
    places = [place for place in tried.reference.blocks.free.tolist() if tried.weights[place]]
    for place, change in ((place, change) for place in places for change in (1, -1)):
        weights = tried.weights.copy()
        weights[place] += change
        if len(others) < MOST_CHANGES and not shows_in_a_remainder(weights, tried.reference):
            found = asked(f"{tried.grid} {change:+d}", weights, tried.reference, best, ours)
            others += [found] if found.loss <= MOST_LOSS else []
            if others and others[-1].refusal is None:
                break
    yield from others[-1:]


def shows_in_a_remainder(weights: IntArray, reference: Reference) -> bool:
    before = LinearAccount(reference.schema)
    return bool(modulus(Question(before, before.with_rows(weights), weights[None, :], reference)))


def auc(scores: FloatArray, table: Table) -> float:
    return area_under_curve(scores, np.asarray(table.outcome, dtype=np.bool_))


def on_held_out(issued: Tried, model: Any, others: Table) -> Entry:
    """The loss on rows that nobody has seen, with its bootstrap interval (2.5 to 97.5 %)."""
    theirs, integers = model.decision_function(others.X), issued.scores(others)
    outcome, rng = np.asarray(others.outcome, dtype=np.bool_), np.random.default_rng(0)
    losses = []
    for _ in range(RESAMPLES):
        rows = rng.integers(0, len(outcome), len(outcome))
        losses.append(area_under_curve(theirs[rows], outcome[rows]) - area_under_curve(integers[rows], outcome[rows]))
    low, high = np.nanquantile(losses, [0.025, 0.975])
    return {"held out": auc(theirs, others) - auc(integers, others), "interval": [float(low), float(high)]}


def is_free(issued: Tried) -> bool:
    """Whether a recalibration, three times the score and five of every public coordinate, is nothing new."""
    weights, schema = 3 * issued.weights, issued.reference.schema
    for _, part, column in schema.parts:
        weights[part] += 5 * column.public
    found = linear_findings(LinearAccount(schema).with_rows(issued.weights), weights, issued.reference, secret=SECRET)
    return [one.kind for one in found] == ["nothing new"]


def opened(issued: Tried, others: Table, split: int) -> Entry:
    """What the score says of held-out rows: records opened, and the column made certain most often, each with what the
    tenth of the score does."""
    blocks = issued.reference.blocks
    rows = np.random.default_rng(split).permutation(len(others.X))[:TARGETS]
    levels = blocks.levels(blocks.schema.encode(others.X.iloc[rows], "clip").x)
    attack = OneScore(issued.reference, issued.weights)
    found = [attack.learned(row) for row in levels]
    certain = mean_of(found, "certain")
    worst = int((certain - mean_of(found, "certain_by_tenth")).argmax())
    return {
        "records": float(np.mean([one.opened for one in found])),
        "records by tenth": float(np.mean([one.opened_by_tenth for one in found])),
        "records by tenth of all": float(np.mean([one.opened_by_tenth_of_all for one in found])),
        "certain": float(certain[worst]),
        "certain by tenth": float(mean_of(found, "certain_by_tenth")[worst]),
        "certain above the tenth of all": float((certain - mean_of(found, "certain_by_tenth_of_all")).max()),
        "column": blocks.names[blocks.private[worst]],
    }


def mean_of(found: Sequence[Learned], name: str) -> FloatArray:
    return np.asarray(np.mean([getattr(one, name) for one in found], axis=0))


# ---------------------------------------------------------------------------------------------------------------
# The file, and what is printed of it


def read(path: Path) -> list[Entry]:
    """The lines there are."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def printed(entries: Sequence[Entry], *, lines: bool = False) -> str:
    """All of them, as tables in Markdown: counts a group and split, then a line a table, or all lines."""
    keys = sorted({(one["group"], one["protected"], one["split"]) for one in entries})
    groups = [(key, [one for one in entries if (one["group"], one["protected"], one["split"]) == key]) for key in keys]
    names = dict.fromkeys(one["table"] for one in sorted(entries, key=lambda one: str(one["group"])))
    each = [[one for one in entries if one["table"] == name] for name in names]
    below = [*heading(*LINES), *map(one_line, entries)] if lines else [*heading(*TABLES), *map(one_table, each)]
    return "\n".join([*heading(*COUNTS), *(counts(*pair) for pair in groups), "", *below])


def heading(*cells: str) -> list[str]:
    """The first two lines of a table."""
    return [f"| {' | '.join(cells)} |", "|---" * len(cells) + "|"]


def counts(key: tuple[str, bool, int], entries: Sequence[Entry]) -> str:
    """A group and split."""
    group, protected, split = key
    served = [one for one in entries if one["issued"]]
    cells = [group, "yes" if protected else "no", str(split), f"{len(served)} of {len(entries)}"]
    if served:
        records = [100 * (one["records"] - one["records by tenth"]) for one in served]
        certain = [100 * (one["certain"] - one["certain by tenth"]) for one in served]
        of_all = [100 * (one["records"] - one["records by tenth of all"]) for one in served]
        certain_of_all = [100 * one["certain above the tenth of all"] for one in served]
        held = [one["held out"] for one in served]
        cells += [f"{np.mean(part):+.1f} ({max(part):+.0f})" for part in (records, certain, of_all, certain_of_all)]
        cells += [f"{max(one['loss'] for one in served):+.4f}", f"{np.mean(held):+.4f} ({max(held):+.4f})"]
        cells += [f"{sum(one['recalibration free'] for one in served)} of {len(served)}"]
    return f"| {' | '.join([*cells, *[''] * (len(COUNTS) - len(cells))])} |"


def one_table(entries: Sequence[Entry]) -> str:
    """All splits of a table."""
    plain, marked = ([one for one in entries if one["protected"] is protect] for protect in (False, True))
    served = [one for one in plain if one["issued"]]
    cells = [entries[0]["table"], str(entries[0]["rows"]), str(entries[0]["columns"])]
    cells += [f"{len(served)} of {len(plain)}", *[""] * 3]
    if served:
        records = [100 * (one["records"] - one["records by tenth"]) for one in served]
        certain = [100 * (one["certain"] - one["certain by tenth"]) for one in served]
        cells[-3:] = [f"{np.mean(part):+.1f} ({max(part):+.0f})" for part in (records, certain)]
        cells += [f"{np.mean([one['held out'] for one in served]):+.4f}"]
    rules = Counter(words.split(": rule ")[1].split(",")[0] for one in entries for words in refusals(one))
    cells += [f"{sum(one['issued'] for one in marked)} of {len(marked)}", ", ".join(sorted(rules))]
    return f"| {' | '.join(cells)} |"


def refusals(one: Entry) -> list[str]:
    """What was refused where nothing was issued."""
    return [] if one["issued"] else [words for words in one["grids"] if ": rule " in words]


def one_line(one: Entry) -> str:
    """A table and split."""
    cells = [one["table"], str(one["split"]), "yes" if one["protected"] else "no"]
    if one["issued"]:
        cells += [str(one["grid"])]
        shares = [one[name] for name in ("records", "records by tenth", "records by tenth of all")]
        cells += [" - ".join(f"{100 * share:.0f}" for share in shares) + " %"]
        cells += [f"{100 * one['certain']:.0f} - {100 * one['certain by tenth']:.0f} %"]
        cells += [one["column"], f"{one['held out']:+.4f}", "{:+.3f} to {:+.3f}".format(*one["interval"]), ""]
    else:
        rules = Counter(words.split(": rule ")[1].split(",")[0] for words in refusals(one))
        refused = ", ".join(f"{rule} ({count})" for rule, count in rules.most_common())
        cells += [""] * 6 + [refused or "no grid loses as little"]
    return f"| {' | '.join(cells)} |"


def add(path: Path, cohort: Cohort, split: int, protected: Sequence[bool]) -> None:
    """Lines of one table and split."""
    table = cohort.load()
    for protect in protected:
        entry = entry_of(cohort, table, split, protect=protect)
        with path.open("a") as lines:
            lines.write(json.dumps(entry) + "\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what is not done yet, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--splits", type=int, nargs="*", default=[3, 4, 5, 6, 7])
    parser.add_argument("--tables", nargs="*", default=[one.name for one in COHORTS])
    parser.add_argument("--file", type=Path, default=Path("build/first_keys.jsonl"))
    parser.add_argument("--lines", action="store_true")
    options = parser.parse_args(arguments)
    done = {(one["table"], one["split"], one["protected"]) for one in read(options.file)}
    options.file.parent.mkdir(parents=True, exist_ok=True)
    chosen = [one for one in COHORTS if one.name in options.tables]
    for cohort in (one for one in chosen if not one.installed):
        print(f"{cohort.name}: {cohort.package} is not installed", file=sys.stderr)
    for split in options.splits:
        for cohort in (one for one in chosen if one.installed):
            left = [protect for protect in (False, True) if (cohort.name, split, protect) not in done]
            if left:
                add(options.file, cohort, split, left)
    print(printed(read(options.file), lines=options.lines))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
