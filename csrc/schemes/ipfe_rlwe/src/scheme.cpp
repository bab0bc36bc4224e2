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
    declassify(out, basis.packed_size());  // of the public key
}

constexpr size_t kTogether = 64;  // pk_i that are made before they go on: 7 MB

// pk_1 .. pk_n as they are packed, in their order, some at a time
template <class Sink>
void each_pk(const MasterSecretKey& msk, const Polynomial& a, Sink sink) {
    const ring::Basis basis(msk.parameters().primes, kLogRing);
    const size_t n = msk.parameters().n(), size = basis.packed_size();
    Bytes packed(std::min(n, kTogether) * size);
    for (size_t first = 0; first < n; first += kTogether) {
        const size_t some = std::min(kTogether, n - first);
        parallel_for(some, [&](size_t i) { make_pk(msk, basis, a, first + i, &packed[i * size]); });
        sink(std::span<const uint8_t>(packed).first(some * size));
    }
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

namespace {

struct Seeds {
    Seed of_a;
    SecretVector<uint8_t> of_secrets;

    explicit Seeds(Random& random) : of_secrets(MasterSecretKey::kSeedSize) {
        random.fill(of_a.data(), of_a.size());
        declassify(of_a.data(), of_a.size());  // in the clear, and related to nothing secret
        random.fill(of_secrets.data(), of_secrets.size());
    }
};

// Makes pk_1 .. pk_n again, and shows that they are those of the public key
template <class Sink>
void each_pk_of(const MasterPublicKey& mpk, const MasterSecretKey& msk, Sink sink) {
    if (msk.public_key_id() != mpk.id())
        fail(ErrorKind::key_mismatch, "the master key belongs to another public key");
    Sha256 id = begun_id(mpk.head());
    each_pk(msk, mpk.a(), [&](std::span<const uint8_t> packed) {
        id.update(packed);
        sink(packed);
    });
    if (id.finish() != mpk.id())
        fail(ErrorKind::key_mismatch, "the master key does not give the public key that it is stored with");
}

}  // namespace

std::pair<MasterPublicKey, MasterSecretKey> setup(const Parameters& parameters, Random& random) {
    Seeds seeds(random);
    MasterSecretKey draft(parameters, Id{}, std::move(seeds.of_secrets));
    const ring::Basis basis(parameters.primes, kLogRing);
    const Polynomial a = uniform_polynomial(parameters, seeds.of_a);
    auto [pk, out] = SharedBytes::to_write(parameters.n() * basis.packed_size());
    uint8_t* to = out;
    each_pk(draft, a, [&](std::span<const uint8_t> packed) { to = std::ranges::copy(packed, to).out; });
    MasterPublicKey mpk(parameters, seeds.of_a, std::move(pk));
    MasterSecretKey msk = std::move(draft).of(mpk.id());
    return {std::move(mpk), std::move(msk)};
}

std::pair<MasterPublicKey, MasterSecretKey> setup_without_pk(const Parameters& parameters, Random& random) {
    Seeds seeds(random);
    MasterSecretKey draft(parameters, Id{}, std::move(seeds.of_secrets));
    const MasterPublicKey unnamed = MasterPublicKey::without_pk(parameters, seeds.of_a, Id{});
    Sha256 id = begun_id(unnamed.head());
    each_pk(draft, unnamed.a(), [&](std::span<const uint8_t> packed) { id.update(packed); });
    MasterPublicKey mpk = MasterPublicKey::without_pk(parameters, seeds.of_a, id.finish());
    MasterSecretKey msk = std::move(draft).of(mpk.id());
    return {std::move(mpk), std::move(msk)};
}

void write_public_key(const MasterPublicKey& mpk, const MasterSecretKey& msk, const File& file) {
    file.append(mpk.head());
    each_pk_of(mpk, msk, [&](std::span<const uint8_t> packed) { file.append(packed); });
}

MasterPublicKey remade_pk(const MasterPublicKey& mpk, std::shared_ptr<const MasterSecretKey> msk) {
    if (msk->public_key_id() != mpk.id())
        fail(ErrorKind::key_mismatch, "the master key belongs to another public key");
    const auto a = std::make_shared<const Polynomial>(mpk.a());
    const auto basis = std::make_shared<const ring::Basis>(mpk.basis());
    return mpk.made_by([msk, a, basis](size_t i, uint8_t* out) { make_pk(*msk, *basis, *a, i, out); });
}

MasterPublicKey with_pk(const MasterPublicKey& mpk, const MasterSecretKey& msk) {
    auto [pk, out] = SharedBytes::to_write(mpk.pk_size());
    uint8_t* to = out;
    each_pk_of(mpk, msk, [&](std::span<const uint8_t> packed) { to = std::ranges::copy(packed, to).out; });
    return {mpk.parameters(), mpk.seed(), std::move(pk)};
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
