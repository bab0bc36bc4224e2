// Eight 64-bit lanes as a plain array: the same lane interface as Avx512 on any CPU. It exists for tests:
// valgrind and qemu cannot run AVX-512, so the constant-time check and the differential tests run the same
// templates on it.
//
// In a PYFE_VERIFY build it checks bits too: operands of multiply-adds, which read 52 of them, and what the
// fields say of their limbs and columns. A constant-time check must not branch on values, and goes without.
#pragma once
#include <cstdint>
#include <cstdlib>

#include "pyfe/base/ct.hpp"

namespace pyfe::field::emulated {

struct Lanes {
    struct Mask {
        uint64_t w[8];  // all ones or zero
    };
    // Forced inlining of an emulated multiplication makes kernels uncompilable; it is called instead.
    static constexpr bool out_of_line = true;
    // Whether the fields check bits, on the values
#if defined(PYFE_VERIFY) && !defined(PYFE_CTCHECK)
    static constexpr bool verified = true;
#else
    static constexpr bool verified = false;
#endif
    uint64_t w[8];

#ifdef PYFE_SANITIZED
#define PYFE_LOOP [[gnu::noinline]]  // instrumented and inlined, the kernels take many minutes to compile
#else
#define PYFE_LOOP
#endif
    template <class Op>
    PYFE_LOOP static Lanes map(Op op) {
        Lanes r;
        for (int i = 0; i < 8; ++i) r.w[i] = op(i);
        return r;
    }
    template <class Op>
    PYFE_LOOP static Mask map_mask(Op op) {
        Mask r;
        for (int i = 0; i < 8; ++i) r.w[i] = op(i);
        return r;
    }
    static uint64_t ones_if_zero(uint64_t a) { return ((a | (0 - a)) >> 63) - 1; }

    static Lanes load(const uint64_t* p) {
        return map([&](int i) { return p[i]; });
    }
    static Lanes load_bytes(const uint8_t* p) {
        return map([&](int i) { return uint64_t{p[i]}; });
    }
    static void store(uint64_t* p, const Lanes& a) {
        for (int i = 0; i < 8; ++i) p[i] = a.w[i];
    }
    static Lanes broadcast(uint64_t c) {
        return map([&](int) { return c; });
    }
    static Lanes add(const Lanes& a, const Lanes& b) {
        return map([&](int i) { return a.w[i] + b.w[i]; });
    }
    static Lanes sub(const Lanes& a, const Lanes& b) {
        return map([&](int i) { return a.w[i] - b.w[i]; });
    }
    static Lanes bit_and(const Lanes& a, const Lanes& b) {
        return map([&](int i) { return a.w[i] & b.w[i]; });
    }
    // b without the bits of a
    static Lanes and_not(const Lanes& a, const Lanes& b) {
        return map([&](int i) { return ~a.w[i] & b.w[i]; });
    }
    static Lanes bit_xor(const Lanes& a, const Lanes& b) {
        return map([&](int i) { return a.w[i] ^ b.w[i]; });
    }
    static Lanes bit_or(const Lanes& a, const Lanes& b) {
        return map([&](int i) { return a.w[i] | b.w[i]; });
    }
    template <int K>
    static Lanes shl(const Lanes& a) {
        return map([&](int i) { return a.w[i] << K; });
    }
    template <int K>
    static Lanes shr(const Lanes& a) {
        return map([&](int i) { return a.w[i] >> K; });
    }
    template <int K>
    static Lanes sar(const Lanes& a) {
        return map([&](int i) { return static_cast<uint64_t>(static_cast<int64_t>(a.w[i]) >> K); });
    }
    // Aborts unless a < bound, and -bound < a < bound as a signed integer, in every lane
    static void require_below(const Lanes& a, uint64_t bound) {
        for (const uint64_t w : a.w)
            if (w >= bound) std::abort();
    }
    static void require_within(const Lanes& a, int64_t bound) {
        for (const uint64_t w : a.w)
            if (static_cast<int64_t>(w) >= bound || static_cast<int64_t>(w) <= -bound) std::abort();
    }
    // For an operand of a multiply-add of which only the low 52 bits are meant
    static Lanes only52(const Lanes& a) { return bit_and(a, broadcast(low52)); }
    static constexpr uint64_t low52 = (uint64_t{1} << 52) - 1;
    // Of this thread: what an operation costs at least where multiply-adds are what a CPU runs out of
    static inline thread_local uint64_t multiply_adds = 0;
    static Lanes madd_lo(const Lanes& acc, const Lanes& a, const Lanes& b) {
        ++multiply_adds;
        if constexpr (verified) require_below(a, low52 + 1), require_below(b, low52 + 1);
        return map([&](int i) {
            return acc.w[i] +
                   (static_cast<uint64_t>(static_cast<unsigned __int128>(a.w[i] & low52) * (b.w[i] & low52)) &
                    low52);
        });
    }
    static Lanes madd_hi(const Lanes& acc, const Lanes& a, const Lanes& b) {
        ++multiply_adds;
        if constexpr (verified) require_below(a, low52 + 1), require_below(b, low52 + 1);
        return map([&](int i) {
            return acc.w[i] + static_cast<uint64_t>(
                                  (static_cast<unsigned __int128>(a.w[i] & low52) * (b.w[i] & low52)) >> 52);
        });
    }

