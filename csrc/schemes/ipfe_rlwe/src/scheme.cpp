// Bermudo Mera, Karmakar, Marc, Soleimanian, Efficient lattice-based inner-product functional encryption, PKC
// 2022 (eprint 2021/046), in slots. docs/math/rlwe.md, whose notation this is:
//   mpk = (a, pk_1 .. pk_n),  pk_i = a s_i + e_i,  msk = (s_i, e_i), drawn again from 32 bytes
#include "pyfe/ipfe_rlwe/scheme.hpp"

#include <algorithm>
#include <mutex>

#include "pyfe/base/ctcheck.hpp"
#include "pyfe/base/error.hpp"
#include "pyfe/base/interrupt.hpp"
#include "pyfe/base/parallel.hpp"
#include "pyfe/random/gaussian.hpp"

namespace pyfe::ipfe_rlwe {
namespace {

// Of what a key's coefficients may reach, so that their squares sum up in 128 bits
constexpr unsigned kMostKeyBits = 56;

// z in the transform domain
void transform(const ring::Basis& basis, const int64_t* z, uint64_t* out) {
    basis.from_signed(z, out);
    basis.forward(out);
}

// pk_i = a s_i + e_i, packed
void make_pk(const MasterSecretKey& msk, const ring::Basis& basis, const Polynomial& a, size_t i,
             uint8_t* out) {
    const StackGuard wiped;
    SecretVector<int64_t> drawn(kRing);
    SecretPolynomial s(basis.words()), pk(basis.words());
    msk.draw_s(i, drawn.data());
    transform(basis, drawn.data(), s.data());
    msk.draw_e(i, drawn.data());
    transform(basis, drawn.data(), pk.data());
    basis.mul_add(a.data(), s.data(), pk.data());
    basis.pack(pk.data(), out);
}

// Sums of y_i s_i and of y_i e_i for every function, of some features
class KeySums {
  public:
    SecretVector<int64_t> s, e;  // [functions][N]

    explicit KeySums(const IntMatrix& y) : s(y.rows * kRing), e(y.rows * kRing), y_(y) {}

    void add(const MasterSecretKey& msk, size_t i) {
        const StackGuard wiped;
        SecretVector<int64_t> drawn(kRing);
        msk.draw_s(i, drawn.data());
        add_multiples(i, drawn.data(), s.data());
        msk.draw_e(i, drawn.data());
        add_multiples(i, drawn.data(), e.data());
    }
    void add(const KeySums& more) {
        for (size_t k = 0; k < s.size(); ++k) s[k] += more.s[k], e[k] += more.e[k];
    }

  private:
    void add_multiples(size_t i, const int64_t* drawn, int64_t* sums) const {
        for (size_t f = 0; f < y_.rows; ++f) {
            const int64_t y = y_.data[f * y_.columns + i];
            for (size_t k = 0; k < kRing; ++k) sums[f * kRing + k] += y * drawn[k];
        }
    }

    const IntMatrix y_;
};

void require_short(const Parameters& p, std::span<const int64_t> y, size_t f) {
    const Integer reach =
        FunctionNorms::of(y).l1 * static_cast<uint64_t>(DiscreteGaussian(p.sigma[0]).bound());
    if (reach.bit_length() > kMostKeyBits)
        fail(ErrorKind::out_of_range,
             "y: row " + std::to_string(f) +
                 ": its weights make a key of more than 56 bits a coefficient; smaller "
                 "weights cure it");
}

}  // namespace

std::pair<MasterPublicKey, MasterSecretKey> setup(const Parameters& parameters, Random& random) {
    Seed public_seed;
    random.fill(public_seed.data(), public_seed.size());
    declassify(public_seed.data(), public_seed.size());  // of a; in the clear, and related to nothing secret
    SecretVector<uint8_t> seed(MasterSecretKey::kSeedSize);
    random.fill(seed.data(), seed.size());
    MasterSecretKey draft(parameters, Id{}, std::move(seed));
    const ring::Basis basis(parameters.primes, kLogRing);
    const Polynomial a = uniform_polynomial(parameters, public_seed);
    auto [pk, out] = SharedBytes::to_write(parameters.n() * basis.packed_size());
    uint8_t* const to = out;
    parallel_for(parameters.n(),
                 [&](size_t i) { make_pk(draft, basis, a, i, to + i * basis.packed_size()); });
    declassify(to, pk.size());  // the public key
    MasterPublicKey mpk(parameters, public_seed, std::move(pk));
    MasterSecretKey msk = std::move(draft).of(mpk.id());
    return {std::move(mpk), std::move(msk)};
}

FunctionKey keygen(const MasterSecretKey& msk, const IntMatrix& y) {
    const Parameters& p = msk.parameters();
    require_functions(p, y);
    FunctionKey sk{p, msk.public_key_id(), y.rows, {y.data, y.data + y.rows * y.columns}, {}, {}, {}, {}, {}};
    for (size_t f = 0; f < y.rows; ++f) {
        require_short(p, sk.function(f), f);
        sk.intervals.push_back(result_interval(p, sk.function(f), Weights{}));
    }
    // sk_y = sum_i y_i s_i,  E = sum_i y_i e_i
    KeySums all(y);
    std::mutex mutex;
    const size_t tasks = std::min<size_t>(num_threads(), p.n());
    parallel_for(tasks, [&](size_t task) {
        KeySums some(y);
        for (size_t i = task; i < p.n(); i += tasks) some.add(msk, i);
        const std::lock_guard lock(mutex);
        all.add(some);
    });
    for (size_t f = 0; f < y.rows; ++f)
        sk.error_squared.push_back(squared_norm({all.e.data() + f * kRing, kRing}));
    sk.sk.assign(all.s.begin(), all.s.end());
    // The function key: it leaves the authority, with the noise facts that a decryption is checked by
    const std::pair<const void*, size_t> parts[] = {{sk.sk.data(), sk.sk.size() * sizeof(int64_t)},
                                                    {sk.error_squared.data(), y.rows * sizeof(uint128)}};
    for (const auto& [data, size] : parts) declassify(data, size);
    sk.require_usable();
    return sk;
}

}  // namespace pyfe::ipfe_rlwe
