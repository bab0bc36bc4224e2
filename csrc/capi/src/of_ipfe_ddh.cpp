// ipfe-ddh-ristretto255 behind the face of all schemes
#include <algorithm>

#include "of_scheme.hpp"
#include "pyfe/dlog/dlog.hpp"
#include "pyfe/ipfe_ddh/scheme.hpp"

namespace pyfe::capi {
namespace {

struct Of {
    static constexpr uint16_t number = 1;
    static constexpr const char* id_text = "ipfe-ddh-ristretto255";
    static constexpr bool refusal_answers = false;
    static constexpr bool payload_in_id = false;
    using PublicKey = ipfe_ddh::MasterPublicKey;
    using FunctionKey = ipfe_ddh::FunctionKey;
    using Batch = ipfe_ddh::CiphertextBatch;

    template <class Object>
    static void require(const Object&) {}

    static PublicKey read_public_key(const SharedBytes& payload) {
        return PublicKey::from_bytes(payload.span());
    }
    static const Id& id(const PublicKey& key) { return key.id; }
    static const ipfe_ddh::Parameters& parameters(const PublicKey& key) { return key.parameters; }
    static Box box(const ipfe_ddh::Parameters& p) { return p.x; }
    static uint64_t payload_size(const PublicKey& key, uint64_t rows) {
        const uint64_t head = sizeof(Id) + 8 + 4 + 1;
        return head + rows * ipfe_ddh::RowLayout{key.parameters.n()}.row_size();
    }
    static Batch encrypt(const PublicKey& key, const IntMatrix& x, Random& random) {
        return ipfe_ddh::encrypt(key, x, random);
    }
    static bool verify(const PublicKey& key, const FunctionKey& sk) {
        return ipfe_ddh::verify_key_vartime(key, sk);
    }

    static uint64_t n(const FunctionKey& key) { return key.n; }
    static void prepare(const FunctionKey& key) {
        dlog::prepare(widest(key.intervals), dlog::LogGroup::ristretto255);
    }
    static void decrypt(const FunctionKey& key, const Batch& batch, int64_t* z) {
        ipfe_ddh::decrypt_vartime(key, batch, z);
    }

    static uint64_t n(const Batch& batch) { return batch.n(); }
    static const Id& public_key_id(const Batch& batch) { return batch.public_key_id(); }
    static bool combined(const Batch& batch) { return batch.combined(); }
    static std::vector<WeightSums> weight_sums(const Batch& batch) {
        std::vector<WeightSums> out(batch.size());
        for (size_t row = 0; row < out.size(); ++row)
            out[row] = {batch.weight(row).pos, batch.weight(row).neg};
        return out;
    }
};

}  // namespace

extern constexpr Scheme ipfe_ddh_scheme = scheme_of<Of>();

}  // namespace pyfe::capi
