// The compressed form of G1 and G2 (ZCash, as in draft-irtf-cfrg-pairing-friendly-curves, appendix C): x
// big-endian, the part with u first; the three top bits say compressed, infinity, and whether y is the larger
// of its two values.
#pragma once
#include "pyfe/field/memory381.hpp"
#include "pyfe/group/bls12_381/curve.hpp"
#include "pyfe/group/bls12_381/status.hpp"

namespace pyfe::group::bls12_381 {

using field::bls12_381::for_lanes, field::bls12_381::gather, field::bls12_381::spread;
using field::bls12_381::is_zero_lane, field::bls12_381::less, field::bls12_381::load_big_endian;
using field::bls12_381::store_big_endian, field::bls12_381::Words;

constexpr uint64_t kCompressed = uint64_t{1} << 63, kInfinity = uint64_t{1} << 62,
                   kLarger = uint64_t{1} << 61;

// 1 where y > (p - 1)/2
[[gnu::always_inline]] static inline uint64_t above_half(const Words& y, int lane) {
    return less(y, lane, field::bls12_381::kPPlusOneHalf) ^ 1;
}
// Field elements as integers
template <class F>
struct Integers {
    static F read(const Words* w, int lane) { return F::from_words(w[0], lane); }
    static void write(const F& a, Words* w, int lane) { a.to_words(w[0], lane); }
    static uint64_t larger(const Words* w, int lane) { return above_half(w[0], lane); }
};
template <class F>
struct Integers<Fp2<F>> {
    static Fp2<F> read(const Words* w, int lane) {
        return {F::from_words(w[0], lane), F::from_words(w[1], lane)};
    }
    static void write(const Fp2<F>& a, Words* w, int lane) {
        a.c0.to_words(w[0], lane);
        a.c1.to_words(w[1], lane);
    }
    static uint64_t larger(const Words* w, int lane) {
        const uint64_t real = is_zero_lane(w[1], lane);
        return above_half(w[1], lane) | (real & above_half(w[0], lane));
    }
};

template <class C>
struct Wire {
    using F = typename C::Base;
    using E = typename C::E;
    using P = Point<C>;
    static constexpr int parts = Memory<E>::parts;
    static constexpr size_t bytes = 48 * parts;

    // Part i of the coordinate lies in bytes 48 (parts - 1 - i) onwards.
    static void gather_words(const uint8_t* in, size_t count, Words* w) {
        for (size_t j = 0; j < 8; ++j) {
            const uint8_t* point = in + (j < count ? j : count - 1) * bytes;
            for (int part = 0; part < parts; ++part)
                for (int i = 0; i < 6; ++i)
                    w[part][i][j] = load_big_endian(point + 48 * (parts - 1 - part) + 8 * (5 - i));
        }
    }
    static void scatter_words(const Words* w, size_t count, uint8_t* out) {
        for (size_t j = 0; j < count && j < 8; ++j)
            for (int part = 0; part < parts; ++part)
                for (int i = 0; i < 6; ++i)
                    store_big_endian(out + j * bytes + 48 * (parts - 1 - part) + 8 * (5 - i), w[part][i][j]);
    }

    // Takes the flags off and judges them, and x
    static Status judge(Words* w, int lane, uint64_t* infinite, uint64_t* larger) {
        uint64_t& top = w[parts - 1][5][lane];
        const uint64_t flags = top & (kCompressed | kInfinity | kLarger);
        top ^= flags;
        *infinite = (flags & kInfinity) != 0, *larger = (flags & kLarger) != 0;
        uint64_t in_field = 1, zero = 1;
        for (int part = 0; part < parts; ++part) {
            in_field &= less(w[part], lane, field::bls12_381::kPWord);
            zero &= is_zero_lane(w[part], lane);
        }
        if ((flags & kCompressed) == 0) return Status::not_compressed;
        if (*infinite == 1) return zero == 1 && *larger == 0 ? Status::ok : Status::bad_infinity;
        return in_field == 1 ? Status::ok : Status::not_below_p;
    }

