"""How a key's results are read, from the bytes behind its intervals; written from docs/reference/formats.md."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from tests.reference.codec import Reader, i64s

LINKS = (
    *("identity", "logit", "softmax", "ovr", "cox", "logit_each", "exp", "expm1", "exp10", "square", "inverse"),
    *("probit", "cloglog", "share"),
)
LAYOUT = 2
Label = bool | int | float | str


@dataclass(frozen=True)
class Readout:
    """One intercept, scale and largest error a function; the link; S0 of the link cox; the labels, if there are any."""

    intercepts: tuple[int, ...]
    scales: tuple[float, ...]
    errors: tuple[float, ...]
    link: str
    survival: float | None
    labels: tuple[Label, ...]

    def to_bytes(self) -> bytes:
        """(i64 | f64 | f64) x k | u8 link | f64 S0 of cox | u8 named | (u8 type | u16 size | text) x labels."""
        rows = zip(self.intercepts, self.scales, self.errors, strict=True)
        numbers = b"".join(i64s([b]) + struct.pack("<dd", scale, error) for b, scale, error in rows)
        survival = b"" if self.survival is None else struct.pack("<d", self.survival)
        named = bytes([bool(self.labels)]) + b"".join(map(_label_bytes, self.labels))
        return numbers + bytes([LINKS.index(self.link)]) + survival + named

    @staticmethod
    def read(reader: Reader, k: int) -> Readout:
        """Decode; whether the numbers make sense is not asked."""
        rows = [struct.unpack("<qdd", reader.take(24)) for _ in range(k)]
        link = LINKS[reader.unsigned(1)]
        survival = struct.unpack("<d", reader.take(8))[0] if link == "cox" else None
        count = {0: 0, 1: 2 if k == 1 else k}[reader.unsigned(1)]
        intercepts, scales, errors = zip(*rows, strict=True)
        return Readout(intercepts, scales, errors, link, survival, tuple(_label(reader) for _ in range(count)))


def _label(reader: Reader) -> Label:
    kind, size = reader.unsigned(1), reader.unsigned(2)
    text = reader.take(size).decode()
    if kind == 0:
        return {"True": True, "False": False}[text]
    return (int(text) if kind == 1 else float.fromhex(text)) if kind < 3 else text


def _label_bytes(label: Label) -> bytes:
    kind = (bool, int, float, str).index(type(label))
    text = (label.hex() if isinstance(label, float) else str(label)).encode()
    return bytes([kind]) + len(text).to_bytes(2, "little") + text
