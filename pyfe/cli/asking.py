"""``pyfe authority request`` and ``approve``: what people sign where a policy file decides."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from pyfe import io
from pyfe.audit import authority_id
from pyfe.authority.approving import FEWEST_LOOSENING, clock_digest
from pyfe.authority.decision_file import MOST_CHARACTERS, Decision
from pyfe.authority.policy_file import PolicyFile
from pyfe.cli.console import AsJson, Force, OwnPassphrase, load, load_public_key, show, text_option, text_options
from pyfe.cli.identity import Me, unsealed
from pyfe.cli.times import NotAfter, second_of, time_text
from pyfe.errors import DecodeError, ParameterError, SignatureError
from pyfe.function import Function
from pyfe.identity import Request
from pyfe.io import roles
from pyfe.keys import PublicKey
from pyfe.text import printable

__all__ = [
    "approve",
    "decision_from",
    "few_approvers",
    "is_object",
    "policy_from",
    "request",
    "request_words",
    "warnings_of",
]

_MOST_POLICY = 1 << 17
_STANDS = "30d"
_CLOCK = "clock"


def policy_from(file: Path) -> PolicyFile:
    """The policy of a YAML file; errors name it."""
    return PolicyFile.from_yaml(io.read_text(file, most=_MOST_POLICY))


def few_approvers(policy: PolicyFile) -> str | None:
    """A word of warning where nobody could be replaced who leaves."""
    if len(policy.approvers) > max(policy.approvals, FEWEST_LOOSENING):
        return None
    needed = max(policy.approvals, FEWEST_LOOSENING)
    return (
        f"{len(policy.approvers)} people may approve, and {needed} have to: if one leaves or loses a key, nobody can "
        "take their place. Name one more"
    )


def warnings_of(policy: PolicyFile) -> list[str]:
    """Words of warning about a policy that is put in force."""
    few = few_approvers(policy)
    keyless = [
        f"the recipient {name!r} is a name without a key, and whoever makes an identity of that name can have a key "
        "sealed for it: name it among the people, with the role recipient"
        for name in policy.keyless
    ]
    return [*([] if few is None else [few]), *keyless]


def decision_from(file: Path, authority: PublicKey) -> Decision:
    """The decision in a file, if it is this authority's; errors name the file."""
    text = io.read_text(file, most=MOST_CHARACTERS)
    try:
        return Decision.from_text(text, authority.verification_key)
    except (DecodeError, SignatureError) as error:
        raise type(error)(f"{file}: {error}") from error


def is_object(file: Path) -> bool:
    """Whether a file begins as objects of pyfe do; a policy does not."""
    with file.open("rb") as opened:
        return opened.read(4) == b"PYFE"


def request_words(asked: Request) -> dict[str, Any]:
    """What a request says, for people."""
    return {
        "request": asked.id.hex(),
        "signer": asked.signer.hex(),
        "epoch": asked.epoch,
        "purpose": asked.purpose,
        "recipient": asked.recipient or "whoever asks",
        "conditions": list(asked.conditions),
        "key_ends": time_text(asked.expires),
        "stands_until": time_text(asked.not_after),
    }


def request(
    function: Annotated[Path, typer.Argument(help="The function file, from pyfe compile.")],
    me: Me,
    public_key: Annotated[Path, typer.Option("--public-key", "-p", help="The public key of the epoch that is asked.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Where to write the signed request.")],
    purpose: Annotated[str, typer.Option(callback=text_option, help="One of the policy's, word for word.")],
    recipient: Annotated[
        str | None, typer.Option(callback=text_option, help="Who the key is for; yourself if not given.")
    ] = None,
    condition: Annotated[
        list[str] | None,
        typer.Option(callback=text_options, help="What you promise beside the purpose; can be repeated."),
    ] = None,
    expires: NotAfter = None,
    stands: Annotated[str, typer.Option(metavar="DAY", help="Until when the request stands.")] = _STANDS,
    epoch: Annotated[int, typer.Option(help="The number of the public key's epoch.")] = 1,
    passphrase_file: OwnPassphrase = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Sign a request for a function key (--expires: when the key is to end)."""
    agreed, wanted = load_public_key(public_key), load(function, Function.from_bytes)
    asked = Request(
        authority=authority_id(agreed.verification_key),
        public_key=agreed.id,
        epoch=epoch,
        function=wanted.to_bytes(),
        purpose=purpose,
        recipient=recipient,
        conditions=tuple(condition or ()),
        expires=None if expires is None else second_of(expires),
        not_after=second_of(stands),
    )
    kept = [function, me, public_key, passphrase_file]
    with io.claimed(output, roles.REQUEST, avoid=kept, force=force) as file:
        signed = asked.signed_by(unsealed(me, passphrase_file))
        file.write(signed.to_bytes())
    values = {"file": str(output), **request_words(signed)}
    show("Request", values, as_json=as_json, apart=file.is_standard_output)


def _clock_of(decided: Decision) -> bytes:
    """What is agreed to by whoever agrees that the clock was ahead, by what the decision says in words."""
    try:
        newest, says, before = (int(decided.about[name]) for name in ("newest_entry", "clock_says", "set_right_before"))
        return clock_digest(newest, before, says)
    except (LookupError, TypeError, ValueError, OverflowError) as error:
        raise ParameterError("the decision is about no clock (pyfe authority clock -o)") from error


def approve(
    subject: Annotated[
        Path, typer.Argument(metavar="REQUEST", help="What you agree to: a request, a policy, or the word clock.")
    ],
    decision: Annotated[
        Path, typer.Argument(help="What the authority decided about it (pyfe check, pyfe authority policy).")
    ],
    me: Me,
    public_key: Annotated[
        Path, typer.Option("--public-key", "-p", help="A public key of the authority, whose word the decision is.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="Where to write the signed approval.")],
    stands: Annotated[str, typer.Option(metavar="DAY", help="Until when the approval can be used.")] = _STANDS,
    passphrase_file: OwnPassphrase = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Sign that you agree to one decision about one request, or about a change of the policy. It is used once."""
    decided = decision_from(decision, load_public_key(public_key))
    if str(subject) == _CLOCK:
        named, words = _clock_of(decided), {"clock": "was ahead"}
    elif is_object(subject):
        asked = load(subject, Request.from_bytes)
        named, words = asked.id, request_words(asked)
    else:
        policy = policy_from(subject)
        named, words = policy.digest, {"policy": f"version {policy.version}"}
    if decided.request != named.hex():
        raise ParameterError(f"{decision} is about another request than {printable(str(subject))}")
    kept = [subject, decision, me, public_key, passphrase_file]
    with io.claimed(output, roles.APPROVAL, avoid=kept, force=force) as file:
        signed = decided.approval(second_of(stands)).signed_by(unsealed(me, passphrase_file))
        file.write(signed.to_bytes())
    values = {"approval": str(output), **words, "decided": decided.about, "usable_until": time_text(signed.not_after)}
    show("Approval", values, as_json=as_json, apart=file.is_standard_output)
