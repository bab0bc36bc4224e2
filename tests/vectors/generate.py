"""Writes the vectors of the slow twin: the files of FILES.

    python -m tests.vectors.generate

Everything comes from SHA-512 of fixed labels, so a second run changes no byte (tests/unit/test_reference.py compares).
The files are frozen: a format that changes gets a new file, and the old one stays.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count, islice
from pathlib import Path
from typing import Any

from tests.reference import bls12_381 as bls
from tests.reference import discrete_gaussian, envelope, qfe, row_noise
from tests.reference import ipfe_ddh as ddh
from tests.reference.hash_to_group import expand_message_xmd, hash_to_group
from tests.reference.ristretto255 import ORDER, encode, equal, mul

FOLDER = Path(__file__).resolve().parent
BATCHES = (1, 5, 9)
CHEAP_WIDTH = 2**25


class Stream:
    """Bytes and integers from a label: SHA-512( label | 0 ) | SHA-512( label | 1 ) | ..."""

    def __init__(self, label: str) -> None:
        self._label = label.encode()
        self._counter = count()

    def take(self, length: int) -> bytes:
        """The next bytes, in whole blocks."""
        blocks = -(-length // 64)
        data = b"".join(
            hashlib.sha512(self._label + next(self._counter).to_bytes(8, "little")).digest() for _ in range(blocks)
        )
        return data[:length]

    def integer(self, low: int, high: int) -> int:
        """An integer of [low, high]."""
        return low + int.from_bytes(self.take(64), "little") % (high - low + 1)


@dataclass(frozen=True)
class Setting:
    """One parameter set and the function keys issued under it (each a matrix y)."""

    name: str
    parameters: ddh.Parameters
    keys: Sequence[ddh.Matrix]
    weights: Sequence[ddh.Vector] = field(default=())
    zero_draws: bool = False


def _uniform(n: int, lo: int, hi: int, y_bound: int, context: bytes = bytes(32)) -> ddh.Parameters:
    return ddh.Parameters((lo,) * n, (hi,) * n, y_bound, context)


def _settings() -> list[Setting]:
    draw = Stream("pyfe vectors: functions")

    def rows(k: int, n: int, bound: int) -> list[list[int]]:
        return [[draw.integer(-bound, bound) for _ in range(n)] for _ in range(k)]

    mixed = ddh.Parameters(
        (-5, 0, 10, -300, -7, 0, -1, -128), (5, 255, 10, -200, 0, 1, 1, 127), 127, hashlib.sha256(b"mixed").digest()
    )
    return [
        Setting("one bit", _uniform(1, 0, 1, 1), [[[1]], [[-1]], [[1], [-1]]], [[2, -1, 3, 0, -5]], zero_draws=True),
        Setting("one wide coordinate", _uniform(1, -1_000_000, 1_000_000, 7), [[[7]], [[-3], [1]]], [[1, 0, 0, 0, 0]]),
        Setting(
            "three, one of them constant",
            ddh.Parameters((-5, 0, 10), (5, 255, 10), 127, hashlib.sha256(b"schema of three").digest()),
            [[[0, 0, 1]], [[127, -127, 127]], rows(4, 3, 127)],
            [[1, 1, 1, 1, 1], [-1, 2, -3, 4, -5]],
        ),
        Setting(
            "eight, all negative",
            _uniform(8, -255, -1, 15),
            [[[15] * 8], [[-15] * 8], rows(2, 8, 15)],
            [[3, -2, 0, 1, -1]],
        ),
        Setting("eight, mixed ranges", mixed, [rows(1, 8, 127), rows(3, 8, 127)], [[0, 0, -9, 0, 0]]),
        Setting(
            "seventeen, eight bits", _uniform(17, 0, 255, 127), [[[127] * 17], rows(2, 17, 127)], [[1, 2, 3, 4, 5]]
        ),
        Setting("three, wide", _uniform(3, -(2**30), 2**30 - 1, 5), [[[1, -2, 1]], [[5, 0, 3], [0, -1, 0]]]),
        Setting("three, far apart", _uniform(3, -(2**40), 2**40 - 1, 2**20), [[[1, -1, 1]], [[-(2**2), 0, 3]]]),
    ]


def _plain(parameters: ddh.Parameters, rows: int, draw: Stream) -> list[list[int]]:
    """Random rows; in a batch of three or more the first is all low ends, the second all high ends."""
    x = [[draw.integer(lo, hi) for lo, hi in zip(parameters.x_lo, parameters.x_hi, strict=True)] for _ in range(rows)]
    return [list(parameters.x_lo), list(parameters.x_hi), *x[2:]] if rows > 2 else x


def _random(draw: Stream, scalars: int, zero_draws: bool) -> bytes:
    """Bytes for this many scalars; with ``zero_draws`` two of them are preceded by values that are 0 modulo l."""
    words = [draw.take(64) for _ in range(scalars)]
    if zero_draws:
        words.insert(0, ORDER.to_bytes(64, "little"))
        words.insert(len(words) - 1, bytes(64))
        words[-1] = b"\xff" * 64
    return b"".join(words)


def _checked(sk: ddh.FunctionKey, ct: ddh.CiphertextBatch, expected: list[list[int]]) -> list[list[int]]:
    """The expected results, after the twin has decrypted to them (to their multiples of G where the search is long)."""
    for points, values in zip(ddh.decrypt_points(sk, ct), expected, strict=True):
        assert all(equal(p, mul(z, ddh.G)) for p, z in zip(points, values, strict=True))
    if max(high - low for low, high in sk.intervals) <= CHEAP_WIDTH:
        assert ddh.decrypt(sk, ct) == expected
    return expected


def _key_entry(mpk: ddh.MasterPublicKey, sk: ddh.FunctionKey) -> dict[str, Any]:
    assert ddh.verify_key(mpk, sk)
    return {"y": sk.y, "intervals": sk.intervals, "payload": sk.to_bytes().hex()}


def _combination(
    ct: ddh.CiphertextBatch, x: list[list[int]], w: ddh.Vector, keys: list[ddh.FunctionKey]
) -> dict[str, Any]:
    combined = ddh.weighted_sum(ct, w)
    (row,) = combined.rows
    total = [ddh.inner(w, column) for column in zip(*x, strict=True)]
    return {
        "weights": w,
        "w_pos": row.w_pos,
        "w_neg": row.w_neg,
        "payload": combined.to_bytes().hex(),
        "intervals": [[ddh.result_interval(row, limits) for limits in sk.intervals] for sk in keys],
        "results": [_checked(sk, combined, [[ddh.inner(total, y) for y in sk.y]]) for sk in keys],
    }


def _beyond(mpk: ddh.MasterPublicKey, sk: ddh.FunctionKey, draw: Stream, up: bool) -> dict[str, Any]:
    """The row whose result is the end of the first function's interval, moved out by the least step there is."""
    y = sk.y[0]
    lo, hi = mpk.parameters.x_lo, mpk.parameters.x_hi
    x = [h if (y_i > 0) == up else low for y_i, low, h in zip(y, lo, hi, strict=True)]
    i = min((i for i, y_i in enumerate(y) if y_i), key=lambda i: abs(y[i]))
    ct = ddh.encrypt(mpk, [x], draw.take(64))
    (row,) = ct.rows
    step = 1 if (y[i] > 0) == up else -1
    outside = ddh.CiphertextBatch(mpk.id, ct.n, (ddh.shifted(row, i, step),))
    end = sk.intervals[0][1 if up else 0]
    _checked(sk, ct, [[ddh.inner(x, y_k) for y_k in sk.y]])
    try:
        ddh.decrypt(sk, outside)
    except ValueError:
        return {"inside": ct.to_bytes().hex(), "inside_result": end, "outside": outside.to_bytes().hex()}
    raise AssertionError("decrypted a value outside the interval")


