"""python -m tests.reference.leakage make | answer | compare | summary (see --help)."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np

from tests.reference.leakage.cases import Case
from tests.reference.leakage.compare import compare
from tests.reference.leakage.exchange import (
    ANSWERS,
    REQUESTS,
    answer_to_json,
    read_answers,
    read_cases,
    write_cases,
)
from tests.reference.leakage.linear_requests import linear_case
from tests.reference.leakage.quadratic import Quadratic
from tests.reference.leakage.quadratic_requests import quadratic_case
from tests.reference.leakage.question import Question
from tests.reference.leakage.twin import evaluate, evaluate_forms


def make(folder: Path, seed: int, count: int, *, linear: bool) -> None:
    """Draw requests and write them: one of five is asked of a quadratic authority, unless all are linear."""
    forms = [at % 5 == 4 and not linear for at in range(count)]
    write_cases(folder, ((quadratic_case if form else linear_case)(seed, at) for at, form in enumerate(forms)))


def answered(case: Case) -> dict[str, Any]:
    seconds: dict[str, float] = {}
    if case.requested_forms:
        forms = Quadratic(case.prior, case.issued_forms, case.requested_forms)
        return answer_to_json(case, evaluate_forms(forms, seconds), seconds)
    answer = evaluate(Question(case.prior, case.issued, case.requested), seconds)
    return answer_to_json(case, answer, seconds)


def answer(folder: Path) -> None:
    """Answer what has no answer yet; goes on where it stopped."""
    path = folder / ANSWERS
    done = read_answers(path) if path.exists() else {}
    with path.open("a") as lines:
        for case in read_cases(folder):
            if case.id in done:
                continue
            start = process_time()
            entry = answered(case)
            lines.write(json.dumps(entry) + "\n")
            lines.flush()
            print(f"{case.id:10} {case.kind:20} {entry['decision']:8} {process_time() - start:7.1f} s", flush=True)


def summary(folder: Path) -> None:
    """Verdicts by rule, decisions by kind, times by rule."""
    entries = list(read_answers(folder / ANSWERS).values())
    rules = list(dict.fromkeys(rule for one in entries for rule in one["rules"]))
    print(f"{'rule':5} {'passes':>7} {'refuses':>8} {'outside':>8} {'decides':>8} {'median s':>9} {'most s':>8}")
    for rule in rules:
        words = Counter(one["rules"][rule]["verdict"] for one in entries if rule in one["rules"])
        times = [one["seconds"][rule] for one in entries if rule in one["seconds"]]
        decides = sum(one["decision"] == rule for one in entries)
        print(
            f"{rule:5} {words['passes']:7} {words['refuses']:8} {words['outside']:8} {decides:8} "
            f"{np.median(times):9.3f} {max(times):8.2f}"
        )
    for kind in sorted({one["kind"] for one in entries}):
        print(f"{kind:20} {_counted(entries, kind)}")


def _counted(entries: Sequence[Mapping[str, Any]], kind: str) -> str:
    found = Counter(one["decision"] for one in entries if one["kind"] == kind)
    return ", ".join(f"{decision} {count}" for decision, count in found.most_common())


def against(folder: Path, theirs: Path) -> int:
    """Print where another implementation's answers disagree; 0 if nowhere."""
    report = compare(read_answers(folder / ANSWERS), read_answers(theirs))
    for one in report.found:
        print(f"{one.request:10} {one.kind:20} {one.rule:3} {one.figure:18} {one.ours} {one.theirs}", "near" * one.near)
    print(report.table())
    return int(bool(report.disagreeing))


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.reference.leakage")
    verbs = parser.add_subparsers(dest="verb", required=True)
    for name in ("make", "answer", "compare", "summary"):
        verbs.add_parser(name).add_argument("folder", type=Path, help=f"holds {REQUESTS} and {ANSWERS}")
    verbs.choices["make"].add_argument("--seed", type=int, required=True)
    verbs.choices["make"].add_argument("--count", type=int, default=100)
    verbs.choices["make"].add_argument("--linear", action="store_true", help="no requests to quadratic authorities")
    verbs.choices["compare"].add_argument("theirs", type=Path, help="answers of another implementation")
    given = parser.parse_args(arguments)
    if given.verb == "make":
        make(given.folder, given.seed, given.count, linear=given.linear)
    elif given.verb == "answer":
        answer(given.folder)
    elif given.verb == "summary":
        summary(given.folder)
    else:
        return against(given.folder, given.theirs)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
