"""Texts of people that stand in ledgers, keys and signed files: names, purposes, recipients, reasons."""

from __future__ import annotations

from pyfe.errors import ParameterError

__all__ = ["MOST_PURPOSE_CHARACTERS", "require_text"]

MOST_PURPOSE_CHARACTERS = 500
"""Longest purpose, recipient or reason."""


def require_text(what: str, value: object) -> str:
    """``value`` as plain text if ledger and keys can hold it: 1 to :data:`MOST_PURPOSE_CHARACTERS`
    characters of UTF-8, not blanks alone.

    Any other sign is kept as it is; whatever shows it to people escapes what does not print.
    ParameterError otherwise; ``what`` names it there.
    """
    if not isinstance(value, str) or not value.strip() or len(value) > MOST_PURPOSE_CHARACTERS:
        raise ParameterError(f"{what} must be a text of 1 to {MOST_PURPOSE_CHARACTERS} characters")
    lone = next((character for character in value if "\ud800" <= character <= "\udfff"), None)
    if lone is not None:
        raise ParameterError(f"{what} is not UTF-8 text: it holds half of a surrogate pair (U+{ord(lone):04X})")
    return str.__str__(value)