def _setting_entry(setting: Setting) -> dict[str, Any]:
    draw = Stream(f"pyfe vectors: {setting.name}")
    parameters = setting.parameters
    setup_random = _random(draw, 2 * parameters.n, setting.zero_draws)
    mpk, msk = ddh.setup(parameters, setup_random)
    keys = [ddh.keygen(msk, y) for y in setting.keys]
    batches, combinations = [], []
    for rows in BATCHES:
        x = _plain(parameters, rows, draw)
        random = _random(draw, rows, setting.zero_draws)
        ct = ddh.encrypt(mpk, x, random)
        results = [_checked(sk, ct, [[ddh.inner(x_j, y) for y in sk.y] for x_j in x]) for sk in keys]
        batches.append({"x": x, "random": random.hex(), "payload": ct.to_bytes().hex(), "results": results})
        combinations += [
            {"batch": len(batches) - 1, **_combination(ct, x, w, keys)} for w in setting.weights if len(w) == rows
        ]
    width = max(high - low for sk in keys for low, high in sk.intervals)
    return {
        "name": setting.name,
        "width": width,
        "n": parameters.n,
        "x_lo": parameters.x_lo,
        "x_hi": parameters.x_hi,
        "y_bound": parameters.y_bound,
        "context": parameters.context.hex(),
        "parameters": parameters.to_bytes().hex(),
        "parameters_id": parameters.id.hex(),
        "setup_random": setup_random.hex(),
        "mpk": mpk.to_bytes().hex(),
        "mpk_id": mpk.id.hex(),
        "msk": msk.to_bytes().hex(),
        "keys": [_key_entry(mpk, sk) for sk in keys],
        "batches": batches,
        "combinations": combinations,
        "out_of_range": [{"key": 0, **_beyond(mpk, keys[0], draw, up)} for up in (True, False)]
        if width <= CHEAP_WIDTH
        else [],
    }


