"""Damaged bytes of the native objects: refused by DecodeError, or decoded to an object of exactly these bytes.

Small objects are damaged in every way of one bit and of one missing end; `make malformed` adds every value of every
byte and two damages at once.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from pyfe import _core
from pyfe.errors import DecodeError, ParameterError

scheme = _core.ipfe_ddh
qfe = _core.qfe
KINDS = {
    "mpk": 3,
    "sk": 4,
    "sk.read": 4,
    "ct": 5,
    "combined": 5,
    "msk": 6,
    "proof": 17,
    "q.mpk": 3,
    "q.sk": 4,
    "q.units": 4,
    "q.read": 4,
    "q.ct": 5,
    "q.msk": 6,
}
CLASSES: dict[str, Any] = {
    "mpk": scheme.MasterPublicKey,
    "msk": scheme.MasterSecretKey,
    "sk": scheme.FunctionKey,
    "sk.read": scheme.FunctionKey,
    "ct": scheme.CiphertextBatch,
    "combined": scheme.CiphertextBatch,
    "proof": scheme.ScoreProof,
    "q.mpk": qfe.MasterPublicKey,
    "q.msk": qfe.MasterSecretKey,
    "q.sk": qfe.FunctionKey,
    "q.units": qfe.FunctionKey,
    "q.read": qfe.FunctionKey,
    "q.ct": qfe.CiphertextBatch,
}
EXHAUSTED = [name for name in CLASSES if name not in ("q.mpk", "q.msk", "q.ct")]
"""Those that a millisecond's decoding does not make too many."""

Decode = Callable[[bytes], bytes]


def readout(
    k: int, link: int, classes: list[tuple[str, str]] | None = None, survival: float | None = None
) -> _core.schemes.Readout:
    """Of k functions, with intercepts, scales and errors of their own."""
    numbers = np.arange(k, dtype=np.float64)
    return _core.schemes.Readout(np.arange(k) - 1, 0.5 + numbers, numbers, link, classes, survival)


COX = readout(1, 4, [("bool", "False"), ("bool", "True")], 0.875)
NAMED = readout(2, 2, [("str", "no"), ("float", "0x1.8000000000000p+0")])


def make_payloads(n: int, batch: int) -> dict[str, bytes]:
    parameters = scheme.Parameters(n, np.full(n, -3), np.full(n, 200), 9, bytes(range(32)))
    mpk, msk = scheme.setup(parameters)
    ct = scheme.encrypt(mpk, np.full((batch, n), 7))
    one = scheme.keygen(msk, np.arange(1, n + 1).reshape(1, n) % 10)
    objects = {
        "sk.read": one.with_readout(COX),
        "mpk": mpk,
        "msk": msk,
        "sk": scheme.keygen(msk, np.arange(1, 2 * n + 1).reshape(2, n) % 10),
        "ct": ct,
        "combined": ct.weighted_sum(np.arange(batch) - 1),
        "proof": scheme.prove(one, ct, scheme.decrypt(one, ct), b"about"),
    }
    return {name: item.to_bytes() for name, item in (objects | quadratic_objects(batch)).items()}


def quadratic_objects(batch: int) -> dict[str, Any]:
    """One coordinate on the left, two on the right; a key of two matrices, one of two units."""
    low, high = np.array([-3]), np.array([200])
    mpk, msk = qfe.setup(qfe.Parameters(1, low, high, 9, np.array([0, -1]), np.array([5, 1]), bytes(range(32))))
    forms = qfe.Forms.matrices(2, 1, 2, *(np.array(part) for part in ([0, 0, 1], [0, 0, 0], [0, 1, 1], [3, -2, 9])))
    units = qfe.Forms.factored(np.array([[1], [-2]]), np.array([[1, 0], [3, -1]]), np.array([[2, 1]]))
    ct = qfe.encrypt(mpk, np.full((batch, 1), 7), np.full((batch, 2), 1))
    keys = {"q.sk": qfe.keygen(msk, forms), "q.units": qfe.keygen(msk, units)}
    keys["q.read"] = keys["q.sk"].with_readout(NAMED)
    return {"q.mpk": mpk, "q.msk": msk, "q.ct": ct, **keys}