    static Mask is_zero(const Lanes& a) {
        return map_mask([&](int i) { return ones_if_zero(a.w[i]); });
    }
    static Mask equal(const Lanes& a, const Lanes& b) { return is_zero(bit_xor(a, b)); }
    static Mask mask_and(const Mask& a, const Mask& b) {
        return map_mask([&](int i) { return a.w[i] & b.w[i]; });
    }
    static Mask mask_or(const Mask& a, const Mask& b) {
        return map_mask([&](int i) { return a.w[i] | b.w[i]; });
    }
    static Mask mask_xor(const Mask& a, const Mask& b) {
        return map_mask([&](int i) { return a.w[i] ^ b.w[i]; });
    }
    static Mask mask_not(const Mask& a) {
        return map_mask([&](int i) { return ~a.w[i]; });
    }
    static Mask mask_all(bool on) {
        return map_mask([&](int) { return 0 - uint64_t{on}; });
    }
    static uint8_t mask_bits(const Mask& m) {
        uint8_t bits = 0;
        for (int i = 0; i < 8; ++i) bits = static_cast<uint8_t>(bits | ((m.w[i] & 1) << i));
        return bits;
    }
    static Mask mask_from_bits(uint8_t bits) {
        return map_mask([&](int i) { return 0 - uint64_t{(bits >> i) & 1u}; });
    }
    static Lanes select(const Mask& m, const Lanes& on, const Lanes& off) {
        // Hidden: clang knows that a mask is one of two values, and makes the choice one of addresses.
        return map([&](int i) { return off.w[i] ^ (value_barrier(m.w[i]) & (on.w[i] ^ off.w[i])); });
    }
    static Lanes lookup16(const uint64_t* table, const Lanes& index) {
        return map([&](int i) {
            uint64_t r = 0;
            for (uint64_t e = 0; e < 16; ++e) r |= table[e] & value_barrier(ones_if_zero(e ^ index.w[i]));
            return r;
        });
    }
    template <int K>
    static Lanes rotate(const Lanes& a) {
        return map([&](int i) { return a.w[(i + K) % 8]; });
    }
    static void transpose(Lanes (&r)[8]) {
        for (int i = 0; i < 8; ++i)
            for (int j = 0; j < i; ++j) {
                const uint64_t w = r[i].w[j];
                r[i].w[j] = r[j].w[i];
                r[j].w[i] = w;
            }
    }
    static Lanes gather_vartime(const uint64_t* base, const Lanes& offset) {
        return map([&](int i) { return base[offset.w[i]]; });
    }
};

}  // namespace pyfe::field::emulated
#undef PYFE_LOOP