def ipfe_ddh() -> dict[str, Any]:
    """Known answers of the scheme, batch by batch; ``results[key][row][function]``."""
    return {
        "scheme": "ipfe-ddh-ristretto255",
        "G": encode(ddh.G).hex(),
        "H": encode(ddh.H).hex(),
        "settings": [_setting_entry(setting) for setting in _settings()],
    }


def hashes() -> dict[str, Any]:
    """What no document lists: SHA-512 with oversize tags and odd lengths, and hash_to_group unblinded."""
    tags = [b"x", b"PYFE-V1-test", b"t" * 255, b"t" * 256, b"PYFE-V1-" * 100]
    messages = [b"", b"abc", bytes(range(256)), b"m" * 127, b"m" * 128]
    expanded = [
        {"dst": dst.hex(), "msg": msg.hex(), "len_in_bytes": n, "uniform_bytes": expand_message_xmd(msg, dst, n).hex()}
        for dst in tags
        for msg, n in zip(messages, (1, 63, 64, 65, 200), strict=True)
    ]
    expanded.append(
        {
            "dst": b"long".hex(),
            "msg": "",
            "len_in_bytes": 255 * 64,
            "sha512": hashlib.sha512(expand_message_xmd(b"", b"long", 255 * 64)).hexdigest(),
        }
    )
    points = [
        {"dst": dst.hex(), "msg": msg.hex(), "point": encode(hash_to_group(msg, dst)).hex()}
        for dst in tags
        for msg in messages
    ]
    return {"expand_message_xmd_sha512": expanded, "hash_to_group": points}


def envelopes() -> dict[str, Any]:
    """Envelopes that are right, and for one of them every kind of damage (all to be refused)."""
    draw = Stream("pyfe vectors: envelopes")
    right = [
        envelope.Envelope(1, 0, bytes(32), bytes(32), b""),
        envelope.Envelope(2, 0, bytes(32), bytes(32), b"payload", b"metadata"),
        envelope.Envelope(3, 1, draw.take(32), draw.take(32), draw.take(100), b"\xa0", draw.take(64)),
        envelope.Envelope(4, 1, draw.take(32), draw.take(32), draw.take(1), b"", draw.take(64)),
        envelope.Envelope(5, 1, draw.take(32), draw.take(32), draw.take(300), draw.take(17)),
        envelope.Envelope(4, 2, draw.take(32), draw.take(32), draw.take(144), b"\xa0", draw.take(64)),
        envelope.Envelope(5, 3, draw.take(32), draw.take(32), draw.take(144)),
    ]
    wrong = _damaged(envelope.pack(right[2]))
    for name, data in wrong.items():
        try:
            envelope.unpack(data)
        except ValueError:
            continue
        raise AssertionError(f"{name} was accepted")
    return {"right": [_envelope_entry(e) for e in right], "wrong": {name: data.hex() for name, data in wrong.items()}}


def _envelope_entry(e: envelope.Envelope) -> dict[str, Any]:
    data = envelope.pack(e)
    assert envelope.unpack(data) == e
    fields = {name: value.hex() if isinstance(value, bytes) else value for name, value in vars(e).items()}
    return {**fields, "bytes": data.hex()}


