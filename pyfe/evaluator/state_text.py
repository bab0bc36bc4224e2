"""The one form of an evaluator's state: incidents in the order in which they came, as JSON in ASCII."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from pyfe.errors import DecodeError
from pyfe.incidents import Incident
from pyfe.strict import json_object, reading, require_fields

__all__ = ["from_text", "to_text"]

_FORMAT, _VERSION = "pyfe evaluator state", 1
_NAME = "an evaluator's state"
_ID = re.compile(r"[0-9a-f]{64}")
_LAST = 2**40
"""Seconds since 1970 that still make a calendar date."""


def to_text(incidents: Sequence[Incident]) -> str:
    """JSON, its names in order; nothing at all where there are no incidents: the file is made empty."""
    if not incidents:
        return ""
    listed = [{name: _plain(value) for name, value in asdict(each).items()} for each in incidents]
    said = {"format": _FORMAT, "version": _VERSION, "incidents": listed}
    return json.dumps(said, indent=1, sort_keys=True) + "\n"


def from_text(text: str) -> tuple[Incident, ...]:
    """The inverse of :func:`to_text`. DecodeError for anything else."""
    if not text:
        return ()
    given = json_object(text)
    with reading(_NAME):
        require_fields(given, ("format", "version", "incidents"), _NAME)
        if (given["format"], given["version"]) != (_FORMAT, _VERSION):
            raise DecodeError(f"not {_NAME}: it is of another version, or none")
        incidents = tuple(_incident(each) for each in given["incidents"])
    if to_text(incidents) != text:
        raise DecodeError(f"not {_NAME}: not in canonical form")
    open_ones = [each.silences for each in incidents if each.silences is not None]
    if len(set(open_ones)) != len(open_ones):
        raise DecodeError(f"not {_NAME}: a signer is silenced twice under one public key")
    return incidents


def _plain(value: bytes | int | None) -> str | int | None:
    return value.hex() if isinstance(value, bytes) else value


def _incident(given: Any) -> Incident:
    require_fields(given, tuple(Incident.__dataclass_fields__), _NAME)
    ids = {name: given[name] for name in ("public_key", "signer", "envelope")}
    seconds = [given["second"], *([] if given["released"] is None else [given["released"]])]
    if not all(type(each) is str and _ID.fullmatch(each) for each in ids.values()):
        raise DecodeError(f"not {_NAME}: an id is 64 hexadecimal digits")
    if not all(type(each) is int and 0 <= each <= _LAST for each in seconds):
        raise DecodeError(f"not {_NAME}: a time is a number of seconds since 1970")
    public_key, signer, envelope = (bytes.fromhex(text) for text in ids.values())
    return Incident(public_key, signer, envelope, given["second"], given["released"])
