"""Requests and answers in files of JSON: what another implementation reads, and the shape in which it answers.

populations.json  name -> {"columns": names, "cells": a list a column}
requests.jsonl    one case a line (cases.py); rows are int lists over the coordinates of the columns in order: a number
                  has one, its level; a category of two values one bit, of more a bit a value
answers.jsonl     one answer a line: {"id", "decision", "rank", "Z", "seconds", "rules": {rule: {"verdict", "figures",
                  "limits", "names"}}}; the verdicts are "passes", "refuses", "outside" (of the rule's range).
                  I and H are figures of rule 4. An implementation leaves out what it has not evaluated.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.reference.leakage.cases import Case
from tests.reference.leakage.populations import Population
from tests.reference.leakage.twin import Answer

POPULATIONS, REQUESTS, ANSWERS = "populations.json", "requests.jsonl", "answers.jsonl"


def write_cases(folder: Path, cases: Iterable[Case]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    populations: dict[str, Any] = {}
    with (folder / REQUESTS).open("w") as lines:
        for case in cases:
            lines.write(json.dumps(case.to_json()) + "\n")
            if case.population:
                names = [one.name for one in case.schema.columns]
                populations[case.population.name] = {"columns": names, "cells": list(case.population.cells)}
    (folder / POPULATIONS).write_text(json.dumps(populations))


def read_cases(folder: Path) -> Iterator[Case]:
    known = {}
    for name, entry in json.loads((folder / POPULATIONS).read_text()).items():
        table, _, split = name.rpartition("-")
        known[name] = Population(table, int(split), tuple(entry["cells"]))
    for line in (folder / REQUESTS).read_text().splitlines():
        yield Case.from_json(json.loads(line), known)


def answer_to_json(case: Case, answer: Answer, seconds: Mapping[str, float]) -> dict[str, Any]:
    rules = {
        one.rule: {
            "verdict": one.word,
            "figures": one.figures,
            "limits": one.limits,
            "names": list(one.names),
        }
        for one in answer.verdicts
    }
    return {
        "id": case.id,
        "kind": case.kind,
        "forms": bool(case.requested_forms),
        "decision": answer.decision,
        "rank": answer.rank,
        "Z": answer.Z,
        "seconds": {rule: round(value, 3) for rule, value in seconds.items()},
        "rules": rules,
    }


def read_answers(path: Path) -> dict[str, dict[str, Any]]:
    """Request -> its answer."""
    entries = [json.loads(line) for line in path.read_text().splitlines()]
    return {entry["id"]: entry for entry in entries}
