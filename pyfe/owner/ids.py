"""Record ids in one form: what makes two rows of any table those of one patient."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Any

from pyfe.arguments import listed
from pyfe.errors import OwnerError, ParameterError
from pyfe.schema.cells import plain
from pyfe.schema.frames import as_column

__all__ = ["canonical_ids"]

MOST_CHARACTERS = 1024
MOST_BITS = 1024
_EXACT = 2**53
_LISTED = 8


def canonical_ids(ids: Iterable[Any]) -> list[bytes]:
    """Each id as UTF-8 text: in Unicode's normal form C, without blanks around it; of an integer its decimal digits.

    So 7, "7" and " 7" are one patient, and "007" is another. OwnerError naming the rows of absent ids, of numbers that
    are no integers (or floats too large to tell two integers apart), and of text that is none or too long. Values are
    not repeated: they are patients'.
    """
    try:
        cells = as_column(ids).tolist() if hasattr(ids, "dtype") or hasattr(ids, "type") else listed(ids, "ids")
    except ParameterError as error:
        raise OwnerError("ids are a list, with one id for every row", kind="ids") from error
    found = [_text(cell) for cell in cells]
    wrong = [row for row, text in enumerate(found) if text is None]
    if wrong:
        named = ", ".join(map(str, wrong[:_LISTED]))
        more = f" and {len(wrong) - _LISTED} more" if len(wrong) > _LISTED else ""
        raise OwnerError(
            f"row {named}{more}: no record id, which is a text of 1 to {MOST_CHARACTERS} characters or an integer; a "
            "patient without one cannot be told from others",
            kind="ids",
        )
    return [text for text in found if text is not None]


def _text(cell: Any) -> bytes | None:
    if type(cell) is str:
        text = cell if cell.isascii() else unicodedata.normalize("NFC", cell)
        text = text.strip()
        return _encoded(text) if 0 < len(text) <= MOST_CHARACTERS else None
    if type(cell) is int:
        return b"%d" % cell if cell.bit_length() <= MOST_BITS else None
    value = plain(cell)
    if type(value) is int:
        return _text(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        return str(int(value)).encode()
    return _text(str(value)) if isinstance(value, str) else None


def _encoded(text: str) -> bytes | None:
    try:
        return text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return None
