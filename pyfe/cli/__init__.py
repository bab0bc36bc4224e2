"""The command line: the same story as the Python face, one folder a role.

====================  ==========================================================================================
``commands``          all commands put together; failures as one line and an exit code
``prepare``           ``pyfe prepare``: the model owner, who has a model and rows; ``suggest``: what else to ask for
``schema_compile``    ``pyfe schema fit`` and ``pyfe compile``: the model owner, column by column
``publish``           ``pyfe schema publish``: figures of the population in a schema
``leakage``           ``pyfe leakage``: what keys would say, and the attacks on them
``reporting``         ``pyfe report``: a page on a function, to keep
``authority``         ``pyfe keygen`` and ``pyfe public-key``; ``issuing``: ``pyfe check`` and ``pyfe issue``
``keeping``           ``pyfe authority``, for whoever runs one: status, policy, epochs, backups; ``pyfe ledger``
``asking``            ``pyfe authority request`` and ``approve``: what people sign; ``decision_file`` what they agree to
``identity``          ``pyfe identity``: who signs and receives
``clock``             ``pyfe authority clock``: an authority whose clock was ahead
``audit``             ``pyfe audit``: the log, for whoever checks it
``encrypt_evaluate``  ``pyfe encrypt``: the data owner; ``evaluating``: ``pyfe evaluate``: the evaluator
``handing_over``      ``pyfe verify-cohort``: what was handed over, for whoever checks it
``owner``             ``pyfe owner``: the data owner's folder, and the ledger of ``pyfe encrypt``
``info``, ``doctor``  what a file is; whether this installation is sound
``demo``, ``demos``   the demos, one file each
``training``          the training of networks of squares, for demos
``table_options``     how a table is written, and what its columns are; ``model_files``: models in files
``policies``          the policy whose answer is asked for without an authority
``times``             days and times as people write them
``console``           what commands share: options, tables, progress, words for people
====================  ==========================================================================================
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code: 0, 1 for bad input or a refusal, 2 for wrong usage, 130 interrupted.

    Bad input gives one line on stderr, and with ``--json`` an object with ``error`` on stdout.
    """
    try:
        from pyfe.cli.commands import run
    except KeyboardInterrupt:  # the imports take as long as many commands
        print("pyfe: Interrupted: interrupted", file=sys.stderr)
        return 130
    return run(list(sys.argv[1:] if arguments is None else arguments))
