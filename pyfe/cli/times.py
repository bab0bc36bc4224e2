"""Days and times on the command line: as people write them, and as seconds since 1970."""

from __future__ import annotations

import datetime
import re
import time
from typing import Annotated

import typer

from pyfe.errors import ParameterError
from pyfe.text import time_text as in_words

__all__ = ["NotAfter", "second_of", "time_text"]

NotAfter = Annotated[
    str | None,
    typer.Option(metavar="DAY", help="2027-06-30 (the end of that day, UTC), 2027-06-30T12:00:00, or 90d from now."),
]

_AFTER = re.compile(r"([0-9]{1,4})d")
_DAY = 86_400


def second_of(text: str, now: float | None = None) -> int:
    """The second that is meant. ParameterError for anything but a day, a time, or so many days from now."""
    after = _AFTER.fullmatch(text)
    if after:
        return int(time.time() if now is None else now) + _DAY * int(after[1])
    try:
        if len(text) == len("2027-06-30"):
            last = datetime.datetime.combine(datetime.date.fromisoformat(text), datetime.time(23, 59, 59))
            return int(last.replace(tzinfo=datetime.UTC).timestamp())
        given = datetime.datetime.fromisoformat(text)
        return int((given if given.tzinfo else given.replace(tzinfo=datetime.UTC)).timestamp())
    except (ValueError, OverflowError) as error:
        raise ParameterError(f"a day is written 2027-06-30, a time 2027-06-30T12:00:00, not {text!r}") from error


def time_text(second: int | None) -> str:
    """A second in words, in UTC; "-" for none."""
    return "-" if second is None else in_words(second)
