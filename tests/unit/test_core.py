"""pyfe._core, rooms base, hash, codec, group and dlog: known answers, and what each call refuses."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pyfe import _core
from pyfe.adapters import adapter_numbered
from pyfe.errors import DecodeError, OutOfRangeError, ParameterError

VECTORS = Path(__file__).resolve().parents[1] / "vectors"
RFC9496 = json.loads((VECTORS / "rfc9496.json").read_text())
group, dlog = _core.ristretto255, _core.dlog
ORDER = 2**252 + 27742317777372353535851937790883648493


def rows(hexes: list[str]) -> Any:
    return np.frombuffer(bytes.fromhex("".join(hexes)), np.uint8).reshape(len(hexes), -1)


def scalars(*values: int) -> Any:
    return rows([(v % ORDER).to_bytes(32, "little").hex() for v in values])


# --- base -----------------------------------------------------------------------------------------------------------


def test_backends() -> None:
    before = _core.backend()
    try:
        _core.set_backend("portable")
        assert _core.backend() == "portable"
        _core.set_backend("auto")
        assert _core.backend() in ("portable", "ifma")
        if not _core.cpu_features()["avx512ifma"]:
            with pytest.raises(ParameterError, match="ifma"):
                _core.set_backend("ifma")
        for name in ("", "IFMA", "emulated", "fast"):
            with pytest.raises(ParameterError, match="set_backend"):
                _core.set_backend(name)
    finally:
        _core.set_backend(before)


def test_threads() -> None:
    before = _core.num_threads()
    try:
        _core.set_num_threads(3)
        assert _core.num_threads() == 3
        for count in (0, -1, 1025, 2**40):
            with pytest.raises(ParameterError):
                _core.set_num_threads(count)
    finally:
        _core.set_num_threads(before)


@pytest.mark.parametrize(
    ("name", "value"),
    [("PYFE_BACKEND", "fast"), ("PYFE_NUM_THREADS", "0"), ("PYFE_NUM_THREADS", "many"), ("PYFE_NUM_THREADS", "1025")],
)
def test_bad_environment(name: str, value: str) -> None:
    code = (
        "import pyfe\nfrom pyfe import _core\n"
        "try:\n    _core.backend(); _core.num_threads()\n"
        "except pyfe.ParameterError as error:\n    print(error)\n"
    )
    environment = {**os.environ, name: value}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert name in done.stdout


def test_self_test() -> None:
    results = _core.self_test()
    assert results and all(results.values()), results


def test_hashes(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for size in (0, 1, 55, 56, 63, 64, 65, 111, 112, 128, 1000):
        data = rng.bytes(size)
        assert _core.sha256(data) == hashlib.sha256(data).digest()
        assert _core.sha512(data) == hashlib.sha512(data).digest()
    with pytest.raises(TypeError):
        _core.sha256("text")


def test_expand_message() -> None:
    entries = json.loads((VECTORS / "hash_to_group.json").read_text())["expand_message_xmd_sha512"]
    done = 0
    for entry in entries:
        dst, msg = bytes.fromhex(entry["dst"]), bytes.fromhex(entry["msg"])
        if not dst:
            with pytest.raises(ParameterError):
                _core.expand_message_xmd_sha512(msg, dst, entry["len_in_bytes"])
            continue
        out = _core.expand_message_xmd_sha512(msg, dst, entry["len_in_bytes"])
        if "uniform_bytes" in entry:
            assert out.hex() == entry["uniform_bytes"]
        else:
            assert hashlib.sha512(out).hexdigest() == entry["sha512"]
        done += 1
    assert done > 20
    for length in (0, -1, 255 * 64 + 1):
        with pytest.raises(ParameterError):
            _core.expand_message_xmd_sha512(b"", b"dst", length)


# --- codec ----------------------------------------------------------------------------------------------------------


def test_envelope_vectors() -> None:
    vectors = json.loads((VECTORS / "envelope.json").read_text())
    for entry in vectors["right"]:
        fields = tuple(
            bytes.fromhex(entry[name])
            for name in ("parameter_hash", "public_key_id", "payload", "metadata", "signature")
        )
        packed = _core.pack_envelope(entry["kind"], entry["scheme"], *fields)
        assert packed.hex() == entry["bytes"]
        assert _core.unpack_envelope(packed) == (entry["kind"], entry["scheme"], *fields)
        if fields[-1]:
            assert _core.signed_part(packed) == packed[:-64]
        else:
            with pytest.raises(DecodeError):
                _core.signed_part(packed)
    for name, data in vectors["wrong"].items():
        if name.startswith("scheme"):  # a number like any other to the core, which knows no schemes; the registry does
            number = _core.unpack_envelope(bytes.fromhex(data))[1]
            assert number == int(name.removeprefix("scheme "))
            with pytest.raises(DecodeError, match=f"{number} is none"):
                adapter_numbered(number, "object")
            continue
        with pytest.raises(DecodeError):
            _core.unpack_envelope(bytes.fromhex(data))
            pytest.fail(name)


def test_envelope_arguments() -> None:
    good: tuple[Any, ...] = (1, 0, bytes(32), bytes(32), b"", b"", b"")
    assert len(_core.pack_envelope(*good)) == 88
    for at, wrong in [(0, 0), (0, 18), (1, 1 << 16), (2, bytes(31)), (3, bytes(33)), (6, bytes(63))]:
        with pytest.raises((ParameterError, TypeError)):
            _core.pack_envelope(*good[:at], wrong, *good[at + 1 :])


# --- group ----------------------------------------------------------------------------------------------------------


def test_rfc9496_multiples() -> None:
    multiples = rows(RFC9496["multiples_of_the_generator"])
    assert group.mul_base(scalars(*range(len(multiples)))).tolist() == multiples.tolist()
    assert group.is_valid(multiples).all()


def test_rfc9496_invalid_encodings() -> None:
    for kind, encodings in RFC9496["invalid_encodings"].items():
        assert not group.is_valid(rows(encodings)).any(), kind
        for encoding in encodings:
            with pytest.raises(DecodeError, match="points: point 1 is not a canonical"):
                good = RFC9496["multiples_of_the_generator"][1]
                group.mul(rows([good, encoding]), scalars(1, 1))


def test_rfc9496_derivation() -> None:
    cases = RFC9496["element_derivation"]
    mapped = group.from_uniform_bytes(rows([case["input"] for case in cases]))
    assert mapped.tolist() == rows([case["output"] for case in cases]).tolist()
    same = RFC9496["element_derivation_same_output"]
    assert (group.from_uniform_bytes(rows(same["inputs"])) == rows([same["output"]])).all()


def test_hash_to_group() -> None:
    entries = json.loads((VECTORS / "hash_to_group.json").read_text())["hash_to_group"]
    for dst in {entry["dst"] for entry in entries if entry["dst"]}:
        wanted = [entry for entry in entries if entry["dst"] == dst]
        points = group.hash_to_group([bytes.fromhex(entry["msg"]) for entry in wanted], bytes.fromhex(dst))
        assert points.tolist() == rows([entry["point"] for entry in wanted]).tolist()
    with pytest.raises(ParameterError):
        group.hash_to_group([b""], b"")


@pytest.mark.parametrize("wrong", [np.zeros((2, 31), np.uint8), np.zeros(32, np.uint8), np.zeros((1, 2, 32), np.uint8)])
def test_group_shapes(wrong: Any) -> None:
    one = scalars(1)
    for call in (lambda: group.mul(wrong, one), lambda: group.mul_base(wrong), lambda: group.add(wrong, wrong)):
        with pytest.raises(ParameterError, match="must be a uint8 array"):
            call()
    with pytest.raises(ParameterError):
        group.is_valid(wrong)
    with pytest.raises(ParameterError):
        group.scalar_reduce(wrong)


@pytest.mark.parametrize(
    "wrong", [np.zeros((1, 32)), np.zeros((1, 32), np.int64), np.zeros((1, 32), np.int8), [[0] * 32], None, bytes(32)]
)
def test_group_types(wrong: Any) -> None:
    """Nothing is converted in silence."""
    for call in (group.mul_base, group.is_valid, group.scalar_invert, group.from_uniform_bytes):
        with pytest.raises(TypeError):
            call(wrong)


def test_group_rows() -> None:
    with pytest.raises(ParameterError, match="1 and 2 rows"):
        group.mul(scalars(0), scalars(1, 2))
    with pytest.raises(ParameterError):
        group.msm_vartime(scalars(0), scalars(1, 2))
    with pytest.raises(ParameterError):
        group.scalar_add(scalars(0), scalars(1, 2))
    for value in (ORDER, ORDER + 1, 2**253, 2**256 - 1):
        bad = rows([bytes(32).hex(), value.to_bytes(32, "little").hex()])
        with pytest.raises(DecodeError, match="row 1 is not below the group order"):
            group.mul_base(bad)


def test_empty_batches() -> None:
    none = np.zeros((0, 32), np.uint8)
    for out in (group.mul(none, none), group.mul_base(none), group.add(none, none), group.scalar_invert(none)):
        assert out.shape == (0, 32)
    assert group.is_valid(none).shape == (0,)
    assert group.from_uniform_bytes(np.zeros((0, 64), np.uint8)).shape == (0, 32)
    assert group.msm_vartime(none, none).tobytes() == bytes(32)
    assert group.hash_to_group([], b"dst").shape == (0, 32)
    assert dlog.solve(none, 0, 1).shape == (0,)


# --- small logs -----------------------------------------------------------------------------------------------------


def test_small_logs() -> None:
    values = [-1000, 1000, 0, 1, -1, 77, -512]
    points = group.mul_base(scalars(*values))
    assert dlog.solve(points, -1000, 1000).tolist() == values
    with pytest.raises(OutOfRangeError, match="point 0"):
        dlog.solve(points, -999, 1000)
    with pytest.raises(OutOfRangeError, match="point 1"):
        dlog.solve(points, -1000, 999)
    with pytest.raises(ParameterError):
        dlog.solve(points, 1, 0)
    with pytest.raises(DecodeError):
        dlog.solve(rows(["01" + "00" * 31]), 0, 1)


def test_the_cost_is_stated_before_the_search() -> None:
    known = {"table_entries", "table_bytes", "steps_worst", "in_memory", "path", "ready"}
    costs = [dlog.plan(2**bits) for bits in range(45)]
    assert all(set(cost) == known for cost in costs)
    assert all(cost["table_bytes"] <= 64 * 2**20 for cost in costs)
    steps = [cost["steps_worst"] for cost in costs]
    assert steps[44] > steps[34] > 0
    for call in (dlog.plan, dlog.prepare):
        with pytest.raises(OutOfRangeError, match=r"beyond 2\^44; smaller weights"):
            call(2**44 + 1)
        with pytest.raises(ParameterError):
            call(-1)
