"""``pyfe encrypt -o NAME.parquet`` and ``-o FOLDER/``: tables of any number of rows, in parts that a killed run goes on
with."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, BinaryIO, NamedTuple, TypeAlias

import numpy as np
import typer

from pyfe import io
from pyfe.adapters import AnyAdapter
from pyfe.arrays import IntArray
from pyfe.cli.carried import Carried
from pyfe.cli.console import meter, text_options
from pyfe.cli.evaluating import Resume
from pyfe.cli.identity import unsealed
from pyfe.cli.owner import Admitted
from pyfe.cli.table_options import Reading, asked_as
from pyfe.cohorts import Chunk, Place, fresh_cohort_id, is_parquet, open_cohort
from pyfe.cohorts.carrying import CarriedColumns, IdsLookedAt, id_cells, lines_of
from pyfe.cohorts.encrypting import PlainChunk, TableChunks, encrypt_parts
from pyfe.cohorts.manifest import Command, Counts, Manifest, Span
from pyfe.cohorts.parts import WorkFolder, parts_beside, work_folder
from pyfe.cohorts.rows import chunk_rows
from pyfe.cohorts.writing import arrow_here, join_parts
from pyfe.errors import ParameterError, PyfeError
from pyfe.identity import IdentitySecret
from pyfe.io.ahead import behind
from pyfe.io.fitting import Fitting
from pyfe.io.outputs import Output
from pyfe.io.roles import Role
from pyfe.io.sources import Again
from pyfe.io.streams import TableStream
from pyfe.keys import PublicKey
from pyfe.keys.carried_ids import require_no_feature
from pyfe.keys.owner_noise import noise_part, require_owner_secret, secret_check
from pyfe.row_ids import called_rows
from pyfe.schema import Overflow, Schema
from pyfe.schema.cells import same_name

__all__ = ["AS_A_BATCH", "Asked", "Ways", "asks_ways", "encrypt_cohort", "looked_at", "recorded"]

CHUNKS_A_PART = 16
"""Chunks between two places where a killed run can be gone on with: some 32,768 rows."""


KEPT = 1 << 26
"""Bytes of coordinates that are kept from the first look at a table, so that its numbers are read once: those of a
million rows of 64 small ones."""

_WAYS: dict[str, Any] = {
    "carry": (
        Annotated[
            list[str] | None,
            typer.Option(
                "--carry",
                metavar="COLUMN",
                callback=text_options,
                help="Carry a column beside the rows of a cohort into the scores, for everybody to read. Repeatable.",
            ),
        ],
        None,
    ),
    "sign_as": (
        Annotated[
            Path | None,
            typer.Option("--sign-as", metavar="IDENTITY", help="Sign the ciphertexts with your own sealed identity."),
        ],
        None,
    ),
    "identity_passphrase_file": (
        Annotated[
            Path | None,
            typer.Option(help="File with the passphrase of --sign-as (one line). Asked for if not given."),
        ],
        None,
    ),
    "rows_a_chunk": (
        Annotated[
            int | None,
            typer.Option(help="Rows that are encrypted and signed together in a cohort; 2,048 if not given."),
        ],
        None,
    ),
    "resume": (Resume, False),
}
"""The options of ``pyfe encrypt`` by the fields of :class:`Ways`."""


@dataclass(frozen=True)
class Ways:
    """How ciphertexts leave: carried columns, whose signature, chunks, and whether an ended run is gone on with."""

    carry: list[str] | None = None
    sign_as: Path | None = None
    identity_passphrase_file: Path | None = None
    rows_a_chunk: int | None = None
    resume: bool = False

    def require_cohort(self, cohort: bool) -> None:
        """ParameterError for options of cohorts where a batch is made."""
        if not cohort and (self.carry or self.resume or self.rows_a_chunk is not None):
            raise ParameterError(
                "--carry, --rows-a-chunk and --resume are for cohorts, which have any number of rows: "
                "-o NAME.parquet, or -o FOLDER/"
            )

    def signer(self) -> IdentitySecret | None:
        """Who signs. DecodeError for what is no identity, IdentityError for a wrong passphrase."""
        return None if self.sign_as is None else unsealed(self.sign_as, self.identity_passphrase_file)


AS_A_BATCH = Ways()
"""Nothing was said."""

asks_ways = asked_as("ways", _WAYS, Ways)
"""A command whose parameter ``ways`` is asked for by the options of :class:`Ways`."""


@dataclass(frozen=True)
class Asked:
    """What ``pyfe encrypt`` was asked for. ``folder``: whether the output is one; ``avoid``: what the command reads or
    keeps; ``quiet``: whether a program reads what is said."""

    table: Path
    key: PublicKey
    output: Path
    folder: bool
    on_overflow: Overflow
    carried: Carried
    admitted: Admitted
    secret: Any
    passphrase_file: Path | None
    reading: Reading
    ways: Ways
    signer: IdentitySecret | None
    avoid: Sequence[Path | None]
    force: bool
    quiet: bool

    @property
    def columns(self) -> Sequence[str]:
        """The columns that are carried in the clear."""
        return self.ways.carry or ()


class _Looked(NamedTuple):
    """A table that fits, what travels beside its rows, and their coordinates where these are kept."""

    stream: TableStream
    columns: CarriedColumns
    kept: IntArray | None
    replaced: dict[str, int]


class _Secrets(NamedTuple):
    """What noise is drawn from, what pseudonyms are made of, and the rows that a ledger refuses."""

    noise: Any
    owner: Any
    left_out: Sequence[int]


def encrypt_cohort(asked: Asked) -> dict[str, Any]:
    """Encrypt a table into a cohort; what there is to say of it."""
    arrow_here()
    rows_a_chunk = _chunk_rows(asked.key.adapter, asked.ways.rows_a_chunk)
    with ThreadPoolExecutor(1) as pool, ExitStack() as stack:
        file = None if asked.folder else stack.enter_context(_claimed(asked))
        _work_place(asked, file)
        again = Again(asked.table)
        digest = pool.submit(again.digest)
        looked = looked_at(asked, again)
        secrets = recorded(asked, looked.stream)
        chunks = TableChunks(
            looked.stream,
            asked.key.schema,
            asked.on_overflow,
            rows_a_chunk,
            asked.carried.column,
            looked.columns,
            tuple(asked.columns),
            secrets.left_out,
            looked.kept,
        )
        if not chunks.rows:
            raise ParameterError(f"{asked.table}: there are no rows to encrypt: a cohort has one or more")
        start = time.perf_counter()
        made = _made(asked, looked, secrets, chunks, digest, file)
        seconds = time.perf_counter() - start
    return _said(asked, looked, chunks, made, seconds)


class _Made(NamedTuple):
    """What stands in the manifest in the end; how many rows this run encrypted; the cohort's id."""

    manifest: Manifest
    rows: int
    cohort: str


