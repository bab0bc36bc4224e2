"""How rows lie in ciphertexts: what one takes, however few or many are encrypted together."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Packing"]


class Packing(NamedTuple):
    """Bytes of encrypted rows of one schema.

    block_rows: rows that a ciphertext holds, at most. shared: bytes that they have together. tile_rows, tile_bytes:
    rows that come and go together, and their bytes. A scheme where every row stands by itself has tiles and blocks of
    one row, and nothing shared.
    """

    block_rows: int
    shared: int
    tile_rows: int
    tile_bytes: int

    def bytes_of(self, rows: int) -> int:
        """Of so many rows that are encrypted together, without the few hundred of what stands around them."""
        full, rest = divmod(rows, self.block_rows)
        return full * self._block(self.block_rows) + (self._block(rest) if rest else 0)

    def _block(self, rows: int) -> int:
        return self.shared + -(-rows // self.tile_rows) * self.tile_bytes
