"""What reading an Arrow file or stream unpacks to, by the messages' own metadata, before a reader makes room for it.

Every packed buffer says in its first 8 bytes what it unpacks to. They lie where the message says, which is a
flatbuffer: tables of fields that are read here by their number, and nothing else of them.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from pyfe.errors import DecodeError
from pyfe.io.kinds import Kind
from pyfe.io.parquet_layout import At

__all__ = ["ArrowLayout", "arrow_layout"]

_MAGIC = b"ARROW1"
_CONTINUED = 0xFFFFFFFF
_MOST_METADATA = 1 << 26
_A_BATCH = 16
"""Bytes of a file, at least, for each message of it."""

_HEADER_TYPE, _HEADER, _BODY = 1, 2, 3
_DICTIONARY, _BATCH = 2, 3
_DICTIONARIES, _BATCHES = 2, 3
_DATA = 1
_EARLIER = b"ARROW:experimental_compression"
"""What a message of an earlier version has among its metadata where its buffers are packed."""

_BUFFERS, _COMPRESSION = 2, 3


@dataclass
class ArrowLayout:
    """Bytes that packed buffers unpack to. held: those that are in memory at a time, the largest of all batches and all
    dictionaries; spread: all of them."""

    held: int = 0
    spread: int = 0


def arrow_layout(at: At, size: int, kind: Kind) -> ArrowLayout:
    """The layout of a file or a stream of so many bytes; DecodeError where it is damaged. Cost: a look at the metadata
    of every message, and at every packed buffer."""
    batch, dictionaries, spread = 0, 0, 0
    try:
        for of, unpacked in _unpacked(at, size, kind):
            spread += unpacked
            if of == _DICTIONARY:
                dictionaries += unpacked
            else:
                batch = max(batch, unpacked)
    except (struct.error, ValueError) as error:
        if isinstance(error, DecodeError):
            raise
        raise DecodeError(f"damaged {kind.value}; write it again") from error
    return ArrowLayout(batch + dictionaries, spread)


class _Table:
    """A table of a flatbuffer. struct.error and ValueError where it lies outside of the bytes."""

    def __init__(self, data: bytes, place: int) -> None:
        self._data, self._place = data, place
        self._fields = place - _number(data, "<i", place)
        self._size = _number(data, "<H", self._fields)

    @classmethod
    def root(cls, data: bytes) -> _Table:
        """The one that all others hang on."""
        return cls(data, _number(data, "<I", 0))

    def place(self, field: int) -> int:
        """Where a field stands; 0 where it is absent."""
        entry = 4 + 2 * field
        if entry + 2 > self._size:
            return 0
        offset = _number(self._data, "<H", self._fields + entry)
        return self._place + offset if offset else 0

    def number(self, field: int, form: str) -> int:
        """A number, 0 where it is absent."""
        place = self.place(field)
        return _number(self._data, form, place) if place else 0

    def table(self, field: int) -> _Table | None:
        """A table that hangs on this one."""
        place = self.place(field)
        return _Table(self._data, place + _number(self._data, "<I", place)) if place else None

    def structs(self, field: int, form: str) -> Iterator[tuple[int, ...]]:
        """The structs of a vector."""
        place = self.place(field)
        if not place:
            return
        place += _number(self._data, "<I", place)
        count, size = _number(self._data, "<I", place), struct.calcsize(form)
        if count * size > len(self._data) - place - 4:
            raise ValueError("a vector of more than there is")
        yield from struct.iter_unpack(form, self._data[place + 4 : place + 4 + count * size])


def _number(data: bytes, form: str, place: int) -> int:
    if place < 0:
        raise ValueError("a place before the first byte")
    found: int = struct.unpack_from(form, data, place)[0]
    return found


def _unpacked(at: At, size: int, kind: Kind) -> Iterator[tuple[int, int]]:
    """Of every batch and dictionary: which of the two it is, and what its packed buffers unpack to."""
    places = _places(at, size) if kind is Kind.ARROW_FILE else iter([0])
    seen = 0
    for start in places:
        place: int | None = start
        while place is not None:
            seen += 1
            if seen > 16 + size // _A_BATCH:
                raise ValueError("more messages than there are bytes for")
            metadata, body = _metadata(at, size, place)
            if metadata is None:
                break
            message, earlier = _Table.root(metadata), _EARLIER in metadata
            of, length = message.number(_HEADER_TYPE, "<B"), message.number(_BODY, "<q")
            if not 0 <= length <= size - body:
                raise ValueError("a message that ends outside of the file")
            header = message.table(_HEADER)
            if header is not None and of in (_DICTIONARY, _BATCH):
                batch = header.table(_DATA) if of == _DICTIONARY else header
                if batch is not None and (earlier or batch.table(_COMPRESSION) is not None):
                    yield of, _of_buffers(batch, at, body, length)
            place = body + length if kind is not Kind.ARROW_FILE else None


def _places(at: At, size: int) -> Iterator[int]:
    """Where a file says that its dictionaries and batches are."""
    length = int.from_bytes(at(size - 10, 4), "little")
    if size < 18 or at(size - 6, 6) != _MAGIC or not 0 < length <= min(size - 18, _MOST_METADATA):
        raise ValueError("no footer")
    footer = _Table.root(at(size - 10 - length, length))
    for blocks in (_DICTIONARIES, _BATCHES):
        for place, _, _ in footer.structs(blocks, "<qi4xq"):
            if not 0 <= place < size:
                raise ValueError("a block outside of the file")
            yield place


def _metadata(at: At, size: int, place: int) -> tuple[bytes | None, int]:
    """The metadata of the message at a place, and where its body begins; None at the end of a stream."""
    if place >= size:
        return None, place
    length, begin = int.from_bytes(at(place, 4), "little"), place + 4
    if length == _CONTINUED:
        length, begin = int.from_bytes(at(begin, 4), "little"), begin + 4
    if length == 0:
        return None, begin
    if length > min(_MOST_METADATA, size - begin):
        raise ValueError("a message that ends outside of the file")
    return at(begin, length), begin + length


def _of_buffers(batch: _Table, at: At, body: int, length: int) -> int:
    """What the packed buffers of a batch say they unpack to."""
    unpacked = 0
    for offset, size in batch.structs(_BUFFERS, "<qq"):
        if min(offset, size) < 0 or offset + size > length:
            raise ValueError("a buffer outside of its message")
        if size >= 8:
            unpacked += max(int.from_bytes(at(body + offset, 8), "little", signed=True), 0)
    return unpacked
