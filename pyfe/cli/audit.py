"""``pyfe audit``: the log of an authority for whoever checks it. No passphrase and no secret."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any

import typer

from pyfe import io
from pyfe.audit import AuditLog, verify
from pyfe.authority import folder
from pyfe.authority.auditing import audited
from pyfe.authority.entries import KINDS, Entry
from pyfe.authority.records import Issued, Terms
from pyfe.cli.asking import is_object
from pyfe.cli.console import AsJson, Force, load, load_public_key, read_head, say_json, show, show_table, text_option
from pyfe.cli.keeping import Place, Saved, log_of
from pyfe.cli.people import told_entries
from pyfe.cli.times import time_text
from pyfe.errors import ParameterError
from pyfe.io import roles
from pyfe.wire.words import nearest

__all__ = ["export", "head", "show_log", "verify_log"]

_SHOWN = 100

LogFile = Annotated[Path, typer.Argument(metavar="LOG", help="An exported log (pyfe audit export).")]


def export(
    place: Place,
    output: Annotated[Path, typer.Option("--output", "-o", help="Where to write the log.")],
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Write the whole log of an authority as one file, which anybody can verify."""
    log = log_of(place)
    with io.claimed(output, roles.export_of(log), avoid=folder.authority_files(place), force=force) as file:
        file.write(log.to_bytes())
    values = {"log": str(output), "authority_id": log.authority.hex(), "entries": len(log)}
    show("Audit log", values, as_json=as_json, apart=file.is_standard_output)


def head(
    place: Place,
    output: Annotated[Path, typer.Option("--output", "-o", help="Where to write the head.")],
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Write the signed head of an authority's log, to be kept where the authority cannot reach it."""
    log = log_of(place)
    with io.claimed(output, roles.head_of(log), avoid=folder.authority_files(place), force=force) as file:
        file.write(log.checkpoint.encode())
    values = {"head": str(output), "authority_id": log.authority.hex(), "entries": len(log)}
    show("Head", values, as_json=as_json, apart=file.is_standard_output)


def verify_log(
    log: LogFile,
    authority: Annotated[
        str | None,
        typer.Option(
            callback=text_option, help="Whose log it must be: a public key's file, or the authority's id in hex."
        ),
    ] = None,
    saved: Saved = None,
    as_json: AsJson = False,
) -> None:
    """Say whether a log is whole, kept to its policy, and is the history of every head or export kept elsewhere."""
    given = load(log, AuditLog.from_bytes)
    found = verify(given, authority=_pinned(authority), saved=[_kept(file) for file in saved or ()])
    audited(given)
    values = {
        "authority_id": found.authority.hex(),
        "pinned": found.pinned,
        "entries": found.size,
        "confirmed_by_saved_heads": found.confirmed,
        "root": found.root.hex(),
    }
    show(
        "Audit log: whole, signed by the authority, and every key has the words that its policy wants",
        values,
        as_json=as_json,
    )


def show_log(
    log: LogFile,
    kind: Annotated[
        str | None, typer.Option(callback=text_option, help="Only entries of this kind, such as refused.")
    ] = None,
    last: Annotated[int, typer.Option(min=1, help="At most so many, the newest.")] = _SHOWN,
    as_json: AsJson = False,
) -> None:
    """List the entries of a log: what was done, when, and why."""
    given = load(log, AuditLog.from_bytes)
    verify(given)
    if kind is not None and kind not in KINDS:
        raise ParameterError(f"there is no entry of the kind {kind!r}{nearest(kind, KINDS)}; kinds: {', '.join(KINDS)}")
    listed = [told for told in told_entries(given) if kind in (None, told[1].kind)][-last:]
    if as_json:
        said = [{"position": at, "kind": entry.kind, "signed_by": by, **plain(entry)} for at, entry, by in listed]
        say_json({"entries": said})
        return
    rows = [[at, time_text(entry.at), entry.kind, words(entry, by)] for at, entry, by in listed]
    show_table(f"{len(listed)} of {len(given)} entries", ["entry", "when", "kind", "what"], rows)


def plain(entry: Entry) -> dict[str, Any]:
    """The fields of an entry in plain types; functions and signed files by their ids and sizes."""
    return {field.name: _plain(getattr(entry, field.name)) for field in fields(entry)}


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex() if len(value) <= 64 else f"{len(value)} bytes"
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, Terms):
        said = {"scheme": value.scheme, "schema_id": value.schema.id, "public_key_id": value.public.id}
        return _plain({**said, "weight_bits": value.weight_bits, "policy": value.policy_line})
    if isinstance(value, Issued):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value) if field.name != "map"}
    return value if isinstance(value, str | int | float | None) else f"{type(value).__name__} of {value.k} outputs"


def words(entry: Entry, by: str | None = None) -> str:
    """What an entry says, in one line; ``by``: who signed it."""
    said = {name: value for name, value in plain(entry).items() if name != "at" and value not in (None, "", [])}
    row = said.pop("row", {})
    number = [f"#{row['sequence']}", row["purpose"], row["recipient"]] if row else []
    signed = None if by is None else f"signed by {by}"
    told = [str(value) for value in (*number, signed, *(said.get(name) for name in _TELLING)) if value is not None]
    return "; ".join(told)


_TELLING = (  # in this order
    "key",
    "epoch",
    "purpose",
    "recipient",
    "rule",
    "error",
    "says",
    "keys",
    "reason",
    "by",
    "what",
    "sealed_for",
)
"""Fields of entries that tell people most."""


def _pinned(authority: str | None) -> bytes | str | None:
    if authority is None or not Path(authority).is_file():
        return authority
    return load_public_key(Path(authority)).verification_key


def _kept(file: Path) -> str | AuditLog:
    return load(file, AuditLog.from_bytes) if is_object(file) else read_head(file)