PAYLOADS = make_payloads(2, 2)


def envelope(name: str) -> bytes:
    """The payload in its envelope, with metadata and a signature's 64 bytes."""
    return _core.pack_envelope(
        KINDS[name],
        2 if name.startswith("q.") else 1,
        b"\x11" * 32,
        b"\x22" * 32,
        PAYLOADS[name],
        b"meta",
        b"\x33" * 64,
    )


def reencode(name: str) -> Decode:
    """Payload bytes -> object -> bytes."""
    return lambda data: CLASSES[name].from_bytes(data).to_bytes()


def reencode_envelope(name: str) -> Decode:
    """Envelope bytes -> fields and object -> bytes."""

    def run(data: bytes) -> bytes:
        kind, algorithm, parameters, public_key, payload, metadata, signature = _core.unpack_envelope(data)
        again = CLASSES[name].from_bytes(bytes(payload)).to_bytes()
        return _core.pack_envelope(kind, algorithm, parameters, public_key, again, metadata, signature)

    return run


def accepted(decode: Decode, damaged: bytes) -> bool:
    """Whether it decoded, to exactly these bytes. Any error but DecodeError fails the test."""
    try:
        again = decode(damaged)
    except DecodeError as error:
        assert str(error)
        return False
    assert again == damaged, damaged.hex()
    return True


def bit_flips(data: bytes) -> Iterator[bytes]:
    for bit in range(8 * len(data)):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << (bit % 8)
        yield bytes(changed)


@pytest.mark.parametrize("name", CLASSES)
def test_undamaged(name: str) -> None:
    assert accepted(reencode(name), PAYLOADS[name])
    assert accepted(reencode_envelope(name), envelope(name))


@pytest.mark.parametrize("name", CLASSES)
def test_truncated(name: str) -> None:
    data, wrapped = PAYLOADS[name], envelope(name)
    assert not any(accepted(reencode(name), data[:size]) for size in range(len(data)))
    assert not any(accepted(reencode_envelope(name), wrapped[:size]) for size in range(len(wrapped)))


@pytest.mark.parametrize("name", CLASSES)
def test_extended(name: str) -> None:
    for extra in (b"\x00", b"\xff", bytes(32), PAYLOADS[name]):
        assert not accepted(reencode(name), PAYLOADS[name] + extra)
        assert not accepted(reencode_envelope(name), envelope(name) + extra)


@pytest.mark.parametrize("name", CLASSES)
def test_bit_flips(name: str) -> None:
    data = PAYLOADS[name]
    count = sum(accepted(reencode(name), changed) for changed in bit_flips(data))
    assert 0 < count < 8 * len(data)  # an id or a context may be anything; a count or a point may not


@pytest.mark.parametrize("name", CLASSES)
def test_bit_flips_of_the_envelope(name: str) -> None:
    wrapped = envelope(name)
    assert any(accepted(reencode_envelope(name), changed) for changed in bit_flips(wrapped))


@pytest.mark.parametrize("name", CLASSES)
def test_one_object_is_not_another(name: str) -> None:
    for other, data in PAYLOADS.items():
        if CLASSES[other] is not CLASSES[name]:
            assert not accepted(reencode(name), data), other


# Where each object says how much follows: offset and width of the integer
LENGTHS = {
    "mpk": [(0, 4)],
    "msk": [(0, 4)],
    "sk": [(32, 4), (36, 4)],
    "sk.read": [(37, 4), (41, 4)],
    "ct": [(32, 8), (40, 4)],
    "combined": [(32, 8), (40, 4)],
    "proof": [],  # it has one length, whatever it is of
    "q.mpk": [(2, 4), (6, 4)],
    "q.msk": [(2, 4), (6, 4)],
    "q.sk": [(41, 4), (46, 8)],  # sparse forms may have any shape
    "q.units": [(33, 4), (37, 4), (41, 4), (46, 4)],
    "q.read": [(43, 4), (48, 8)],
    "q.ct": [(32, 8), (41, 4), (45, 4)],
}


