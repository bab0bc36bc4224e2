#include "pyfe/ipfe_rlwe/margin.hpp"

#include <algorithm>

namespace pyfe::ipfe_rlwe {

namespace {

using int128 = __int128;

// (1 + 2k 2^-16) (l1 + 1) / 2: never exceeded
Integer certain(const Integer& l1, size_t primes) { return (l1 + 1) * ((uint64_t{1} << 15) + primes); }

// 1/2 + k 2^-16 l1
Integer systematic(const Integer& l1, size_t primes) { return Integer(1 << 15) + l1 * primes; }

// 10.5^2 l2_squared / 12 in units of 2^-32: 441/4 / 12 = 147/16
Integer rounding_squared(const Integer& l2_squared) { return l2_squared * 147 << 28; }

Integer weighted(const Integer& l1, const Weights& w) { return l1 * Integer::of(w.total()); }

Weights checked(uint128 pos, uint128 neg, const Integer& square) {
    if (pos > INT64_MAX || neg > INT64_MAX || pos + neg > INT64_MAX || square.bit_length() > 128)
        fail(ErrorKind::out_of_range, "weights: sum |w| exceeds 2^63 - 1");
    return {static_cast<uint64_t>(pos), static_cast<uint64_t>(neg), square.to_u128()};
}

}  // namespace

FunctionNorms FunctionNorms::of(std::span<const int64_t> y) {
    FunctionNorms out;
    for (const int64_t v : y) {
        const uint64_t m = schemes::magnitude(v);
        out.l1 = out.l1 + m;
        out.l2_squared = out.l2_squared + Integer::of(uint128{m} * m);
    }
    return out;
}

FunctionNorms FunctionNorms::largest(uint64_t n, uint64_t y_bound) {
    return {Integer(n) * y_bound, Integer(n) * y_bound * y_bound};
}

void Weights::require_within(const Parameters& p) const {
    if (uint128{pos} + neg <= p.sum_w) return;
    const uint128 sum = std::min<uint128>(uint128{pos} + neg, UINT64_MAX);
    fail(ErrorKind::out_of_range,
         "weights: sum |w| = " + std::to_string(static_cast<uint64_t>(sum)) +
             " exceeds sum_w = " + std::to_string(p.sum_w) +
             " of the parameters; combine fewer ciphertexts, or with smaller weights");
}

Weights Weights::scaled(int64_t w) const {
    const uint64_t m = schemes::magnitude(w);
    const uint128 plus = uint128{pos} * m, minus = uint128{neg} * m;
    const Integer squares = Integer::of(square) * m * m;
    return w < 0 ? checked(minus, plus, squares) : checked(plus, minus, squares);
}

Weights Weights::sum(const Weights& a, const Weights& b, bool distinct) {
    Integer squares = Integer::of(a.square) + Integer::of(b.square);
    if (!distinct) squares = squares + square_root_up(Integer::of(a.square) * Integer::of(b.square) * 4);
    return checked(uint128{a.pos} + b.pos, uint128{a.neg} + b.neg, squares);
}

Interval result_interval(const Parameters& p, std::span<const int64_t> y, const Weights& w) {
    if (y.size() != p.n())
        fail(ErrorKind::parameter, "y has " + std::to_string(y.size()) +
                                       " columns; the parameters have n = " + std::to_string(p.n()));
    w.require_within(p);
    const int128 limit = schemes::kMaxEnd;
    const auto require = [&](int128 lo, int128 hi) {
        if (lo < -limit || hi > limit)
            fail(ErrorKind::out_of_range,
                 "y: results reach beyond 2^62; smaller weights, or columns nearer to 0, keep them below");
    };
    int128 lo = 0, hi = 0;
    for (size_t i = 0; i < y.size(); ++i) {
        const int128 a = int128{y[i]} * p.x.lo[i], b = int128{y[i]} * p.x.hi[i];
        lo += std::min(a, b);
        hi += std::max(a, b);
        require(lo, hi);
    }
    const int128 pos = w.pos, neg = w.neg;  // at most 2^62 each
    const int128 from = pos * lo - neg * hi, to = pos * hi - neg * lo;
    require(from, to);
    return {static_cast<int64_t>(from), static_cast<int64_t>(to)};
}

Integer rounding_bound(const FunctionNorms& y, const Weights& w, size_t primes) {
    const Integer l1 = weighted(y.l1, w), l2_squared = y.l2_squared * Integer::of(w.square);
    const Integer likely = square_root_up(rounding_squared(l2_squared)) + systematic(l1, primes);
    return std::min(likely, certain(l1, primes));
}

Integer noise_margin(const Parameters& p, const FunctionNorms& y, const KeyNorms& key, const Weights& w,
                     const Interval& result) {
    const Integer q = p.q(), l1 = weighted(y.l1, w), square = Integer::of(w.square);
    // (2 B_dec)^2 = 441 W2 (..), widths in units of 2^-8; A^2 in units of 2^-32: 2^(32 + 2b - 16 - 2) (..) /
    // q^2
    const Integer s2 = p.sigma[1], s3 = p.sigma[2];
    const Integer decryption =
        (s2 * s2 * (key.error_squared + key.key_squared) + s3 * s3 * y.l2_squared) * square * 441;
    const Integer a_squared = divided_up(decryption << (2 * p.b + 14), q * q);
    const uint64_t reach = std::max(schemes::magnitude(result.lo), schemes::magnitude(result.hi));
    const Integer c = divided_up(std::max(Integer::of(p.K), Integer(reach) * 2) << (p.b + kGuardBits), q * 2);
    const Integer likely =
        square_root_up(a_squared + rounding_squared(y.l2_squared * square)) + systematic(l1, p.primes.size());
    const Integer sure = square_root_up(a_squared) + certain(l1, p.primes.size());
    return std::min(likely, sure) + c;
}

bool key_too_noisy(const Parameters& p, const Integer& margin) {
    return margin * Integer::of(p.K) * 11 >= Integer(10) << (p.b - 1 + kGuardBits);
}

uint128 residual_limit(const Parameters& p, const Integer& margin) {
    return (margin * Integer::of(p.K) >> kGuardBits).to_u128();
}

}  // namespace pyfe::ipfe_rlwe
