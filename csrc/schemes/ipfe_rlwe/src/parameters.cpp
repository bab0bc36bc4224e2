#include "pyfe/ipfe_rlwe/parameters.hpp"

#include <algorithm>

#include "pyfe/base/error.hpp"
#include "pyfe/ipfe_rlwe/estimate.hpp"
#include "rule.hpp"

namespace pyfe::ipfe_rlwe {

namespace {

constexpr uint64_t kMostBound = uint64_t{1} << 62;
constexpr uint64_t kNextRing = 2 * kRing;
constexpr const char* kCure = "; columns of fewer bits, a smaller y_bound or a smaller sum_w cure it";

[[noreturn]] void refuse(const std::string& why) { fail(ErrorKind::parameter, "parameters: " + why); }

void require_bound(const char* name, uint64_t bound) {
    if (bound == 0 || bound > kMostBound)
        refuse(std::string(name) + " = " + std::to_string(bound) + " is not in 1 .. 2^62");
}

void require_variation(const Box& x) {
    if (x.lo == x.hi)
        refuse(
            "every column is constant (x_lo = x_hi), so that there is nothing to hide and no width follows; "
            "leave constants to the function's intercept");
}

}  // namespace

void require_built(uint64_t ring_dimension, Widths widths) {
    if (widths == Widths::tight)
        refuse(
            "the widths \"tight\" are refused: that ciphertexts with them hide anything has no written "
            "proof, and "
            "their noise fills the slot, so that nothing damaged is noticed; take \"paper\"");
    if (ring_dimension == 4096)
        refuse(
            "N = 4096 is refused: with the widths of the proof it falls below 128 quantum bits for all but "
            "the "
            "smallest sets; take N = 8192");
    if (ring_dimension == kNextRing) refuse("N = 16384 is not built yet; N = 8192 is the one ring dimension");
    if (ring_dimension != kRing)
        refuse("N = " + std::to_string(ring_dimension) + " is refused; N = 8192 is the one ring dimension");
}

void require_words(unsigned b, unsigned prime_bits, unsigned K_bits) {
    if (b + kGuardBits + prime_bits > 128)
        refuse("b + 16 + |q_j| = " + std::to_string(b + kGuardBits + prime_bits) +
               " bits (b = " + std::to_string(b) + ", primes of " + std::to_string(prime_bits) +
               ") exceed the 128 of the rounding's numerator" + kCure);
    if (K_bits + b > kMostWordBits)
        refuse("|K| + b = " + std::to_string(K_bits + b) + " bits (b = " + std::to_string(b) +
               ") exceed the 126 of K w" + kCure);
}

Parameters::Parameters(std::vector<int64_t> lo, std::vector<int64_t> hi, uint64_t bound, uint64_t weights,
                       const Id& ctx)
    : x{std::move(lo), std::move(hi)}, y_bound(bound), sum_w(weights), context(ctx) {
    x.require_valid("x");
    require_bound("y_bound", y_bound);
    require_bound("sum_w", sum_w);
    require_variation(x);
    const Rule rule(x, y_bound, sum_w, kRing);
    if (!secure(rule.beta))
        refuse("N = 8192 has " + rule.security() + ", and at least 128 are required" + kCure +
               "; N = 16384 is not built yet");
    const unsigned prime_bits =
        rule.primes.empty() ? ring::least_bits : static_cast<unsigned>(std::bit_width(rule.primes.back()));
    require_words(rule.b, prime_bits, rule.K.bit_length());
    if (!rule.widths_fit()) refuse("14 sigma3 exceeds 2^52, more than the sampler has" + std::string(kCure));
    std::ranges::transform(rule.sigma, sigma.begin(), [](const Integer& s) { return s.to_u64(); });
    K = rule.K.to_u128();
    b = rule.b;
    primes = rule.primes;
    beta = rule.beta;
}

Integer Parameters::q() const {
    Integer product(1);
    for (const uint64_t p : primes) product = product * p;
    return product;
}

void Parameters::write(Writer& out) const {
    out.u32(static_cast<uint32_t>(n()));
    x.write(out);
    out.u64(y_bound).u64(sum_w).bytes(context);
    out.u32(static_cast<uint32_t>(kRing)).u16(kBaseSigma).u16(kKappa).u8(kGuardBits);
    for (const uint64_t s : sigma) out.u64(s);
    out.u64(static_cast<uint64_t>(K)).u64(static_cast<uint64_t>(K >> 64));
    out.u8(static_cast<uint8_t>(b)).u8(static_cast<uint8_t>(primes.size()));
    for (const uint64_t p : primes) out.u64(p);
}

Parameters Parameters::read(Reader& in) {
    Box x = Box::read(in, in.u32("n"));
    const uint64_t bound = in.u64("y_bound"), weights = in.u64("sum_w");
    const Id context = in.array<32>("context");
    try {
        Parameters p(std::move(x.lo), std::move(x.hi), bound, weights, context);
        Writer expected;
        p.write(expected);
        const Bytes all = expected.take();
        const size_t agreed = 4 + 16 * p.n() + 8 + 8 + 32;
        const auto derived = std::span(all).subspan(agreed);
        if (!std::ranges::equal(in.bytes(derived.size(), "derived parameters"), derived))
            in.refuse("derived parameters", "are not what the rule gives for these ranges and bounds");
        return p;
    } catch (const Error& e) {
        fail(ErrorKind::decode, e.what());
    }
}

Id Parameters::id() const {
    Writer w;
    write(w);
    return schemes::tagged_hash("PYFE-V1-ipfe-rlwe-parameters", w.take());
}

}  // namespace pyfe::ipfe_rlwe
