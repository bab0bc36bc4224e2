#include "pyfe/ipfe_rlwe/estimate.hpp"

#include <algorithm>

namespace pyfe::ipfe_rlwe {

namespace {

using int128 = __int128;

// log2 of 2 pi e rounded up, of pi and of 49/4 = sigma^2 rounded down, in units of 2^-40
constexpr int64_t kLog2PiE2 = 4501610798151, kLog2Pi = 1815839197581, kLog2Variance = 3974415504641;

// The logarithm of the condition, times 2 beta (beta - 1) d: the attack of dimension d works where -a d^2 + b
// d >= c. Every logarithm in it is rounded to the attacker's side.
struct Attack {
    int128 a, b, c;

    Attack(int64_t beta, int64_t ring_dimension, int64_t log_q) {
        const int64_t log_beta = static_cast<int64_t>(log2_below(static_cast<uint64_t>(beta)));
        const int128 scale = int128{2} * beta * (beta - 1);
        // 2 beta (beta - 1) log2 delta, from below: the exponent 2 beta - d - 1 is negative, as d > N > 2
        // beta
        a = int128{beta} * (log_beta - kLog2PiE2) + kLog2Pi + log_beta;
        b = (2 * beta - 1) * a + scale * log_q - scale / 2 * (kLog2Variance + log_beta);
        c = scale * (ring_dimension + 1) * log_q;
    }
    bool works_with(int64_t d) const { return (b - a * d) * d >= c; }
    // The best of all d in a range: the parabola's top, or the end next to it
    bool works(int64_t least, int64_t most) const {
        const int64_t top = static_cast<int64_t>(std::clamp<int128>(b / (2 * a), least, most));
        return works_with(top) || works_with(std::min(top + 1, most));
    }
};

}  // namespace

uint64_t log2_below(const Integer& v) {
    if (v == Integer(0)) fail(ErrorKind::out_of_range, "log2 of 0");
    const unsigned whole = v.bit_length() - 1;
    // v / 2^whole in [1, 2), 63 bits behind the point; each squaring gives a bit of its logarithm. What is
    // cut off is below 2^-62 in all, for the i-th squaring counts 2^-i times.
    uint64_t m = (whole >= 63 ? v >> (whole - 63) : v << (63 - whole)).to_u64();
    uint64_t log = whole;
    for (unsigned i = 0; i < kFractionBits; ++i) {
        const uint128 square = uint128{m} * m;
        const bool two = square >> 127 != 0;
        m = static_cast<uint64_t>(square >> (two ? 64 : 63));
        log = log << 1 | (two ? 1 : 0);
    }
    return log;
}

unsigned block_size(uint64_t ring_dimension, const Integer& q) {
    const int64_t n = static_cast<int64_t>(ring_dimension);
    const int64_t log_q = static_cast<int64_t>(log2_below(q)) + 2;
    constexpr unsigned least = 60, most = 4000;  // below 50 the formula for delta means nothing
    for (unsigned beta = least; beta < most; ++beta)
        if (Attack(beta, n, log_q).works(n + 2, 3 * n + 1)) return beta;
    return most;
}

}  // namespace pyfe::ipfe_rlwe
