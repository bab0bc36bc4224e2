"""Asks the questions and holds each of them to the ids that ids.toml promises."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import Any, TypedDict

from bench import peers
from bench.catalogue import ids_of
from bench.machine import drift, peak_memory
from bench.measure import BenchError, Measurement, Settings
from bench.turns import Turns


def ask(question: str, settings: Settings, seen: Callable[[Measurement], None] = lambda _: None) -> list[Measurement]:
    """One question's figures. BenchError when an id is missing, doubled or not in ids.toml."""
    results: list[Measurement] = []
    for result in importlib.import_module(f"bench.{question}").run(settings):
        results.append(result)
        seen(result)
    produced, promised = [result.id for result in results], ids_of(question)
    if len(produced) != len(set(produced)) or set(produced) != promised:
        wrong = sorted(set(produced) ^ promised) or sorted({name for name in produced if produced.count(name) > 1})
        raise BenchError(f"{question}: the figures are not those of ids.toml: {', '.join(wrong)}")
    return results


class Document(TypedDict):
    """What --json writes."""

    machine: dict[str, Any]
    questions: dict[str, dict[str, Any]]
    drift: float | None
    results: list[dict[str, object]]


def document(
    machine: dict[str, Any], results: Sequence[Measurement], questions: dict[str, dict[str, Any]] | None = None
) -> Document:
    """The machine, described before the measuring; what each question took; how far the clock drifted between them; and
    the figures."""
    asked = questions or {}
    sticks = [question["yardstick"] for question in asked.values()]
    return {
        "machine": {**machine, "peers": {**machine["peers"], **peers.ELSEWHERE}},
        "questions": asked,
        "drift": drift(sticks),
        "results": [result.to_json() for result in results],
    }


def account(results: Sequence[Measurement], seconds: float) -> dict[str, Any]:
    """What a question took: wall seconds, the peak of resident memory (since it was last forgotten), the yardstick."""
    sticks = [result.value.yardstick for result in results if isinstance(result.value, Turns)]
    known = [stick for stick in sticks if stick]
    return {"seconds": round(seconds, 2), "peak_memory": peak_memory(), "yardstick": min(known, default=None)}
