"""``pyfe encrypt`` and ``pyfe evaluate``: the data owner's and the evaluator's commands."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, cast, get_args

import numpy as np
import typer

from pyfe import io
from pyfe.adapters import AnyAdapter, SearchTable
from pyfe.audit import require_as_new
from pyfe.ciphertext import CiphertextBatch
from pyfe.cli.carried import AllowDuplicates, Carried, CarryIds, secret_files, secret_from
from pyfe.cli.console import (
    AsJson,
    Force,
    PassphraseFile,
    load,
    progress,
    read_head,
    say,
    show,
)
from pyfe.cli.keeping import Saved
from pyfe.cli.owner import Admitted, EpochsFile, IdColumn, LeaveOut, LedgerFolder, NoLedger, Retired
from pyfe.cli.proving import Context, Prove, proof_place
from pyfe.cli.table_options import AS_FOUND, Reading, reads_tables
from pyfe.errors import ParameterError, UnsupportedModelError
from pyfe.function import Readout
from pyfe.io import roles
from pyfe.io.scores import scores_header
from pyfe.keys import FunctionKey, PublicKey, RevocationList
from pyfe.keys.owner_noise import noise_part, require_owner_secret
from pyfe.row_ids import RowIds
from pyfe.schema import Encoded, Overflow

__all__ = ["encrypt", "evaluate", "score_columns"]

CHUNK = 2048
"""Rows between two steps of the progress bar: enough to keep all lanes and threads busy."""

LONG_SEARCH = 10_000
"""Steps per score, about a fifth of a millisecond, above which the cost is stated before the search."""


OwnerSecretFile = Annotated[
    Path | None,
    typer.Option(
        help="File of 32 bytes that noise is drawn from, where the schema has noise slots; keep it. Or an owner's "
        "folder (pyfe owner init), which makes pseudonyms too."
    ),
]
OnOverflow = Annotated[str, typer.Option(help="Values outside the schema: raise (refuse) or clip (and count).")]
LargestWeightSum = Annotated[
    int, typer.Option(help="What the weights of a combined row may sum to; its search takes that many times as long.")
]
RevokedFile = Annotated[Path | None, typer.Option(help="The authority's list of revoked keys; it needs --public-key.")]


@reads_tables
def encrypt(
    table: Annotated[
        Path,
        typer.Argument(help="Table of rows (- is standard input); columns are matched by name, others ignored."),
    ],
    public_key: Annotated[Path, typer.Option("--public-key", "-p", help="The authority's public key.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Where to write the ciphertexts.")],
    fingerprint: Annotated[str | None, typer.Option(help="Refuse any other public key than this one.")] = None,
    on_overflow: OnOverflow = "raise",
    owner_secret: OwnerSecretFile = None,
    epochs: EpochsFile = None,
    ledger: LedgerFolder = None,
    id_column: IdColumn = None,
    carry_ids: CarryIds = None,
    allow_duplicates: AllowDuplicates = False,
    no_ledger: NoLedger = False,
    leave_out: LeaveOut = False,
    retired: Retired = False,
    saved: Saved = None,
    passphrase_file: PassphraseFile = None,
    reading: Reading = AS_FOUND,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Encrypt a table under a public key, every row under fresh randomness."""
    key = load(public_key, lambda data: PublicKey.from_bytes(data, fingerprint=fingerprint))
    carried = Carried(carry_ids, id_column, allow_duplicates)
    admitted = Admitted(
        epochs, ledger, id_column, no_ledger, leave_out, retired, saved or (), carried=carry_ids is not None
    )
    secret = secret_from(owner_secret, passphrase_file, ledger)
    if ledger is None:
        require_owner_secret(key.schema, noise_part(key.schema, secret, pseudonyms=carried.pseudonyms))
    avoid = [table, public_key, passphrase_file, *secret_files(owner_secret), *admitted.avoid]
    with io.claimed(output, roles.ciphertexts(key.id), avoid=avoid, force=force) as file:
        given = reading.table(table)
        encoded = io.encode_table(given, key.schema, on_overflow=_overflow(on_overflow))
        encoded, noise, ids = _recorded(admitted, carried, key, given, encoded, secret, passphrase_file)
        start = time.perf_counter()
        batch = CiphertextBatch.concat(_encrypted(key, encoded, noise, quiet=as_json)).with_ids(ids)
        seconds = time.perf_counter() - start
        pieces = batch.pieces()
        file.write(*pieces)
    values = {
        "ciphertexts": str(output),
        "scheme": key.scheme,
        "read_with": given.signs,
        **_rows(batch, "encrypted"),
        "saturated": batch.saturated,
        **admitted.report,
        **_cost(batch, sum(map(len, pieces)), seconds),
        "public_key_fingerprint": key.fingerprint,
    }
    show("Encrypted", values, as_json=as_json, apart=file.is_standard_output)


