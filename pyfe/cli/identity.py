"""``pyfe identity``: who signs and receives, and what a person does alone: open a key, revoke what is one's own."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from pyfe import io
from pyfe.audit import authority_id
from pyfe.cli.console import (
    AsJson,
    Force,
    NewPassphraseFile,
    OwnPassphrase,
    load,
    load_public_key,
    passphrase_from,
    passphrases_from,
    show,
    text_option,
)
from pyfe.errors import IdentityError, ParameterError
from pyfe.identity import IdentitySecret, Request, Revocation, SealedKey, sealed_identity
from pyfe.io import roles
from pyfe.keys import FunctionKey

__all__ = ["Me", "init", "open_key", "passphrase", "require_lost", "revoke", "unsealed"]

Me = Annotated[Path, typer.Option("--identity", "-i", help="Your own sealed identity (pyfe identity init).")]


def unsealed(me: Path, passphrase_file: Path | None) -> IdentitySecret:
    """The identity of a file; its passphrase is asked for where no file gives it."""
    load(me, sealed_identity)  # what is no identity is said before the passphrase is asked for
    return load(me, lambda data: IdentitySecret.unsealed(data, passphrase_from(passphrase_file)))


def init(
    name: Annotated[str, typer.Argument(callback=text_option, help="Your name, as a policy will call you.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Where to write your sealed secrets (keep them).")],
    public: Annotated[Path, typer.Option("--public", "-p", help="Where to write the public half, for everybody.")],
    passphrase_file: OwnPassphrase = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Make an identity: a key that signs, and one for which function keys are sealed."""
    passphrase, kept = passphrase_from(passphrase_file, confirm=True), [passphrase_file]
    with (
        io.claimed(output, roles.NEW_IDENTITY, avoid=[*kept, public], force=force) as secret_file,
        io.claimed(public, roles.IDENTITY, avoid=[*kept, output], force=force) as public_file,
    ):
        made = IdentitySecret.generate(name)
        secret_file.write(made.sealed(passphrase))
        public_file.write(made.identity.to_bytes())
    values = {"secrets": str(output), "public": str(public), **made.identity.info()}
    title = "Identity (compare the fingerprint when you hand the public half over)"
    show(title, values, as_json=as_json, apart=public_file.is_standard_output or secret_file.is_standard_output)


def passphrase(
    me: Annotated[Path, typer.Argument(metavar="SECRET", help="Your own sealed identity (pyfe identity init).")],
    passphrase_file: OwnPassphrase = None,
    new_passphrase_file: NewPassphraseFile = None,
    as_json: AsJson = False,
) -> None:
    """Seal your secrets under another passphrase: all of it, or nothing. Copies keep the one of before."""
    load(me, sealed_identity)
    old, new = passphrases_from(passphrase_file, new_passphrase_file)

    def change(data: bytes) -> bytes:
        sealed = IdentitySecret.unsealed(data, old).sealed(new)
        IdentitySecret.unsealed(sealed, new)  # what could not be opened again takes no place
        return sealed

    io.reseal(me, change)
    show("Sealed under the new passphrase", {"secrets": str(me)}, as_json=as_json)


def open_key(
    sealed: Annotated[Path, typer.Argument(help="A function key that was sealed for you.")],
    me: Me,
    public_key: Annotated[
        Path, typer.Option("--public-key", "-p", help="The authority's public key, which the key is checked against.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="Where to write the function key (keep it private).")],
    passphrase_file: OwnPassphrase = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Open a function key that was sealed for you, and check it."""
    agreed, closed = load_public_key(public_key), load(sealed, SealedKey.from_bytes)
    secret = unsealed(me, passphrase_file)
    key = FunctionKey.from_bytes(secret.open(closed), public_key=agreed)
    if key.sequence != closed.number:
        raise IdentityError(f"{sealed}: it says that it is key #{closed.number}, and holds key #{key.sequence}")
    role = roles.function_key([agreed.id], key.function.id)
    with io.claimed(output, role, avoid=[sealed, me, public_key, passphrase_file], force=force) as file:
        file.write(key.to_bytes())
    values = {"function_key": str(output), "sequence": key.sequence, "purpose": key.purpose, "recipient": key.recipient}
    show("Function key", values, as_json=as_json, apart=file.is_standard_output)


def revoke(
    me: Me,
    public_key: Annotated[
        Path, typer.Option("--public-key", "-p", help="A public key of the authority: of any of its epochs.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="Where to write the signed revocation.")],
    reason: Annotated[str, typer.Option(callback=text_option, help="Why; stands in the log.")],
    key: Annotated[list[int] | None, typer.Option(help="The number of a key; can be repeated.")] = None,
    epoch: Annotated[int | None, typer.Option(help="An epoch, with all its keys.")] = None,
    unknown: Annotated[
        bool,
        typer.Option("--unknown", help="The keys are of --epoch, which is retired, and the log has lost them."),
    ] = False,
    request: Annotated[Path | None, typer.Option(help="A request that has no key yet.")] = None,
    passphrase_file: OwnPassphrase = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Sign that keys, an epoch or a request shall not be used any more; pyfe authority revoke follows it."""
    require_lost(key or (), epoch, unknown=unknown)
    agreed = load_public_key(public_key)
    asked = None if request is None else load(request, Request.from_bytes).id
    said = Revocation(
        authority=authority_id(agreed.verification_key),
        keys=tuple(sorted(set(key or ()))),
        epoch=epoch,
        request=asked,
        reason=reason,
        at=int(time.time()),
    )
    kept = [me, public_key, request, passphrase_file]
    with io.claimed(output, roles.REVOCATION, avoid=kept, force=force) as file:
        signed = said.signed_by(unsealed(me, passphrase_file))
        file.write(signed.to_bytes())
    show("Revocation", {"revocation": str(output), **signed.info()}, as_json=as_json, apart=file.is_standard_output)


def require_lost(keys: Sequence[int], epoch: int | None, *, unknown: bool) -> None:
    """ParameterError unless --unknown stands where, and only where, keys of an epoch are named."""
    if unknown != bool(keys and epoch is not None):
        raise ParameterError(
            "--unknown goes with --key and --epoch: keys of a retired epoch that the log has lost. Keys that it has "
            "are revoked by --key alone, a whole epoch by --epoch alone"
        )
