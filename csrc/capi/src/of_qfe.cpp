// qfe-ggm-bls12381 and qfe-sxdh-bls12381 behind the face of all schemes. Rows are z = (1, x): the leading 1,
// whose range is [1, 1], carries the linear terms, and is no coordinate of whoever encrypts.
#include <algorithm>

#include "of_scheme.hpp"
#include "pyfe/base/error.hpp"
#include "pyfe/base/secret.hpp"
#include "pyfe/dlog/dlog.hpp"
#include "pyfe/qfe/scheme.hpp"

namespace pyfe::capi {
namespace {

constexpr size_t points_of_a_row = 48 + 96;  // one in each group

[[noreturn]] void refuse_object(const char* why) {
    fail(ErrorKind::decode, std::string("the payload is not one of this scheme: ") + why);
}

template <uint32_t masks>
struct Of {
    static constexpr uint16_t number = masks == 1 ? 2 : 3;
    static constexpr const char* id_text = masks == 1 ? "qfe-ggm-bls12381" : "qfe-sxdh-bls12381";
    static constexpr bool refusal_answers = false;
    static constexpr bool payload_in_id = false;
    using PublicKey = qfe::MasterPublicKey;
    using FunctionKey = qfe::FunctionKey;
    using Batch = qfe::CiphertextBatch;

    static void require_masks(uint32_t k) {
        if (k != masks) refuse_object("its masks have another dimension");
    }
    static void require(const PublicKey& key) {
        require_masks(key.parameters.k);
        const Box& z = key.parameters.x;
        if (!key.parameters.square || z.size() < 2 || z.lo[0] != 1 || z.hi[0] != 1)
            refuse_object("its rows are not a 1 and the coordinates of a schema");
    }
    static void require(const FunctionKey& key) {
        require_masks(key.k);
        if (key.forms.n() < 2 || key.forms.n() != key.forms.m()) refuse_object("its forms are not square");
    }
    static void require(const Batch& batch) {
        require_masks(batch.layout().k);
        if (batch.layout().n < 2 || batch.layout().n != batch.layout().m)
            refuse_object("its rows are of two vectors");
    }

    static PublicKey read_public_key(const SharedBytes& payload) {
        return PublicKey::from_bytes(payload.span());
    }
    static const Id& id(const PublicKey& key) { return key.id; }
    static const qfe::Parameters& parameters(const PublicKey& key) { return key.parameters; }
    static Box box(const qfe::Parameters& p) {
        return {{p.x.lo.begin() + 1, p.x.lo.end()}, {p.x.hi.begin() + 1, p.x.hi.end()}};
    }
    static uint64_t payload_size(const PublicKey& key, uint64_t rows) {
        const uint64_t head = sizeof(Id) + 8 + 1 + 4 + 4;
        const uint64_t points = (masks + 1) * uint64_t{key.parameters.n()} + 1;
        return head + rows * points * points_of_a_row;
    }
    static Batch encrypt(const PublicKey& key, const IntMatrix& x, Random& random) {
        if (x.columns + 1 != key.parameters.n())
            fail(ErrorKind::parameter, "x: " + std::to_string(x.columns) + " coordinates, must be " +
                                           std::to_string(key.parameters.n() - 1));
        box(key.parameters).require_inside(x, "x");  // by the caller's number of the coordinate
        const size_t n = x.columns + 1;
        SecretVector<int64_t> z(x.rows * n);
        for (size_t row = 0; row < x.rows; ++row) {
            z[row * n] = 1;
            std::copy_n(x.data + row * x.columns, x.columns, &z[row * n + 1]);
        }
        return qfe::encrypt(key, {z.data(), x.rows, n}, nullptr, random);
    }
    static bool verify(const PublicKey& key, const FunctionKey& sk) {
        return qfe::verify_key_vartime(key, sk);
    }

    static uint64_t n(const FunctionKey& key) { return key.forms.n() - 1; }
    static void prepare(const FunctionKey& key) {
        dlog::prepare(widest(key.intervals), dlog::LogGroup::bls12_381_gt);
    }
    static void decrypt(const FunctionKey& key, const Batch& batch, int64_t* z) {
        qfe::decrypt_vartime(key, batch, z);
    }

    static uint64_t n(const Batch& batch) { return batch.layout().n - 1; }
    static const Id& public_key_id(const Batch& batch) { return batch.public_key_id; }
    static bool combined(const Batch&) { return false; }
    static std::vector<WeightSums> weight_sums(const Batch& batch) {
        return std::vector<WeightSums>(batch.size());
    }
};

}  // namespace

extern constexpr Scheme qfe_ggm_scheme = scheme_of<Of<1>>();
extern constexpr Scheme qfe_sxdh_scheme = scheme_of<Of<3>>();

}  // namespace pyfe::capi
