"""The table of scores that ``pyfe evaluate`` writes: its header, and whether a file is such a table."""

from __future__ import annotations

import contextlib
import csv
import io
import math
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from pyfe.schema.cells import parse_number

__all__ = ["is_scores", "scores_header"]

_LOOKED_AT = 2**20
"""Bytes of a file that are looked at: a header of some ten thousand outputs, or that many rows."""

_LINES = 1000
_FIRST = "row"


def scores_header(outputs: int, classes: Sequence[object] | None, *, probabilities: bool) -> list[str]:
    """The names of the columns: row, scores, decisions; of classes their probabilities, if there are any, and the
    prediction."""
    names = [_FIRST, *_numbered("score", outputs), *_numbered("decision", outputs)]
    if classes is None:
        return names
    return [*names, *(f"probability[{label}]" for label in classes if probabilities), "prediction"]


def is_scores(path: Path) -> bool:
    """Whether a file is a table of scores, with nothing of a user's in it: its whole header is one of ours, and its
    first rows are numbered, with numbers where we write them. OSError."""
    with path.open("rb") as file:
        data = file.read(_LOOKED_AT)
    if not data.startswith(f"{_FIRST},score".encode()):
        return False
    lines = _lines(data)
    outputs = _outputs(lines[0]) if lines else 0
    whole = lines[1:-1] if len(data) == _LOOKED_AT else lines[1:]
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
