// The groups that can be searched
#include "pyfe/dlog/dlog.hpp"

#include "g1.hpp"
#include "gt.hpp"
#include "ristretto255.hpp"
#include "search.hpp"

namespace pyfe::dlog {

Plan plan(uint64_t width, LogGroup group) {
    switch (group) {
        case LogGroup::bls12_381_g1:
            return plan_in<G1>(width);
        case LogGroup::bls12_381_gt:
            return plan_in<Gt>(width);
        case LogGroup::ristretto255:
            break;
    }
    return plan_in<Ristretto255>(width);
}

Prepared prepare(uint64_t width, LogGroup group) {
    switch (group) {
        case LogGroup::bls12_381_g1:
            return prepare_in<G1>(width);
        case LogGroup::bls12_381_gt:
            return prepare_in<Gt>(width);
        case LogGroup::ristretto255:
            break;
    }
    return prepare_in<Ristretto255>(width);
}

void solve_vartime(const group::ristretto255::PointBlock* points, size_t count, Interval interval, int64_t* z,
                   uint8_t* found) {
    solve_in<Ristretto255>(points, count, interval, z, found);
}

void solve_vartime(const group::bls12_381::G1Points& points, Interval interval, int64_t* z, uint8_t* found) {
    points.require_backend();
    std::vector<G1::Block> blocks(points.blocks.size());
    group::bls12_381::kernels().g1.from_affine(points.blocks.data(), blocks.size(), blocks.data());
    solve_in<G1>(blocks.data(), points.size, interval, z, found);
}

void solve_vartime(const pairing::GtElements& elements, Interval interval, int64_t* z, uint8_t* found) {
    elements.require_backend();
    solve_in<Gt>(elements.blocks.data(), elements.size, interval, z, found);
}

void forget_tables() { open_tables.forget(); }

}  // namespace pyfe::dlog
