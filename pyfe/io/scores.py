"""The table of scores that ``pyfe evaluate`` writes: its header, and whether a file is such a table."""

from __future__ import annotations

import contextlib
import csv
import io
import math
import re
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from pyfe.arrays import IntArray
from pyfe.errors import DecodeError
from pyfe.row_ids import Carriage
from pyfe.schema.cells import parse_number

__all__ = ["is_scores", "scores_header", "scores_of"]

_LOOKED_AT = 2**20
"""Bytes of a file that are looked at: a header of some ten thousand outputs, or that many rows."""

_LINES = 1000
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,18}")
_FIRST = "row"
_IDS: dict[Carriage, str] = {"clear": "id", "pseudonym": "pseudonym"}
"""What the column of ids is called, before all others, where ids travelled with the rows."""

_ID_CELLS = {_IDS["clear"]: re.compile(r".+"), _IDS["pseudonym"]: re.compile(r"[A-Z2-7]{26}")}
_STARTS = [f"{before}{_FIRST},score".encode() for before in ("", *(f"{name}," for name in _ID_CELLS))]


def scores_header(
    outputs: int,
    classes: Sequence[object] | None,
    *,
    probabilities: bool,
    ids: Carriage | None = None,
    values: bool = False,
) -> list[str]:
    """The names of the columns: the id, if ids travelled; row, scores, decisions; of classes their probabilities, if
    there are any, and the prediction. ``values``: without classes, but with a link: a prediction an output."""
    before = [] if ids is None else [_IDS[ids]]
    names = [*before, _FIRST, *_numbered("score", outputs), *_numbered("decision", outputs)]
    if classes is None:
        probable = _numbered("probability", outputs) if values and probabilities else []
        return [*names, *probable, *(_numbered("prediction", outputs) if values else [])]
    return [*names, *(f"probability[{label}]" for label in classes if probabilities), "prediction"]


def scores_of(table: Sequence[Sequence[str]], outputs: int, name: str) -> IntArray:
    """The integers int64 ``[rows, outputs]`` of a table of scores, its header first. DecodeError, naming the line,
    where it has no such columns, or something else than an integer of 64 bits in them."""
    wanted = _numbered("score", outputs)
    header = list(table[0]) if table else []
    missing = [title for title in wanted if header.count(title) != 1]
    if missing:
        raise DecodeError(f"{name}: it is no table of scores of {outputs} output(s): there is no column {missing[0]}")
    places = [header.index(title) for title in wanted]
    rows = [[_integer(row, place, f"{name}: line {line}") for place in places] for line, row in enumerate(table[1:], 2)]
    return np.array(rows, dtype=np.int64).reshape(len(rows), outputs)


def _integer(row: Sequence[str], place: int, where: str) -> int:
    text = row[place] if place < len(row) else ""
    if not _INTEGER.fullmatch(text) or not -(2**63) <= int(text) < 2**63:
        raise DecodeError(f"{where}: a score is an integer of 64 bits, and there is none")
    return int(text)


def is_scores(path: Path) -> bool:
    """Whether a file is a table of scores, with nothing of a user's in it: its whole header is one of ours, and its
    first rows are numbered, with numbers where we write them. OSError."""
    with path.open("rb") as file:
        data = file.read(_LOOKED_AT)
    if not any(data.startswith(start) for start in _STARTS):
        return False
    lines = _lines(data)
    whole = lines[1:-1] if len(data) == _LOOKED_AT else lines[1:]
    if lines and lines[0][0] in _ID_CELLS:
        if not all(row and _ID_CELLS[lines[0][0]].fullmatch(row[0]) for row in whole):
            return False
        lines, whole = [row[1:] for row in lines], [row[1:] for row in whole]
    outputs = _outputs(lines[0]) if lines else 0
    return outputs > 0 and all(_is_row(row, place, lines[0], outputs) for place, row in enumerate(whole))


def _lines(data: bytes) -> list[list[str]]:
    """The first lines, cell by cell; none where they are no CSV."""
    text = data.decode("utf-8", "replace")
    with contextlib.suppress(csv.Error):
        return list(islice(csv.reader(io.StringIO(text, newline=""), strict=True), _LINES))
    return []


def _outputs(names: Sequence[str]) -> int:
    """The number of outputs of a header of ours; 0 for any other."""
    outputs = sum(name.startswith("score") for name in names)
    labels = [name[len("probability[") : -1] for name in names if name.startswith("probability[")]
    predicted = names[-1] == "prediction"
    if labels and len(labels) != max(2, outputs):
        return 0
    expected = [scores_header(outputs, labels if predicted else None, probabilities=True)]
    expected += [scores_header(outputs, None, probabilities=known, values=True) for known in (False, True)]
    return outputs if list(names) in expected else 0


def _is_row(row: Sequence[str], place: int, names: Sequence[str], outputs: int) -> bool:
    numbers = row[1 : 1 + 2 * outputs]
    return len(row) == len(names) and row[0] == str(place) and not any(map(math.isnan, map(parse_number, numbers)))


def _numbered(what: str, count: int) -> list[str]:
    return [what] if count == 1 else [f"{what}[{i}]" for i in range(count)]
