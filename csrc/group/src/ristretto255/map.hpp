// The one-way map of ristretto255 (RFC 9496, 4.3.4): what a hash to the group ends with.
#pragma once
#include "wire.hpp"

namespace pyfe::group::ristretto255 {

// MAP of RFC 9496, section 4.3.4 (Elligator 2 on the Jacobi quartic)
template <class F>
PYFE_KERNEL Point<F> map_to_point(const F& t) {
    const F one = F::small(1), d = constant<F>(field::kD);
    const F r = F::mul(constant<F>(field::kSqrtM1), F::square(t));
    const F u = F::mul(F::add(r, one), constant<F>(field::kOneMinusDSq));
    const F v = F::mul(F::sub(F::neg(one), F::mul(r, d)), F::add(r, d));
    typename F::Mask square;
    F s = field::sqrt_ratio_m1(u, v, &square);
    s = F::select(square, s, F::neg(field::absolute(F::mul(s, t))));
    const F c = F::select(square, F::neg(one), r);
    const F n = F::sub(F::mul(F::mul(c, F::sub(r, one)), constant<F>(field::kDMinusOneSq)), v);
    const F ss = F::square(s);
    const F w0 = F::mul(F::add(s, s), v);
    const F w1 = F::mul(n, constant<F>(field::kSqrtAdMinusOne));
    const F w2 = F::sub(one, ss), w3 = F::add(one, ss);
    return {F::mul(w0, w3), F::mul(w2, w1), F::mul(w1, w3), F::mul(w0, w2)};
}

template <class F>
void one_way_map(const uint8_t* in, size_t count, PointBlock* out) {
    for (size_t base = 0; base < count; base += 8) {
        Words low, high;
        gather_words(in + 64 * base, 64, count - base, low);
        gather_words(in + 64 * base + 32, 64, count - base, high);
        for_lanes<F>([&](int lane) {  // from_words drops bit 255, as the RFC asks
            const Point<F> p = map_to_point(F::from_words(low, lane));
            const Point<F> q = map_to_point(F::from_words(high, lane));
            add(p, Cached<F>::from(q)).store(out[base / 8], lane);
        });
    }
}

}  // namespace pyfe::group::ristretto255
