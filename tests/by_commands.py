"""From a file to scores by commands alone, as somebody does it who reads the refusals and nothing else."""

from __future__ import annotations

import contextlib
import csv
import io
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from pyfe import Function
from pyfe.arrays import AnyArray, IntArray
from pyfe.cli import main
from tests.exports import Export, linear_model

__all__ = ["HEADER", "RefusedError", "Story", "expected_scores", "scores_written", "told"]

HEADER = "| written by | table | commands | refused | what had to be said |\n|---|---|---|---|---|"

_OF_READING = ("--na", "--encoding", "--decimal", "--delimiter")
_OF_ENCRYPTING = ("--on-overflow", "--allow-duplicates")
_READS = ("prepare", "keygen", "encrypt")


class RefusedError(AssertionError):
    """A refusal that names nothing that the user could say."""


@dataclass
class Story:
    """The commands that one export takes, in the current folder.

    ``done``: those that did what they were asked; ``refused``: what the others said; ``said``: the options of the
    user's, in the order in which a refusal asked for them.
    """

    export: Export
    done: list[list[str]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def tell(self) -> None:
        """From ``t`` to ``scores.csv``. RefusedError where a refusal does not name what the user says next."""
        rows = self.export.rows()
        Path("t").write_bytes(self.export.write(rows))
        Path("model.json").write_text(linear_model(self.export, rows))
        Path("passphrase").write_text("a passphrase of ours")
        prepare = ("prepare", "model.json", "t", "-s", "schema", "-o", "function", *self.export.outcome)
        self._until_done(*prepare)
        while not self._key():
            self._until_done(*prepare, "--force")
        place = "rows.parquet" if self.export.cohort else "rows"
        self._until_done("encrypt", "t", "-p", "public", "-o", place, *self.export.said)
        doubled = ("--allow-duplicates",) if "--allow-duplicates" in self.said else ()
        self._until_done("evaluate", place, "-k", "key", "-p", "public", "-o", "scores.csv", *doubled)
        if len(self.refused) < len(self.export.answers):
            raise RefusedError(f"nobody asked for {self.export.answers[len(self.refused) :]}")

    def _key(self) -> bool:
        """An authority, and a key of it. Where the rules refuse the key, the user says something else."""
        authority = f"authority-{len(self.refused)}"
        own = ("-a", authority, "--passphrase-file", "passphrase")
        self._until_done("keygen", "-s", "schema", "-p", "public", "--reference", "t", "--force", *own)
        return self._tried("issue", "function", "-o", "key", "--purpose", "a test", *own) is None

    def _until_done(self, *command: str) -> None:
        for _ in range(len(self.export.answers) + 1):
            if self._tried(*command) is None:
                return
        raise RefusedError(f"{command[0]}: {self.refused[-1]}")

    def _tried(self, *command: str) -> str | None:
        """Run a command with what was said so far; what it refuses, and is answered then, if it does."""
        words = [*command, *(word for option in self.said for word in self._words(command[0], option))]
        refusal = _refusal(words)
        if refusal is None:
            self.done.append(words)
            return None
        self.refused.append(refusal)
        left = self.export.answers[len(self.refused) - 1 :]
        if not left or left[0][0] not in refusal:
            raise RefusedError(f"{shlex.join(words)}\n{refusal}\nnext: {left[:1]}")
        self.said.append(left[0][1])
        return refusal

    def _words(self, command: str, option: str) -> list[str]:
        """The words of what was said, for the commands that it is about."""
        name, words = option.split(" ")[0], shlex.split(option)
        if name in _OF_READING:
            return words if command in _READS else []
        if name in _OF_ENCRYPTING:
            return words if command == "encrypt" else []
        return words if command == "prepare" else []

    def line(self) -> str:
        """The row of the table in docs/guides/tables.md."""
        outcome = [word for word in self.export.outcome if "=" in word]
        words = [*(f"--event {word}" for word in outcome), *self.said]
        words += [" ".join(self.export.said)] if self.export.said else []
        told = ", ".join(f"`{word}`" for word in words)
        return f"| {self.export.name} | {self.export.table} | {len(self.done)} | {len(self.refused)} | {told} |"


def told(export: Export) -> Story:
    """The whole story of an export."""
    story = Story(export)
    story.tell()
    return story


def _refusal(words: Sequence[str]) -> str | None:
    """What a command refuses; None where it does what it is asked."""
    errors = io.StringIO()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(errors):
        code = main([*words])
    return None if code == 0 else errors.getvalue()


# ---------------------------------------------------------------------------------------------------------------
# What the scores have to be


def expected_scores(rows: Any) -> IntArray:
    """The integer function of the current folder on the rows of a DataFrame, int64 ``[rows]``: from the schema as
    people read it (``pyfe schema show``), with numpy alone."""
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        assert main(["schema", "show", "schema"]) == 0
    columns = yaml.safe_load(shown.getvalue())["columns"]
    coordinates = [code for name, column in columns.items() for code in _codes(rows[name], column)]
    function = Function.from_bytes(Path("function").read_bytes())
    return np.stack(coordinates, axis=1).astype(np.int64) @ function.weights[0] + function.intercept[0]


def _codes(cells: Any, column: dict[str, Any]) -> list[AnyArray]:
    values = cells if column.get("missing") is None else cells.fillna(column["missing"])
    if column["kind"] == "category":
        levels = column["levels"]
        return [(values == level).to_numpy(float) for level in (levels[1:] if len(levels) == 2 else levels)]
    assert column["kind"] == "number" and "transform" not in column, column
    low, high = float(column["lo"]), float(column["hi"])
    steps = column.get("steps") or (
        (1 << column["bits"]) - 1 if "bits" in column else round((high - low) / column["step"])
    )
    return [np.rint((values.clip(low, high).to_numpy(float) - low) / ((high - low) / steps))]


def scores_written() -> tuple[list[str], list[int]]:
    """The ids (none: row numbers) and the scores of ``scores.csv``."""
    with Path("scores.csv").open(newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    return [line.get("id", line["row"]) for line in lines], [int(line["score"]) for line in lines]
