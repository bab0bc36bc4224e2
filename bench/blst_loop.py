"""How fast is blst, without Python's cost of a call? The peer of everything on BLS12-381.

blst is reached through the symbols that the extension of ckzg exports. A few C loops, compiled when first needed (into
a temporary folder, by cffi with the system's compiler), call a function of blst ``count`` times. Where the types allow
it, each call works on the result of the one before; the others run for microseconds or more, and get the same input
again. What a loop costs by itself is measured on functions of the same signature that do nothing.

Inputs are seeded; each is checked to give the right answer before it is timed.
"""

from __future__ import annotations

import importlib
import importlib.util
import random
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from tempfile import TemporaryDirectory
from typing import Any

from bench.measure import Task, interleaved, require, seconds

ROUNDS = 5
SEED = 12381
ROUND_SECONDS = 0.02
EMPTY_CALLS = 1_000_000
SCALAR_BYTES = 32
MESSAGE_BYTES = 32
DST = b"PYFE-BENCH-V01"
FP_MUL_SECONDS = (12e-9, 60e-9)
"""What one multiplication in the base field takes on a sound machine.

A fast one needs some 90 cycles at 5 GHz; less would mean that the compiler left the loop out.
"""

SIGNATURES = {
    "binary": "void {name}(void *out, const void *a, const void *b)",
    "unary": "void {name}(void *out, const void *a)",
    "multiple": "void {name}(void *out, const void *point, const void *scalar, size_t bits)",
    "sum": "void {name}(void *out, void *points, size_t n, void *scalars, size_t bits, void *scratch)",
    "product": "void {name}(void *out, void *q, void *p, size_t n)",
    "decoding": "int {name}(void *out, const void *in)",
    "test": "int {name}(const void *in)",
    "hashing": "void {name}(void *out, const void *msg, size_t length, const void *dst, size_t dst_length,"
    " const void *aug, size_t aug_length)",
}
"""The kinds of functions that the loops call. For each there is an empty one, which returns 0."""

LOOPS = {
    "void loop_binary(binary *f, size_t count, void *x, void *y)": "f(x, x, y);",
    "void loop_unary(unary *f, size_t count, void *x)": "f(x, x);",
    "void loop_multiple(multiple *f, size_t count, void *x, void *k, size_t bits)": "f(x, x, k, bits);",
    "void loop_sum(sum *f, size_t count, void *x, void *points, size_t n, void *k, size_t bits, void *scratch)": (
        "f(x, points, n, k, bits, scratch);"
    ),
    "void loop_miller(binary *f, size_t count, void *x, void *q, void *p)": "f(x, q, p);",
    "void loop_pairing(binary *f, unary *g, size_t count, void *x, void *q, void *p)": "f(x, q, p); g(x, x);",
    "void loop_product(product *f, unary *g, size_t count, void *x, void *q, void *p, size_t n)": (
        "f(x, q, p, n); g(x, x);"
    ),
    "void loop_decoding(decoding *f, test *g, size_t count, void *x, void *in, size_t *good)": (
        "*good += f(x, in) == 0 && g(x);"
    ),
    "void loop_hashing(hashing *f, size_t count, void *x, size_t length, void *dst, size_t dst_length)": (
        "f(x, x, length, dst, dst_length, 0, 0);"
    ),
}
"""What a loop is given, and what it does ``count`` times; ``x`` is where results go."""

SIZES = {"fp": 48, "fp2": 96, "fp12": 576, "p1": 144, "p2": 288, "p1_affine": 96, "p2_affine": 192}
"""Bytes of blst's structs."""

POINTS = """
const void *blst_pN_generator(void);
void blst_pN_add_or_double(void *out, const void *a, const void *b);
void blst_pN_double(void *out, const void *a);
void blst_pN_mult(void *out, const void *point, const void *scalar, size_t bits);
void blst_pN_to_affine(void *out, const void *in);
void blst_pN_compress(void *out, const void *in);
bool blst_pN_is_equal(const void *a, const void *b);
int blst_pN_uncompress(void *out, const void *in);
int blst_pN_affine_in_gN(const void *in);
size_t blst_pNs_mult_pippenger_scratch_sizeof(size_t n);
void blst_pNs_mult_pippenger(void *out, void *points, size_t n, void *scalars, size_t bits, void *scratch);
void blst_hash_to_gN(void *out, const void *msg, size_t length, const void *dst, size_t dst_length,
                     const void *aug, size_t aug_length);
size_t blst_pN_sizeof(void);
size_t blst_pN_affine_sizeof(void);
"""

