#include "rule.hpp"

#include <algorithm>

#include "pyfe/ipfe_rlwe/estimate.hpp"
#include "pyfe/ipfe_rlwe/margin.hpp"
#include "pyfe/ring/modulus.hpp"

namespace pyfe::ipfe_rlwe {

namespace {

constexpr unsigned kMostPrimes = 8;
constexpr uint64_t kRoundingShare = 30;  // of the half-slot the roundings may take this part
constexpr uint64_t kNoiseShare = 256;    // and the noise of the ciphertext this one
// Squares of the constants, times 4: sigma = 3.5, 10.5 standard deviations
constexpr uint64_t kSigma4 = 49, kTail4 = 441;
static_assert(4 * kBaseSigma * kBaseSigma == kSigma4 << 16);

// Whether six equal digits stand in a row
bool has_run(const Integer& v) {
    unsigned run = 0;
    for (unsigned i = 0; i < v.bit_length(); ++i) {
        run = i > 0 && v.bit(i) == v.bit(i - 1) ? run + 1 : 1;
        if (run == 6) return true;
    }
    return false;
}

// The least prime above `bound` that is 1 modulo `step`; both far below 2^63
uint64_t next_prime(uint64_t bound, uint64_t step) {
    uint64_t p = bound / step * step + 1;
    while (p <= bound || !ring::is_prime(p)) p += step;
    return p;
}

Integer square_root_of_quarter_up(const Integer& v) { return square_root_up(shifted_up(v, 2)); }

std::string tenths(uint64_t tenths) {
    return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10);
}

}  // namespace

Integer generic_K(Integer K0) {
    do {
        K0 = K0 + (K0 * 0x9E3779B97F4A7C15 >> 68);
        if (!K0.bit(0)) K0 = K0 + 1;
    } while (has_run(K0));
    return K0;
}

Rule::Rule(const Box& x, uint64_t y_bound, uint64_t sum_w, uint64_t ring_dimension) {
    const uint64_t n = x.size();
    Integer l1, l2_squared;  // of hi - lo
    for (size_t i = 0; i < n; ++i) {
        const uint64_t width = static_cast<uint64_t>(x.hi[i]) - static_cast<uint64_t>(x.lo[i]);
        l1 = l1 + width;
        l2_squared = l2_squared + Integer::of(uint128{width} * width);
    }
    const Integer N = ring_dimension, Y = y_bound;
    // sigma1 = sqrt2 sigma ||hi - lo||, sigma2 = sqrt(2 (n + 2) kappa) N sigma sigma1, sigma3 = sqrt2 sigma2,
    // each from the one before as it was rounded
    sigma[0] = square_root_of_quarter_up(l2_squared * (2 * kSigma4) << 16);
    sigma[1] = square_root_of_quarter_up(sigma[0] * sigma[0] * N * N * (2 * kKappa * kSigma4) * (n + 2));
    sigma[2] = square_root_up(sigma[1] * sigma[1] * 2);
    K = generic_K(l1 * Y * sum_w * 2 + 1);
    // q > 2 K 256 sum_w noise, noise = 10.5 Y sqrt(n (2 N sigma1^2 sigma2^2 + sigma3^2)), in units of 2^-16
    const Integer product = sigma[0] * sigma[1];
    const Integer variance = product * product * N * 2 + (sigma[2] * sigma[2] << 16);
    const Integer noise = square_root_of_quarter_up(variance * Y * Y * n * kTail4);
    least_q = std::max(K * (2 * kNoiseShare) * sum_w * noise >> 16, K * K * 4) + 1;
    choose_primes(n, y_bound, sum_w, ring_dimension);
    beta = block_size(ring_dimension, q);
}

// The least number of primes whose longest fits the words; b depends on that number through the roundings
void Rule::choose_primes(uint64_t n, uint64_t y_bound, uint64_t sum_w, uint64_t ring_dimension) {
    const FunctionNorms y = FunctionNorms::largest(n, y_bound);
    const Weights w = Weights::most(sum_w);
    for (unsigned k = 1; k <= kMostPrimes; ++k) {
        const Integer need = K * rounding_bound(y, w, k) * (2 * kRoundingShare);  // units of 2^-16
        for (b = 0; Integer::power_of_two(b + kGuardBits) < need;) b += 4;
        const Integer least = std::max(root(least_q - 1, k) + 1, Integer::power_of_two(ring::least_bits - 1));
        if (least.bit_length() > ring::most_bits || b + kGuardBits + least.bit_length() > 128) continue;
        std::vector<uint64_t> found;
        for (uint64_t p = least.to_u64(); found.size() < k;)
            found.push_back(p = next_prime(p, 2 * ring_dimension));
        const auto bits = static_cast<unsigned>(std::bit_width(found.back()));
        if (bits > ring::most_bits || b + kGuardBits + bits > 128) continue;
        primes = std::move(found);
        q = 1;
        for (const uint64_t p : primes) q = q * p;
        return;
    }
    q = least_q;
}

// 14 sigma3 <= 2^52
bool Rule::widths_fit() const { return sigma[2] * 14 <= Integer::power_of_two(52 + 8); }

std::string Rule::security() const {
    const uint64_t log_q = (log2_below(q) * 10 + (uint64_t{1} << (kFractionBits - 1))) >> kFractionBits;
    return "log2 q = " + tenths(log_q) + ", block size " + std::to_string(beta) + ": " +
           tenths((quantum_bits_e4(beta) + 500) / 1000) + " quantum bits";
}

}  // namespace pyfe::ipfe_rlwe
