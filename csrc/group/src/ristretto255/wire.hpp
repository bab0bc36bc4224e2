// The wire form of ristretto255, RFC 9496: decode (4.3.1), encode (4.3.2), and the batch form "double and
// encode" that needs no square root.
#pragma once
#include "pyfe/group/ristretto255/batch_invert.hpp"

namespace pyfe::group::ristretto255 {

using Words = uint64_t[4][8];

PYFE_KERNEL uint64_t load_word(const uint8_t* p) {
    uint64_t w;
    __builtin_memcpy(&w, p, 8);
    return w;
}

// Lanes at or beyond `count` read the last point again: padding follows the same path.
PYFE_KERNEL void gather_words(const uint8_t* in, size_t stride, size_t count, Words& w) {
    for (size_t j = 0; j < 8; ++j)
        for (size_t i = 0; i < 4; ++i) w[i][j] = load_word(in + (j < count ? j : count - 1) * stride + 8 * i);
}

PYFE_KERNEL void scatter_words(const Words& w, size_t count, uint8_t* out, size_t stride) {
    for (size_t j = 0; j < count && j < 8; ++j)
        for (size_t i = 0; i < 4; ++i) __builtin_memcpy(out + j * stride + 8 * i, &w[i][j], 8);
}

// Below p and even: checked on the words, without a branch
PYFE_KERNEL uint8_t canonical_and_even(const Words& w, int j) {
    // s + 19 >= 2^255 exactly when s >= p or bit 255 is set
    unsigned __int128 carry = static_cast<unsigned __int128>(w[0][j]) + 19;
    carry = (carry >> 64) + w[1][j];
    carry = (carry >> 64) + w[2][j];
    const unsigned __int128 top = (carry >> 64) + w[3][j];
    const uint64_t too_big = static_cast<uint64_t>(top >> 63);
    const uint64_t odd = w[0][j] & 1;
    return static_cast<uint8_t>(((too_big | (0 - too_big)) >> 63 | odd) ^ 1);
}

template <class F>
struct DecodeState {
    F s, u1, u2, v, v3;
};

template <class F>
PYFE_KERNEL DecodeState<F> decode_start(const F& s, F* radicand) {
    DecodeState<F> d;
    d.s = s;
    const F one = F::small(1), ss = F::square(s);
    d.u1 = F::sub(one, ss);
    d.u2 = F::add(one, ss);
    const F u2_sqr = F::square(d.u2);
    // v = -(d u1^2) - u2^2
    d.v = F::sub(F::small(0), F::add(F::mul(constant<F>(field::kD), F::square(d.u1)), u2_sqr));
    const F w = F::mul(d.v, u2_sqr);  // invsqrt(w) = SQRT_RATIO_M1(1, w)
    d.v3 = F::mul(F::square(w), w);
    *radicand = F::mul(F::square(d.v3), w);
    return d;
}

template <class F>
PYFE_KERNEL typename F::Mask decode_finish(const DecodeState<F>& d, const F& power, F* x, F* y) {
    typename F::Mask square;
    const F w = F::mul(d.v, F::square(d.u2));
    const F root = field::sqrt_ratio_finish(F::small(1), w, d.v3, power, &square);
    const F den_x = F::mul(root, d.u2);
    const F den_y = F::mul(F::mul(root, den_x), d.v);
    *x = field::absolute(F::mul(F::add(d.s, d.s), den_x));
    *y = F::mul(d.u1, den_y);
    const auto bad = F::Lane::mask_or(F::is_negative(F::mul(*x, *y)), F::is_zero(*y));
    return F::Lane::mask_and(square, F::Lane::mask_not(bad));
}

// K vectors of points at once
template <class F, int K>
PYFE_KERNEL void decode_chains(const Words* w, int lane, AffineBlock* out, uint8_t (*ok)[8]) {
    DecodeState<F> state[K];
    field::Chains<F, K> radicand;
    for (int c = 0; c < K; ++c) state[c] = decode_start(F::from_words(w[c], lane), &radicand.x[c]);
    const field::Chains<F, K> power = field::pow_22523(radicand);
    for (int c = 0; c < K; ++c) {
        F x, y;
        const uint8_t bits = F::Lane::mask_bits(decode_finish(state[c], power.x[c], &x, &y));
        x.store(out[c].x, lane);
        y.store(out[c].y, lane);
        for (int j = 0; j < F::lanes; ++j)
            ok[c][lane + j] = static_cast<uint8_t>((bits >> j & 1) & canonical_and_even(w[c], lane + j));
    }
}

// `blocks` vectors of `lanes` points; point j of block b starts at in + b * block_stride + j * lane_stride.
template <class F>
void decode(const uint8_t* in, size_t lane_stride, size_t block_stride, size_t lanes, size_t blocks,
            AffineBlock* out, uint8_t (*ok)[8]) {
    constexpr size_t chains = F::wide ? 2 : 1;
    for (size_t b = 0; b < blocks; b += chains) {
        Words w[chains];
        uint8_t good[chains][8];
        AffineBlock block[chains];
        for (size_t c = 0; c < chains; ++c)  // a lone last vector is decoded twice
            gather_words(in + (b + c < blocks ? b + c : b) * block_stride, lane_stride, lanes, w[c]);
        for_lanes<F>([&](int lane) { decode_chains<F, int(chains)>(w, lane, block, good); });
        for (size_t c = 0; c < chains && b + c < blocks; ++c) {
            out[b + c] = block[c];
            __builtin_memcpy(ok[b + c], good[c], 8);
        }
    }
}

template <class F>
PYFE_KERNEL F encode_point(const Point<F>& p) {
    typename F::Mask unused;
    const F u1 = F::mul(F::add(p.z, p.y), F::sub(p.z, p.y));
    const F u2 = F::mul(p.x, p.y);
    const F invsqrt = field::sqrt_ratio_m1(F::small(1), F::mul(u1, F::square(u2)), &unused);
    const F den1 = F::mul(invsqrt, u1), den2 = F::mul(invsqrt, u2);
    const F z_inv = F::mul(F::mul(den1, den2), p.t);
    const F sqrt_m1 = constant<F>(field::kSqrtM1);
    const auto rotate = F::is_negative(F::mul(p.t, z_inv));
    const F x = F::select(rotate, F::mul(p.y, sqrt_m1), p.x);
    F y = F::select(rotate, F::mul(p.x, sqrt_m1), p.y);
    const F den_inv = F::select(rotate, F::mul(den1, constant<F>(field::kInvsqrtAMinusD)), den2);
    y = F::select(F::is_negative(F::mul(x, z_inv)), F::neg(y), y);
    return field::absolute(F::mul(den_inv, F::sub(p.z, y)));
}

template <class F>
void encode(const PointBlock* in, size_t count, uint8_t* out, size_t stride) {
    for (size_t base = 0; base < count; base += 8) {
        Words w;
        for_lanes<F>([&](int lane) { encode_point(Point<F>::load(in[base / 8], lane)).to_words(w, lane); });
        scatter_words(w, count - base, out + base * stride, stride);
    }
}

// Encodes 2P from P. With e = 2XY, f = Z^2 + d T^2, g = Y^2 + X^2, h = Z^2 - d T^2 the double is the affine
// point (e/f, g/h): the encoder's u1 u2^2 is then a square whose root is known up to 1/(efgh), so one
// inversion, shared by the batch, replaces the square root (Hamburg's double-and-encode; docs/math has the
// derivation).
template <class F>
void double_and_encode(PointBlock* in, size_t count, uint8_t* out, size_t stride, Element* scratch) {
    const size_t blocks = (count + 7) / 8;
    Element* values = scratch;
    for (size_t b = 0; b < blocks; ++b)
        for_lanes<F>([&](int lane) {
            const Point<F> p = Point<F>::load(in[b], lane);
            const F xy = F::mul(p.x, p.y), zz = F::square(p.z);
            const F dtt = F::mul(F::square(p.t), constant<F>(field::kD));
            Point<F> s;  // e, f, g, h
            s.x = F::add(xy, xy);
            s.y = F::add(zz, dtt);
            s.z = F::add(F::square(p.y), F::square(p.x));
            s.t = F::sub(zz, dtt);
            s.x = F::carry(s.x), s.y = F::carry(s.y), s.z = F::carry(s.z);
            s.store(in[b], lane);
            F::mul(F::mul(s.x, s.z), F::mul(s.y, s.t)).store(values[b], lane);
        });
    batch_invert<F>(values, blocks, scratch + blocks);
    for (size_t b = 0; b < blocks; ++b) {
        Words w;
        for_lanes<F>([&](int lane) {
            const Point<F> s = Point<F>::load(in[b], lane);
            const F eg = F::mul(s.x, s.z), fh = F::mul(s.y, s.t);
            const F inverse = F::load(values[b], lane);
            const F z_inv = F::mul(eg, inverse), t_inv = F::mul(fh, inverse);
            const F sqrt_m1 = constant<F>(field::kSqrtM1);
            const auto rotate = F::is_negative(F::mul(eg, z_inv));
            const F e = F::select(rotate, s.z, s.x);
            F g = F::select(rotate, F::neg(s.x), s.z);
            const F h = F::select(rotate, F::mul(s.y, sqrt_m1), s.t);
            const F magic = F::select(rotate, sqrt_m1, constant<F>(field::kInvsqrtAMinusD));
            g = F::select(F::is_negative(F::mul(F::mul(h, e), z_inv)), F::neg(g), g);
            const F r = F::mul(F::sub(h, g), F::mul(magic, F::mul(g, t_inv)));
            field::absolute(r).to_words(w, lane);
        });
        scatter_words(w, count - 8 * b, out + 8 * b * stride, stride);
    }
}

}  // namespace pyfe::group::ristretto255
