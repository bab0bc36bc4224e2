"""``pyfe authority`` for whoever runs one: status, policy, epochs, revocations, backups; and ``pyfe ledger``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from pyfe import io
from pyfe.adapters import adapter_named
from pyfe.audit import AuditLog
from pyfe.authority import KeyAuthority, backup, change_passphrase, drill, folder, restore
from pyfe.authority.exporting import exported, state_of
from pyfe.authority.state import Epoch, LogState
from pyfe.cli.asking import policy_from, warnings_of
from pyfe.cli.console import (
    AsJson,
    Force,
    NewPassphraseFile,
    PassphraseFile,
    complain,
    load,
    passphrase_from,
    passphrases_from,
    read_head,
    reference_rows,
    say_json,
    show,
    show_table,
    text_option,
)
from pyfe.cli.identity import require_lost
from pyfe.cli.people import approvers
from pyfe.cli.table_options import AS_FOUND, Reading, reads_tables
from pyfe.cli.times import time_text
from pyfe.errors import ParameterError
from pyfe.identity import Approval, Revocation
from pyfe.io import roles
from pyfe.schema import Schema
from pyfe.wire.hashing import fingerprint_of, public_key_digest

__all__ = ["back_up", "epochs", "ledger", "passphrase", "policy", "restored", "retire", "revoke", "rotate", "status"]

Place = Annotated[Path, typer.Argument(metavar="FOLDER", help="The authority's folder.")]
Reason = Annotated[str, typer.Option(callback=text_option, help="Why; stands in the log.")]
Saved = Annotated[list[Path] | None, typer.Option(help="A head of the log that was kept elsewhere; can be repeated.")]


def log_of(place: Path) -> AuditLog:
    """The log of an authority's folder; needs no passphrase."""
    return exported(folder.existing(place))


def status(place: Place, as_json: AsJson = False) -> None:
    """Say what an authority is, by its log: epochs, keys, policy, head. Needs no passphrase."""
    log = log_of(place)
    state = state_of(log)
    in_force = state.policy_file
    values = {
        "authority": str(place),
        "authority_id": log.authority.hex(),
        "entries": state.size,
        "newest_entry": time_text(state.at),
        "keys": len(state.issued),
        "keys_revoked": _revoked(state),
        "policy_file": "none: whoever has the passphrase may ask" if in_force is None else _policy_line(in_force),
        "epochs": {f"epoch {epoch.number}": _epoch_line(epoch, log.verification_key) for epoch in state.epochs},
        "head": log.checkpoint.split("\n")[1:3],
    }
    show("Key authority", values, as_json=as_json)


def _policy_line(in_force: Any) -> str:
    return f"version {in_force.version}, {fingerprint_of(in_force.digest)}"


def _epoch_line(epoch: Epoch, verification_key: bytes) -> dict[str, Any]:
    return {
        "state": "open" if epoch.retired_at is None else f"retired {time_text(epoch.retired_at)}",
        "scheme": epoch.terms.scheme,
        "coordinates": epoch.terms.schema.n,
        "keys": epoch.keys,
        "policy": epoch.terms.policy_line,
        "public_key_id": epoch.terms.public.id.hex(),
        "public_key_fingerprint": fingerprint_of(public_key_digest(epoch.terms.public.id, verification_key)),
    }


def _revoked(state: LogState) -> int:
    return sum(state.revoked.get(number) is not None for number in range(1, len(state.issued) + 1))


def ledger(place: Place, as_json: AsJson = False) -> None:
    """List every key that was issued: number, epoch, for what and whom, until when. Needs no passphrase."""
    log = log_of(place)
    state, agreed = state_of(log), approvers(log)
    rows = [_ledger_row(state, number, agreed) for number in range(1, len(state.issued) + 1)]
    if as_json:
        say_json({"keys": rows})
        return
    header = ["#", "epoch", "issued", "purpose", "recipient", "ends", "function", "approved by", "revoked"]
    names = ["sequence", "epoch", "issued_at", "purpose", "recipient", "ends", "function", "approved_by", "revoked"]
    show_table(f"{len(rows)} keys", header, [[row[name] for name in names] for row in rows])


def _ledger_row(state: LogState, number: int, agreed: Mapping[bytes, list[str]]) -> dict[str, Any]:
    entry = state.key(number)
    revoked = state.revoked.get(number)
    return {
        "sequence": number,
        "epoch": entry.epoch,
        "issued_at": time_text(entry.row.issued_at),
        "purpose": entry.row.purpose,
        "recipient": entry.row.recipient,
        "ends": time_text(entry.not_after),
        "function": entry.row.function_id.hex()[:16],
        "approved_by": agreed.get(entry.request_id, []),
        "findings": list(entry.row.findings),
        "revoked": None if revoked is None else f"{time_text(revoked.at)}: {revoked.reason}",
    }


