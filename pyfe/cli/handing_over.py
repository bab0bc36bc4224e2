"""``pyfe verify-cohort``: what was handed over, for whoever checks it. No secret, and no key but the public one."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import typer

from pyfe import io
from pyfe.cli.carried import AllowDuplicates
from pyfe.cli.console import AsJson, Force, load, load_public_key, meter, show
from pyfe.cohorts import Cohort
from pyfe.cohorts.handover import Handover, cohort_handover
from pyfe.cohorts.manifest import MANIFEST
from pyfe.cohorts.parts import read_manifest, require_parts
from pyfe.cohorts.rows import of_cohort, opened_cohort
from pyfe.errors import DecodeError, KeyMismatchError, ParameterError
from pyfe.identity import Identity
from pyfe.io.roles import Role
from pyfe.keys import PublicKey
from pyfe.schema.cells import listed
from pyfe.text import shell_word

__all__ = ["handover_in", "verify_cohort"]

_LARGEST = 1 << 28


def handover_in(path: Path) -> Handover | None:
    """The hand-over manifest that a file holds; None where it is anything else, or cannot be read."""
    try:
        if not path.is_file():  # a pipe would wait, or lose what is taken of it
            return None
        with path.open("rb") as file:
            if file.read(1) != b"{":
                return None
        return Handover.from_text(io.read_text(path, most=_LARGEST))
    except (DecodeError, ParameterError, OSError):
        return None


HANDOVER = Role("hand-over manifest", lambda path: handover_in(path) is not None)

SignedBy = Annotated[
    Path | None,
    typer.Option(metavar="IDENTITY", help="Whose signature every chunk has to have; any other is refused."),
]


def verify_cohort(
    place: Annotated[Path, typer.Argument(metavar="COHORT", help="A cohort's file or folder, from pyfe encrypt.")],
    signed_by: SignedBy = None,
    public_key: Annotated[
        Path | None, typer.Option("--public-key", "-p", help="The public key that it has to be encrypted under.")
    ] = None,
    handover: Annotated[
        Path | None, typer.Option(metavar="MANIFEST", help="What was handed over: refused if it is anything else.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Where to write what is handed over (JSON, no secret).")
    ] = None,
    allow_duplicates: AllowDuplicates = False,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Read a cohort whole: every row, every signature, all chunks there and once. Say who, what and how much it is."""
    _require_no_handover(place)
    cohort = opened_cohort(place)
    before = None if handover is None else _read(handover)
    owner = None if signed_by is None else load(signed_by, Identity.from_bytes)
    public = None if public_key is None else load_public_key(public_key)
    if public is not None:
        _require_under(cohort, public)
    with ExitStack() as open_places:
        file = None
        if output is not None:
            avoid = [place, *cohort.files, signed_by, public_key, handover]
            file = open_places.enter_context(io.claimed(output, HANDOVER, avoid=avoid, force=force))
        found = _verified(place, cohort, owner, allow_duplicates, quiet=as_json)
        if before is not None:
            found.require_same(before)
        if file is not None:
            file.write(found.to_text().encode())
    values = _values(place, found, before, public, owner) | ({} if output is None else {"handover": str(output)})
    show("Cohort", values, as_json=as_json, apart=file is not None and file.is_standard_output)


def _verified(place: Path, cohort: Cohort, owner: Identity | None, allow_duplicates: bool, *, quiet: bool) -> Handover:
    at_rest = of_cohort(cohort)
    if place.is_dir() and os.path.lexists(place / MANIFEST):
        require_parts(place, read_manifest(place))
    with meter(cohort.rows, "verifying", quiet=quiet) as advance:
        found = cohort_handover(
            cohort, second=int(time.time()), signed_by=owner, allow_duplicates=allow_duplicates, advance=advance
        )
    at_rest.require_unchanged()
    return found


def _values(
    place: Path, found: Handover, before: Handover | None, public: PublicKey | None, owner: Identity | None
) -> dict[str, Any]:
    compared: dict[str, Any] = (
        {} if before is None else {"as_handed_over": True, "same_files": found.same_files(before)}
    )
    if found.signer is not None and found.signed_by is None:
        compared["note"] = (
            "the signatures are those of the signer's key; whose key that is, only --signed-by IDENTITY asks"
        )
    return {
        "cohort": str(place),
        "cohort_id": found.cohort,
        "scheme": found.scheme,
        "rows": found.rows,
        "chunks": found.chunks,
        "ids": found.ids,
        "columns": found.columns,
        "saturated": found.saturated,
        "public_key_id": found.public_key,
        **({} if public is None else {"public_key_fingerprint": public.fingerprint}),
        "schema_id": found.schema,
        "signer": found.signer,
        "signed_by": found.signed_by,
        **({} if owner is None else {"signed_by_fingerprint": owner.fingerprint}),
        "content": found.content,
        "files": len(found.files),
        "bytes": sum(file["bytes"] for file in found.files),
        **compared,
    }


def _require_no_handover(place: Path) -> None:
    """ParameterError for a hand-over manifest where the cohort should be named that it stands for."""
    said = handover_in(place)
    if said is not None:
        names = listed([str(file.get("name")) for file in said.files])
        raise ParameterError(
            f"{place} is a hand-over manifest, which stands for a cohort of {said.rows} rows in {names}: give that, "
            f"and --handover {shell_word(str(place))} to hold it against what was handed over"
        )


def _require_under(cohort: Cohort, key: PublicKey) -> None:
    """KeyMismatchError for a cohort under another key."""
    if cohort.public_key_id != key.id:
        raise KeyMismatchError(
            f"the cohort was encrypted under the public key {cohort.public_key_id.hex()[:12]}, not {key.id.hex()[:12]}"
        )
    if (cohort.schema_id, cohort.parameter_hash) != (key.schema.id, key.parameter_hash):
        raise KeyMismatchError("the cohort was encoded with another schema than the public key's")


def _read(file: Path) -> Handover:
    try:
        return Handover.from_text(io.read_text(file, most=_LARGEST))
    except DecodeError as error:
        raise DecodeError(f"{file}: {error}") from error
