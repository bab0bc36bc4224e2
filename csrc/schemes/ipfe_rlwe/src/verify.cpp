// The key check
#include <algorithm>

#include "fractions.hpp"
#include "pyfe/base/error.hpp"
#include "pyfe/base/interrupt.hpp"
#include "pyfe/ipfe_rlwe/scheme.hpp"

namespace pyfe::ipfe_rlwe {
namespace {

__extension__ using int128 = __int128;

uint64_t residue(int128 v, uint64_t q) {
    const auto r = static_cast<int64_t>(v % static_cast<int128>(q));
    return r < 0 ? static_cast<uint64_t>(r) + q : static_cast<uint64_t>(r);
}

// The coefficients of a polynomial by their residues, where they are short
class Short {
  public:
    explicit Short(const std::vector<uint64_t>& primes) : q_(primes) {
        if (q_.size() > 1) q1_inverse_ = inverse_modulo(q_[0] % q_[1], q_[1]);
    }
    // False unless there is an integer with these residues, `stride` apart, and |v| <= longest < 2^120
    bool lift(const uint64_t* c, size_t stride, uint128 longest, int64_t* out) const {
        int128 v = c[0];
        int128 modulus = q_[0];
        if (q_.size() > 1) {  // v = c_1 + q_1 ((c_2 - c_1) / q_1 mod q_2)
            const uint64_t q2 = q_[1], difference = (c[stride] + q2 - c[0] % q2) % q2;
            v += int128{q_[0]} * static_cast<int128>(uint128{difference} * q1_inverse_ % q2);
            modulus *= q2;
        }
        if (v > modulus / 2) v -= modulus;
        if (v > static_cast<int128>(longest) || -v > static_cast<int128>(longest)) return false;
        for (size_t j = 2; j < q_.size(); ++j)
            if (residue(v, q_[j]) != c[j * stride]) return false;
        *out = static_cast<int64_t>(v);
        return true;
    }

  private:
    const std::vector<uint64_t>& q_;
    uint64_t q1_inverse_ = 0;
};

// E = sum_i y_i pk_i - a sk_y of every function, in one pass over the public key
std::vector<Polynomial> errors_of(const MasterPublicKey& mpk, const FunctionKey& sk) {
    const ring::Basis& basis = mpk.basis();
    std::vector<Polynomial> out;
    for (size_t f = 0; f < sk.functions; ++f) {
        Polynomial& E = out.emplace_back(basis.words());
        basis.from_signed(sk.secret(f).data(),
                          E.data());  // not prepared(), which a key that is only read does without
        basis.forward(E.data());
        basis.mul(mpk.a().data(), E.data(), E.data());
        basis.negate(E.data(), E.data());
    }
    Polynomial scratch(basis.words());
    for (size_t i = 0; i < sk.n(); ++i) {
        checkpoint();
        const uint64_t* const pk = mpk.pk(i, scratch.data());
        for (size_t f = 0; f < sk.functions; ++f)
            if (const int64_t y = sk.function(f)[i]; y != 0) basis.scale_add(y, pk, out[f].data());
    }
    for (Polynomial& E : out) basis.inverse(E.data());
    return out;
}

bool is_sound(const FunctionKey& sk, size_t f, const Polynomial& residues) {
    const Parameters& p = sk.parameters;
    const uint128 longest = longest_coefficient(p, sk.function(f));
    if (longest > uint64_t{1} << 62) return false;
    const Short coefficients(p.primes);
    std::vector<int64_t> E(kRing);
    for (size_t k = 0; k < kRing; ++k) {
        if (!coefficients.lift(&residues[k], kRing, longest, &E[k])) return false;
        if (schemes::magnitude(sk.secret(f)[k]) > longest) return false;
    }
    const Interval exact = result_interval(p, sk.function(f), Weights{});
    return squared_norm(E) == sk.error_squared[f] && exact.lo == sk.intervals[f].lo &&
           exact.hi == sk.intervals[f].hi && !sk.too_noisy(f);
}

}  // namespace

bool verify_key_vartime(const MasterPublicKey& mpk, const FunctionKey& sk) {
    if (sk.public_key_id != mpk.id() || sk.parameters.id() != mpk.parameters().id()) return false;
    const std::vector<Polynomial> errors = errors_of(mpk, sk);
    bool sound = true;
    for (size_t f = 0; f < sk.functions; ++f) sound = is_sound(sk, f, errors[f]) && sound;
    return sound;
}

}  // namespace pyfe::ipfe_rlwe
