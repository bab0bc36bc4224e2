// Constant-time multiplication of one fixed base by secret scalars, one a lane: odd multiples of the base at
// every window and signed odd digits, each of which costs one addition.
#pragma once
#include <cstddef>

#include "../odd_digits.hpp"
#include "pyfe/group/bls12_381/curve.hpp"

namespace pyfe::group::bls12_381 {

template <class C>
struct FixedBaseOf {
    using F = typename C::Base;
    using L = typename F::Lane;
    using E = typename C::E;
    using P = Point<C>;
    static constexpr int parts = Memory<E>::parts;
    using Block = PointBlock<parts>;
    // The portable lookup reads every entry, that in lanes sixteen at once.
    static constexpr int window = F::wide ? 6 : 5;
    static constexpr int entries = 1 << (window - 1);
    using Table = uint64_t[2 * parts][8][entries];  // words of x and y of the odd multiples

    static Affine<C> pick(const Table& table, const uint8_t* digits) {
        const auto d = OddDigit<F, window>::from_bytes(digits);
        const E x = Look<E>::up(table, d.index), y = Look<E>::up(table + parts, d.index);
        return {x, E::select(d.negative, E::template neg<8>(y), y), L::mask_all(false)};
    }

    // digits: [block][window][lane]
    static void multiply(const uint64_t* table, int windows, const uint8_t* digits, size_t blocks,
                         Block* out) {
        const Table* row = reinterpret_cast<const Table*>(table);
        for (size_t b = 0; b < blocks; ++b)
            for_lanes<F>([&](int lane) {
                const uint8_t* d = digits + b * size_t(windows) * 8 + lane;
                const Affine<C> first = pick(row[0], d);
                P acc = {first.x, first.y, E::one()};
                for (int w = 1; w < windows; ++w) {
                    const Affine<C> next = pick(row[w], d + 8 * w);
                    acc = P::add_affine(acc, next.x, next.y);
                }
                acc.store(out[b], lane);
            });
    }

  private:
    template <class T>
    struct Look {
        template <class I>
        static T up(const uint64_t (*table)[8][entries], const I& index) {
            return T::template lookup<entries>(table[0], index);
        }
    };
    template <class T>
    struct Look<field::bls12_381::Fp2<T>> {
        template <class I>
        static field::bls12_381::Fp2<T> up(const uint64_t (*table)[8][entries], const I& index) {
            return {T::template lookup<entries>(table[0], index),
                    T::template lookup<entries>(table[1], index)};
        }
    };
};

}  // namespace pyfe::group::bls12_381