    // Eight points: strict, but for the subgroup. What is refused becomes the identity.
    static void decompress_block(const uint8_t* in, size_t count, AffineBlock<parts>& out, uint8_t* status) {
        alignas(64) Words x[parts], y[parts];
        uint64_t infinite[8], larger[8], on_curve[8], y_larger[8];
        Status judged[8];
        gather_words(in, count, x);
        for (int j = 0; j < 8; ++j) judged[j] = judge(x, j, &infinite[j], &larger[j]);
        for_lanes<F>([&](int lane) {
            const E a = Integers<E>::read(x, lane);
            typename F::Mask exists;
            const E root = square_root(E::add(E::mul(E::square(a), a), C::b()), &exists);
            spread<F>(exists, lane, on_curve);
            Integers<E>::write(root, y, lane);
            for (int j = lane; j < lane + F::lanes; ++j) {
                y_larger[j] = Integers<E>::larger(y, j);
                if (judged[j] == Status::ok && infinite[j] == 0 && on_curve[j] == 0)
                    judged[j] = Status::not_on_curve;
                infinite[j] |= static_cast<uint64_t>(judged[j] != Status::ok);
                larger[j] ^= y_larger[j];  // 1: take -y
            }
            const typename F::Mask none = gather<F>(infinite, lane), minus = gather<F>(larger, lane);
            const E signed_root = E::select(minus, E::weak(E::template neg<8>(root)), root);
            Memory<E>::store(E::select(none, E::zero(), a), out.x, lane);
            Memory<E>::store(E::select(none, E::one(), signed_root), out.y, lane);
        });
        for (size_t j = 0; j < 8; ++j) out.infinite[j] = 0 - infinite[j];
        for (size_t j = 0; j < count; ++j) status[j] = static_cast<uint8_t>(judged[j]);
    }
    static void decompress(const uint8_t* in, size_t count, AffineBlock<parts>* out, uint8_t* status) {
        for (size_t first = 0; first < count; first += 8)
            decompress_block(in + first * bytes, count - first < 8 ? count - first : 8, out[first / 8],
                             status + first);
    }

    static void encode(const AffineBlock<parts>* in, size_t count, uint8_t* out) {
        for (size_t first = 0; first < count; first += 8) {
            const AffineBlock<parts>& block = in[first / 8];
            alignas(64) Words x[parts], y[parts];
            for_lanes<F>([&](int lane) {
                Integers<E>::write(Memory<E>::load(block.x, lane), x, lane);
                Integers<E>::write(Memory<E>::load(block.y, lane), y, lane);
            });
            for (int j = 0; j < 8; ++j) {
                const uint64_t finite = ~block.infinite[j];
                for (int part = 0; part < parts; ++part)
                    for (int i = 0; i < 6; ++i) x[part][i][j] &= finite;
                x[parts - 1][5][j] |= kCompressed | (kInfinity & ~finite) |
                                      (kLarger & finite & (0 - Integers<E>::larger(y, j)));
            }
            scatter_words(x, count - first, out + first * bytes);
        }
    }
};

// One inversion for all (Montgomery's trick). The identity becomes (0, 1) with its flag set. scratch: one
// coordinate a block.
template <class C, class Invert>
void to_affine_by(Invert invert_one, const PointBlock<Memory<typename C::E>::parts>* in, size_t blocks,
                  AffineBlock<Memory<typename C::E>::parts>* out,
                  Coordinate<Memory<typename C::E>::parts>* scratch) {
    using F = typename C::Base;
    using E = typename C::E;
    using M = Memory<E>;
    for_lanes<F>([&](int lane) {
        E running = E::one();
        for (size_t b = 0; b < blocks; ++b) {
            M::store(running, scratch[b], lane);
            const E z = M::load(in[b].z, lane);
            const typename F::Mask zero = E::is_zero(z);
            uint64_t flags[8];
            spread<F>(zero, lane, flags);
            for (int j = lane; j < lane + F::lanes; ++j) out[b].infinite[j] = 0 - flags[j];
            running = E::mul(running, E::select(zero, E::one(), z));
        }
        E inverse = invert_one(running);
        for (size_t b = blocks; b-- > 0;) {
            uint64_t flags[8];
            for (int j = 0; j < 8; ++j) flags[j] = out[b].infinite[j] & 1;
            const typename F::Mask zero = gather<F>(flags, lane);
            const E z = M::load(in[b].z, lane), z_inverse = E::mul(inverse, M::load(scratch[b], lane));
            inverse = E::mul(inverse, E::select(zero, E::one(), z));
            M::store(E::select(zero, E::zero(), E::mul(M::load(in[b].x, lane), z_inverse)), out[b].x, lane);
            M::store(E::select(zero, E::one(), E::mul(M::load(in[b].y, lane), z_inverse)), out[b].y, lane);
        }
    });
}

template <class C>
struct ToAffine {
    using E = typename C::E;
    static constexpr int parts = Memory<E>::parts;
    static void constant_time(const PointBlock<parts>* in, size_t blocks, AffineBlock<parts>* out,
                              Coordinate<parts>* scratch) {
        to_affine_by<C>([](const E& a) { return invert(a); }, in, blocks, out, scratch);
    }
    static void vartime(const PointBlock<parts>* in, size_t blocks, AffineBlock<parts>* out,
                        Coordinate<parts>* scratch) {
        to_affine_by<C>([](const E& a) { return invert_vartime(a); }, in, blocks, out, scratch);
    }
};

}  // namespace pyfe::group::bls12_381
