"""Files: tables of many kinds, and the bytes of keys and ciphertexts."""

from __future__ import annotations

from pyfe.io.files import read_bytes, read_object, read_text
from pyfe.io.holding import held
from pyfe.io.outputs import claimed, write_bytes, write_text
from pyfe.io.refusals import with_places
from pyfe.io.resealing import reseal
from pyfe.io.streams import TableStream, stream_table
from pyfe.io.tables import Table, encode_table, read_table, table_bytes, write_table

__all__ = [
    "Table",
    "TableStream",
    "claimed",
    "encode_table",
    "held",
    "read_bytes",
    "read_object",
    "read_table",
    "read_text",
    "reseal",
    "stream_table",
    "table_bytes",
    "with_places",
    "write_bytes",
    "write_table",
    "write_text",
]
