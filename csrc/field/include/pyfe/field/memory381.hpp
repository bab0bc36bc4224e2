// How elements over the base field of BLS12-381 lie in memory, for the kernels of every backend: rows of
// eight words, one a lane.
#pragma once
#include <cstddef>
#include <cstdint>

#include "pyfe/field/tower.hpp"

namespace pyfe::field::bls12_381 {

// Runs body(lane) once for eight lanes, or once a lane
template <class F, class Body>
[[gnu::always_inline]] static inline void for_lanes(Body body) {
    for (int lane = 0; lane < 8; lane += F::lanes) body(lane);
}

// Eight rows for each part in the base field
template <class F>
struct Memory {
    static constexpr int parts = 1;
    static F load(const uint64_t (*p)[8], int lane) { return F::load(p, lane); }
    static void store(const F& a, uint64_t (*p)[8], int lane) { a.store(p, lane); }
};
template <class F>
struct Memory<Fp2<F>> {
    static constexpr int parts = 2;
    static Fp2<F> load(const uint64_t (*p)[8], int lane) { return {F::load(p, lane), F::load(p + 8, lane)}; }
    static void store(const Fp2<F>& a, uint64_t (*p)[8], int lane) {
        a.c0.store(p, lane);
        a.c1.store(p + 8, lane);
    }
};
template <class F>
struct Memory<Fp12<F>> {
    using M = Memory<Fp2<F>>;
    static constexpr int parts = 12;  // of 1, v, v^2, w, v w, v^2 w
    static Fp12<F> load(const uint64_t (*p)[8], int lane) {
        return {{M::load(p, lane), M::load(p + 16, lane), M::load(p + 32, lane)},
                {M::load(p + 48, lane), M::load(p + 64, lane), M::load(p + 80, lane)}};
    }
    static void store(const Fp12<F>& a, uint64_t (*p)[8], int lane) {
        M::store(a.c0.c0, p, lane), M::store(a.c0.c1, p + 16, lane), M::store(a.c0.c2, p + 32, lane);
        M::store(a.c1.c0, p + 48, lane), M::store(a.c1.c1, p + 64, lane), M::store(a.c1.c2, p + 80, lane);
    }
};

// Integers below 2^384, one a lane
using Words = uint64_t[6][8];

[[gnu::always_inline]] static inline uint64_t load_big_endian(const uint8_t* p) {
    uint64_t w;
    __builtin_memcpy(&w, p, 8);
    return __builtin_bswap64(w);
}

[[gnu::always_inline]] static inline void store_big_endian(uint8_t* p, uint64_t w) {
    w = __builtin_bswap64(w);
    __builtin_memcpy(p, &w, 8);
}

// Borrow of a - b over one lane
[[gnu::always_inline]] static inline uint64_t less(const Words& a, int lane, const uint64_t* b) {
    uint64_t borrow = 0;
    for (int i = 0; i < 6; ++i) {
        const unsigned __int128 t = static_cast<unsigned __int128>(a[i][lane]) - b[i] - borrow;
        borrow = static_cast<uint64_t>(t >> 64) & 1;
    }
    return borrow;
}

[[gnu::always_inline]] static inline uint64_t is_zero_word(uint64_t w) { return ((w | (0 - w)) >> 63) ^ 1; }
[[gnu::always_inline]] static inline uint64_t is_zero_lane(const Words& y, int lane) {
    return is_zero_word(y[0][lane] | y[1][lane] | y[2][lane] | y[3][lane] | y[4][lane] | y[5][lane]);
}

// A bit a lane, 0 or 1, from a mask over F::lanes lanes starting at `lane`
template <class F>
static void spread(const typename F::Mask& m, int lane, uint64_t (&out)[8]) {
    const uint8_t bits = F::Lane::mask_bits(m);
    for (int j = 0; j < F::lanes; ++j) out[lane + j] = bits >> j & 1;
}
template <class F>
static typename F::Mask gather(const uint64_t (&bits)[8], int lane) {
    unsigned packed = 0;
    for (int j = 0; j < F::lanes; ++j) packed |= static_cast<unsigned>(bits[lane + j] & 1) << j;
    return F::Lane::mask_from_bits(static_cast<uint8_t>(packed));
}

}  // namespace pyfe::field::bls12_381
