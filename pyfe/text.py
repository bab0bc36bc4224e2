"""Text of users and files, as people may be shown it."""

from __future__ import annotations

__all__ = ["printable"]


def printable(text: str) -> str:
    """The text with an escape, as in ``repr``, for every character that does not print (ESC, line ends, bidi, ...)."""
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text)
