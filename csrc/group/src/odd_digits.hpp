// Signed odd digits of secret scalars, for every group: a digit costs one addition and none is zero, so that
// the additions do not depend on the scalar (Joye, Tunstall, Exponent recoding and regular exponentiation
// algorithms, AFRICACRYPT 2009). The w-bit windows d_0 .. d_(m-1) of (k + 2^(wm) - 1) / 2, k odd, stand for
// 2d - (2^w - 1).
#pragma once
#include <cstddef>
#include <cstdint>

namespace pyfe::group {

// What a digit d asks for, one a lane: the odd multiple 2 index + 1, and whether it is to be negated. It is
// when the top bit of d is clear; the index is the low bits of d, or their complement.
template <class F, int Window>
struct OddDigit {
    typename F::Int index;
    typename F::Mask negative;

    [[gnu::always_inline]] static inline OddDigit from_bytes(const uint8_t* bytes) {
        using L = typename F::Lane;
        const auto d = L::load_bytes(bytes);
        const auto one = L::broadcast(1);
        const auto top = L::template shr<Window - 1>(d);  // 1: positive, 0: negative
        const auto flip = L::sub(top, one);               // 0, or all ones
        const auto low = L::broadcast((uint64_t{1} << (Window - 1)) - 1);
        return {L::bit_and(L::bit_xor(d, flip), low), L::is_zero(top)};
    }
};

// Constant-time. The digits of the odd one of k and k + order, both odd together and k below the order,
// `stride` bytes apart. k + order < 2^256 and window digits <= 319.
void recode_odd(const uint64_t (&k)[4], const uint64_t (&order)[4], int window, int digits, uint8_t* out,
                size_t stride);

}  // namespace pyfe::group
