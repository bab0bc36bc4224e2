"""blst, through the C functions that the extension of ckzg happens to export: an oracle for the tests of BLS12-381.

Everything takes batches and returns batches, one call of C an item. The two moduli are read from blst too.

- a number is little-endian bytes: 48 of the base field (``fp``), 32 of the scalar field (``fr``), below the modulus;
- an element of an extension is a list of ints, two an element of Fp2 (real part first): [re, im] for ``fp2``, and for
  ``fp12`` the six coefficients c0.c0, c0.c1, c0.c2, c1.c0, c1.c1, c1.c2, where u^2 = -1, v^3 = 1 + u, w^2 = v;
- a point of ``g1`` or ``g2`` is its compressed encoding (48 or 96 bytes, as ZCash writes it). Points of the curve
  outside the subgroup are welcome unless a method says otherwise.
"""

from __future__ import annotations

import importlib
import random
import re
from collections.abc import Callable, Iterable, Sequence
from enum import IntEnum
from functools import reduce
from typing import Any, Generic, TypeAlias, TypeVar

Element: TypeAlias = list[int]
"""Of Fp2 or Fp12: 2 or 12 ints below p."""

Item = TypeVar("Item")

FIELDS = """
typedef struct { uint64_t l[6]; } blst_fp;
typedef struct { uint64_t l[4]; } blst_fr;
typedef struct { blst_fp fp[2]; } blst_fp2;
typedef struct { blst_fp fp[12]; } blst_fp12;
extern const uint64_t BLS12_381_P[6];
extern const uint64_t BLS12_381_r[4];
void blst_fp_from_lendian(blst_fp *out, const uint8_t in[48]);
void blst_lendian_from_fp(uint8_t out[48], const blst_fp *in);
void blst_fr_from_scalar(blst_fr *out, const uint8_t in[32]);
void blst_scalar_from_fr(uint8_t out[32], const blst_fr *in);
void blst_fp12_frobenius_map(blst_fp12 *out, const blst_fp12 *a, size_t n);
void blst_fp12_conjugate(blst_fp12 *a);
bool blst_fp12_in_group(const blst_fp12 *a);
size_t blst_fp12_sizeof(void);
void blst_miller_loop(blst_fp12 *out, const blst_p2_affine *q, const blst_p1_affine *p);
void blst_miller_loop_n(blst_fp12 *out, const blst_p2_affine *const qs[], const blst_p1_affine *const ps[], size_t n);
void blst_final_exp(blst_fp12 *out, const blst_fp12 *f);
"""

GROUP = """
typedef struct { FIELD x, y, z; } blst_pN;
typedef struct { FIELD x, y; } blst_pN_affine;
const blst_pN *blst_pN_generator(void);
void blst_pN_add_or_double(blst_pN *out, const blst_pN *a, const blst_pN *b);
void blst_pN_double(blst_pN *out, const blst_pN *a);
void blst_pN_cneg(blst_pN *p, bool flag);
void blst_pN_mult(blst_pN *out, const blst_pN *p, const uint8_t *scalar, size_t bits);
void blst_pN_from_affine(blst_pN *out, const blst_pN_affine *in);
bool blst_pN_affine_in_gN(const blst_pN_affine *p);
bool blst_pN_affine_is_inf(const blst_pN_affine *p);
void blst_pN_compress(uint8_t *out, const blst_pN *in);
void blst_pN_affine_compress(uint8_t *out, const blst_pN_affine *in);
void blst_pN_affine_serialize(uint8_t *out, const blst_pN_affine *in);
int blst_pN_uncompress(blst_pN_affine *out, const uint8_t *in);
int blst_pN_deserialize(blst_pN_affine *out, const uint8_t *in);
size_t blst_pN_sizeof(void);
size_t blst_pN_affine_sizeof(void);
size_t blst_pNs_mult_pippenger_scratch_sizeof(size_t n);
void blst_pNs_mult_pippenger(blst_pN *out, const blst_pN_affine *const points[], size_t n,
                             const uint8_t *const scalars[], size_t bits, uint64_t *scratch);
void blst_hash_to_gN(blst_pN *out, const uint8_t *msg, size_t msg_len, const uint8_t *dst, size_t dst_len,
                     const uint8_t *aug, size_t aug_len);
"""