def _made(
    asked: Asked,
    looked: _Looked,
    secrets: _Secrets,
    chunks: TableChunks,
    digest: Future[dict[str, Any]],
    file: Output | None,
) -> _Made:
    """Make the cohort in its place."""
    says = _says(asked, looked, secrets, chunks, digest.result())
    command = Command("ciphertexts", says, chunks.chunks, CHUNKS_A_PART)
    folder = _work_place(asked, file)
    ways = asked.ways
    how: dict[str, Any] = {"resume": ways.resume, "force": asked.force, "beside": file is not None}
    with work_folder(folder, command, settle=_settled, **how) as work:
        missing = work.missing()
        left, cohort = chunks.rows_of(missing), str(work.settled["cohort"])
        with (
            _joined(work, folder, file) as add,
            meter(chunks.rows, "encrypting", quiet=asked.quiet, done=chunks.rows - left) as advance,
        ):
            encrypt_parts(
                chunks,
                missing,
                lambda plain: _encrypted(asked, looked, secrets, chunks, bytes.fromhex(cohort), plain),
                add,
                advance,
                finish=None if asked.signer is None else lambda chunk: chunk.signed(_signer(asked)),
                fingerprint=asked.key.fingerprint,
            )
            looked.stream.require_unchanged()
            work.finish()
        manifest = work.manifest
        if file is not None:
            work.remove()
    return _Made(manifest, left, cohort)


def _work_place(asked: Asked, file: Output | None) -> Path:
    """The folder of the parts. ParameterError where a file that the command reads or keeps is in it: the folder's files
    may be removed."""
    folder = asked.output if file is None else parts_beside(file.place or asked.output)
    place = os.path.realpath(folder)
    inside = [each for each in asked.avoid if each is not None and os.path.dirname(os.path.realpath(each)) == place]
    if inside:
        raise ParameterError(f"{inside[0]} is read by this command, and lies in {folder}; give another folder")
    return folder


Add: TypeAlias = Callable[[Span, Callable[[BinaryIO], Counts]], None]


