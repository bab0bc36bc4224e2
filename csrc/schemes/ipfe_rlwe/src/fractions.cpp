#include "fractions.hpp"

#include <algorithm>
#include <bit>

namespace pyfe::ipfe_rlwe {
namespace {

uint64_t product(uint64_t a, uint64_t b, uint64_t q) { return static_cast<uint64_t>(uint128{a} * b % q); }

uint64_t shoup(uint64_t w, uint64_t q) { return static_cast<uint64_t>((uint128{w} << 64) / q); }

FractionLimb limb_of(const Parameters& p, uint64_t q) {
    FractionLimb limb{};
    uint64_t others = 1;
    for (const uint64_t other : p.primes)
        if (other != q) others = product(others, other % q, q);
    limb.q = q;
    limb.share = inverse_modulo(others, q);
    limb.share_quotient = shoup(limb.share, q);
    const int fraction = static_cast<int>(p.b + kGuardBits), longest = std::bit_width(q) - 1;
    limb.digits = (fraction + longest - 1) / longest;
    for (int d = 0, left = fraction; d < limb.digits; ++d) {
        limb.shift[d] = (left + limb.digits - d - 1) / (limb.digits - d);
        limb.quotient[d] = shoup(uint64_t{1} << limb.shift[d], q);
        left -= limb.shift[d];
    }
    return limb;
}

}  // namespace

// By Fermat
uint64_t inverse_modulo(uint64_t a, uint64_t q) {
    uint64_t out = 1;
    for (uint64_t e = q - 2; e != 0; e >>= 1, a = product(a, a, q))
        if (e & 1) out = product(out, a, q);
    return out;
}

FractionShape fraction_shape(const Parameters& p) {
    if (p.primes.size() > FractionShape::most_primes)
        fail(ErrorKind::parameter, "parameters: more than 8 primes");
    FractionShape shape{p.b, p.primes.size(), {}};
    std::ranges::transform(p.primes, shape.limb, [&](uint64_t q) { return limb_of(p, q); });
    return shape;
}

std::vector<uint64_t> delta_residues(const Parameters& p) {
    const Integer q_all = p.q(), K = Integer::of(p.K), up = divided_up(q_all, K);
    const Integer delta = up * K == q_all ? up : up - 1;
    std::vector<uint64_t> out;
    for (const uint64_t q : p.primes) {
        uint64_t rest = 0;
        for (unsigned bit = delta.bit_length(); bit-- > 0;)
            rest = static_cast<uint64_t>((uint128{rest} * 2 + (delta.bit(bit) ? 1 : 0)) % q);
        out.push_back(rest);
    }
    return out;
}

}  // namespace pyfe::ipfe_rlwe
