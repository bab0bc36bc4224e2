"""``pyfe evaluator``: whom an evaluator answers no more, and who is answered again."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from pyfe.cli.console import AsJson, load, load_public_key, show, show_table, text_option
from pyfe.cli.times import time_text
from pyfe.errors import ParameterError
from pyfe.evaluator import Incident, StateFile
from pyfe.identity import Identity

__all__ = ["release", "show_state"]

_KEY = re.compile(r"[0-9a-fA-F]{64}")

State = Annotated[Path, typer.Argument(help="An evaluator's state: evaluator.state, beside the function key.")]


def show_state(state: State, as_json: AsJson = False) -> None:
    """Who was refused under which public key, and who was released since: all that there is in the file."""
    incidents = StateFile(state, make=False).all()
    if as_json:
        values = {
            "state": str(state),
            "silenced": len(_open(incidents)),
            "incidents": [_said(one) for one in incidents],
        }
        show("Evaluator", values, as_json=True)
    elif not incidents:
        show("Nobody was refused", {"state": str(state)}, as_json=False)
    else:
        rows = [
            [one.signer.hex(), one.public_key.hex()[:12], time_text(one.second), one.envelope.hex()[:12], _since(one)]
            for one in incidents
        ]
        show_table("Refused", ["signer", "public key", "refused at", "envelope", "released at"], rows)


def release(
    state: State,
    signer: Annotated[
        str,
        typer.Option(
            callback=text_option,
            metavar="IDENTITY",
            help="Who is answered again: his identity, or his key's 64 digits.",
        ),
    ],
    public_key: Annotated[
        Path | None,
        typer.Option("--public-key", "-p", help="Under which public key, where he was refused under several."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Answer a signer again: you have looked at what he signed, and into how it came about."""
    kept = StateFile(state, make=False)
    whom = bytes.fromhex(signer) if _KEY.fullmatch(signer) else load(Path(signer), Identity.from_bytes).ed25519
    under = None if public_key is None else load_public_key(public_key).id
    found = [one for one in _open(kept.all()) if one.signer == whom and under in (None, one.public_key)]
    if len(found) > 1:
        raise ParameterError(f"{whom.hex()[:12]} was refused under {len(found)} public keys: say which (--public-key)")
    released = None if not found else kept.release(found[0].public_key, whom, int(time.time()))
    if released is None:
        raise ParameterError(
            f"{state}: nothing silences {whom.hex()[:12]}" + ("" if under is None else " under this key")
        )
    before = sum(one.signer == whom and one.released is not None for one in kept.all()) - 1
    values = {**_said(released), "released": True, "released_before": before}
    show("Released", values, as_json=as_json)


def _open(incidents: Sequence[Incident]) -> list[Incident]:
    return [one for one in incidents if one.silences is not None]


def _said(one: Incident) -> dict[str, Any]:
    return {
        "signer": one.signer.hex(),
        "public_key": one.public_key.hex(),
        "envelope": one.envelope.hex(),
        "refused_at": time_text(one.second),
        "released_at": None if one.released is None else time_text(one.released),
    }


def _since(one: Incident) -> str:
    return "-" if one.released is None else time_text(one.released)
