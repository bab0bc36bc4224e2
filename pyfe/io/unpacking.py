"""How much a packed table may unpack to, as a whole or in its parts: a bomb of 1 MB must not fill the memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

from pyfe.errors import DecodeError
from pyfe.io.kinds import LOOKED_AT, Kind, kind_of

__all__ = [
    "ANY_BYTES",
    "ANY_LINES",
    "MOST_BYTES_A_BYTE",
    "MOST_LINES_A_BYTE",
    "Counted",
    "require_room",
    "room_of",
    "within_limits",
]

MOST_BYTES_A_BYTE = 64
"""Most bytes that a packed byte may stand for: of tables of patients it is 3 to 30. gzip can do 1,000, zstd more."""

MOST_LINES_A_BYTE = 4
"""Most lines of CSV that a packed byte may stand for: in memory the shortest takes a hundred times its bytes."""

ANY_BYTES, ANY_LINES = 1 << 25, 1 << 20
"""What any file may unpack to, however small it is."""


def room_of(size: int) -> int:
    """Bytes that so many of a file may stand for."""
    return max(ANY_BYTES, MOST_BYTES_A_BYTE * size)


def require_room(held: int, size: int, name: str) -> None:
    """DecodeError for a file of so many bytes of which more has to be unpacked at a time than these may stand for."""
    if held > room_of(size):
        raise DecodeError(
            f"{name}: its {size} bytes unpack to {held}, and a byte may stand for {MOST_BYTES_A_BYTE}: what is made so "
            "can fill a memory; if it is what it should be, write it without compression, or as CSV"
        )


class Counted(Iterator[bytes]):
    """The packed pieces, counted: ``size`` bytes so far."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces, self._ahead, self.size = iter(pieces), deque[bytes](), 0

    def __next__(self) -> bytes:
        if not self._ahead and not self.look_ahead():
            raise StopIteration
        return self._ahead.popleft()

    def look_ahead(self) -> bool:
        """Read and count a piece more, which is handed out in its turn; whether there is one."""
        piece = next(self._pieces, b"")
        self.size += len(piece)
        if piece:
            self._ahead.append(piece)
        return bool(piece)


def within_limits(unpacked: Iterable[bytes], packed: Counted, name: str) -> Iterator[bytes]:
    """The unpacked pieces. DecodeError where they are, or have as lines of CSV, more than what all packed bytes may
    stand for together; of these no more is read ahead than that takes to say."""
    size, lines, start = 0, 0, b""
    for piece in unpacked:
        start += piece[: LOOKED_AT - len(start)]
        size, lines = size + len(piece), lines + piece.count(b"\n")
        while size > max(ANY_BYTES, MOST_BYTES_A_BYTE * packed.size):
            if not packed.look_ahead():
                raise _too_much(name, f"{size} bytes", packed.size, f"{MOST_BYTES_A_BYTE} bytes")
        while lines > max(ANY_LINES, MOST_LINES_A_BYTE * packed.size) and kind_of(start, name) is Kind.TEXT:
            if not packed.look_ahead():
                raise _too_much(name, f"{lines} lines", packed.size, f"{MOST_LINES_A_BYTE} lines")
        yield piece


def _too_much(name: str, what: str, size: int, limit: str) -> DecodeError:
    return DecodeError(
        f"{name}: its {size} bytes unpack to {what} and more, and a packed byte may stand for {limit}: what is made so "
        "can fill a memory; if it is what it should be, unpack it first (gunzip, zstd -d)"
    )
