"""``pyfe evaluate``: the evaluator's command, for one batch and for a cohort of any number of rows."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
import typer

from pyfe import io
from pyfe.adapters import SearchTable
from pyfe.audit import require_as_new
from pyfe.cli.answered import ANYBODY, Answered, asks_whom
from pyfe.cli.carried import AllowDuplicates
from pyfe.cli.console import AsJson, Force, in_words, load, load_batch, load_public_key, meter, read_head, say, show
from pyfe.cli.keeping import Saved
from pyfe.cli.proving import Context, ProofPlace, Prove, proof_place
from pyfe.cli.ran import HERE, Ran, asks_where
from pyfe.cohorts import is_parquet
from pyfe.cohorts.evaluating import Around, Asked, make_scores, said_of
from pyfe.cohorts.manifest import Counts
from pyfe.cohorts.rows import Rows, of_batch, of_cohort, opened_cohort
from pyfe.cohorts.scoring import Engine, Scores
from pyfe.errors import ParameterError
from pyfe.identity import Identity
from pyfe.io import roles
from pyfe.io.outputs import Output
from pyfe.keys import FunctionKey, PublicKey, RevocationList

__all__ = ["Resume", "SignedBy", "evaluate"]

LONG_SEARCH = 10_000
"""Steps per score, about a fifth of a millisecond, above which the cost is stated before the search."""

LargestWeightSum = Annotated[
    int, typer.Option(help="What the weights of a combined row may sum to; its search takes that many times as long.")
]
SignedBy = Annotated[
    Path | None,
    typer.Option(metavar="IDENTITY", help="Whose signature the ciphertexts have to have; any other is refused."),
]
RevokedFile = Annotated[Path | None, typer.Option(help="The authority's list of revoked keys; it needs --public-key.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on where a run of the same command was ended.")]
DropColumns = Annotated[
    bool, typer.Option("--drop-columns", help="Without the public columns that travel beside the rows.")
]


@asks_whom
@asks_where
def evaluate(
    ciphertexts: Annotated[
        Path, typer.Argument(help="The ciphertexts, from pyfe encrypt: a file, or the folder of a cohort.")
    ],
    key: Annotated[Path, typer.Option("--key", "-k", help="The function key, from pyfe issue.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Where to write the scores (CSV).")],
    public_key: Annotated[
        Path | None, typer.Option("--public-key", "-p", help="Check the key's signature and equation against this.")
    ] = None,
    largest_weight_sum: LargestWeightSum = 1,
    signed_by: SignedBy = None,
    revoked: RevokedFile = None,
    allow_duplicates: AllowDuplicates = False,
    drop_columns: DropColumns = False,
    saved: Saved = None,
    prove: Prove = None,
    context: Context = "",
    ran: Ran = HERE,
    answered: Answered = ANYBODY,
    resume: Resume = False,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Score encrypted rows: exact integers, and the model's own outputs computed from them."""
    if revoked is not None and public_key is None:
        raise ParameterError("--revoked needs --public-key: who signed the list is looked at")
    if saved and revoked is None:
        raise ParameterError("--saved says how new the list of revoked keys has to be: give --revoked")
    avoid = [*_files_of(ciphertexts), key, public_key, signed_by, revoked, *(saved or ()), *answered.avoid(key)]
    with (
        io.claimed(output, roles.SCORES, avoid=[*avoid, prove], force=force) as file,
        proof_place(prove, context, avoid=[*avoid, output], force=force) as proof,
    ):
        public = None if public_key is None else load_public_key(public_key)
        opened = load(key, lambda data: FunctionKey.from_bytes(data, public_key=public))
        listed = None if revoked is None else _list_of(revoked, public, saved or ())
        owner = None if signed_by is None else load(signed_by, Identity.from_bytes)
        rows = _rows_of(ciphertexts, owner)
        answers, kept = answered.answers(opened, key, rows, owner, quiet=as_json)
        proof.require_provable(opened, rows.batch, resumed=resume)
        options: dict[str, Any] = {"largest_weight_sum": largest_weight_sum, "columns": not drop_columns}
        scores = Scores.of_rows(opened, rows, revoked=listed, keep=proof.wanted, **options)
        asked, says = Asked(allow_duplicates, resume, force), said_of(opened, rows, owner, options)
        where = ran.engine(rows, opened, owner, quiet=as_json)
        made = _made(file, scores, rows, says, asked, proof, where, answers, quiet=as_json)
    values = {
        "scores": str(output),
        "scheme": opened.scheme,
        **_rows_said(rows, made),
        **_signer_said(owner),
        **kept,
        **_key_said(opened, public),
        "saturated": dict(made.counts.saturated),
        **made.proven,
        "search_table_seconds": 0.0 if made.search is None else made.search.seconds,
        "search_table_built": made.search is not None and made.search.built,
        "seconds": made.seconds,
        "microseconds_per_row": 1e6 * made.seconds / max(made.scored, 1),
    }
    show("Scores", values, as_json=as_json, words=_words(values, made.search), apart=file.is_standard_output)


