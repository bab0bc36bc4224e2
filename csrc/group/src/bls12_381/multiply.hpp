// Constant-time multiplication of points by secret scalars, one scalar a lane. The scalar is cut along the
// endomorphism into parts (two of 128 bits in G1, four of 64 in G2: Galbraith, Lin, Scott, eprint 2008/194),
// each part into digits -8 .. 7; a digit picks its multiple by reading all eight.
#pragma once
#include "pyfe/group/bls12_381/curve.hpp"
#include "pyfe/group/bls12_381/shape.hpp"

namespace pyfe::group::bls12_381 {

// Digits come as bytes d + 8.
template <class F>
struct Digit {
    using L = typename F::Lane;
    typename F::Int magnitude;
    typename F::Mask negative;

    static Digit from_bytes(const uint8_t* bytes) {
        const auto d = L::sub(L::load_bytes(bytes), L::broadcast(8));
        const auto sign = L::template shr<63>(d);
        const auto ones = L::sub(L::broadcast(0), sign);
        return {L::sub(L::bit_xor(d, ones), ones), L::mask_not(L::is_zero(sign))};
    }
};

// P, 2P, .. 8P, and the identity for 0
template <class C>
struct Multiples {
    using F = typename C::Base;
    using P = Point<C>;
    P multiple[8];

    explicit Multiples(const P& p) {
        multiple[0] = p;
        for (int i = 1; i < 8; ++i)
            multiple[i] = i % 2 == 1 ? P::twice(multiple[i / 2]) : P::add(multiple[i - 1], p);
    }
    [[gnu::noinline]] P pick(const Digit<F>& d) const {
        using L = typename F::Lane;
        P r = P::identity();
        for (uint64_t i = 0; i < 8; ++i)
            r = P::select(L::equal(d.magnitude, L::broadcast(i + 1)), multiple[i], r);
        return P::negate_if(d.negative, r);
    }
};

// digits: [part][window][lane]
template <class C>
Point<C> multiply(const Point<C>& p, const uint8_t* digits, int lane) {
    using F = typename C::Base;
    constexpr MultiplyShape shape = multiply_shape(Memory<typename C::E>::parts);
    const Multiples<C> table(p);
    Point<C> r = Point<C>::identity();
    for (int window = shape.windows - 1; window >= 0; --window) {
        for (int i = 0; i < 4; ++i) r = Point<C>::twice(r);
        for (int part = 0; part < shape.parts; ++part) {
            const auto d = Digit<F>::from_bytes(digits + (part * shape.windows + window) * 8 + lane);
            r = Point<C>::add(r, endomorphism(table.pick(d), part));
        }
    }
    return r;
}

}  // namespace pyfe::group::bls12_381
