// Blocks of ChaCha20 (RFC 8439, 2.3) side by side: word i of all of them in one vector.
#pragma once

#include <bit>
#include <cstring>
#include <utility>

#include "pyfe/random/kernels.hpp"

#define PYFE_INLINE static inline __attribute__((always_inline))

namespace pyfe::random {

static_assert(std::endian::native == std::endian::little, "words of the stream are stored as they are");

template <class Lanes>
struct ChaCha20 {
    using V = typename Lanes::Vector;

    template <int K>
    PYFE_INLINE V rotate(V a) {
        return a << K | a >> (32 - K);
    }
    PYFE_INLINE void quarter_round(V& a, V& b, V& c, V& d) {
        a += b, d = rotate<16>(d ^ a);
        c += d, b = rotate<12>(b ^ c);
        a += b, d = rotate<8>(d ^ a);
        c += d, b = rotate<7>(b ^ c);
    }
    PYFE_INLINE void double_round(V (&x)[16]) {
        for (int i = 0; i < 4; ++i) quarter_round(x[i], x[4 + i], x[8 + i], x[12 + i]);
        for (int i = 0; i < 4; ++i)
            quarter_round(x[i], x[4 + (i + 1) % 4], x[8 + (i + 2) % 4], x[12 + (i + 3) % 4]);
    }

    // One step of a transposition: bit S of the row's number and of the lane's change places
    template <int S, int... J>
    PYFE_INLINE void exchange(V& a, V& b, std::integer_sequence<int, J...>) {
        const V low = __builtin_shufflevector(a, b, ((J & S) ? Lanes::count + J - S : J)...);
        b = __builtin_shufflevector(a, b, ((J & S) ? Lanes::count + J : J + S)...);
        a = low;
    }
    template <int S>
    PYFE_INLINE void transpose(V (&x)[16]) {
        for (int i = 0; i < 16; ++i)
            if ((i & S) == 0) exchange<S>(x[i], x[i + S], std::make_integer_sequence<int, Lanes::count>());
        if constexpr (2 * S < Lanes::count) transpose<2 * S>(x);
    }

    // Lanes::count blocks, of the counters from `counter` on
    PYFE_INLINE void blocks(const std::uint32_t state[16], std::uint64_t counter, std::uint32_t (*out)[16]) {
        V start[16], x[16];
        for (int i = 0; i < 16; ++i) start[i] = V{} + state[i];
        for (int j = 0; j < Lanes::count; ++j) {
            start[12][j] = static_cast<std::uint32_t>(counter + static_cast<unsigned>(j));
            start[13][j] = static_cast<std::uint32_t>((counter + static_cast<unsigned>(j)) >> 32);
        }
        std::memcpy(x, start, sizeof x);
        for (int round = 0; round < 10; ++round) double_round(x);
        for (int i = 0; i < 16; ++i) x[i] += start[i];
        transpose<1>(x);
        for (int i = 0; i < 16; ++i)
            std::memcpy(&out[i % Lanes::count][i / Lanes::count * Lanes::count], &x[i], sizeof x[i]);
    }

    static void run(const std::uint32_t state[16], std::size_t count, std::uint8_t* out) {
        std::uint64_t counter = std::uint64_t{state[13]} << 32 | state[12];
        while (count > 0) {
            std::uint32_t made[Lanes::count][16];
            blocks(state, counter, made);
            const std::size_t now = count < Lanes::count ? count : Lanes::count;
            std::memcpy(out, made, 64 * now);
            out += 64 * now, count -= now, counter += now;
        }
    }
};

}  // namespace pyfe::random
#undef PYFE_INLINE
