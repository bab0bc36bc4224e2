"""``pyfe authority clock``: how an authority goes on whose clock was ahead."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pyfe import io
from pyfe.authority import KeyAuthority, folder
from pyfe.authority.entries import decode_entry
from pyfe.cli.console import AsJson, Force, PassphraseFile, load, passphrase_from, show, text_option
from pyfe.cli.keeping import Place
from pyfe.cli.times import time_text
from pyfe.errors import ParameterError
from pyfe.identity import Approval
from pyfe.io import roles

__all__ = ["clock"]


def clock(
    place: Place,
    acknowledged: Annotated[
        bool,
        typer.Option(
            "--clock-was-wrong",
            help="You answer for it that the newest entry is of a time that had not come, and that the clock is right.",
        ),
    ] = False,
    reason: Annotated[str | None, typer.Option(callback=text_option, help="Why; stands in the log.")] = None,
    approval: Annotated[
        list[Path] | None, typer.Option(help="An approval, two of which a policy file wants; can be repeated.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Change nothing: write what two approvers have to sign, here."),
    ] = None,
    passphrase_file: PassphraseFile = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Go on after a clock that was ahead: nothing can be recorded before the time of the newest entry. It is logged."""
    if acknowledged == (output is not None) or acknowledged != (reason is not None):
        raise ParameterError("give --clock-was-wrong and --reason, or --output for what approvers sign")
    approvals = [load(one, Approval.from_bytes) for one in approval or ()]
    with KeyAuthority.open(place, passphrase=passphrase_from(passphrase_file)) as opened:
        if output is not None:
            kept = [passphrase_file, *folder.authority_files(place)]
            with io.claimed(output, roles.DECISION, avoid=kept, force=force) as written:
                decided = opened.clock_decision()
                written.write(decided.to_text().encode())
            values = {"decision": str(output), **decided.about}
            show("Clock (to be approved)", values, as_json=as_json, apart=written.is_standard_output)
            return
        before = opened.log().entries[-1]
        opened.clock_was_wrong(reason=str(reason), approvals=approvals)
    values = {"newest_entry_was": time_text(decode_entry(before).at), "reason": reason}
    show("The clock was wrong: time goes on from now", values, as_json=as_json)