FIELDS = """
void blst_fp_from_lendian(void *out, const void *in);
void blst_fp_mul(void *out, const void *a, const void *b);
void blst_fp_sqr(void *out, const void *a);
void blst_fp2_mul(void *out, const void *a, const void *b);
void blst_fp2_sqr(void *out, const void *a);
void blst_fp12_mul(void *out, const void *a, const void *b);
void blst_fp12_sqr(void *out, const void *a);
void blst_fp12_cyclotomic_sqr(void *out, const void *a);
void blst_fp12_inverse(void *out, const void *a);
bool blst_fp12_is_equal(const void *a, const void *b);
size_t blst_fp12_sizeof(void);
void blst_miller_loop(void *out, const void *q, const void *p);
void blst_miller_loop_n(void *out, void *q, void *p, size_t n);
void blst_final_exp(void *out, const void *in);
"""


@dataclass(frozen=True)
class Case:
    """A loop, the functions it calls, functions of the same kinds that do nothing, and the loop's other arguments.

    ``kept`` is what the arguments point to and nobody else holds.
    """

    loop: Callable[..., None]
    functions: tuple[Any, ...]
    empty: tuple[Any, ...]
    arguments: tuple[Any, ...]
    kept: tuple[Any, ...]

    def run(self, count: int) -> None:
        self.loop(*self.functions, count, *self.arguments)

    def run_empty(self, count: int) -> None:
        self.loop(*self.empty, count, *self.arguments)


class Loop:
    """Times of blst by name; :meth:`names` are those there are. ImportError when ckzg or cffi is missing.

    ``pairs`` are the numbers of pairings in one product, ``points`` the sizes of the multi-scalar multiplications,
    ``bits`` the lengths of their scalars.
    """

    def __init__(
        self,
        rounds: int = ROUNDS,
        pairs: Sequence[int] = (2, 8, 32),
        points: Sequence[int] = (1024,),
        bits: Sequence[int] = (8, 255),
    ) -> None:
        self.rounds = rounds
        self._inputs = Inputs()
        self._cases: dict[str, Case] = {}
        self._makers = makers(self._inputs, pairs, points, bits)

    def names(self) -> tuple[str, ...]:
        return tuple(self._makers)

    def run(self, name: str, count: int) -> Callable[[], None]:
        """A call of blst's function ``count`` times, for a Task that takes turns with ours."""
        return partial(self._case(name).run, count)

    def seconds_per_call(self, name: str, count: int) -> float:
        """The fastest of several rounds of ``count`` calls, in processor time; the loop itself included.

        Starting the loop from Python costs about a microsecond, once for all ``count`` calls.
        """
        return self._fastest(self._case(name).run, count)

    def empty_seconds_per_call(self, name: str, count: int) -> float:
        """The same loop around functions that do nothing; a million calls hide what calling the loop costs."""
        return self._fastest(self._case(name).run_empty, count)

    def count(self, name: str, target: float = ROUND_SECONDS) -> int:
        """How many calls take about that many seconds."""
        count = 1
        while (taken := seconds(self.run(name, count))) < target / 10:
            count *= 4
        return max(1, round(count * target / taken))

    @property
    def valid(self) -> bool:
        """Whether the yardstick is sound: one multiplication in the base field, measured now, is in its range."""
        low, high = FP_MUL_SECONDS
        return low <= self.seconds_per_call("blst_fp_mul", self.count("blst_fp_mul")) <= high

    def _fastest(self, run: Callable[[int], None], count: int) -> float:
        return interleaved([Task(partial(run, count))], self.rounds)[0] / count

    def _case(self, name: str) -> Case:
        if name not in self._cases:
            self._cases[name] = self._makers[name]()
        return self._cases[name]


