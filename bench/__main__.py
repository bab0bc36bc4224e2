"""The command: ``python -m bench [QUESTION ...] [--quick] [--json -|FILE] [--compare OLD.json] [--plot DIR] [--share S]
[--no-peers] [--smoke] [--list]``."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from bench.catalogue import QUESTIONS, entries, ids_of

if TYPE_CHECKING:
    from bench.measure import Measurement, Settings


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when every figure was produced; 1 when one cannot be trusted; 2 for a wrong command line or an earlier run that
    cannot be compared; 3 when a figure is slower than in the earlier run."""
    options = parser().parse_args(arguments)
    if options.list:
        for entry in entries().values():
            print(f"{entry.id}  [{entry.unit}]  {entry.what}")
        return 0
    notes = Console(stderr=True)
    try:
        import pyfe._core  # noqa: F401
    except ImportError as problem:
        notes.print(f"bench: the compiled core is not there ({problem}); make install", highlight=False)
        return 1
    return measure(options, notes)


def measure(options: argparse.Namespace, notes: Console) -> int:
    """Ask, write, show, compare. stdout holds the JSON and nothing else when it goes there."""
    from bench import peers, report
    from bench.machine import describe
    from bench.measure import QUICK_SHARE, BenchError, Settings
    from bench.runner import document

    share = options.share or (QUICK_SHARE if options.quick else 1.0)
    settings = Settings(smoke=options.smoke, share=share, quick=options.quick)
    peers.wanted = not options.no_peers
    machine = describe(settings)
    before = earlier(options.compare, machine, notes) if options.compare else None
    if options.compare and before is None:
        return 2
    try:
        results, questions = asked(list(dict.fromkeys(options.questions or QUESTIONS)), settings, notes)
    except BenchError as problem:
        notes.print(f"bench: {problem}", highlight=False)
        return 1
    whole = document(machine, results, questions)
    if options.json:
        write(whole, options.json)
    # Into a file or a log, lines may be long.
    shown = notes if options.json == "-" else Console()
    shown = shown if shown.is_terminal else Console(stderr=shown.stderr, width=190)
    report.show(whole, results, shown)
    if options.plot:
        from bench.plots import draw

        for path in draw(json.loads(json.dumps(whole)), Path(options.plot)):
            shown.print(f"drawn: {path}", highlight=False)
    return 0 if before is None else compared(before, whole, settings, shown)


def asked(
    names: Sequence[str], settings: Settings, notes: Console
) -> tuple[list[Measurement], dict[str, dict[str, Any]]]:
    """The figures of some questions under one progress bar, and what each question took."""
    from bench.machine import forget_peak_memory
    from bench.runner import account, ask

    results: list[Measurement] = []
    questions: dict[str, dict[str, Any]] = {}
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=notes
    )
    with bar:
        done = bar.add_task("measuring", total=sum(len(ids_of(name)) for name in names))
        for name in names:
            bar.update(done, description=name)
            forget_peak_memory()
            start = time.monotonic()
            found = ask(name, settings, lambda result: bar.update(done, advance=1, description=result.id))
            questions[name] = account(found, time.monotonic() - start)
            results += found
    return results, questions


def write(whole: Mapping[str, Any], where: str) -> None:
    """The JSON, one figure a line; ``-`` is stdout."""
    text = formatted(whole)
    if where == "-":
        print(text)
    else:
        Path(where).write_text(text + "\n")


def formatted(whole: Mapping[str, Any]) -> str:
    """JSON in which every figure has one line, so that two runs can be read side by side."""
    parts = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in whole.items() if name != "results"]
    figures = ",\n".join(json.dumps(result) for result in whole["results"])
    return "{\n" + ",\n".join([*parts, f'"results": [\n{figures}\n]']) + "\n}"


def earlier(path: str, machine: Mapping[str, Any], notes: Console) -> dict[str, Any] | None:
    """The run to compare with; None, with a line, where it says nothing about this one."""
    from bench.compare import incomparable

    try:
        old: dict[str, Any] = json.loads(Path(path).read_text())
        differences = incomparable(old["machine"], machine)
        require_results(old)
    except (OSError, ValueError, KeyError, TypeError) as problem:
        notes.print(f"bench: {path} is no JSON of an earlier run: {problem!r}", highlight=False)
        return None
    if differences:
        notes.print(f"bench: {path} cannot be compared with this run ({'; '.join(differences)})", highlight=False)
        return None
    return old


def require_results(old: Mapping[str, Any]) -> None:
    """KeyError unless every figure has what a comparison needs."""
    for result in old["results"]:
        for name in ("id", "value", "unit", "turns", "yardstick"):
            result[name]


def compared(old: Mapping[str, Any], whole: Mapping[str, Any], settings: Settings, shown: Console) -> int:
    """3 when a figure is slower than in the earlier run, after its question was asked again."""
    from bench.catalogue import entries
    from bench.compare import settled

    def again(names: list[str]) -> list[dict[str, object]]:
        shown.print(f"measured again, since it looks slower: {', '.join(names)}", highlight=False)
        questions = dict.fromkeys(entries()[name].question for name in names)
        results, _ = asked(list(questions), settings, Console(stderr=True))
        return [result.to_json() for result in results]

    found = settled(old["results"], whole["results"], again)
    for one in found:
        if one.verdict:
            noise = "" if one.noise is None else f" (noise {one.noise:.0%})"
            shown.print(f"{one.id}: {one.verdict}, {one.ratio:.2f} of the earlier speed{noise}", highlight=False)
    slower = [one.id for one in found if one.verdict == "slower"]
    shown.print(f"{len(found)} figures compared; slower: {', '.join(slower) or 'none'}", highlight=False)
    return 3 if slower else 0


def parser() -> argparse.ArgumentParser:
    """The command line."""
    out = argparse.ArgumentParser(prog="python -m bench", description="Our figures beside the peers', in one run.")
    out.add_argument(
        "questions", nargs="*", metavar="QUESTION", type=question, help=f"{', '.join(QUESTIONS)}; default: all"
    )
    out.add_argument(
        "--json", metavar="FILE", help="write the figures as JSON; - is stdout, the table then goes to stderr"
    )
    out.add_argument("--compare", metavar="OLD.json", help="say what is slower than in an earlier run; exit 3 then")
    out.add_argument("--plot", metavar="DIR", help="draw ratios, growth and roofline as PNGs into this folder")
    out.add_argument("--quick", action="store_true", help="fewer rounds, smaller cohorts: under five minutes")
    out.add_argument("--smoke", action="store_true", help="exercise the code in under a minute; figures mean nothing")
    out.add_argument("--no-peers", action="store_true", help="ours alone, to compare two builds of it")
    out.add_argument("--share", type=share, help="of the rounds of a full run, in (0, 1]; default 1, with --quick 0.15")
    out.add_argument("--list", action="store_true", help="print the ids and what they are")
    return out


def share(text: str) -> float:
    """A number of (0, 1]."""
    value = float(text)
    if not 0 < value <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not in (0, 1]")
    return value


def question(name: str) -> str:
    """A known question."""
    if name not in QUESTIONS:
        raise argparse.ArgumentTypeError(f"{name!r} is not one of {', '.join(QUESTIONS)}")
    return name


if __name__ == "__main__":
    sys.exit(main())