OPERATIONS = {
    "fp": ("add", "sub", "mul", "sqr", "inverse"),
    "fr": ("add", "sub", "mul", "sqr", "inverse"),
    "fp2": ("add", "sub", "mul", "sqr", "inverse"),
    "fp12": ("mul", "sqr", "inverse", "cyclotomic_sqr"),
}
"""What each field offers under the names blst_FIELD_OPERATION."""

BINARY = ("add", "sub", "mul")


class Status(IntEnum):
    """What blst says of an encoding (its BLST_ERROR)."""

    OK = 0
    BAD_ENCODING = 1
    NOT_ON_CURVE = 2
    NOT_IN_GROUP = 3


class Library:
    """The loaded functions. ImportError when ckzg or cffi is missing, or exports less than is declared here."""

    def __init__(self) -> None:
        cffi, ckzg = (importlib.import_module(name) for name in ("cffi", "ckzg"))
        self.ffi: Any = cffi.FFI()
        declared = _declarations()
        self.ffi.cdef(declared)
        self._functions: Any = self.ffi.dlopen(ckzg.__file__)
        missing = [name for name in re.findall(r"(\w+)\(", declared) if not hasattr(self._functions, name)]
        if missing:
            raise ImportError(f"{ckzg.__file__} does not export {', '.join(missing)}")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._functions, name)

    def call(self, name: str, out_type: str, *arguments: Any) -> Any:
        """A function that writes what its first argument points to: a new one of that type, once written."""
        out = self.ffi.new(f"{out_type} *")
        getattr(self._functions, name)(out, *arguments)
        return out

    def written(self, name: str, size: int, *arguments: Any) -> bytes:
        """The bytes that such a function writes."""
        out = self.ffi.new(f"uint8_t[{size}]")
        getattr(self._functions, name)(out, *arguments)
        return bytes(out)

    def modulus(self, name: str) -> int:
        """One of the exported primes."""
        return sum(word << (64 * i) for i, word in enumerate(getattr(self._functions, name)))


class Algebra(Generic[Item]):
    """Batches through the operations of one field; how an item is loaded and stored is up to the field."""

    def __init__(self, library: Library, name: str) -> None:
        self.library, self.name = library, name

    def load(self, item: Item) -> Any:
        """As blst's struct."""
        raise NotImplementedError

    def store(self, value: Any) -> Item:
        """Back from blst's struct."""
        raise NotImplementedError

    def apply(self, operation: str, a: Sequence[Item], b: Sequence[Item] = ()) -> list[Item]:
        """An operation by its name (see OPERATIONS); ``b`` for those on two elements only."""
        if operation not in OPERATIONS[self.name]:
            raise ValueError(f"{self.name} has no {operation}")
        rows = zip(a, b, strict=True) if operation in BINARY else zip(a, strict=True)
        function, kind = f"blst_{self.name}_{operation}", f"blst_{self.name}"
        return [self.store(self.library.call(function, kind, *map(self.load, row))) for row in rows]

    def mul(self, a: Sequence[Item], b: Sequence[Item]) -> list[Item]:
        return self.apply("mul", a, b)

    def sqr(self, a: Sequence[Item]) -> list[Item]:
        return self.apply("sqr", a)

    def inverse(self, a: Sequence[Item]) -> list[Item]:
        """Of zero: zero."""
        return self.apply("inverse", a)


class Additive(Algebra[Item]):
    """The fields that blst also adds in (in Fp12 it does not)."""

    def add(self, a: Sequence[Item], b: Sequence[Item]) -> list[Item]:
        return self.apply("add", a, b)

    def sub(self, a: Sequence[Item], b: Sequence[Item]) -> list[Item]:
        return self.apply("sub", a, b)


