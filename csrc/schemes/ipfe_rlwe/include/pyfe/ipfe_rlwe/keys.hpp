// The keys of inner products from Ring-LWE, and their byte forms: docs/math/rlwe.md, "The wire". A polynomial
// is k N words, prime after prime (ring/basis.hpp); packed it takes |q_j| bits a residue.
#pragma once
#include <atomic>
#include <functional>
#include <memory>
#include <optional>

#include "pyfe/base/secret.hpp"
#include "pyfe/base/shared_bytes.hpp"
#include "pyfe/hash/sha2.hpp"
#include "pyfe/ipfe_rlwe/file.hpp"
#include "pyfe/ipfe_rlwe/margin.hpp"
#include "pyfe/ring/basis.hpp"
#include "pyfe/schemes/readout.hpp"

namespace pyfe::ipfe_rlwe {

using schemes::Readout;

using Seed = std::array<uint8_t, 32>;
using Polynomial = std::vector<uint64_t>;
using SecretPolynomial = SecretVector<uint64_t>;

// mpk = (a, pk_1 .. pk_n): the seed that a follows from, and the pk_i as they are packed. They lie in memory,
// in a file, or nowhere: whoever has the master key makes them again, and needs no more than their hash.
class MasterPublicKey {
  public:
    // Error(decode) for a residue that is not below its prime, a pk_i that is zero, and two that are equal or
    // opposite
    MasterPublicKey(Parameters p, const Seed& seed, SharedBytes pk);
    // The key that the `size` bytes of a file from `at` on are: checked likewise, in one pass. A hash of each
    // pk_i stays in memory, and what is read later is held against it.
    static MasterPublicKey open(const File& file, uint64_t at, uint64_t size);
    // Of pk_i that lie nowhere, known by the id of the whole
    static MasterPublicKey without_pk(Parameters p, const Seed& seed, const Id& id);
    // The same, each pk_i made by `make(i, out)`, packed, whenever it is asked for
    using Make = std::function<void(size_t, uint8_t*)>;
    MasterPublicKey made_by(Make make) const;

    const Parameters& parameters() const { return parameters_; }
    const ring::Basis& basis() const { return basis_; }
    const Seed& seed() const { return seed_; }
    const Id& id() const { return id_; }
    bool has_pk() const { return pk_.size() > 0 || file_ != nullptr || make_ != nullptr; }
    // Both in the transform domain. Error(parameter) where the pk_i lie nowhere; Error(decode) where the file
    // was changed
    const Polynomial& a() const { return *a_; }
    void read_pk(size_t i, uint64_t* out) const;
    // The same where it is kept, which it is up to kMostKept bytes of all together, or in `scratch`
    const uint64_t* pk(size_t i, uint64_t* scratch) const;

    // parameters | seed of a | pk_1 .. pk_n; where the pk_i lie nowhere, the id in their place. Those of a
    // file are read
    std::vector<SharedBytes> pieces() const;
    Bytes to_bytes() const { return joined(pieces()); }
    static MasterPublicKey from_bytes(const SharedBytes& data);  // which it keeps
    static MasterPublicKey from_bytes(std::span<const uint8_t> data) {
        return from_bytes(SharedBytes::copy(data));
    }
    // parameters | seed of a
    Bytes head() const;
    uint64_t pk_size() const { return parameters_.n() * basis_.packed_size(); }

  private:
    static constexpr size_t kMostKept = size_t{1} << 24;
    struct Mark;
    struct InFile {
        File file;
        uint64_t at;
        std::vector<Id> hashes;  // of each pk_i
    };
    MasterPublicKey(Parameters p, const Seed& seed);
    void validate();
    void require_distinct(std::span<const Mark> marks) const;
    std::span<const uint8_t> packed(size_t i, Bytes& scratch) const;

    Parameters parameters_;
    ring::Basis basis_;
    Seed seed_;
    SharedBytes pk_;
    std::shared_ptr<InFile> file_;
    Make make_;
    std::shared_ptr<const Polynomial> a_;
    std::shared_ptr<Polynomial> kept_;  // pk_1 .. pk_n, or none
    Id id_{};
};

// The hash that a public key's id is, of its head and then its pk_i
Sha256 begun_id(std::span<const uint8_t> head);

// a, in the transform domain, of parameters and a public seed: nobody can state another one
Polynomial uniform_polynomial(const Parameters& p, const Seed& seed);

// msk: s_i and e_i are drawn again from 32 bytes where they are needed
class MasterSecretKey {
  public:
    static constexpr size_t kSeedSize = 32;

