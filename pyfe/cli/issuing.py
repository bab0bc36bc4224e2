"""``pyfe check`` and ``pyfe issue``: what a key would say, and the key; of a function, or of a signed request."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from pyfe import io, objects
from pyfe.authority import KeyAuthority, folder
from pyfe.cli.asking import request_words
from pyfe.cli.console import AsJson, Force, PassphraseFile, load, passphrase_from, show, text_option
from pyfe.cli.times import NotAfter, second_of, time_text
from pyfe.errors import ParameterError, PyfeError
from pyfe.function import Function
from pyfe.identity import Approval, Identity, Request
from pyfe.io import outputs, roles
from pyfe.keys import FunctionKey

__all__ = ["check", "issue"]

REFUSED = 1

AuthorityFolder = Annotated[Path, typer.Option("--authority", "-a", help="The authority's folder.")]
Asked = Annotated[Path, typer.Argument(metavar="FUNCTION", help="The function file, or a signed request for it.")]
Purpose = Annotated[
    str | None,
    typer.Option(callback=text_option, help="What the key will be used for; stands in the key and the log."),
]
Recipient = Annotated[str | None, typer.Option(callback=text_option, help="Who the key is for.")]
OfEpoch = Annotated[int | None, typer.Option(help="The epoch; by default the newest of the function's schema.")]


def check(
    function: Asked,
    authority: AuthorityFolder,
    purpose: Purpose = None,
    recipient: Recipient = None,
    epoch: OfEpoch = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Of a signed request: where to write the decision, for approvers to sign."),
    ] = None,
    passphrase_file: PassphraseFile = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Say what a key would open with all those issued before; issues nothing. Exit code 1 where it would be refused.

    It counts like a request: it is in the log, and a refusal is remembered.
    """
    asked = load(function, _asked)
    if isinstance(asked, Request):
        _none_given(purpose=purpose, recipient=recipient, epoch=epoch)
        _look(asked, function, authority, output, passphrase_file, force=force, as_json=as_json)
        return
    if output is not None:
        raise ParameterError("--output is for the decision about a signed request; of a function nothing is written")
    with KeyAuthority.open(authority, passphrase=passphrase_from(passphrase_file)) as opened:
        found = opened.checked(asked, recipient=recipient, purpose=purpose or "check", epoch=epoch)
    values = {
        "issued": "yes, if it is asked for now" if found.told is None else "no",
        "findings": [finding.ruled for finding in found.findings],
        **({} if found.told is None else {"refused": found.told}),
    }
    show("What a key would open", values, as_json=as_json)
    if found.told is not None:
        raise typer.Exit(REFUSED)


def _look(
    asked: Request, file: Path, authority: Path, output: Path | None, passphrase_file: Path | None, *,
    force: bool, as_json: bool,
) -> None:  # fmt: skip
    """Decide about a signed request, for approvers."""
    kept = [file, passphrase_file, *folder.authority_files(authority)]
    with KeyAuthority.open(authority, passphrase=passphrase_from(passphrase_file)) as opened:
        decided = opened.decision(asked)
        needed = 0 if opened.policy_file is None else opened.policy_file.approvals
    if output is not None:
        with io.claimed(output, roles.DECISION, avoid=kept, force=force) as written:
            written.write(decided.to_text().encode())
    values = {
        **request_words(asked),
        **decided.about,
        "approvals_needed": needed,
        "decision": decided.decision,
        "policy": decided.policy,
    }
    show("Decision (to be approved)", values, as_json=as_json, apart=output is not None and written.is_standard_output)