def evaluate(
    ciphertexts: Annotated[Path, typer.Argument(help="The ciphertexts, from pyfe encrypt.")],
    key: Annotated[Path, typer.Option("--key", "-k", help="The function key, from pyfe issue.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Where to write the scores (CSV).")],
    public_key: Annotated[
        Path | None, typer.Option("--public-key", "-p", help="Check the key's signature and equation against this.")
    ] = None,
    largest_weight_sum: LargestWeightSum = 1,
    revoked: RevokedFile = None,
    allow_duplicates: AllowDuplicates = False,
    saved: Saved = None,
    prove: Prove = None,
    context: Context = "",
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Score encrypted rows: exact integers, and the model's own outputs computed from them."""
    if revoked is not None and public_key is None:
        raise ParameterError("--revoked needs --public-key: who signed the list is looked at")
    if saved and revoked is None:
        raise ParameterError("--saved says how new the list of revoked keys has to be: give --revoked")
    avoid = [ciphertexts, key, public_key, revoked, *(saved or ())]
    with (
        io.claimed(output, roles.SCORES, avoid=[*avoid, prove], force=force) as file,
        proof_place(prove, context, avoid=[*avoid, output], force=force) as proof,
    ):
        public = None if public_key is None else load(public_key, PublicKey.from_bytes)
        function_key = load(key, lambda data: FunctionKey.from_bytes(data, public_key=public))
        listed = None if revoked is None else _list_of(revoked, public, saved or ())
        batch = load(ciphertexts, CiphertextBatch.from_bytes)
        function_key.require_match(batch)
        function_key.require_usable(revoked=listed)
        proof.require_provable(function_key)
        batch.require_weight_sums(largest_weight_sum)
        if batch.ids is not None and not allow_duplicates:
            batch.ids.require_distinct()
        search = _prepare_search(function_key, quiet=as_json)
        start = time.perf_counter()
        spans = progress(len(batch), _chunk(function_key.adapter), "evaluating", quiet=as_json)
        options: dict[str, Any] = {"largest_weight_sum": largest_weight_sum, "revoked": listed}
        chunks = [function_key.decrypt(batch[a:b], **options) for a, b in spans]
        scores = np.concatenate(chunks)
        seconds = time.perf_counter() - start
        proven = proof.write(function_key, batch, scores)
        file.write(io.table_bytes(*score_columns(function_key.readout, scores, batch)))
    values = {
        "scores": str(output),
        "scheme": function_key.scheme,
        **_rows(batch, "scored"),
        "key_verified": function_key.verified,
        "exact": function_key.exact,
        "policy": function_key.policy,
        "saturated": batch.saturated,
        **proven,
        "search_table_seconds": 0.0 if search is None else search.seconds,
        "search_table_built": search is not None and search.built,
        "seconds": seconds,
        "microseconds_per_row": 1e6 * seconds / max(len(batch), 1),
    }
    show("Scores", values, as_json=as_json, words=_words(values, search), apart=file.is_standard_output)


def _words(values: dict[str, Any], search: SearchTable | None) -> dict[str, Any]:
    """The result for people, the two facts about the table of the search in one."""
    own = {"search_table_seconds", "search_table_built"}
    words = {name.replace("_", " "): value for name, value in values.items() if name not in own}
    return words | {"search table": _table_words(search)}


def _list_of(file: Path, public: PublicKey | None, saved: Sequence[Path]) -> RevocationList:
    """The list of revoked keys, as new as every head that was kept elsewhere."""
    listed = load(file, lambda data: RevocationList.from_bytes(data, public_key=public))
    require_as_new(listed.size, listed.verification_key, map(read_head, saved), "the list of revoked keys")
    return listed


def _recorded(
    admitted: Admitted,
    carried: Carried,
    key: PublicKey,
    table: io.Table,
    encoded: Encoded,
    secret: Any,
    passphrase_file: Path | None,
) -> tuple[Encoded, Any, RowIds | None]:
    """The rows to encrypt, their patients recorded where there is a ledger; the secret for their noise; the ids that
    travel."""
    owner = admitted.opened(key, passphrase_file)
    noise = noise_part(key.schema, secret, pseudonyms=carried.pseudonyms, ledger=owner)
    if owner is None:
        return encoded, noise, carried.ids(table, key.schema, secret)
    with owner:
        require_owner_secret(key.schema, noise)
        ids = carried.ids(table, key.schema, owner.secret)
        kept = admitted.rows(owner, key, table)
        if len(kept) == len(encoded):
            return encoded, noise, ids
        part = replace(encoded[kept], saturated=encoded.saturated)
        return part, noise, None if ids is None else ids.take(kept)


def _rows(batch: CiphertextBatch, done: str) -> dict[str, Any]:
    """The number of rows; where there is none, that nothing was done, for whoever looks at the exit code only. How ids
    travel."""
    none = {} if len(batch) else {"note": f"there are no rows: nothing was {done}"}
    return {"rows": len(batch), **none, "ids": None if batch.ids is None else batch.ids.carriage}


def _cost(batch: CiphertextBatch, size: int, seconds: float) -> dict[str, Any]:
    rows = max(len(batch), 1)
    return {
        "bytes": size,
        "bytes_per_row": size / rows,
        "seconds": seconds,
        "microseconds_per_row": 1e6 * seconds / rows,
    }


def _chunk(scheme: AnyAdapter) -> int:
    """About :data:`CHUNK` rows: whole blocks, where the scheme packs rows."""
    return -(-CHUNK // scheme.block_rows) * scheme.block_rows


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


def _overflow(text: str) -> Overflow:
    for choice in get_args(Overflow):
        if text == choice:
            return cast(Overflow, choice)
    raise ParameterError(f"--on-overflow is raise or clip, not {text!r}")


def _encrypted(key: PublicKey, encoded: Encoded, secret: Any, *, quiet: bool) -> Iterator[CiphertextBatch]:
    """The table's batches; the first carries the saturated counts of all."""
    for start, stop in progress(len(encoded), _chunk(key.adapter), "encrypting", quiet=quiet):
        counts = encoded.saturated if start == 0 else {}
        yield key.encrypt(replace(encoded[start:stop], saturated=counts), owner_secret=secret)


def score_columns(readout: Readout, scores: Any, batch: CiphertextBatch) -> tuple[list[str], list[list[object]]]:
    """Header and rows of the scores file: the id where ids travel, row, score, decision; probabilities and prediction
    where there are any."""
    decision = np.asarray(readout.decision_function(scores)).reshape(len(scores), readout.k)
    integers = np.asarray(scores).reshape(len(scores), readout.k)
    columns = [np.arange(len(scores))[:, None], integers, decision]
    if batch.ids is not None:
        columns.insert(0, np.asarray(batch.ids)[:, None])
    classes = None if batch.combined else readout.classes
    probabilities = None if classes is None else _probabilities(readout, scores)
    if probabilities is not None:
        columns.append(probabilities)
    if classes is not None:
        columns.append(np.asarray(readout.predict(scores))[:, None])
    carriage = None if batch.ids is None else batch.ids.carriage
    names = scores_header(readout.k, classes, probabilities=probabilities is not None, ids=carriage)
    return names, [[value for part in row for value in part.tolist()] for row in zip(*columns, strict=True)]


def _probabilities(readout: Readout, scores: Any) -> Any:
    try:
        return readout.predict_proba(scores)
    except UnsupportedModelError:
        return None
