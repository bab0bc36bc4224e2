// Makes the face of a scheme from its own objects and from what `Of` says of it:
//   number, id_text, refusal_answers, payload_in_id     as in Scheme
//   PublicKey, FunctionKey, Batch                       the scheme's own, read by from_bytes
//   require(object)                                     Error(decode) for one of another scheme
//   id(key), parameters(key); box(parameters)           of a public key; box of a row's coordinates
//   payload_size(key, rows), encrypt(key, x, random)
//   n(function key), n(batch)                           coordinates of a row
//   public_key_id(batch), combined(batch), weight_sums(batch)
//   prepare(function key)
#pragma once
#include "scheme.hpp"

namespace pyfe::capi {

template <class Of>
class BatchOf final : public Batch {
  public:
    explicit BatchOf(const SharedBytes& payload) : native(Of::Batch::from_bytes(payload)) {
        Of::require(native);
    }
    const Id& public_key_id() const override { return Of::public_key_id(native); }
    uint64_t rows() const override { return native.size(); }
    uint64_t n() const override { return Of::n(native); }
    bool combined() const override { return Of::combined(native); }
    std::vector<WeightSums> weight_sums() const override { return Of::weight_sums(native); }

    const typename Of::Batch native;
};

template <class Of>
class FunctionKeyOf final : public FunctionKey {
  public:
    explicit FunctionKeyOf(const SharedBytes& payload) : native(Of::FunctionKey::from_bytes(payload.span())) {
        Of::require(native);
    }
    const Id& public_key_id() const override { return native.public_key_id; }
    uint64_t functions() const override { return native.intervals.size(); }
    uint64_t n() const override { return Of::n(native); }
    const std::vector<Interval>& intervals() const override { return native.intervals; }
    const Readout* readout() const override { return native.readout ? &*native.readout : nullptr; }
    void prepare() const override { Of::prepare(native); }
    void decrypt_vartime(const Batch& batch, int64_t* z) const override {
        Of::decrypt(native, static_cast<const BatchOf<Of>&>(batch).native, z);
    }

    const typename Of::FunctionKey native;
};

template <class Of>
class PublicKeyOf final : public PublicKey {
  public:
    explicit PublicKeyOf(const SharedBytes& payload) : native(Of::read_public_key(payload)) {
        Of::require(native);
    }
    const Id& id() const override { return Of::id(native); }
    Id parameter_hash() const override { return Of::parameters(native).id(); }
    const Id& schema_id() const override { return Of::parameters(native).context; }
    Box box() const override { return Of::box(Of::parameters(native)); }
    uint64_t payload_size(uint64_t rows) const override { return Of::payload_size(native, rows); }
    std::vector<SharedBytes> encrypt(const IntMatrix& x, Random& random) const override {
        return Of::encrypt(native, x, random).pieces();
    }
    bool verifies_vartime(const FunctionKey& key) const override {
        return Of::verify(native, static_cast<const FunctionKeyOf<Of>&>(key).native);
    }

    const typename Of::PublicKey native;
};

template <class Face, class Made>
std::unique_ptr<const Face> read(const SharedBytes& payload) {
    return std::make_unique<const Made>(payload);
}

template <class Of>
constexpr Scheme scheme_of() {
    return {Of::number,
            Of::id_text,
            Of::refusal_answers,
            Of::payload_in_id,
            read<PublicKey, PublicKeyOf<Of>>,
            read<FunctionKey, FunctionKeyOf<Of>>,
            read<Batch, BatchOf<Of>>};
}

// The widest of a key's intervals: what its search has to span
inline uint64_t widest(const std::vector<Interval>& intervals) {
    uint64_t most = 0;
    for (const Interval& i : intervals)
        most = std::max(most, static_cast<uint64_t>(i.hi) - static_cast<uint64_t>(i.lo));
    return most;
}

}  // namespace pyfe::capi