def _damaged(good: bytes) -> dict[str, bytes]:
    """One change each. Offsets: version 4, kind 6, flags 7, scheme 8, reserved 10, lengths 76 and 84, payload 88."""

    def put(at: int, patch: bytes) -> bytes:
        return good[:at] + patch + good[at + len(patch) :]

    return {
        "empty": b"",
        "magic": put(0, b"PYFF"),
        "magic in lower case": put(0, b"pyfe"),
        "version 0": put(4, b"\x00\x00"),
        "version 2": put(4, b"\x02\x00"),
        "version 257": put(4, b"\x01\x01"),
        "version big endian": put(4, b"\x00\x01"),
        "kind 0": put(6, b"\x00"),
        "kind 18": put(6, b"\x12"),
        "flag bit 1": put(7, b"\x03"),
        "flag bit 7": put(7, b"\x81"),
        "signature without its flag": put(7, b"\x00"),
        "scheme 5": put(8, b"\x05\x00"),
        "scheme 256": put(8, b"\x00\x01"),
        "reserved 1": put(10, b"\x01\x00"),
        "reserved 256": put(10, b"\x00\x01"),
        "payload one longer than said": put(76, b"\x63"),
        "payload one shorter than said": put(76, b"\x65"),
        "payload of 2^64 - 1": put(76, b"\xff" * 8),
        "payload length wraps with the header": put(76, (2**64 - 88).to_bytes(8, "little")),
        "payload of 2^63": put(76, (2**63).to_bytes(8, "little")),
        "metadata one longer than said": put(84, b"\x00"),
        "metadata one shorter than said": put(84, b"\x02"),
        "metadata of 2^32 - 1": put(84, b"\xff" * 4),
        "header only": good[:88],
        "header cut": good[:87],
        "no signature": good[:-64],
        "last byte cut": good[:-1],
        "one byte too many": good + b"\x00",
        "twice": good + good,
    }


# --- Quadratic forms ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Quadratic:
    """One parameter set, the forms of each function key issued under it, and for one of them a projection."""

    name: str
    parameters: qfe.Parameters
    keys: Sequence[qfe.Forms]
    rows: int
    zero_draws: bool = False
    projection: tuple[int, qfe.Matrix, qfe.Matrix, qfe.Forms] | None = None  # index of the key, P1, P2, F'


def _quadratics() -> list[Quadratic]:
    rectangle = ((-3, 0), (4, 5), (-2, 1, 0), (2, 6, 3))
    units = qfe.Factors(((1, -2), (0, 3)), ((1, 1, 0), (2, 0, -5)), ((1, 2), (-7, 1)))
    rectangular: list[qfe.Forms] = [
        qfe.Matrices.of([[1, -2, 3], [0, 4, -5]], [[-9, -9, -9], [-9, -9, -9]]),
        qfe.Matrices.of([[0, 0, 0], [0, 0, -7]]),
        units,
        qfe.Matrices(2, 3, units.matrices()),
    ]
    constant = ((1, -4, 0), (1, 3, 9))
    P = ((1, 2, -1), (0, -3, 1))
    hidden = qfe.Factors(P, P, ((3, -2), (0, -5)))
    squares: list[qfe.Forms] = [
        qfe.Matrices.of([[0, 2, -3], [0, 5, 1], [0, 0, -4]], [[0, 0, 0], [6, 0, 0], [0, 0, 0]]),
        hidden,
        qfe.Factors(P, P[::-1], ((1, 0), (1, 1))),
    ]
    return [
        Quadratic(
            "k = 1, two vectors, zeros drawn", qfe.Parameters(1, *rectangle, 60), rectangular, rows=2, zero_draws=True
        ),
        Quadratic(
            "k = 1, one vector",
            qfe.Parameters(1, *constant, f_bound=6, context=hashlib.sha256(b"a schema").digest()),
            squares,
            rows=1,
            projection=(1, P, P, qfe.Matrices.of([[3, 0], [0, -2]], [[0, 0], [0, -5]])),
        ),
        Quadratic("k = 3, two vectors", qfe.Parameters(3, *rectangle, 60), rectangular[::2], rows=1),
        Quadratic("k = 3, one vector", qfe.Parameters(3, *constant, f_bound=6), squares[:2], rows=1),
    ]


def _quadratic_random(draw: Stream, k: int, rows: int, zero_draws: bool) -> bytes:
    """gamma and V of each row; with ``zero_draws`` gammas that are 0 and matrices that must be drawn again."""
    size = k + 1
    zero, one = bytes(64), (1).to_bytes(64, "little")
    refused = [zero, bls.R.to_bytes(64, "little")], [zero, *[one] * (size**2 - 1)], [one] * size**2
    words = []
    for _ in range(rows):
        gamma, V = [draw.take(64)], [draw.take(64) for _ in range(size**2)]
        words += [*refused[0], *gamma, *refused[1], *refused[2], *V] if zero_draws else [*gamma, *V]
    return b"".join(words)


