"""``pyfe keygen`` and ``pyfe issue``: the key authority's commands."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from pyfe import io
from pyfe.authority import KeyAuthority, Policy
from pyfe.authority.engine import DEFAULT_SCHEME
from pyfe.cli.console import AsJson, PassphraseFile, load, passphrase_from, show
from pyfe.errors import ParameterError
from pyfe.function import Function
from pyfe.keys import FunctionKey
from pyfe.schema import Schema

__all__ = ["issue", "keygen"]


def keygen(
    schema: Annotated[Path, typer.Option("--schema", "-s", help="The schema file.")],
    authority: Annotated[Path, typer.Option("--authority", "-a", help="Where to keep the sealed authority.")],
    public_key: Annotated[Path, typer.Option("--public-key", "-p", help="Where to write the public key.")],
    scheme: Annotated[
        str, typer.Option(help="ipfe-ddh for linear functions; qfe-ggm or qfe-sxdh for quadratic ones too.")
    ] = DEFAULT_SCHEME,
    weight_bits: Annotated[
        int | None,
        typer.Option(help="Widest function weights this authority will ever sign, in bits; by default 12, or 24."),
    ] = None,
    unrestricted: Annotated[
        str | None, typer.Option(metavar="REASON", help="Refuse nothing, for this reason; it stands in every key.")
    ] = None,
    passphrase_file: PassphraseFile = None,
    as_json: AsJson = False,
) -> None:
    """Make a key authority: the master key in one sealed file, and the public key for the data owners."""
    created = KeyAuthority.create(
        load(schema, Schema.from_bytes),
        scheme=scheme,
        weight_bits=weight_bits,
        policy=None if unrestricted is None else Policy.unrestricted(reason=unrestricted),
        path=authority,
        passphrase=passphrase_from(passphrase_file, confirm=True),
    )
    key = created.public_key
    io.write_bytes(public_key, key.to_bytes())
    values = {
        "authority": str(authority),
        "public_key": str(public_key),
        "scheme": key.scheme,
        "policy": created.policy_line,
        "weight_bits": created.weight_bits,
        "fingerprint": key.fingerprint,
    }
    show("Key authority (compare the fingerprint when you hand the public key over)", values, as_json=as_json)


def issue(
    function: Annotated[Path, typer.Argument(help="The function file, from pyfe compile.")],
    authority: Annotated[Path, typer.Option("--authority", "-a", help="The sealed authority file.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Where to write the function key (keep it private).")],
    purpose: Annotated[str, typer.Option(help="What the key will be used for; stands in the key and the ledger.")],
    recipient: Annotated[str | None, typer.Option(help="Who the key is for.")] = None,
    residual: Annotated[
        bool, typer.Option("--residual", help="Estimate the bits that stay unknown, too; may take longer than the key.")
    ] = False,
    passphrase_file: PassphraseFile = None,
    as_json: AsJson = False,
) -> None:
    """Issue a function key: checked against everything issued before, recorded, then released."""
    wanted = load(function, Function.from_bytes)
    _require_writable(output)
    opened = KeyAuthority.open(authority, passphrase=passphrase_from(passphrase_file))
    key = opened.issue(wanted, purpose=purpose, recipient=recipient)
    _release(key, output)
    row = opened.issued[key.sequence - 1]
    values = {
        "function_key": str(output),
        "sequence": key.sequence,
        "purpose": key.purpose,
        "recipient": key.recipient,
        "policy": key.policy,
        "findings": list(row.findings),
        **({"residual": str(opened.residual())} if residual else {}),
        "interval": key.interval.tolist(),
    }
    show("Function key", values, as_json=as_json)


def _require_writable(output: Path) -> None:
    """ParameterError where the key could not be written: better before it stands in the ledger than after."""
    if output.is_dir():
        raise ParameterError(f"cannot write {output}: it is a folder; nothing was issued")
    try:
        tempfile.TemporaryFile(dir=output.parent).close()
    except OSError as error:
        raise ParameterError(f"cannot write {output}: {error.strerror}; nothing was issued") from error


def _release(key: FunctionKey, output: Path) -> None:
    try:
        io.write_bytes(output, key.to_bytes(), private=True)
    except ParameterError as error:
        raise ParameterError(f"{error}; the key was recorded as #{key.sequence}; issue it again") from error