class PrimeField(Additive[bytes]):
    """Fp or Fr, on little-endian bytes."""

    def __init__(self, library: Library, name: str, modulus: str, codec: tuple[str, str]) -> None:
        super().__init__(library, name)
        self.modulus, self._codec = library.modulus(modulus), codec
        self.size = (self.modulus.bit_length() + 7) // 8

    def load(self, item: bytes) -> Any:
        if len(item) != self.size or int.from_bytes(item, "little") >= self.modulus:
            raise ValueError(f"{self.name} takes {self.size} little-endian bytes below the modulus, not {item.hex()}")
        return self.library.call(self._codec[0], f"blst_{self.name}", item)

    def store(self, value: Any) -> bytes:
        return self.library.written(self._codec[1], self.size, value)


class _Extension(Algebra[Element]):
    """An extension of Fp of degree 2 or 12, on that many ints."""

    def __init__(self, library: Library, name: str, base: PrimeField, degree: int) -> None:
        super().__init__(library, name)
        self.base, self.degree = base, degree

    def load(self, item: Element) -> Any:
        if len(item) != self.degree:
            raise ValueError(f"{self.name} takes {self.degree} ints, not {len(item)}")
        out = self.library.ffi.new(f"blst_{self.name} *")
        for i, value in enumerate(item):
            out.fp[i] = self.base.load(value.to_bytes(self.base.size, "little"))[0]
        return out

    def store(self, value: Any) -> Element:
        fp = self.library.ffi.addressof
        stored = (self.base.store(fp(value.fp, i)) for i in range(self.degree))
        return [int.from_bytes(data, "little") for data in stored]

    def one(self) -> Element:
        return [1] + [0] * (self.degree - 1)


class Fp2(_Extension, Additive[Element]):
    """The quadratic extension, [re, im]."""


