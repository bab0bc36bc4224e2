"""``pyfe verify-scores``: a table of scores held against its proof, without any secret."""

from __future__ import annotations

import csv
import math
import re
import time
from collections.abc import Sequence
from io import StringIO
from itertools import zip_longest
from pathlib import Path
from typing import Annotated, Any

import typer

from pyfe import io
from pyfe.arrays import IntArray
from pyfe.ciphertext import CiphertextBatch
from pyfe.cli.console import AsJson, load, load_public_key, show
from pyfe.cohorts.scoring import ScoreColumns
from pyfe.errors import DecodeError, ProofError
from pyfe.function import Function
from pyfe.io.scores import PROBABILITY, scores_of
from pyfe.keys import ScoreProof

__all__ = ["verify_scores"]

_CLOSE = 1e-9
_EXPONENTIALS = ("exp", "expm1", "exp10")
"""Relative difference of two machines' logarithms and exponentials that is not called a change."""

_NUMBER = re.compile(r"(0|[1-9][0-9]*)(\.[0-9]+)?(e[+-][0-9]+)?")
"""How a probability is written. float() takes more: blanks, signs, underscores, the digits of other scripts, which
other programs read as something else."""


def verify_scores(
    scores: Annotated[Path, typer.Argument(help="The table of scores, from pyfe evaluate --prove.")],
    proof: Annotated[Path, typer.Option("--proof", help="The proof, from the same run.")],
    ciphertexts: Annotated[Path, typer.Option("--ciphertexts", "-c", help="The ciphertexts that were scored.")],
    function: Annotated[Path, typer.Option("--function", help="The function of the key, from pyfe compile.")],
    public_key: Annotated[Path, typer.Option("--public-key", "-p", help="The authority's public key.")],
    fingerprint: Annotated[str | None, typer.Option(help="Refuse any other public key than this one.")] = None,
    context: Annotated[str, typer.Option(help="The text that the proof is bound to.")] = "",
    as_json: AsJson = False,
) -> None:
    """Check that a table of scores is what the function's key gives on the ciphertexts. No key is needed."""
    public = load_public_key(public_key, fingerprint)
    of = load(function, Function.from_bytes)
    shown = load(proof, ScoreProof.from_bytes)
    batch = load(ciphertexts, CiphertextBatch.from_bytes)
    table = _lines(scores)
    integers = scores_of(table, of.k, str(scores))
    start = time.perf_counter()
    public.verify(of, batch, integers, shown, context=context)
    seconds = time.perf_counter() - start
    _require_follows(table, of, integers, batch, str(scores))
    values = {
        "scores": str(scores),
        "verified": True,
        "scheme": public.scheme,
        "rows": len(batch),
        "ids": None if batch.ids is None else batch.ids.carriage,
        "function": of.name,
        "function_id": of.id.hex(),
        "exact": of.exact,
        "proof_id": shown.id.hex(),
        "seconds": seconds,
        "microseconds_per_row": 1e6 * seconds / max(len(batch), 1),
        "public_key_fingerprint": public.fingerprint,
    }
    show("The scores are those of the key", values, as_json=as_json)


def _lines(path: Path) -> list[list[str]]:
    """The cells of a file as text. DecodeError for what is no CSV."""
    text = io.read_text(path)
    try:
        return list(csv.reader(StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise DecodeError(f"{path}: it is no table of scores: {error}") from error


def _require_follows(
    table: Sequence[Sequence[str]], function: Function, scores: IntArray, batch: CiphertextBatch, name: str
) -> None:
    """ProofError, naming the first place, where another cell than the scores is not what follows from them: an id, a
    decision, a probability, a prediction."""
    shaped = scores[:, 0] if function.k == 1 else scores
    ids = None if batch.ids is None else batch.ids.carriage
    columns = ScoreColumns(function.readout, ids=ids, combined=batch.combined)
    header, computed = columns.names, [_is_computed(title, function) for title in columns.names]
    expected: list[Sequence[Any]] = [header, *zip(*columns.cells(batch.ids, shaped), strict=True)]
    for line, (found, wanted) in enumerate(zip_longest(table, expected, fillvalue=()), start=1):
        if len(found) != len(wanted):
            raise ProofError(f"{name}: line {line}: there are {len(found)} cells, and {len(wanted)} belong there")
        cells = zip(found, wanted, header, computed, strict=False)
        wrong = next((title for cell, value, title, some in cells if not _same(cell, value, computed=some)), None)
        if wrong is not None:
            raise ProofError(f"{name}: line {line}, {wrong}: the scores are proven, and this does not follow from them")


def _is_computed(title: str, function: Function) -> bool:
    """Whether a column comes of an exponential, which may have other last digits on another machine: probabilities, and
    the values of a link that is one. Squares and inverses are the same everywhere."""
    values = function.classes is None and function.link in _EXPONENTIALS
    return title.startswith(PROBABILITY) or (values and title.startswith("prediction"))


def _same(cell: str, value: object, *, computed: bool) -> bool:
    """Whether a cell is what was written for the value: the same text, so that nobody reads another value there; of
    what a link computed, but for its last digits."""
    if cell == str(value):
        return True
    if not computed or not isinstance(value, float) or not _NUMBER.fullmatch(cell):
        return False
    return math.isclose(float(cell), value, rel_tol=_CLOSE, abs_tol=1e-300)
