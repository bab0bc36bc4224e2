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

from pyfe.row_ids import Carriage
from pyfe.schema.cells import parse_number

__all__ = ["is_scores", "scores_header"]

_LOOKED_AT = 2**20
"""Bytes of a file that are looked at: a header of some ten thousand outputs, or that many rows."""

_LINES = 1000
_FIRST = "row"
_IDS: dict[Carriage, str] = {"clear": "id", "pseudonym": "pseudonym"}
"""What the column of ids is called, before all others, where ids travelled with the rows."""

_ID_CELLS = {_IDS["clear"]: re.compile(r".+"), _IDS["pseudonym"]: re.compile(r"[A-Z2-7]{26}")}
_STARTS = [f"{before}{_FIRST},score".encode() for before in ("", *(f"{name}," for name in _ID_CELLS))]


def scores_header(
    outputs: int, classes: Sequence[object] | None, *, probabilities: bool, ids: Carriage | None = None
) -> list[str]:
    """The names of the columns: the id, if ids travelled; row, scores, decisions; of classes their probabilities, if
    there are any, and the prediction."""
    before = [] if ids is None else [_IDS[ids]]
    names = [*before, _FIRST, *_numbered("score", outputs), *_numbered("decision", outputs)]
    if classes is None:
        return names
    return [*names, *(f"probability[{label}]" for label in classes if probabilities), "prediction"]


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
    expected = scores_header(outputs, labels if predicted else None, probabilities=True)
    return outputs if list(names) == expected else 0


def _is_row(row: Sequence[str], place: int, names: Sequence[str], outputs: int) -> bool:
    numbers = row[1 : 1 + 2 * outputs]
    return len(row) == len(names) and row[0] == str(place) and not any(map(math.isnan, map(parse_number, numbers)))


def _numbered(what: str, count: int) -> list[str]:
    return [what] if count == 1 else [f"{what}[{i}]" for i in range(count)]
