"""Asks the questions and holds each of them to the ids that ids.toml promises."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import Any, TypedDict

from bench.catalogue import ids_of
from bench.measure import BenchError, Measurement, Settings


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
    results: list[dict[str, object]]


def document(machine: dict[str, Any], results: Sequence[Measurement]) -> Document:
    """The machine, described before the measuring, and the figures."""
    return {"machine": machine, "results": [result.to_json() for result in results]}