@pytest.mark.parametrize("name", CLASSES)
def test_lying_lengths(name: str) -> None:
    """No allocation follows a length that the bytes do not bear out."""
    data = PAYLOADS[name]
    for at, width in LENGTHS[name]:
        (true,) = struct.unpack_from("<I" if width == 4 else "<Q", data, at)
        top = 2 ** (8 * width)
        for value in {0, true - 1, true + 1, 2 * true, 2**26, 2**31, 2**32 - 1, top // 2, top - 1, top // 32} - {true}:
            changed = data[:at] + (value % top).to_bytes(width, "little") + data[at + width :]
            start = time.process_time()
            assert not accepted(reencode(name), changed), (at, value)
            assert time.process_time() - start < 1


@pytest.mark.parametrize("name", CLASSES)
def test_garbage(name: str, seed: int) -> None:
    rng = np.random.default_rng([seed, list(CLASSES).index(name)])
    for size in [*range(100), *rng.integers(100, 3000, 100)]:
        assert not accepted(reencode(name), rng.bytes(int(size)))
        accepted(reencode(name), PAYLOADS[name][:40] + rng.bytes(int(size)))


@pytest.mark.parametrize("name", CLASSES)
def test_not_bytes(name: str) -> None:
    """A view is read where it lies, and what may change is copied first; secrets come as bytes only."""
    for wrong in (None, "text", 5, [1, 2]):
        with pytest.raises(TypeError):
            CLASSES[name].from_bytes(wrong)
    for buffer in (bytearray(PAYLOADS[name]), memoryview(PAYLOADS[name])):
        if name.endswith("msk"):
            with pytest.raises(TypeError):
                CLASSES[name].from_bytes(buffer)
        else:
            assert CLASSES[name].from_bytes(buffer).to_bytes() == PAYLOADS[name]
    if not name.endswith("msk"):
        with pytest.raises(ParameterError, match="contiguous"):
            CLASSES[name].from_bytes(memoryview(PAYLOADS[name] * 2)[::2])


def changed_at(data: bytes, at: int, new: bytes) -> bytes:
    return data[:at] + new + data[at + len(new) :]


def test_public_key_points() -> None:
    """The identity, equal points, and what is no canonical encoding, by name."""
    data = PAYLOADS["mpk"]
    first = len(data) - 64
    for new, words in [
        (bytes(32), "is the identity"),
        (data[-32:], "h_0 equals h_1"),
        (b"\x01" + bytes(31), "not a canonical"),
        ((2**255 - 19).to_bytes(32, "little"), "not a canonical"),
        (data[first : first + 31] + bytes([data[first + 31] | 0x80]), "not a canonical"),
    ]:
        with pytest.raises(DecodeError, match=words):
            scheme.MasterPublicKey.from_bytes(changed_at(data, first, new))


@pytest.mark.parametrize("name", ["msk", "sk", "sk.read"])
def test_scalars_at_the_order(name: str) -> None:
    order = 2**252 + 27742317777372353535851937790883648493
    data = PAYLOADS[name]
    for value, good in [(order - 1, True), (order, False), (order + 1, False), (2**256 - 1, False), (0, True)]:
        changed = changed_at(data, len(data) - 32, value.to_bytes(32, "little"))
        assert accepted(reencode(name), changed) is good


def test_parameters_out_of_order() -> None:
    """An upper bound below the lower one, and a bound of y that is zero or beyond int64."""
    data = PAYLOADS["mpk"]
    for at, value in [(4, 201), (20, -4), (36, 0), (36, -1)]:
        assert not accepted(reencode("mpk"), changed_at(data, at, struct.pack("<q", value)))


# --- how results are read -------------------------------------------------------------------------------------------

AT = PAYLOADS["sk.read"].index(struct.pack("<qdd", -1, 0.5, 0.0))
"""Where the readout of that key begins: its intercept, scale and error; its link, S0, and two labels."""


@pytest.mark.parametrize(
    ("at", "new", "words"),
    [
        (AT, struct.pack("<q", 2**62), "out of 62 bits"),
        (AT, struct.pack("<q", -(2**63)), "out of 62 bits"),
        *((AT + 8, struct.pack("<d", wrong), "scale of function 0") for wrong in (0.0, -0.0, -1.0, np.nan, np.inf)),
        *((AT + 16, struct.pack("<d", wrong), "largest error of function 0") for wrong in (-1.0, np.nan, np.inf)),
        (AT + 24, b"\x0e", "link at byte .*: 14 is unknown"),
        (AT + 24, b"\xff", "link at byte .*: 255 is unknown"),
        *((AT + 25, struct.pack("<d", s), "baseline survival") for s in (0.0, 1.0, -0.5, 2.0, np.nan, np.inf)),
        (AT + 33, b"\x02", "named at byte .*: is neither 0 nor 1"),
        (AT + 33, b"\x00", "."),
        (AT + 34, b"\x04", "class type at byte .*: 4 is unknown"),
        (AT + 34, b"\x01", "class 0 is not the spelling"),
        (AT + 35, b"\xff\xff", "class at byte"),
        (AT + 35, b"\x04\x00", "."),
        (AT + 37, b"false", "class 0 is not the spelling"),
        (AT + 40 + 5, b"true", "class 1 is not the spelling"),
        (32, b"\x00\x00\x00\x00\x00", "layout at byte 36: 0 is unknown"),
        (32, b"\x00\x00\x00\x00\x01", "layout at byte 36: 1 is unknown"),
        (32, b"\x00\x00\x00\x00\x03", "layout at byte 36: 3 is unknown"),
        (37, b"\x00\x00\x00\x00", "functions at byte .*: is 0"),
        (37, b"\xff\xff\xff\xff", "do not fit"),
    ],
)
def test_readouts(at: int, new: bytes, words: str) -> None:
    with pytest.raises(DecodeError, match=words):
        scheme.FunctionKey.from_bytes(changed_at(PAYLOADS["sk.read"], at, new))


def labelled(kind: int, text: bytes) -> bytes:
    """That key with another first label."""
    data = PAYLOADS["sk.read"]
    return data[: AT + 34] + struct.pack("<BH", kind, len(text)) + text + data[AT + 37 + len(b"False") :]


FLOATS = [0.1, -2.5, 1e300, 5e-324, -2.2e-308, float("inf"), float("-inf"), float("nan"), 0.0, -0.0, 1.0, 1024.0]


@pytest.mark.parametrize(
    ("kind", "texts"),
    [
        (0, ["True", "False"]),
        (1, ["0", "7", "-1", "10", "9" * 400]),
        (2, [value.hex() for value in FLOATS]),
        (3, ["", "no", "größe ≥ 1", "a\0b", "x" * 65535]),
    ],
)
def test_spellings_of_labels(kind: int, texts: list[str]) -> None:
    for text in texts:
        assert accepted(reencode("sk.read"), labelled(kind, text.encode())), text


@pytest.mark.parametrize(
    ("kind", "texts"),
    [
        (0, [b"", b"true", b"1", b"True ", b"Tru"]),
        (1, [b"", b"-", b"-0", b"00", b"01", b"+1", b" 1", b"1 ", b"1.0", b"0x1", b"\xd9\xa1"]),
        (2, [b"", b"1.5", b"0x1.8p+0", b"0X1.8000000000000p+0", b"0x1.8000000000000p+00", b"0x1.8000000000000p0",
             b"0x1.8000000000000p-0", b"0x2.0000000000000p+0", b"0x1.8000000000000p+1024", b"0x1.8000000000000p-1023",
             b"0x0.0000000000000p-1022", b"0x0.8000000000000p-1021", b"0x1.800000000000Ap+0", b"0x0.0p-1", b"Inf",
             b"-nan", b"+inf", b"--inf", b"0x1.8000000000000p+", b"0x1.8000000000000", b"0x1.80000000000000p+0"]),
        (3, [b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"a\xe2\x82"]),
    ],
)  # fmt: skip
def test_other_spellings_of_labels(kind: int, texts: list[bytes]) -> None:
    for text in texts:
        assert not accepted(reencode("sk.read"), labelled(kind, text)), text


def test_floats_are_spelled_as_python_spells_them(seed: int) -> None:
    rng = np.random.default_rng([seed, 21])
    for value in rng.integers(0, 2**64, 300, dtype=np.uint64).view(np.float64):
        assert accepted(reencode("sk.read"), labelled(2, float(value).hex().encode())), float(value).hex()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((np.zeros(1, np.int64), np.ones(2), np.zeros(1), 0), "one intercept, scale and largest error"),
        ((np.zeros(0, np.int64), np.ones(0), np.zeros(0), 0), "one intercept, scale and largest error"),
        ((np.zeros(1, np.int64), np.zeros(1), np.zeros(1), 0), "scale of function 0"),
        ((np.zeros(1, np.int64), np.ones(1), np.zeros(1), 14), "unknown link 14"),
        ((np.zeros(1, np.int64), np.ones(1), np.zeros(1), -1), "unknown link -1"),
        ((np.zeros(1, np.int64), np.ones(1), np.zeros(1), 1), "needs classes"),
        *(((np.zeros(1, np.int64), np.ones(1), np.zeros(1), one), "needs classes") for one in (11, 12, 13)),
        ((np.zeros(1, np.int64), np.ones(1), np.zeros(1), 5), "does not go with 1"),
        ((np.zeros(2, np.int64), np.ones(2), np.zeros(2), 11, [("int", "1")] * 2), "does not go with 2"),
        *(
            ((np.zeros(1, np.int64), np.ones(1), np.zeros(1), value, [("int", "1")] * 2), "has no classes")
            for value in range(6, 11)
        ),
        ((np.zeros(1, np.int64), np.ones(1), np.zeros(1), 2, [("int", "1")] * 2), "does not go with 1"),
        ((np.zeros(2, np.int64), np.ones(2), np.zeros(2), 1, [("int", "1")] * 2), "does not go with 2"),
        ((np.zeros(1, np.int64), np.ones(1), np.zeros(1), 0, [("int", "1")] * 3), "need 2 classes"),
        ((np.zeros(1, np.int64), np.ones(1), np.zeros(1), 0, [("bytes", "1")] * 2), "not a bytes"),
        ((np.zeros(1, np.int64), np.ones(1), np.zeros(1), 0, [("str", "x" * 65536)] * 2), "not the spelling"),
        ((np.zeros(1, np.int64), np.ones(1), np.zeros(1), 0, None, 0.5), "another link than cox"),
        ((np.zeros(1, np.int64), np.ones(1), np.zeros(1), 4, [("int", "1")] * 2), "strictly between 0 and 1"),
    ],
)
def test_readouts_that_are_none(arguments: tuple[Any, ...], words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        _core.schemes.Readout(*arguments)


# --- the exhaustive half --------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("name", EXHAUSTED)
def test_every_value_of_every_byte(name: str) -> None:
    data, decode = make_payloads(5, 9)[name], reencode(name)
    for at in range(len(data)):
        for value in range(256):
            accepted(decode, changed_at(data, at, bytes([value])))


@pytest.mark.slow
@pytest.mark.parametrize("name", EXHAUSTED)
def test_two_damages(name: str, seed: int) -> None:
    rng = np.random.default_rng([seed, 50])
    data, decode = PAYLOADS[name], reencode(name)
    for _ in range(100_000):
        changed: Any = bytearray(data)
        for at in rng.integers(0, len(data), 2):
            changed[at] = rng.integers(256)
        accepted(decode, bytes(changed[: rng.integers(1, len(data) + 1)] if rng.random() < 0.1 else changed))
