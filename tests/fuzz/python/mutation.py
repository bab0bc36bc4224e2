"""Changes of inputs that get past the outer checks: the frame's lengths, the CBOR and the signatures are repaired."""

from __future__ import annotations

import copy
import random
import struct
from collections.abc import Callable
from typing import Any

import cbor2

from tests.fuzz.python.checks import MAX_INPUT

Mutator = Callable[[bytes, random.Random], bytes]
Sign = Callable[[bytes], bytes]

HEADER, LENGTHS = 76, 12
SIGNATURE = 64

EDGES = [0, 1, 2, 3, 7, 8, 23, 24, 255, 256, 4095, 65535, 65536, 2**24, 2**28, 2**31 - 1, 2**31, 2**32 - 1, 2**32]
EDGES += [2**40, 2**44, 2**48, 2**53, 2**61, 2**62, 2**63 - 1, 2**63, 2**64 - 1]
TEXTS = ["", "a", "linear", "quadratic", "matrix", "factored", "number", "category", "thresholds", "constant", "log"]
TEXTS += ["sqrt", "logit", "softmax", "ovr", "cox", "identity", "0x1.0p+0", "-0x1.0p-1074", "0x1.fffffffffffffp+1023"]
TEXTS += ["nan", "inf", "-inf", "\x00", "ä" * 3, "\u202e", "[red]", "x" * 5000, "0" * 64, "True", "1e999"]


def integer(rng: random.Random) -> int:
    """An integer at or near an edge, of either sign."""
    value = rng.choice(EDGES) + rng.choice((-1, 0, 0, 1))
    return max(-(2**63), min(rng.choice((1, 1, -1)) * value, 2**64 - 1))


def octets(data: bytes, rng: random.Random) -> bytes:
    """One to four changes of bytes: bits, edges as little-endian integers, cuts, repeats, insertions."""
    out = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(out) + 1)
        choice = rng.randrange(7)
        if choice == 0 and at < len(out):
            out[at] ^= 1 << rng.randrange(8)
        elif choice == 1 and at < len(out):
            out[at] = rng.choice((0, 1, 2, 3, 0x7F, 0x80, 0xFF))
        elif choice == 2:
            size = rng.choice((2, 4, 8))
            out[at : at + size] = (integer(rng) % 2 ** (8 * size)).to_bytes(size, "little")
        elif choice == 3:
            del out[at : at + rng.choice((1, 2, 8, 16, 32, 48, 96))]
        elif choice == 4:
            part = out[at : at + rng.choice((1, 8, 16, 32, 144))]
            out[at:at] = part * rng.choice((1, 2, 50))
        elif choice == 5:
            out[at:at] = rng.randbytes(rng.choice((1, 4, 32)))
        else:
            other = rng.randrange(len(out) + 1)
            out[at : at + 32] = out[other : other + 32]
    return bytes(out[:MAX_INPUT])


def text(words: list[bytes]) -> Mutator:
    """A mutator of texts that knows some of the format's words."""

    def mutate(data: bytes, rng: random.Random) -> bytes:
        out = bytearray(data)
        for _ in range(rng.randint(1, 4)):
            at = rng.randrange(len(out) + 1)
            choice = rng.randrange(5)
            if choice == 0:
                out[at : at + rng.choice((0, 1, 4))] = rng.choice(words)
            elif choice == 1:
                line = bytes(out).split(b"\n")
                part = rng.choice(line)
                out = bytearray(b"\n".join([*line, *[part] * rng.choice((1, 2, 200))]))
            elif choice == 2:
                out[at:at] = str(integer(rng)).encode()
            elif choice == 3:
                out[at:at] = rng.choice(words) * rng.choice((2, 30, 3000))
            else:
                out = bytearray(octets(bytes(out), rng))
        return bytes(out[:MAX_INPUT])

    return mutate


def tree(value: Any, rng: random.Random) -> Any:
    """The value with one node of it changed in place: other type, edge, missing, repeated, nested, exchanged."""
    places = list(_places(value))
    if not places:
        return _leaf(rng)
    holder, key = rng.choice(places)
    choice = rng.randrange(8)
    if choice == 0:
        del holder[key]
    elif choice == 1:
        holder[key] = _leaf(rng)
    elif choice == 2 and type(holder[key]) is int:
        holder[key] = integer(rng)
    elif choice == 3:
        other, at = rng.choice(places)
        holder[key] = copy.deepcopy(other[at])
    elif choice == 4:
        holder[key] = [holder[key]] if rng.random() < 0.5 else {"a": holder[key]}
    elif choice == 5 and isinstance(holder[key], list) and holder[key]:
        holder[key] = (holder[key] * rng.choice((0, 2, 2, 3, 3, 50)))[:2000]
    elif choice == 6 and isinstance(holder, dict):
        holder[rng.choice(TEXTS)] = holder.pop(key)
    elif isinstance(holder[key], str):
        holder[key] = rng.choice(TEXTS)
    else:
        holder[key] = _leaf(rng)
    return value


def _places(value: Any) -> list[tuple[Any, Any]]:
    if isinstance(value, dict):
        own = [(value, key) for key in value]
    elif isinstance(value, list):
        own = [(value, at) for at in range(min(len(value), 64))]
    else:
        return []
    return own + [place for holder, key in own for place in _places(holder[key])]


def _leaf(rng: random.Random) -> Any:
    kinds: list[Callable[[], Any]] = [
        lambda: integer(rng),
        lambda: rng.choice(TEXTS),
        lambda: rng.choice((None, True, False, [], {}, b"", 1.5)),
        lambda: rng.randbytes(rng.choice((0, 31, 32, 64))),
        lambda: [integer(rng) for _ in range(rng.choice((0, 1, 5, 20, 20, 20, 2000)))],
        lambda: [[] for _ in range(rng.choice((1, 4, 20, 20, 2000)))],
    ]
    return rng.choice(kinds)()


def cbor(data: bytes, rng: random.Random) -> bytes:
    """Another value of the same shape in canonical CBOR, or changed bytes where the data is not CBOR."""
    try:
        value = cbor2.loads(data)
        for _ in range(rng.choice((1, 1, 1, 2, 4))):
            value = tree(value, rng)
        return bytes(cbor2.dumps(value, canonical=True))[:MAX_INPUT]
    except Exception:  # whatever the decoder makes of hostile bytes
        return octets(data, rng)


def envelope(sign: Sign | None = None) -> Mutator:
    """A mutator of framed objects; with ``sign`` the signature fits the bytes again, three times of four."""

    def mutate(data: bytes, rng: random.Random) -> bytes:
        if len(data) < HEADER + LENGTHS or rng.random() < 0.1:
            return octets(data, rng)
        head = data[:HEADER]
        payload_size, metadata_size = struct.unpack_from("<QI", data, HEADER)
        body = data[HEADER + LENGTHS :]
        payload, metadata = body[:payload_size], body[payload_size : payload_size + metadata_size]
        signature = body[payload_size + metadata_size :]
        choice = rng.random()
        if choice < 0.45:
            metadata = cbor(metadata, rng)
        elif choice < 0.9 and payload:
            payload = octets(payload, rng)
        elif choice < 0.95:
            metadata = octets(metadata, rng)
        else:
            head = octets(head, rng)[:HEADER].ljust(HEADER, b"\0")
        unsigned = head + struct.pack("<QI", len(payload), len(metadata)) + payload + metadata
        if signature and sign is not None and rng.random() < 0.75:
            signature = sign(unsigned)
        return (unsigned + signature)[:MAX_INPUT]

    return mutate
