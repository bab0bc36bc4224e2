"""How authorities begin: ``pyfe keygen``, which is ``pyfe authority init``, ``public-key``, ``authority migrate``."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from pyfe import io
from pyfe.adapters import SCHEMES, adapter_named
from pyfe.authority import KeyAuthority, Policy, folder
from pyfe.authority.decisions import DEFAULT_SCHEME
from pyfe.authority.policy_file import PolicyFile
from pyfe.cli.asking import policy_from, warnings_of
from pyfe.cli.console import (
    AsJson,
    Force,
    PassphraseFile,
    complain,
    load,
    passphrase_from,
    reference_rows,
    say,
    show,
    text_option,
)
from pyfe.cli.table_options import AS_FOUND, Reading, reads_tables
from pyfe.errors import ParameterError
from pyfe.folder_names import LOG_URL
from pyfe.io import outputs, roles
from pyfe.leakage.prior import Reference
from pyfe.schema import Schema

__all__ = ["keygen", "migrate", "public_key"]

_DEFAULT_BITS = ", ".join(f"{scheme.default_weight_bits} ({scheme.short})" for scheme in SCHEMES.values())
_MADE = "Key authority (compare the fingerprint when you hand the public key over)"
_SERVED = "; ".join(f"{scheme.short}: {' and '.join(scheme.serves)} functions" for scheme in SCHEMES.values())

LogUrl = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        callback=text_option,
        help="Keep the log on a server: postgresql://user@host/database; its password is in ~/.pgpass.",
    ),
]

Unrestricted = Annotated[
    str | None,
    typer.Option(
        metavar="REASON", callback=text_option, help="Refuse nothing, for this reason; it stands in every key."
    ),
]

OfPopulation = Annotated[
    Path | None,
    typer.Option(
        help="Table of 100 rows or more of the population, such as the training set; keys are measured against it. "
        "No row is kept, and what is kept stays with the sealed master keys."
    ),
]


@reads_tables
def keygen(
    schema: Annotated[Path, typer.Option("--schema", "-s", help="The schema file.")],
    authority: Annotated[
        Path, typer.Option("--authority", "-a", help="The folder to keep the authority in: it must not exist.")
    ],
    public_key: Annotated[Path, typer.Option("--public-key", "-p", help="Where to write the public key.")],
    scheme: Annotated[str, typer.Option(help=f"{_SERVED}. `pyfe recommend` says which fits.")] = DEFAULT_SCHEME,
    weight_bits: Annotated[
        int | None,
        typer.Option(help=f"Widest function weights it will ever sign, in bits; by default {_DEFAULT_BITS}."),
    ] = None,
    reference: OfPopulation = None,
    reading: Reading = AS_FOUND,
    policy: Annotated[
        Path | None, typer.Option(help="A policy file (YAML): who may ask, for what, and who has to agree.")
    ] = None,
    log: LogUrl = None,
    unrestricted: Unrestricted = None,
    passphrase_file: PassphraseFile = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Make a key authority: a folder with its log and its sealed master key, and the public key for the data owners."""
    name = adapter_named(scheme).id
    people = _policy_of(policy)
    passphrase = passphrase_from(passphrase_file, confirm=True)
    folder.require_absent(authority)  # said before the public key is looked at; making it looks again
    read_or_kept = [schema, reference, policy, passphrase_file, *folder.authority_files(authority)]
    with io.claimed(public_key, roles.new_public_key(), avoid=read_or_kept, force=force) as output:
        agreed = load(schema, Schema.from_bytes)
        rows = None if reference is None else reference_rows(reading.table(reference), agreed)
        created = KeyAuthority.create(
            agreed,
            scheme=name,
            weight_bits=weight_bits,
            reference=rows,
            policy=None if unrestricted is None else Policy.unrestricted(reason=unrestricted),
            policy_file=people,
            path=authority,
            passphrase=passphrase,
            log=log,
        )
        with _taken_back_on_failure(authority, output):
            known, in_force = created.reference, created.policy_file
            with created:  # the public key stays
                output.fill(created.write_public_key)
    values = {"authority": str(authority), "public_key": str(public_key), **_described(created, known, in_force)}
    show(_MADE, values, as_json=as_json, apart=output.is_standard_output)


def _policy_of(file: Path | None) -> PolicyFile | None:
    """The policy of a file, with a word of warning where nobody could be replaced."""
    people = None if file is None else policy_from(file)
    for warning in [] if people is None else warnings_of(people):
        complain("Note", warning)
    return people


def _described(created: KeyAuthority, known: Reference | None, in_force: PolicyFile | None) -> dict[str, Any]:
    """What was made; the authority may be closed."""
    return {
        **({} if in_force is None else {"policy_file": f"version {in_force.version}"}),
        "scheme": created.public_key.scheme,
        "policy": created.policy_line,
        "weight_bits": created.weight_bits,
        "reference": "none" if known is None else f"{known.entropy_bits:.1f} bits a row",
        "bytes_per_row": created.public_key.adapter.row_bytes(created.schema.n),
        "fingerprint": created.public_key.fingerprint,
    }


def public_key(
    authority: Annotated[Path, typer.Argument(help="The authority's folder.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Where to write the public key.")],
    epoch: Annotated[int | None, typer.Option(help="The epoch; by default the newest.")] = None,
    passphrase_file: PassphraseFile = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Write the public key of an authority once more: the file that keygen or rotate wrote, byte for byte."""
    read_or_kept = [passphrase_file, *folder.authority_files(authority)]
    with KeyAuthority.open(authority, passphrase=passphrase_from(passphrase_file)) as opened:
        key = opened.public_key if epoch is None else opened.public_key_of(epoch)
        with io.claimed(output, roles.public_key(key.id), avoid=read_or_kept, force=force) as file:
            file.fill(lambda out: opened.write_public_key(out, epoch))
    values = {"public_key": str(output), "scheme": key.scheme, "fingerprint": key.fingerprint}
    show("Public key", values, as_json=as_json, apart=file.is_standard_output)


def migrate(
    old: Annotated[Path, typer.Argument(help="The sealed authority file of an earlier version.")],
    authority: Annotated[Path, typer.Argument(metavar="FOLDER", help="The folder to make of it: it must not exist.")],
    passphrase_file: PassphraseFile = None,
    as_json: AsJson = False,
) -> None:
    """Make an authority's folder of the sealed file of an earlier version, with every key that it issued.

    Public key and passphrase stay. The file gets .migrated added to its name.
    """
    folder.require_absent(authority)
    with KeyAuthority.migrate(old, authority, passphrase=passphrase_from(passphrase_file)) as made:
        values = {
            "authority": str(authority),
            "keys": len(made.issued),
            "kept": f"{old}.migrated",
            "fingerprint": made.public_key.fingerprint,
        }
    show("Key authority, migrated", values, as_json=as_json)


@contextlib.contextmanager
def _taken_back_on_failure(authority: Path, public_key: outputs.Output) -> Iterator[None]:
    """An authority made a moment ago, which has issued nothing, goes again if its public key cannot be written.

    Not where somebody may find the key, written before the failure: what is encrypted under it could never be scored.
    """
    try:
        yield
    except BaseException:
        on_server = (authority / LOG_URL).exists()  # its log would stay there, without master keys
        if public_key.may_be_read or on_server:
            with contextlib.suppress(ParameterError):  # standard error is gone: the file is there to be seen
                say(f"the authority {authority} stays: its public key may be in use (pyfe public-key)", apart=True)
            raise
        folder.remove(authority)
        raise
