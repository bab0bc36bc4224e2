// ipfe-rlwe behind the face of all schemes
#include <algorithm>

#include "of_scheme.hpp"
#include "pyfe/base/error.hpp"
#include "pyfe/ipfe_rlwe/scheme.hpp"

namespace pyfe::capi {
namespace {

struct Of {
    static constexpr uint16_t number = 4;
    static constexpr const char* id_text = "ipfe-rlwe";
    static constexpr bool refusal_answers = true;
    static constexpr bool payload_in_id = true;
    using PublicKey = ipfe_rlwe::MasterPublicKey;
    using FunctionKey = ipfe_rlwe::FunctionKey;
    using Batch = ipfe_rlwe::CiphertextBatch;

    template <class Object>
    static void require(const Object&) {}
    static void require(const PublicKey& key) {
        if (!key.has_pk()) fail(ErrorKind::decode, "public key: only a hash of it is here");
    }

    static PublicKey read_public_key(const SharedBytes& payload) { return PublicKey::from_bytes(payload); }
    static const Id& id(const PublicKey& key) { return key.id(); }
    static const ipfe_rlwe::Parameters& parameters(const PublicKey& key) { return key.parameters(); }
    static Box box(const ipfe_rlwe::Parameters& p) { return p.x; }
    // N rows a block, a range of rows each
    static uint64_t payload_size(const PublicKey& key, uint64_t rows) {
        const ipfe_rlwe::Shape shape = ipfe_rlwe::Shape::of(key.parameters());
        const uint64_t full = rows / ipfe_rlwe::kRing, rest = rows % ipfe_rlwe::kRing;
        const uint64_t blocks = full + (rest > 0 ? 1 : 0);
        const uint64_t head = sizeof(Id) + 4 + 3 + 8 * shape.primes.size() + 8 + 1 + 4 + 4;
        return head + blocks * (4 + 12) + full * shape.block_size(ipfe_rlwe::kRing) +
               (rest > 0 ? shape.block_size(rest) : 0);
    }
    static Batch encrypt(const PublicKey& key, const IntMatrix& x, Random& random) {
        return ipfe_rlwe::encrypt(key, x, random);
    }
    static bool verify(const PublicKey& key, const FunctionKey& sk) {
        return ipfe_rlwe::verify_key_vartime(key, sk);
    }

    static uint64_t n(const FunctionKey& key) { return key.n(); }
    static void prepare(const FunctionKey&) {}  // nothing is searched
    static void decrypt(const FunctionKey& key, const Batch& batch, int64_t* z) {
        ipfe_rlwe::decrypt_vartime(key, batch, z);
    }

    static uint64_t n(const Batch& batch) { return batch.n(); }
    static const Id& public_key_id(const Batch& batch) { return batch.public_key_id(); }
    static bool combined(const Batch& batch) { return batch.combined(); }
    static std::vector<WeightSums> weight_sums(const Batch& batch) {
        std::vector<WeightSums> out;
        for (const Batch::Range& range : batch.ranges()) {
            const ipfe_rlwe::Weights& w = batch.blocks()[range.block]->weights;
            out.insert(out.end(), range.rows, WeightSums{w.pos, w.neg});
        }
        return out;
    }
};

}  // namespace

extern constexpr Scheme ipfe_rlwe_scheme = scheme_of<Of>();

}  // namespace pyfe::capi
