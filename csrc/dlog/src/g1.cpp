#include "g1.hpp"

#include <algorithm>

#include "pyfe/base/dispatch.hpp"

namespace pyfe::dlog {
namespace {

// In every lane
G1::Block base(const group::bls12_381::G1Kernels& k) {
    G1::Block g;
    k.generator(&g);
    return g;
}

}  // namespace

const G1& G1::active() {
    const Kernels& k = kernels();
    return once_a_backend<G1>(k, [&] { return G1(k); });
}

G1::G1(const Kernels& k) : k_(k), ops_{&group::bls12_381::kernels().g1}, fixed_(ops_, base(*ops_.k)) {}

void G1::Ops::identity(Block& out) const {
    Block g, minus;
    k->generator(&g);
    k->negate(&g, 1, &minus);
    k->add(&g, &minus, 1, &out);
}

std::vector<G1Flat> G1::affine(const Block* in, size_t blocks) const {
    std::vector<G1Flat> out(blocks);
    Scratch scratch(blocks);
    ops_.k->to_affine(in, blocks, out.data(), &scratch.slabs[0].value);
    return out;
}

G1::Targets::Targets(const G1& group, const Block* in, size_t count) : at_(count) {
    const std::vector<G1Flat> flat = group.affine(in, (count + 7) / 8);
    group.k_.g1_targets(flat.data(), count, at_.data());
}

bool G1::Targets::same(size_t t, const Targets& other, size_t o) const {
    const G1Target &a = at_[t], &b = other.at_[o];
    return a.infinite == b.infinite && std::equal(a.plain_x, a.plain_x + 6, b.plain_x) &&
           std::equal(a.plain_y, a.plain_y + 6, b.plain_y);
}

G1::Steps G1::steps(const std::vector<Block>& points) const {
    const std::vector<G1Flat> flat = affine(points.data(), points.size());
    Steps out(points.size());
    k_.g1_steps(flat.data(), flat.size(), out.data());
    return out;
}

bool G1::sweep_vartime(const SweepUnit* units, size_t count, const Targets& targets, const Steps& steps,
                       KeyRow* keys, Scratch& scratch) const {
    return k_.g1_sweep_vartime(units, count, targets.data(), steps.data(), &keys->key,
                               &scratch.slabs[0].value) != 0;
}

}  // namespace pyfe::dlog