def issue(
    function: Asked,
    authority: AuthorityFolder,
    output: Annotated[Path, typer.Option("--output", "-o", help="Where to write the function key (keep it private).")],
    purpose: Purpose = None,
    recipient: Recipient = None,
    not_after: NotAfter = None,
    epoch: OfEpoch = None,
    approval: Annotated[
        list[Path] | None, typer.Option(help="An approval of the request's decision; can be repeated.")
    ] = None,
    seal_for: Annotated[
        Path | None, typer.Option(help="The recipient's identity: the key leaves sealed, and only they can open it.")
    ] = None,
    residual: Annotated[
        bool, typer.Option("--residual", help="Estimate the bits that stay unknown, too; may take longer than the key.")
    ] = False,
    passphrase_file: PassphraseFile = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Issue a function key: checked against everything issued before, recorded, then released."""
    asked = load(function, _asked)
    approvals = [load(file, Approval.from_bytes) for file in approval or ()]
    if isinstance(asked, Request):
        _none_given(purpose=purpose, recipient=recipient, epoch=epoch, not_after=not_after)
    elif purpose is None:
        raise ParameterError("--purpose says what the key will be used for; it stands in the key and in the log")
    elif approvals:
        raise ParameterError("approvals are of a signed request (pyfe authority request), and this is a function")
    sealed = None if seal_for is None else load(seal_for, Identity.from_bytes)
    ends = None if not_after is None else second_of(not_after)
    kept = [function, seal_for, passphrase_file, *(approval or ()), *folder.authority_files(authority)]
    with KeyAuthority.open(authority, passphrase=passphrase_from(passphrase_file)) as opened:
        role = _role(opened, asked, sealed)
        if sealed is not None:  # before anything is recorded
            opened.require_sealable(asked, sealed, purpose=purpose or "", recipient=recipient, epoch=epoch)
        with io.claimed(output, role, avoid=kept, force=force) as file:
            if isinstance(asked, Request):
                key = opened.issue_signed(asked, approvals)
            else:
                key = opened.issue(asked, purpose=str(purpose), recipient=recipient, not_after=ends, epoch=epoch)
            _release(opened, key, sealed, file)
        values = {"function_key": str(output), **_described(opened, key, sealed, residual=residual)}
    show("Function key", values, as_json=as_json, apart=file.is_standard_output)


def _asked(data: bytes) -> Function | Request:
    item = objects.decode(data)
    if not isinstance(item, Function | Request):
        raise ParameterError(f"a key is issued for a function or a signed request, not for a {type(item).__name__}")
    return item


def _none_given(**options: Any) -> None:
    given = [name for name, value in options.items() if value is not None]
    if given:
        raise ParameterError(f"a signed request says this itself: leave out --{given[0].replace('_', '-')}")


def _role(opened: KeyAuthority, asked: Function | Request, sealed: Identity | None) -> roles.Role:
    """What may be replaced: a key for the same function; nothing by a sealed one, which does not say what it holds."""
    if sealed is not None:
        return roles.SEALED_KEY
    public = [opened.public_key_of(epoch.number).id for epoch in opened.epochs]
    if isinstance(asked, Function):
        return roles.function_key(public, asked.id)
    try:
        asked_of = Function.from_bytes(asked.function, schema=opened.public_key_of(asked.epoch).schema)
    except PyfeError:  # the authority refuses it, and says so in its log
        return roles.function_key(public, bytes(32))
    return roles.function_key(public, asked_of.id)


def _release(opened: KeyAuthority, key: FunctionKey, sealed: Identity | None, file: outputs.Output) -> None:
    try:
        file.write(key.to_bytes() if sealed is None else opened.seal(key, sealed).to_bytes())
    except PyfeError as error:
        again = "" if file.may_be_read else "; issue it again"
        raise type(error)(f"{error}; the key was recorded as #{key.sequence}{again}") from error


def _described(opened: KeyAuthority, key: FunctionKey, sealed: Identity | None, *, residual: bool) -> dict[str, Any]:
    entry = opened.ledger[key.sequence - 1]
    return {
        "sequence": key.sequence,
        "epoch": entry.epoch,
        "purpose": key.purpose,
        "recipient": key.recipient,
        "ends": time_text(entry.not_after),
        "sealed_for": None if sealed is None else sealed.name,
        "scheme": key.scheme,
        "public_key_fingerprint": opened.public_key_of(entry.epoch).fingerprint,
        "bytes_per_row": key.adapter.row_bytes(key.function.n),
        "policy": key.policy,
        "findings": list(entry.row.findings),
        **({"residual": str(opened.residual(key.function))} if residual else {}),
        "interval": key.interval.tolist(),
    }
