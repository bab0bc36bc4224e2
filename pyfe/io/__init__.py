"""Files: tables in CSV, and the bytes of keys and ciphertexts."""

from __future__ import annotations

from pyfe.io.files import read_bytes, read_text, write_bytes, write_text
from pyfe.io.tables import Table, encode_table, read_table, write_table

__all__ = [
    "Table",
    "encode_table",
    "read_bytes",
    "read_table",
    "read_text",
    "write_bytes",
    "write_table",
    "write_text",
]
