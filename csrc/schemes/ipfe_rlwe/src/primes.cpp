#include "primes.hpp"

#include <bit>

#include "pyfe/base/error.hpp"

namespace pyfe::ipfe_rlwe {

namespace {

uint64_t times(uint64_t a, uint64_t b, uint64_t p) {
    return static_cast<uint64_t>(static_cast<unsigned __int128>(a) * b % p);
}

uint64_t power(uint64_t base, uint64_t exponent, uint64_t p) {
    uint64_t out = 1 % p;
    for (base %= p; exponent != 0; exponent >>= 1) {
        if (exponent & 1) out = times(out, base, p);
        base = times(base, base, p);
    }
    return out;
}

// Whether `base` shows p = d 2^s + 1 to be composite
bool witness(uint64_t base, uint64_t p) {
    const int s = std::countr_zero(p - 1);
    uint64_t x = power(base, (p - 1) >> s, p);
    if (x == 1) return false;
    for (int i = 0; i < s; ++i) {
        if (x == p - 1) return false;
        x = times(x, x, p);
    }
    return true;
}

}  // namespace

bool is_prime(uint64_t p) {
    constexpr uint64_t bases[] = {2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37};
    if (p < 2) return false;
    for (const uint64_t base : bases)
        if (p % base == 0) return p == base;
    for (const uint64_t base : bases)
        if (witness(base, p)) return false;
    return true;
}

uint64_t next_prime(uint64_t bound, uint64_t step) {
    for (uint64_t p = bound / step * step + 1;; p += step) {
        if (p >> 63 != 0) fail(ErrorKind::out_of_range, "primes: more than 63 bits");
        if (p > bound && is_prime(p)) return p;
    }
}

}  // namespace pyfe::ipfe_rlwe