    MasterSecretKey(Parameters p, const Id& public_key_id, SecretVector<uint8_t> seed);

    // The same for a public key whose id is known only now
    MasterSecretKey of(const Id& public_key_id) && {
        return {std::move(parameters_), public_key_id, std::move(seed_)};
    }

    const Parameters& parameters() const { return parameters_; }
    const Id& public_key_id() const { return public_key_id_; }
    // N draws of width sigma1
    void draw_s(size_t i, int64_t* out) const { draw(0, i, out); }
    void draw_e(size_t i, int64_t* out) const { draw(1, i, out); }

    // parameters | public key id | seed. The caller wipes the bytes.
    Bytes to_bytes() const;
    static MasterSecretKey from_bytes(std::span<const uint8_t> data);

  private:
    void draw(uint8_t which, size_t i, int64_t* out) const;

    Parameters parameters_;
    Id parameter_hash_;
    Id public_key_id_;
    SecretVector<uint8_t> seed_;
};

// What follows from a function key: sk_y in the transform domain, and B' for single ciphertexts
struct PreparedKey {
    std::vector<Polynomial> sk;
    std::vector<Integer> margins;
};

// Worked out when it is first asked for, and then kept for all copies of the key: 8 bytes k N a function,
// which whoever only reads keys does without. Of threads that ask at once each may work it out, and all get
// one.
class PreparedOnce {
  public:
    template <class Make>
    const PreparedKey& get(Make make) const {
        if (const PreparedKey* there = kept_->at.load(std::memory_order_acquire)) return *there;
        auto made = std::make_unique<const PreparedKey>(make());
        const PreparedKey* first = nullptr;
        if (!kept_->at.compare_exchange_strong(first, made.get(), std::memory_order_acq_rel)) return *first;
        return *made.release();
    }
    // The same for all copies of a key, and for no other one
    std::shared_ptr<const void> identity() const { return kept_; }

  private:
    struct Kept {
        std::atomic<const PreparedKey*> at{nullptr};
        ~Kept() { delete at.load(std::memory_order_acquire); }
    };
    std::shared_ptr<Kept> kept_ = std::make_shared<Kept>();
};

// sk_y for some functions y, with what a decryption has to know of them
struct FunctionKey {
    Parameters parameters;
    Id public_key_id{};
    size_t functions = 0;
    std::vector<int64_t> y;              // [functions][n]
    std::vector<Interval> intervals;     // of <x, y_f> over the parameters' box
    std::vector<uint128> error_squared;  // ||E||^2
    std::vector<int64_t> sk;             // [functions][N]
    std::optional<Readout> readout;      // none of the key of a verb
    PreparedOnce once;

    size_t n() const { return parameters.n(); }
    std::span<const int64_t> function(size_t f) const { return std::span(y).subspan(f * n(), n()); }
    std::span<const int64_t> secret(size_t f) const { return std::span(sk).subspan(f * kRing, kRing); }
    // B' of a function for ciphertexts of these weights. Error(out_of_range) for weights beyond sum_w, and
    // for a key that is too noisy
    Integer margin(size_t f, const Weights& w) const;
    void require_usable() const;  // the same errors, for single ciphertexts, of all functions; keeps nothing
    bool too_noisy(size_t f) const;
    const PreparedKey& prepared() const;

    // public key id | (u32 0 | u8 layout, with a readout) | u32 functions | parameters | i64 y[functions][n]
    // | i64 interval[functions][2] | readout, if any | (u64 x 2 error_squared | u8 width | sk_y packed) x
    // functions
    Bytes to_bytes() const;
    static FunctionKey from_bytes(std::span<const uint8_t> data);
};

// Error(parameter) for no function, a wrong number of columns or a function of zeros, Error(out_of_range) for
// a weight beyond the bound
void require_functions(const Parameters& p, const IntMatrix& y);
// No coefficient of an honest sk_y or E exceeds this: 10.5 sigma1 ||y||_2, rounded up
uint128 longest_coefficient(const Parameters& p, std::span<const int64_t> y);
uint128 squared_norm(std::span<const int64_t> v);

}  // namespace pyfe::ipfe_rlwe
