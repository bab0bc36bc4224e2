"""Record ids in one form: what makes two rows of any table those of one patient."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from pyfe.errors import OwnerError, ParameterError
from pyfe.row_ids import called_rows, canonical_text, cells_of

__all__ = ["canonical_ids"]

MOST_CHARACTERS = 1024

_A_LIST = "ids are a list, with one id for every row"


def canonical_ids(ids: Iterable[Any], called: Callable[[Sequence[int]], str] = called_rows) -> list[bytes]:
    """Each id as UTF-8 text: in Unicode's normal form C, without blanks around it; of an integer its decimal digits.

    So 7, "7" and " 7" are one patient, and "007" is another. OwnerError naming the rows of absent ids, of numbers that
    are no integers (or floats too large to tell two integers apart), and of text that is none or too long. Values are
    not repeated: they are patients'.
    """
    try:
        cells = cells_of(ids)
    except ParameterError as error:
        told = str(error) if str(error).startswith(_A_LIST) else _A_LIST
        raise OwnerError(told, kind="ids") from error
    found = [_encoded(canonical_text(cell)) for cell in cells]
    wrong = [row for row, text in enumerate(found) if text is None]
    if wrong:
        raise OwnerError(
            f"{called(wrong)}: no record id, which is a text of 1 to {MOST_CHARACTERS} characters or an integer; "
            "a patient without one cannot be told from others",
            kind="ids",
        )
    return [text for text in found if text is not None]


def _encoded(text: str | None) -> bytes | None:
    if text is None or not 0 < len(text) <= MOST_CHARACTERS:
        return None
    try:
        return text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return None