def _form_entry(forms: qfe.Forms) -> dict[str, Any]:
    if isinstance(forms, qfe.Factors):
        return {"kind": "factored", "U": forms.U, "V": forms.V, "Q": forms.Q}
    full = [[[dict(_places(F)).get((i, j), 0) for j in range(forms.m)] for i in range(forms.n)] for F in forms.entries]
    return {"kind": "matrix", "F": full}


def _places(F: qfe.Entries) -> list[tuple[tuple[int, int], int]]:
    return [((i, j), v) for i, j, v in F]


def _quadratic_key(msk: qfe.MasterSecretKey, sk: qfe.FunctionKey) -> dict[str, Any]:
    u = [qfe.derive_u(msk, F).to_bytes(32, "little").hex() for F in sk.forms.matrices()]
    return {**_form_entry(sk.forms), "intervals": sk.intervals, "u": u, "payload": sk.to_bytes().hex()}


def _ends(ranges: Sequence[qfe.Interval], rows: int, draw: Stream) -> list[list[int]]:
    """All low ends, all high ends, then random rows; one row alone is random."""
    random = [[draw.integer(lo, hi) for lo, hi in ranges] for _ in range(rows)]
    return [list(end) for end in zip(*ranges, strict=True)][:rows] + random[2:] if rows > 1 else random


def _quadratic_entry(setting: Quadratic) -> dict[str, Any]:
    draw = Stream(f"pyfe vectors: quadratic, {setting.name}")
    parameters = setting.parameters
    setup_random = draw.take(32) + b"".join(draw.take(64) for _ in range(parameters.k * parameters.m)) + draw.take(32)
    mpk, msk = qfe.setup(parameters, setup_random)
    keys = [qfe.keygen(msk, forms) for forms in setting.keys]
    x = _ends(parameters.x_ranges, setting.rows, draw)
    y = x if parameters.square else _ends(parameters.y_ranges, setting.rows, draw)
    random = _quadratic_random(draw, parameters.k, setting.rows, setting.zero_draws)
    ct = qfe.encrypt(mpk, x, None if parameters.square else y, random)
    entry: dict[str, Any] = {
        "name": setting.name,
        "scheme": qfe.SCHEMES[parameters.k].decode(),
        "k": parameters.k,
        "square": parameters.square,
        "n": parameters.n,
        "m": parameters.m,
        "x_lo": parameters.x_lo,
        "x_hi": parameters.x_hi,
        "y_lo": parameters.y_lo,
        "y_hi": parameters.y_hi,
        "f_bound": parameters.f_bound,
        "context": parameters.context.hex(),
        "parameters": parameters.to_bytes().hex(),
        "parameters_id": parameters.id.hex(),
        "setup_random": setup_random.hex(),
        "alpha": [[bls.g1_encode(p).hex() for p in row] for row in mpk.alpha],
        "mpk": mpk.to_bytes().hex(),
        "mpk_id": mpk.id.hex(),
        "msk": msk.to_bytes().hex(),
        "keys": [_quadratic_key(msk, sk) for sk in keys],
        "x": x,
        "y": y,
        "random": random.hex(),
        "ciphertexts": ct.to_bytes().hex(),
        "results": [_values(sk.forms, x, y) for sk in keys],
    }
    if setting.projection is not None:
        index, P1, P2, forms = setting.projection
        entry["projection"] = {
            "key": index,
            "P1": P1,
            "P2": P2,
            **_form_entry(forms),
            "ciphertexts": qfe.project(ct, P1, P2).to_bytes().hex(),
            "payload": qfe.project_key(keys[index], P1, P2, forms).to_bytes().hex(),
        }
    return entry


def _values(forms: qfe.Forms, x: qfe.Matrix, y: qfe.Matrix) -> list[list[int]]:
    """``[row][function]``."""
    return [[qfe.evaluate(F, x_r, y_r) for F in forms.matrices()] for x_r, y_r in zip(x, y, strict=True)]