class Inputs:
    """Loaded functions and seeded inputs. Points come with their logarithms, so that answers can be checked."""

    def __init__(self) -> None:
        self.loops, (self.ffi, self.blst) = compiled(), loaded()
        self._random = random.Random(SEED)
        self._require_sizes()

    def case(self, loop: str, functions: dict[str, str], *arguments: Any, kept: tuple[Any, ...] = ()) -> Case:
        """A loop around functions of blst (name -> kind)."""
        own, library = self.loops.ffi, self.loops.lib
        called = [
            own.cast(f"{kind} *", int(self.ffi.cast("uintptr_t", self.ffi.addressof(self.blst, name))))
            for name, kind in functions.items()
        ]
        empty = [own.addressof(library, f"empty_{kind}") for kind in functions.values()]
        return Case(getattr(library, f"loop_{loop}"), tuple(called), tuple(empty), arguments, kept)

    def new(self, kind: str) -> Any:
        """Room for one of blst's structs."""
        return self.ffi.new("uint64_t[]", SIZES[kind] // 8)

    def copy(self, kind: str, source: Any) -> Any:
        out = self.new(kind)
        self.ffi.memmove(out, source, SIZES[kind])
        return out

    def element(self, kind: str) -> Any:
        """A random element of Fp, Fp2 or Fp12."""
        out, step = self.new(kind), SIZES["fp"] // 8
        for i in range(0, len(out), step):
            self.blst.blst_fp_from_lendian(out + i, self._random.randbytes(SIZES["fp"] - 1) + b"\0")
        return out

    def scalar(self, bits: int = 255) -> int:
        """Random, of up to that many bits; full-size ones are a little below the group order."""
        return self._random.randrange(1, min(2**bits, self.order()))

    def order(self) -> int:
        return sum(int(word) << (64 * i) for i, word in enumerate(self.blst.BLS12_381_r))

    def scalar_bytes(self, value: int) -> Any:
        return self.ffi.new("uint8_t[]", value.to_bytes(SCALAR_BYTES, "little"))

    def point(self, group: int, logarithm: int) -> Any:
        """That multiple of the generator, in Jacobian coordinates."""
        out, generator = self.new(f"p{group}"), getattr(self.blst, f"blst_p{group}_generator")()
        scalar = self.scalar_bytes(logarithm % self.order())
        getattr(self.blst, f"blst_p{group}_mult")(out, generator, scalar, 255)
        return out

    def affine(self, group: int, logarithm: int) -> Any:
        out = self.new(f"p{group}_affine")
        getattr(self.blst, f"blst_p{group}_to_affine")(out, self.point(group, logarithm))
        return out

    def pairing(self, p: int, q: int) -> Any:
        """e(p G1, q G2)."""
        out = self.new("fp12")
        self.blst.blst_miller_loop(out, self.affine(2, q), self.affine(1, p))
        self.blst.blst_final_exp(out, out)
        return out

    def pointers(self, items: Sequence[Any]) -> Any:
        """An array of pointers; the caller keeps the items."""
        return self.ffi.new("void *[]", [self.ffi.cast("void *", item) for item in items])

    def _require_sizes(self) -> None:
        for kind in ("fp12", "p1", "p2", "p1_affine", "p2_affine"):
            require(getattr(self.blst, f"blst_{kind}_sizeof")() == SIZES[kind], f"blst_{kind} has another size")


def makers(
    inputs: Inputs, pairs: Sequence[int], points: Sequence[int], bits: Sequence[int]
) -> dict[str, Callable[[], Case]]:
    """Name -> what prepares it, which is done for what is asked only."""
    out: dict[str, Callable[[], Case]] = {}
    for kind, name in (("fp", "mul"), ("fp2", "mul"), ("fp12", "mul")):
        out[f"blst_{kind}_{name}"] = partial(binary, inputs, kind, name)
    for kind, name in (("fp", "sqr"), ("fp2", "sqr"), ("fp12", "sqr"), ("fp12", "cyclotomic_sqr"), ("fp12", "inverse")):
        out[f"blst_{kind}_{name}"] = partial(unary, inputs, kind, name)
    for group in (1, 2):
        out |= group_makers(inputs, group)
    out["blst_miller_loop"] = partial(miller_loop, inputs)
    out["blst_final_exp"] = partial(final_exp, inputs)
    out["pairing"] = partial(pairing, inputs)
    out |= {f"multi_pairing.n{n}": partial(multi_pairing, inputs, n) for n in pairs}
    for group in (1, 2):
        sums = [(n, length) for n in points for length in bits]
        name = f"blst_p{group}s_mult_pippenger"
        out |= {f"{name}.n{n}.bits{b}": partial(pippenger, inputs, group, n, b) for n, b in sums}
    return out


def group_makers(inputs: Inputs, group: int) -> dict[str, Callable[[], Case]]:
    """What there is for single points of G1 or G2."""
    kind = f"p{group}"
    return {
        f"blst_{kind}_add_or_double": partial(addition, inputs, group),
        f"blst_{kind}_double": partial(doubling, inputs, group),
        f"blst_{kind}_mult": partial(multiple, inputs, group),
        f"blst_{kind}_uncompress+in_g{group}": partial(decoding, inputs, group),
        f"blst_hash_to_g{group}": partial(hashing, inputs, group),
    }


def binary(inputs: Inputs, kind: str, name: str) -> Case:
    """x = x * y in a field."""
    return inputs.case("binary", {f"blst_{kind}_{name}": "binary"}, inputs.element(kind), inputs.element(kind))


def unary(inputs: Inputs, kind: str, name: str) -> Case:
    """x = f(x) in a field. The cyclotomic squaring runs on any element at the same speed."""
    return inputs.case("unary", {f"blst_{kind}_{name}": "unary"}, inputs.element(kind))


def addition(inputs: Inputs, group: int) -> Case:
    """x = x + y, both in Jacobian coordinates."""
    name, a, b = f"blst_p{group}_add_or_double", inputs.scalar(), inputs.scalar()
    x, y = inputs.point(group, a), inputs.point(group, b)
    case = inputs.case("binary", {name: "binary"}, x, y)
    case.run(3)
    require(_equal(inputs, group, x, a + 3 * b), f"{name}: a wrong sum")
    return case


def doubling(inputs: Inputs, group: int) -> Case:
    """x = 2 x."""
    name, a = f"blst_p{group}_double", inputs.scalar()
    x = inputs.point(group, a)
    case = inputs.case("unary", {name: "unary"}, x)
    case.run(3)
    require(_equal(inputs, group, x, 8 * a), f"{name}: a wrong multiple")
    return case


def multiple(inputs: Inputs, group: int) -> Case:
    """x = k x, one k of 255 bits."""
    name, a, k = f"blst_p{group}_mult", inputs.scalar(), inputs.scalar()
    x = inputs.point(group, a)
    case = inputs.case("multiple", {name: "multiple"}, x, inputs.scalar_bytes(k), 255)
    case.run(2)
    require(_equal(inputs, group, x, k * k * a), f"{name}: a wrong multiple")
    return case


def decoding(inputs: Inputs, group: int) -> Case:
    """The same compressed point to affine coordinates, subgroup check included."""
    encoded, good = inputs.ffi.new("uint8_t[]", 48 * group), inputs.ffi.new("size_t *")
    getattr(inputs.blst, f"blst_p{group}_compress")(encoded, inputs.point(group, inputs.scalar()))
    names = {f"blst_p{group}_uncompress": "decoding", f"blst_p{group}_affine_in_g{group}": "test"}
    case = inputs.case("decoding", names, inputs.new(f"p{group}_affine"), encoded, good)
    case.run(2)
    require(good[0] == 2, f"blst_p{group}_uncompress refuses a point of the subgroup")
    return case


def hashing(inputs: Inputs, group: int) -> Case:
    """The first 32 bytes of the point before are the next message."""
    dst = inputs.ffi.new("uint8_t[]", DST)
    x = inputs.point(group, inputs.scalar())
    return inputs.case("hashing", {f"blst_hash_to_g{group}": "hashing"}, x, MESSAGE_BYTES, dst, len(DST))


def miller_loop(inputs: Inputs) -> Case:
    """The same pair of points each time."""
    q, p = inputs.affine(2, inputs.scalar()), inputs.affine(1, inputs.scalar())
    return inputs.case("miller", {"blst_miller_loop": "binary"}, inputs.new("fp12"), q, p)


def final_exp(inputs: Inputs) -> Case:
    """x = x^(3 (p^12 - 1) / r)."""
    return inputs.case("unary", {"blst_final_exp": "unary"}, inputs.element("fp12"))


def pairing(inputs: Inputs) -> Case:
    """A Miller loop and its final exponentiation."""
    a, b, x = inputs.scalar(), inputs.scalar(), inputs.new("fp12")
    names = {"blst_miller_loop": "binary", "blst_final_exp": "unary"}
    case = inputs.case("pairing", names, x, inputs.affine(2, b), inputs.affine(1, a))
    case.run(1)
    require(inputs.blst.blst_fp12_is_equal(x, inputs.pairing(a * b, 1)), "pairing: not bilinear")
    return case


def multi_pairing(inputs: Inputs, n: int) -> Case:
    """One loop for all pairs, then one final exponentiation."""
    logarithms = [(inputs.scalar(), inputs.scalar()) for _ in range(n)]
    ps, qs = [inputs.affine(1, a) for a, _ in logarithms], [inputs.affine(2, b) for _, b in logarithms]
    x, names = inputs.new("fp12"), {"blst_miller_loop_n": "product", "blst_final_exp": "unary"}
    case = inputs.case("product", names, x, inputs.pointers(qs), inputs.pointers(ps), n, kept=(ps, qs))
    case.run(1)
    product = sum(a * b for a, b in logarithms)
    require(inputs.blst.blst_fp12_is_equal(x, inputs.pairing(product, 1)), f"multi_pairing.n{n}: a wrong product")
    return case


def pippenger(inputs: Inputs, group: int, n: int, bits: int) -> Case:
    """The sum of n multiples of different points, which are in affine coordinates."""
    name = f"blst_p{group}s_mult_pippenger"
    logarithms, scalars = ([inputs.scalar(size) for _ in range(n)] for size in (64, bits))
    points, encoded = [inputs.affine(group, a) for a in logarithms], [inputs.scalar_bytes(k) for k in scalars]
    scratch = inputs.ffi.new("uint8_t[]", getattr(inputs.blst, f"{name}_scratch_sizeof")(n))
    x, pointers = inputs.new(f"p{group}"), (inputs.pointers(points), n, inputs.pointers(encoded), bits)
    case = inputs.case("sum", {name: "sum"}, x, *pointers, scratch, kept=(points, encoded))
    case.run(1)
    wanted = sum(a * k for a, k in zip(logarithms, scalars, strict=True))
    require(_equal(inputs, group, x, wanted), f"{name}: a wrong sum")
    return case


def _equal(inputs: Inputs, group: int, point: Any, logarithm: int) -> bool:
    return bool(getattr(inputs.blst, f"blst_p{group}_is_equal")(point, inputs.point(group, logarithm)))


def loaded() -> tuple[Any, Any]:
    """cffi's view of blst's functions, and the functions."""
    cffi, ckzg = (importlib.import_module(name) for name in ("cffi", "ckzg"))
    ffi = cffi.FFI()
    ffi.cdef("extern const uint64_t BLS12_381_r[4];" + FIELDS + "".join(POINTS.replace("N", str(i)) for i in (1, 2)))
    return ffi, ffi.dlopen(ckzg.__file__)


@lru_cache(maxsize=1)
def compiled() -> Any:
    """The loops, as a module with ``ffi`` and ``lib``. Needs a C compiler, Python's headers and setuptools."""
    name, ffi = "_pyfe_blst_loop", importlib.import_module("cffi").FFI()
    types = "".join(f"typedef {signature.format(name=kind)};\n" for kind, signature in SIGNATURES.items())
    empty = {signature.format(name=f"empty_{kind}"): signature for kind, signature in SIGNATURES.items()}
    ffi.cdef(types + "".join(f"{prototype};\n" for prototype in (*empty, *LOOPS)))
    nothing = {p: "return 0;" if signature.startswith("int") else "" for p, signature in empty.items()}
    repeated = {p: f"for (size_t i = 0; i < count; i++) {{ {body} }}" for p, body in LOOPS.items()}
    source = types + "".join(f"{p} {{ {body} }}\n" for p, body in (nothing | repeated).items())
    ffi.set_source(name, source, extra_compile_args=["-O2"])
    with TemporaryDirectory() as folder:
        specification = importlib.util.spec_from_file_location(name, ffi.compile(tmpdir=folder))
        if specification is None or specification.loader is None:
            raise ImportError("the compiled loops cannot be loaded")
        module = importlib.util.module_from_spec(specification)
        specification.loader.exec_module(module)
    return module


def main() -> int:
    """All times, taken in turn, on the terminal; 1 when the yardstick is not sound."""
    loop = Loop()
    counts = {name: loop.count(name) for name in loop.names()}
    times = interleaved([Task(loop.run(name, count)) for name, count in counts.items()], loop.rounds)
    print(f"{'':38} {'us a call':>12} {'of it the loop':>16}")
    for (name, count), time in zip(counts.items(), times, strict=True):
        empty = loop.empty_seconds_per_call(name, EMPTY_CALLS)
        print(f"{name:38} {1e6 * time / count:12.4f} {1e6 * empty:16.4f}")
    valid = loop.valid
    print("valid" if valid else f"not valid: blst_fp_mul is outside {FP_MUL_SECONDS} seconds")
    return int(not valid)


if __name__ == "__main__":
    sys.exit(main())
