"""The command line: the same story as the Python face, one folder a role."""

from __future__ import annotations

import sys
from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code: 0, 1 for bad input or a refusal, 2 for wrong usage, 130 interrupted.

    Bad input gives one line on stderr, and with ``--json`` an object with ``error`` on stdout.
    """
    try:
        from pyfe.cli.run import run
    except KeyboardInterrupt:  # the imports take as long as many commands
        print("pyfe: Interrupted: interrupted", file=sys.stderr)
        return 130
    return run(list(sys.argv[1:] if arguments is None else arguments))
