// How far an honest decryption can be from the middle of its slot, and where its result lies. Bounds are
// integers in units of 2^-16 (the guard bits), every term rounded up.
#pragma once
#include "pyfe/ipfe_rlwe/parameters.hpp"

namespace pyfe::ipfe_rlwe {

// Of a function y: ||y||_1 and ||y||_2^2
struct FunctionNorms {
    Integer l1, l2_squared;

    static FunctionNorms of(std::span<const int64_t> y);
    static FunctionNorms largest(uint64_t n, uint64_t y_bound);  // |y_i| = y_bound
};

// Of a function's key: ||E||^2 of the key check's error E = sum_i y_i pk_i - a sk_y, and ||sk_y||^2
struct KeyNorms {
    Integer error_squared, key_squared;
};

// The public weights w_l of a sum of ciphertexts: sum of the positive ones, of the negative ones' magnitudes,
// and W2 >= sum w_l^2. W1 = sum |w_l|.
struct Weights {
    uint64_t pos = 1, neg = 0;
    uint128 square = 1;

    uint128 total() const { return uint128{pos} + neg; }  // W1
    // Error(out_of_range), before anything is computed with a ciphertext, where W1 > sum_w
    void require_within(const Parameters& p) const;
    // Of w times the sum. Error(out_of_range) where W1 exceeds 2^63 - 1
    Weights scaled(int64_t w) const;
    // Of the sum of two. Ciphertexts known to differ: W2 adds; else sqrt W2 adds, rounded up. Likewise
    static Weights sum(const Weights& a, const Weights& b, bool distinct);
    // The worst that the parameters allow: one ciphertext sum_w times
    static Weights most(uint64_t sum_w) { return {sum_w, 0, uint128{sum_w} * sum_w}; }
    bool operator==(const Weights&) const = default;
};

// Where results lie: [w+ L - w- U, w+ U - w- L] with the interval [L, U] of <x, y>. Error(out_of_range)
// beyond +-2^62, and where sum |w| exceeds sum_w
Interval result_interval(const Parameters& p, std::span<const int64_t> y, const Weights& w);

// R = min( 10.5 sqrt(W2 ||y||_2^2 / 12) + 1/2 + k 2^-16 W1 ||y||_1,  (1 + 2k 2^-16) (W1 ||y||_1 + 1) / 2 ):
// what the roundings to b bits add up to, but for a chance of 2^-78 a slot. k primes.
Integer rounding_bound(const FunctionNorms& y, const Weights& w, size_t primes);

// B' in units of 2^-16 of a step of 2^-b q, all errors together:
//   A  = B_dec 2^b / q,  B_dec = 10.5 sqrt(W2 (sigma2^2 (||E||^2 + ||sk||^2) + sigma3^2 ||y||_2^2)),
//   C  = max(K, 2 |result|) 2^b / 2q  for floor(q/K) in the place of q/K,
//   B' = min( sqrt(A^2 + 10.5^2 W2 ||y||_2^2 / 12) + 1/2 + k 2^-16 W1 ||y||_1 + C,
//             A + C + (1 + 2k 2^-16) (W1 ||y||_1 + 1) / 2 ).
// An honest ciphertext exceeds it with a chance below 2^-65.
Integer noise_margin(const Parameters& p, const FunctionNorms& y, const KeyNorms& key, const Weights& w,
                     const Interval& result);

// 1.1 B' >= 2^(b-1) / K: keys are not made and nothing is decrypted
bool key_too_noisy(const Parameters& p, const Integer& margin);

// floor(K B'), which |K w - 2^b m| may not exceed. `margin` of a key that is not too noisy
uint128 residual_limit(const Parameters& p, const Integer& margin);

}  // namespace pyfe::ipfe_rlwe