@contextmanager
def _joined(work: WorkFolder, folder: Path, file: Output | None) -> Iterator[Add]:
    """What adds a part; where one file is wanted, parts are put into it as soon as they are there, those of earlier
    runs first. The end of the block is the end of the file: it stands in its place then."""
    if file is None:
        yield work.add
        return

    def join(paths: Iterator[Path]) -> None:
        file.fill(lambda place: join_parts(paths if file.place is None else _synced(paths, place), place))

    ready, order = {part.number for part in work.manifest.parts}, iter(work.manifest.command.spans())
    with behind(join, depth=2) as hand_over:
        following = next(order, None)

        def hand_over_ready() -> None:
            nonlocal following
            while following is not None and following.number in ready:
                hand_over(folder / work.manifest.command.name(following.number))
                following = next(order, None)

        def add(span: Span, write: Callable[[BinaryIO], Counts]) -> None:
            work.add(span, write)
            ready.add(span.number)
            hand_over_ready()

        hand_over_ready()
        yield add


def _synced(paths: Iterator[Path], file: BinaryIO) -> Iterator[Path]:
    """The parts, each given when what was written of those before is on the disk, and they are out of the memory: to
    write all of a large file, and to remove many parts, would be waited for in the end, when nothing else is done."""
    for path in paths:
        yield path
        file.flush()
        os.fsync(file.fileno())
        with path.open("rb") as part:
            os.posix_fadvise(part.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _signer(asked: Asked) -> IdentitySecret:
    assert asked.signer is not None
    return asked.signer


def _encrypted(
    asked: Asked, looked: _Looked, secrets: _Secrets, chunks: TableChunks, cohort: bytes, plain: PlainChunk
) -> Chunk:
    batch = asked.key.encrypt(plain.encoded, owner_secret=secrets.noise)
    if plain.ids is not None:
        batch = batch.with_ids(asked.carried.of_rows(plain.ids, secrets.owner))
    place = Place(cohort, plain.number, chunks.chunks, plain.number * chunks.rows_a_chunk, chunks.rows)
    return Chunk(place, batch, {name: looked.columns.column(name, cells) for name, cells in plain.public.items()})


# ---------------------------------------------------------------------------------------------------------------
# Before a row is encrypted


def looked_at(asked: Asked, again: Again) -> _Looked:
    """The table, all of it looked at: what is wrong with any row is said now."""
    schema, column = asked.key.schema, asked.carried.column
    keep = 0 if schema.noise is not None else KEPT
    fitting, columns = Fitting(schema, asked.on_overflow, keep=keep), CarriedColumns(asked.columns)
    with ExitStack() as stack:
        ids = None
        if column is not None:
            ids = stack.enter_context(IdsLookedAt(column, allow_duplicates=asked.carried.duplicates_allowed))
        names = [*asked.columns, *([] if column is None else [column])]
        advance = stack.enter_context(meter(None, "looking at the table", quiet=asked.quiet))
        watchers = [fitting, columns, *([] if ids is None else [ids]), _Counting(advance)]
        stream = asked.reading.stream(again, schema=schema, names=names, watchers=watchers)
        fitting.require(stream)
        if column is not None and ids is not None:
            require_no_feature(schema, column)
            ids.require(stream)
        columns.require(stream)
        _require_public(schema, asked)
    return _Looked(stream, columns, fitting.kept, dict(fitting.replaced))


class _Counting:
    """Tells how many rows more were looked at."""

    def __init__(self, advance: Callable[[int], None]) -> None:
        self._advance = advance

    def look_at(self, piece: io.Table) -> None:
        """Rows that follow those that were looked at."""
        self._advance(len(piece))


def _require_public(schema: Schema, asked: Asked) -> None:
    """ParameterError for a column that is carried in the clear although it is encrypted as what nobody may know, or is
    that of the ids."""
    marked = {same_name(name): column.public for name, column in schema.columns.items()}
    for name in asked.columns:
        if not marked.get(same_name(name), True):
            raise ParameterError(
                f"--carry {name}: it is encrypted as a feature, which the schema does not call public; carried in the "
                "clear it would be (pyfe schema fit --public)"
            )
        if same_name(name) in (asked.carried.column, asked.admitted.column):
            raise ParameterError(f"--carry {name}: it is the column of ids; --carry-ids says how these travel")


def recorded(asked: Asked, stream: TableStream) -> _Secrets:
    """The patients of all rows recorded, durably, where there is a ledger; what the rows' encryption needs."""
    schema, admitted = asked.key.schema, asked.admitted
    owner = admitted.opened(asked.key, asked.passphrase_file)
    noise = noise_part(schema, asked.secret, pseudonyms=asked.carried.pseudonyms, ledger=owner)
    if owner is None:
        asked.carried.of_rows([], asked.secret)  # that there is a secret, where pseudonyms need one
        return _Secrets(noise, asked.secret, ())
    with owner:
        require_owner_secret(schema, noise)
        column = admitted.column or ""

        def ids() -> Any:
            return (cell for piece in stream.pieces(names=[column]) for cell in id_cells(piece, column))

        def lines(rows: Sequence[int]) -> list[int]:
            return lines_of(stream, rows)

        def called(rows: Sequence[int]) -> str:
            return f"{stream.path}: {called_rows(lines(rows), stream.unit)}"

        left_out = admitted.refused(owner, asked.key, ids, lines, called, stream.unit)
        return _Secrets(noise, owner.secret, left_out)


# ---------------------------------------------------------------------------------------------------------------
# What is made


def _claimed(asked: Asked) -> Any:
    return io.claimed(asked.output, _role(asked.key.id), avoid=asked.avoid, force=asked.force)


def _role(public_key_id: bytes) -> Role:
    """A cohort under the public key of an id, in one file."""

    def fits(path: Path) -> bool:
        try:
            return is_parquet(path) and open_cohort(path).public_key_id == public_key_id
        except PyfeError:
            return False

    return Role("cohort under this public key", fits)


def _chunk_rows(scheme: AnyAdapter, wanted: int | None) -> int:
    """The rows of a chunk: as many as are wanted, 2,048 by default; whole blocks, where the scheme packs rows.
    ParameterError for a number that is none."""
    if wanted is None:
        return chunk_rows(scheme)
    block = scheme.block_rows
    if not 1 <= wanted <= 2**20 or wanted % block:
        whole = f", in whole blocks of {block}" if block > 1 else ""
        raise ParameterError(f"--rows-a-chunk is a number of rows from 1 to 1,048,576{whole}, not {wanted}")
    return wanted


def _settled() -> dict[str, Any]:
    return {"cohort": fresh_cohort_id().hex()}


def _says(
    asked: Asked, looked: _Looked, secrets: _Secrets, chunks: TableChunks, table: dict[str, Any]
) -> dict[str, Any]:
    """What the cohort follows from, but for what is drawn and what is secret."""
    key = asked.key
    left_out = hashlib.sha256(np.asarray(chunks.left_out, dtype="<i8").tobytes()).hexdigest()
    return {
        "scheme": key.scheme,
        "public_key": key.id.hex(),
        "schema": key.schema.id.hex(),
        "rows": chunks.rows,
        "rows_a_chunk": chunks.rows_a_chunk,
        "rows_left_out": left_out if chunks.left_out else None,
        "on_overflow": asked.on_overflow,
        "ids": None if asked.carried.how is None else [asked.carried.how, asked.carried.column or ""],
        "columns": list(asked.columns),
        "owner": _owner(asked, secrets),
        "signer": None if asked.signer is None else asked.signer.identity.ed25519.hex(),
        "read_with": looked.stream.signs,
        "absent": sorted(set(asked.reading.na or ())),  # all of them: what is shown to people is cut
        "table": table,
    }


def _owner(asked: Asked, secrets: _Secrets) -> str | list[str] | None:
    """By what the owner's secrets are known again: the public half of an owner's, a check of 32 bytes without one."""
    public = getattr(secrets.owner, "id", None)
    known = [public] if isinstance(public, bytes) else []
    if asked.secret is not None and not hasattr(asked.secret, "row_pseudonyms"):
        known.append(secret_check(asked.key.schema, secrets.noise, asked.key.id) or b"")
    texts = [each.hex() for each in known if each]
    return texts if len(texts) > 1 else next(iter(texts), None)


def _said(asked: Asked, looked: _Looked, chunks: TableChunks, made: _Made, seconds: float) -> dict[str, Any]:
    manifest, key = made.manifest, asked.key
    before = {} if made.rows == chunks.rows else {"rows_found_encrypted": chunks.rows - made.rows}
    return {
        "ciphertexts": str(asked.output),
        "scheme": key.scheme,
        "read_with": looked.stream.signs,
        "rows": manifest.rows,
        **before,
        "chunks": chunks.chunks,
        "cohort": made.cohort,
        "ids": asked.carried.how,
        "columns": list(asked.columns),
        "signed_by": None if asked.signer is None else asked.signer.identity.name,
        "saturated": manifest.saturated,
        "replaced": looked.replaced,
        **asked.admitted.report,
        "bytes": manifest.bytes,
        "bytes_per_row": manifest.bytes / manifest.rows,
        "seconds": seconds,
        "microseconds_per_row": 1e6 * seconds / max(made.rows, 1),
        "public_key_fingerprint": key.fingerprint,
    }