def _interval_cases() -> list[tuple[qfe.Parameters, qfe.Forms]]:
    """Boxes and forms whose intervals are worth a look; about every second one is refused."""
    free = 2**62
    box = qfe.Parameters(1, (-3, 0), (4, 5), (-2, 1, 0), (2, 6, 3), free)
    one = qfe.Parameters(1, (1, -4, 0), (1, 3, 9), f_bound=free)
    wide, vast = (qfe.Parameters(1, (-(2**e),), (2**e,), (-(2**e),), (2**e,), free) for e in (21, 31))
    return [
        (box, qfe.Matrices.of([[1, -2, 3], [0, 4, -5]])),
        (box, qfe.Factors(((1, -2),), ((1, 1, 0),), ((3,), (-3,)))),
        (box, qfe.Factors(((1, -1), (1, 1)), ((1, -1, 2), (1, 0, 0)), ((1, 1), (2, -5)))),
        (box, qfe.Factors(((1, -1), (1, -1)), ((1, -1, 2), (1, -1, 2)), ((1, -1),))),
        (box, qfe.Matrices.of([[1, 1], [1, 1]])),
        (one, qfe.Matrices.of([[0, 0, 0], [0, 1, 0], [0, 0, -1]])),
        (one, qfe.Matrices.of([[0, 2, 0], [-2, 0, 5], [0, -5, 0]])),
        (one, qfe.Matrices.of([[0, 2, 0], [-2, 0, 5], [0, -4, 0]])),
        (one, qfe.Factors(((7, 1, 1),), ((7, 1, 1),), ((1,), (-1,)))),
        (one, qfe.Factors(((1, 1, 1),), ((1, 1, -1),), ((1,),))),
        (one, qfe.Factors(((0, 1, 0), (0, 0, 1)), ((0, 0, 1), (0, 1, 0)), ((1, -1),))),
        (wide, qfe.Matrices.of([[2]])),
        (wide, qfe.Matrices.of([[3]])),
        (vast, qfe.Matrices.of([[1]])),
        (vast, qfe.Factors(((2**30,),), ((2**30,),), ((4,),))),
    ]


def _interval_entry(parameters: qfe.Parameters, forms: qfe.Forms) -> dict[str, Any]:
    try:
        intervals = qfe.result_intervals(parameters, forms)
    except ValueError as error:
        return {"parameters": parameters.to_bytes().hex(), **_form_entry(forms), "refused": str(error)}
    return {"parameters": parameters.to_bytes().hex(), **_form_entry(forms), "intervals": intervals}


def quadratic() -> dict[str, Any]:
    """Known answers of both quadratic schemes; ``results[key][row][function]``."""
    return {
        "settings": [_quadratic_entry(setting) for setting in _quadratics()],
        "intervals": [_interval_entry(*case) for case in _interval_cases()],
    }


GAUSSIAN_WIDTHS = (256, 257, 363, 1254, 128 * 256, 2317 * 256, 2**35 + 1, 2**55 + 12345, 2**56, 2**57)
"""256 sigma: both ends, one column of yes or no, the noise of a score, what lattices need; every base distribution."""


def gaussians() -> dict[str, Any]:
    """The first draws of seeds, for several standard deviations; the zero seed is the self-test's."""
    seeds = [bytes(32), Stream("pyfe vectors: discrete Gaussian").take(64)[:32]]
    cases = [
        {"sigma_256": sigma, "seed": seed.hex(), "draws": list(islice(discrete_gaussian.stream(seed, sigma), 20))}
        for sigma in GAUSSIAN_WIDTHS
        for seed in seeds
    ]
    return {"cases": cases}


def row_noises() -> dict[str, Any]:
    """Noise of rows of every kind of cell; names and texts that their normal form changes."""
    secret = Stream("pyfe vectors: noise of a row").take(64)[:32]
    rows: list[dict[str, row_noise.Cell]] = [
        {"age": 54.0, "stage": "II", "crp": None},
        {"age": -0.0, "stage": "gro\u0308ße", "crp": 3.25},
        {"größe": 172.5},
    ]
    cases = [
        {"sd": sd, "row": row, "slots": [0, 7, 2**31 - 1], "noise": row_noise.noise(secret, row, [0, 7, 2**31 - 1], sd)}
        for sd in (16, 128)
        for row in rows
    ]
    return {"secret": secret.hex(), "cases": cases}


FILES = {
    "discrete_gaussian.json": gaussians,
    "row_noise.json": row_noises,
    "ipfe_ddh.json": ipfe_ddh,
    "qfe.json": quadratic,
    "hash_to_group.json": hashes,
    "envelope.json": envelopes,
}
ONE_LINE = {"discrete_gaussian.json", "qfe.json"}  # long, which indented lists of small integers would only blow up


def text(name: str) -> str:
    """The content of one of the files."""
    layout: dict[str, Any] = {"separators": (",", ":")} if name in ONE_LINE else {"indent": 1}
    return json.dumps(FILES[name](), **layout) + "\n"


def main() -> None:
    """Write the files."""
    for name in FILES:
        (FOLDER / name).write_text(text(name))


if __name__ == "__main__":
    main()
