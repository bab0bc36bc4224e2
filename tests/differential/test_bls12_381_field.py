"""The base field of BLS12-381 on every backend: against Python's integers, and against blst where it is installed."""

from __future__ import annotations

import random
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from tests.differential.conftest import LANES, supported

X = -0xD201000000010000
P = (X - 1) ** 2 * (X**4 - X**2 + 1) // 3 + X
SEED = 381
OPERATIONS: dict[str, Callable[[int, int], int]] = {
    "add": lambda a, b: (a + b) % P,
    "sub": lambda a, b: (a - b) % P,
    "mul": lambda a, b: a * b % P,
    "square": lambda a, _: a * a % P,
    "negate": lambda a, _: -a % P,
    "invert": lambda a, _: pow(a, P - 2, P),
}


def edges() -> list[int]:
    """Limb boundaries of both representations, the ends of the field, and integers that are not reduced."""
    around = [0, P, P // 2, 2**384 - 1, *(2**bits for bits in (50, 52, 64, 100, 128, 200, 256, 320, 350, 380))]
    values = {value + d for value in around for d in (-2, -1, 0, 1, 2)}
    limbs = [sum((2**50 - 1) << (50 * i) for i in range(7) if mask >> i & 1) for mask in range(128)]
    return sorted(value for value in values | set(limbs) if 0 <= value < 2**384)


def packed(values: list[int]) -> bytes:
    return b"".join(value.to_bytes(48, "little") for value in values)


def unpacked(data: bytes) -> list[int]:
    return [int.from_bytes(data[i : i + 48], "little") for i in range(0, len(data), 48)]


def pairs(count: int) -> tuple[list[int], list[int]]:
    """Every edge against a few others, then random pairs."""
    source = random.Random(SEED)
    ends = edges()
    a = [x for x in ends for _ in range(8)]
    b = [source.choice(ends) for _ in a]
    a += [source.randrange(2**384) for _ in range(count)]
    b += [source.randrange(P) for _ in range(count)]
    return a, b


@pytest.fixture(params=LANES)
def backend(request: pytest.FixtureRequest, core_testing: ModuleType) -> str:
    """Each kind of lanes that this CPU can run."""
    name: str = request.param
    if not supported(core_testing, name):
        pytest.skip(f"this CPU cannot run the {name} lanes")
    return name


def test_the_prime() -> None:
    assert P.bit_length() == 381 and P % 4 == 3 and pow(2, P - 1, P) == 1


@pytest.mark.parametrize("operation", OPERATIONS)
def test_against_integers(
    core_testing: ModuleType, backend: str, operation: str, request: pytest.FixtureRequest
) -> None:
    slow = request.config.getoption("--slow")
    a, b = pairs(1_000 if operation == "invert" else 1_000_000 if slow and backend != "emulated" else 20_000)
    ours = unpacked(core_testing.bls12_381_field(backend, operation, packed(a), packed(b)))
    assert ours == [OPERATIONS[operation](x, y) for x, y in zip(a, b, strict=True)]


def test_inverses_in_variable_time(core_testing: ModuleType, backend: str) -> None:
    """All lanes share one inversion, so that none may be zero."""
    a = [x for x in pairs(1_000)[0] if x % P] + [1] * 8
    a = a[: len(a) // 8 * 8]
    ours = unpacked(core_testing.bls12_381_field(backend, "invert_vartime", packed(a)))
    assert ours == [pow(x, -1, P) for x in a]
    zeros = unpacked(core_testing.bls12_381_field(backend, "invert_vartime", packed([0] * 8)))
    assert zeros == [0] * 8


def test_square_roots(core_testing: ModuleType, backend: str) -> None:
    a, _ = pairs(500)
    roots, exists = core_testing.bls12_381_square_root(backend, packed(a))
    wanted = [pow(x % P, (P - 1) // 2, P) in (0, 1) for x in a]
    assert [flag == 1 for flag in exists] == wanted
    assert 0 < sum(wanted) < len(wanted)
    for x, root, has in zip(a, unpacked(roots), wanted, strict=True):
        assert root < P and root * root % P == (x if has else -x) % P


def test_unfilled_blocks(core_testing: ModuleType, backend: str) -> None:
    for count in (0, 1, 7, 8, 9):
        a = list(range(3, 3 + count))
        assert unpacked(core_testing.bls12_381_field(backend, "square", packed(a))) == [x * x for x in a]


@pytest.fixture(scope="module")
def blst() -> Any:
    """Blst's C functions, exported by the extension of ckzg: internals of one version, for tests only."""
    ckzg = pytest.importorskip("ckzg", reason="blst is reached through ckzg")
    cffi = pytest.importorskip("cffi")
    ffi = cffi.FFI()
    ffi.cdef(
        "typedef struct { uint64_t l[6]; } blst_fp;"
        "void blst_fp_from_lendian(blst_fp *out, const uint8_t in[48]);"
        "void blst_lendian_from_fp(uint8_t out[48], const blst_fp *in);"
        "void blst_fp_add(blst_fp *r, const blst_fp *a, const blst_fp *b);"
        "void blst_fp_sub(blst_fp *r, const blst_fp *a, const blst_fp *b);"
        "void blst_fp_mul(blst_fp *r, const blst_fp *a, const blst_fp *b);"
        "void blst_fp_inverse(blst_fp *r, const blst_fp *a);"
    )
    return ffi, ffi.dlopen(ckzg.__file__)


@pytest.mark.parametrize("operation", ["add", "sub", "mul"])
def test_against_blst(core_testing: ModuleType, backend: str, blst: Any, operation: str) -> None:
    ffi, library = blst
    a, b = ([x % P for x in side] for side in pairs(2_000))
    x, y, z, out = ffi.new("blst_fp *"), ffi.new("blst_fp *"), ffi.new("blst_fp *"), ffi.new("uint8_t[48]")
    theirs = []
    for left, right in zip(a, b, strict=True):
        library.blst_fp_from_lendian(x, left.to_bytes(48, "little"))
        library.blst_fp_from_lendian(y, right.to_bytes(48, "little"))
        getattr(library, f"blst_fp_{operation}")(z, x, y)
        library.blst_lendian_from_fp(out, z)
        theirs.append(int.from_bytes(bytes(out), "little"))
    assert unpacked(core_testing.bls12_381_field(backend, operation, packed(a), packed(b))) == theirs
