// Unsigned integers of 1024 bits: what the rule for parameters needs, exactly. Public values only; every
// operation takes time by its arguments. Nothing wraps: a result below 0 or of more bits is
// Error(out_of_range).
#pragma once
#include <array>
#include <bit>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>

#include "pyfe/base/error.hpp"

namespace pyfe::ipfe_rlwe {

using uint128 = unsigned __int128;

class Integer {
  public:
    static constexpr unsigned kWords = 16, kBits = 64 * kWords;

    constexpr Integer() = default;
    constexpr Integer(uint64_t v) : words_{v} {}
    static constexpr Integer of(uint128 v) {
        Integer out(static_cast<uint64_t>(v));
        out.words_[1] = static_cast<uint64_t>(v >> 64);
        return out;
    }
    static Integer power_of_two(unsigned exponent) { return Integer(1) << exponent; }

    // The least number of bits that hold it; 0 of 0
    unsigned bit_length() const {
        for (unsigned i = kWords; i-- > 0;)
            if (words_[i] != 0) return 64 * i + static_cast<unsigned>(std::bit_width(words_[i]));
        return 0;
    }
    bool bit(unsigned i) const { return i < kBits && (words_[i / 64] >> i % 64 & 1) != 0; }
    // Error(out_of_range) where it has more bits
    uint128 to_u128() const {
        if (bit_length() > 128) overflow("128");
        return uint128{words_[1]} << 64 | words_[0];
    }
    uint64_t to_u64() const {
        if (bit_length() > 64) overflow("64");
        return words_[0];
    }

    bool operator==(const Integer&) const = default;
    std::strong_ordering operator<=>(const Integer& o) const {
        for (unsigned i = kWords; i-- > 0;)
            if (words_[i] != o.words_[i]) return words_[i] <=> o.words_[i];
        return std::strong_ordering::equal;
    }

    Integer operator+(const Integer& o) const {
        Integer out;
        uint128 carry = 0;
        for (unsigned i = 0; i < kWords; ++i) {
            carry += uint128{words_[i]} + o.words_[i];
            out.words_[i] = static_cast<uint64_t>(carry);
            carry >>= 64;
        }
        if (carry != 0) overflow("1024");
        return out;
    }
    Integer operator-(const Integer& o) const {
        if (*this < o) fail(ErrorKind::out_of_range, "integer: a difference below 0");
        Integer out;
        uint64_t borrow = 0;
        for (unsigned i = 0; i < kWords; ++i) {
            const uint128 d = uint128{words_[i]} - o.words_[i] - borrow;
            out.words_[i] = static_cast<uint64_t>(d);
            borrow = static_cast<uint64_t>(d >> 64) & 1;
        }
        return out;
    }
    Integer operator*(const Integer& o) const {
        const unsigned a = used(), b = o.used();
        Integer out;
        for (unsigned i = 0; i < a; ++i) {
            uint64_t carry = 0;
            for (unsigned j = 0; j < b || carry != 0; ++j) {
                if (i + j >= kWords) {
                    if (carry != 0 || (j < b && words_[i] != 0)) overflow("1024");
                    break;
                }
                const uint128 t = uint128{words_[i]} * (j < b ? o.words_[j] : 0) + out.words_[i + j] + carry;
                out.words_[i + j] = static_cast<uint64_t>(t);
                carry = static_cast<uint64_t>(t >> 64);
            }
        }
        return out;
    }
    Integer operator<<(unsigned s) const {
        if (bit_length() != 0 && bit_length() + s > kBits) overflow("1024");
        Integer out;
        for (unsigned i = 0; i < kWords && i + s / 64 < kWords; ++i) {
            out.words_[i + s / 64] |= words_[i] << s % 64;
            if (s % 64 != 0 && i + s / 64 + 1 < kWords)
                out.words_[i + s / 64 + 1] = words_[i] >> (64 - s % 64);
        }
        return out;
    }
    Integer operator>>(unsigned s) const {  // rounded down
        Integer out;
        for (unsigned i = s / 64; i < kWords; ++i) {
            out.words_[i - s / 64] |= words_[i] >> s % 64;
            if (s % 64 != 0 && i + 1 < kWords) out.words_[i - s / 64] |= words_[i + 1] << (64 - s % 64);
        }
        return out;
    }

  private:
    [[noreturn]] static void overflow(const char* bits) {
        fail(ErrorKind::out_of_range, std::string("integer: more than ") + bits + " bits");
    }
    unsigned used() const { return (bit_length() + 63) / 64; }

    std::array<uint64_t, kWords> words_{};
};

// a / 2^s, rounded up
inline Integer shifted_up(const Integer& a, unsigned s) {
    const Integer down = a >> s;
    return (down << s) == a ? down : down + 1;
}

// a / b, rounded up. Error(out_of_range) for b = 0
inline Integer divided_up(const Integer& a, const Integer& b) {
    if (b == Integer(0)) fail(ErrorKind::out_of_range, "integer: a division by 0");
    Integer quotient, rest;
    for (unsigned i = a.bit_length(); i-- > 0;) {
        rest = (rest << 1) + (a.bit(i) ? 1 : 0);
        quotient = quotient << 1;
        if (rest >= b) {
            rest = rest - b;
            quotient = quotient + 1;
        }
    }
    return rest == Integer(0) ? quotient : quotient + 1;
}

// The largest r with r^k <= v, bit by bit, for k from 1 to 16 and v of at most 1008 bits
inline Integer root(const Integer& v, unsigned k) {
    Integer r;
    for (unsigned i = v.bit_length() / k + 1; i-- > 0;) {
        const Integer candidate = r + Integer::power_of_two(i);
        Integer power(1);
        for (unsigned j = 0; j < k; ++j) power = power * candidate;
        if (power <= v) r = candidate;
    }
    return r;
}

// The least r with r^2 >= v
inline Integer square_root_up(const Integer& v) {
    const Integer r = root(v, 2);
    return r * r == v ? r : r + 1;
}

}  // namespace pyfe::ipfe_rlwe
