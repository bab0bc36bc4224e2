// What the sweeps over G1 and GT of BLS12-381 share. A key is the low 64 bits of a canonical integer below p,
// so that every backend makes the same tables.
#pragma once
#include "pyfe/dlog/kernels.hpp"
#include "pyfe/field/memory381.hpp"

namespace pyfe::dlog {

using field::bls12_381::for_lanes, field::bls12_381::Memory, field::bls12_381::Words;
using field::bls12_381::kPLane, field::bls12_381::kPWord;

// One lane of integers in the radix of each backend
static inline FpConstant constant_of(const Words& w, int lane) {
    constexpr uint64_t mask = (uint64_t{1} << 50) - 1;
    FpConstant c;
    for (int i = 0; i < 6; ++i) c.word[i] = w[i][lane];
    for (int i = 0; i < 8; ++i) {
        const int at = 50 * i / 64, shift = 50 * i % 64;
        const uint64_t next = shift > 14 && at < 5 ? c.word[at + 1] << (64 - shift) : 0;
        c.lane[i] = ((c.word[at] >> shift) | next) & mask;
    }
    return c;
}

// The low word of the canonical integer that an element with value below 3p stands for without Montgomery's
// factor: value - [value >= p] p - [value >= 2p] p, of which only the low word is worked out in full.
template <class F>
struct PlainWord {
    using V = typename F::Lane;
    // -1 where a is below m p, else 0: the sign of the difference, carried upward
    template <int M>
    [[gnu::always_inline]] static inline V below(const F& a) {
        V carry = V::broadcast(0);
        for (int i = 0; i < 8; ++i) {
            const V d = V::add(V::sub(a.l[i], V::broadcast(M * kPLane[i])), carry);
            carry = V::template sar<50>(d);
        }
        return V::template sar<50>(carry);
    }
    [[gnu::always_inline]] static inline V of(const F& a) {
        const V p = V::broadcast(kPLane[0] | kPLane[1] << 50);
        const V low = V::add(a.l[0], V::template shl<50>(a.l[1]));
        const V not_twice = V::bit_and(p, below<2>(a)), not_once = V::bit_and(p, below<1>(a));
        return V::add(V::add(V::sub(low, V::add(p, p)), not_twice), not_once);
    }
};

[[gnu::always_inline]] static inline bool less_word(uint64_t (&w)[6]) {
    uint64_t d[6], borrow = 0;
    for (int i = 0; i < 6; ++i) {
        const unsigned __int128 t = static_cast<unsigned __int128>(w[i]) - kPWord[i] - borrow;
        d[i] = static_cast<uint64_t>(t);
        borrow = static_cast<uint64_t>(t >> 64) & 1;
    }
    if (borrow != 0) return false;
    for (int i = 0; i < 6; ++i) w[i] = d[i];
    return true;
}

// The same, stored in row[lane]
template <class F>
[[gnu::always_inline]] static inline void store_plain_word(const F& a, uint64_t* row, int lane) {
    if constexpr (F::wide) {
        F::Lane::store(row, PlainWord<F>::of(a));
    } else {
        uint64_t w[6];
        for (int i = 0; i < 6; ++i) w[i] = a.w[i];
        while (less_word(w)) continue;
        row[lane] = w[0];
    }
}

// The low words of canonical integers
template <class F>
void store_keys(const Coordinate<1>& a, uint64_t (&keys)[8]) {
    alignas(64) Words w;
    for_lanes<F>([&](int lane) { F::load(a, lane).to_words(w, lane); });
    for (int j = 0; j < 8; ++j) keys[j] = w[0][j];
}

}  // namespace pyfe::dlog
