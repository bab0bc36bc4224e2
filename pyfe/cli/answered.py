"""Whom ``pyfe evaluate`` answers, where a refusal is an answer, and where it keeps what was refused."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from pyfe.cli.console import say
from pyfe.cli.table_options import asked_as
from pyfe.cohorts.rows import Rows
from pyfe.errors import ParameterError
from pyfe.evaluator import StateFile, answers, state_beside
from pyfe.identity import Identity
from pyfe.incidents import IN_MEMORY, Incidents
from pyfe.keys import FunctionKey

__all__ = ["ANYBODY", "Answered", "asks_whom"]

_OPTIONS: dict[str, Any] = {
    "state": (
        Annotated[
            Path | None,
            typer.Option(
                metavar="FILE",
                help="Where it is kept who was refused, in a scheme where a refusal is an answer; evaluator.state "
                "beside the key if not given.",
            ),
        ],
        None,
    ),
    "unsigned": (
        Annotated[
            bool,
            typer.Option(
                "--unsigned",
                help="Nobody answers for the ciphertexts: scores, and whether they were refused, stay with you.",
            ),
        ],
        False,
    ),
}


@dataclass(frozen=True)
class Answered:
    """What was asked for, by the fields of ``_OPTIONS``."""

    state: Path | None = None
    unsigned: bool = False

    def avoid(self, key: Path) -> list[Path]:
        """Files that nothing is written over."""
        return [state_beside(key), *([] if self.state is None else [self.state])]

    def answers(
        self, key: FunctionKey, place: Path, rows: Rows, owner: Identity | None, *, quiet: bool
    ) -> tuple[AbstractContextManager[None], dict[str, Any]]:
        """What counts refusals while the rows are decrypted under a key that lies at a place, and what is said of it.

        ParameterError for options that the scheme has no use for; else as of :func:`pyfe.evaluator.answers`.
        """
        kept: Incidents = IN_MEMORY
        if not key.adapter.refusal_answers:
            if self.state is not None or self.unsigned:
                name = "--unsigned" if self.unsigned else "--state"
                raise ParameterError(f"{name} is for schemes where a refusal is an answer, and {key.scheme} is none")
            return answers(kept, key, rows, owner), {}
        if not self.unsigned and owner is not None:
            if self.state is None and not place.is_file():
                raise ParameterError(f"{place} is no file that a state could lie beside: give --state FILE")
            kept = StateFile(state_beside(place) if self.state is None else self.state)
        elif self.unsigned and not quiet:
            say(
                "nobody answers for these ciphertexts: scores, and whether they were refused, stay with you", apart=True
            )
        counted = answers(kept, key, rows, owner, unsigned=self.unsigned)
        return counted, {"state": None if self.unsigned else kept.place}


ANYBODY = Answered()

asks_whom = asked_as("answered", _OPTIONS, Answered)
"""A command whose parameter ``answered`` is asked for by the options of :class:`Answered`."""
