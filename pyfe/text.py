"""Text of users and files, as people may be shown it."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime

__all__ = ["iso_time", "printable", "shell_word", "time_text"]

_YEARS = -62_135_596_800, 253_402_300_799
"""The seconds since 1970 that calendars of four digits know: the years 1 to 9999."""


def iso_time(second: int) -> str:
    """Seconds since 1970 as ISO 8601 in UTC; ``second N`` outside the years 1 to 9999, which a file may hold."""
    return datetime.fromtimestamp(second, UTC).isoformat() if _YEARS[0] <= second <= _YEARS[1] else f"second {second}"


def time_text(second: int) -> str:
    """The same as people read it: 2027-06-30 23:59:59 UTC."""
    return iso_time(second).replace("T", " ").replace("+00:00", " UTC")


def printable(text: str) -> str:
    """The text with an escape, as in ``repr``, for every character that does not print (ESC, line ends, bidi, ...)."""
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text)


def shell_word(word: str) -> str:
    """A word of a command as it is typed at a shell: quoted where a shell would take it apart or read it otherwise."""
    return shlex.quote(word)
