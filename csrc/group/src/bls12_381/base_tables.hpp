// Constant-time multiplication of many fixed points by one secret scalar that all lanes have in common, and
// of one secret point by short numbers, one a lane. A scalar is cut along the endomorphism as in
// multiply.hpp, each part into digits -32 .. 31 of six bits; every 36 bits a part has a table of its own (a
// tooth: Lim, Lee, More flexible exponentiation with precomputation, CRYPTO 1994), so that six digits share
// the doublings.
#pragma once
#include "pyfe/group/bls12_381/curve.hpp"
#include "pyfe/group/bls12_381/table_shape.hpp"

namespace pyfe::group::bls12_381 {

template <class C>
struct BaseTablesOf {
    using F = typename C::Base;
    using L = typename F::Lane;
    using E = typename C::E;
    using M = Memory<E>;
    using P = Point<C>;
    static constexpr int parts = M::parts;
    static constexpr TableShape shape = table_shape(parts);
    using Block = PointBlock<parts>;
    using Flat = AffineBlock<parts>;

    // A digit comes as d + 32.
    struct Signed {
        typename F::Int magnitude;
        typename F::Mask negative, zero;
        template <class I>
        explicit Signed(const I& byte) {
            const auto d = L::sub(byte, L::broadcast(kTableEntries));
            const auto sign = L::template shr<63>(d), ones = L::sub(L::broadcast(0), sign);
            magnitude = L::sub(L::bit_xor(d, ones), ones);
            negative = L::mask_not(L::is_zero(sign));
            zero = L::is_zero(magnitude);
        }
    };

    // acc + d 2^(36 tooth) |x|^.. P, the multiples 1 .. 32 of which stand in `entry`
    static P add_digit(const P& acc, const Flat* entry, uint8_t digit, int part, int lane) {
        const Signed d(L::broadcast(digit));
        E x = M::load(entry[0].x, lane), y = M::load(entry[0].y, lane);
        for (uint64_t e = 1; e < kTableEntries; ++e) {
            const auto here = L::equal(d.magnitude, L::broadcast(e + 1));
            x = E::select(here, M::load(entry[e].x, lane), x);
            y = E::select(here, M::load(entry[e].y, lane), y);
        }
        const P p = P::negate_if(d.negative, endomorphism(P{x, y, E::one()}, part));
        return P::select(d.zero, acc, P::add_affine(acc, p.x, p.y));
    }

    // acc + d A for a digit a lane
    static P add_short(const P& acc, const Block* multiples, const uint8_t* digits, int lane) {
        const Signed d(L::load_bytes(digits + lane));
        P p = P::identity();
        for (uint64_t e = 0; e < kTableEntries; ++e)
            p = P::select(L::equal(d.magnitude, L::broadcast(e + 1)), P::load(multiples[e], lane), p);
        return P::add(acc, P::negate_if(d.negative, p));
    }

    static void sum(const CommonSum<parts>& in, Block* out) {
        for_lanes<F>([&](int lane) {
            P acc = P::identity();
            for (int step = in.short_steps > kTableSteps ? in.short_steps : kTableSteps; step-- > 0;) {
                for (int i = 0; i < kTableWindow; ++i) acc = P::twice(acc);
                for (size_t t = 0; step < kTableSteps && t < in.terms; ++t)
                    for (int tooth = 0; tooth < shape.teeth; ++tooth)
                        for (int part = 0; part < shape.parts; ++part)
                            acc = add_digit(
                                acc, in.table + (t * size_t(shape.teeth) + size_t(tooth)) * kTableEntries,
                                in.digits[t * shape.digits() + shape.digit(part, tooth, step)], part, lane);
                if (step < in.short_steps)
                    acc = add_short(acc, in.multiples, in.short_digits + 8 * step, lane);
            }
            acc.store(*out, lane);
        });
    }
};

}  // namespace pyfe::group::bls12_381
