"""The command: ``python -m bench [QUESTION ...] [--json -|FILE] [--plot FILE.png] [--quick] [--no-peers] [--share S]
[--list]``."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from bench.catalogue import QUESTIONS, entries


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when every figure was produced; 1 when one cannot be trusted; 2 for a wrong command line."""
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
    """Ask, write, show. stdout holds the JSON and nothing else when it goes there."""
    from bench import peers, report
    from bench.machine import describe
    from bench.measure import BenchError, Measurement, Settings
    from bench.runner import ask, document

    settings = Settings(quick=options.quick, share=options.share)
    peers.wanted = not options.no_peers
    machine = describe(settings)
    results: list[Measurement] = []
    try:
        with notes.status("measuring") as status:
            for question in dict.fromkeys(options.questions or QUESTIONS):
                status.update(f"measuring: {question}")
                results += ask(question, settings, lambda result: status.update(f"measuring: after {result.id}"))
    except BenchError as problem:
        notes.print(f"bench: {problem}", highlight=False)
        return 1
    text = json.dumps(document(machine, results), indent=1)
    if options.json == "-":
        print(text)
    elif options.json:
        Path(options.json).write_text(text + "\n")
    # Into a file or a log, lines may be long.
    shown = notes if options.json == "-" else Console()
    report.show(machine, results, shown if shown.is_terminal else Console(stderr=shown.stderr, width=150))
    if options.plot:
        report.plot(machine, results, Path(options.plot))
    return 0


def parser() -> argparse.ArgumentParser:
    """The command line."""
    out = argparse.ArgumentParser(prog="python -m bench", description="Our figures beside the peers', in one run.")
    out.add_argument(
        "questions", nargs="*", metavar="QUESTION", type=question, help=f"{', '.join(QUESTIONS)}; default: all"
    )
    out.add_argument(
        "--json", metavar="FILE", help="write the figures as JSON; - is stdout, the table then goes to stderr"
    )
    out.add_argument("--plot", metavar="FILE.png", help="draw the ratios")
    out.add_argument("--quick", action="store_true", help="exercise the code in under a minute; figures mean nothing")
    out.add_argument("--no-peers", action="store_true", help="ours alone, to compare two builds of it")
    out.add_argument("--share", type=share, default=1.0, help="of the rounds of a full run, in (0, 1]; default 1")
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