def policy(
    place: Place,
    file: Annotated[
        Path | None, typer.Argument(metavar="POLICY", help="The policy file (YAML) to put in force; shown if none.")
    ] = None,
    approval: Annotated[
        list[Path] | None, typer.Option(help="An approval of the change, where it allows more; can be repeated.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Change nothing: write the decision for approvers to sign, here."),
    ] = None,
    passphrase_file: PassphraseFile = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Put a policy file in force, or say which is. One that allows more than the one before needs two approvals."""
    if file is None:
        _show_policy(place, as_json=as_json)
        return
    wanted = policy_from(file)
    if output is not None:
        kept = [file, passphrase_file, *folder.authority_files(place)]
        with (
            KeyAuthority.open(place, passphrase=passphrase_from(passphrase_file)) as opened,
            io.claimed(output, roles.DECISION, avoid=kept, force=force) as written,
        ):
            decided = opened.change(wanted)
            written.write(decided.to_text().encode())
        values = {"decision": str(output), **decided.about}
        show("Change of the policy (to be approved)", values, as_json=as_json, apart=written.is_standard_output)
        return
    approvals = [load(one, Approval.from_bytes) for one in approval or ()]
    with KeyAuthority.open(place, passphrase=passphrase_from(passphrase_file)) as opened:
        opened.set_policy(wanted, approvals)
    for warning in warnings_of(wanted):
        complain("Note", warning)
    values = {"policy_file": _policy_line(wanted)}
    show("Policy in force", values, as_json=as_json)


def _show_policy(place: Path, *, as_json: bool) -> None:
    in_force = state_of(log_of(place)).policy_file
    if in_force is None:
        show("Policy file", {"policy_file": None}, as_json=as_json)
    elif as_json:
        say_json({**in_force.to_dict(), "digest": in_force.digest.hex()})
    else:
        header, *rows = [line.split("  ", 1) for line in in_force.explain().split("\n")]
        show_table("Policy file", header, rows)


@reads_tables
def rotate(
    place: Place,
    public_key: Annotated[Path, typer.Option("--public-key", "-p", help="Where to write the new public key.")],
    reason: Reason,
    schema: Annotated[
        Path | None, typer.Option("--schema", "-s", help="Another schema; the same if not given.")
    ] = None,
    scheme: Annotated[
        str | None, typer.Option(help="Another scheme (`pyfe recommend` names them); the same if not given.")
    ] = None,
    weight_bits: Annotated[
        int | None,
        typer.Option(help="Widest function weights, in bits; as before, or the default of another scheme."),
    ] = None,
    reference: Annotated[
        Path | None, typer.Option(help="Table of the population; the one before if the schema stays.")
    ] = None,
    reading: Reading = AS_FOUND,
    passphrase_file: PassphraseFile = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Open another epoch: a new master key, with a public key of its own, in which nothing counts yet."""
    kept = [schema, reference, passphrase_file, *folder.authority_files(place)]
    agreed = None if schema is None else load(schema, Schema.from_bytes)
    name = None if scheme is None else adapter_named(scheme).id
    with KeyAuthority.open(place, passphrase=passphrase_from(passphrase_file)) as opened:
        with io.claimed(public_key, roles.new_public_key(), avoid=kept, force=force) as file:
            given = None
            if reference is not None:
                given = reference_rows(reading.table(reference), agreed or opened.schema)
            number = opened.rotate(agreed, scheme=name, weight_bits=weight_bits, reference=given, reason=reason)
            key = opened.public_key_of(number)
            file.fill(lambda out: opened.write_public_key(out, number))
        values = {
            "epoch": number,
            "public_key": str(public_key),
            "scheme": key.scheme,
            "fingerprint": key.fingerprint,
        }
    show("New epoch (compare the fingerprint when you hand the public key over)", values, as_json=as_json,
         apart=file.is_standard_output)  # fmt: skip


def retire(
    place: Place,
    epoch: Annotated[int, typer.Option(help="The epoch that gets no new keys any more.")],
    reason: Reason,
    passphrase_file: PassphraseFile = None,
    as_json: AsJson = False,
) -> None:
    """Issue no new key of an epoch any more; those that it has can be had again."""
    with KeyAuthority.open(place, passphrase=passphrase_from(passphrase_file)) as opened:
        opened.retire(epoch, reason=reason)
    show("Retired", {"epoch": epoch, "reason": reason}, as_json=as_json)


def epochs(
    place: Place,
    output: Annotated[Path, typer.Option("--output", "-o", help="Where to write the signed table.")],
    passphrase_file: PassphraseFile = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Write what the keys of every epoch say together, signed, for data owners whose patients come again."""
    kept = [passphrase_file, *folder.authority_files(place)]
    with (
        KeyAuthority.open(place, passphrase=passphrase_from(passphrase_file)) as opened,
        io.claimed(output, roles.EPOCHS, avoid=kept, force=force) as file,
    ):
        table = opened.epoch_table()
        file.write(table.to_bytes())
    show("Epochs", {"table": str(output), **table.info()}, as_json=as_json, apart=file.is_standard_output)


def revoke(
    place: Place,
    key: Annotated[list[int] | None, typer.Option(help="The number of a key; can be repeated.")] = None,
    epoch: Annotated[
        int | None, typer.Option(help="An epoch with every key that it ever had; it is retired, too.")
    ] = None,
    unknown: Annotated[
        bool,
        typer.Option("--unknown", help="The keys are of --epoch, which is retired, and the log has lost them."),
    ] = False,
    reason: Annotated[str | None, typer.Option(callback=text_option, help="Why; stands in the log.")] = None,
    statement: Annotated[
        Path | None,
        typer.Option(help="Instead: a signed revocation of one of the policy's people (pyfe identity revoke)."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Where to write the signed list of all revoked keys.")
    ] = None,
    passphrase_file: PassphraseFile = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Record that keys are to be used no more, and write the signed list of all such keys for evaluators."""
    said = None if statement is None else load(statement, Revocation.from_bytes)
    numbers = _revoked_by(key, epoch, said, reason, unknown=unknown)
    if not numbers and epoch is None and said is None and output is None:
        raise ParameterError("give --key or --epoch, and --reason, or --statement, or --output for the list as it is")
    kept = [statement, passphrase_file, *folder.authority_files(place)]
    with KeyAuthority.open(place, passphrase=passphrase_from(passphrase_file)) as opened:
        if said is not None:
            opened.revoke_signed(said)
        elif epoch is not None:
            opened.revoke_epoch(epoch, numbers, reason=str(reason))
        elif numbers:
            opened.revoke(numbers, reason=str(reason))
        listed = opened.revocation_list()
    apart = False
    if output is not None:
        with io.claimed(output, roles.REVOKED, avoid=kept, force=force) as file:
            file.write(listed.to_bytes())
            apart = file.is_standard_output
    show(
        "Revoked keys", {"list": None if output is None else str(output), **listed.info()}, as_json=as_json, apart=apart
    )


def _revoked_by(
    key: list[int] | None, epoch: int | None, said: Revocation | None, reason: str | None, *, unknown: bool
) -> list[int]:
    """The keys that options name. ParameterError for options that do not go together."""
    numbers = sorted(set(key or ()))
    if (numbers or epoch is not None) and (said is not None or reason is None):
        raise ParameterError("keys are revoked by --key or --epoch, and --reason, or by a --statement that says both")
    require_lost(numbers, epoch, unknown=unknown)
    return numbers


def passphrase(
    place: Place,
    passphrase_file: PassphraseFile = None,
    new_passphrase_file: NewPassphraseFile = None,
    as_json: AsJson = False,
) -> None:
    """Seal the master keys under another passphrase: all of it, or nothing. Backups keep the one of before."""
    folder.existing(place)  # said before anything is asked for
    old, new = passphrases_from(passphrase_file, new_passphrase_file)
    change_passphrase(place, passphrase=old, new=new)
    show("Sealed under the new passphrase", {"authority": str(place)}, as_json=as_json)


def back_up(
    place: Place,
    to: Annotated[Path, typer.Argument(metavar="BACKUP", help="The folder to make: it must not exist.")],
    as_json: AsJson = False,
) -> None:
    """Copy the folder of an authority, whole, while it may be in use. Needs no passphrase."""
    head = backup(place, to)
    show("Backup (it holds the sealed master keys: keep it as the authority itself)",
         {"backup": str(to), "head": head.split("\n")[1:3]}, as_json=as_json)  # fmt: skip


def restored(
    place: Annotated[Path, typer.Argument(metavar="BACKUP", help="The backup's folder.")],
    to: Annotated[
        Path | None, typer.Argument(metavar="FOLDER", help="The folder to make of it; with --drill there is none.")
    ] = None,
    reason: Annotated[str | None, typer.Option(callback=text_option, help="Why; stands in the log.")] = None,
    saved: Saved = None,
    nothing_followed: Annotated[
        bool,
        typer.Option(
            "--nothing-followed", help="You answer for it that nothing was issued or revoked after the backup."
        ),
    ] = False,
    drilled: Annotated[bool, typer.Option("--drill", help="Only look whether it could be restored.")] = False,
    passphrase_file: PassphraseFile = None,
    as_json: AsJson = False,
) -> None:
    """Make an authority of a backup. Its epochs are retired, unless you answer for it that nothing followed.

    A head that was saved with the backup proves nothing of what came later: give the newest that anybody has.
    """
    heads = [read_head(file) for file in saved or ()]
    if drilled != (to is None) or drilled != (reason is None):
        raise ParameterError("give FOLDER and --reason to restore, or --drill alone to look")
    opening = passphrase_from(passphrase_file)
    if to is None or reason is None:
        found = drill(place, passphrase=opening, saved=heads)
    else:
        given = {"passphrase": opening, "reason": reason, "saved": heads}
        found = restore(place, to, nothing_followed=nothing_followed, **given)  # type: ignore[arg-type]
    values = {
        **asdict(found),
        "authority": found.authority.hex(),
        "head": found.head.split("\n")[1:3],
        "current": "as far as the heads that were given say" if found.current else "not shown by the heads given",
        **({} if drilled else {"epochs_go_on": nothing_followed}),
    }
    if not drilled:
        complain("Note", "people, policy and revocations are as they were in the backup: go through all three")
    title = "Backup, which could be restored" if drilled else "Key authority, restored"
    show(title, values, as_json=as_json)