class _Made(NamedTuple):
    """A table of scores: what it holds, how many of its rows this run scored, and how long that took."""

    counts: Counts
    scored: int
    search: SearchTable | None
    seconds: float
    proven: dict[str, Any]


def _files_of(place: Path) -> list[Path]:
    """What is read of the ciphertexts."""
    return [place, *(place.iterdir() if place.is_dir() else ())]


def _rows_of(place: Path, owner: Identity | None) -> Rows:
    """The rows of a file or a folder, signed by the owner where one is named."""
    if place.is_dir() or is_parquet(place):
        return of_cohort(opened_cohort(place), signed_by=owner)
    return of_batch(load_batch(place), place, signed_by=owner)


def _list_of(file: Path, public: PublicKey | None, saved: Sequence[Path]) -> RevocationList:
    """The list of revoked keys, as new as every head that was kept elsewhere."""
    listed = load(file, lambda data: RevocationList.from_bytes(data, public_key=public))
    require_as_new(listed.size, listed.verification_key, map(read_head, saved), "the list of revoked keys")
    return listed


def _made(
    file: Output,
    scores: Scores,
    rows: Rows,
    says: Mapping[str, Any],
    asked: Asked,
    proof: ProofPlace,
    where: AbstractContextManager[Engine | None],
    answers: AbstractContextManager[None],
    *,
    quiet: bool,
) -> _Made:
    """Make the table of scores, and the proof of them, in their places."""
    start = time.perf_counter()
    search: list[SearchTable | None] = []
    proven: dict[str, Any] = {}
    around = Around(
        prepare=lambda: search.append(_prepare_search(scores.key, quiet=quiet)),
        metered=lambda whole, done: meter(whole, "evaluating", quiet=quiet, done=done),
        finish=lambda: proven.update(proof.write(scores.key, rows.batch, scores.kept)),
    )
    with where as engine:
        made = make_scores(file, scores, rows, says, asked, answers=answers, engine=engine, around=around)
    return _Made(made.counts, made.scored, search[0], time.perf_counter() - start, proven)


def _rows_said(rows: Rows, made: _Made) -> dict[str, Any]:
    """The number of rows; where there is none, that nothing was done, for whoever looks at the exit code only. How many
    an earlier run had scored; how ids travel."""
    none = {} if rows.rows else {"note": "there are no rows: nothing was scored"}
    before = {} if made.scored == rows.rows else {"rows_found_scored": rows.rows - made.scored}
    return {"rows": rows.rows, **none, **before, "ids": rows.ids}


def _signer_said(owner: Identity | None) -> dict[str, Any]:
    """Who had to have signed, and by which fingerprint people know him."""
    return (
        {"signed_by": None} if owner is None else {"signed_by": owner.name, "signed_by_fingerprint": owner.fingerprint}
    )


def _key_said(key: FunctionKey, public: PublicKey | None) -> dict[str, Any]:
    """Whether the key was checked, and against what; what it opens, and what it was issued under."""
    checked = {} if public is None else {"public_key_fingerprint": public.fingerprint}
    return {"key_verified": key.verified, **checked, "exact": key.exact, "policy": key.policy}


def _words(values: Mapping[str, Any], search: SearchTable | None) -> dict[str, Any]:
    """The result for people, the two facts about the table of the search in one."""
    own = {"search_table_seconds", "search_table_built"}
    words = {in_words(name): value for name, value in values.items() if name not in own}
    return words | {"search table": _table_words(search)}


def _table_words(search: SearchTable | None) -> str:
    """Where the table came from that every search needs first."""
    if search is None:
        return "none: the scheme searches nothing"
    seconds = f"{search.seconds:.2g} s"
    if not search.built:
        return f"found ready, read in {seconds}"
    kept = "for this run only" if search.path is None else f"kept for the next runs in {search.path}"
    return f"computed in {seconds}, {kept}"


def _prepare_search(key: FunctionKey, *, quiet: bool) -> SearchTable | None:
    """Build or read the table of the key's search now; say beforehand what a long search will cost."""
    search = key.adapter.search
    if search is None:
        return None
    width = int((key.interval[:, 1] - key.interval[:, 0]).max())
    steps = search.plan(width).steps_worst
    if steps > LONG_SEARCH and not quiet:
        say(f"results span 2^{np.log2(width):.1f} values: up to {steps} steps per score", apart=True)
    return search.prepare(width)
