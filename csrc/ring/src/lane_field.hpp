// Residues in lanes of 64 bits, multiplied 52 bits by 52. docs/math/ring.md has the bounds.
//
// Lazy: an integer below 2^52 that is right modulo q, in the low 52 bits of a lane. What lies above them is
// noise, which no multiplication reads; only52() removes it before two such integers are compared.
#pragma once

#include "pyfe/ring/kernels.hpp"

#define PYFE_INLINE static inline __attribute__((always_inline))

namespace pyfe::ring {

template <class L>
struct LaneField {
    L q, twice, negative;  // q, 2 q, 2^52 - q
    L mask;                // 2^52 - 1

    PYFE_INLINE LaneField of(std::uint64_t q) {
        constexpr std::uint64_t all = std::uint64_t{1} << 52;
        return {L::broadcast(q), L::broadcast(2 * q), L::broadcast(all - q), L::broadcast(all - 1)};
    }
    PYFE_INLINE L only52(const LaneField& f, L a) { return L::bit_and(a, f.mask); }
    // a - bound where that is not negative; a < 2 bound, clean
    PYFE_INLINE L subtract_once(L a, L bound) { return L::min(a, L::sub(a, bound)); }

    // w a, lazy, below q (1 + a / 2^52) < 2 q: a any 52 bits, quotient = floor(w 2^52 / q)
    PYFE_INLINE L multiply_lazy(const LaneField& f, L a, L w, L quotient) {
        const L zero = L::broadcast(0);
        const L times = L::madd_hi(zero, a, quotient);
        return L::madd_lo(L::madd_lo(zero, a, w), times, f.negative);
    }
    // The same for w = 1, to the end
    PYFE_INLINE L canonical(const LaneField& f, L a, L quotient_of_one) {
        const L times = L::madd_hi(L::broadcast(0), a, quotient_of_one);
        const L below_twice = only52(f, L::madd_lo(a, times, f.negative));
        L::require_below(below_twice, f.twice);
        return subtract_once(below_twice, f.q);
    }
};

// The reduction that knows of neither factor before: the quotient by the first bits of the product is at most
// 2 too small
template <class L>
struct LaneReduction {
    using Field = LaneField<L>;
    Field field;
    L reciprocal;  // floor(2^(bits+51) / q)
    int bits;

    PYFE_INLINE LaneReduction of(const Modulus& m) {
        return {Field::of(m.q), L::broadcast(m.reciprocal >> 12), m.bits};
    }
    // a - q floor(a / q), or 1 or 2 q more, clean: a by its low 52 bits, and first = floor(a / 2^(bits-1))
    PYFE_INLINE L rest(const LaneReduction& r, L low, L first) {
        const L times = L::madd_hi(L::broadcast(0), first, r.reciprocal);
        return Field::only52(r.field, L::madd_lo(low, times, r.field.negative));
    }
    // a b below 3 q
    PYFE_INLINE L product(const LaneReduction& r, L a, L b) {
        const L zero = L::broadcast(0);
        const L first = L::madd_hi(zero, L::add(a, a), L::shl_by(b, 52 - r.bits));
        return rest(r, L::madd_lo(zero, a, b), first);
    }
    // From below 4 q
    PYFE_INLINE L canonical(const LaneReduction& r, L a) {
        L::require_below(a, L::add(r.field.twice, r.field.twice));
        return Field::subtract_once(Field::subtract_once(a, r.field.twice), r.field.q);
    }
    PYFE_INLINE L from_signed(const LaneReduction& r, L z) {
        const L negative = L::template sar<63>(z);
        const L absolute = L::sub(L::bit_xor(z, negative), negative);
        const L a = canonical(r, rest(r, absolute, L::shr_by(absolute, r.bits - 1)));
        const L turned = L::sub(L::bit_xor(a, negative), negative);
        return Field::subtract_once(L::add(turned, L::bit_and(r.field.q, negative)), r.field.q);
    }
};

}  // namespace pyfe::ring
#undef PYFE_INLINE
