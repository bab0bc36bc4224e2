// A byte that says which group, then encodings; also scalars of both orders.
#include "pools.hpp"
#include "pyfe/field/scalar.hpp"
#include "pyfe/group/ristretto255/points.hpp"
#include "pyfe/ipfe_ddh/objects.hpp"
#include "pyfe/pairing/gt.hpp"

namespace pyfe::fuzz {
namespace {

constexpr std::size_t kSizes[] = {32, 48, 96, 576, 32, 32};

const Bytes& sound_of(std::size_t group) {
    static const Bytes ristretto = ipfe_ddh::MasterPublicKey::generator_bytes();
    static const Bytes one = pairing::GtElements::one(1).encode();
    const Bytes* const all[] = {&ristretto, &pool<1>(), &pool<2>(), &one, &ristretto, &ristretto};
    return *all[group];
}

// Scalars that are canonical are written as they came; of others nothing is claimed.
template <class Field>
Bytes scalars(View in) {
    Bytes out(in.size());
    for (std::size_t i = 0; i + 32 <= in.size(); i += 32) {
        std::uint64_t ok;
        const auto value = Field::from_bytes(in.data() + i, &ok);
        if (ok == 0) return {};
        value.to_bytes(out.data() + i);
    }
    return out;
}

Bytes encoded(std::size_t group, View in) {
    switch (group) {
        case 0:
            group::ristretto255::PointVector::decode(in, "points");
            return {};
        case 1:
            return group::bls12_381::Points<1>::decode(in, "points").encode();
        case 2:
            return group::bls12_381::Points<2>::decode(in, "points").encode();
        case 3:
            return pairing::GtElements::decode(in, "elements").encode();
        case 4:
            return scalars<field::Scalar>(in);
        default:
            return scalars<field::bls12_381::Fr>(in);
    }
}

}  // namespace

// Whole encodings only: lengths are the caller's.
Bytes decode(View data) {
    if (data.size() < 2 || data[0] > 5 || (data.size() - 1) % kSizes[data[0]] != 0) return {};
    Bytes out = encoded(data[0], data.subspan(1));
    if (!out.empty()) out.insert(out.begin(), data[0]);
    return out;
}

void repair(Bytes& data) {
    Fields f(data);
    std::uint8_t* group = f.skip(1);
    *group %= 6;
    const std::size_t which = *group, size = kSizes[which], count = f.items(size, 0, 9);
    if (which < 4)
        f.points(count, sound_of(which), size);
    else
        f.scalars(count);
    f.finish();
}

}  // namespace pyfe::fuzz