class Fp12(_Extension):
    """The target field."""

    def cyclotomic_sqr(self, a: Sequence[Element]) -> list[Element]:
        """Of elements of the cyclotomic subgroup, which is not checked: of others it is not their square."""
        return self.apply("cyclotomic_sqr", a)

    def frobenius(self, a: Sequence[Element], n: int = 1) -> list[Element]:
        """a^(p^n) for any n >= 0, in steps of at most 3, the most that blst takes."""
        steps = [3] * (n // 3) + ([n % 3] if n % 3 else [])
        name = "blst_fp12_frobenius_map"
        mapped = (reduce(lambda x, k: self.library.call(name, "blst_fp12", x, k), steps, self.load(x)) for x in a)
        return [self.store(value) for value in mapped]

    def conjugate(self, a: Sequence[Element]) -> list[Element]:
        """a^(p^6): the sign of c1 changed."""
        values = [self.load(item) for item in a]
        for value in values:
            self.library.blst_fp12_conjugate(value)
        return [self.store(value) for value in values]

    def in_group(self, a: Sequence[Element]) -> list[bool]:
        """Whether each lies in the subgroup of order r, the target group."""
        return [bool(self.library.blst_fp12_in_group(self.load(item))) for item in a]

    def power(self, a: Element, exponent: int) -> Element:
        """By squaring and multiplying, for any exponent >= 0."""
        if exponent < 0:
            raise ValueError("a negative exponent")
        base, out = self.load(a), self.load(self.one())
        for bit in f"{exponent:b}":
            out = self.library.call("blst_fp12_sqr", "blst_fp12", out)
            if bit == "1":
                out = self.library.call("blst_fp12_mul", "blst_fp12", out, base)
        return self.store(out)


class Group:
    """G1 (``index`` 1) or G2 (2) and the curve around it, on compressed points.

    Where points go in, one that is not the encoding of a point of the curve is a ValueError.
    """

    def __init__(self, library: Library, index: int, order: int) -> None:
        self.library, self.index, self.order = library, index, order
        self.size = 48 * index
        self._kind = f"blst_p{index}"

    def generator(self) -> bytes:
        return self.store(self._function("generator")())

    def infinity(self) -> bytes:
        return self.store(self.library.ffi.new(f"{self._kind} *"))

    def status(self, encodings: Iterable[bytes]) -> list[Status]:
        """blst's full verdict on compressed encodings, subgroup check included; infinity is OK."""
        return [self._status(*self._read("uncompress", item, self.size)) for item in encodings]

    def uncompress(self, encodings: Iterable[bytes]) -> list[bytes | None]:
        """x and y, big-endian, in 96 or 192 bytes; None for what is no point of the curve. No subgroup check."""
        read = (self._read("uncompress", item, self.size) for item in encodings)
        name, size = f"{self._kind}_affine_serialize", 2 * self.size
        return [self.library.written(name, size, point) if _on_curve(code) else None for code, point in read]

    def compress(self, serialized: Iterable[bytes]) -> list[bytes | None]:
        """From 96 or 192 bytes as :meth:`uncompress` gives; None for what is no point. No subgroup check."""
        read = (self._read("deserialize", item, 2 * self.size) for item in serialized)
        name = f"{self._kind}_affine_compress"
        return [self.library.written(name, self.size, point) if _on_curve(code) else None for code, point in read]

    def in_group(self, points: Iterable[bytes]) -> list[bool]:
        """Whether each point of the curve lies in the subgroup of order r; infinity does."""
        return [bool(self._function(f"affine_in_g{self.index}")(self.affine(point))) for point in points]

    def is_infinity(self, point: bytes) -> bool:
        return bool(self._function("affine_is_inf")(self.affine(point)))

    def add(self, a: Sequence[bytes], b: Sequence[bytes]) -> list[bytes]:
        """Complete: equal, opposite and infinite points too."""
        return [self.store(self._sum(self.load(x), self.load(y))) for x, y in zip(a, b, strict=True)]

    def double(self, a: Iterable[bytes]) -> list[bytes]:
        return [self.store(self._call("double", self.load(x))) for x in a]

    def neg(self, a: Iterable[bytes]) -> list[bytes]:
        points = [self.load(x) for x in a]
        for point in points:
            self._function("cneg")(point, True)
        return [self.store(point) for point in points]

    def mult(self, points: Sequence[bytes], scalars: Sequence[bytes], bits: int = 255) -> list[bytes]:
        """k P, k in 32 little-endian bytes, below 2^bits. Points of the subgroup only: blst uses an endomorphism."""
        rows = [(self.load(p), _scalar(k, bits)) for p, k in zip(self._members(points), scalars, strict=True)]
        return [self.store(self._call("mult", point, scalar, bits)) for point, scalar in rows]

    def mult_any(self, points: Sequence[bytes], scalars: Sequence[int]) -> list[bytes]:
        """k P for any point of the curve and any k >= 0, by doubling and complete addition."""
        return [self.store(self._double_and_add(self.load(p), k)) for p, k in zip(points, scalars, strict=True)]

    def msm(self, points: Sequence[bytes], scalars: Sequence[bytes], bits: int = 255) -> bytes:
        """The sum of k P, by blst's Pippenger; points and scalars as in :meth:`mult`. No points give infinity."""
        affine = [self.affine(point) for point in self._members(points)]
        limited = [_scalar(scalar, bits) for scalar in scalars]
        if len(affine) != len(limited):
            raise ValueError(f"{len(affine)} points and {len(limited)} scalars")
        if not affine:
            return self.infinity()
        ffi, name = self.library.ffi, f"{self._kind}s_mult_pippenger"
        kept = [ffi.from_buffer("uint8_t[]", scalar) for scalar in limited]
        scratch = ffi.new("uint8_t[]", getattr(self.library, f"{name}_scratch_sizeof")(len(affine)))
        pointers, words = ffi.new(f"{self._kind}_affine *[]", affine), ffi.cast("uint64_t *", scratch)
        scalar_pointers = ffi.new("uint8_t *[]", kept)
        return self.store(self.library.call(name, self._kind, pointers, len(affine), scalar_pointers, bits, words))

    def hash(self, messages: Iterable[bytes], dst: bytes) -> list[bytes]:
        """hash_to_curve of RFC 9380, the suites of BLS12-381 with SHA-256, SSWU and RO."""
        name, null = f"blst_hash_to_g{self.index}", self.library.ffi.NULL
        hashed = (self.library.call(name, self._kind, m, len(m), dst, len(dst), null, 0) for m in messages)
        return [self.store(point) for point in hashed]

    def outside(self, count: int, seed: int) -> list[bytes]:
        """Random points of the curve that do not lie in the subgroup."""
        source, found = random.Random(seed), list[bytes]()
        while len(found) < count:
            drawn = bytearray(source.randbytes(self.size))
            drawn[0] = drawn[0] & 0x3F | 0x80
            if self.status([bytes(drawn)]) == [Status.NOT_IN_GROUP]:
                found.append(bytes(drawn))
        return found

    def load(self, encoded: bytes) -> Any:
        """As blst's Jacobian point."""
        return self._call("from_affine", self.affine(encoded))

    def affine(self, encoded: bytes) -> Any:
        """As blst's affine point; any point of the curve."""
        code, point = self._read("uncompress", encoded, self.size)
        if not _on_curve(code):
            raise ValueError(f"{encoded.hex()}: {Status(code).name}")
        return point

    def store(self, point: Any) -> bytes:
        """Compressed, from a Jacobian point."""
        return self.library.written(f"{self._kind}_compress", self.size, point)

    def _members(self, points: Sequence[bytes]) -> Sequence[bytes]:
        """The same points. blst's shortcuts go wrong without a word on some of those outside the subgroup."""
        if not all(self.in_group(points)):
            raise ValueError("a point outside the subgroup; mult_any and add take those")
        return points

    def _read(self, how: str, data: bytes, size: int) -> tuple[int, Any]:
        if len(data) != size:
            raise ValueError(f"{how} takes {size} bytes, not {len(data)}")
        point = self.library.ffi.new(f"{self._kind}_affine *")
        return self._function(how)(point, data), point

    def _status(self, code: int, point: Any) -> Status:
        if code == Status.OK and not self._function(f"affine_in_g{self.index}")(point):
            return Status.NOT_IN_GROUP
        return Status(code)

    def _sum(self, a: Any, b: Any) -> Any:
        return self._call("add_or_double", a, b)

    def _double_and_add(self, point: Any, scalar: int) -> Any:
        if scalar < 0:
            raise ValueError("a negative scalar")
        out = self.library.ffi.new(f"{self._kind} *")
        for bit in f"{scalar:b}":
            out = self._call("double", out)
            out = self._sum(out, point) if bit == "1" else out
        return out

    def _function(self, name: str) -> Callable[..., Any]:
        function: Callable[..., Any] = getattr(self.library, f"{self._kind}_{name}")
        return function

    def _call(self, name: str, *arguments: Any) -> Any:
        return self.library.call(f"{self._kind}_{name}", self._kind, *arguments)


class Blst:
    """The fields, the groups, and the pairing between them.

    The pairing takes points of the subgroups; membership is not checked here. Infinity paired with anything is one.
    """

    def __init__(self) -> None:
        self.library = Library()
        self.fp = PrimeField(self.library, "fp", "BLS12_381_P", ("blst_fp_from_lendian", "blst_lendian_from_fp"))
        self.fr = PrimeField(self.library, "fr", "BLS12_381_r", ("blst_fr_from_scalar", "blst_scalar_from_fr"))
        self.p, self.r = self.fp.modulus, self.fr.modulus
        self.fp2 = Fp2(self.library, "fp2", self.fp, 2)
        self.fp12 = Fp12(self.library, "fp12", self.fp, 12)
        self.g1 = Group(self.library, 1, self.r)
        self.g2 = Group(self.library, 2, self.r)

    def miller_loop(self, ps: Sequence[bytes], qs: Sequence[bytes]) -> list[Element]:
        """One value a pair (P of G1, Q of G2). Other loops may differ by factors that the final exponent removes."""
        return [self.fp12.store(self._miller_loop(p, q)) for p, q in zip(ps, qs, strict=True)]

    def miller_loop_product(self, ps: Sequence[bytes], qs: Sequence[bytes]) -> Element:
        """The product over the pairs, in blst's one loop for all of them, which is not made for infinity."""
        rows = zip(ps, qs, strict=True)
        finite = [(p, q) for p, q in rows if not (self.g1.is_infinity(p) or self.g2.is_infinity(q))]
        if not finite:
            return self.fp12.one()
        left, right = [self.g1.affine(p) for p, _ in finite], [self.g2.affine(q) for _, q in finite]
        new = self.library.ffi.new
        pointers = (new("blst_p2_affine *[]", right), new("blst_p1_affine *[]", left))
        return self.fp12.store(self.library.call("blst_miller_loop_n", "blst_fp12", *pointers, len(finite)))

    def final_exp(self, values: Iterable[Element]) -> list[Element]:
        """f^(3 (p^12 - 1) / r): three times the exponent of the textbook."""
        loaded = (self.fp12.load(value) for value in values)
        return [self.fp12.store(self.library.call("blst_final_exp", "blst_fp12", value)) for value in loaded]

    def pairing(self, ps: Sequence[bytes], qs: Sequence[bytes]) -> list[Element]:
        """One element of the target group a pair."""
        return self.final_exp(self.miller_loop(ps, qs))

    def pairing_product(self, ps: Sequence[bytes], qs: Sequence[bytes]) -> Element:
        """The product of the pairings; of none of them, one."""
        return self.final_exp([self.miller_loop_product(ps, qs)])[0]

    def _miller_loop(self, p: bytes, q: bytes) -> Any:
        return self.library.call("blst_miller_loop", "blst_fp12", self.g2.affine(q), self.g1.affine(p))


def _declarations() -> str:
    """What cffi is told: types before the functions that use them."""
    types, functions = FIELDS.split("extern", 1)
    groups = [GROUP.replace("N", str(i)).replace("FIELD", f) for i, f in ((1, "blst_fp"), (2, "blst_fp2"))]
    operations = "".join(_operation(field, name) for field, names in OPERATIONS.items() for name in names)
    return types + "".join(groups) + operations + "extern" + functions


def _operation(field: str, name: str) -> str:
    other = f", const blst_{field} *b" if name in BINARY else ""
    return f"void blst_{field}_{name}(blst_{field} *out, const blst_{field} *a{other});\n"


def _on_curve(code: int) -> bool:
    """Decoding says NOT_IN_GROUP for one kind of point only, x = 0 in G1, which it nevertheless decodes."""
    return code in (Status.OK, Status.NOT_IN_GROUP)


def _scalar(data: bytes, bits: int) -> bytes:
    if not 0 < bits <= 256 or len(data) != 32 or int.from_bytes(data, "little") >> bits:
        raise ValueError(f"a scalar is 32 little-endian bytes below 2^{bits} (1 to 256 bits), not {data.hex()}")
    return data


# --- the self-check: what blst says must hang together, or this module reaches it wrongly -----------------------------


def check_layout(blst: Blst, source: random.Random) -> None:
    for kind in ("blst_fp12", "blst_p1", "blst_p1_affine", "blst_p2", "blst_p2_affine"):
        assert blst.library.ffi.sizeof(kind) == getattr(blst.library, f"{kind}_sizeof")(), kind
    w, v, one_plus_u = ([int(i in where) for i in range(12)] for where in ((6,), (2,), (0, 1)))
    assert blst.fp12.sqr([w]) == [v] and blst.fp12.power(v, 3) == one_plus_u


def check_fields(blst: Blst, source: random.Random) -> None:
    for field in (blst.fp, blst.fr):
        m, size = field.modulus, field.size
        a, b = ([0, 1, m - 1, *(source.randrange(m) for _ in range(20))] for _ in range(2))
        x, y = ([value.to_bytes(size, "little") for value in side] for side in (a, b))
        for name, operation in {"add": int.__add__, "sub": int.__sub__, "mul": int.__mul__}.items():
            ours = [(operation(*pair) % m).to_bytes(size, "little") for pair in zip(a, b, strict=True)]
            assert field.apply(name, x, y) == ours, (field.name, name)
        assert field.inverse(x) == [pow(value, m - 2, m).to_bytes(size, "little") for value in a]
        assert field.sqr(x) == field.mul(x, x)


def check_extensions(blst: Blst, source: random.Random) -> None:
    for field in (blst.fp2, blst.fp12):
        a = [[source.randrange(blst.p) for _ in range(field.degree)] for _ in range(3)]
        assert field.sqr(a) == field.mul(a, a)
        assert field.mul(a, field.inverse(a)) == [field.one()] * len(a)
    f = blst.fp12
    assert f.frobenius(a, 12) == f.frobenius(a, 0) == a and f.frobenius(a, 6) == f.conjugate(a)
    assert all(f.frobenius(a, n) == [f.power(x, blst.p**n) for x in a] for n in (1, 2, 3, 4))
    easy = f.mul(f.conjugate(a), f.inverse(a))
    cyclotomic = f.mul(f.frobenius(easy, 2), easy)
    assert f.cyclotomic_sqr(cyclotomic) == f.sqr(cyclotomic) and not any(f.in_group([*cyclotomic, [0] * 12]))


def check_group(group: Group, source: random.Random) -> None:
    points = group.hash([source.randbytes(i) for i in range(40)], b"self-check")
    outside, infinity = group.outside(3, source.randrange(2**32)), group.infinity()
    everything = [*points, *outside, infinity]
    assert group.in_group(everything) == [True] * 40 + [False] * 3 + [True]
    assert group.compress([item or b"" for item in group.uncompress(everything)]) == everything
    assert group.add(everything, everything) == group.double(everything) == group.mult_any(everything, [2] * 44)
    assert group.add(everything, group.neg(everything)) == [infinity] * 44
    assert group.add(everything, [infinity] * 44) == everything
    assert group.mult_any([group.generator()], [group.order]) == [infinity]
    check_multiples(group, points, source)


def check_multiples(group: Group, points: list[bytes], source: random.Random) -> None:
    for bits in (8, 128, 255):
        scalars = [source.randrange(min(2**bits, group.order)) for _ in points]
        encoded = [scalar.to_bytes(32, "little") for scalar in scalars]
        multiples = group.mult(points, encoded, bits)
        assert multiples == group.mult_any(points, scalars)
        for count in (0, 1, 2, 40):
            total = reduce(lambda a, b: group.add([a], [b])[0], multiples[:count], group.infinity())
            assert group.msm(points[:count], encoded[:count], bits) == total, (bits, count)
    mixed = [group.infinity(), points[0], points[0], *group.neg(points[:1])]
    for some in (mixed, mixed * 6):
        total = reduce(lambda a, b: group.add([a], [b])[0], some)
        assert group.msm(some, [(1).to_bytes(32, "little")] * len(some), 255) == total


def check_pairing(blst: Blst, source: random.Random) -> None:
    g, h = blst.g1.generator(), blst.g2.generator()
    a, b = (source.randrange(1, blst.r) for _ in range(2))
    p, q = blst.g1.mult_any([g], [a])[0], blst.g2.mult_any([h], [b])[0]
    base, both = blst.pairing([g, p], [h, q])
    assert base != blst.fp12.one() and blst.fp12.in_group([base, both]) == [True, True]
    assert both == blst.fp12.power(base, a * b % blst.r) and blst.fp12.power(base, blst.r) == blst.fp12.one()
    assert blst.pairing_product([p, *blst.g1.neg([p])], [q, q]) == blst.pairing_product([], []) == blst.fp12.one()
    o, oo, many = blst.g1.infinity(), blst.g2.infinity(), 20
    assert blst.pairing([o, g], [h, oo]) == [blst.fp12.one()] * 2
    assert blst.pairing_product([p, o, g, *[g] * many], [q, h, oo, *[h] * many]) == blst.fp12.power(base, a * b + many)


def check_final_exponent(blst: Blst, source: random.Random) -> None:
    f = [source.randrange(blst.p) for _ in range(12)]
    textbook = blst.fp12.power(f, (blst.p**12 - 1) // blst.r)
    found = [k for k in range(1, 13) if blst.final_exp([f]) == [blst.fp12.power(textbook, k)]]
    assert found == [3], found


def main() -> None:
    blst, source = Blst(), random.Random(12381)
    for check in (check_layout, check_fields, check_extensions, check_pairing, check_final_exponent):
        check(blst, source)
        print(f"{check.__name__}: ok")
    for group in (blst.g1, blst.g2):
        check_group(group, source)
        print(f"check_group {group.index}: ok")


if __name__ == "__main__":
    main()
